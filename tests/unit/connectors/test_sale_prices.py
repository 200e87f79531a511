"""Sale prices on platforms that keep them beside the list price, and on those that know but one price."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.channels.registry import connectors
from mekong.channels.socket import ListingKey, PricePush, PushResult, RemoteListing, SalePrice
from mekong.connectors.lazada.mapping import products as lazada
from mekong.connectors.shopify.mapping import products as shopify
from mekong.connectors.woocommerce.mapping import products as woo
from tests.unit.connectors import test_lazada, test_shopify, test_tiki, test_woocommerce
from tests.unit.connectors.wire import body, form, run

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = ListingKey("1", "11")
BEGINS, ENDS = datetime(2026, 11, 20, 17, 0, tzinfo=UTC), datetime(2026, 11, 30, 16, 59, 59, tzinfo=UTC)
SALE = SalePrice(99_000, BEGINS, ENDS)
NONE = [None, SalePrice(99_000, None, NOW), SalePrice(120_000), SalePrice(130_000)]


def a_push(sale: SalePrice | None = SALE, price: int = 120_000, currency: str = "VND") -> PricePush:
    return PricePush(KEY, "AO-DO-M", price, currency, sale)


def test_the_manifests_say_what_each_platform_can() -> None:
    said = {name: (plug.manifest.sale_prices, plug.manifest.sale_dates) for name, plug in connectors().items()}
    ours = ("shopee", "lazada", "tiktok", "woocommerce", "shopify", "tiki")
    assert {name: said[name] for name in ours} == {
        "shopee": (True, True),
        "lazada": (True, True),
        "tiktok": (True, True),
        "woocommerce": (True, True),
        "shopify": (True, False),
        "tiki": (False, False),
    }


# --- Lazada ----------------------------------------------------------------------------------------------------------


def special(push: PricePush) -> dict[str, str]:
    shop, wire = test_lazada.a_shop({"/price_quantity/update": test_lazada.ok()}, NOW)
    assert run(shop.push_price([push])) == [PushResult(KEY)]
    row = ET.fromstring(form(wire.requests[0])["payload"]).find("Product/Skus/Sku")
    assert row is not None
    return {child.tag: child.text or "" for child in row}


def test_lazada_is_told_the_special_price_and_its_times_in_the_shops_own_time() -> None:
    assert special(a_push()) == {
        "ItemId": "1",
        "SkuId": "11",
        "SellerSku": "AO-DO-M",
        "Price": "120000",
        "SalePrice": "99000",
        "SaleStartDate": "2026-11-21 00:00:00",
        "SaleEndDate": "2026-11-30 23:59:59",
    }
    endless = special(a_push(SalePrice(1_250), 2_500, "SGD"))
    assert (endless["Price"], endless["SalePrice"]) == ("25.00", "12.50")
    assert (endless["SaleStartDate"], endless["SaleEndDate"]) == ("2020-01-01 08:00:00", "2099-12-31 08:00:00")


@pytest.mark.parametrize("sale", NONE)
def test_lazada_ends_a_special_price_by_one_no_lower_that_is_long_over(sale: SalePrice | None) -> None:
    said = special(a_push(sale))
    assert (said["Price"], said["SalePrice"]) == ("120000", "120000")
    assert (said["SaleStartDate"], said["SaleEndDate"]) == ("2020-01-01 07:00:00", "2020-01-02 07:00:00")


EQUAL = {"code": "4157", "message": "SalePrice", "type": "ISP", "request_id": "r", "detail": [
    {"seller_sku": "AO-DO-M", "message": "BIZ_CHECK_SPECIAL_PRICE_GREATER_THAN_PRICE: must be cheaper"}
]}  # fmt: skip


def a_lazada(special_price: int | None) -> tuple[list[PushResult], list[str]]:
    """A shop that takes no special price that is over, and shows this one; what came of a push, and what was sent."""
    sku = {"SkuId": 11, "Status": "active", "price": 120_000, "special_price": special_price}
    item = test_lazada.ok({"item_id": 1, "skus": [sku]})
    answers: Any = {"/price_quantity/update": [EQUAL, test_lazada.ok()], "/product/item/get": item}
    shop, wire = test_lazada.a_shop(answers, NOW)
    results = run(shop.push_price([a_push(None)]))
    return results, [form(request)["payload"] for request in wire.asked("/price_quantity/update")]


def test_where_lazada_takes_no_special_price_that_is_over_the_retail_price_goes_alone() -> None:
    results, sent = a_lazada(None)
    assert results == [PushResult(KEY)]
    assert ["SalePrice" in payload for payload in sent] == [True, False]
    assert "<Price>120000</Price>" in sent[1]
    (result,), _ = a_lazada(99_000)
    assert (result.error, result.is_final) == ("special_price_stands", False)


def test_a_special_price_that_lazada_refuses_is_told() -> None:
    shop, wire = test_lazada.a_shop({"/price_quantity/update": EQUAL}, NOW)
    (result,) = run(shop.push_price([a_push()]))
    assert (result.error, result.is_final) == ("4157", True)
    assert len(wire.requests) == 1


def lazada_listing(now: datetime = NOW, **sku: Any) -> RemoteListing:
    said = {"item_id": 1, "skus": [{"SkuId": 11, **{name: value for name, value in sku.items() if value is not None}}]}
    product = msgspec.convert(said, lazada.Product, strict=False)
    (listing,) = lazada.listings(product, "VND", now)
    return listing


LAZADA_DATES = [
    ({}, 99_000, None),
    ({"special_from_date": "2026-11-22", "special_to_date": "2026-11-22"}, 99_000, "2026-11-22T17:00"),
    ({"special_from_date": "2026-11-23"}, None, None),
    ({"special_to_date": "2026-11-21"}, None, None),
    ({"special_to_time": "2026-11-22 17:01", "special_to_date": "2026-11-22"}, 99_000, "2026-11-22T10:01"),
    ({"special_to_time": "2026-11-22 17:00:00"}, None, None),
    ({"special_from_time": "2015-07-3100:00", "special_to_time": "2030-02-0300:00"}, 99_000, "2030-02-02T17:00"),
    ({"special_from_time": "2020-01-01 07:00:00", "special_to_time": "2099-12-31 07:00:00"}, 99_000, None),
]


@pytest.mark.parametrize(("dates", "sale", "ends"), LAZADA_DATES)
def test_lazadas_special_price_is_read_with_its_dates(
    dates: dict[str, str], sale: int | None, ends: str | None
) -> None:
    listing = lazada_listing(price=120_000, special_price=99_000, **dates)
    until = None if ends is None else datetime.fromisoformat(ends).replace(tzinfo=UTC)
    assert (listing.price_minor, listing.sale_minor, listing.sale_ends_at) == (120_000, sale, until)


@pytest.mark.parametrize("low", [None, 0, 120_000, 130_000])
def test_a_special_price_that_is_no_lower_is_none(low: int | None) -> None:
    assert lazada_listing(price=120_000, special_price=low).sale_minor is None


def test_a_special_date_that_cannot_be_read_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="not a time"):
        lazada_listing(price=120_000, special_price=99_000, special_from_date="soon")


moments = st.none() | st.integers(-(10**6), 10**6).map(lambda minutes: NOW + timedelta(minutes=minutes))


@given(low=st.integers(1, 10**9), more=st.integers(0, 10**9), begins=moments, ends=moments)
def test_what_lazada_is_told_reads_again_as_what_is_in_force(
    low: int, more: int, begins: datetime | None, ends: datetime | None
) -> None:
    push = a_push(SalePrice(low, begins, ends), low + more)
    said = lazada.special(push, NOW)
    listing = lazada_listing(
        price=low + more, special_price=int(said["SalePrice"]),
        special_from_time=said["SaleStartDate"], special_to_time=said["SaleEndDate"],
    )  # fmt: skip
    shown = push.shown_minor(NOW)
    assert listing.sale_minor == (shown if shown < low + more else None)
    assert listing.sale_ends_at == (ends if listing.sale_minor is not None else None)


# --- WooCommerce -----------------------------------------------------------------------------------------------------


def woo_row(push: PricePush) -> dict[str, Any]:
    done = test_woocommerce.answered({"update": [{"id": 11}]})
    shop, wire = test_woocommerce.a_shop({"/variations/batch": done})
    shop.clock = lambda: NOW
    assert run(shop.push_price([push])) == [PushResult(KEY)]
    (row,) = body(wire.requests[0])["update"]
    return dict(row)


def test_woocommerce_is_told_both_prices_and_both_dates_in_utc() -> None:
    assert woo_row(a_push()) == {
        "id": 11,
        "regular_price": "120000",
        "sale_price": "99000",
        "date_on_sale_from_gmt": "2026-11-20T17:00:00",
        "date_on_sale_to_gmt": "2026-11-30T16:59:59",
    }
    endless = woo_row(a_push(SalePrice(1_250), 2_500, "GBP"))
    assert (endless["regular_price"], endless["sale_price"]) == ("25.00", "12.50")
    assert (endless["date_on_sale_from_gmt"], endless["date_on_sale_to_gmt"]) == ("", "")


@pytest.mark.parametrize("sale", NONE)
def test_woocommerce_has_a_sale_that_does_not_stand_cleared(sale: SalePrice | None) -> None:
    cleared = {"sale_price": "", "date_on_sale_from_gmt": "", "date_on_sale_to_gmt": ""}
    assert woo_row(a_push(sale)) == {"id": 11, "regular_price": "120000", **cleared}


WOO_DATES = [
    ({}, 99_000, None),
    ({"date_on_sale_from_gmt": "2026-11-22T10:00:00"}, 99_000, None),
    ({"date_on_sale_from_gmt": "2026-11-22T10:00:01"}, None, None),
    ({"date_on_sale_to_gmt": "2026-11-22T10:00:00"}, None, None),
    ({"date_on_sale_to_gmt": "2026-11-23T10:00:00"}, 99_000, NOW + DAY),
    ({"sale_price": "120000"}, None, None),
    ({"sale_price": None}, None, None),
]


@pytest.mark.parametrize(("said", "sale", "ends"), WOO_DATES)
def test_woocommerces_sale_is_read_within_its_dates(
    said: dict[str, Any], sale: int | None, ends: datetime | None
) -> None:
    row = {"id": 1, "regular_price": "120000", "sale_price": "99000", **said}
    product = msgspec.convert(row, woo.Product, strict=False)
    plain = woo.listing(product, "VND", NOW)
    (varied,) = woo.listings(woo.Product(id=1), [product], "VND", NOW)
    for listing in (plain, varied):
        assert (listing.price_minor, listing.sale_minor, listing.sale_ends_at) == (120_000, sale, ends)


# --- Shopify ---------------------------------------------------------------------------------------------------------


SHOWN_NOW = [
    (None, "120000", None),
    (SALE, "99000", "120000"),
    (SalePrice(99_000, NOW + DAY), "120000", None),
    (SalePrice(99_000, None, NOW), "120000", None),
    (SalePrice(130_000), "120000", None),
]


@pytest.mark.parametrize(("sale", "price", "compared"), SHOWN_NOW)
def test_shopify_is_told_the_price_of_the_moment_and_the_list_price_beside_it(
    sale: SalePrice | None, price: str, compared: str | None
) -> None:
    key = ListingKey("77", "808-909")
    (row,) = shopify.price_input([PricePush(key, "AO", 120_000, sale=sale)], NOW)
    assert row == {"id": "gid://shopify/ProductVariant/808", "price": price, "compareAtPrice": compared}


@pytest.mark.parametrize(
    ("price", "compared", "listed", "sale"),
    [
        ("99000", "120000", 120_000, 99_000),
        ("120000", None, 120_000, None),
        ("120000", "120000", 120_000, None),
        ("120000", "99000", 120_000, None),
        (None, "120000", None, None),
    ],
)
def test_shopifys_higher_price_to_compare_with_is_the_list_price(
    price: str | None, compared: str | None, listed: int | None, sale: int | None
) -> None:
    row = test_shopify.a_variant(price=price, compareAtPrice=compared)
    shop, wire = test_shopify.a_shop({"TheseVariants": test_shopify.data(nodes=[row])})
    (listing,) = run(shop.read_listings(keys=[test_shopify.KEY]))
    assert (listing.price_minor, listing.sale_minor, listing.sale_ends_at) == (listed, sale, None)
    assert "compareAtPrice" in json.loads(wire.requests[-1].body)["query"]


# --- Tiki ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sale", "price", "_compared"), SHOWN_NOW)
def test_tiki_is_told_the_lower_of_both_prices_while_the_sale_is_on(
    sale: SalePrice | None, price: str, _compared: str | None
) -> None:
    shop, wire = test_tiki.a_shop({"/products/updateSku": {"state": "approved"}})
    shop.clock = lambda: NOW
    assert run(shop.push_price([PricePush(test_tiki.KEY, "A", 120_000, sale=sale)])) == [PushResult(test_tiki.KEY)]
    assert wire.requests[0].body == b'{"product_id":2071618,"price":%s}' % price.encode()
