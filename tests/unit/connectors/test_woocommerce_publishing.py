"""Products published to WooCommerce, against answers composed from the engine's documented shapes."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mekong.channels.socket import ListingKey, Request, Response
from mekong.channels.socket.publishing import (
    Draft,
    DraftOption,
    DraftVariant,
    Picture,
    PublishedState,
    RemoteCategory,
    Value,
)
from mekong.connectors.woocommerce.connector import WooCommerce
from mekong.connectors.woocommerce.mapping.drafts import paragraphs
from mekong.foundation.errors import MekongError, RemoteRefused, Unavailable
from tests.unit.connectors.test_shopify_publishing import ODD, mangled, places
from tests.unit.connectors.test_woocommerce import NOW, an_account, refused, rows
from tests.unit.connectors.wire import body, query, run

FRONT, BACK, RED = (f"https://anh.example.vn/{one}.jpg" for one in ("truoc", "sau", "do"))
API = "/wp-json/wc/v3"
BATCH = "POST /products/7/variations/batch"

RED_M = DraftVariant("AO-DO-M", 99000, (Value("Đỏ"), Value("M")), barcode="8936000000018", weight_g=250, picture=RED)
RED_L = DraftVariant("AO-DO-L", 109000, (Value("Đỏ"), Value("L")), weight_g=270)
SHIRT = Draft(
    "AO", "15", "Áo thun & quần", "Vải mát.\n\nGiặt máy\n30 độ <bóng râm>", (RED_M, RED_L),
    options=(DraftOption("Màu", "1"), DraftOption("Cỡ")), attributes={"Chất liệu": (Value("Cotton"),)},
    pictures=(FRONT, BACK), brand="Cúc Áo",
)  # fmt: skip
BAG = Draft(
    "TUI", "15", "Túi vải", "Túi.",
    (DraftVariant("TUI", 50000, weight_g=100, length_mm=300, width_mm=200, height_mm=5),), pictures=(FRONT,),
)  # fmt: skip


class Shop:
    """Answers by method and path, such as "GET /products/7", and keeps what was asked. A list: one after the other."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = {name: list(said) if isinstance(said, tuple) else [said] for name, said in answers.items()}
        self.otherwise: Response | None = None
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        name = self.name(request)
        if name not in self.answers and self.otherwise:
            return self.otherwise
        said = self.answers[name]
        answer = said.pop(0) if len(said) > 1 else said[0]
        return answer if isinstance(answer, Response) else Response(200, json.dumps(answer).encode())

    @staticmethod
    def name(request: Request) -> str:
        return f"{request.method} {urlsplit(request.url).path.removeprefix(API)}"

    @property
    def calls(self) -> list[str]:
        return [self.name(request) for request in self.requests]

    @property
    def writes(self) -> list[str]:
        return [one for one in self.calls if not one.startswith("GET")]

    def sent(self, name: str) -> list[Any]:
        return [body(request) for request in self.requests if self.name(request) == name]


def meta(*urls: str) -> list[dict[str, Any]]:
    return [{"id": 3, "key": "_other", "value": {"a": 1}}, {"id": 4, "key": "_mekong_pictures", "value": list(urls)}]


def attribute(name: str, *options: str, one: int = 0, variation: bool = False) -> dict[str, Any]:
    return {"id": one, "name": name, "slug": "x", "variation": variation, "visible": True, "options": list(options)}


def variation(number: int, sku: str, colour: str, size: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": number, "sku": sku, "status": "publish", "permalink": "https://shop.example.vn/ao", "price": "99000",
        "regular_price": "99000", "manage_stock": True, "stock_quantity": 4, "image": None, "weight": "0.27",
        "dimensions": {"length": "", "width": "", "height": ""}, "meta_data": [], "global_unique_id": "",
        "attributes": [{"id": 1, "name": "Màu", "option": colour}, {"id": 0, "name": "Cỡ", "option": size}], **changes,
    }  # fmt: skip


