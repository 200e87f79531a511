"""Products published to Shopify, against answers composed from the platform's documented shapes."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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
from mekong.connectors.shopify.connector import SCOPES, Shopify
from mekong.connectors.shopify.mapping.drafts import paragraphs
from mekong.connectors.shopify.mapping.publishing import search
from mekong.foundation.errors import MekongError, RateLimited, RemoteRefused, Unavailable
from tests.unit.connectors.test_shopify import END, NOW, PLACES, SHOP, an_account, data, errors, operation
from tests.unit.connectors.test_shopify import Graph as Plain
from tests.unit.connectors.wire import Answer, body, run

STORE = "https://uploads.example.net/bucket"
PICTURE = Picture(b"\x89PNG...", "image/png", 'áo "đỏ".png', 800, 800)
FRONT, BACK, RED = (f"gid://shopify/MediaImage/{one}" for one in (1, 2, 3))
CHANGES = {
    "UpdateFiles": "fileUpdate",
    "OrderMedia": "productReorderMedia",
    "DeleteVariants": "productVariantsBulkDelete",
    "ChangeVariants": "productVariantsBulkUpdate",
    "CreateVariants": "productVariantsBulkCreate",
    "UpdateProduct": "productUpdate",
    "Publish": "publishablePublish",
}
WRITES = {"SetProduct", "CreateFile", "StageUpload", *CHANGES}

RED_M = DraftVariant("AO-DO-M", 99000, (Value("Đỏ"), Value("M")), barcode="8936000000018", weight_g=250, picture=RED)
RED_L = DraftVariant("AO-DO-L", 109000, (Value("Đỏ"), Value("L")), weight_g=270)
SHIRT = Draft(
    "AO", "aa-1-13-8", "Áo thun", "Vải mát.\n\nGiặt máy\n30 độ & phơi <bóng râm>", (RED_M, RED_L),
    options=(DraftOption("Màu"), DraftOption("Size")), pictures=(FRONT, BACK), brand="Cúc Áo",
)  # fmt: skip
BAG = Draft("TUI", "", "Túi vải", "Túi.", (DraftVariant("TUI", 50000),))


class Graph(Plain):
    """As the wire of the connector's other tests, and a store of files that answers as "store"."""

    async def send(self, request: Request) -> Response:
        if not request.url.startswith(STORE):
            return await super().send(request)
        self.requests.append(request)
        answer = self.answers["store"][0]
        assert isinstance(answer, Response)
        return answer

    @property
    def operations(self) -> list[str]:
        return ["store" if one.url.startswith(STORE) else operation(one) for one in self.requests]

    @property
    def writes(self) -> list[str]:
        return [one for one in self.operations if one in WRITES]


def variant(number: int, sku: str, values: Mapping[str, str], **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": sku,
        "barcode": None,
        "title": " / ".join(values.values()),
        "price": "99000",
        "product": {"id": "gid://shopify/Product/7", "title": "Áo thun", "status": "ACTIVE"},
        "inventoryItem": {
            "id": f"gid://shopify/InventoryItem/{number + 100}", "tracked": True,
            "inventoryLevel": {"quantities": [{"name": "available", "quantity": 0}]},
        },
        "weighed": {"id": "gid://shopify/InventoryItem/1", "measurement": {"weight": {"value": 250, "unit": "GRAMS"}}},
        "selectedOptions": [{"name": name, "value": value} for name, value in values.items()],
        "media": {"nodes": []},
        **changes,
    }  # fmt: skip


