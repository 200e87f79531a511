"""Shopee's products made and kept, against answers composed from the platform's documented shapes."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mekong.channels.socket import ListingKey, PublishesProducts
from mekong.channels.socket.publishing import (
    AttributeKind,
    Draft,
    DraftOption,
    DraftVariant,
    Picture,
    PublishedState,
    RemoteAttribute,
    RemoteCategory,
    RemoteChoice,
    Value,
)
from mekong.foundation.errors import MekongError, RemoteRefused, Unavailable
from tests.unit.connectors.test_shopee import a_shop, ok, refused
from tests.unit.connectors.wire import Answer, Wire, body, query, run

RED, BLUE = Value("Đỏ"), Value("Xanh")
SHIRT = Draft(
    code="AO",
    category_id="100240",
    name="Áo thun cotton",
    description="Mềm, mát.\nGiặt máy.",
    variants=(
        DraftVariant("AO-DO", 120_000, (RED,), "8938505974192", 250, 200, 150, 31, "i-do"),
        DraftVariant("AO-XANH", 125_000, (BLUE,), "8938505974208", 250, 200, 150, 31),
    ),
    options=(DraftOption("Màu sắc"),),
    attributes={"100400": (Value("Cotton", "678"),), "100061": (Value("12", unit="g"),)},
    pictures=("i1", "i2"),
    brand="Yame",
)
BAG = replace(
    SHIRT,
    code="TUI",
    name="Túi vải",
    variants=(DraftVariant("TUI-VAI", 50_000, (), "", 100),),
    options=(),
    attributes={},
    brand="",
)

ATTRIBUTES = [
    {"attribute_id": 100400, "attribute_value_list": [{"value_id": 678, "original_value_name": "Cotton"}]},
    {"attribute_id": 100061, "attribute_value_list": [{"value_id": 9, "original_value_name": "12", "value_unit": "g"}]},
]
ITEM: dict[str, Any] = {
    "item_id": 1000,
    "category_id": 100240,
    "item_name": "Áo thun cotton",
    "description": "Mềm, mát.\nGiặt máy.",
    "description_type": "normal",
    "item_sku": "AO",
    "item_status": "NORMAL",
    "has_model": True,
    "attribute_list": ATTRIBUTES,
    "image": {"image_url_list": ["https://cf.example/i1"], "image_id_list": ["i1", "i2"]},
    "weight": "0.25",
    "dimension": {"package_length": 20, "package_width": 15, "package_height": 4},
    "brand": {"brand_id": 77, "original_brand_name": "YAME"},
    "condition": "NEW",
}
BAG_ITEM: dict[str, Any] = {
    **ITEM,
    "item_id": 2000,
    "item_name": "Túi vải",
    "item_sku": "TUI-VAI",
    "has_model": False,
    "attribute_list": [],
    "weight": "0.1",
    "brand": {"brand_id": 0, "original_brand_name": "NoBrand"},
    "price_info": [{"currency": "VND", "original_price": 50000, "current_price": 50000}],
    "stock_info_v2": {"summary_info": {"total_reserved_stock": 0, "total_available_stock": 7}},
}


def a_model(model_id: int, sku: str, *index: int, **changes: Any) -> dict[str, Any]:
    return {
        "model_id": model_id,
        "tier_index": list(index),
        "model_sku": sku,
        "model_status": "MODEL_NORMAL",
        "gtin_code": {"AO-DO": "8938505974192", "AO-XANH": "8938505974208"}.get(sku, ""),
        "price_info": [{"currency": "VND", "original_price": 99000, "current_price": 90000}],
        "stock_info_v2": {"summary_info": {"total_available_stock": 5}},
        **changes,
    }


def models(
    *rows: Mapping[str, Any], options: tuple[str, ...] = ("Đỏ", "Xanh"), name: str = "Màu sắc"
) -> dict[str, Any]:
    images = {"Đỏ": "i-do"}
    said = [
        {"option": one, "image": {"image_id": images.get(one, "i1"), "image_url": "https://cf/x"}} for one in options
    ]
    standard = [
        {"variation_option_id": 0, "variation_option_name": one, "image_id": images.get(one, "i1")} for one in options
    ]
    return {
        "tier_variation": [{"name": name, "option_list": said}],
        "standardise_tier_variation": [
            {"variation_id": 0, "variation_name": name, "variation_group_id": 0, "variation_option_list": standard}
        ],
        "model": list(rows),
    }


BOTH = models(a_model(11, "AO-DO", 0), a_model(12, "AO-XANH", 1))
LOOKED_UP: dict[str, Answer | list[Answer]] = {
    "/product/get_brand_list": ok(
        brand_list=[{"brand_id": 77, "original_brand_name": "YAME", "display_brand_name": "YaMe"}], has_next_page=False
    ),
    "/logistics/get_channel_list": ok(
        logistics_channel_list=[
            {"logistics_channel_id": 5001, "enabled": True, "mask_channel_id": 0, "fee_type": "SIZE_INPUT"},
            {"logistics_channel_id": 50021, "enabled": True, "mask_channel_id": 5001, "fee_type": "SIZE_INPUT"},
            {"logistics_channel_id": 5002, "enabled": False, "mask_channel_id": 0},
            {"logistics_channel_id": 5003, "enabled": True, "mask_channel_id": 0, "fee_type": "CUSTOM_PRICE"},
        ]
    ),
}
DONE = ok(success_list=[], failure_list=[])


def there(item: Mapping[str, Any] = ITEM, said: Mapping[str, Any] | list[Answer] = BOTH) -> dict[str, Any]:
    return {
        "/product/get_item_base_info": ok(item_list=[item]),
        "/product/get_model_list": said if isinstance(said, list) else ok(**said),
    }


WRITES = ("add_item", "update_item", "init_tier_variation", "update_tier_variation", "add_model", "update_model",
          "delete_model", "unlist_item")  # fmt: skip


def writes(wire: Wire) -> list[str]:
    return [path.rsplit("/", 1)[-1] for path in wire.paths if path.endswith(WRITES)]


# --- what the platform asks ------------------------------------------------------------------------------------------


def test_the_connector_publishes_products() -> None:
    assert isinstance(a_shop()[0], PublishesProducts)


def test_categories_come_parents_first_in_vietnamese() -> None:
    rows = [
        {
            "category_id": 100240,
            "parent_category_id": 100001,
            "display_category_name": "Áo thun",
            "has_children": False,
        },
        {
            "category_id": 100001,
            "parent_category_id": 0,
            "display_category_name": "Thời trang nam",
            "has_children": True,
        },
        {"category_id": 9, "parent_category_id": 8, "original_category_name": "Lost", "has_children": False},
    ]
    shop, wire = a_shop({"/product/get_category": ok(category_list=rows)})
    assert run(shop.list_categories()) == [
        RemoteCategory("100001", "Thời trang nam", "", is_leaf=False),
        RemoteCategory("100240", "Áo thun", "100001"),
        RemoteCategory("9", "Lost"),
    ]
    assert query(wire.requests[0])["language"] == "vi"


def test_categories_that_hang_from_each_other_are_left_out() -> None:
    rows = [{"category_id": 1, "parent_category_id": 2}, {"category_id": 2, "parent_category_id": 1}]
    shop, _ = a_shop({"/product/get_category": ok(category_list=rows)})
    assert run(shop.list_categories()) == []


def an_attribute(attribute_id: int, name: str, input_type: int, validation: int = 0, **more: Any) -> dict[str, Any]:
    info = {"input_type": input_type, "input_validation_type": validation, "format_type": 1, **more.pop("info", {})}
    return {"attribute_id": attribute_id, "name": name, "mandatory": False, "attribute_info": info, **more}


def test_attributes_are_read_with_their_kinds_units_and_choices() -> None:
    tree = [
        an_attribute(1, "Material", 1, mandatory=True, multi_lang=[{"language": "vi", "value": "Chất liệu"}],
                     attribute_value_list=[
                         {"value_id": 678, "name": "Cotton", "multi_lang": [{"language": "vi", "value": "Vải bông"}],
                          "child_attribute_list": [an_attribute(6, "Độ dày", 3, 3, mandatory=True)]}]),
        an_attribute(2, "Xuất xứ", 2, attribute_value_list=[{"value_id": 5, "name": "2", "value_unit": "kg"}]),
        an_attribute(3, "Hạn dùng", 3, 4),
        an_attribute(4, "Dịp", 5),
        an_attribute(5, "Khối lượng", 3, 1, info={"format_type": 2, "attribute_unit_list": ["g", "kg"]}),
        an_attribute(7, "Thương hiệu", 1, mandatory=True),
    ]  # fmt: skip
    standard = [{"variation_id": 101054, "variation_name": "Màu sắc", "variation_group_list": [
        {"variation_group_id": 84, "variation_group_name": "g",
         "variation_option_list": [{"variation_option_id": 6245, "variation_option_name": "Đỏ"}]}]}]  # fmt: skip
    shop, wire = a_shop(
        {
            "/product/get_attribute_tree": ok(list=[{"category_id": 100240, "attribute_tree": tree}]),
            "/product/get_variation_tree": {**ok(), "data": {"standardise_variation_list": standard}},
        }
    )
    assert run(shop.list_attributes(category_id="100240")) == [
        RemoteAttribute("1", "Chất liệu", AttributeKind.CHOICE, is_required=True, takes_own_words=False,
                        choices=(RemoteChoice("678", "Vải bông"),)),
        RemoteAttribute("6", "Độ dày", AttributeKind.NUMBER),
        RemoteAttribute("2", "Xuất xứ", AttributeKind.CHOICE, choices=(RemoteChoice("5", "2 kg"),)),
        RemoteAttribute("3", "Hạn dùng", AttributeKind.DATE),
        RemoteAttribute("4", "Dịp", AttributeKind.CHOICES),
        RemoteAttribute("5", "Khối lượng", AttributeKind.NUMBER, units=("g", "kg")),
        RemoteAttribute("variation:101054", "Màu sắc", AttributeKind.CHOICE, is_option=True,
                        choices=(RemoteChoice("84.6245", "Đỏ"),)),
    ]  # fmt: skip
    assert query(wire.requests[0])["category_id_list"] == "100240"


def test_values_that_the_tree_does_not_tell_are_searched_for() -> None:
    flat = {"attribute_id": 9, "name": "Hãng xe", "mandatory": True, "input_type": 1, "support_search_value": True}
    told = [{"value_id": 5, "name": "Kia"}]
    tree = [
        {**flat, "attribute_value_list": told},
        {**flat, "attribute_id": 10, "mandatory": False, "attribute_value_list": told},
    ]
    pages: list[Answer] = [
        ok(value_list=[{"value_id": 5, "value_name": "Kia"}], page_info={"cursor": 100, "has_next": True}),
        ok(value_list=[{"value_id": 6, "value_name": "Honda"}], page_info={"cursor": 200, "has_next": False}),
    ]
    answers: dict[str, Answer | list[Answer]] = {
        "/product/get_attribute_tree": ok(list=[{"category_id": 7, "attribute_tree": tree}]),
        "/product/get_variation_tree": ok(),
    }
    shop, wire = a_shop({**answers, "/product/search_attribute_value_list": pages})
    first, second = run(shop.list_attributes(category_id="7"))
    assert (first.kind, first.takes_own_words, [one.name for one in first.choices]) == (
        AttributeKind.CHOICE, False, ["Kia", "Honda"],
    )  # fmt: skip
    assert [one.name for one in second.choices] == ["Kia"]
    asked = wire.asked("/search_attribute_value_list")
    assert [body(one) for one in asked] == [
        {"attribute_id": 9, "cursor": 0, "limit": 100}, {"attribute_id": 9, "cursor": 100, "limit": 100},
    ]  # fmt: skip
    shop, _ = a_shop({**answers, "/product/search_attribute_value_list": refused("error_permission")})
    assert [one.name for one in run(shop.list_attributes(category_id="7"))[0].choices] == ["Kia"]


def test_a_shop_without_the_vocabulary_has_attributes_all_the_same() -> None:
    shop, _ = a_shop(
        {
            "/product/get_attribute_tree": ok(list=[{"category_id": 7, "attribute_tree": []}]),
            "/product/get_variation_tree": refused("error_not_found", "no such path"),
        }
    )
    assert run(shop.list_attributes(category_id="7")) == []


@pytest.mark.parametrize("said", [ok(list=[]), refused("product.error_param", "Invalid category id.")])
def test_a_category_that_takes_no_products_is_refused(said: Answer) -> None:
    shop, _ = a_shop({"/product/get_attribute_tree": said})
    with pytest.raises(RemoteRefused):
        run(shop.list_attributes(category_id="7"))
    shop, wire = a_shop({})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.list_attributes(category_id="áo"))
    assert failed.value.params["remote_code"] == "unknown_category"
    assert wire.requests == []


def test_a_picture_is_sent_as_a_file_and_named_by_its_id() -> None:
    shop, wire = a_shop(
        {"/media_space/upload_image": ok(image_info={"image_id": "vn-11134207-x", "image_url_list": []})}
    )
    picture = Picture(b"\xff\xd8\xff\r\n--\x00", "image/jpeg", 'áo "đỏ".jpg', 800, 800)
    assert run(shop.upload_picture(picture=picture)) == "vn-11134207-x"
    (sent,) = wire.requests
    boundary = sent.headers["content-type"].partition("boundary=")[2]
    head, _, rest = sent.body.partition(b"\r\n\r\n")
    assert head.decode().splitlines()[0] == f"--{boundary}"
    assert b'name="image"; filename="_o_____.jpg"' in head
    assert rest == picture.content + f"\r\n--{boundary}--\r\n".encode()
    assert query(sent).keys() >= {"sign", "access_token", "shop_id"}


def test_a_picture_that_is_refused_says_so() -> None:
    shop, _ = a_shop({"/media_space/upload_image": refused("error_param", "Image is too large")})
    with pytest.raises(RemoteRefused):
        run(shop.upload_picture(picture=Picture(b"x", "image/png", "a", 1, 1)))


# --- finding ---------------------------------------------------------------------------------------------------------


def test_a_product_is_found_by_the_sku_of_one_of_its_variants() -> None:
    search: list[Answer] = [ok(item_id_list=[], next_offset=""), ok(item_id_list=[900, 1000], next_offset="")]
    other = {**BAG_ITEM, "item_id": 900, "item_sku": "AO-XANH-2"}
    shop, wire = a_shop(
        {
            "/product/search_item": search,
            "/product/get_item_base_info": ok(item_list=[other, ITEM]),
            "/product/get_model_list": ok(**BOTH),
        }
    )
    found = run(shop.find_product(draft=SHIRT))
    assert found is not None
    assert (found.item_id, found.state) == ("1000", PublishedState.LIVE)
    assert found.url == "https://shopee.vn/product/226581234/1000"
    assert [(one.key, one.sku) for one in found.listings] == [
        (ListingKey("1000", "11"), "AO-DO"), (ListingKey("1000", "12"), "AO-XANH"),
    ]  # fmt: skip
    assert [query(one)["item_sku"] for one in wire.asked("/search_item")] == ["AO-DO", "AO-XANH"]
    assert query(wire.asked("/get_item_base_info")[0])["item_id_list"] == "900,1000"


def test_where_variants_are_not_searched_the_code_finds_them_and_looks_into_no_other() -> None:
    search: list[Answer] = [ok(item_id_list=[]), ok(item_id_list=[]), ok(item_id_list=[900, 1000])]
    other = {**ITEM, "item_id": 900, "item_sku": "AO-KHOAC"}
    shop, wire = a_shop(
        {
            "/product/search_item": search,
            "/product/get_item_base_info": ok(item_list=[other, ITEM]),
            "/product/get_model_list": ok(**BOTH),
        }
    )
    found = run(shop.find_product(draft=SHIRT))
    assert found is not None
    assert found.item_id == "1000"
    assert len(wire.asked("/get_model_list")) == 1


def test_one_unknown_item_does_not_hide_the_others() -> None:
    gone = refused("product.error_item_not_found", "Item is not found")
    shop, wire = a_shop(
        {
            "/product/search_item": ok(item_id_list=[5, 1000]),
            "/product/get_item_base_info": [gone, gone, ok(item_list=[ITEM])],
            "/product/get_model_list": ok(**BOTH),
        }
    )
    found = run(shop.find_product(draft=SHIRT))
    assert found is not None
    assert [query(one)["item_id_list"] for one in wire.asked("/get_item_base_info")] == ["5,1000", "5", "1000"]


def test_what_was_made_by_half_is_found_by_its_code() -> None:
    half = {**ITEM, "has_model": False, "stock_info_v2": {"summary_info": {"total_available_stock": 0}}}
    shop, _ = a_shop({"/product/search_item": ok(item_id_list=[1000]), **there(half)})
    found = run(shop.find_product(draft=SHIRT))
    assert found is not None
    assert found.item_id == "1000"


def test_another_product_under_our_code_is_not_taken_over() -> None:
    shop, _ = a_shop({"/product/search_item": ok(item_id_list=[2000]), **there({**BAG_ITEM, "item_sku": "AO"})})
    assert run(shop.find_product(draft=SHIRT)) is None


def test_a_search_goes_on_to_its_last_page_and_deleted_items_are_none() -> None:
    search: list[Answer] = [ok(item_id_list=[5], next_offset="p2"), ok(item_id_list=[6], next_offset="")]
    deleted = {**BAG_ITEM, "item_id": 5, "item_status": "SELLER_DELETE"}
    shop, wire = a_shop(
        {
            "/product/search_item": search,
            "/product/get_item_base_info": ok(item_list=[deleted]),
        }
    )
    assert run(shop.find_product(draft=BAG)) is None
    assert query(wire.asked("/search_item")[1])["offset"] == "p2"
    assert wire.asked("/search_item")[0].params.count(("item_status", "BANNED")) == 1


# --- making ----------------------------------------------------------------------------------------------------------


def test_a_product_without_variants_is_made_with_nothing_for_sale() -> None:
    shop, wire = a_shop({**LOOKED_UP, "/product/add_item": ok(item_id=2000), **there(BAG_ITEM)})
    made = run(shop.create_product(draft=BAG))
    assert (made.item_id, made.listings[0].key) == ("2000", ListingKey("2000"))
    sent = body(wire.asked("/add_item")[0])
    assert sent == {
        "original_price": 50000,
        "description": BAG.description,
        "item_name": "Túi vải",
        "category_id": 100240,
        "image": {"image_id_list": ["i1", "i2"]},
        "logistic_info": [{"logistic_id": 5001, "enabled": True}],
        "seller_stock": [{"stock": 0}],
        "brand": {"brand_id": 0, "original_brand_name": "NoBrand"},
        "attribute_list": [],
        "item_sku": "TUI-VAI",
        "condition": "NEW",
        "item_status": "NORMAL",
        "weight": 0.1,
    }
    assert wire.asked("/get_brand_list") == []


def test_variants_are_made_in_a_second_call() -> None:
    shop, wire = a_shop({**LOOKED_UP, "/product/add_item": ok(item_id=1000), "/init_tier_variation": ok(), **there()})
    made = run(shop.create_product(draft=replace(SHIRT, is_shown=False)))
    assert [one.sku for one in made.listings] == ["AO-DO", "AO-XANH"]
    item = body(wire.asked("/add_item")[0])
    assert (item["item_sku"], item["item_status"], item["original_price"]) == ("AO", "UNLIST", 120000)
    assert item["dimension"] == {"package_length": 20, "package_width": 15, "package_height": 4}
    assert item["brand"] == {"brand_id": 77, "original_brand_name": "YAME"}
    assert item["attribute_list"] == [
        {"attribute_id": 100400, "attribute_value_list": [{"value_id": 678}]},
        {"attribute_id": 100061,
         "attribute_value_list": [{"value_id": 0, "original_value_name": "12", "value_unit": "g"}]},
    ]  # fmt: skip
    assert "gtin_code" not in item
    assert body(wire.asked("/init_tier_variation")[0]) == {
        "item_id": 1000,
        "standardise_tier_variation": [
            {"variation_id": 0, "variation_group_id": 0, "variation_name": "Màu sắc", "variation_option_list": [
                {"variation_option_id": 0, "variation_option_name": "Đỏ", "image_id": "i-do"},
                {"variation_option_id": 0, "variation_option_name": "Xanh", "image_id": "i1"}]}
        ],
        "model": [
            {"tier_index": [0], "original_price": 120000, "model_sku": "AO-DO", "seller_stock": [{"stock": 0}],
             "gtin_code": "8938505974192"},
            {"tier_index": [1], "original_price": 125000, "model_sku": "AO-XANH", "seller_stock": [{"stock": 0}],
             "gtin_code": "8938505974208"},
        ],
    }  # fmt: skip


def test_options_by_the_platforms_vocabulary_carry_its_ids() -> None:
    draft = replace(
        SHIRT,
        options=(DraftOption("Màu sắc", "variation:101054"),),
        variants=(replace(SHIRT.variants[0], values=(Value("Đỏ", "84.6245"),)), SHIRT.variants[1]),
    )
    shop, wire = a_shop({**LOOKED_UP, "/product/add_item": ok(item_id=1000), "/init_tier_variation": ok(), **there()})
    run(shop.create_product(draft=draft))
    (tier,) = body(wire.asked("/init_tier_variation")[0])["standardise_tier_variation"]
    assert (tier["variation_id"], tier["variation_group_id"]) == (101054, 84)
    assert [one["variation_option_id"] for one in tier["variation_option_list"]] == [6245, 0]


def test_variants_of_two_weights_tell_their_own() -> None:
    heavy = replace(SHIRT.variants[1], weight_g=1250, length_mm=300)
    draft = replace(SHIRT, variants=(SHIRT.variants[0], heavy))
    shop, wire = a_shop({**LOOKED_UP, "/product/add_item": ok(item_id=1000), "/init_tier_variation": ok(), **there()})
    run(shop.create_product(draft=draft))
    item = body(wire.asked("/add_item")[0])
    assert (item["weight"], item["dimension"]["package_length"]) == (1.25, 30)
    rows = body(wire.asked("/init_tier_variation")[0])["model"]
    assert [(row["weight"], row["dimension"]["package_length"]) for row in rows] == [(0.25, 20), (1.25, 30)]


def test_a_day_is_sent_as_seconds_where_the_attribute_is_one() -> None:
    draft = replace(BAG, attributes={"3": (Value("2026-12-31"),), "4": (Value("2026-12-31"),)})
    tree = [an_attribute(3, "Hạn dùng", 3, 4), an_attribute(4, "Mã lô", 3)]
    shop, wire = a_shop(
        {
            **LOOKED_UP,
            "/product/get_attribute_tree": ok(list=[{"category_id": 100240, "attribute_tree": tree}]),
            "/product/add_item": ok(item_id=2000),
            **there(BAG_ITEM),
        }
    )
    run(shop.create_product(draft=draft))
    rows = body(wire.asked("/add_item")[0])["attribute_list"]
    said = [row["attribute_value_list"][0]["original_value_name"] for row in rows]
    assert said == ["1798693200", "2026-12-31"]  # noon of that day in Vietnam


def test_a_brand_the_platform_does_not_know_is_no_brand() -> None:
    pages: list[Answer] = [
        ok(brand_list=[{"brand_id": 1, "original_brand_name": "A"}], has_next_page=True, next_offset=100),
        ok(brand_list=[{"brand_id": 2, "original_brand_name": "B"}], has_next_page=False),
    ]
    shop, wire = a_shop(
        {**LOOKED_UP, "/product/get_brand_list": pages, "/product/add_item": ok(item_id=2000), **there(BAG_ITEM)}
    )
    run(shop.create_product(draft=replace(BAG, brand="Chưa ai biết")))
    assert body(wire.asked("/add_item")[0])["brand"] == {"brand_id": 0, "original_brand_name": "NoBrand"}
    assert [query(one)["offset"] for one in wire.asked("/get_brand_list")] == ["0", "100"]


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (replace(SHIRT, options=(DraftOption("A"), DraftOption("B"), DraftOption("C"))), "too_many_options"),
        (replace(SHIRT, variants=(SHIRT.variants[0],) * 51), "too_many_variants"),
        (replace(SHIRT, category_id=""), "unknown_category"),
    ],
)
def test_a_draft_that_cannot_become_an_item_is_refused_before_anything_is_made(draft: Draft, code: str) -> None:
    shop, wire = a_shop({})
    for work in (shop.create_product(draft=draft), shop.update_product(item_id="1000", draft=draft)):
        with pytest.raises(RemoteRefused) as failed:
            run(work)
        assert failed.value.params["remote_code"] == code
    assert wire.requests == []


def test_a_refusal_of_the_item_keeps_the_platforms_words() -> None:
    shop, wire = a_shop({**LOOKED_UP, "/product/add_item": refused("product.error_invalid_brand", "Brand required")})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.create_product(draft=SHIRT))
    assert failed.value.params["remote_message"] == "Brand required"
    assert writes(wire) == ["add_item"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Unavailable(remote="Shopee"), Unavailable),
        (refused("product.error_param", "model number at most 50"), RemoteRefused),
        (refused("product.error_item_not_found", "Item is not found"), Unavailable),  # the item is seconds old
    ],
)
def test_variants_that_fail_are_raised_and_an_update_finishes_them(said: Answer, error: type[MekongError]) -> None:
    shop, _ = a_shop({**LOOKED_UP, "/product/add_item": ok(item_id=1000), "/init_tier_variation": said})
    with pytest.raises(error):
        run(shop.create_product(draft=SHIRT))

    half = {**ITEM, "has_model": False}
    shop, wire = a_shop({**there(half), "/init_tier_variation": ok()})
    run(shop.update_product(item_id="1000", draft=SHIRT))
    assert writes(wire) == ["init_tier_variation"]
    assert len(body(wire.asked("/init_tier_variation")[0])["model"]) == 2


def test_an_item_that_cannot_be_read_yet_is_under_review() -> None:
    shop, _ = a_shop({**LOOKED_UP, "/product/add_item": ok(item_id=2000), "/get_item_base_info": ok(item_list=[])})
    made = run(shop.create_product(draft=BAG))
    assert (made.state, made.item_id, made.listings) == (PublishedState.REVIEWING, "2000", ())


# --- updating --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("draft", "item"), [(SHIRT, ITEM), (BAG, BAG_ITEM)])
def test_a_product_that_is_as_the_draft_has_it_is_only_read(draft: Draft, item: dict[str, Any]) -> None:
    shop, wire = a_shop(there(item))
    stands = run(shop.update_product(item_id=str(item["item_id"]), draft=draft))
    assert stands.state is PublishedState.LIVE
    assert {request.method for request in wire.requests} == {"GET"}


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        ({"name": "Áo mới"}, {"item_name": "Áo mới"}),
        ({"description": "Khác"}, {"description": "Khác", "description_type": "normal"}),
        ({"pictures": ("i2",)}, {"image": {"image_id_list": ["i2"]}}),
        ({"brand": ""}, {"brand": {"brand_id": 0, "original_brand_name": "NoBrand"}}),
        ({"code": "AO2"}, {"item_sku": "AO2"}),
        ({"attributes": {"100400": (Value("Len", "679"),)}}, {"attribute_list": [
            {"attribute_id": 100400, "attribute_value_list": [{"value_id": 679}]},
            {"attribute_id": 100061,
             "attribute_value_list": [{"value_id": 9, "original_value_name": "12", "value_unit": "g"}]}]}),
        ({"category_id": "100241", "attributes": {}}, {"category_id": 100241, "attribute_list": []}),
    ],
)  # fmt: skip
def test_only_what_differs_is_written(change: dict[str, Any], sent: dict[str, Any]) -> None:
    shop, wire = a_shop({**there(), "/product/update_item": ok()})
    run(shop.update_product(item_id="1000", draft=replace(SHIRT, **change)))
    assert writes(wire) == ["update_item"]
    assert body(wire.asked("/update_item")[0]) == {"item_id": 1000, **sent}


def test_days_that_are_told_again_in_their_own_form_are_the_same() -> None:
    draft = replace(BAG, attributes={"3": (Value("2026-12-31"),), "4": (Value("2026-12-01"),)})
    rows = [
        {"attribute_id": 3, "attribute_value_list": [{"value_id": 0, "original_value_name": "31/12/2026"}]},
        {"attribute_id": 4, "attribute_value_list": [{"value_id": 0, "original_value_name": "12/2026"}]},
    ]
    tree = [an_attribute(3, "Hạn dùng", 3, 4), an_attribute(4, "Sản xuất", 3, 4)]
    shop, wire = a_shop(
        {
            **there({**BAG_ITEM, "attribute_list": rows}),
            "/product/get_attribute_tree": ok(list=[{"category_id": 100240, "attribute_tree": tree}]),
        }
    )
    run(shop.update_product(item_id="2000", draft=draft))
    assert writes(wire) == []


def test_a_new_variant_is_added_and_the_others_keep_their_models() -> None:
    green = DraftVariant("AO-LUC", 130_000, (Value("Lục"),), "", 250, 200, 150, 31)
    shop, wire = a_shop({**there(), "/update_tier_variation": ok(), "/add_model": ok()})
    run(shop.update_product(item_id="1000", draft=replace(SHIRT, variants=(green, *SHIRT.variants))))
    assert writes(wire) == ["update_tier_variation", "add_model"]
    moved = body(wire.asked("/update_tier_variation")[0])
    (tier,) = moved["standardise_tier_variation"]
    assert [one["variation_option_name"] for one in tier["variation_option_list"]] == ["Đỏ", "Xanh", "Lục"]
    assert all(one["image_id"] for one in tier["variation_option_list"])
    assert moved["model_list"] == [{"model_id": 11, "tier_index": [0]}, {"model_id": 12, "tier_index": [1]}]
    assert body(wire.asked("/add_model")[0]) == {
        "item_id": 1000,
        "model_list": [
            {"tier_index": [2], "original_price": 130000, "model_sku": "AO-LUC", "seller_stock": [{"stock": 0}]}
        ],
    }


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_variant_the_draft_has_no_more_goes(is_kept: bool) -> None:
    """`is_kept`: the platform keeps a model that is not named in the new tiers."""
    after = models(a_model(11, "AO-DO", 1), *([a_model(12, "AO-XANH", 0)] if is_kept else []), options=("Xanh",))
    reads: list[Answer] = [ok(**BOTH), ok(**after)]
    shop, wire = a_shop({**there(said=reads), "/update_tier_variation": ok(), "/delete_model": ok()})
    run(shop.update_product(item_id="1000", draft=replace(SHIRT, variants=(SHIRT.variants[0],))))
    assert writes(wire) == ["update_tier_variation", *(["delete_model"] if is_kept else [])]
    assert body(wire.asked("/update_tier_variation")[0])["model_list"] == [{"model_id": 11, "tier_index": [0]}]
    if is_kept:
        assert body(wire.asked("/delete_model")[0]) == {"item_id": 1000, "model_id": 12}


def test_an_option_with_another_name_keeps_its_model() -> None:
    renamed = replace(SHIRT.variants[0], values=(Value("Đỏ đô"),))
    shop, wire = a_shop({**there(), "/update_tier_variation": ok()})
    run(shop.update_product(item_id="1000", draft=replace(SHIRT, variants=(renamed, SHIRT.variants[1]))))
    assert writes(wire) == ["update_tier_variation"]
    moved = body(wire.asked("/update_tier_variation")[0])
    names = [one["variation_option_name"] for one in moved["standardise_tier_variation"][0]["variation_option_list"]]
    at = {row["model_id"]: names[row["tier_index"][0]] for row in moved["model_list"]}
    assert at == {11: "Đỏ đô", 12: "Xanh"}


def test_a_variant_is_the_same_by_its_model_and_takes_its_new_sku() -> None:
    renamed = replace(SHIRT.variants[0], sku="AO-DO-MOI", model_id="11", barcode="")
    shop, wire = a_shop({**there(), "/update_model": ok()})
    run(shop.update_product(item_id="1000", draft=replace(SHIRT, variants=(renamed, SHIRT.variants[1]))))
    assert writes(wire) == ["update_model"]
    assert body(wire.asked("/update_model")[0]) == {
        "item_id": 1000, "model": [{"model_id": 11, "model_sku": "AO-DO-MOI"}],
    }  # fmt: skip


def test_another_article_in_the_same_place_takes_it_over_once_it_is_free() -> None:
    other = replace(SHIRT.variants[0], sku="AO-DO-KHAC")
    shop, wire = a_shop({**there(), "/delete_model": ok(), "/add_model": ok()})
    run(shop.update_product(item_id="1000", draft=replace(SHIRT, variants=(other, SHIRT.variants[1]))))
    assert writes(wire) == ["delete_model", "add_model"]
    assert body(wire.asked("/delete_model")[0])["model_id"] == 11


TAKE_OVER = {path: ok(success_list=[], failure_list=[]) for path in ("/update_stock", "/update_price", "/update_model")}


def test_where_every_article_is_another_one_model_becomes_the_first_of_them() -> None:
    others = tuple(replace(one, sku=f"{one.sku}-MOI", barcode="") for one in SHIRT.variants)
    after = models(a_model(11, "AO-DO-MOI", 0), a_model(12, "AO-XANH", 1))
    shop, wire = a_shop(
        {**there(said=[ok(**BOTH), ok(**after)]), **TAKE_OVER, "/delete_model": ok(), "/add_model": ok()}
    )
    run(shop.update_product(item_id="1000", draft=replace(SHIRT, variants=others)))
    posts = [
        path.rsplit("/", 1)[-1] for path, one in zip(wire.paths, wire.requests, strict=True) if one.method == "POST"
    ]
    assert posts == ["update_stock", "update_price", "update_model", "delete_model", "add_model"]
    assert body(wire.asked("/update_stock")[0])["stock_list"] == [{"model_id": 11, "seller_stock": [{"stock": 0}]}]
    assert body(wire.asked("/update_price")[0])["price_list"] == [{"model_id": 11, "original_price": 120000}]
    assert body(wire.asked("/update_model")[0])["model"] == [{"model_id": 11, "model_sku": "AO-DO-MOI"}]
    assert body(wire.asked("/delete_model")[0])["model_id"] == 12
    assert body(wire.asked("/add_model")[0])["model_list"][0]["model_sku"] == "AO-XANH-MOI"


def test_a_model_whose_stock_is_not_emptied_is_not_given_to_another_article() -> None:
    others = tuple(replace(one, sku=f"{one.sku}-MOI") for one in SHIRT.variants)
    failed_row = {"model_id": 11, "failed_reason": "stock less than reserved stock"}
    shop, wire = a_shop({**there(), **TAKE_OVER, "/update_stock": ok(success_list=[], failure_list=[failed_row])})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.update_product(item_id="1000", draft=replace(SHIRT, variants=others)))
    assert "reserved" in failed.value.params["remote_message"]
    assert writes(wire) == []


def test_another_number_of_options_makes_the_variants_anew_with_price_and_stock() -> None:
    sized = tuple(replace(one, values=(*one.values, Value("M"))) for one in SHIRT.variants)
    draft = replace(SHIRT, options=(*SHIRT.options, DraftOption("Cỡ")), variants=sized)
    shop, wire = a_shop({**there(), "/init_tier_variation": ok()})
    run(shop.update_product(item_id="1000", draft=draft))
    assert writes(wire) == ["init_tier_variation"]
    rows = body(wire.asked("/init_tier_variation")[0])["model"]
    assert [(row["tier_index"], row["original_price"], row["seller_stock"]) for row in rows] == [
        ([0, 0], 99000, [{"stock": 5}]), ([1, 0], 99000, [{"stock": 5}]),
    ]  # fmt: skip


def test_a_product_with_variants_there_does_not_become_another_one_without() -> None:
    shop, wire = a_shop({**there(), "/product/update_item": ok()})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.update_product(item_id="1000", draft=BAG))
    assert failed.value.params["remote_code"] == "has_variants"
    assert "delete_model" not in writes(wire)


@pytest.mark.parametrize(
    ("status", "is_shown", "sent"),
    [("NORMAL", False, True), ("UNLIST", True, False), ("NORMAL", True, None), ("UNLIST", False, None),
     ("REVIEWING", False, None), ("BANNED", True, None)],
)  # fmt: skip
def test_a_product_is_shown_and_hidden(status: str, is_shown: bool, sent: bool | None) -> None:
    shop, wire = a_shop(
        {
            **there({**ITEM, "item_status": status}),
            "/product/unlist_item": DONE,
            "/product/get_item_violation_info": refused("error_permission"),
        }
    )
    run(shop.update_product(item_id="1000", draft=replace(SHIRT, is_shown=is_shown)))
    rows = [body(one)["item_list"] for one in wire.asked("/unlist_item")]
    assert rows == ([] if sent is None else [[{"item_id": 1000, "unlist": sent}]])


def test_hiding_that_fails_says_why() -> None:
    failed_row = {"item_id": 1000, "failed_reason": "Can't unlist item when item is under promotion"}
    shop, _ = a_shop({**there(), "/product/unlist_item": ok(success_list=[], failure_list=[failed_row])})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.update_product(item_id="1000", draft=replace(SHIRT, is_shown=False)))
    assert "promotion" in failed.value.params["remote_message"]


@pytest.mark.parametrize("item_id", ["1000", "", "abc"])
def test_an_item_that_is_gone_is_not_updated_and_stands_nowhere(item_id: str) -> None:
    shop, wire = a_shop({"/product/get_item_base_info": ok(item_list=[{**ITEM, "item_status": "SHOPEE_DELETE"}])})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.update_product(item_id=item_id, draft=SHIRT))
    assert failed.value.params["remote_code"] == "item_not_found"
    assert run(shop.check_product(item_id=item_id, ticket="")) is None
    assert writes(wire) == []


def test_a_banned_product_says_why() -> None:
    said = ok(item_list=[{"item_id": 1000, "item_status_details": [
        {"violation_type": "Prohibited Listing", "violation_reason": "Cấm bán", "suggestion": "Gỡ ảnh"}]}])  # fmt: skip
    shop, _ = a_shop({**there({**ITEM, "item_status": "BANNED"}), "/product/get_item_violation_info": said})
    stands = run(shop.check_product(item_id="1000", ticket=""))
    assert stands is not None
    assert (stands.state, stands.reasons) == (PublishedState.REFUSED, ("Prohibited Listing: Cấm bán: Gỡ ảnh",))
    assert [one.is_active for one in stands.listings] == [False, False]


# --- whatever the reply ----------------------------------------------------------------------------------------------

JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", 0, -1, 1.5, "x", "NaN", True, [], {}, [1], [[]], {"a": 1}, [{}], [None], 10**30]
)
TREE = [
    an_attribute(
        1,
        "A",
        1,
        mandatory=True,
        info={"support_search_value": True},
        attribute_value_list=[{"value_id": 678, "name": "x", "multi_lang": []}],
        multi_lang=[],
    )
]
REPLIES: dict[str, dict[str, Any]] = {
    "/product/get_category": ok(category_list=[{"category_id": 1, "parent_category_id": 0, "has_children": False}]),
    "/product/get_attribute_tree": ok(list=[{"category_id": 100240, "attribute_tree": TREE}]),
    "/product/get_variation_tree": {**ok(), "data": {"standardise_variation_list": [
        {"variation_id": 1, "variation_name": "x", "variation_group_list": [
            {"variation_group_id": 1, "variation_option_list": [{"variation_option_id": 2}]}]}]}},
    "/product/search_attribute_value_list": ok(value_list=[{"value_id": 5, "value_name": "x"}],
                                               page_info={"cursor": 1, "has_next": False}),
    "/media_space/upload_image": ok(image_info={"image_id": "i"}),
    "/product/search_item": ok(item_id_list=[1000], next_offset=""),
    "/product/get_item_base_info": ok(item_list=[{**ITEM, "item_status": "BANNED"}]),
    "/product/get_model_list": ok(**BOTH),
    "/product/get_item_violation_info": ok(item_list=[{"item_id": 1000, "item_status_details": [
        {"violation_type": "x"}]}]),
    "/product/add_item": ok(item_id=1000),
    "/product/get_brand_list": LOOKED_UP["/product/get_brand_list"],  # type: ignore[dict-item]
    "/logistics/get_channel_list": LOOKED_UP["/logistics/get_channel_list"],  # type: ignore[dict-item]
    **{f"/product/{path}": ok() for path in (*WRITES, "update_stock", "update_price") if path != "add_item"},
}  # fmt: skip


def mangled(reply: Any, data: st.DataObject) -> Any:
    """The reply with one member, somewhere in it, gone or something else."""
    spot = reply = copy.deepcopy(reply)
    while True:
        keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        if not keys:
            return reply
        key = data.draw(st.sampled_from(keys))
        if isinstance(spot[key], dict | list) and spot[key] and data.draw(st.integers(0, 3)):
            spot = spot[key]
            continue
        if data.draw(st.booleans()):
            spot[key] = data.draw(JUNK)
        else:
            del spot[key]
        return reply


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_reply_breaks_more_than_its_own_call(data: st.DataObject) -> None:
    replies = dict(REPLIES)
    path = data.draw(st.sampled_from(sorted(replies)))
    replies[path] = mangled(replies[path], data)
    shop, _ = a_shop(dict(replies))
    draft = replace(SHIRT, variants=(replace(SHIRT.variants[0], values=(Value("Tím"),)),), name="Khác", brand="B")
    for work in (
        shop.list_categories(),
        shop.list_attributes(category_id="100240"),
        shop.upload_picture(picture=Picture(b"x", "image/png", "a.png", 1, 1)),
        shop.find_product(draft=SHIRT),
        shop.create_product(draft=SHIRT),
        shop.update_product(item_id="1000", draft=draft),
        shop.update_product(item_id="1000", draft=replace(SHIRT, variants=(replace(SHIRT.variants[0], sku="X"),))),
        shop.check_product(item_id="1000", ticket=""),
    ):
        with contextlib.suppress(Unavailable, RemoteRefused):
            run(work)


def test_every_answer_is_json_the_platform_could_read() -> None:
    shop, wire = a_shop(dict(REPLIES))
    run(shop.create_product(draft=SHIRT))
    for request in wire.requests:
        if request.method == "POST":
            assert json.loads(request.body)