PRODUCT: dict[str, Any] = {
    "id": 7, "type": "variable", "status": "publish", "name": "Áo thun &amp; quần", "sku": "AO",
    "permalink": "https://shop.example.vn/ao", "price": "99000", "regular_price": "", "parent_id": 0,
    "description": "<p>Vải <strong>mát</strong>.</p>\n<p>Giặt máy<br />\n30 độ &lt;bóng râm&gt;</p>\n",
    "categories": [{"id": 15, "name": "Áo", "slug": "ao"}, {"id": 99, "name": "Giảm giá"}],
    "brands": [{"id": 31, "name": "cúc áo"}],
    "images": [{"id": 71, "src": "https://shop.example.vn/u/truoc-1.jpg"}, {"id": 72, "src": "https://shop.example.vn/u/sau.jpg"}],
    "attributes": [
        attribute("Màu", "Đỏ", one=1, variation=True), attribute("Cỡ", "L", "M", variation=True),
        attribute("Chất liệu", "Cotton"), attribute("Của cửa hàng", "X"),
    ],
    "variations": [71, 72], "meta_data": meta(FRONT, BACK), "weight": "", "dimensions": {"length": ""},
    "manage_stock": False, "stock_status": "instock",
}  # fmt: skip
VARIATIONS = [
    variation(
        801, "AO-DO-M", "Đỏ", "M", weight="0.25", global_unique_id="8936000000018", meta_data=meta(RED),
        image={"id": 81, "src": "https://shop.example.vn/u/do.jpg"},
    ),
    variation(802, "AO-DO-L", "Đỏ", "L"),
]  # fmt: skip
SIMPLE: dict[str, Any] = {
    **PRODUCT, "id": 8, "type": "simple", "name": "Túi vải", "sku": "TUI", "description": "<p>Túi.</p>", "brands": [],
    "images": [{"id": 71, "src": FRONT}], "attributes": [], "meta_data": [], "weight": "0.1", "variations": [],
    "dimensions": {"length": "30", "width": "20", "height": "0.5"}, "manage_stock": True, "stock_quantity": 0,
}  # fmt: skip
SETTINGS = rows(
    {"id": "woocommerce_weight_unit", "value": "kg"},
    {"id": "woocommerce_dimension_unit", "value": "cm"},
    {"id": "woocommerce_shop_page_id", "value": 5},
)
DONE = {"create": [{"id": 803}], "update": [{"id": 801}]}
MADE = {**PRODUCT, "status": "draft", "images": [], "meta_data": [], "brands": [], "variations": []}
ANSWERS: dict[str, Any] = {
    "GET /settings/products": SETTINGS,
    "GET /products/categories": rows(
        {"id": 16, "name": "Áo &amp; quần", "parent": 15}, {"id": 15, "name": "Thời trang", "parent": 0}
    ),
    "GET /products": rows(),
    "GET /products/7": PRODUCT,
    "GET /products/7/variations": rows(*VARIATIONS),
    "GET /products/8": SIMPLE,
    "GET /products/brands": rows({"id": 30, "name": "Cúc Áo 2"}, {"id": 31, "name": "CÚC ÁO"}),
    "POST /products": MADE,
    "POST /products/brands": {"id": 44, "name": "Cúc Áo"},
    "PUT /products/7": PRODUCT,
    "PUT /products/8": SIMPLE,
    BATCH: DONE,
    "POST /products/8/variations/batch": DONE,
}


def a_shop(answers: Mapping[str, Any] | None = None) -> tuple[WooCommerce, Shop]:
    wire = Shop({**ANSWERS, **(answers or {})})
    return WooCommerce(an_account(), wire, clock=lambda: NOW, nonce=lambda: "n1"), wire


# --- categories, attributes, pictures --------------------------------------------------------------------------------


def test_the_shops_own_categories_are_read_page_by_page_and_parents_come_first() -> None:
    pages = (
        rows({"id": 16, "name": "Áo &amp; quần", "parent": 15}, {"id": 17, "name": "Lạc", "parent": 999}, x_wp_totalpages="2"),
        rows({"id": 15, "name": "Thời trang", "parent": 0}, x_wp_totalpages="2"),
    )  # fmt: skip
    shop, wire = a_shop({"GET /products/categories": pages})
    assert run(shop.list_categories()) == [
        RemoteCategory("17", "Lạc"),
        RemoteCategory("15", "Thời trang"),
        RemoteCategory("16", "Áo & quần", "15"),
    ]
    assert [query(request)["page"] for request in wire.requests] == ["1", "2"]