THERE: dict[str, Any] = {
    "id": "gid://shopify/Product/7",
    "title": "Áo thun",
    "descriptionHtml": "<p>Vải <strong>mát</strong>.</p>\n<p>Giặt máy<br/>30 độ &amp; phơi &lt;bóng râm&gt;</p>",
    "vendor": "Cúc Áo",
    "status": "ACTIVE",
    "publishedAt": "2026-11-22T10:00:00Z",
    "onlineStoreUrl": "https://cua-hang.example.vn/products/ao-thun",
    "category": {"id": "gid://shopify/TaxonomyCategory/aa-1-13-8"},
    "options": [{"name": "Size", "position": 2}, {"name": "Màu", "position": 1}],
    "media": {"nodes": [{"id": FRONT}, {"id": BACK}, {"id": RED}]},
    "variants": {
        "nodes": [
            variant(11, "AO-DO-M", {"Màu": "Đỏ", "Size": "M"}, barcode="8936000000018", media={"nodes": [{"id": RED}]}),
            variant(
                12, "AO-DO-L", {"Màu": "Đỏ", "Size": "L"},
                weighed={"measurement": {"weight": {"value": 0.27, "unit": "KILOGRAMS"}}},
            ),
        ],
        "pageInfo": END,
    },
}  # fmt: skip
READY = data(nodes=[{"id": one, "fileStatus": "READY"} for one in (FRONT, BACK, RED)])
MADE = data(productSet={"product": {"id": "gid://shopify/Product/7"}, "userErrors": []})
STORES = data(
    publications={
        "nodes": [
            {"id": "gid://shopify/Publication/4", "name": "Cửa hàng trực tuyến", "supportsFuturePublishing": True},
            {"id": "gid://shopify/Publication/5", "name": "Point of Sale", "supportsFuturePublishing": False},
        ]
    }
)
ANSWERS: dict[str, Answer | list[Answer]] = {
    "Places": PLACES,
    "FileStates": READY,
    "SetProduct": MADE,
    "Publications": STORES,
    **{name: data(**{mutation: {"userErrors": []}}) for name, mutation in CHANGES.items()},
    "Product": data(product=THERE),
    "Bearers": data(productVariants={"nodes": [], "pageInfo": END}),
    "ByHandle": data(productByIdentifier=None),
    "StageUpload": data(
        stagedUploadsCreate={
            "stagedTargets": [
                {
                    "url": STORE,
                    "resourceUrl": f"{STORE}/tmp/1/ao.png",
                    "parameters": [{"name": "key", "value": "tmp/1"}],
                }
            ],
            "userErrors": [],
        }
    ),
    "store": Response(201, b"<PostResponse/>"),
    "CreateFile": data(fileCreate={"files": [{"id": FRONT, "fileStatus": "UPLOADED"}], "userErrors": []}),
    "TopCategories": data(
        taxonomy={
            "categories": {"nodes": [{"id": "gid://shopify/TaxonomyCategory/aa", "name": "Apparel"}], "pageInfo": END}
        }
    ),
    "LowerCategories": data(taxonomy={"categories": {"nodes": [], "pageInfo": END}}),
}


def a_shop(**answers: Answer | list[Answer]) -> tuple[Shopify, Graph]:
    wire = Graph({**ANSWERS, **answers})
    return Shopify(an_account(), wire, clock=lambda: NOW, key=lambda: "k1"), wire


def there(**changes: Any) -> dict[str, Any]:
    return data(product={**copy.deepcopy(THERE), **changes})


def refusal(mutation: str, code: str = "INVALID_INPUT", message: str = "no") -> dict[str, Any]:
    return data(**{mutation: {"product": None, "userErrors": [{"code": code, "message": message, "field": ["input"]}]}})


# --- categories and attributes ---------------------------------------------------------------------------------------


def test_the_tree_is_read_whole_parents_first_and_without_what_is_archived() -> None:
    def node(one: str, parent: str = "", **more: Any) -> dict[str, Any]:
        kind = "gid://shopify/TaxonomyCategory/"
        return {"id": kind + one, "name": one.upper(), "parentId": kind + parent if parent else None, **more}

    page = {"hasNextPage": True, "endCursor": "c1"}
    shop, wire = a_shop(
        TopCategories=data(taxonomy={"categories": {"nodes": [node("aa"), node("bb")], "pageInfo": END}}),
        LowerCategories=[
            data(taxonomy={"categories": {"nodes": [node("aa-1-1", "aa-1"), node("aa-1", "aa")], "pageInfo": page}}),
            data(taxonomy={"categories": {"nodes": [node("aa-2", "aa", isArchived=True)], "pageInfo": END}}),
            data(taxonomy={"categories": {"nodes": [], "pageInfo": END}}),
        ],
    )
    assert run(shop.list_categories()) == [
        RemoteCategory("aa", "AA"),
        RemoteCategory("bb", "BB"),
        RemoteCategory("aa-1", "AA-1", "aa"),
        RemoteCategory("aa-1-1", "AA-1-1", "aa-1"),
    ]
    assert [one["after"] for one in wire.variables("LowerCategories")] == [None, "c1", None]
    assert {request.lane for request in wire.requests} == {"taxonomy"}


def test_nothing_is_asked_of_products() -> None:
    shop, wire = a_shop()
    assert run(shop.list_attributes(category_id="aa-1")) == []
    assert not wire.requests


# --- pictures --------------------------------------------------------------------------------------------------------


