"""Orders of a capped bundle: counted when they hold, given back when cancelled, divided when split."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mekong.catalog.queries import variants_by_sku
from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.inventory.errors import ShortStock
from mekong.orders import commands as orders
from mekong.orders.contracts import MovedLine
from tests.support.orders import a_draft, accept, an_order, seen
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, assert_sound, stock

pytestmark = pytest.mark.django_db(transaction=True)

BUYER = {"customer_phone": "0903123218", "shipping_address": {"line": "27 Lê Lợi"}}


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


@pytest.fixture
def gift() -> int:
    """A bundle of two shirts and a hat, of which the web shop may sell five, Shopee too."""
    a_location("KHO")
    for sku in ("AO", "MU"):
        stock(a_variant(sku), "KHO", 20)
    bundle = a_variant("BO", parts={"AO": 2, "MU": 1})
    for channel in ("web", "shopee-1"):
        inventory.set_control(actor=SYSTEM, channel=channel, scope="sku", kind="cap", target="BO", amount=5)
    return bundle


def used(channel: str = "web") -> int:
    (cap,) = queries.list_controls(actor=SYSTEM, channel=channel)
    return cap.used


def variant_of(sku: str) -> int:
    return variants_by_sku(actor=SYSTEM, skus=[sku])[sku].id


def cancel(code: str) -> None:
    orders.cancel_order(actor=SYSTEM, code=code, reason="x", now=NOON)


def test_two_orders_of_three_do_not_pass_a_cap_of_five(gift: int) -> None:
    an_order(("BO", 3))
    with pytest.raises(ShortStock) as refused:
        an_order(("BO", 3))
    assert refused.value.params["lines"] == [{"sku": "BO", "requested": 3, "available": 2}]
    an_order(("BO", 2))
    assert used() == 5


def test_a_cancelled_order_gives_its_bundles_back_and_a_shipped_one_does_not(gift: int) -> None:
    code, gone = an_order(("BO", 3)), an_order(("BO", 2), state="shipped")
    for _ in range(2):
        cancel(code)
        assert (used(), seen(gone).state) == (2, "shipped")
    an_order(("BO", 3))
    assert used() == 5


def test_each_half_of_a_split_order_gives_back_its_own(gift: int) -> None:
    code = an_order(("BO", 4), ("AO", 1), **BUYER)
    parts = orders.split_order(actor=SYSTEM, code=code, lines=[MovedLine(0, 3)], now=NOON)
    assert used() == 4
    cancel(parts.second.code)
    assert used() == 1
    cancel(code)
    assert used() == 0


def test_orders_that_are_joined_keep_what_they_count(gift: int) -> None:
    code, other = an_order(("BO", 2), **BUYER), an_order(("BO", 3), **BUYER)
    orders.merge_orders(actor=SYSTEM, code=code, others=[other], now=NOON)
    assert used() == 5
    cancel(code)
    assert used() == 0


def test_a_marketplaces_order_that_waited_for_stock_is_counted_when_it_is_held(gift: int) -> None:
    code = accept(a_draft((gift, 12)))[0].code
    assert (seen(code).state, used("shopee-1")) == ("awaiting_stock", 0)
    for sku in ("AO", "MU"):
        stock(variant_of(sku), "KHO", 10)
    assert orders.retry_awaiting_stock(now=NOON) == 1
    assert (seen(code).state, used("shopee-1")) == ("confirmed", 12)
    cancel(code)
    assert used("shopee-1") == 0


def test_what_was_missing_of_a_bundle_is_not_counted_a_second_time(gift: int) -> None:
    late = a_variant("MUON", parts={"AO": 1}, backorder=True)
    wide = inventory.set_control(actor=SYSTEM, channel="shopee-1", scope="channel", kind="cap", amount=99)
    code = accept(a_draft((late, 25)))[0].code
    counted = {row.uid: row.used for row in queries.list_controls(actor=SYSTEM)}
    assert (seen(code).state, counted[wide.uid]) == ("awaiting_stock", 25)
    stock(variant_of("AO"), "KHO", 5)
    assert orders.retry_awaiting_stock(now=NOON) == 1
    counted = {row.uid: row.used for row in queries.list_controls(actor=SYSTEM)}
    assert (seen(code).state, counted[wide.uid]) == ("confirmed", 25)
    cancel(code)
    assert {row.used for row in queries.list_controls(actor=SYSTEM)} == {0}
