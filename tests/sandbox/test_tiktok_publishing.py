"""Publishing on the stand-in of TikTok Shop, from outside: what it asks for, takes and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.driving import Callback, Sandbox, wait_for
from tests.sandbox.pictures import png
from tests.sandbox.publishing_tiktok import ANSWERS, PRODUCTS, draft, make, seen, send, sku, upload
from tests.sandbox.selling_tiktok import TikTok, open_tiktok


@pytest.fixture
def tiktok(box: Sandbox) -> TikTok:
    return open_tiktok(box)


def edit(tiktok: TikTok, product_id: str, body: dict[str, Any]) -> Any:
    return tiktok.reply("PUT", f"{PRODUCTS}/{product_id}", None, body).json()


def change(tiktok: TikTok, product_id: str, body: dict[str, Any]) -> Any:
    return tiktok.reply("POST", f"{PRODUCTS}/{product_id}/partial_edit", None, body).json()


def test_the_tree_has_three_levels_and_leaves_alone_take_products(tiktok: TikTok) -> None:
    rows = {row["id"]: row for row in tiktok.get("/product/202309/categories")["categories"]}
    men = rows[rows["600001"]["parent_id"]]
    assert (rows["600001"]["local_name"], rows["600001"]["is_leaf"], men["is_leaf"]) == ("Áo thun", True, False)
    assert rows[men["parent_id"]]["parent_id"] == "0"
    english = tiktok.get("/product/202309/categories", {"locale": "en-US", "keyword": "t-shirts"})["categories"]
    assert [row["id"] for row in english] == ["600001"]
    assert tiktok.code(PRODUCTS, draft(tiktok, category_id=men["id"])) == 90012002
    assert tiktok.code(PRODUCTS, draft(tiktok, category_id="1")) == 12052023


def test_a_category_tells_its_questions_rules_and_brands(tiktok: TikTok) -> None:
    asked = tiktok.get("/product/202309/categories/600001/attributes", {"locale": "vi-VN"})["attributes"]
    rows = {row["name"]: row for row in asked}
    assert (rows["Chất liệu"]["type"], rows["Chất liệu"]["is_requried"]) == ("PRODUCT_PROPERTY", True)
    assert (rows["Chất liệu"]["is_multiple_selection"], rows["Giới tính"]["is_customizable"]) == (True, False)
    assert rows["Màu sắc"]["type"] == "SALES_PROPERTY"
    assert tiktok.get("/product/202309/categories/600001/rules")["cod"] == {"is_supported": True}
    page = tiktok.get("/product/202309/brands", {"page_size": "2", "category_id": "600001"})
    assert (len(page["brands"]), page["total_count"]) == (2, 3)
    last = tiktok.get(
        "/product/202309/brands", {"page_size": "2", "category_id": "600001", "page_token": page["next_page_token"]}
    )
    assert (len(last["brands"]), last["next_page_token"]) == (1, "")
    product_id = make(tiktok, brand_id=page["brands"][0]["id"])
    assert seen(tiktok, product_id)["brand"]["name"] == "Áo Việt"
    assert tiktok.code(PRODUCTS, draft(tiktok, brand_id="1100006")) == 90012005


def test_a_picture_is_kept_and_shown(box: Sandbox, tiktok: TikTok) -> None:
    content = png(700, 500, 8)
    answer = send(tiktok, content, use="ATTRIBUTE_IMAGE")["data"]
    assert (answer["width"], answer["height"], answer["use_case"]) == (700, 500, "ATTRIBUTE_IMAGE")
    assert box.http.get(answer["url"]).content == content
    row = sku(
        tiktok, "A", sales_attributes=[{"name": "Màu sắc", "value_name": "Đỏ", "sku_img": {"uri": answer["uri"]}}]
    )
    product_id = make(tiktok, row)
    assert seen(tiktok, product_id)["skus"][0]["sales_attributes"][0]["sku_img"]["uri"] == answer["uri"]
    page = box.http.get(f"{box.url}/tiktok/item/{product_id}").text
    assert answer["url"].removeprefix(box.url) in page
    assert "Dày dặn" in page


def test_what_is_no_picture_is_refused(box: Sandbox, tiktok: TikTok) -> None:
    assert send(tiktok, b"words")["code"] == 12052300
    assert send(tiktok, png(), part="picture")["code"] == 12052300
    assert send(tiktok, png(), use="AVATAR")["code"] == 36009004
    other = open_tiktok(box)
    assert tiktok.code(PRODUCTS, draft(tiktok, main_images=[{"uri": upload(other)}])) == 12052300
    assert tiktok.code(PRODUCTS, draft(tiktok, main_images=[{"uri": "https://elsewhere.example/a.jpg"}])) == 12052300


WRONG: list[Any] = [
    ({"title": " "}, 12052261),
    ({"title": "Áo thun"}, 90012001),
    ({"title": "Á" * 256}, 90012001),
    ({"description": ""}, 90012008),
    ({"main_images": []}, 36009004),
    ({"main_images": None}, 36009004),
    ({"package_weight": None}, 36009004),
    ({"package_weight": {"value": "0"}}, 90012007),
    ({"package_weight": {"value": "1", "unit": "STONE"}}, 90012007),
    ({"package_dimensions": {"length": "x", "width": "1", "height": "1"}}, 90012007),
    ({"save_mode": "MAYBE"}, 36009004),
    ({"skus": []}, 36009004),
    ({"product_attributes": [ANSWERS[0]]}, 90012003),
    ({"product_attributes": [*ANSWERS, {"id": "9", "values": [{"id": "1"}]}]}, 90012004),
    ({"product_attributes": [ANSWERS[0], {"id": "100002", "values": [{"id": "5"}]}]}, 90012004),
    ({"product_attributes": [ANSWERS[0], {"id": "100002", "values": [{"name": "Trẻ em"}]}]}, 90012004),
    (
        {"product_attributes": [ANSWERS[0], {"id": "100002", "values": [{"id": "1002001"}, {"id": "1002002"}]}]},
        90012004,
    ),
]


@pytest.mark.parametrize(("changes", "code"), WRONG)
def test_a_wrong_product_is_refused_and_nothing_is_made(tiktok: TikTok, changes: Any, code: int) -> None:
    assert tiktok.code(PRODUCTS, draft(tiktok) | changes) == code
    assert tiktok.post("/product/202502/products/search", {}, {"page_size": "9"})["total_count"] == 0


SKUS_WRONG: list[Any] = [
    ([{"inventory": [{"warehouse_id": "1", "quantity": 1}]}], 12052097),
    ([{"inventory": [{"quantity": -1}]}], 12052055),
    ([{"inventory": None}], 36009004),
    ([{"price": {"amount": "0", "currency": "VND"}}], 12052073),
    ([{"price": {"amount": "1", "currency": "USD"}}], 12052084),
    ([{"sales_attributes": [{"name": "Màu sắc", "value_name": "Đỏ"}]}] * 2, 12052553),
    ([{"sales_attributes": [{"name": "Màu sắc", "value_name": "Đỏ"}]}, {}], 90012006),
    ([{"sales_attributes": [{"id": "100053", "value_name": "64GB"}]}], 90012006),
    ([{"sales_attributes": [{"id": "100051", "value_id": "5"}]}], 90012006),
    ([{"sales_attributes": [{"name": f"Loại {n}", "value_name": "x"} for n in range(4)]}], 90012006),
    ([{"id": "5"}], 90012009),
]


@pytest.mark.parametrize(("rows", "code"), SKUS_WRONG)
def test_wrong_skus_are_refused(tiktok: TikTok, rows: Any, code: int) -> None:
    skus = [sku(tiktok, f"A-{at}") | row for at, row in enumerate(rows)]
    assert tiktok.code(PRODUCTS, draft(tiktok, *skus)) == code


def test_choices_by_number_and_in_own_words_are_made_and_sold(tiktok: TikTok) -> None:
    rows = [
        sku(tiktok, "D", sales_attributes=[{"id": "100051", "value_id": "1051001"}], stock=2),
        sku(tiktok, "T", sales_attributes=[{"id": "100051", "value_name": "Tím than"}]),
    ]
    product_id = make(tiktok, *rows)
    chosen = [one["sales_attributes"][0] for one in seen(tiktok, product_id)["skus"]]
    assert [(one["id"], one["value_name"]) for one in chosen] == [("100051", "Đỏ"), ("100051", "Tím than")]
    assert chosen[0]["value_id"] == "1051001"
    assert tiktok.buy({"sku": "D", "quantity": 2}).status_code == 201
    assert tiktok.buy({"sku": "T"}).status_code == 409
    found = tiktok.post("/product/202502/products/search", {"seller_skus": ["T"]}, {"page_size": "9"})["products"]
    assert [one["id"] for one in found] == [product_id]


def test_an_edit_writes_the_whole_anew(tiktok: TikTok) -> None:
    product_id = make(tiktok, sku(tiktok, "D", "Đỏ", stock=4), sku(tiktok, "X", "Xanh"))
    kept = seen(tiktok, product_id)["skus"][0]["id"]
    rows = [{"id": kept, "seller_sku": "D-MOI"}, sku(tiktok, "V", "Vàng")]
    assert edit(tiktok, product_id, {"title": "x"})["code"] == 36009004
    answer = edit(tiktok, product_id, draft(tiktok, *rows, title="Áo thun tên mới hoàn toàn khác"))
    assert answer["code"] == 0, answer
    after = seen(tiktok, product_id)
    assert after["title"] == "Áo thun tên mới hoàn toàn khác"
    assert [row["seller_sku"] for row in after["skus"]] == ["D-MOI", "V"]
    assert (after["skus"][0]["id"], tiktok.figures("D-MOI")) == (kept, (4, 0))
    assert tiktok.buy({"sku": "X"}).status_code == 404


def test_a_partial_edit_changes_what_it_names_alone(tiktok: TikTok) -> None:
    product_id = make(tiktok, sku(tiktok, "D", "Đỏ", stock=4))
    before = seen(tiktok, product_id)
    assert change(tiktok, product_id, {"description": "<p>Mới</p>"})["code"] == 0
    after = seen(tiktok, product_id)
    assert after["description"] == "<p>Mới</p>"
    assert {key: value for key, value in after.items() if key not in ("description", "update_time")} == {
        key: value for key, value in before.items() if key not in ("description", "update_time")
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": "x"}, 90012001),
        ({"category_id": "1"}, 12052023),
        ({"main_images": [{"uri": "tos-alisg-i-aphluv4xwc-sg/0.png"}]}, 12052300),
        ({"product_attributes": []}, 90012003),
        ({"skus": [{"id": "4"}]}, 90012009),
        ({"brand_id": "4"}, 90012005),
    ],
)
def test_a_refused_edit_leaves_the_product_as_it_was(tiktok: TikTok, changes: Any, code: int) -> None:
    product_id = make(tiktok, sku(tiktok, "D", "Đỏ"))
    before = seen(tiktok, product_id)
    assert change(tiktok, product_id, {"description": "<p>x</p>", **changes})["code"] == code
    assert seen(tiktok, product_id) == before
    assert change(tiktok, "1", changes)["code"] == 12019150


def test_a_sku_promised_to_orders_stays(tiktok: TikTok) -> None:
    product_id = make(tiktok, sku(tiktok, "D", "Đỏ", stock=1), sku(tiktok, "X", "Xanh"))
    assert tiktok.buy({"sku": "D"}).status_code == 201
    rows = [{"id": seen(tiktok, product_id)["skus"][1]["id"]}]
    assert change(tiktok, product_id, {"skus": rows})["code"] == 90012010


def test_a_draft_is_not_on_sale_until_it_is_activated(tiktok: TikTok) -> None:
    product_id = make(tiktok, sku(tiktok, "D", stock=1), save_mode="AS_DRAFT", product_attributes=[])
    assert seen(tiktok, product_id)["status"] == "DRAFT"
    assert tiktok.buy({"sku": "D"}).status_code == 409
    refused = tiktok.post(f"{PRODUCTS}/activate", {"product_ids": [product_id]})["errors"]
    assert refused[0]["code"] == 90012003
    assert change(tiktok, product_id, {"product_attributes": ANSWERS, "save_mode": "AS_DRAFT"})["code"] == 0
    assert tiktok.post(f"{PRODUCTS}/activate", {"product_ids": [product_id]}) == {}
    assert tiktok.buy({"sku": "D"}).status_code == 201


def test_another_shop_may_not_touch_a_product(box: Sandbox, tiktok: TikTok) -> None:
    product_id, other = make(tiktok), open_tiktok(box)
    assert edit(other, product_id, draft(other))["code"] == 12019150
    assert change(other, product_id, {})["code"] == 12019150


def test_an_audit_passes_or_fails_with_a_reason(box: Sandbox, tiktok: TikTok) -> None:
    box.control("POST", "/settings", {"tiktok_review": True})
    with Callback() as callback:
        box.control("POST", "/tiktok/apps", {"app_key": tiktok.app_key, "callback_url": callback.url})
        product_id = make(tiktok, sku(tiktok, "D", stock=1))
        assert seen(tiktok, product_id)["status"] == "PENDING"
        assert tiktok.buy({"sku": "D"}).status_code == 409
        assert change(tiktok, product_id, {"description": "x"})["code"] == 12019113
        decided = {"product_id": product_id, "state": "rejected", "reason": "Hình ảnh mờ"}
        box.control("POST", "/tiktok/reviews", decided)
        failed = seen(tiktok, product_id)
        assert (failed["status"], failed["audit"]["status"]) == ("FAILED", "FAILED")
        assert failed["audit_failed_reasons"][0]["reasons"] == ["Hình ảnh mờ"]
        assert change(tiktok, product_id, {"description": "Rõ"})["code"] == 0
        box.control("POST", "/tiktok/reviews", decided | {"state": "approved"})
        after = seen(tiktok, product_id)
        assert (after["status"], after["audit_failed_reasons"]) == ("ACTIVATE", [])
        wait_for(lambda: [one.json["type"] for one in callback.received] == [5, 5, 5])
    published = box.control("GET", f"/tiktok/published?shop={tiktok.shop_id}")["items"]
    assert [row["product_id"] for row in published] == [product_id]


def test_a_product_made_while_the_answer_was_lost_is_there(box: Sandbox, tiktok: TikTok) -> None:
    body = draft(tiktok, sku(tiktok, "MAT-TIN"))
    box.fault(kind="timeout_after_effect", market="tiktok", path=PRODUCTS, ms=10, count=1)
    with pytest.raises(Exception, match=r"(?i)disconnect|closed|reset"):
        tiktok.code(PRODUCTS, body)
    found = tiktok.post("/product/202502/products/search", {"seller_skus": ["MAT-TIN"]}, {"page_size": "9"})
    assert found["total_count"] == 1
    box.fault(kind="rate_limit", market="tiktok", path="/product/202309/categories", count=1)
    assert tiktok.reply("GET", "/product/202309/categories").status_code == 429
