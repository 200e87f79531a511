"""Publishing on the stand-in of Shopee, from outside: what it asks for, takes and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import open_shop
from tests.sandbox.driving import Sandbox, Shopee
from tests.sandbox.pictures import png
from tests.sandbox.publishing_shopee import (
    ANSWERS,
    GENDER,
    MATERIAL,
    ORIGIN,
    draft,
    info,
    make,
    model,
    models,
    tiers,
    upload,
)
from tests.sandbox.selling import buy_on_shopee, list_on_shopee, on_shopee


def test_the_tree_has_three_levels_and_leaves_alone_take_products(shop: Shopee) -> None:
    rows = shop.get("/product/get_category", {"language": "vi"})["response"]["category_list"]
    by_id = {row["category_id"]: row for row in rows}
    assert 30 <= len(rows) <= 60
    assert by_id[100240]["display_category_name"] == "Áo thun"
    men = by_id[by_id[100240]["parent_category_id"]]
    fashion = by_id[men["parent_category_id"]]
    assert (fashion["display_category_name"], fashion["parent_category_id"]) == ("Thời trang", 0)
    parents = {row["parent_category_id"] for row in rows}
    assert all(row["has_children"] == (row["category_id"] in parents) for row in rows)
    english = shop.get("/product/get_category")["response"]["category_list"]
    assert {row["category_id"]: row for row in english}[100240]["display_category_name"] == "T-shirts"
    for wrong in (men["category_id"], 4):
        refused = shop.post("/product/add_item", draft(upload(shop), category_id=wrong))
        assert refused["error"] == "product.error_invalid_category"


def test_every_leaf_tells_its_questions(shop: Shopee) -> None:
    rows = shop.get("/product/get_category")["response"]["category_list"]
    leaves = [str(row["category_id"]) for row in rows if not row["has_children"]]
    for at in range(0, len(leaves), 20):
        params = {"category_id_list": ",".join(leaves[at : at + 20]), "language": "vi"}
        for one in shop.get("/product/get_attribute_tree", params)["response"]["list"]:
            assert any(row["mandatory"] for row in one["attribute_tree"])
    tree = shop.get("/product/get_attribute_tree", {"category_id_list": 100240, "language": "vi"})
    material, gender, *_ = tree["response"]["list"][0]["attribute_tree"]
    assert (material["attribute_id"], material["mandatory"], material["name"]) == (MATERIAL, True, "Chất liệu")
    assert material["attribute_info"]["input_type"] == 5
    assert gender["attribute_info"]["input_type"] == 1
    assert [row["name"] for row in gender["attribute_value_list"]] == ["Nam", "Nữ", "Unisex"]
    assert shop.get("/product/get_attribute_tree", {"category_id_list": 100011})["error"] != ""
    many = ",".join(["100240"] * 21)
    assert shop.get("/product/get_attribute_tree", {"category_id_list": many})["error"] == "error_param"


def test_brands_are_paged_and_told_whether_they_are_needed(shop: Shopee) -> None:
    phones = _category(shop, "Điện thoại")
    asked = {"category_id": phones, "offset": 0, "page_size": 2, "status": 1}
    page = shop.get("/product/get_brand_list", asked)["response"]
    assert page["brand_list"][0]["brand_id"] == 0
    assert (page["has_next_page"], page["next_offset"], page["is_mandatory"]) == (True, 2, True)
    last = shop.get("/product/get_brand_list", asked | {"offset": 2, "page_size": 100})["response"]
    assert not last["has_next_page"]
    assert shop.get("/product/get_brand_list", {"category_id": 100240, "page_size": 10})["error"] == "error_param"
    answers = [{"attribute_id": 100108, "attribute_value_list": [{"value_id": 20803}]}]
    body = draft(upload(shop), category_id=phones, attribute_list=answers)
    assert shop.post("/product/add_item", body)["error"] == "product.error_invalid_brand"
    wrong = body | {"brand": {"brand_id": 1100001}}
    assert shop.post("/product/add_item", wrong)["error"] == "product.error_invalid_brand"
    made = shop.post("/product/add_item", body | {"brand": {"brand_id": 1100006}})["response"]
    assert info(shop, made["item_id"])["brand"] == {"brand_id": 1100006, "original_brand_name": "Điện Sao"}


def _category(shop: Shopee, name: str) -> int:
    rows = shop.get("/product/get_category", {"language": "vi"})["response"]["category_list"]
    return int(next(row["category_id"] for row in rows if row["display_category_name"] == name))


def test_a_picture_is_kept_and_shown(box: Sandbox, shop: Shopee) -> None:
    content = png(shade=77)
    image_id = upload(shop, content)
    item_id = make(shop, image={"image_id_list": [image_id]})
    image = info(shop, item_id)["image"]
    assert image["image_id_list"] == [image_id]
    seen = box.http.get(image["image_url_list"][0])
    assert (seen.status_code, seen.headers["content-type"], seen.content) == (200, "image/png", content)
    page = box.http.get(f"{box.url}/shopee/item/{item_id}").text
    assert "Áo thun cotton dày dặn" in page
    assert image["image_url_list"][0].removeprefix(box.url) in page
    assert box.http.get(f"{box.url}/pictures/none.png").status_code == 404


def test_what_is_no_picture_is_refused(box: Sandbox, shop: Shopee) -> None:
    path = "/api/v2/media_space/upload_image"
    for files in ({"image": ("a.txt", b"words", "text/plain")}, {"file": ("a.png", png(), "image/png")}):
        answer = box.http.post(box.url + path, params=shop.query(path, public=True), files=files).json()
        assert answer["error"] == "media_space.error_param"


ATTRIBUTES_WRONG: list[Any] = [
    ([ANSWERS[0]], "product.error_less_required_attribute"),
    ([*ANSWERS, {"attribute_id": 1, "attribute_value_list": []}], "product.error_param"),
    ([ANSWERS[0], {"attribute_id": GENDER, "attribute_value_list": [{"value_id": 7}]}], "product.error_param"),
    (
        [ANSWERS[0], {"attribute_id": GENDER, "attribute_value_list": [{"original_value_name": "Trẻ em"}]}],
        "product.error_param",
    ),
    (
        [ANSWERS[0], {"attribute_id": GENDER, "attribute_value_list": [{"value_id": 20201}, {"value_id": 20202}]}],
        "product.error_param",
    ),
]


@pytest.mark.parametrize(("answers", "error"), ATTRIBUTES_WRONG)
def test_answers_are_checked(shop: Shopee, answers: list[Any], error: str) -> None:
    assert shop.post("/product/add_item", draft(upload(shop), attribute_list=answers))["error"] == error
    assert shop.get("/product/get_item_list", ALL)["response"]["total_count"] == 0


ALL = {"offset": 0, "page_size": 100, "item_status": ["NORMAL", "UNLIST", "REVIEWING"]}


def test_own_words_and_units_are_answers_where_they_are_asked_for(shop: Shopee) -> None:
    own = [
        {"attribute_id": MATERIAL, "attribute_value_list": [{"value_id": 20101}, {"original_value_name": "Vải tre"}]},
        ANSWERS[1],
        {"attribute_id": ORIGIN, "attribute_value_list": [{"original_value_name": "Lào"}]},
    ]
    rows = info(shop, make(shop, attribute_list=own))["attribute_list"]
    assert [value["original_value_name"] for value in rows[0]["attribute_value_list"]] == ["Cotton", "Vải tre"]
    coffee = _category(shop, "Cà phê")
    weight = {"value_id": 0, "original_value_name": "500", "value_unit": "g"}
    answers = [
        {"attribute_id": 100110, "attribute_value_list": [weight]},
        {"attribute_id": ORIGIN, "attribute_value_list": [{"value_id": 20301}]},
    ]
    item_id = make(shop, category_id=coffee, attribute_list=answers)
    assert info(shop, item_id)["attribute_list"][0]["attribute_value_list"][0]["value_unit"] == "g"
    for wrong in ({"value_unit": "ly"}, {"original_value_name": "nửa"}):
        answers[0] = {"attribute_id": 100110, "attribute_value_list": [weight | wrong]}
        body = draft(upload(shop), category_id=coffee, attribute_list=answers)
        assert shop.post("/product/add_item", body)["error"] == "product.error_param"


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("item_name", "Áo", "product.error_title_less_min_length"),
        ("item_name", "Á" * 121, "product.error_title_exceeds_max_length"),
        ("description", "Đẹp", "product.error_desc_length_min_limit"),
        ("description", "Đ" * 5001, "product.error_desc_length_max_limit"),
        ("original_price", 999, "product.error_price_exceed_min_limit"),
        ("original_price", 120_000_001, "product.error_price_exceed_max_limit"),
        ("weight", 0, "product.error_param"),
        ("weight", None, "product.error_param"),
        ("seller_stock", None, "product.error_param"),
        ("seller_stock", [{"stock": -1}], "product.error_param"),
        ("seller_stock", [{"stock": 1, "location_id": "MARS"}], "product.error_param"),
        ("image", {"image_id_list": []}, "product.error_image_num_min"),
        ("image", {"image_id_list": ["vn-unknown"]}, "product.error_param"),
        ("logistic_info", [{"logistic_id": 50021, "enabled": False}], "product.error_invalid_logistic_info"),
        ("logistic_info", [{"logistic_id": 1, "enabled": True}], "product.error_invalid_logistic_info"),
        ("item_status", "SOLD", "product.error_param"),
        ("dimension", {"package_length": 0, "package_width": 1, "package_height": 1}, "product.error_param"),
        ("pre_order", {"is_pre_order": True, "days_to_ship": 2}, "product.error_invalid_days_to_ship"),
    ],
)
def test_a_wrong_field_is_refused_and_nothing_is_made(shop: Shopee, field: str, value: Any, error: str) -> None:
    assert shop.post("/product/add_item", draft(upload(shop)) | {field: value})["error"] == error
    assert shop.get("/product/get_item_list", ALL)["response"]["total_count"] == 0


def test_a_picture_of_another_app_is_unknown(box: Sandbox, shop: Shopee) -> None:
    other = open_shop(box, partner_id=77, partner_key="k" * 20)
    refused = shop.post("/product/add_item", draft(upload(other)))
    assert "Image not exist" in refused["message"]


def test_limits_are_told(shop: Shopee) -> None:
    limits = shop.get("/product/get_item_limit", {"category_id": 100240})["response"]
    assert limits["item_name_length_limit"] == {"min_limit": 10, "max_limit": 120}
    assert limits["price_limit"]["min_limit"] == 1000
    assert shop.get("/product/get_item_limit", {"category_id": 100011})["error"] != ""


def test_an_item_is_found_by_sku_and_name(shop: Shopee) -> None:
    item_id = make(shop, item_sku="AO-MOI")
    for asked in ({"item_sku": "AO-MOI"}, {"item_name": "cổ tròn"}):
        found = shop.get("/product/search_item", asked | {"page_size": 10})["response"]
        assert (found["item_id_list"], found["total_count"]) == ([item_id], 1)
    assert shop.get("/product/search_item", {"item_sku": "KHAC", "page_size": 10})["response"]["item_id_list"] == []


def test_an_update_changes_what_it_names_alone(shop: Shopee) -> None:
    item_id = make(shop, item_sku="AO-1")
    before = info(shop, item_id)
    image_id = upload(shop)
    body = {"item_id": item_id, "item_name": "Áo thun cotton cổ tim", "image": {"image_id_list": [image_id]}}
    assert shop.post("/product/update_item", body | {"weight": 0.4, "item_sku": "AO-2"})["error"] == ""
    after = info(shop, item_id)
    assert (after["item_name"], after["weight"], after["item_sku"]) == ("Áo thun cotton cổ tim", "0.4", "AO-2")
    assert after["image"]["image_id_list"] == [image_id]
    assert (after["description"], after["attribute_list"]) == (before["description"], before["attribute_list"])
    assert on_shopee(shop, "AO-2")["item_id"] == item_id


def test_a_refused_update_leaves_the_item_as_it_was(shop: Shopee) -> None:
    item_id = make(shop)
    before = info(shop, item_id)
    changes: list[dict[str, Any]] = [
        {"description": "x"},
        {"category_id": _category(shop, "Cà phê")},
        {"weight": -1},
        {"attribute_list": []},
    ]
    for wrong in changes:
        body = {"item_id": item_id, "item_name": "Áo thun tên khác hẳn", **wrong}
        assert shop.post("/product/update_item", body)["error"] != ""
    assert info(shop, item_id) == before
    assert shop.post("/product/update_item", {"item_id": 1})["error"] == "product.error_item_not_found"
    shop.post("/product/delete_item", {"item_id": item_id})
    assert shop.post("/product/update_item", {"item_id": item_id})["error"] == "product.error_item_uneditable"


def test_pictures_of_an_item_that_were_never_uploaded_may_stay(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop, image="/static/a.jpg")
    ids = info(shop, item_id)["image"]["image_id_list"]
    body = {"item_id": item_id, "image": {"image_id_list": [*ids, upload(shop)]}}
    assert shop.post("/product/update_item", body)["error"] == ""
    assert len(info(shop, item_id)["image"]["image_url_list"]) == 2


def init(shop: Shopee, item_id: int, tier_variation: Any, *rows: Any) -> Any:
    body = {"item_id": item_id, "tier_variation": tier_variation, "model": list(rows)}
    return shop.post("/product/init_tier_variation", body)


def test_variants_of_two_choices_are_made_and_sold(box: Sandbox, shop: Shopee) -> None:
    item_id = make(shop)
    red, blue = upload(shop, png(shade=1)), upload(shop, png(shade=2))
    wanted = tiers("Màu", "Cỡ")
    for option, image_id in zip(wanted[0]["option_list"], (red, blue), strict=True):
        option["image"] = {"image_id": image_id}
    made = init(shop, item_id, wanted, model(0, 0, sku="D-M", stock=2), model(1, 1, sku="X-L", price=130000))
    assert made["error"] == ""
    assert models(shop, item_id) == [("D-M", [0, 0], "Đỏ,M"), ("X-L", [1, 1], "Xanh,L")]
    shown = shop.get("/product/get_model_list", {"item_id": item_id})["response"]["tier_variation"]
    assert shown[0]["option_list"][0]["image"]["image_id"] == red
    assert buy_on_shopee(shop, {"sku": "D-M", "quantity": 2}).status_code == 201
    assert buy_on_shopee(shop, {"sku": "X-L"}).status_code == 409
    picture = shown[0]["option_list"][1]["image"]["image_url"].removeprefix(box.url)
    assert picture in box.http.get(f"{box.url}/shopee/item/{item_id}").text


def test_the_standard_form_of_choices_is_taken_too(shop: Shopee) -> None:
    item_id = make(shop)
    options = [{"variation_option_id": 0, "variation_option_name": name} for name in ("Đỏ", "Xanh")]
    one = {"variation_id": 0, "variation_name": "Màu", "variation_option_list": options}
    body = {"item_id": item_id, "standardise_tier_variation": [one], "model": [model(0), model(1)]}
    assert shop.post("/product/init_tier_variation", body)["error"] == ""
    assert [name for _, _, name in models(shop, item_id)] == ["Đỏ", "Xanh"]


TIERS_WRONG: list[Any] = [
    (tiers("Màu", "Cỡ") + tiers("Màu"), [model(0, 0, 0)], "product.error_tier_var_too_many"),
    ([], [model()], "product.error_tier_var_too_many"),
    (tiers("Màu"), [model(0), model(0)], "product.error_tier_index"),
    (tiers("Màu"), [model(2)], "product.error_tier_index"),
    (tiers("Màu"), [model(0, 0)], "product.error_tier_index"),
    (tiers("Màu", colors=("Đỏ", "đỏ")), [model(0)], "product.error_tier_var_is_duplicate"),
    (tiers("Màu", colors=()), [model(0)], "product.error_tier_var_is_empty"),
    (tiers("Màu", colors=("Đ" * 21,)), [model(0)], "product.error_param"),
    (tiers("Màu"), [model(0, price=1)], "product.error_price_exceed_min_limit"),
    (tiers("Màu"), [], "product.error_param"),
]


@pytest.mark.parametrize(("wanted", "rows", "error"), TIERS_WRONG)
def test_choices_and_variants_are_checked(shop: Shopee, wanted: Any, rows: Any, error: str) -> None:
    item_id = make(shop)
    assert init(shop, item_id, wanted, *rows)["error"] == error
    assert info(shop, item_id)["has_model"] is False


def test_an_item_takes_fifty_models(shop: Shopee) -> None:
    item_id = make(shop)
    colors = tuple(f"Màu {number}" for number in range(26))
    rows = [model(color, size) for color in range(26) for size in (0, 1)]
    assert init(shop, item_id, tiers("Màu", "Cỡ", colors=colors), *rows)["error"] == "product.error_param"
    assert init(shop, item_id, tiers("Màu", "Cỡ", colors=colors), *rows[:50])["error"] == ""
    added = shop.post("/product/add_model", {"item_id": item_id, "model_list": rows[50:]})
    assert added["error"] == "product.error_param"


def test_images_of_options_are_all_or_none(shop: Shopee) -> None:
    item_id, wanted = make(shop), tiers("Màu")
    wanted[0]["option_list"][0]["image"] = {"image_id": upload(shop)}
    assert init(shop, item_id, wanted, model(0))["error"] == "product.error_tier_img_partial"


def test_variants_are_added_changed_and_deleted(shop: Shopee) -> None:
    item_id = make(shop)
    ids = [row["model_id"] for row in init(shop, item_id, tiers("Màu"), model(0, sku="D"))["response"]["model"]]
    add = {"item_id": item_id, "model_list": [model(1, sku="X")]}
    assert shop.post("/product/add_model", add)["error"] == ""
    assert shop.post("/product/add_model", add)["error"] == "product.error_tier_index"
    change = {"item_id": item_id, "model": [{"model_id": ids[0], "model_sku": "DO", "gtin_code": "8930000000001"}]}
    assert shop.post("/product/update_model", change)["error"] == ""
    assert on_shopee(shop, "DO")["model_id"] == ids[0]
    assert shop.post("/product/update_model", {"item_id": item_id, "model": [{"model_id": 5}]})["error"] != ""
    assert shop.post("/product/delete_model", {"item_id": item_id, "model_id": ids[0]})["error"] == ""
    assert models(shop, item_id) == [("X", [1], "Xanh")]
    assert shop.post("/product/delete_model", {"item_id": item_id, "model_id": ids[0]})["error"] != ""
    last = shop.get("/product/get_model_list", {"item_id": item_id})["response"]["model"][0]["model_id"]
    assert shop.post("/product/delete_model", {"item_id": item_id, "model_id": last})["error"] == "product.error_param"


def test_a_model_with_reserved_units_stays(shop: Shopee) -> None:
    item_id = make(shop)
    made = init(shop, item_id, tiers("Màu"), model(0, sku="D", stock=1), model(1))["response"]["model"]
    assert buy_on_shopee(shop, {"sku": "D"}).status_code == 201
    refused = shop.post("/product/delete_model", {"item_id": item_id, "model_id": made[0]["model_id"]})
    assert refused["error"] == "product.error_param"


def test_choices_are_renamed_moved_and_taken_away(shop: Shopee) -> None:
    item_id = make(shop)
    made = init(shop, item_id, tiers("Màu"), model(0, sku="D"), model(1, sku="X"))["response"]["model"]
    renamed = {"item_id": item_id, "tier_variation": tiers("Màu", colors=("Đỏ đô", "Xanh", "Đen"))}
    assert shop.post("/product/update_tier_variation", renamed)["error"] == ""
    assert [name for _, _, name in models(shop, item_id)] == ["Đỏ đô", "Xanh"]
    moved = {"item_id": item_id, "tier_variation": tiers("Màu", "Cỡ", colors=("Xanh", "Đỏ"))}
    assert shop.post("/product/update_tier_variation", moved)["error"] == "product.error_tier_index"
    places = [{"model_id": row["model_id"], "tier_index": [1 - at, 0]} for at, row in enumerate(made)]
    assert shop.post("/product/update_tier_variation", moved | {"model_list": places})["error"] == ""
    assert models(shop, item_id) == [("D", [1, 0], "Đỏ,M"), ("X", [0, 0], "Xanh,M")]
    twice = [{"model_id": row["model_id"], "tier_index": [0, 0]} for row in made]
    refused = shop.post("/product/update_tier_variation", moved | {"model_list": twice})
    assert refused["error"] == "product.error_tier_index"
    fewer = {"item_id": item_id, "tier_variation": tiers("Màu"), "model_list": [{**places[1], "tier_index": [0]}]}
    assert shop.post("/product/update_tier_variation", fewer)["error"] == ""
    assert models(shop, item_id) == [("X", [0], "Đỏ")]


def test_an_item_without_variants_gets_them_by_init_alone(shop: Shopee) -> None:
    item_id = make(shop)
    plain = {"item_id": item_id, "tier_variation": tiers("Màu")}
    assert shop.post("/product/update_tier_variation", plain)["error"] == "product.error_param"
    assert shop.post("/product/add_model", {"item_id": item_id, "model_list": [model(0)]})["error"] != ""
    assert init(shop, item_id, tiers("Màu"), model(0))["error"] == ""
    assert init(shop, item_id, tiers("Màu"), model(0))["error"] == "product.error_param"
    assert init(shop, item_id, tiers("Màu", "Cỡ"), model(0, 1, sku="HAI"))["error"] == ""


def test_another_shop_may_not_touch_an_item(box: Sandbox, shop: Shopee) -> None:
    item_id = make(shop)
    other = open_shop(box, partner_id=shop.partner_id, partner_key=shop.partner_key)
    for path, body in (
        ("update_item", {"item_id": item_id}),
        ("delete_item", {"item_id": item_id}),
        ("init_tier_variation", {"item_id": item_id, "tier_variation": tiers("Màu"), "model": [model(0)]}),
        ("update_tier_variation", {"item_id": item_id, "tier_variation": tiers("Màu")}),
        ("add_model", {"item_id": item_id, "model_list": [model(0)]}),
        ("update_model", {"item_id": item_id, "model": [{"model_id": 0}]}),
        ("delete_model", {"item_id": item_id, "model_id": 0}),
    ):
        assert other.post(f"/product/{path}", body)["error"] == "product.error_item_not_found", path


def test_the_platform_reviews_bans_and_looks_again(box: Sandbox, shop: Shopee) -> None:
    box.control("POST", "/settings", {"shopee_review": True})
    item_id = make(shop, item_sku="AO")
    assert info(shop, item_id)["item_status"] == "REVIEWING"
    assert buy_on_shopee(shop, {"sku": "AO"}).status_code == 409
    decided = {"item_id": item_id, "state": "rejected", "reason": "Hình ảnh mờ"}
    assert box.control("POST", "/shopee/reviews", decided)["status"] == "BANNED"
    why = shop.get("/product/get_item_violation_info", {"item_id_list": item_id})["response"]["item_list"][0]
    assert why["deleted_or_banned_details"][0]["violation_reason"] == "Hình ảnh mờ"
    assert shop.post("/product/update_item", {"item_id": item_id, "weight": 0.3})["error"] == ""
    assert info(shop, item_id)["item_status"] == "REVIEWING"
    box.control("POST", "/shopee/reviews", {"item_id": item_id, "state": "approved"})
    assert info(shop, item_id)["item_status"] == "NORMAL"
    published = box.control("GET", f"/shopee/published?shop={shop.shop_id}")["items"]
    assert [row["item_id"] for row in published] == [item_id]


def test_an_item_made_while_the_answer_was_lost_is_there(box: Sandbox, shop: Shopee) -> None:
    body = draft(upload(shop), item_sku="MAT-TIN")
    box.fault(kind="timeout_after_effect", market="shopee", path="/product/add_item", ms=10, count=1)
    with pytest.raises(Exception, match=r"(?i)disconnect|closed|reset"):
        shop.post("/product/add_item", body)
    found = shop.get("/product/search_item", {"item_sku": "MAT-TIN", "page_size": 10})["response"]
    assert found["total_count"] == 1
    for kind, status in (("http_429", 429), ("http_5xx", 503)):
        box.fault(kind=kind, market="shopee", path="/product/update_item", count=1)
        assert shop.reply("POST", "/product/update_item", None, {"item_id": 1}).status_code == status
