"""Files of a shop on the stand-in of Shopify, from outside: made, given to products, put in order, taken away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.driving import Sandbox
from tests.sandbox.pictures import png
from tests.sandbox.selling_shopify import Shopify, open_shopify
from tests.sandbox.test_shopify_publishing import make, upload

CREATE = """mutation C($f: [FileCreateInput!]!) { fileCreate(files: $f) {
  files { id fileStatus alt } userErrors { code field } } }"""
UPDATE = "mutation U($f: [FileUpdateInput!]!) { fileUpdate(files: $f) { files { id } userErrors { code field } } }"
ORDER = """mutation O($id: ID!, $m: [MoveInput!]!) { productReorderMedia(id: $id, moves: $m) {
  job { id } mediaUserErrors { code field } } }"""
CHANGE = """mutation V($p: ID!, $v: [ProductVariantsBulkInput!]!) { productVariantsBulkUpdate(productId: $p, variants: $v) {
  productVariants { id } userErrors { code field } } }"""
SEEN = """query P($id: ID!) { product(id: $id) { publishedAt onlineStoreUrl media(first: 9, sortKey: POSITION) { nodes { id } }
  variants(first: 9) { nodes { id title media(first: 1) { nodes { id } } } } } }"""


@pytest.fixture
def shop(box: Sandbox) -> Shopify:
    return open_shopify(box)


def a_file(shop: Shopify, shade: int, **more: Any) -> str:
    wish = {"originalSource": upload(shop, png(shade=shade)), "contentType": "IMAGE", "filename": "a.png", **more}
    (made,) = shop.ask(CREATE, {"f": [wish]})["fileCreate"]["files"]
    assert made["fileStatus"] == "UPLOADED"
    return str(made["id"])


def seen(shop: Shopify, product: Any) -> Any:
    return shop.ask(SEEN, {"id": product["id"]})["product"]


def media(shop: Shopify, product: Any) -> list[str]:
    return [one["id"] for one in seen(shop, product)["media"]["nodes"]]


def change(shop: Shopify, *files: dict[str, Any]) -> Any:
    return shop.ask(UPDATE, {"f": list(files)})["fileUpdate"]["userErrors"]


def test_a_file_is_ready_when_it_is_looked_at_again(box: Sandbox, shop: Shopify) -> None:
    one = a_file(shop, 1, alt="Trước")
    query = "query N($ids: [ID!]!) { nodes(ids: $ids) { ... on MediaImage { id alt fileStatus } } }"
    assert shop.ask(query, {"ids": [one, "gid://shopify/MediaImage/1"]})["nodes"] == [
        {"id": one, "alt": "Trước", "fileStatus": "READY"}, None,
    ]  # fmt: skip
    assert open_shopify(box).ask(query, {"ids": [one]})["nodes"] == [None]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"originalSource": "a.png"}, "INVALID_IMAGE_SOURCE_URL"),
        ({"originalSource": "https://example.vn/a.mp4", "contentType": "VIDEO"}, "INVALID"),
    ],
)
def test_a_file_that_is_no_picture_is_refused(shop: Shopify, wish: dict[str, Any], code: str) -> None:
    said = shop.ask(CREATE, {"f": [wish]})["fileCreate"]
    assert (said["files"], [one["code"] for one in said["userErrors"]]) == ([], [code])


def test_a_product_is_made_of_files_and_another_shop_s_are_none(box: Sandbox, shop: Shopify) -> None:
    one, two = a_file(shop, 1), a_file(shop, 2)
    product = make(shop, files=[{"id": two}, {"id": one}])
    assert media(shop, product) == [two, one]
    other = a_file(open_shopify(box), 3)
    query = """mutation S($p: ProductSetInput!) { productSet(synchronous: true, input: $p) { userErrors { field } } }"""
    said = shop.ask(query, {"p": {"title": "B", "files": [{"id": other}]}})["productSet"]
    assert said["userErrors"] == [{"field": ["input", "files", "0", "id"]}]


def test_files_are_given_to_a_product_ordered_and_taken_from_it(shop: Shopify) -> None:
    one, two, three = (a_file(shop, shade) for shade in (1, 2, 3))
    product = make(shop, files=[{"id": one}])
    assert change(shop, *({"id": each, "referencesToAdd": [product["id"]]} for each in (two, three))) == []
    assert media(shop, product) == [one, two, three]
    moves = [{"id": three, "newPosition": "0"}, {"id": one, "newPosition": "9"}]
    assert shop.ask(ORDER, {"id": product["id"], "m": moves})["productReorderMedia"]["mediaUserErrors"] == []
    assert media(shop, product) == [three, two, one]
    variant = seen(shop, product)["variants"]["nodes"][0]["id"]
    row = {"id": variant, "mediaId": two, "optionValues": [{"optionName": "Màu", "name": "Đỏ tươi"}]}
    assert shop.ask(CHANGE, {"p": product["id"], "v": [row]})["productVariantsBulkUpdate"]["userErrors"] == []
    changed = seen(shop, product)["variants"]["nodes"][0]
    assert (changed["title"], changed["media"]["nodes"]) == ("Đỏ tươi", [{"id": two}])
    assert change(shop, {"id": two, "referencesToRemove": [product["id"]]}) == []
    assert media(shop, product) == [three, one]
    assert seen(shop, product)["variants"]["nodes"][0]["media"]["nodes"] == []


def test_what_is_not_there_is_refused_and_changes_nothing(shop: Shopify) -> None:
    one, two = a_file(shop, 1), a_file(shop, 2)
    product = make(shop, files=[{"id": one}])
    missing = "gid://shopify/MediaImage/1"
    nowhere = {"id": two, "referencesToAdd": ["gid://shopify/Product/1"]}
    assert [row["code"] for row in change(shop, nowhere)] == ["REFERENCE_TARGET_DOES_NOT_EXIST"]
    there = {"id": two, "referencesToAdd": [product["id"]]}
    assert [row["code"] for row in change(shop, there, {"id": missing})] == ["FILE_DOES_NOT_EXIST"]
    said = shop.ask(ORDER, {"id": product["id"], "m": [{"id": two, "newPosition": "0"}]})["productReorderMedia"]
    assert [row["code"] for row in said["mediaUserErrors"]] == ["MEDIA_DOES_NOT_EXIST"]
    variant = seen(shop, product)["variants"]["nodes"][0]["id"]
    said = shop.ask(CHANGE, {"p": product["id"], "v": [{"id": variant, "mediaId": two}]})["productVariantsBulkUpdate"]
    assert [row["code"] for row in said["userErrors"]] == ["MEDIA_DOES_NOT_EXIST"]
    assert media(shop, product) == [one]


def test_a_product_is_in_no_sales_channel_before_it_is_published(shop: Shopify) -> None:
    product = make(shop)
    before = seen(shop, product)
    assert (before["publishedAt"], before["onlineStoreUrl"]) == (None, None)
    (store,) = shop.ask("{ publications(first: 5) { nodes { id supportsFuturePublishing } } }")["publications"]["nodes"]
    assert store["supportsFuturePublishing"]
    query = "mutation P($id: ID!, $i: [PublicationInput!]!) { publishablePublish(id: $id, input: $i) { userErrors { field } } }"
    shop.ask(query, {"id": product["id"], "i": [{"publicationId": store["id"]}]})
    after = seen(shop, product)
    assert after["publishedAt"]
    assert after["onlineStoreUrl"]