def test_a_picture_is_sent_to_the_store_named_for_it_and_becomes_a_file_of_the_shop() -> None:
    shop, wire = a_shop()
    assert run(shop.upload_picture(picture=PICTURE)) == FRONT
    assert wire.operations == ["StageUpload", "store", "CreateFile"]
    (wish,) = wire.variables("StageUpload")[0]["input"]
    assert wish == {
        "resource": "IMAGE", "filename": "o.png", "mimeType": "image/png", "fileSize": "7", "httpMethod": "POST",
    }  # fmt: skip
    sent = wire.requests[1]
    assert sent.method == "POST"
    assert "x-shopify-access-token" not in sent.headers
    boundary = sent.headers["content-type"].removeprefix("multipart/form-data; boundary=")
    parts = sent.body.split(f"--{boundary}".encode())
    assert b'name="key"\r\n\r\ntmp/1\r\n' in parts[1]
    assert parts[2].endswith(b"Content-Type: image/png\r\n\r\n" + PICTURE.content + b"\r\n")
    assert wire.variables("CreateFile")[0]["files"][0]["originalSource"] == f"{STORE}/tmp/1/ao.png"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"StageUpload": data(stagedUploadsCreate={"userErrors": [{"message": "too large"}]})}, "refused"),
        ({"store": Response(403, b"<Error/>")}, "upload_403"),
        ({"CreateFile": data(fileCreate={"userErrors": [{"code": "INVALID", "message": "bad"}]})}, "INVALID"),
        ({"CreateFile": errors("ACCESS_DENIED")}, "ACCESS_DENIED"),
    ],
)
def test_a_picture_that_is_not_taken_is_refused(answers: dict[str, Any], code: str) -> None:
    shop, _ = a_shop(**answers)
    with pytest.raises(RemoteRefused) as refused:
        run(shop.upload_picture(picture=PICTURE))
    assert refused.value.params["remote_code"] == code


@pytest.mark.parametrize(
    "answers",
    [
        {"StageUpload": data(stagedUploadsCreate={"stagedTargets": []})},
        {"StageUpload": data(stagedUploadsCreate={"stagedTargets": [{"url": "http://[", "resourceUrl": "x"}]})},
        {"store": Response(503, b"")},
        {"store": Response(302, b"")},
        {"CreateFile": data(fileCreate={"files": []})},
        {"CreateFile": data(fileCreate=None)},
    ],
)
def test_a_store_that_is_away_or_answers_nonsense_is_asked_again_later(answers: dict[str, Any]) -> None:
    shop, _ = a_shop(**answers)
    with pytest.raises(Unavailable):
        run(shop.upload_picture(picture=PICTURE))


def test_the_app_asks_for_what_publishing_takes() -> None:
    assert {"write_files", "write_publications", "write_products"} <= set(SCOPES.split(","))


# --- find ------------------------------------------------------------------------------------------------------------


def bearers(*said: tuple[str, int]) -> dict[str, Any]:
    nodes = [{"id": "gid://shopify/ProductVariant/1", "sku": sku, "product": {"id": str(one)}} for sku, one in said]
    return data(productVariants={"nodes": nodes, "pageInfo": END})


def test_a_product_is_found_by_the_most_of_its_skus_and_read_whole() -> None:
    shop, wire = a_shop(Bearers=bearers(("AO-DO-M", 9), ("AO-DO-L", 7), ("AO-DO-M", 7), ("AO-DO-M-2", 5)))
    found = run(shop.find_product(draft=SHIRT))
    assert wire.variables("Bearers") == [{"query": 'sku:"AO-DO-M" OR sku:"AO-DO-L"'}]
    assert [one["id"] for one in wire.variables("Product")] == ["gid://shopify/Product/7"]
    assert found is not None
    assert (found.state, found.item_id, found.url) == (PublishedState.LIVE, "7", THERE["onlineStoreUrl"])
    assert [(one.key, one.sku, one.quantity) for one in found.listings] == [
        (ListingKey("7", "11-111"), "AO-DO-M", 0),
        (ListingKey("7", "12-112"), "AO-DO-L", 0),
    ]


def handled(*skus: str) -> dict[str, Any]:
    nodes = [{"sku": sku} for sku in skus]
    return data(productByIdentifier={"id": "gid://shopify/Product/7", "variants": {"nodes": nodes}})


def test_a_product_that_the_search_does_not_know_yet_is_found_at_its_address() -> None:
    shop, wire = a_shop(ByHandle=handled("X", "AO-DO-L"))
    found = run(shop.find_product(draft=SHIRT))
    assert found is not None
    assert found.item_id == "7"
    assert wire.variables("ByHandle") == [{"handle": "ao-thun-ao"}]
    assert "Bearers" not in wire.operations
    shop, wire = a_shop(ByHandle=handled("X"))
    assert run(shop.find_product(draft=SHIRT)) is None


@pytest.mark.parametrize(
    ("name", "code", "handle"),
    [
        ("Áo thun Đỏ & đẹp!", "SP/001", "ao-thun-do-dep-sp-001"),
        ("Áo", "", "ao-ao-do-m"),
        ("上着", "A1", "a1"),
        ("a" * 300, "B" * 300, "a" * 180 + "-" + "b" * 60),
    ],
)
def test_an_address_is_of_name_and_code(name: str, code: str, handle: str) -> None:
    shop, wire = a_shop()
    run(shop.create_product(draft=replace(SHIRT, name=name, code=code)))
    assert wire.variables("SetProduct")[0]["input"]["handle"] == handle