def test_pages_that_never_end_are_left() -> None:
    again = rows({"id": 15, "name": "A", "parent": 15}, x_wp_totalpages="9999")
    shop, wire = a_shop({"GET /products/categories": again})
    assert run(shop.list_categories()) == [RemoteCategory("15", "A")]
    assert len(wire.requests) == 2


def test_nothing_is_asked_of_products() -> None:
    shop, wire = a_shop()
    assert run(shop.list_attributes(category_id="15")) == []
    assert not wire.requests


def test_a_picture_is_named_by_its_address_and_needs_one() -> None:
    shop, wire = a_shop()
    picture = Picture(b"x", "image/png", "a.png", 1, 1, FRONT)
    assert run(shop.upload_picture(picture=picture)) == FRONT
    with pytest.raises(RemoteRefused) as said:
        run(shop.upload_picture(picture=replace(picture, url="")))
    assert said.value.params["remote_code"] == "picture_url_needed"
    assert not wire.requests


# --- find ------------------------------------------------------------------------------------------------------------


def row(number: int, sku: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "sku": sku, "type": "simple", "status": "publish", **more}


def test_a_product_is_found_by_the_skus_of_its_variations() -> None:
    of = {"type": "variation", "parent_id": 7}
    answer = rows(row(5, "AO-DO-L"), row(802, "AO-DO-L", **of), row(801, "AO-DO-M", **of), row(4, "AO"))
    shop, wire = a_shop({"GET /products": answer})
    found = run(shop.find_product(draft=SHIRT))
    assert query(wire.requests[0])["sku"] == "AO-DO-M,AO-DO-L,AO"
    assert found is not None
    assert (found.item_id, found.state, found.url) == ("7", PublishedState.LIVE, "https://shop.example.vn/ao")
    assert [(one.key, one.sku, one.quantity) for one in found.listings] == [
        (ListingKey("7", "801"), "AO-DO-M", 4),
        (ListingKey("7", "802"), "AO-DO-L", 4),
    ]


def test_a_product_made_by_half_is_found_by_its_code() -> None:
    shop, _ = a_shop({"GET /products": rows(row(7, "AO", type="variable")), "GET /products/7": MADE,
                      "GET /products/7/variations": rows()})  # fmt: skip
    found = run(shop.find_product(draft=SHIRT))
    assert found is not None
    assert (found.item_id, found.state, found.listings) == ("7", PublishedState.HIDDEN, [])


@pytest.mark.parametrize(
    "answer", [rows(), rows(row(7, "ao-do-m")), rows(row(7, "AO")), rows(row(7, "AO-DO-M", status="trash"))]
)
def test_none_is_found_where_none_carries_one_of_the_skus(answer: Response) -> None:
    shop, wire = a_shop({"GET /products": answer})
    assert run(shop.find_product(draft=SHIRT)) is None
    assert wire.calls == ["GET /products"]


def test_skus_are_asked_for_in_parts_and_one_with_a_comma_by_itself() -> None:
    many = [replace(RED_M, sku=f"S{one}") for one in range(50)]
    shop, wire = a_shop()
    run(shop.find_product(draft=replace(SHIRT, code="S1", variants=[*many, replace(RED_L, sku="A,B")])))
    asked = [query(request)["sku"] for request in wire.requests]
    assert [len(one.split(",")) for one in asked] == [40, 10, 2]
    assert asked[2] == "A,B"


# --- create ----------------------------------------------------------------------------------------------------------


