"""Sale prices of the stand-in of Shopify: a price below the one it is compared with."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.driving import Sandbox
from tests.sandbox.selling_shopify import Shopify, buy_on_shopify, gid, list_on_shopify, on_shopify, open_shopify

WRITE = """mutation P($id: ID!, $v: [ProductVariantsBulkInput!]!) { productVariantsBulkUpdate(productId: $id, variants: $v) {
  productVariants { price compareAtPrice } userErrors { code field } } }"""
READ = """query R($id: ID!) { product(id: $id) {
  priceRangeV2 { minVariantPrice { amount currencyCode } maxVariantPrice { amount } }
  compareAtPriceRange { minVariantCompareAtPrice { amount } maxVariantCompareAtPrice { amount currencyCode } } } }"""
TWO = [{"sku": "AO-DO", "options": ["Đỏ"], "stock": 5}, {"sku": "AO-DEN", "options": ["Đen"], "stock": 3}]


@pytest.fixture
def shop(box: Sandbox) -> Shopify:
    return open_shopify(box)


def write(shop: Shopify, product_id: int, variant_id: int, **fields: Any) -> Any:
    row = {"id": gid("ProductVariant", variant_id), **fields}
    return shop.ask(WRITE, {"id": gid("Product", product_id), "v": [row]})["productVariantsBulkUpdate"]


def test_a_price_is_compared_with_another(shop: Shopify) -> None:
    product_id, variant_id, _ = list_on_shopify(shop)
    assert (on_shopify(shop)["list_price"], on_shopify(shop)["sale"]) == (99000, None)
    done = write(shop, product_id, variant_id, price="79000", compareAtPrice="99000")
    assert done["productVariants"] == [{"price": "79000", "compareAtPrice": "99000"}]
    seen = on_shopify(shop)
    assert (seen["price"], seen["list_price"], seen["selling_price"]) == (79000, 99000, 79000)
    assert seen["sale"] == {"id": None, "price": 79000, "from": None, "to": None}
    assert buy_on_shopify(shop, {"sku": "AO-THUN", "quantity": 2}).json()["total"] == 158000
    page = shop.box.http.get(f"{shop.box.url}/shopify/item/{product_id}")
    assert "<s>99.000 ₫</s> 79.000 ₫" in page.text

    # A price alone leaves the other as it is; null takes it away.
    assert write(shop, product_id, variant_id, price="89000")["productVariants"][0]["compareAtPrice"] == "99000"
    assert write(shop, product_id, variant_id, compareAtPrice=None)["productVariants"][0]["compareAtPrice"] is None
    assert on_shopify(shop)["sale"] is None
    # The platform takes one that is no higher; buyers see no sale.
    assert write(shop, product_id, variant_id, compareAtPrice="89000")["userErrors"] == []
    assert on_shopify(shop)["sale"] is None


@pytest.mark.parametrize(("wrong", "code"), [("-1", "GREATER_THAN_OR_EQUAL_TO"), ("rẻ", "INVALID_INPUT")])
def test_a_wrong_one_is_refused_and_changes_nothing(shop: Shopify, wrong: str, code: str) -> None:
    product_id, variant_id, _ = list_on_shopify(shop)
    refused = write(shop, product_id, variant_id, price="79000", compareAtPrice=wrong)
    assert [(error["code"], error["field"][-1]) for error in refused["userErrors"]] == [(code, "compareAtPrice")]
    assert (on_shopify(shop)["price"], on_shopify(shop)["sale"]) == (99000, None)


def test_a_product_tells_the_range_of_both(shop: Shopify) -> None:
    product_id, variant_id, _ = list_on_shopify(shop, models=TWO)
    product = {"id": gid("Product", product_id)}
    assert shop.ask(READ, product)["product"]["compareAtPriceRange"] is None
    write(shop, product_id, variant_id, price="79000", compareAtPrice="99000")
    write(shop, product_id, variant_id + 1, price="89000", compareAtPrice="120000")
    assert shop.ask(READ, product)["product"] == {
        "priceRangeV2": {
            "minVariantPrice": {"amount": "79000", "currencyCode": "VND"},
            "maxVariantPrice": {"amount": "89000"},
        },
        "compareAtPriceRange": {
            "minVariantCompareAtPrice": {"amount": "99000"},
            "maxVariantCompareAtPrice": {"amount": "120000", "currencyCode": "VND"},
        },
    }


def test_a_price_whose_answer_is_lost_holds(shop: Shopify) -> None:
    product_id, variant_id, _ = list_on_shopify(shop)
    shop.box.fault(kind="timeout_after_effect", market="shopify", ms=10, count=1)
    with pytest.raises(httpx.TransportError):
        write(shop, product_id, variant_id, price="79000", compareAtPrice="99000")
    assert (on_shopify(shop)["list_price"], on_shopify(shop)["selling_price"]) == (99000, 79000)