def test_a_product_whose_name_and_code_make_no_address_is_given_one_by_the_platform() -> None:
    shop, wire = a_shop()
    draft = replace(SHIRT, name="上着", code="上")
    run(shop.create_product(draft=draft))
    assert "handle" not in wire.variables("SetProduct")[0]["input"]
    assert run(shop.find_product(draft=draft)) is None
    assert "ByHandle" not in wire.operations


def test_a_product_is_not_made_twice_where_its_address_is_taken_by_itself() -> None:
    taken = refusal("productSet", "HANDLE_NOT_UNIQUE")
    shop, wire = a_shop(SetProduct=taken, ByHandle=handled("AO-DO-M"))
    assert run(shop.create_product(draft=SHIRT)).item_id == "7"
    assert wire.operations.count("SetProduct") == 1
    shop, wire = a_shop(SetProduct=[taken, MADE], ByHandle=handled("X"))
    assert run(shop.create_product(draft=SHIRT)).item_id == "7"
    assert ["handle" in one["input"] for one in wire.variables("SetProduct")] == [True, False]


def test_none_is_found_where_the_search_only_comes_near_or_the_product_is_gone() -> None:
    shop, wire = a_shop(Bearers=bearers(("AO-DO-M-2", 5), ("ao-do-m", 6)))
    assert run(shop.find_product(draft=SHIRT)) is None
    assert "Product" not in wire.operations
    shop, _ = a_shop(Bearers=bearers(("AO-DO-M", 5)), Product=data(product=None))
    assert run(shop.find_product(draft=SHIRT)) is None


def test_skus_are_searched_for_in_parts_and_cannot_widen_the_search() -> None:
    many = replace(SHIRT, variants=[replace(RED_M, sku=f"S{one}") for one in range(60)])
    shop, wire = a_shop()
    run(shop.find_product(draft=many))
    assert len(wire.variables("Bearers")) == 3
    assert search(['a" OR id:1', "b\\"]) == r'sku:"a\" OR id:1" OR sku:"b\\"'


# --- create ----------------------------------------------------------------------------------------------------------


def test_a_product_is_made_in_one_call_with_nothing_for_sale_and_shown() -> None:
    shop, wire = a_shop()
    made = run(shop.create_product(draft=SHIRT))
    assert wire.operations == ["Places", "FileStates", "SetProduct", "Publications", "Publish", "Product"]
    (sent,) = wire.variables("SetProduct")
    assert sent["identifier"] is None
    said = sent["input"]
    assert said["descriptionHtml"] == "<p>Vải mát.</p><p>Giặt máy<br>30 độ &amp; phơi &lt;bóng râm&gt;</p>"
    assert (said["title"], said["status"], said["vendor"]) == ("Áo thun", "ACTIVE", "Cúc Áo")
    assert said["category"] == "gid://shopify/TaxonomyCategory/aa-1-13-8"
    assert said["productOptions"] == [
        {"name": "Màu", "position": 1, "values": [{"name": "Đỏ"}]},
        {"name": "Size", "position": 2, "values": [{"name": "M"}, {"name": "L"}]},
    ]
    assert said["files"] == [{"id": FRONT}, {"id": BACK}, {"id": RED}]
    stocked = [{"locationId": "gid://shopify/Location/9", "name": "available", "quantity": 0}]
    assert said["variants"] == [
        {
            "optionValues": [{"optionName": "Màu", "name": "Đỏ"}, {"optionName": "Size", "name": "M"}],
            "sku": "AO-DO-M", "barcode": "8936000000018", "price": "99000", "inventoryPolicy": "DENY",
            "inventoryItem": {"measurement": {"weight": {"value": 250, "unit": "GRAMS"}}, "tracked": True},
            "file": {"id": RED}, "inventoryQuantities": stocked,
        },
        {
            "optionValues": [{"optionName": "Màu", "name": "Đỏ"}, {"optionName": "Size", "name": "L"}],
            "sku": "AO-DO-L", "price": "109000", "inventoryPolicy": "DENY",
            "inventoryItem": {"measurement": {"weight": {"value": 270, "unit": "GRAMS"}}, "tracked": True},
            "inventoryQuantities": stocked,
        },
    ]  # fmt: skip
    assert wire.variables("Publish") == [
        {"id": "gid://shopify/Product/7", "input": [{"publicationId": "gid://shopify/Publication/4"}]}
    ]
    assert (made.state, made.item_id, len(made.listings)) == (PublishedState.LIVE, "7", 2)