def test_a_product_with_variants_is_made_hidden_filled_and_then_shown() -> None:
    ready = {**PRODUCT, "status": "draft"}
    shop, wire = a_shop(
        {
            "PUT /products/7": (ready, PRODUCT),
            BATCH: {"create": [{"id": 801}, {"id": 802}]},
        }
    )
    made = run(shop.create_product(draft=SHIRT))
    assert wire.writes == ["POST /products", "PUT /products/7", BATCH, "PUT /products/7"]
    (first,) = wire.sent("POST /products")
    assert first == {
        "type": "variable", "status": "draft", "name": "Áo thun & quần", "sku": "AO", "categories": [{"id": 15}],
        "description": "<p>Vải mát.</p>\n<p>Giặt máy<br />30 độ &lt;bóng râm&gt;</p>",
        "attributes": [
            {"id": 1, "variation": True, "visible": True, "options": ["Đỏ"]},
            {"name": "Cỡ", "variation": True, "visible": True, "options": ["M", "L"]},
            {"name": "Chất liệu", "variation": False, "visible": True, "options": ["Cotton"]},
        ],
    }  # fmt: skip
    filled, shown = wire.sent("PUT /products/7")
    assert filled == {
        "brands": [{"id": 31}],
        "images": [{"src": FRONT}, {"src": BACK}],
        "meta_data": [{"key": "_mekong_pictures", "value": [FRONT, BACK]}],
    }
    assert shown == {"status": "publish"}
    (batch,) = wire.sent(BATCH)
    assert batch == {
        "create": [
            {
                "sku": "AO-DO-M", "regular_price": "99000", "manage_stock": True, "stock_quantity": 0, "weight": "0.25",
                "global_unique_id": "8936000000018", "image": {"src": RED},
                "attributes": [{"id": 1, "option": "Đỏ"}, {"name": "Cỡ", "option": "M"}],
                "meta_data": [{"key": "_mekong_pictures", "value": [RED]}],
            },
            {
                "sku": "AO-DO-L", "regular_price": "109000", "manage_stock": True, "stock_quantity": 0, "weight": "0.27",
                "attributes": [{"id": 1, "option": "Đỏ"}, {"name": "Cỡ", "option": "L"}],
            },
        ]
    }  # fmt: skip
    assert (made.state, made.item_id, len(made.listings)) == (PublishedState.LIVE, "7", 2)


def test_a_product_without_variants_carries_price_and_measures_itself() -> None:
    shop, wire = a_shop({"POST /products": {**SIMPLE, "status": "draft", "images": []}})
    made = run(shop.create_product(draft=BAG))
    (first,) = wire.sent("POST /products")
    assert (first["type"], first["sku"], first["regular_price"], first["stock_quantity"]) == (
        "simple",
        "TUI",
        "50000",
        0,
    )
    assert (first["weight"], first["dimensions"]) == ("0.1", {"length": "30", "width": "20", "height": "0.5"})
    (filled,) = wire.sent("PUT /products/8")
    assert (filled["images"], filled["status"]) == ([{"src": FRONT}], "publish")
    assert [(one.key, one.sku) for one in made.listings] == [(ListingKey("8"), "TUI")]


def test_a_picture_of_a_variant_that_the_product_has_too_is_copied_once() -> None:
    draft = replace(SHIRT, variants=(replace(RED_M, picture=BACK), RED_L))
    shop, wire = a_shop({"PUT /products/7": ({**PRODUCT, "status": "draft"}, PRODUCT)})
    run(shop.create_product(draft=draft))
    assert wire.sent(BATCH)[0]["create"][0]["image"] == {"id": 72}


def test_a_hidden_product_stays_hidden() -> None:
    shop, wire = a_shop({"POST /products": MADE, "GET /products/7": {**PRODUCT, "status": "draft"}})
    assert run(shop.create_product(draft=replace(SHIRT, is_shown=False))).state is PublishedState.HIDDEN
    assert all("status" not in said for said in wire.sent("PUT /products/7"))


@pytest.mark.parametrize(
    "answer",
    [rows({"id": "woocommerce_weight_unit", "value": "stone"}), refused("woocommerce_rest_cannot_view", "no", 403),
     refused("rest_no_route", "no", 404)],
)  # fmt: skip
def test_measures_are_left_out_where_the_shop_does_not_say_its_units(answer: Response) -> None:
    shop, wire = a_shop({"GET /settings/products": answer, "POST /products": SIMPLE})
    run(shop.create_product(draft=BAG))
    assert not {"weight", "dimensions"} & set(wire.sent("POST /products")[0])


def test_units_are_asked_for_once_and_only_when_needed() -> None:
    shop, wire = a_shop()
    bare = replace(SHIRT, variants=[replace(one, weight_g=None) for one in SHIRT.variants])
    run(shop.update_product(item_id="7", draft=bare))
    assert "GET /settings/products" not in wire.calls
    run(shop.update_product(item_id="7", draft=SHIRT))
    run(shop.update_product(item_id="7", draft=SHIRT))
    assert wire.calls.count("GET /settings/products") == 1


