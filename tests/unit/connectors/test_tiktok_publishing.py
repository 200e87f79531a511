"""Products made and changed at TikTok Shop, against answers composed from the platform's documented shapes."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mekong.channels.socket import ListingKey, Looks, PublishesProducts, RemoteListing, Request
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
from mekong.connectors.tiktok.client import signature
from mekong.connectors.tiktok.connector import TikTok
from mekong.connectors.tiktok.mapping.drafts import rich, words
from mekong.foundation.errors import MekongError, RemoteRefused, Unavailable
from tests.unit.connectors.test_tiktok import PRODUCT_ID, SECRET, a_shop, asked, ok, refused
from tests.unit.connectors.wire import Answer, Wire, body, query, run

PRODUCT = f"/products/{PRODUCT_ID}"
CREATE = "/product/202309/products"
EDIT = f"{PRODUCT}/partial_edit"
WAREHOUSES = ok(
    warehouses=[
        {"id": "8", "type": "RETURN_WAREHOUSE", "effect_status": "ENABLED", "is_default": True},
        {"id": "7", "type": "SALES_WAREHOUSE", "effect_status": "ENABLED", "is_default": True},
    ]
)
BRANDS = ok(brands=[{"id": "51", "name": "Cotton House"}, {"id": "52", "name": "cotton"}], total_count=2)
TREE = [
    {"id": "601303", "parent_id": "601302", "local_name": "Áo thun", "is_leaf": True, "permission_statuses": ["AVAILABLE"]},
    {"id": "601152", "parent_id": "0", "local_name": "Thời trang nữ", "is_leaf": False},
    {"id": "601302", "parent_id": "601152", "local_name": "Áo", "is_leaf": False},
    {"id": "601304", "parent_id": "601302", "local_name": "Áo dài", "is_leaf": True,
     "permission_statuses": ["INVITE_ONLY"]},
]  # fmt: skip
ATTRIBUTES = [
    {"id": "100000", "name": "Màu sắc", "type": "SALES_PROPERTY", "is_requried": True, "is_multiple_selection": True,
     "values": [{"id": "1001", "name": "Đỏ"}]},
    {"id": "100392", "name": "Chất liệu", "type": "PRODUCT_PROPERTY", "is_requried": True, "is_customizable": True,
     "is_multiple_selection": True, "values": [{"id": "2001", "name": "Cotton"}, {"id": "2002", "name": "Lụa"}]},
    {"id": "100393", "name": "Mùa", "type": "PRODUCT_PROPERTY", "values": [{"id": "3001", "name": "Hè"}]},
    {"id": "100394", "name": "Số lớp", "type": "PRODUCT_PROPERTY", "value_data_format": "POSITIVE_INT_OR_DECIMAL",
     "unit_list": ["lớp"]},
    {"id": "100395", "name": "Thương hiệu", "type": "PRODUCT_PROPERTY", "is_requried": True},
]  # fmt: skip

DRAFT = Draft(
    code="AO",
    category_id="601303",
    name="Áo thun cotton cổ tròn Cotton House",
    description="Vải mát & nhẹ\nGiặt máy\n\nBảo hành < 7 ngày",
    options=[DraftOption("Màu", "100000"), DraftOption("Cỡ")],
    variants=[
        DraftVariant("AO-DO-M", 99000, [Value("Đỏ", "1001"), Value("M")], "8938505970018", 250, 300, 205, 20, "tos/do"),
        DraftVariant("AO-XANH-M", 109000, [Value("Xanh"), Value("M")], "", 300, 300, 200, 25),
    ],
    attributes={"100392": [Value("Cotton", "2001"), Value("Sợi tre")]},
    pictures=["tos/1", "tos/2"],
    brand="Cotton",
)


def a_sku(number: int, seller_sku: str, colour: str, colour_id: str, **changes: Any) -> dict[str, Any]:
    image = {"sku_img": {"uri": "tos/do", "urls": ["https://p16.example/do.jpg"]}} if colour == "Đỏ" else {}
    return {
        "id": f"172950000000000001{number}",
        "seller_sku": seller_sku,
        "price": {"currency": "VND", "sale_price": "95000", "tax_exclusive_price": "95000"},
        "inventory": [{"warehouse_id": "7", "quantity": 12}],
        "identifier_code": {"code": "8938505970018", "type": "EAN"} if colour == "Đỏ" else {},
        "sales_attributes": [
            {"id": "100000", "name": "Màu sắc", "value_id": colour_id, "value_name": colour, **image},
            {"id": "7001", "name": "Cỡ", "value_id": "7100", "value_name": "M"},
        ],
        **changes,
    }


def a_product(**changes: Any) -> dict[str, Any]:
    """The product as the platform shows it when it was made of the draft."""
    return {
        "id": PRODUCT_ID,
        "title": DRAFT.name,
        "status": "ACTIVATE",
        "description": "<p>Vải mát &amp; nhẹ<br/>Giặt máy</p>\n<p>Bảo hành &lt; 7 ngày</p>",
        "category_chains": [
            {"id": "601152", "parent_id": "0", "is_leaf": False, "local_name": "Thời trang nữ"},
            {"id": "601303", "parent_id": "601302", "is_leaf": True, "local_name": "Áo thun"},
        ],
        "brand": {"id": "52", "name": "Cotton"},
        "main_images": [{"uri": "tos/1", "urls": ["https://p16.example/1.jpg"]}, {"uri": "tos/2", "urls": []}],
        "package_weight": {"value": "0.30", "unit": "KILOGRAM"},
        "package_dimensions": {"length": "30", "width": "21", "height": "3", "unit": "CENTIMETER"},
        "product_attributes": [
            {"id": "100392", "name": "Chất liệu", "values": [{"id": "2001", "name": "Cotton"}, {"id": "9", "name": "Sợi tre"}]}
        ],
        "skus": [a_sku(1, "AO-DO-M", "Đỏ", "1001"), a_sku(2, "AO-XANH-M", "Xanh", "7200")],
        "audit": {"status": "APPROVED"},
        **changes,
    }  # fmt: skip


LOOKS = Looks(DRAFT.name, "Vải mát & nhẹ\nGiặt máy\nBảo hành < 7 ngày", 2)
SAID = [
    RemoteListing(
        ListingKey(PRODUCT_ID, "1729500000000000011"), "AO-DO-M", f"{DRAFT.name} - Đỏ, M", 12, 95000,
        barcode="8938505970018", image_url="https://p16.example/1.jpg", looks=LOOKS,
    ),
    RemoteListing(
        ListingKey(PRODUCT_ID, "1729500000000000012"), "AO-XANH-M", f"{DRAFT.name} - Xanh, M", 12, 95000,
        image_url="https://p16.example/1.jpg", looks=LOOKS,
    ),
]  # fmt: skip


def a_stall(*shown: dict[str, Any] | Answer, **answers: Answer | list[Answer]) -> tuple[TikTok, Wire]:
    """A shop with a warehouse and a list of brands, and the product as it is read one time after another."""
    reads: list[Answer] = [ok(**one) if isinstance(one, dict) and "code" not in one else one for one in shown]
    return a_shop(
        {
            "/warehouses": WAREHOUSES,
            "/brands": BRANDS,
            EDIT: ok(product_id=PRODUCT_ID),
            "/products/activate": ok(),
            "/products/deactivate": ok(),
            CREATE: ok(product_id=PRODUCT_ID, skus=[]),
            **answers,
            **({PRODUCT: reads} if reads else {}),
        }
    )


def writes(wire: Wire) -> list[Request]:
    return [one for one in asked(wire) if one.method != "GET" and not one.url.endswith("/search")]


# --- what it asks ----------------------------------------------------------------------------------------------------


def test_the_tree_comes_parents_first_without_leaves_the_seller_may_not_use() -> None:
    shop, wire = a_shop({"/categories": ok(categories=TREE)})
    assert run(shop.list_categories()) == [
        RemoteCategory("601152", "Thời trang nữ", "", is_leaf=False),
        RemoteCategory("601302", "Áo", "601152", is_leaf=False),
        RemoteCategory("601303", "Áo thun", "601302", is_leaf=True),
    ]
    assert query(asked(wire)[0])["locale"] == "vi-VN"


def test_a_tree_that_bites_its_tail_ends() -> None:
    nodes = [
        {"id": "1", "parent_id": "2"},
        {"id": "2", "parent_id": "1"},
        {"id": "3", "parent_id": "404", "is_leaf": True},
    ]
    shop, _ = a_shop({"/categories": ok(categories=nodes)})
    assert run(shop.list_categories()) == [RemoteCategory("3", "", "", is_leaf=True)]


def test_what_a_category_asks() -> None:
    shop, _ = a_shop({"/categories/601303/attributes": ok(attributes=ATTRIBUTES)})
    assert run(shop.list_attributes(category_id="601303")) == [
        RemoteAttribute("100000", "Màu sắc", AttributeKind.CHOICE, is_option=True, choices=(RemoteChoice("1001", "Đỏ"),)),
        RemoteAttribute(
            "100392", "Chất liệu", AttributeKind.CHOICES, is_required=True,
            choices=(RemoteChoice("2001", "Cotton"), RemoteChoice("2002", "Lụa")),
        ),
        RemoteAttribute("100393", "Mùa", AttributeKind.CHOICE, choices=(RemoteChoice("3001", "Hè"),), takes_own_words=False),
        RemoteAttribute("100394", "Số lớp", AttributeKind.NUMBER, units=("lớp",)),
    ]  # fmt: skip


def test_a_category_that_asks_nothing_and_one_that_is_none() -> None:
    shop, _ = a_shop({"/attributes": ok()})
    assert run(shop.list_attributes(category_id="601303")) == []
    shop, wire = a_shop({"/attributes": refused(12052901, "category not exist")})
    for category_id in ("5", "../x"):
        with pytest.raises(RemoteRefused):
            run(shop.list_attributes(category_id=category_id))
    assert len(asked(wire)) == 1


# --- pictures --------------------------------------------------------------------------------------------------------


def test_a_picture_goes_as_a_form_without_the_shop_and_its_body_unsigned() -> None:
    shop, wire = a_shop({"/images/upload": ok(uri="tos/1", url="https://x", width=800, height=800)})
    picture = Picture(b"\x89PNG\r\n\x00", "image/png", 'Áo "đỏ".png', 800, 800)
    assert run(shop.upload_picture(picture=picture)) == "tos/1"
    assert len(wire.requests) == 1  # nobody asked for the cipher
    (request,) = wire.requests
    said = query(request)
    assert "shop_cipher" not in said
    assert said["sign"] == signature(SECRET, "/product/202309/images/upload", said)
    media_type, _, boundary = request.headers["content-type"].partition("; boundary=")
    assert media_type == "multipart/form-data"
    parts = request.body.split(f"--{boundary}".encode())
    assert [part[:2] for part in parts] == [b"", b"\r\n", b"\r\n", b"--"]
    assert b'name="use_case"\r\n\r\nMAIN_IMAGE\r\n' in parts[1]
    assert 'name="data"; filename="Áo _đỏ_.png"\r\ncontent-type: image/png\r\n\r\n'.encode() in parts[2]
    assert parts[2].endswith(b"\x89PNG\r\n\x00\r\n")


def test_a_picture_that_is_refused_says_why() -> None:
    shop, _ = a_shop({"/images/upload": refused(12052009, "image is too small")})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.upload_picture(picture=Picture(b"x", "image/png", "x.png", 10, 10)))
    assert failed.value.params["remote_message"] == "image is too small"


# --- found -----------------------------------------------------------------------------------------------------------


def test_a_product_is_found_by_its_skus() -> None:
    rows = [
        {"id": "5", "status": "ACTIVATE", "skus": [{"id": "51", "seller_sku": "AO-DO-M"}]},
        {"id": PRODUCT_ID, "status": "ACTIVATE", "skus": a_product()["skus"]},
        {"id": "6", "status": "DELETED", "skus": a_product()["skus"]},
        {"id": "7", "status": "ACTIVATE", "skus": [{"id": "71", "seller_sku": "AO-DO-M-2"}]},
    ]
    shop, wire = a_stall(a_product(), **{"/products/search": ok(products=rows, total_count=4)})
    assert run(shop.find_product(draft=DRAFT)) == Published(PublishedState.LIVE, PRODUCT_ID, listings=tuple(SAID))
    assert body(wire.asked("/search")[0]) == {"seller_skus": ["AO-DO-M", "AO-XANH-M"]}


@pytest.mark.parametrize("status", ["DELETED", "DRAFT"])
def test_what_is_deleted_or_a_draft_is_not_found(status: str) -> None:
    rows = [{"id": PRODUCT_ID, "status": status, "skus": a_product()["skus"]}]
    shop, _ = a_stall(a_product(), **{"/products/search": ok(products=rows, total_count=1)})
    assert run(shop.find_product(draft=DRAFT)) is None
    shop, _ = a_stall(**{"/products/search": ok(total_count=0)})
    assert run(shop.find_product(draft=DRAFT)) is None


def test_half_a_page_is_not_an_empty_shop() -> None:
    shop, _ = a_stall(**{"/products/search": ok(total_count=3)})
    with pytest.raises(Unavailable):
        run(shop.find_product(draft=DRAFT))


# --- made ------------------------------------------------------------------------------------------------------------


def test_a_product_is_made_in_one_call_with_nothing_for_sale() -> None:
    shop, wire = a_stall(a_product(status="PENDING"))
    made = run(shop.create_product(draft=DRAFT))
    assert (made.state, made.item_id, [one.key for one in made.listings]) == (
        PublishedState.REVIEWING, PRODUCT_ID, [one.key for one in SAID],
    )  # fmt: skip
    (request,) = writes(wire)
    assert body(request) == {
        "save_mode": "LISTING",
        "title": DRAFT.name,
        "description": "<p>Vải mát &amp; nhẹ<br>Giặt máy</p><p>Bảo hành &lt; 7 ngày</p>",
        "category_id": "601303",
        "brand_id": "52",
        "main_images": [{"uri": "tos/1"}, {"uri": "tos/2"}],
        "package_weight": {"value": "0.3", "unit": "KILOGRAM"},
        "package_dimensions": {"length": "30", "width": "21", "height": "3", "unit": "CENTIMETER"},
        "product_attributes": [{"id": "100392", "values": [{"id": "2001"}, {"name": "Sợi tre"}]}],
        "skus": [
            {
                "seller_sku": "AO-DO-M",
                "sales_attributes": [
                    {"id": "100000", "value_id": "1001", "sku_img": {"uri": "tos/do"}},
                    {"name": "Cỡ", "value_name": "M"},
                ],
                "identifier_code": {"code": "8938505970018", "type": "EAN"},
                "price": {"amount": "99000", "currency": "VND"},
                "inventory": [{"warehouse_id": "7", "quantity": 0}],
            },
            {
                "seller_sku": "AO-XANH-M",
                "sales_attributes": [{"id": "100000", "value_name": "Xanh"}, {"name": "Cỡ", "value_name": "M"}],
                "price": {"amount": "109000", "currency": "VND"},
                "inventory": [{"warehouse_id": "7", "quantity": 0}],
            },
        ],
        "external_product_id": "AO",
    }
    assert query(wire.asked("/brands")[0])["brand_name"] == "Cotton"


def test_a_product_without_variants_brand_or_parcel_says_nothing_of_them() -> None:
    plain = replace(
        DRAFT, options=(), variants=[DraftVariant("TUI", 50000)], brand="Nhà làm", attributes={}, pictures=["tos/1"]
    )
    shop, wire = a_stall(a_product())
    run(shop.create_product(draft=plain))
    said = body(writes(wire)[0])
    assert not said.keys() & {"brand_id", "package_weight", "package_dimensions", "product_attributes"}
    assert said["skus"] == [
        {
            "seller_sku": "TUI",
            "sales_attributes": [],
            "price": {"amount": "50000", "currency": "VND"},
            "inventory": [{"warehouse_id": "7", "quantity": 0}],
        }
    ]


def test_what_cannot_be_made_is_refused_before_any_call() -> None:
    many = replace(DRAFT, options=[DraftOption(str(n)) for n in range(4)])
    shop, wire = a_stall(a_product())
    for refusing in (shop.create_product(draft=many), shop.update_product(item_id=PRODUCT_ID, draft=many)):
        with pytest.raises(RemoteRefused) as failed:
            run(refusing)
        assert failed.value.params["remote_code"] == "too_many_options"
    assert wire.requests == []
    shop, wire = a_stall(a_product(), **{"/warehouses": ok(warehouses=[])})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.create_product(draft=DRAFT))
    assert failed.value.params["remote_code"] == "no_warehouse"
    assert writes(wire) == []


def test_the_platforms_refusal_of_a_draft_keeps_its_words() -> None:
    shop, _ = a_stall(**{CREATE: refused(12052016, "the title is too short")})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.create_product(draft=DRAFT))
    assert failed.value.params["remote_message"] == "the title is too short"


def test_a_product_made_but_not_shown_yet_is_under_review() -> None:
    shop, _ = a_stall(refused(12052048, "product not found"))
    assert run(shop.create_product(draft=DRAFT)) == Published(PublishedState.REVIEWING, PRODUCT_ID)


def test_a_failure_after_the_product_exists_is_raised_and_update_finishes_it() -> None:
    hidden = replace(DRAFT, is_shown=False)
    shop, _ = a_stall(a_product(), **{"/products/deactivate": refused(36009003, "internal error")})
    with pytest.raises(Unavailable):
        run(shop.create_product(draft=hidden))
    shop, wire = a_stall(a_product(), a_product(status="SELLER_DEACTIVATED"))
    assert run(shop.update_product(item_id=PRODUCT_ID, draft=hidden)).state is PublishedState.HIDDEN
    assert [body(one) for one in writes(wire)] == [{"product_ids": [PRODUCT_ID]}]


# --- changed ---------------------------------------------------------------------------------------------------------


def update(shop: TikTok, draft: Draft) -> Published:
    return run(shop.update_product(item_id=PRODUCT_ID, draft=draft))


def test_a_product_that_is_as_the_draft_has_it_is_not_written() -> None:
    shop, wire = a_stall(a_product())
    first = update(shop, DRAFT)
    assert first == update(shop, DRAFT) == Published(PublishedState.LIVE, PRODUCT_ID, listings=tuple(SAID))
    assert writes(wire) == []


def test_only_what_differs_is_told() -> None:
    there = a_product(
        title="Áo cũ", main_images=[{"uri": "tos/2"}], package_weight={"value": "300", "unit": "GRAM"}, brand={}
    )
    shop, wire = a_stall(there, a_product())
    assert update(shop, DRAFT).state is PublishedState.LIVE
    (request,) = writes(wire)
    assert request.url.endswith(EDIT)
    assert body(request) == {
        "title": DRAFT.name,
        "brand_id": "52",
        "main_images": [{"uri": "tos/1"}, {"uri": "tos/2"}],
        "package_weight": {"value": "0.3", "unit": "KILOGRAM"},
    }


def test_a_new_variant_comes_beside_the_others_whose_price_and_stock_stay() -> None:
    new = DraftVariant("AO-XANH-L", 119000, [Value("xanh"), Value("L")])
    draft = replace(DRAFT, variants=[*DRAFT.variants, new])
    shop, wire = a_stall(a_product(), a_product())
    update(shop, draft)
    (request,) = writes(wire)
    said = body(request)
    assert said.keys() == {"skus"}
    assert [(row.get("id"), row["price"]["amount"], row["inventory"]) for row in said["skus"]] == [
        ("1729500000000000011", "95000", [{"warehouse_id": "7", "quantity": 12}]),
        ("1729500000000000012", "95000", [{"warehouse_id": "7", "quantity": 12}]),
        (None, "119000", [{"warehouse_id": "7", "quantity": 0}]),
    ]
    # What the platform numbered already is named by its number, or it would be made twice.
    assert said["skus"][2]["sales_attributes"] == [
        {"id": "100000", "value_id": "7200"},
        {"id": "7001", "value_name": "L"},
    ]


def test_a_variant_that_is_gone_is_left_out_and_a_renamed_sku_is_the_same_by_its_model() -> None:
    renamed = replace(DRAFT.variants[0], sku="AO-DO-M-2", model_id="1729500000000000011")
    shop, wire = a_stall(a_product(), a_product())
    update(shop, replace(DRAFT, variants=[renamed]))
    said = body(writes(wire)[0])
    assert [(row["id"], row["seller_sku"]) for row in said["skus"]] == [("1729500000000000011", "AO-DO-M-2")]


def test_a_variant_that_is_gone_is_all_that_differs() -> None:
    shop, wire = a_stall(a_product(), a_product(skus=[a_sku(1, "AO-DO-M", "Đỏ", "1001")]))
    update(shop, replace(DRAFT, variants=DRAFT.variants[:1], attributes={}))
    (request,) = writes(wire)
    assert [row["id"] for row in body(request)["skus"]] == ["1729500000000000011"]


def test_a_move_to_another_category_replaces_the_product_whole() -> None:
    shop, wire = a_stall(a_product(), ok(product_id=PRODUCT_ID), a_product())
    update(shop, replace(DRAFT, category_id="601999", pictures=(), variants=DRAFT.variants[:1]))
    (request,) = writes(wire)
    assert (request.method, request.url.endswith(PRODUCT)) == ("PUT", True)
    said = body(request)
    assert said["category_id"] == "601999"
    assert said["main_images"] == [{"uri": "tos/1"}, {"uri": "tos/2"}]
    assert said["brand_id"] == "52"
    assert [row["id"] for row in said["skus"]] == ["1729500000000000011"]


@pytest.mark.parametrize(("status", "failure"), [("PENDING", Unavailable), ("ACTIVATE", RemoteRefused)])
def test_a_change_of_what_is_under_review_has_to_wait(status: str, failure: type[MekongError]) -> None:
    shop, _ = a_stall(a_product(status=status), **{EDIT: refused(12019113, "product status invalid")})
    with pytest.raises(failure) as failed:
        update(shop, replace(DRAFT, name="Áo thun cotton cổ tròn kiểu mới"))
    assert isinstance(failed.value, RemoteRefused) is (failure is RemoteRefused)


def test_a_product_is_taken_off_sale_and_put_back() -> None:
    off = a_product(status="SELLER_DEACTIVATED")
    shop, wire = a_stall(a_product(), off)
    assert update(shop, replace(DRAFT, is_shown=False)).state is PublishedState.HIDDEN
    assert update(shop, replace(DRAFT, is_shown=False)).state is PublishedState.HIDDEN
    assert [one.url.rpartition("/")[2] for one in writes(wire)] == ["deactivate"]
    shop, wire = a_stall(off, a_product())
    assert update(shop, DRAFT).state is PublishedState.LIVE
    assert [one.url.rpartition("/")[2] for one in writes(wire)] == ["activate"]


@pytest.mark.parametrize("answer", [
    refused(12052701, "it cannot be switched"),
    ok(errors=[{"code": 12052701, "message": "it cannot be switched", "detail": {"product_id": PRODUCT_ID}}]),
])  # fmt: skip
def test_a_switch_that_is_refused_says_why(answer: Answer) -> None:
    shop, _ = a_stall(a_product(), **{"/products/deactivate": answer})
    with pytest.raises(RemoteRefused) as failed:
        update(shop, replace(DRAFT, is_shown=False))
    assert (failed.value.params["remote_code"], failed.value.params["remote_message"]) == (
        "12052701", "it cannot be switched",
    )  # fmt: skip


def test_a_product_that_is_unknown_cannot_be_changed() -> None:
    shop, wire = a_stall(refused(12052048, "product not found"))
    for item_id in (PRODUCT_ID, "AO"):
        with pytest.raises(RemoteRefused) as failed:
            run(shop.update_product(item_id=item_id, draft=DRAFT))
        assert failed.value.params["remote_code"] == "unknown_product"
    assert writes(wire) == []


# --- where it stands -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "audit", "state"), [
    ("ACTIVATE", "APPROVED", "live"), ("ACTIVATE", "AUDITING", "reviewing"), ("ACTIVATE", "FAILED", "refused"),
    ("PENDING", "AUDITING", "reviewing"), ("FAILED", "FAILED", "refused"), ("SELLER_DEACTIVATED", "", "hidden"),
    ("PLATFORM_DEACTIVATED", "", "refused"), ("FREEZE", "", "refused"), ("INVENTED_LATER", "", "reviewing"),
])  # fmt: skip
def test_where_a_product_stands(status: str, audit: str, state: str) -> None:
    shop, wire = a_stall(a_product(status=status, audit={"status": audit}))
    said = run(shop.check_product(item_id=PRODUCT_ID, ticket=""))
    assert said is not None
    assert said.state == state
    assert bool(said.reasons) is (state == "refused")
    assert query(asked(wire)[0])["return_under_review_version"] == "true"


def test_a_refusal_says_what_is_wrong_and_where() -> None:
    failures = [{"position": "Product Name", "reasons": ["Incomplete", "Incomplete"], "suggestions": ["Tell more"]}]
    shop, _ = a_stall(a_product(status="FAILED", audit_failed_reasons=failures))
    said = run(shop.check_product(item_id=PRODUCT_ID, ticket=""))
    assert said is not None
    assert said.reasons == ("Product Name: Incomplete",)


def test_what_is_gone_is_nowhere() -> None:
    for answer in (refused(12052048, "product not found"), ok(id=PRODUCT_ID, status="DELETED")):
        shop, _ = a_stall(answer)
        assert run(shop.check_product(item_id=PRODUCT_ID, ticket="")) is None


# --- hostile answers -------------------------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=8) | st.sampled_from(["NaN", "-1", "1e9"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "skus", "values", "uri"]), inner),
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
    rows = [{"id": PRODUCT_ID, "status": "ACTIVATE", "skus": a_product()["skus"]}]
    replies: dict[str, Any] = {
        "/categories": ok(categories=TREE),
        "/attributes": ok(attributes=ATTRIBUTES),
        "/images/upload": ok(uri="tos/1"),
        "/warehouses": WAREHOUSES,
        "/brands": BRANDS,
        "/products/search": ok(products=rows, total_count=1),
        EDIT: ok(product_id=PRODUCT_ID),
        "/products/deactivate": ok(errors=[]),
        PRODUCT: ok(**a_product()),
        CREATE: ok(product_id=PRODUCT_ID),
    }
    path = data.draw(st.sampled_from(sorted(replies)))
    broken = json.loads(json.dumps(mangled(replies[path], data.draw)))
    shop, _ = a_shop({**replies, path: json.dumps(broken).encode()})
    draft = replace(DRAFT, name=data.draw(st.sampled_from([DRAFT.name, "Áo khác"])), is_shown=data.draw(st.booleans()))
    for work in (
        shop.list_categories(),
        shop.list_attributes(category_id="601303"),
        shop.upload_picture(picture=Picture(b"x", "image/png", "x.png", 1, 1)),
        shop.find_product(draft=draft),
        shop.create_product(draft=draft),
        shop.update_product(item_id=PRODUCT_ID, draft=draft),
        shop.check_product(item_id=PRODUCT_ID, ticket=""),
    ):
        with contextlib.suppress(MekongError):
            run(work)


WORDS = st.text(alphabet="aAbĐđ &<1,", min_size=1, max_size=6).filter(lambda text: bool(text.strip()))


@st.composite
def drafts(draw: Any) -> Draft:
    """A draft with up to three options whose variants differ, as our catalogue gives them."""
    texts_of = st.lists(WORDS, min_size=1, max_size=2, unique_by=folded)
    axes = [
        (DraftOption(name, draw(st.sampled_from(["", f"10{n}"]))), draw(texts_of))
        for n, name in enumerate(draw(st.lists(WORDS, max_size=3, unique_by=folded)))
    ]
    combinations = list(itertools.product(*(texts for _, texts in axes)))
    count = st.none() | st.integers(1, 5000)
    variants = [
        DraftVariant(
            f"SKU-{n}", draw(st.integers(1, 10**9)), [Value(text) for text in texts],
            draw(st.sampled_from(["", "8938505970018", "x", "12345678"])), draw(count), draw(count), draw(count), draw(count),
            draw(st.sampled_from(["", "tos/a", "tos/b"])),
        )
        for n, texts in enumerate(combinations)
    ]  # fmt: skip
    values = st.lists(WORDS, min_size=1, max_size=2, unique_by=folded).map(
        lambda texts: [Value(text) for text in texts]
    )
    return Draft(
        "AO", "601303", draw(WORDS), draw(WORDS), variants, options=[option for option, _ in axes],
        attributes=draw(st.dictionaries(st.sampled_from(["1", "2"]), values)), pictures=draw(st.lists(WORDS, max_size=2)),
    )  # fmt: skip


def folded(text: str) -> str:
    return text.strip().casefold()


def made_of(said: dict[str, Any]) -> dict[str, Any]:
    """The product as the platform shows it after a request to make it: what was told in words has numbers now."""

    def numbered(rows: list[dict[str, Any]], taken: dict[str, str], kind: str) -> list[dict[str, Any]]:
        for row in rows:
            row.setdefault("id", taken.setdefault(f"{kind}{row.get('name', '')}", f"9{len(taken)}"))
        return rows

    taken: dict[str, str] = {}
    for number, sku in enumerate(said["skus"], 1):
        sku["id"] = str(number)
        sku["price"] = {"currency": "VND", "sale_price": sku["price"]["amount"]}
        for row in numbered(sku["sales_attributes"], taken, "option"):
            row.setdefault("value_id", taken.setdefault(f"{row['id']}{row['value_name'].strip()}", f"8{len(taken)}"))
    for one in said.get("product_attributes", []):
        numbered(one["values"], taken, f"value of {one['id']} ")
    chain = [{"id": said["category_id"], "is_leaf": True}]
    return {**said, "id": PRODUCT_ID, "status": "ACTIVATE", "category_chains": chain}


@settings(max_examples=60, deadline=None)
@given(drafts())
def test_what_was_made_of_a_draft_is_what_the_draft_says(draft: Draft) -> None:
    shop, wire = a_stall(a_product())
    run(shop.create_product(draft=draft))
    shop, wire = a_stall(made_of(body(writes(wire)[0])))
    update(shop, draft)
    assert writes(wire) == []


@given(st.text(alphabet="ab<>&\"'\n\r \u00e1/p", max_size=60))
def test_words_come_back_out_of_markup(text: str) -> None:
    lines = [" ".join(line.split()) for line in text.replace("\r", "\n").split("\n") if line.strip()]
    assert words(rich(text)) == lines


def test_it_claims_what_it_does() -> None:
    shop, _ = a_shop()
    assert isinstance(shop, PublishesProducts)
    assert "PublishesProducts" in shop.manifest.capabilities