def test_a_product_without_variants_has_the_one_the_platform_asks_for() -> None:
    shop, wire = a_shop()
    run(shop.create_product(draft=BAG))
    said = wire.variables("SetProduct")[0]["input"]
    assert said["productOptions"] == [{"name": "Title", "position": 1, "values": [{"name": "Default Title"}]}]
    assert said["variants"][0]["optionValues"] == [{"optionName": "Title", "name": "Default Title"}]
    assert said["files"] == []
    assert not {"category", "vendor"} & set(said)
    assert "FileStates" not in wire.operations


def test_a_hidden_product_is_a_draft_in_the_shop() -> None:
    shop, wire = a_shop(Product=there(status="DRAFT", publishedAt=None))
    made = run(shop.create_product(draft=replace(SHIRT, is_shown=False)))
    assert wire.variables("SetProduct")[0]["input"]["status"] == "DRAFT"
    assert wire.writes == ["SetProduct"]
    assert (made.state, made.reasons) == (PublishedState.HIDDEN, [])


def test_more_options_than_the_platform_takes_are_refused_before_anything_is_made() -> None:
    four = replace(SHIRT, options=[DraftOption(name) for name in "abcd"])
    shop, wire = a_shop()
    for work in (shop.create_product(draft=four), shop.update_product(item_id="7", draft=four)):
        with pytest.raises(RemoteRefused) as refused:
            run(work)
        assert refused.value.params["remote_code"] == "too_many_options"
    assert not wire.requests


def test_a_variant_has_one_value_for_each_option() -> None:
    shop, wire = a_shop()
    with pytest.raises(ValueError, match="AO-DO-M"):
        run(shop.update_product(item_id="7", draft=replace(SHIRT, options=SHIRT.options[:1])))
    assert not wire.requests


@pytest.mark.parametrize(("state", "kind"), [("PROCESSING", Unavailable), ("FAILED", RemoteRefused)])
def test_a_picture_that_is_not_ready_holds_the_product_back(state: str, kind: type[MekongError]) -> None:
    shop, wire = a_shop(FileStates=data(nodes=[None, {}, {"id": FRONT, "fileStatus": state}]))
    with pytest.raises(kind):
        run(shop.create_product(draft=SHIRT))
    assert not wire.writes


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ({"SetProduct": refusal("productSet", "INVALID_VARIANT")}, RemoteRefused, "INVALID_VARIANT"),
        ({"SetProduct": refusal("productSet", "GENERIC_ERROR")}, Unavailable, "GENERIC_ERROR"),
        ({"SetProduct": errors("ACCESS_DENIED")}, RemoteRefused, "ACCESS_DENIED"),
        ({"SetProduct": errors("THROTTLED")}, RateLimited, "THROTTLED"),
        ({"SetProduct": data(productSet=None)}, Unavailable, None),
        ({"SetProduct": data(productSet={"userErrors": []})}, Unavailable, None),
        ({"Publications": errors("ACCESS_DENIED")}, RemoteRefused, "ACCESS_DENIED"),
        ({"Publish": refusal("publishablePublish", "")}, RemoteRefused, "refused"),
        ({"Product": data(product=None)}, Unavailable, None),
        ({"Places": data(locations={"nodes": []})}, RemoteRefused, "no_location"),
    ],
)
def test_what_the_platform_refuses_is_said(answers: dict[str, Any], kind: type[MekongError], code: str | None) -> None:
    shop, _ = a_shop(**answers)
    with pytest.raises(kind) as refused:
        run(shop.create_product(draft=SHIRT))
    assert refused.value.params.get("remote_code") == code


def test_a_product_that_was_made_and_not_shown_is_finished_by_an_update() -> None:
    half = there(publishedAt=None)
    shop, wire = a_shop(Bearers=bearers(("AO-DO-M", 7)), Product=[half, half, data(product=THERE)])
    found = run(shop.find_product(draft=SHIRT))
    assert found is not None
    assert (found.state, len(found.reasons)) == (PublishedState.HIDDEN, 1)
    assert run(shop.update_product(item_id=found.item_id, draft=SHIRT)).state is PublishedState.LIVE
    assert wire.writes == ["Publish"]


# --- update ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draft", [SHIRT, replace(SHIRT, brand="", category_id="", pictures=())])
def test_what_is_as_in_the_draft_is_not_written_again(draft: Draft) -> None:
    shop, wire = a_shop()
    assert run(shop.update_product(item_id="7", draft=draft)).state is PublishedState.LIVE
    assert wire.operations == ["Places", "Product"]