def test_a_brand_is_taken_from_the_shops_or_made_or_is_an_attribute_where_there_are_none() -> None:
    made = {
        "GET /products/brands": rows({"id": 30, "name": "Khác"}),
        "POST /products/brands": {"id": 44, "name": "Cúc Áo"},
    }
    shop, wire = a_shop(made)
    run(shop.create_product(draft=SHIRT))
    assert wire.sent("POST /products/brands") == [{"name": "Cúc Áo"}]
    assert wire.sent("PUT /products/7")[0]["brands"] == [{"id": 44}]
    without = {name: value for name, value in MADE.items() if name != "brands"}
    shop, wire = a_shop({"POST /products": without})
    run(shop.create_product(draft=SHIRT))
    sent = wire.sent("PUT /products/7")[0]
    assert "brands" not in sent
    assert {"name": "Thương hiệu", "variation": False, "visible": True, "options": ["Cúc Áo"]} in sent["attributes"]


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ({"POST /products": refused("product_invalid_sku", "Invalid or duplicated SKU.")}, RemoteRefused, "product_invalid_sku"),
        ({"POST /products": Response(504, b"")}, Unavailable, None),
        ({"PUT /products/7": refused("woocommerce_product_image_upload_error", "no")}, RemoteRefused,
         "woocommerce_product_image_upload_error"),
        ({BATCH: {"create": [{"id": 1}, {"id": 0, "error": {"code": "c", "data": {"status": 400}}}]}}, RemoteRefused, "c"),
        ({BATCH: {"create": [{"id": 0, "error": {"code": "c", "data": {"status": 503}}}]}}, Unavailable, "c"),
        ({BATCH: []}, Unavailable, None),
        ({"POST /products": []}, Unavailable, None),
        ({"POST /products": {"id": "../x"}}, Unavailable, None),
        ({"GET /products/7": refused("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)}, Unavailable, None),
        ({"GET /settings/products": refused("x", "no", 400)}, RemoteRefused, "x"),
    ],
)  # fmt: skip
def test_what_the_shop_refuses_is_said(answers: dict[str, Any], kind: type[MekongError], code: str | None) -> None:
    shop, _ = a_shop(answers)
    with pytest.raises(kind) as said:
        run(shop.create_product(draft=SHIRT))
    assert said.value.params.get("remote_code") == code


def test_a_product_made_by_half_is_finished_by_an_update() -> None:
    shop, wire = a_shop(
        {
            "GET /products/7": (MADE, PRODUCT),
            "GET /products/7/variations": (rows(VARIATIONS[1]), rows(*VARIATIONS)),
            "PUT /products/7": ({**PRODUCT, "status": "draft"}, PRODUCT),
        }
    )
    assert run(shop.update_product(item_id="7", draft=SHIRT)).state is PublishedState.LIVE
    assert [one["sku"] for one in wire.sent(BATCH)[0]["create"]] == ["AO-DO-M"]
    assert wire.sent("PUT /products/7")[-1] == {"status": "publish"}
    assert "POST /products" not in wire.calls


# --- update ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item_id", "draft"),
    [("7", SHIRT), ("7", replace(SHIRT, brand="", category_id="", pictures=(), attributes={})), ("8", BAG)],
)
def test_what_is_as_in_the_draft_is_not_written_again(item_id: str, draft: Draft) -> None:
    shop, wire = a_shop()
    assert run(shop.update_product(item_id=item_id, draft=draft)).state is PublishedState.LIVE
    assert not wire.writes


@pytest.mark.parametrize(
    ("draft", "sent"),
    [
        (replace(SHIRT, name="Áo mới"), {"name": "Áo mới"}),
        (replace(SHIRT, description="Khác"), {"description": "<p>Khác</p>"}),
        (replace(SHIRT, category_id="16"), {"categories": [{"id": 16}]}),
        (replace(SHIRT, is_shown=False), {"status": "draft"}),
        (replace(SHIRT, pictures=(BACK, RED)), {
            "images": [{"id": 72}, {"src": RED}], "meta_data": [{"key": "_mekong_pictures", "value": [BACK, RED]}]}),
    ],
)  # fmt: skip
def test_only_what_differs_is_sent(draft: Draft, sent: dict[str, Any]) -> None:
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=draft))
    assert wire.writes == ["PUT /products/7"]
    assert wire.sent("PUT /products/7") == [sent]


