"""Lazada's products made and kept, against answers composed from the platform's documented shapes."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

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
from mekong.connectors.lazada.client import signature
from mekong.connectors.lazada.mapping.markup import as_html, lines, lines_of
from mekong.foundation.errors import RemoteRefused, Unavailable
from tests.unit.connectors.test_lazada import SECRET, a_shop, ok
from tests.unit.connectors.test_shopee_publishing import mangled
from tests.unit.connectors.wire import Answer, Wire, form, query, run

LIVE = "https://vn-live-01.slatic.net/p"
SHIRT = Draft(
    code="AO",
    category_id="10002019",
    name="Áo thun cotton",
    description="Mềm & mát.\nGiặt máy.\n\nCỡ < L: rộng",
    variants=(
        DraftVariant("AO-DO", 120_000, (Value("Đỏ", "Red"),), "8938505974192", 250, 200, 150, 31, f"{LIVE}/do.jpg"),
        DraftVariant("AO-XANH", 125_000, (Value("Xanh", "Blue"),), "8938505974208", 250, 200, 150, 31),
    ),
    options=(DraftOption("Màu sắc", "color_family"),),
    attributes={"material": (Value("Vải bông", "Cotton"),), "package_content": (Value("1 áo"),)},
    pictures=(f"{LIVE}/1.jpg", f"{LIVE}/2.jpg"),
    brand="Yame",
)
BAG = replace(
    SHIRT,
    name="Túi vải",
    variants=(DraftVariant("TUI-VAI", 50_000, (), "", 100, 200, 100, 20),),
    options=(),
    attributes={},
    brand="",
)


def an_attribute(name: str, input_type: str, **more: Any) -> dict[str, Any]:
    said = {"name": name, "label": name, "input_type": input_type, "is_mandatory": 0, "attribute_type": "normal"}
    return {**said, "is_sale_prop": 0, "advanced": {"is_key_prop": 0}, "id": 1, **more}


ASKED = [
    an_attribute("name", "text", is_mandatory=1),
    an_attribute("brand", "singleSelect", is_mandatory=1),
    an_attribute("package_weight", "numeric", is_mandatory=1, attribute_type="sku"),
    an_attribute("__images__", "img", attribute_type="sku"),
    an_attribute("size_chart", "img"),
    an_attribute("barcode_ean", "text", attribute_type="sku"),
    an_attribute("material", "singleSelect", label="Chất liệu", is_mandatory=1,
                 options=[{"name": "Vải bông", "en_name": "Cotton", "id": 7}, {"name": "Len"}]),
    an_attribute("features", "multiEnumInput", options=[{"name": "Mát", "en_name": "Cool"}]),
    an_attribute("length", "numeric", unit=[{"type": ["cm", "mm"]}]),
    an_attribute("made", "date"),
    an_attribute("short_description", "richText"),
    an_attribute("package_content", "text", attribute_type="sku"),
    an_attribute("color_family", "singleSelect", label="Nhóm màu", attribute_type="sku", is_sale_prop=1,
                 options=[{"name": "Đỏ", "en_name": "Red"}, {"name": "Xanh", "en_name": "Blue"}]),
]  # fmt: skip


def a_sku(sku_id: int, sku: str, color: str, **changes: Any) -> dict[str, Any]:
    return {
        "SkuId": sku_id,
        "SellerSku": sku,
        "ShopSku": f"1234567_VNAMZ-{sku_id}",
        "Status": "active",
        "quantity": 5,
        "Available": 5,
        "price": 99000.0,
        "package_weight": "0.25",
        "package_length": "20.00",
        "package_width": "15.00",
        "package_height": "3.10",
        "package_content": "1 áo",
        "saleProp": {"color_family": color},
        "barcode_ean": {"AO-DO": "8938505974192", "AO-XANH": "8938505974208"}[sku],
        "Images": [f"https://sg-live.slatic.net/p/{'do' if color == 'Red' else '1'}.jpg", ""],
        "Url": f"https://www.lazada.vn/-i1234567-s{sku_id}.html",
        "multiWarehouseInventories": [],
        **changes,
    }


PRODUCT: dict[str, Any] = {
    "item_id": 1234567,
    "primary_category": 10002019,
    "status": "Active",
    "created_time": "1763000000000",
    "images": json.dumps([f"{LIVE}/1.jpg", "https://sg-live.slatic.net/p/2.jpg"]),
    "attributes": {
        "name": "Áo thun cotton",
        "description": '<p style="margin: 0;">Mềm &amp; mát.<br>Giặt máy.</p><p>Cỡ &lt; L: rộng</p>\n',
        "brand": "YAME",
        "material": "Cotton",
        "warranty_type": "No Warranty",
    },
    "skus": [a_sku(11, "AO-DO", "Red"), a_sku(12, "AO-XANH", "Blue")],
    "subStatus": "",
    "suspendedSkus": [],
    "rejectReason": [],
    "variation": {},
}
BAG_SKU = {"SkuId": 21, "SellerSku": "TUI-VAI", "Status": "active", "quantity": 0, "price": 50000, "package_weight": "0.1",
           "package_length": "20", "package_width": "10", "package_height": "2"}  # fmt: skip
BAG_PRODUCT = {
    **PRODUCT,
    "attributes": {**PRODUCT["attributes"], "name": "Túi vải", "brand": "No Brand"},
    "skus": [BAG_SKU],
}


def there(product: Mapping[str, Any] | list[Answer] = PRODUCT) -> dict[str, Answer | list[Answer]]:
    return {
        "/product/item/get": product if isinstance(product, list) else ok(product),
        "/category/attributes/get": ok(ASKED),
    }


def refused(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "type": "ISV", "message": message, "request_id": "r", **more}


def writes(wire: Wire) -> list[str]:
    ends = ("/product/create", "/product/update", "/product/deactivate")
    return [path.rsplit("/", 1)[-1] for path in wire.paths if path.endswith(ends)]


def sent(wire: Wire, end: str, at: int = 0) -> Any:
    return json.loads(form(wire.asked(end)[at])["payload"])["Request"]["Product"]


# --- what the platform asks ------------------------------------------------------------------------------------------


def test_the_connector_publishes_products() -> None:
    assert isinstance(a_shop()[0], PublishesProducts)


def test_categories_come_parents_first_in_vietnamese() -> None:
    tree = [
        {"category_id": 2, "name": "Thời trang", "leaf": False, "var": False, "children": [
            {"category_id": 3, "name": "Áo", "leaf": True, "var": True}, {"category_id": 4, "name": "Quần", "leaf": True}]},
        {"category_id": 5, "name": "Sách", "leaf": True},
    ]  # fmt: skip
    shop, wire = a_shop({"/category/tree/get": ok(tree)})
    assert run(shop.list_categories()) == [
        RemoteCategory("2", "Thời trang", "", is_leaf=False),
        RemoteCategory("3", "Áo", "2"),
        RemoteCategory("4", "Quần", "2"),
        RemoteCategory("5", "Sách"),
    ]
    assert query(wire.requests[0])["language_code"] == "vi_VN"


def test_attributes_are_read_without_what_a_draft_carries() -> None:
    shop, wire = a_shop({"/category/attributes/get": ok(ASKED)})
    assert run(shop.list_attributes(category_id="10002019")) == [
        RemoteAttribute("material", "Chất liệu", AttributeKind.CHOICE, is_required=True, takes_own_words=False,
                        choices=(RemoteChoice("Cotton", "Vải bông"), RemoteChoice("Len", "Len"))),
        RemoteAttribute("features", "features", AttributeKind.CHOICES, choices=(RemoteChoice("Cool", "Mát"),)),
        RemoteAttribute("length", "length", AttributeKind.NUMBER, units=("cm", "mm")),
        RemoteAttribute("made", "made", AttributeKind.DATE),
        RemoteAttribute("short_description", "short_description"),
        RemoteAttribute("package_content", "package_content"),
        RemoteAttribute("color_family", "Nhóm màu", AttributeKind.CHOICE, is_option=True,
                        choices=(RemoteChoice("Red", "Đỏ"), RemoteChoice("Blue", "Xanh"))),
    ]  # fmt: skip
    assert query(wire.requests[0])["primary_category_id"] == "10002019"


def test_a_category_that_is_none_is_refused() -> None:
    shop, _ = a_shop({"/category/attributes/get": refused("57", "E057: No attribute sets linked to that category")})
    with pytest.raises(RemoteRefused):
        run(shop.list_attributes(category_id="7"))
    shop, wire = a_shop({})
    with pytest.raises(RemoteRefused):
        run(shop.list_attributes(category_id=""))
    assert wire.requests == []


def test_a_picture_is_sent_as_a_file_with_its_parameters_signed() -> None:
    shop, wire = a_shop({"/image/upload": ok({"image": {"hash_code": "h", "url": f"{LIVE}/x.jpg"}})})
    picture = Picture(b"\xff\xd8\r\n--\x00", "image/jpeg", "áo.jpg", 800, 800, url="https://shop.example/a.jpg")
    assert run(shop.upload_picture(picture=picture)) == f"{LIVE}/x.jpg"
    (request,) = wire.requests
    boundary = request.headers["content-type"].partition("boundary=")[2].encode()
    assert request.params == ()
    *parts, file, end = request.body.split(b"--" + boundary)[1:]
    assert end == b"--\r\n"
    assert file.endswith(b'filename="_o.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + picture.content + b"\r\n")
    fields = {}
    for part in parts:
        head, _, value = part.decode().strip("\r\n").partition("\r\n\r\n")
        fields[head.partition('name="')[2].rstrip('"')] = value
    assert fields.keys() == {"access_token", "app_key", "sign_method", "timestamp", "sign"}
    assert fields["sign"] == signature(SECRET, "/image/upload", fields)


def test_a_picture_without_content_is_fetched_by_the_platform() -> None:
    shop, wire = a_shop({"/image/migrate": ok({"image": {"url": f"{LIVE}/x.jpg"}})})
    picture = Picture(b"", "image/jpeg", "a.jpg", 1, 1, url="https://shop.example/a.jpg?a=1&b=<2>")
    assert run(shop.upload_picture(picture=picture)) == f"{LIVE}/x.jpg"
    request = ET.fromstring(form(wire.requests[0])["payload"])
    assert request.findtext("Image/Url") == "https://shop.example/a.jpg?a=1&b=<2>"
    with pytest.raises(RemoteRefused):
        run(shop.upload_picture(picture=replace(picture, url="")))


# --- finding ---------------------------------------------------------------------------------------------------------


def test_a_product_is_found_by_the_sku_of_one_of_its_variants() -> None:
    other = {**BAG_PRODUCT, "item_id": 9}
    shop, wire = a_shop({"/products/get": ok({"total_products": 2, "products": [other, PRODUCT]})})
    found = run(shop.find_product(draft=SHIRT))
    assert found is not None
    assert (found.item_id, found.state) == ("1234567", PublishedState.LIVE)
    assert found.url == "https://www.lazada.vn/-i1234567-s11.html"
    assert [(one.key, one.sku) for one in found.listings] == [
        (ListingKey("1234567", "11"), "AO-DO"), (ListingKey("1234567", "12"), "AO-XANH"),
    ]  # fmt: skip
    said = query(wire.requests[0])
    assert (said["filter"], json.loads(said["sku_seller_list"])) == ("all", ["AO-DO", "AO-XANH"])


@pytest.mark.parametrize("said", [[], {"products": []}, {"products": [{**PRODUCT, "status": "Deleted"}]}, None])
def test_a_product_that_is_not_there_is_not_found(said: Any) -> None:
    shop, _ = a_shop({"/products/get": ok(said)})
    assert run(shop.find_product(draft=SHIRT)) is None


# --- making ----------------------------------------------------------------------------------------------------------

MADE = ok(
    {
        "item_id": 1234567,
        "sku_list": [
            {"shop_sku": "x", "seller_sku": "AO-DO", "sku_id": 11},
            {"shop_sku": "y", "seller_sku": "AO-XANH", "sku_id": 12},
        ],
    }
)


def test_a_product_is_made_with_its_variants_and_nothing_for_sale() -> None:
    shop, wire = a_shop({**there(), "/product/create": MADE})
    made = run(shop.create_product(draft=SHIRT))
    assert [one.key for one in made.listings] == [ListingKey("1234567", "11"), ListingKey("1234567", "12")]
    assert writes(wire) == ["create"]
    parcel = {"package_weight": "0.25", "package_length": "20", "package_width": "15", "package_height": "3.1"}
    assert sent(wire, "/product/create") == {
        "PrimaryCategory": "10002019",
        "Images": {"Image": list(SHIRT.pictures)},
        "variation": {"variation1": {"name": "color_family", "hasImage": True, "customize": False,
                                     "options": {"option": ["Red", "Blue"]}}},
        "Attributes": {
            "name": "Áo thun cotton",
            "description": "<p>Mềm &amp; mát.<br/>Giặt máy.</p><p>Cỡ &lt; L: rộng</p>",
            "brand": "Yame",
            "material": "Cotton",
        },
        "Skus": {"Sku": [
            {"SellerSku": "AO-DO", "quantity": "0", "price": "120000", "Status": "active",
             "saleProp": {"color_family": "Red"}, **parcel, "Images": {"Image": [f"{LIVE}/do.jpg"]},
             "package_content": "1 áo", "barcode_ean": "8938505974192"},
            {"SellerSku": "AO-XANH", "quantity": "0", "price": "125000", "Status": "active",
             "saleProp": {"color_family": "Blue"}, **parcel, "Images": {"Image": [f"{LIVE}/1.jpg"]},
             "package_content": "1 áo", "barcode_ean": "8938505974208"},
        ]},
    }  # fmt: skip


def test_a_product_without_variants_declares_none_and_has_no_brand() -> None:
    shop, wire = a_shop({**there(BAG_PRODUCT), "/product/create": MADE})
    run(shop.create_product(draft=BAG))
    said = sent(wire, "/product/create")
    assert "variation" not in said
    assert said["Attributes"]["brand"] == "No Brand"
    assert said["Skus"]["Sku"][0].keys() == {
        "SellerSku", "quantity", "price", "Status", "package_weight", "package_length", "package_width", "package_height",
    }  # fmt: skip


def test_options_of_our_own_are_declared_so_and_sizes_take_no_pictures() -> None:
    sized = replace(SHIRT, options=(DraftOption("Kiểu"),))
    shop, wire = a_shop({**there(), "/product/create": MADE})
    run(shop.create_product(draft=sized))
    (declared,) = sent(wire, "/product/create")["variation"].values()
    assert (declared["name"], declared["customize"]) == ("Kiểu", True)

    asked = [*ASKED, an_attribute("size", "enumInput", attribute_type="sku", is_sale_prop=1)]
    shop, wire = a_shop({**there(), "/category/attributes/get": ok(asked), "/product/create": MADE})
    run(shop.create_product(draft=replace(SHIRT, options=(DraftOption("Cỡ", "size"),))))
    said = sent(wire, "/product/create")
    assert said["variation"]["variation1"]["hasImage"] is False
    assert all("Images" not in sku for sku in said["Skus"]["Sku"])


def test_several_values_and_units_are_one_text() -> None:
    attributes = {"features": (Value("Mát", "Cool"), Value("Nhẹ")), "length": (Value("12", unit="cm"),)}
    shop, wire = a_shop({**there(BAG_PRODUCT), "/product/create": MADE})
    run(shop.create_product(draft=replace(BAG, attributes=attributes)))
    said = sent(wire, "/product/create")["Attributes"]
    assert (said["features"], said["length"]) == ("Cool,Nhẹ", "12 cm")


def test_a_brand_the_platform_does_not_know_is_no_brand() -> None:
    unknown = refused("501", "E501: Create product failed", detail=[{"field": "brand", "message": "Brand is invalid"}])
    shop, wire = a_shop({**there(), "/product/create": [unknown, MADE]})
    run(shop.create_product(draft=SHIRT))
    said = [sent(wire, "/product/create", at)["Attributes"]["brand"] for at in range(2)]
    assert said == ["Yame", "No Brand"]


def test_a_refusal_keeps_all_that_the_platform_says() -> None:
    said = refused("500", "E500: Create product failed",
                   detail=[{"seller_sku": "AO-DO", "message": "package_weight is mandatory"}])  # fmt: skip
    shop, wire = a_shop({**there(), "/product/create": said})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.create_product(draft=SHIRT))
    assert failed.value.params["remote_message"] == "E500: Create product failed; AO-DO: package_weight is mandatory"
    assert writes(wire) == ["create"]


def test_troubles_under_a_code_of_success_are_a_refusal() -> None:
    shop, _ = a_shop({**there(), "/product/update": ok(detail=[{"seller_sku": "AO-DO", "message": "E0501"}])})
    with pytest.raises(RemoteRefused):
        run(shop.update_product(item_id="1234567", draft=replace(SHIRT, name="Khác")))


@pytest.mark.parametrize("said", [refused("208", "E208: Item not exist"), ok(None)])
def test_what_cannot_be_read_yet_is_known_by_the_answer(said: Answer) -> None:
    shop, _ = a_shop({**there([said]), "/product/create": MADE})
    made = run(shop.create_product(draft=SHIRT))
    assert (made.state, made.item_id) == (PublishedState.REVIEWING, "1234567")
    assert [(one.key, one.sku) for one in made.listings] == [
        (ListingKey("1234567", "11"), "AO-DO"), (ListingKey("1234567", "12"), "AO-XANH"),
    ]  # fmt: skip


def test_a_product_made_hidden_is_hidden_even_where_the_platform_showed_it() -> None:
    hidden = {**PRODUCT, "status": "InActive", "skus": [{**sku, "Status": "inactive"} for sku in PRODUCT["skus"]]}
    shop, wire = a_shop({**there([ok(PRODUCT), ok(hidden)]), "/product/create": MADE, "/product/deactivate": ok()})
    made = run(shop.create_product(draft=replace(SHIRT, is_shown=False)))
    assert made.state is PublishedState.HIDDEN
    assert {row["Status"] for row in sent(wire, "/product/create")["Skus"]["Sku"]} == {"inactive"}
    requests = [ET.fromstring(form(one)["apiRequestBody"]) for one in wire.asked("/product/deactivate")]
    assert [(one.findtext("Product/ItemId"), one.findtext("Product/Skus/SkuId")) for one in requests] == [
        ("1234567", "11"), ("1234567", "12"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (replace(SHIRT, options=tuple(DraftOption(name) for name in "ABCD")), "too_many_options"),
        (replace(SHIRT, category_id="áo"), "unknown_category"),
    ],
)
def test_a_draft_that_cannot_become_a_product_is_refused_before_anything_is_made(draft: Draft, code: str) -> None:
    shop, wire = a_shop({})
    for work in (shop.create_product(draft=draft), shop.update_product(item_id="1", draft=draft)):
        with pytest.raises(RemoteRefused) as failed:
            run(work)
        assert failed.value.params["remote_code"] == code
    assert wire.requests == []


# --- updating --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("draft", "product"), [(SHIRT, PRODUCT), (BAG, BAG_PRODUCT)])
def test_a_product_that_is_as_the_draft_has_it_is_only_read(draft: Draft, product: dict[str, Any]) -> None:
    shop, wire = a_shop(there(product))
    assert run(shop.update_product(item_id="1234567", draft=draft)).state is PublishedState.LIVE
    assert {request.method for request in wire.requests} == {"GET"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Áo mới"}, {"Attributes": {"name": "Áo mới"}}),
        (
            {"description": "Mềm & mát.\n\nGiặt tay."},
            {"Attributes": {"description": "<p>Mềm &amp; mát.</p><p>Giặt tay.</p>"}},
        ),
        ({"brand": ""}, {"Attributes": {"brand": "No Brand"}}),
        ({"pictures": (f"{LIVE}/1.jpg",)}, {"Images": {"Image": [f"{LIVE}/1.jpg"]}}),
        ({"category_id": "10002020"}, {"PrimaryCategory": "10002020"}),
        ({"attributes": {"material": (Value("Len", "Wool"),)}}, {"Attributes": {"material": "Wool"}}),
    ],
)
def test_only_what_differs_is_written(change: dict[str, Any], said: dict[str, Any]) -> None:
    shop, wire = a_shop({**there(), "/product/update": ok()})
    run(shop.update_product(item_id="1234567", draft=replace(SHIRT, **change)))
    assert writes(wire) == ["update"]
    skus = {"Skus": {"Sku": [{"SkuId": "11"}, {"SkuId": "12"}]}}
    assert sent(wire, "/product/update") == {"ItemId": "1234567", "Attributes": {}, **said, **skus}


def test_what_differs_of_a_sku_is_written_with_it() -> None:
    heavy = replace(SHIRT.variants[0], sku="AO-DO-2", model_id="11", weight_g=300, barcode="8900000000001")
    draft = replace(SHIRT, variants=(heavy, SHIRT.variants[1]), attributes={"package_content": (Value("2 áo"),)})
    shop, wire = a_shop({**there(), "/product/update": ok()})
    run(shop.update_product(item_id="1234567", draft=draft))
    assert sent(wire, "/product/update")["Skus"]["Sku"] == [
        {"SkuId": "11", "SellerSku": "AO-DO-2", "package_weight": "0.3", "package_content": "2 áo",
         "barcode_ean": "8900000000001"},
        {"SkuId": "12", "package_content": "2 áo"},
    ]  # fmt: skip


def test_a_brand_that_is_refused_leaves_the_rest_to_be_written() -> None:
    unknown = refused("501", "Brand not found in Lazada")
    shop, wire = a_shop({**there(), "/product/update": [unknown, ok()]})
    run(shop.update_product(item_id="1234567", draft=replace(SHIRT, brand="Chưa ai biết", name="Khác")))
    assert [sent(wire, "/product/update", at)["Attributes"] for at in range(2)] == [
        {"name": "Khác", "brand": "Chưa ai biết"}, {"name": "Khác"},
    ]  # fmt: skip


GREEN = DraftVariant("AO-LUC", 130_000, (Value("Lục", "Green"),), "", 250, 200, 150, 31)


def test_a_new_variant_is_added_beside_those_that_are_there() -> None:
    shop, wire = a_shop({**there(), "/product/update": ok()})
    run(shop.update_product(item_id="1234567", draft=replace(SHIRT, variants=(*SHIRT.variants, GREEN))))
    assert writes(wire) == ["update"]
    said = sent(wire, "/product/update")
    assert (said["ItemId"], said["AssociatedSku"]) == ("1234567", "AO-DO")
    assert said["variation"]["variation1"]["options"]["option"] == ["Red", "Blue", "Green"]
    (row,) = said["Skus"]["Sku"]
    assert (row["SellerSku"], row["quantity"], row["price"]) == ("AO-LUC", "0", "130000")
    assert "SkuId" not in row


def test_a_gateway_that_wants_an_id_of_every_sku_takes_new_ones_by_the_other_call() -> None:
    wants = refused("501", "skuId is a mandatory field and must be filled in")
    shop, wire = a_shop({**there(), "/product/update": wants, "/product/create": MADE})
    run(shop.update_product(item_id="1234567", draft=replace(SHIRT, variants=(*SHIRT.variants, GREEN))))
    assert writes(wire) == ["update", "create"]
    assert sent(wire, "/product/create")["AssociatedSku"] == "AO-DO"


def test_a_refused_variant_is_not_tried_in_another_way() -> None:
    shop, wire = a_shop({**there(), "/product/update": refused("SKU_VARIATION_NAME_MISSING", "Name is Missing")})
    with pytest.raises(RemoteRefused):
        run(shop.update_product(item_id="1234567", draft=replace(SHIRT, variants=(*SHIRT.variants, GREEN))))
    assert writes(wire) == ["update"]


@pytest.mark.parametrize("is_heeded", [True, False])
def test_a_variant_the_draft_has_no_more_is_taken_off_sale(is_heeded: bool) -> None:
    """`is_heeded`: the platform takes the state that an update names."""
    off = {**PRODUCT, "skus": [PRODUCT["skus"][0], {**PRODUCT["skus"][1], "Status": "inactive"}]}
    reads: list[Answer] = [ok(PRODUCT), ok(off)] if is_heeded else [ok(PRODUCT), ok(PRODUCT), ok(off)]
    shop, wire = a_shop({**there(reads), "/product/update": ok(), "/product/deactivate": ok()})
    draft = replace(SHIRT, variants=(SHIRT.variants[0],))
    stands = run(shop.update_product(item_id="1234567", draft=draft))
    assert writes(wire) == ["update", *([] if is_heeded else ["deactivate"])]
    assert sent(wire, "/product/update")["Skus"]["Sku"] == [{"SkuId": "11"}, {"SkuId": "12", "Status": "inactive"}]
    assert [one.is_active for one in stands.listings] == [True, False]

    shop, wire = a_shop(there(off))
    run(shop.update_product(item_id="1234567", draft=draft))
    assert writes(wire) == []


def test_a_product_becomes_one_with_variants() -> None:
    bare = {key: value for key, value in a_sku(11, "AO-DO", "Red").items() if key != "saleProp"}
    shop, wire = a_shop({**there({**PRODUCT, "skus": [bare]}), "/product/update": ok()})
    run(shop.update_product(item_id="1234567", draft=SHIRT))
    changed, added = sent(wire, "/product/update"), sent(wire, "/product/update", 1)
    assert changed["variation"]["variation1"]["options"]["option"] == ["Red", "Blue"]
    assert changed["Skus"]["Sku"] == [{"SkuId": "11", "saleProp": {"color_family": "Red"}}]
    assert [row["SellerSku"] for row in added["Skus"]["Sku"]] == ["AO-XANH"]


def test_options_off_sale_stay_declared() -> None:
    shop, wire = a_shop({**there(), "/product/update": ok()})
    green = replace(GREEN, sku="AO-DO")
    off = {**PRODUCT, "skus": [PRODUCT["skus"][0], {**PRODUCT["skus"][1], "Status": "inactive"}]}
    shop, wire = a_shop({**there(off), "/product/update": ok()})
    run(shop.update_product(item_id="1234567", draft=replace(SHIRT, variants=(green,))))
    assert sent(wire, "/product/update")["variation"]["variation1"]["options"]["option"] == ["Blue", "Green"]


def removed(wire: Wire) -> list[list[str | None]]:
    requests = [ET.fromstring(form(one)["payload"]) for one in wire.asked("/product/sku/remove")]
    assert {one.findtext("Product/ItemId") for one in requests} <= {"1234567"}
    return [[sku.findtext("SkuId") for sku in one.iterfind("Product/Skus/Sku")] for one in requests]


def test_a_place_is_free_before_another_article_takes_it() -> None:
    other = replace(SHIRT.variants[1], sku="AO-XANH-2")
    shop, wire = a_shop({**there(), "/product/sku/remove": ok(), "/product/update": ok(), "/product/deactivate": ok()})
    run(shop.update_product(item_id="1234567", draft=replace(SHIRT, variants=(SHIRT.variants[0], other))))
    assert removed(wire) == [["12"]]
    assert sent(wire, "/product/update")["AssociatedSku"] == "AO-DO"
    assert wire.paths.index("/rest/product/sku/remove") < wire.paths.index("/rest/product/update")


def test_a_seller_who_may_not_remove_skus_has_the_other_call() -> None:
    other = replace(SHIRT.variants[1], sku="AO-XANH-2")
    draft = replace(SHIRT, variants=(SHIRT.variants[0], other))
    may_not = refused("REMOVE_SKU_PROHIBITION", "The seller is prohibited from using the remove SKU function.")
    answers = {
        **there(),
        "/product/sku/remove": may_not,
        "/product/remove": ok(),
        "/product/update": ok(),
        "/deactivate": ok(),
    }
    shop, wire = a_shop(answers)
    run(shop.update_product(item_id="1234567", draft=draft))
    assert json.loads(form(wire.asked("/product/remove")[0])["sku_id_list"]) == ["SkuId_1234567_12"]
    shop, wire = a_shop({**answers, "/product/sku/remove": refused("500", "in a campaign")})
    with pytest.raises(RemoteRefused):
        run(shop.update_product(item_id="1234567", draft=draft))
    assert wire.asked("/product/remove") == wire.asked("/product/update") == []


def test_the_last_sku_becomes_another_articles_with_nothing_for_sale() -> None:
    one = {**PRODUCT, "skus": [PRODUCT["skus"][0]]}
    other = replace(SHIRT.variants[0], sku="AO-DO-2")
    shop, wire = a_shop({**there(one), "/product/update": ok(), "/product/deactivate": ok()})
    run(shop.update_product(item_id="1234567", draft=replace(SHIRT, variants=(other,))))
    (row,) = sent(wire, "/product/update", -1)["Skus"]["Sku"]
    assert (row["SkuId"], row["SellerSku"], row["quantity"], row["price"]) == ("11", "AO-DO-2", "0", "120000")
    assert row["Status"] == "active"


def test_where_every_article_is_another_one_sku_is_there_at_any_time() -> None:
    others = tuple(replace(one, sku=f"{one.sku}-2") for one in SHIRT.variants)
    shop, wire = a_shop({**there(), "/product/sku/remove": ok(), "/product/update": ok(), "/product/deactivate": ok()})
    run(shop.update_product(item_id="1234567", draft=replace(SHIRT, variants=others)))
    assert removed(wire) == [["11"], ["12"]]
    added = [said for at in range(3) if "AssociatedSku" in (said := sent(wire, "/product/update", at))]
    assert [(said["AssociatedSku"], said["Skus"]["Sku"][0]["SellerSku"]) for said in added] == [
        ("AO-XANH", "AO-DO-2"), ("AO-DO-2", "AO-XANH-2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "is_shown", "word"),
    [("active", False, "inactive"), ("inactive", True, "active"), ("active", True, None), ("inactive", False, None)],
)
def test_a_product_is_shown_and_hidden(status: str, is_shown: bool, word: str | None) -> None:
    before = {**PRODUCT, "skus": [{**sku, "Status": status} for sku in PRODUCT["skus"]]}
    after = {**PRODUCT, "skus": [{**sku, "Status": word} for sku in PRODUCT["skus"]]}
    shop, wire = a_shop({**there([ok(before), ok(after if word else before)]), "/product/update": ok()})
    stands = run(shop.update_product(item_id="1234567", draft=replace(SHIRT, is_shown=is_shown)))
    assert stands.state is (PublishedState.LIVE if is_shown else PublishedState.HIDDEN)
    assert writes(wire) == (["update"] if word else [])
    if word:
        assert {row["Status"] for row in sent(wire, "/product/update")["Skus"]["Sku"]} == {word}


def test_what_the_platform_looks_at_is_not_shown_against_its_verdict() -> None:
    pending = {**PRODUCT, "status": "Pending QC", "skus": [{**sku, "Status": "inactive"} for sku in PRODUCT["skus"]]}
    shop, wire = a_shop(there(pending))
    assert run(shop.update_product(item_id="1234567", draft=SHIRT)).state is PublishedState.REVIEWING
    assert writes(wire) == []


@pytest.mark.parametrize("item_id", ["1234567", "", "abc"])
def test_a_product_that_is_gone_is_not_updated_and_stands_nowhere(item_id: str) -> None:
    shop, wire = a_shop(there({**PRODUCT, "status": "Deleted"}))
    with pytest.raises(RemoteRefused) as failed:
        run(shop.update_product(item_id=item_id, draft=SHIRT))
    assert failed.value.params["remote_code"] == "item_not_found"
    assert run(shop.check_product(item_id=item_id, ticket="")) is None
    assert writes(wire) == []


@pytest.mark.parametrize(
    ("changes", "state", "reasons"),
    [
        ({}, PublishedState.LIVE, ()),
        ({"status": "InActive"}, PublishedState.HIDDEN, ()),
        ({"status": "Pending QC"}, PublishedState.REVIEWING, ()),
        ({"subStatus": "Live_Reject", "rejectReason": [{"violationDetail": "Wrong Image", "suggestion": "Đổi ảnh"}]},
         PublishedState.REFUSED, ("Wrong Image: Đổi ảnh",)),
        ({"status": "Suspended", "suspendedSkus": [{"rejectReason": "Giả", "SkuId": 11}, {"rejectReason": "Giả"}]},
         PublishedState.REFUSED, ("Giả",)),
        ({"status": ""}, PublishedState.LIVE, ()),
    ],
)  # fmt: skip
def test_where_a_product_stands(changes: dict[str, Any], state: PublishedState, reasons: tuple[str, ...]) -> None:
    shop, _ = a_shop(there({**PRODUCT, **changes}))
    stands = run(shop.check_product(item_id="1234567", ticket=""))
    assert stands is not None
    assert (stands.state, stands.reasons) == (state, reasons)


# --- words -------------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n<>&;")))
def test_words_come_back_from_html_as_they_went(text: str) -> None:
    markup = as_html(text)
    assert lines_of(markup) == lines(text)
    assert markup.replace("<p>", "").replace("</p>", "").replace("<br/>", "").count("<") == 0


# --- whatever the reply ----------------------------------------------------------------------------------------------

REPLIES: dict[str, Any] = {
    "/category/tree/get": ok([{"category_id": 2, "name": "x", "children": [{"category_id": 3, "leaf": True}]}]),
    "/category/attributes/get": ok(ASKED),
    "/image/upload": ok({"image": {"url": f"{LIVE}/x.jpg"}}),
    "/products/get": ok({"total_products": 1, "products": [PRODUCT]}),
    "/product/item/get": ok({**PRODUCT, "subStatus": "Lock", "rejectReason": [{"violationDetail": "x"}]}),
    "/product/create": MADE,
    "/product/update": ok(detail=[]),
    "/product/deactivate": ok(),
    "/product/sku/remove": ok(),
    "/product/remove": ok(),
}


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_reply_breaks_more_than_its_own_call(data: st.DataObject) -> None:
    replies = copy.deepcopy(REPLIES)
    path = data.draw(st.sampled_from(sorted(replies)))
    replies[path] = mangled(replies[path], data)
    shop, _ = a_shop(replies)
    draft = replace(SHIRT, variants=(replace(SHIRT.variants[0], values=(Value("Tím"),)), GREEN), is_shown=False)
    others = replace(SHIRT, variants=tuple(replace(one, sku=f"{one.sku}-2") for one in SHIRT.variants))
    for work in (
        shop.list_categories(),
        shop.list_attributes(category_id="10002019"),
        shop.upload_picture(picture=Picture(b"x", "image/png", "a.png", 1, 1)),
        shop.find_product(draft=SHIRT),
        shop.create_product(draft=SHIRT),
        shop.update_product(item_id="1234567", draft=draft),
        shop.update_product(item_id="1234567", draft=others),
        shop.check_product(item_id="1234567", ticket=""),
    ):
        with contextlib.suppress(Unavailable, RemoteRefused):
            run(work)