def test_new_words_change_no_variant() -> None:
    shop, wire = a_shop()
    draft = replace(SHIRT, name="Áo thun mới", description="Khác", brand="B", category_id="aa-2")
    run(shop.update_product(item_id="7", draft=draft))
    assert wire.variables("UpdateProduct") == [
        {
            "product": {
                "id": "gid://shopify/Product/7", "title": "Áo thun mới", "descriptionHtml": "<p>Khác</p>", "vendor": "B",
                "category": "gid://shopify/TaxonomyCategory/aa-2",
            }
        }
    ]  # fmt: skip
    assert wire.writes == ["UpdateProduct"]


@pytest.mark.parametrize(("status", "is_shown", "sent"), [("ACTIVE", False, "DRAFT"), ("ARCHIVED", True, "ACTIVE")])
def test_a_product_is_hidden_and_shown_again(status: str, is_shown: bool, sent: str) -> None:
    shop, wire = a_shop(Product=there(status=status))
    run(shop.update_product(item_id="7", draft=replace(SHIRT, is_shown=is_shown)))
    assert wire.variables("UpdateProduct") == [{"product": {"id": "gid://shopify/Product/7", "status": sent}}]


def test_a_variant_is_added_one_goes_and_those_that_stay_keep_price_and_stock() -> None:
    blue = DraftVariant("AO-XANH-M", 119000, (Value("Xanh"), Value("M")), weight_g=260, picture=BACK)
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=replace(SHIRT, variants=(replace(RED_M, weight_g=300), blue))))
    assert wire.writes == ["DeleteVariants", "ChangeVariants", "CreateVariants"]
    product = "gid://shopify/Product/7"
    assert wire.variables("DeleteVariants") == [{"product": product, "variants": ["gid://shopify/ProductVariant/12"]}]
    weight = {"measurement": {"weight": {"value": 300, "unit": "GRAMS"}}}
    stays = [{"id": "gid://shopify/ProductVariant/11", "inventoryItem": weight}]
    assert wire.variables("ChangeVariants") == [{"product": product, "variants": stays}]
    new = {
        "optionValues": [{"optionName": "Màu", "name": "Xanh"}, {"optionName": "Size", "name": "M"}],
        "price": "119000", "inventoryPolicy": "DENY", "mediaId": BACK,
        "inventoryItem": {
            "measurement": {"weight": {"value": 260, "unit": "GRAMS"}}, "tracked": True, "sku": "AO-XANH-M",
        },
        "inventoryQuantities": [{"locationId": "gid://shopify/Location/9", "availableQuantity": 0}],
    }  # fmt: skip
    assert wire.variables("CreateVariants") == [{"product": product, "variants": [new]}]


def test_many_variants_go_in_calls_of_a_hundred() -> None:
    sizes = [replace(RED_L, sku=f"S{one}", values=(Value("Đỏ"), Value(str(one)))) for one in range(150)]
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=replace(SHIRT, variants=[RED_M, *sizes])))
    assert [len(one["variants"]) for one in wire.variables("CreateVariants")] == [100, 50]


@pytest.mark.parametrize(
    "draft",
    [
        replace(SHIRT, options=(DraftOption("Màu sắc"), DraftOption("Size"))),
        replace(SHIRT, variants=(replace(RED_M, sku="A"), replace(RED_L, sku="B"))),
        replace(BAG, pictures=(FRONT,)),
    ],
)
def test_a_product_that_has_nothing_in_common_with_its_draft_is_built_anew(draft: Draft) -> None:
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=draft))
    assert wire.writes == ["SetProduct"]
    (sent,) = wire.variables("SetProduct")
    assert sent["identifier"] == {"id": "gid://shopify/Product/7"}
    assert len(sent["input"]["variants"]) == len(draft.variants)
    assert {"productOptions", "variants", "files"} <= set(sent["input"])
    kept = [one for one in sent["input"]["variants"] if "id" in one]
    assert not [one for one in kept if {"price", "inventoryQuantities", "inventoryPolicy"} & set(one)]
    assert ("title" in sent["input"]) is (draft.name != "Áo thun")


def test_a_variant_is_known_by_its_listing_before_its_sku() -> None:
    renamed = replace(RED_L, sku="AO-DO-M", model_id="12-112")
    other = replace(RED_M, sku="AO-DO-M2", model_id="11-111")
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=replace(SHIRT, variants=(renamed, other))))
    assert wire.writes == ["ChangeVariants"]
    assert wire.variables("ChangeVariants")[0]["variants"] == [
        {"id": "gid://shopify/ProductVariant/12", "inventoryItem": {"sku": "AO-DO-M"}},
        {"id": "gid://shopify/ProductVariant/11", "inventoryItem": {"sku": "AO-DO-M2"}},
    ]