def test_an_option_is_the_shops_attribute_of_the_same_name() -> None:
    options = (DraftOption("màu"), DraftOption("Cỡ"))
    blue = replace(RED_L, sku="AO-XANH-L", values=(Value("Xanh"), Value("L")))
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=replace(SHIRT, options=options)))
    assert not wire.writes
    run(shop.update_product(item_id="7", draft=replace(SHIRT, options=options, variants=(*SHIRT.variants, blue))))
    assert wire.sent("PUT /products/7")[0]["attributes"][0] == {
        "id": 1, "variation": True, "visible": True, "options": ["Đỏ", "Xanh"],
    }  # fmt: skip
    assert wire.sent(BATCH)[0]["create"][0]["attributes"] == [
        {"id": 1, "option": "Xanh"},
        {"name": "Cỡ", "option": "L"},
    ]


def test_an_attribute_of_the_shops_own_stays() -> None:
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=replace(SHIRT, attributes={"Chất liệu": (Value("Len"),)})))
    sent = wire.sent("PUT /products/7")[0]["attributes"]
    assert [(one.get("name", one.get("id")), one["options"]) for one in sent] == [
        (1, ["Đỏ"]), ("Cỡ", ["M", "L"]), ("Chất liệu", ["Len"]), ("Của cửa hàng", ["X"]),
    ]  # fmt: skip


def test_a_variant_is_added_one_is_switched_off_and_those_that_stay_keep_price_and_stock() -> None:
    blue = DraftVariant("AO-XANH-M", 119000, (Value("Xanh"), Value("M")))
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=replace(SHIRT, variants=(replace(RED_M, weight_g=300), blue))))
    assert wire.writes == ["PUT /products/7", BATCH]
    assert [one["options"] for one in wire.sent("PUT /products/7")[0]["attributes"][:2]] == [["Đỏ", "Xanh"], ["M"]]
    (batch,) = wire.sent(BATCH)
    assert batch["update"] == [{"id": 802, "status": "private"}, {"id": 801, "weight": "0.3"}]
    assert [(one["sku"], one["regular_price"], one["stock_quantity"]) for one in batch["create"]] == [
        ("AO-XANH-M", "119000", 0)
    ]


def test_what_was_switched_off_stays_so_without_a_call_and_comes_back() -> None:
    off = rows(VARIATIONS[0], {**VARIATIONS[1], "status": "private"})
    one = {
        **PRODUCT,
        "attributes": [attribute("Màu", "Đỏ", one=1, variation=True), attribute("Cỡ", "M", variation=True)],
    }
    shop, wire = a_shop({"GET /products/7/variations": off, "GET /products/7": one})
    run(shop.update_product(item_id="7", draft=replace(SHIRT, variants=(RED_M,), attributes={})))
    assert not wire.writes
    shop, wire = a_shop({"GET /products/7/variations": off})
    run(shop.update_product(item_id="7", draft=SHIRT))
    assert wire.sent(BATCH) == [{"update": [{"id": 802, "status": "publish"}]}]


def test_a_variant_is_known_by_its_listing_before_its_sku() -> None:
    shop, wire = a_shop()
    variants = (replace(RED_M, sku="AO-MOI", model_id="801"), RED_L)
    run(shop.update_product(item_id="7", draft=replace(SHIRT, variants=variants)))
    assert wire.sent(BATCH) == [{"update": [{"id": 801, "sku": "AO-MOI"}]}]


def test_a_variant_has_one_value_for_each_option() -> None:
    shop, wire = a_shop()
    for work in (shop.create_product, lambda draft: shop.update_product(item_id="7", draft=draft)):
        with pytest.raises(ValueError, match="AO-DO-M"):
            run(work(draft=replace(SHIRT, options=SHIRT.options[:1])))
    assert not wire.requests


def test_many_variations_go_in_calls_of_a_hundred() -> None:
    sizes = [replace(RED_L, sku=f"S{one}", values=(Value("Đỏ"), Value(str(one)))) for one in range(150)]
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=replace(SHIRT, variants=sizes)))
    assert [sum(map(len, one.values())) for one in wire.sent(BATCH)] == [100, 52]


