"""Products asked for and changed at Tiki, against answers composed from the platform's documented shapes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mekong.channels.socket import ListingKey, PublishesProducts, RemoteListing, Request, Response
from mekong.channels.socket.publishing import (
    AttributeKind,
    Draft,
    DraftOption,
    DraftVariant,
    Picture,
    Published,
    PublishedState,
    RemoteAttribute,
    RemoteCategory,
    RemoteChoice,
    Value,
)
from mekong.channels.socket.wire import present
from mekong.connectors.tiki.connector import Tiki
from mekong.connectors.tiki.mapping.drafts import creation, rich, stands, words
from mekong.connectors.tiki.mapping.publishing import Standing, reasons
from mekong.foundation.errors import MekongError, RemoteRefused, Unavailable
from tests.unit.connectors.test_tiki import NOW, an_account, refused
from tests.unit.connectors.wire import Answer, Wire, body, query, run

TRACK = "c3587ec50976497f837461e0c2ea3da5"
QUEUED = {"track_id": TRACK, "state": "queuing"}
UNKNOWN = refused(404, "not found")
WAREHOUSES = {"data": [{"id": 1034, "status": 1}, {"id": 1015, "status": 1}]}
BRANDS = {"data": [{"id": 50583, "value": "Cotton House", "attribute_code": "brand"}, {"id": 5, "value": "COTTON"}]}
TREE = [
    {"id": 852, "name": "Áo thun", "parent_id": 27, "is_primary": True, "is_product_listing_enabled": True},
    {"id": 27, "name": "Áo", "parent_id": 915, "is_primary": False},
    {"id": 915, "name": "Thời trang nữ", "parent_id": 2, "is_primary": False},
    {"id": 853, "name": "Áo cũ", "parent_id": 27, "is_primary": True, "is_product_listing_enabled": False},
]
ATTRIBUTES = [
    {"id": 560, "code": "origin", "display_name": "Xuất xứ", "is_required": True, "input_type": "select", "data_type": "int"},
    {"id": 561, "code": "bulky", "display_name": "Hàng cồng kềnh", "is_required": 1, "input_type": "boolean"},
    {"id": 562, "code": "material", "display_name": "Chất liệu", "is_required": False, "input_type": "multiselect",
     "values": ["Cotton", "Lụa"], "is_custom_value": False},
    {"id": 563, "code": "expiry", "display_name": "Hạn dùng", "input_type": "date"},
    {"id": 564, "code": "layers", "display_name": "Số lớp", "input_type": "text", "data_type": "decimal",
     "units": ["lớp"]},
    {"id": 565, "code": "care", "display_name": None, "input_type": "textarea"},
    {"id": 566, "code": "color", "display_name": "Màu", "input_type": "text"},
    {"id": 603, "code": "brand", "display_name": "Thương hiệu", "is_required": True, "input_type": "select"},
    {"id": 610, "code": "product_weight_kg", "display_name": "Cân nặng", "is_required": True, "input_type": "text"},
    {"id": 611, "code": "image", "display_name": "Ảnh", "input_type": "media_image"},
]  # fmt: skip

DRAFT = Draft(
    code="AO",
    category_id="852",
    name="Áo thun cotton cổ tròn",
    description="Vải mát & nhẹ\nGiặt máy\n\nBảo hành < 7 ngày",
    options=[DraftOption("Màu", "color"), DraftOption("size")],
    variants=[
        DraftVariant("AO-DO-M", 99000, [Value("Đỏ"), Value("M")], "", 250, 300, 205, 20, "https://shop.vn/do.jpg"),
        DraftVariant("AO-XANH-M", 109000, [Value("Xanh"), Value("M")], "", 300, 300, 200, 25),
    ],
    attributes={"origin": [Value("Việt Nam", "7")], "material": [Value("Cotton"), Value("Lụa")], "bulky": [Value("false")]},
    pictures=["https://shop.vn/1.jpg", "https://shop.vn/2.jpg"],
    brand="cotton",
)  # fmt: skip
DO, XANH = 2071618, 2071619


def a_product(number: int = DO, sku: str = "AO-DO-M", colour: str = "Đỏ", **changes: Any) -> dict[str, Any]:
    """A variant as the platform shows it when it was made of the draft."""
    return {
        "product_id": number,
        "sku": "8412345678901",
        "original_sku": sku,
        "name": f"{DRAFT.name} - {colour} - M",
        "master_id": 2071000,
        "super_id": 2071600,
        "type": "simple",
        "entity_type": "seller_simple",
        "active": 1,
        "price": 99000,
        "thumbnail": "https://salt.example/t.jpg",
        "images": [{"id": 1, "url": "https://salt.example/1.jpg"}, {"id": 2, "url": "https://salt.example/2.jpg"}],
        "inventory": {"inventory_type": "dropship", "quantity_available": 5, "quantity_sellable": 4},
        "attributes": {
            "description": "<p>Vải mát &amp; nhẹ<br />Giặt máy</p> <p>Bảo hành &lt; 7 ngày</p>",
            "origin": "Việt Nam",
            "material": {"attribute_code": "material", "value": ["Lụa", "Cotton"]},
            "bulky": {"attribute_code": "bulky", "value": 0},
            "brand": {"attribute_code": "brand", "value": 5},
            "product_weight_kg": "0.25" if number == DO else "0.30",
        },
        **changes,
    }


RED, BLUE = a_product(), a_product(XANH, "AO-XANH-M", "Xanh")
TOP = {"product_id": 2071600, "name": DRAFT.name, "type": "configurable", "entity_type": "seller_configurable"}
SAID = [
    RemoteListing(ListingKey(str(number)), sku, f"{DRAFT.name} - {colour} - M", 4, 99000, image_url="https://salt.example/t.jpg")
    for number, sku, colour in ((DO, "AO-DO-M", "Đỏ"), (XANH, "AO-XANH-M", "Xanh"))
]  # fmt: skip


def a_page(*rows: Any) -> dict[str, Any]:
    return {"data": list(rows), "paging": {"total": len(rows), "current_page": 1, "last_page": 1}}


class Desk(Wire):
    """A wire that answers by SKU too: what is asked of one is answered under its path."""

    async def send(self, request: Request) -> Response:
        sku = query(request).get("original_sku", "")
        return await super().send(replace(request, url=f"{request.url}/{sku}") if sku else request)


def a_stall(**answers: Answer | list[Answer]) -> tuple[Tiki, Desk]:
    """A seller with both variants on sale, unless told otherwise, and no request under way."""
    usual: dict[str, Answer | list[Answer]] = {
        "/sellers/me/warehouses": WAREHOUSES,
        "/attributes/603/values": BRANDS,
        "/findBy/AO-DO-M": a_page(RED),
        "/findBy/AO-XANH-M": a_page(BLUE),
        f"/products/{DO}": RED,
        f"/products/{XANH}": BLUE,
        "/products/2071600": TOP,
        "/v2.1/products": a_page(TOP, RED, BLUE, a_product(5, "KHAC", super_id=0)),
        "/v2/requests": a_page(),
        "/v2/tracking": [json.dumps([]).encode()],
        f"/tracking/{TRACK}": QUEUED,
        "/v2.1/requests": QUEUED,
        "/requests/updateProductInfo": QUEUED,
        "/updateSku": {"state": "approved"},
    }
    wire = Desk({**answers, **{path: said for path, said in usual.items() if path not in answers}})
    return Tiki(an_account(), wire, clock=lambda: NOW), wire


def writes(wire: Wire) -> list[Request]:
    return [one for one in wire.requests if one.method != "GET"]


# --- what it asks ----------------------------------------------------------------------------------------------------


def test_a_tree_that_comes_whole_is_asked_for_once() -> None:
    shop, wire = a_stall(**{"/v2/categories": a_page(*TREE)})
    assert run(shop.list_categories()) == [
        RemoteCategory("915", "Thời trang nữ", "", is_leaf=False),
        RemoteCategory("27", "Áo", "915", is_leaf=False),
        RemoteCategory("852", "Áo thun", "27", is_leaf=True),
    ]
    assert [query(one) for one in wire.requests] == [{"lang": "vi", "page": "1"}]


def test_a_tree_that_comes_by_storeys_is_walked() -> None:
    storeys: list[Answer] = [
        json.dumps([{"id": 915, "name": "Nữ", "parent": 2, "primary": 0}]).encode(),
        json.dumps([{"id": 852, "name": "Áo", "parent": 915, "primary": 1}]).encode(),
    ]
    shop, wire = a_stall(**{"/v2/categories": storeys})
    assert [(one.id, one.parent_id, one.is_leaf) for one in run(shop.list_categories())] == [
        ("915", "", False), ("852", "915", True),
    ]  # fmt: skip
    assert [query(one).get("parent") for one in wire.requests] == [None, "915"]


def test_what_a_category_asks() -> None:
    countries = a_page({"id": 7, "value": "Việt Nam", "attribute_code": "origin"}, {"id": 8, "value": ""})
    shop, wire = a_stall(
        **{
            "/categories/852/attributes": a_page(*ATTRIBUTES),
            "/categories/852/optionLabels": a_page({"option_label": "color"}, {"code": "size", "label": "Cỡ"}),
            "/attributes/560/values": countries,
        }
    )
    assert run(shop.list_attributes(category_id="852")) == [
        RemoteAttribute("color", "color", is_option=True),
        RemoteAttribute("size", "Cỡ", is_option=True),
        RemoteAttribute(
            "origin", "Xuất xứ", AttributeKind.CHOICE, is_required=True, choices=(RemoteChoice("7", "Việt Nam"),),
            takes_own_words=False,
        ),
        RemoteAttribute("bulky", "Hàng cồng kềnh", AttributeKind.BOOL, is_required=True),
        RemoteAttribute(
            "material", "Chất liệu", AttributeKind.CHOICES,
            choices=(RemoteChoice("Cotton", "Cotton"), RemoteChoice("Lụa", "Lụa")), takes_own_words=False,
        ),
        RemoteAttribute("expiry", "Hạn dùng", AttributeKind.DATE),
        RemoteAttribute("layers", "Số lớp", AttributeKind.NUMBER, units=("lớp",)),
        RemoteAttribute("care", "care"),
    ]  # fmt: skip
    assert not wire.asked("/attributes/603/values")


def test_an_attribute_with_more_values_than_are_read_takes_own_words() -> None:
    many = {"data": [{"id": 7, "value": "Việt Nam"}], "paging": {"last_page": 900}}
    asks = a_page(ATTRIBUTES[0])
    shop, wire = a_stall(**{"/852/attributes": asks, "/560/values": many}, **{"/optionLabels": UNKNOWN})
    (origin,) = run(shop.list_attributes(category_id="852"))
    assert origin.takes_own_words
    assert len(wire.asked("/attributes/560/values")) == 5


def test_a_category_that_is_none() -> None:
    shop, wire = a_stall(**{"/optionLabels": UNKNOWN, "/attributes": refused(404, "Category not found id: 1")})
    for category_id in ("1", "ao"):
        with pytest.raises(RemoteRefused):
            run(shop.list_attributes(category_id=category_id))
    assert len(wire.requests) == 2


def test_pictures_are_fetched_by_the_platform() -> None:
    shop, wire = a_stall()
    picture = Picture(b"x", "image/png", "x.png", 500, 500, "https://shop.vn/1.jpg")
    assert run(shop.upload_picture(picture=picture)) == "https://shop.vn/1.jpg"
    with pytest.raises(RemoteRefused) as failed:
        run(shop.upload_picture(picture=replace(picture, url="")))
    assert failed.value.params["remote_code"] == "picture_url_needed"
    assert wire.requests == []


# --- found -----------------------------------------------------------------------------------------------------------


def test_a_product_is_found_by_its_skus() -> None:
    shop, _ = a_stall()
    assert run(shop.find_product(draft=DRAFT)) == Published(PublishedState.LIVE, str(DO), listings=tuple(SAID))


def test_what_another_seller_or_nobody_has_is_not_found() -> None:
    shop, _ = a_stall(
        **{
            "/findBy/AO-DO-M": a_page(a_product(type="simple", entity_type="master_simple")),
            "/findBy/AO-XANH-M": a_page(a_product(sku="AO-XANH-M-2")),
        }
    )
    assert run(shop.find_product(draft=DRAFT)) is None


def test_a_review_under_way_is_found() -> None:
    row = {"request_id": "112", "state": "awaiting_approve", "products": [{"original_sku": "AO-DO-M"}]}
    done = {**row, "request_id": "113", "state": "approved"}
    shop, wire = a_stall(
        **{"/findBy/AO-DO-M": UNKNOWN}, **{"/findBy/AO-XANH-M": a_page(), "/v2/requests": a_page(done, row)}
    )
    assert run(shop.find_product(draft=DRAFT)) == Published(PublishedState.REVIEWING, ticket="r112")
    assert query(wire.asked("/v2/requests")[0])["include"] == "products"


NOBODY: dict[str, Answer] = {"/findBy/AO-DO-M": UNKNOWN, "/findBy/AO-XANH-M": a_page()}


def test_a_request_that_is_not_read_yet_is_found_by_who_made_it() -> None:
    shop, wire = a_stall(**NOBODY)
    ticket = run(shop.create_product(draft=DRAFT)).ticket
    assert run(shop.find_product(draft=DRAFT)) == Published(PublishedState.REVIEWING, ticket=ticket)
    other = replace(DRAFT, variants=[DraftVariant("KHAC", 1000)])
    wire.answers["/findBy/KHAC"] = [a_page()]
    wire.answers["/v2/tracking"] = [json.dumps([QUEUED]).encode()]
    assert run(shop.find_product(draft=other)) is None


def test_while_a_request_of_unknown_content_is_queued_nothing_is_said_to_be_missing() -> None:
    """Its answer may have been lost on the way to us."""
    queued = json.dumps([QUEUED, {"track_id": "b", "state": "approved", "request_id": "1"}]).encode()
    row = {"request_id": "112", "track_id": TRACK, "state": "processing", "products": []}
    for answers in ({"/v2/tracking": queued}, {"/v2/requests": a_page(row), "/v2/tracking": UNKNOWN}):
        shop, wire = a_stall(**NOBODY, **answers)
        with pytest.raises(Unavailable):
            run(shop.find_product(draft=DRAFT))
        with pytest.raises(Unavailable):
            update(shop, replace(DRAFT, variants=DRAFT.variants[:1]))
        assert writes(wire) == []
    tracking = next(one for one in wire.requests if one.url.endswith("/v2/tracking"))
    assert query(tracking)["created_at_min"] == "2026-11-22 09:00:00"


class Moving(Desk):
    """A request of some variants that moves on meanwhile: read before the call of number `read`, approved before `sold`."""

    def __init__(self, read: int, sold: int, asked_for: Sequence[dict[str, Any]]) -> None:
        _, still = a_stall()
        super().__init__({path: said[0] for path, said in still.answers.items()})
        self.read, self.sold, self.asked_for = read, sold, asked_for

    async def send(self, request: Request) -> Response:
        number = len(self.requests)
        row = {"request_id": "112", "track_id": TRACK, "state": "awaiting_approve", "products": self.asked_for}
        if number >= self.sold:
            row["state"] = "approved"
        is_read, is_sold = number >= min(self.read, self.sold), number >= self.sold
        stage: Mapping[str, Answer] = {
            "/v2/tracking": json.dumps([{**row, "products": []} if is_read else QUEUED]).encode(),
            "/v2/requests": a_page(row) if is_read else a_page({**row, "state": "queuing", "products": []}),
            **{f"/findBy/{one['original_sku']}": a_page(one) if is_sold else a_page() for one in self.asked_for},
        }
        for path, said in stage.items():
            self.answers[path] = [said]
        return await super().send(request)


@pytest.mark.parametrize("work", ["find", "update"])
def test_a_request_that_moves_on_between_two_calls_is_not_asked_for_again(work: str) -> None:
    """Its answer was lost. Wherever it is when it is looked for, a second one would be refused for the SKUs of the first."""
    for sold in range(14):
        for read in range(sold + 1):
            wire = Moving(read, sold, [RED, BLUE] if work == "find" else [BLUE])
            shop = Tiki(an_account(), wire, clock=lambda: NOW)
            with contextlib.suppress(Unavailable):
                if work == "find":
                    assert run(shop.find_product(draft=DRAFT)) is not None
                else:
                    update(shop, DRAFT)
            assert [one.url for one in wire.asked("/v2.1/requests")] == [], (read, sold)


# --- made ------------------------------------------------------------------------------------------------------------


def test_a_product_is_asked_for_with_nothing_for_sale() -> None:
    shop, wire = a_stall()
    assert run(shop.create_product(draft=DRAFT)) == Published(PublishedState.REVIEWING, ticket=TRACK)
    (request,) = writes(wire)
    assert request.url.endswith("/integration/v2.1/requests")
    assert body(request) == {
        "category_id": 852,
        "name": DRAFT.name,
        "description": "<p>Vải mát &amp; nhẹ<br>Giặt máy</p><p>Bảo hành &lt; 7 ngày</p>",
        "market_price": 109000,
        "attributes": {
            "origin": "Việt Nam",
            "material": "Cotton, Lụa",
            "bulky": 0,
            "brand": "COTTON",
            "product_weight_kg": 0.3,
            "product_length": 30,
            "product_width": 20.5,
            "product_height": 2.5,
        },
        "image": "https://shop.vn/1.jpg",
        "images": ["https://shop.vn/2.jpg"],
        "option_attributes": ["color", "size"],
        "variants": [
            {
                "sku": sku,
                "option1": colour,
                "option2": "M",
                "price": price,
                "inventory_type": "dropship",
                "seller_warehouse": "1034",
                "warehouse_stocks": [{"warehouseId": 1034, "qtyAvailable": 0}],
                "image": picture,
                "attributes": {
                    "product_weight_kg": weight,
                    "product_length": 30,
                    "product_width": width,
                    "product_height": height,
                },
            }
            for sku, colour, price, picture, weight, width, height in (
                ("AO-DO-M", "Đỏ", 99000, "https://shop.vn/do.jpg", 0.25, 20.5, 2),
                ("AO-XANH-M", "Xanh", 109000, "https://shop.vn/1.jpg", 0.3, 20, 2.5),
            )
        ],
        "certificate_files": [],
        "meta_data": {"is_auto_turn_on": True},
    }


@pytest.mark.parametrize(("brand", "listed", "sent"), [
    ("", BRANDS, "OEM"), ("Nhà làm", BRANDS, "OEM"), ("cotton house", BRANDS, "Cotton House"), ("Nhà làm", UNKNOWN, "Nhà làm"),
])  # fmt: skip
def test_the_brand_is_the_platforms_or_none(brand: str, listed: Answer, sent: str) -> None:
    shop, wire = a_stall(**{"/attributes/603/values": listed})
    run(shop.create_product(draft=replace(DRAFT, brand=brand, is_shown=False)))
    said = body(writes(wire)[0])
    assert said["attributes"]["brand"] == sent
    assert said["meta_data"] == {"is_auto_turn_on": False}


def test_what_cannot_be_asked_for_is_refused_before_it_is_sent() -> None:
    many = replace(DRAFT, options=[DraftOption(str(n)) for n in range(3)])
    cases: list[tuple[Draft, dict[str, Answer | list[Answer]], str]] = [
        (many, {}, "too_many_options"),
        (replace(DRAFT, category_id=""), {}, "unknown_category"),
        (DRAFT, {"/sellers/me/warehouses": a_page()}, "no_warehouse"),
    ]
    for draft, answers, code in cases:
        shop, wire = a_stall(**answers)
        with pytest.raises(RemoteRefused) as failed:
            run(shop.create_product(draft=draft))
        assert failed.value.params["remote_code"] == code
        assert writes(wire) == []


def test_the_platforms_refusal_keeps_its_words_and_no_track_is_no_answer() -> None:
    shop, _ = a_stall(**{"/v2.1/requests": refused(422, "variants should have price > 0")})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.create_product(draft=DRAFT))
    assert failed.value.params["remote_message"] == "variants should have price > 0"
    shop, _ = a_stall(**{"/v2.1/requests": {"state": "queuing"}})
    with pytest.raises(Unavailable):
        run(shop.create_product(draft=DRAFT))


# --- where it stands -------------------------------------------------------------------------------------------------


def tracked(state: str, **more: Any) -> dict[str, Answer | list[Answer]]:
    return {f"/tracking/{TRACK}": {"track_id": TRACK, "state": state, "reason": "", **more}}


@pytest.mark.parametrize(
    "state",
    [
        "queuing",
        "processing",
        "drafted",
        "md_waiting_approve",
        "awaiting_approve",
        "new",
        "update_product_awaiting_approve",
    ],
)
def test_a_request_is_followed_by_its_track(state: str) -> None:
    shop, _ = a_stall(**tracked(state))
    said = run(shop.check_product(item_id="", ticket=TRACK))
    assert said == Published(PublishedState.REVIEWING, ticket=TRACK)


def test_an_approved_request_names_every_variant() -> None:
    row = {"request_id": "112", "state": "approved", "products": [{"product_id": DO}, {"product_id": XANH}]}
    shop, _ = a_stall(**tracked("approved", request_id="112"), **{"/v2/requests/112": row})
    said = run(shop.check_product(item_id="", ticket=TRACK))
    assert said == Published(PublishedState.LIVE, str(DO), listings=tuple(SAID))


def test_an_approved_request_whose_products_are_not_there_yet_is_asked_for_again() -> None:
    shop, _ = a_stall(**tracked("approved", request_id="112"), **{"/v2/requests/112": UNKNOWN})
    assert run(shop.check_product(item_id="", ticket=TRACK)) == Published(PublishedState.REVIEWING, ticket=TRACK)


@pytest.mark.parametrize("state", ["rejected", "update_product_rejected"])
def test_a_rejected_request_says_why(state: str) -> None:
    why = '{"errors":[{"code":420,"data":null,"msg":"Mã seller product không duy nhất"}],"message":"x"}'
    shop, _ = a_stall(**tracked(state, reason=why))
    said = run(shop.check_product(item_id="", ticket=TRACK))
    assert said == Published(PublishedState.REFUSED, reasons=("Mã seller product không duy nhất",))


@pytest.mark.parametrize(("said", "read"), [
    (None, []), ("", []), ("Ảnh mờ", ["Ảnh mờ"]), (["a", {"message": "b"}, "a"], ["a", "b"]), ("{broken", ["{broken"]),
    ({"errors": [{"msg": "c"}], "message": "d"}, ["c"]), ({"message": "d"}, ["d"]), (5, []),
])  # fmt: skip
def test_reasons_come_in_many_shapes(said: Any, read: list[str]) -> None:
    assert reasons(said) == read


def test_a_product_without_a_ticket_is_looked_up_with_its_fellows() -> None:
    for item_id in ("2071600", str(DO)):
        shop, _ = a_stall()
        said = run(shop.check_product(item_id=item_id, ticket=""))
        assert said == Published(PublishedState.LIVE, item_id, listings=tuple(SAID))
    alone = a_product(super_id=0, active=0)
    shop, _ = a_stall(**{f"/products/{DO}": alone})
    said = run(shop.check_product(item_id=str(DO), ticket=""))
    assert said is not None
    assert (said.state, len(said.listings)) == (PublishedState.HIDDEN, 1)


def test_what_is_gone_is_nowhere() -> None:
    shop, _ = a_stall(**{"/products/9": UNKNOWN, f"/tracking/{TRACK}": UNKNOWN})
    assert run(shop.check_product(item_id="9", ticket="")) is None
    assert run(shop.check_product(item_id="", ticket=TRACK)) is None
    assert run(shop.check_product(item_id="ao", ticket="")) is None
    shop, _ = a_stall(**tracked("deleted"))
    assert run(shop.check_product(item_id="", ticket=TRACK)) is None


# --- changed ---------------------------------------------------------------------------------------------------------


def update(shop: Tiki, draft: Draft, item_id: str = "2071600") -> Published:
    return run(shop.update_product(item_id=item_id, draft=draft))


def test_a_product_that_is_as_the_draft_has_it_is_not_written() -> None:
    shop, wire = a_stall()
    assert update(shop, DRAFT) == update(shop, DRAFT) == Published(PublishedState.LIVE, "2071600", listings=tuple(SAID))
    assert writes(wire) == []


@pytest.mark.parametrize("changes", [
    {"name": "Áo thun cotton"}, {"name": DRAFT.name.upper()}, {"description": "Khác"}, {"pictures": [*DRAFT.pictures, "https://shop.vn/3.jpg"]},
    {"attributes": {**DRAFT.attributes, "origin": [Value("Lào")]}}, {"attributes": {"new": [Value("x")]}},
])  # fmt: skip
def test_what_differs_is_asked_for_product_by_product(changes: dict[str, Any]) -> None:
    tracks: list[Answer] = [QUEUED, {"track_id": "b" * 32, "state": "queuing"}]
    shop, wire = a_stall(**{"/requests/updateProductInfo": tracks})
    draft = replace(DRAFT, **changes)
    said = update(shop, draft)
    assert (said.state, said.ticket, said.listings) == (PublishedState.REVIEWING, f"{TRACK},{'b' * 32}", tuple(SAID))
    sent = [body(one) for one in writes(wire)]
    assert [one["product_id"] for one in sent] == [DO, XANH]
    assert sent[0]["name"] == draft.name
    assert sent[0]["attributes"]["description"] == sent[0]["description"] == rich(draft.description)
    assert sent[0]["image"] == draft.pictures[0]
    assert not sent[0].keys() & {"price", "variants", "warehouse_quantities"}


@pytest.mark.parametrize(("images", "thumbnail", "ours", "stands"), [
    (["a", "b"], "a", ["a", "b"], True), (["b"], "a", ["a", "b"], True), (["a", "b"], "b", ["a", "b"], False),
    (["a", "b"], "a", ["a"], False), (["a"], "a", ["a", "c"], False), (["x", "y"], "z", ["a", "b"], True),
    (["x"], "z", ["a", "b"], False), (["x"], "x", ["a"], True), (["x", "y"], "x", [], True),
])  # fmt: skip
def test_pictures_are_compared_as_far_as_they_can_be(
    images: list[str], thumbnail: str, ours: list[str], stands: bool
) -> None:
    there = {"images": [{"url": url} for url in images], "thumbnail": thumbnail}
    shop, wire = a_stall(**{f"/products/{n}": one | there for n, one in ((DO, RED), (XANH, BLUE))})
    update(shop, replace(DRAFT, pictures=ours))
    assert (writes(wire) == []) is stands


def test_a_change_under_way_is_not_asked_for_again() -> None:
    draft = replace(DRAFT, name="Áo mới")
    rows = [
        {"request_id": "114", "state": "awaiting_approve", "kind": "update_product",
         "products": [a_product(name="Áo mới"), a_product(XANH, "AO-XANH-M", "Xanh", name="Áo mới")]},
    ]  # fmt: skip
    shop, wire = a_stall(**{"/v2/requests": a_page(*rows)})
    assert (update(shop, draft).ticket, writes(wire)) == ("r114", [])
    assert update(shop, replace(DRAFT, name="Áo khác")).ticket == TRACK  # the one under way says something else
    assert len(writes(wire)) == 2


def test_a_new_variant_is_asked_for_once_and_one_that_is_gone_is_taken_off_sale() -> None:
    new = DraftVariant("AO-DO-L", 119000, [Value("Đỏ"), Value("L")])
    draft = replace(DRAFT, variants=[DRAFT.variants[0], new])
    off = {**BLUE, "active": 0}
    shop, wire = a_stall(**{"/findBy/AO-DO-L": a_page(), f"/products/{XANH}": off})
    said = update(shop, draft)
    asked, switched = writes(wire)
    assert [variant["sku"] for variant in body(asked)["variants"]] == ["AO-DO-L"]
    assert body(switched) == {"product_id": XANH, "active": 0}
    assert (said.state, said.ticket) == (PublishedState.REVIEWING, TRACK)
    assert [(one.sku, one.is_active) for one in said.listings] == [("AO-DO-M", True), ("AO-XANH-M", False)]

    row = {"request_id": "115", "state": "processing", "products": [{"original_sku": "AO-DO-L"}]}
    page = a_page(TOP, RED, off)
    shop, wire = a_stall(**{"/findBy/AO-DO-L": a_page(), "/v2/requests": a_page(row), "/v2.1/products": page})
    assert update(shop, draft).ticket == "r115"
    assert writes(wire) == []


def test_a_product_is_taken_off_sale_and_put_back() -> None:
    hidden = replace(DRAFT, is_shown=False)
    reads: dict[str, Answer | list[Answer]] = {
        f"/products/{number}": [one, one | {"active": 0}] for number, one in ((DO, RED), (XANH, BLUE))
    }
    shop, wire = a_stall(**reads)
    assert update(shop, hidden).state is PublishedState.HIDDEN
    assert [body(one) for one in writes(wire)] == [{"product_id": DO, "active": 0}, {"product_id": XANH, "active": 0}]
    shop, wire = a_stall(**{f"/products/{number}": one | {"active": 0} for number, one in ((DO, RED), (XANH, BLUE))})
    assert update(shop, hidden).state is PublishedState.HIDDEN
    assert writes(wire) == []
    update(shop, DRAFT)
    assert [body(one)["active"] for one in writes(wire)] == [1, 1]


def test_a_switch_that_is_refused_says_so() -> None:
    shop, _ = a_stall(**{"/updateSku": {"state": "rejected"}})
    with pytest.raises(RemoteRefused):
        update(shop, replace(DRAFT, is_shown=False))


def test_a_product_that_is_unknown_cannot_be_changed() -> None:
    shop, wire = a_stall(**{"/findBy/AO-DO-M": UNKNOWN, "/findBy/AO-XANH-M": UNKNOWN, "/products/9": UNKNOWN})
    with pytest.raises(RemoteRefused) as failed:
        update(shop, DRAFT, "9")
    assert failed.value.params["remote_code"] == "unknown_product"
    assert writes(wire) == []


# --- hostile answers -------------------------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=8) | st.sampled_from(["sNaN", "-1", "1e9"]),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.sampled_from(["id", "data", "value", "name"]), inside),
    max_leaves=4,
)  # fmt: skip


def mangled(said: Any, draw: Callable[[Any], Any]) -> Any:
    """The same reply with one member, anywhere in it, something else or gone."""
    if isinstance(said, dict) and said and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(sorted(said)))
        if not draw(st.integers(0, 5)):
            return {key: value for key, value in said.items() if key != name}
        return {**said, name: mangled(said[name], draw)}
    if isinstance(said, list) and said and draw(st.integers(0, 3)):
        place = draw(st.integers(0, len(said) - 1))
        return [*said[:place], mangled(said[place], draw), *said[place + 1 :]]
    return draw(ANYTHING)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_mangled_answer_is_the_platforms_trouble(data: st.DataObject) -> None:
    row = {"request_id": "112", "state": "awaiting_approve", "reasons": ["x"], "products": [RED, BLUE]}
    replies: dict[str, Any] = {
        "/v2/categories": a_page(*TREE),
        "/categories/852/attributes": a_page(*ATTRIBUTES),
        "/categories/852/optionLabels": a_page({"option_label": "color"}),
        "/attributes/560/values": a_page({"id": 7, "value": "Việt Nam"}),
        "/attributes/603/values": BRANDS,
        "/sellers/me/warehouses": WAREHOUSES,
        "/findBy/AO-DO-M": a_page(RED),
        "/findBy/AO-XANH-M": a_page(),
        f"/products/{DO}": RED,
        f"/products/{XANH}": BLUE,
        "/products/2071600": TOP,
        "/v2.1/products": a_page(TOP, RED, BLUE),
        "/v2/requests": a_page(row),
        "/v2/tracking": [QUEUED],
        "/v2/requests/112": {**row, "state": "approved"},
        f"/tracking/{TRACK}": {"track_id": TRACK, "state": "approved", "request_id": "112", "reason": "{}"},
        "/v2.1/requests": QUEUED,
        "/requests/updateProductInfo": QUEUED,
        "/updateSku": {"state": "approved"},
    }
    path = data.draw(st.sampled_from(sorted(replies)))
    replies[path] = json.dumps(mangled(replies[path], data.draw)).encode()
    shop = Tiki(an_account(), Desk({"/products/": UNKNOWN, **replies}), clock=lambda: NOW)
    draft = replace(DRAFT, name=data.draw(st.sampled_from([DRAFT.name, "Áo khác"])), is_shown=data.draw(st.booleans()))
    for work in (
        shop.list_categories(),
        shop.list_attributes(category_id="852"),
        shop.find_product(draft=draft),
        shop.create_product(draft=draft),
        shop.update_product(item_id="2071600", draft=draft),
        shop.check_product(item_id="2071600", ticket=f"{TRACK},r112"),
    ):
        try:
            with contextlib.suppress(MekongError):
                run(work)
        except AssertionError as nowhere:
            assert "no answer was prepared" in str(nowhere)  # a mangled number leads to a path nobody prepared


WORDS = st.text(alphabet="aAbĐđ &<1,-", min_size=1, max_size=6).filter(lambda text: bool(text.strip()))
COUNT = st.none() | st.integers(1, 5000)


@settings(max_examples=100, deadline=None)
@given(
    name=WORDS, description=WORDS, texts=st.lists(WORDS, max_size=2), sizes=st.tuples(COUNT, COUNT, COUNT, COUNT),
    answers=st.dictionaries(st.sampled_from(["x", "y"]), st.lists(WORDS, min_size=1, max_size=2)),
    pictures=st.lists(WORDS, max_size=3, unique=True), brand=st.sampled_from(["", "OEM", "Cotton House"]),
    behind=st.sampled_from(["", " - {}", " ({})"]), is_rehosted=st.booleans(),
)  # fmt: skip
def test_what_was_made_of_a_draft_is_what_the_draft_says(
    name: str, description: str, texts: list[str], sizes: tuple[int | None, ...], answers: dict[str, list[str]],
    pictures: list[str], brand: str, behind: str, is_rehosted: bool,
) -> None:  # fmt: skip
    weight, length, width, height = sizes
    variant = DraftVariant("A", 1000, [Value(text) for text in texts], "", weight, length, width, height)
    values = {code: [Value(text) for text in said] for code, said in answers.items()}
    draft = Draft(
        "A", "852", name, description, [variant], options=[DraftOption(str(n)) for n in range(len(texts))],
        attributes=values, pictures=pictures,
    )  # fmt: skip
    said = json.loads(msgspec.json.Encoder(decimal_format="number").encode(creation(draft, [variant], brand, 1034)))
    urls = list(dict.fromkeys([said.get("image", ""), *said.get("images", [])]))
    there = {
        "product_id": 1,
        "name": name + (behind.format(" - ".join(texts)) if texts else ""),
        "images": [{"url": f"https://salt.example/{url}" if is_rehosted else url} for url in urls if url],
        "thumbnail": "" if is_rehosted else said.get("image", ""),
        "attributes": {
            **{code: {"attribute_code": code, "value": value} for code, value in said["attributes"].items()},
            "description": said["description"],
        },
    }
    assert stands(draft, variant, msgspec.convert(present(there), Standing, strict=False), brand)


@given(st.text(alphabet="ab<>&\"'\n\r \u00e1/p", max_size=60))
def test_words_come_back_out_of_markup(text: str) -> None:
    assert words(rich(text)) == text.split()


def test_it_claims_what_it_does() -> None:
    shop, _ = a_stall()
    assert isinstance(shop, PublishesProducts)
    assert "PublishesProducts" in shop.manifest.capabilities