@pytest.mark.parametrize(
    ("changed", "sent"),
    [
        ({"weight_g": 251}, {"inventoryItem": {"measurement": {"weight": {"value": 251, "unit": "GRAMS"}}}}),
        ({"barcode": "1"}, {"barcode": "1"}),
        ({"picture": FRONT}, {"mediaId": FRONT}),
        ({"values": (Value("Đỏ"), Value("XL"))}, {
            "optionValues": [{"optionName": "Màu", "name": "Đỏ"}, {"optionName": "Size", "name": "XL"}]}),
    ],
)  # fmt: skip
def test_each_difference_of_a_variant_is_sent_alone(changed: dict[str, Any], sent: dict[str, Any]) -> None:
    film = {"id": "gid://shopify/Video/5"}
    media = {"nodes": [*THERE["media"]["nodes"][:2], {"id": RED}, film]}
    shop, wire = a_shop(Product=there(media=media))
    draft = replace(SHIRT, variants=(replace(RED_M, **changed), RED_L), pictures=(FRONT, BACK, RED))
    run(shop.update_product(item_id="7", draft=draft))
    assert wire.writes == ["ChangeVariants"]
    assert wire.variables("ChangeVariants")[0]["variants"] == [{"id": "gid://shopify/ProductVariant/11", **sent}]


def test_pictures_come_go_and_are_put_in_order_and_a_film_stays() -> None:
    new, film = "gid://shopify/MediaImage/99", "gid://shopify/Video/5"
    media = {"nodes": [{"id": one} for one in (FRONT, film, BACK, RED)]}
    shop, wire = a_shop(Product=there(media=media), FileStates=data(nodes=[{"id": new, "fileStatus": "READY"}]))
    run(shop.update_product(item_id="7", draft=replace(SHIRT, pictures=(new, BACK))))
    assert wire.writes == ["UpdateFiles", "OrderMedia"]
    product = "gid://shopify/Product/7"
    assert wire.variables("UpdateFiles")[0]["files"] == [
        {"id": new, "referencesToAdd": [product]},
        {"id": FRONT, "referencesToRemove": [product]},
    ]
    moves = [{"id": one, "newPosition": str(place)} for place, one in enumerate((new, BACK, RED))]
    assert wire.variables("OrderMedia") == [{"id": product, "moves": moves}]


@settings(deadline=None)
@given(st.permutations(range(6)))
def test_moves_bring_any_order_about(wanted: list[int]) -> None:
    ids = [f"gid://shopify/MediaImage/{one}" for one in range(6)]
    shop, wire = a_shop(Product=there(media={"nodes": [{"id": one} for one in ids]}))
    draft = replace(SHIRT, pictures=[ids[one] for one in wanted], variants=(replace(RED_M, picture=ids[3]), RED_L))
    run(shop.update_product(item_id="7", draft=draft))
    for sent in wire.variables("OrderMedia"):
        for move in sent["moves"]:
            ids.remove(move["id"])
            ids.insert(int(move["newPosition"]), move["id"])
    assert ids == [f"gid://shopify/MediaImage/{one}" for one in wanted]


def test_a_picture_of_a_variant_that_the_draft_says_nothing_of_stays() -> None:
    draft = replace(SHIRT, variants=(replace(RED_M, picture=""), RED_L), pictures=(FRONT,))
    shop, wire = a_shop()
    run(shop.update_product(item_id="7", draft=draft))
    assert wire.writes == ["UpdateFiles"]
    assert [one["id"] for one in wire.variables("UpdateFiles")[0]["files"]] == [BACK]


def test_a_new_picture_is_waited_for_and_one_that_is_there_is_not() -> None:
    new = "gid://shopify/MediaImage/99"
    shop, wire = a_shop(FileStates=data(nodes=[{"id": new, "fileStatus": "PROCESSING"}]))
    with pytest.raises(Unavailable):
        run(shop.update_product(item_id="7", draft=replace(SHIRT, pictures=(FRONT, new))))
    assert wire.variables("FileStates") == [{"ids": [new]}]
    assert not wire.writes


def test_all_variants_of_a_large_product_are_compared() -> None:
    nodes = THERE["variants"]["nodes"]
    first = there(variants={"nodes": nodes[:1], "pageInfo": {"hasNextPage": True, "endCursor": "c1"}})
    second = there(variants={"nodes": nodes[1:], "pageInfo": END})
    shop, wire = a_shop(Product=[first, second])
    assert len(run(shop.update_product(item_id="7", draft=SHIRT)).listings) == 2
    assert [one["after"] for one in wire.variables("Product")] == [None, "c1"]
    assert not wire.writes


@pytest.mark.parametrize("item_id", ["7", "", "x", "7/../8"])
def test_a_product_that_is_gone_is_refused(item_id: str) -> None:
    shop, wire = a_shop(Product=data(product=None))
    with pytest.raises(RemoteRefused) as refused:
        run(shop.update_product(item_id=item_id, draft=SHIRT))
    assert refused.value.params["remote_code"] == "unknown_product"
    assert not wire.writes