def test_a_product_gets_its_first_variants_and_loses_them_again() -> None:
    draft = replace(SHIRT, variants=(replace(RED_M, sku="TUI"), RED_L), brand="", pictures=())
    shop, wire = a_shop({"PUT /products/8": {**PRODUCT, "id": 8}})
    run(shop.update_product(item_id="8", draft=draft))
    changed = wire.sent("PUT /products/8")[0]
    assert (changed["type"], changed["sku"], changed["manage_stock"]) == ("variable", "AO", False)
    assert [one["sku"] for one in wire.sent("POST /products/8/variations/batch")[0]["create"]] == ["TUI", "AO-DO-L"]

    shop, wire = a_shop({BATCH: {"delete": [{"id": 801}, {"id": 802}]}})
    run(shop.update_product(item_id="7", draft=replace(BAG, pictures=(FRONT, BACK))))
    assert wire.writes == [BATCH, "PUT /products/7"]
    assert wire.sent(BATCH) == [{"delete": [801, 802]}]
    changed = wire.sent("PUT /products/7")[0]
    assert (changed["type"], changed["sku"], changed["regular_price"], changed["stock_quantity"]) == (
        "simple",
        "TUI",
        "50000",
        0,
    )


@pytest.mark.parametrize("item_id", ["7", "", "x", "7/../8"])
@pytest.mark.parametrize(
    "answer", [refused("woocommerce_rest_product_invalid_id", "Invalid ID.", 404), {**PRODUCT, "status": "trash"}]
)
def test_a_product_that_is_gone_is_refused_and_known_no_more(item_id: str, answer: Any) -> None:
    shop, wire = a_shop({"GET /products/7": answer})
    with pytest.raises(RemoteRefused) as said:
        run(shop.update_product(item_id=item_id, draft=SHIRT))
    assert said.value.params["remote_code"] == "unknown_product"
    assert run(shop.check_product(item_id=item_id, ticket="")) is None
    assert not wire.writes


def test_a_product_that_sells_nothing_itself_is_left_alone() -> None:
    shop, wire = a_shop({"GET /products/7": {**PRODUCT, "type": "grouped"}})
    with pytest.raises(RemoteRefused):
        run(shop.update_product(item_id="7", draft=SHIRT))
    assert not wire.writes


@pytest.mark.parametrize(
    ("status", "state"),
    [("publish", PublishedState.LIVE), ("draft", PublishedState.HIDDEN), ("private", PublishedState.HIDDEN)],
)
def test_a_product_is_told_as_it_stands(status: str, state: PublishedState) -> None:
    shop, _ = a_shop({"GET /products/7": {**PRODUCT, "status": status}})
    said = run(shop.check_product(item_id="7", ticket=""))
    assert said is not None
    assert (said.state, {one.is_active for one in said.listings}) == (state, {state is PublishedState.LIVE})


# --- hostile answers -------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.data(), ODD)
def test_no_answer_makes_it_fall_over(draw: st.DataObject, odd: Any) -> None:
    plain = {name: json.loads(said.body) if isinstance(said, Response) else said for name, said in ANSWERS.items()}
    plain["GET /products"] = [row(801, "AO-DO-M", type="variation", parent_id=7)]
    name = draw.draw(st.sampled_from(sorted(plain)))
    broken = mangled(copy.deepcopy(plain[name]), draw.draw(st.sampled_from(places(plain[name]))), odd)
    answers = {**plain, name: Response(200, json.dumps(broken).encode())}
    shop, wire = a_shop(answers)
    wire.otherwise = refused("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)
    for work in (
        shop.list_categories(),
        shop.find_product(draft=SHIRT),
        shop.create_product(draft=SHIRT),
        shop.update_product(item_id="7", draft=replace(SHIRT, pictures=(RED,), brand="Mới")),
        shop.update_product(item_id="8", draft=BAG),
        shop.check_product(item_id="7", ticket=""),
    ):
        try:
            run(work)
        except MekongError:
            continue
    assert all(urlsplit(request.url).path.startswith(f"{API}/") for request in wire.requests)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("a\r\nb\r\n\r\n\r\nc", "<p>a<br />b</p>\n<p>c</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
    ],
)
def test_a_description_stays_text(text: str, html: str) -> None:
    assert paragraphs(text) == html