@pytest.mark.parametrize(
    ("draft", "answers"),
    [
        (replace(SHIRT, name="B"), {"UpdateProduct": refusal("productUpdate", "")}),
        (replace(SHIRT, pictures=(FRONT,)), {"UpdateFiles": refusal("fileUpdate", "FILE_DOES_NOT_EXIST")}),
        (
            replace(SHIRT, pictures=(BACK, FRONT)),
            {"OrderMedia": data(productReorderMedia={"mediaUserErrors": [{"code": "INVALID", "message": "no"}]})},
        ),
        (replace(SHIRT, variants=(RED_M,)), {"DeleteVariants": refusal("productVariantsBulkDelete")}),
        (
            replace(SHIRT, variants=(replace(RED_M, weight_g=1), RED_L)),
            {"ChangeVariants": refusal("productVariantsBulkUpdate")},
        ),
        (
            replace(SHIRT, variants=(RED_M, RED_L, replace(RED_L, sku="C"))),
            {"CreateVariants": refusal("productVariantsBulkCreate")},
        ),
        (
            replace(SHIRT, options=(DraftOption("Màu sắc"), DraftOption("Size"))),
            {"SetProduct": refusal("productSet", "PRODUCT_SUSPENDED")},
        ),
    ],
)
def test_a_refused_change_is_said(draft: Draft, answers: dict[str, Any]) -> None:
    shop, _ = a_shop(**answers)
    with pytest.raises(RemoteRefused):
        run(shop.update_product(item_id="7", draft=draft))


def test_a_shop_without_an_online_store_says_so() -> None:
    shop, wire = a_shop(Product=there(publishedAt=None), Publications=data(publications={"nodes": []}))
    said = run(shop.update_product(item_id="7", draft=SHIRT))
    assert (said.state, len(said.reasons)) == (PublishedState.HIDDEN, 1)
    assert not wire.writes


# --- check -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state"),
    [("ACTIVE", PublishedState.LIVE), ("DRAFT", PublishedState.HIDDEN), ("ARCHIVED", PublishedState.HIDDEN)],
)
def test_a_product_is_told_as_it_stands(status: str, state: PublishedState) -> None:
    shop, _ = a_shop(Product=there(status=status))
    said = run(shop.check_product(item_id="7", ticket=""))
    assert said is not None
    assert said.state is state


def test_a_product_that_is_gone_is_known_no_more() -> None:
    shop, _ = a_shop(Product=data(product=None))
    assert run(shop.check_product(item_id="7", ticket="")) is None


# --- hostile answers -------------------------------------------------------------------------------------------------

ODD = st.one_of(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.text(max_size=6), st.just([]), st.just({}))


def places(said: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    return [path, *(found for key, inner in steps for found in places(inner, (*path, key)))]


def mangled(said: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    said = copy.deepcopy(said)
    inner = said
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = odd
    return said


@settings(deadline=None)
@given(st.data(), ODD)
def test_no_answer_makes_it_fall_over(draw: st.DataObject, odd: Any) -> None:
    name = draw.draw(st.sampled_from(sorted(set(ANSWERS) - {"store"})))
    answer = {**ANSWERS, "Bearers": bearers(("AO-DO-M", 7))}[name]
    broken = mangled(answer, draw.draw(st.sampled_from(places(answer))), odd)
    blue = DraftVariant("AO-XANH-M", 119000, (Value("Xanh"), Value("M")))
    answers: dict[str, Answer | list[Answer]] = {"Bearers": bearers(("AO-DO-M", 7))}
    shop, _ = a_shop(**{**answers, name: Response(200, json.dumps(broken).encode())})
    for work in (
        shop.list_categories(),
        shop.upload_picture(picture=PICTURE),
        shop.find_product(draft=SHIRT),
        shop.create_product(draft=SHIRT),
        shop.update_product(
            item_id="7", draft=replace(SHIRT, pictures=(BACK, FRONT), variants=(RED_M, blue), name="B")
        ),
        shop.update_product(item_id="7", draft=BAG),
        shop.check_product(item_id="7", ticket=""),
    ):
        try:
            run(work)
        except MekongError:
            continue


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("a\r\nb\r\n\r\n\r\nc", "<p>a<br>b</p><p>c</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
    ],
)
def test_a_description_stays_text(text: str, html: str) -> None:
    assert paragraphs(text) == html


def test_calls_go_to_the_shop() -> None:
    shop, wire = a_shop()
    run(shop.create_product(draft=BAG))
    assert {request.url.partition("/admin")[0] for request in wire.requests} == {f"https://{SHOP}"}
    assert body(wire.requests[1])["variables"]["input"]["title"] == "Túi vải"
