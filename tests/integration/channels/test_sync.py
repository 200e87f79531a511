"""Stock and orders between Mekong and platforms, with a worker at work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mekong.channels import commands, queries
from mekong.channels.errors import ChannelInvalid
from mekong.channels.matching import skus as ids_of
from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands as inventory
from mekong.orders.models import SalesOrder
from tests.support.marketplaces import HURRY, Door, Sandbox, a_catalogue, a_shop, a_worker, eventually, stock

SKUS = [f"AO-{number}" for number in range(6)]


def test_a_sale_anywhere_is_shown_everywhere(sandbox: Sandbox, door: Door):
    a_catalogue(SKUS, 10)
    shopee = a_shop(sandbox, "shopee", "shopee-1", SKUS, door=door, models=2)
    lazada = a_shop(sandbox, "lazada", "lazada-1", SKUS, door=door)
    assert queries.get_channel(actor=SYSTEM, code="shopee-1").listings.matched == 6
    with a_worker():
        assert eventually(lambda: set(shopee.shown().values()) == {10} == set(lazada.shown().values()))

        order = shopee.buy(("AO-1", 3))
        assert eventually(lambda: lazada.shown()["AO-1"] == 7)
        # The hold moves the stock; the order that claims it follows in a second transaction.
        assert eventually(lambda: SalesOrder.objects.filter(channel="shopee-1", external_id=order).exists())
        booked = SalesOrder.objects.get(channel="shopee-1", external_id=order)
        assert (booked.state, booked.code[:3]) == ("confirmed", "DH-")

        variant = ids_of(["AO-2"])["AO-2"]
        inventory.reserve(
            actor=SYSTEM, channel="web", owner="cart", lines=[(variant, 4)], ttl_s=600, now=datetime.now(UTC)
        )
        assert eventually(lambda: (shopee.shown()["AO-2"], lazada.shown()["AO-2"]) == (6, 6))

        assert shopee.advance(order, "buyer_cancel")
        assert eventually(lambda: lazada.shown()["AO-1"] == 10 == shopee.shown()["AO-1"])
        booked.refresh_from_db()
        assert booked.state == "cancelled"
    page = queries.list_listings(actor=SYSTEM, channel="lazada-1", limit=50)
    assert {view.state for view in page.listings} == {"converged"}


def test_a_platform_that_sends_no_notices_is_asked_often(sandbox: Sandbox, door: Door):
    a_catalogue(["BINH"], 5)
    shop = a_shop(sandbox, "tiki", "tiki-1", ["BINH"], door=door)
    with a_worker(replace(HURRY, poll_s=3600.0, poll_unnoticed_s=0.5)):
        assert eventually(lambda: shop.shown()["BINH"] == 5)
        first = shop.buy(("BINH", 1))
        assert eventually(lambda: SalesOrder.objects.filter(external_id=first).exists())
        again = shop.buy(("BINH", 1))
        assert eventually(lambda: SalesOrder.objects.filter(external_id=again).exists())


def test_of_two_buyers_of_the_last_unit_one_is_cancelled_where_he_bought(sandbox: Sandbox, door: Door):
    a_catalogue(["BINH"], 1)
    shops = [a_shop(sandbox, name, f"{name}-1", ["BINH"], door=door) for name in ("shopee", "lazada")]
    with a_worker():
        assert eventually(lambda: [shop.shown()["BINH"] for shop in shops] == [1, 1])
    bought = [str(shop.buy(("BINH", 1))) for shop in shops]
    with a_worker():
        assert eventually(lambda: SalesOrder.objects.count() == 2)
        (loser,) = SalesOrder.objects.filter(state="awaiting_stock")
        assert commands.give_up_on_short_orders(now=datetime.now(UTC)) == []
        commands.set_give_up(actor=SYSTEM, code=loser.channel, after_min=0)

        assert commands.give_up_on_short_orders(now=datetime.now(UTC)) == [loser.code]

        kept, lost = sorted(zip(shops, bought, strict=True), key=lambda each: each[1] == loser.external_id)
        assert eventually(lambda: lost[0].orders()[lost[1]][0])
        assert not kept[0].orders()[kept[1]][0]
        assert eventually(lambda: [shop.shown()["BINH"] for shop in shops] == [0, 0])
    loser.refresh_from_db()
    assert (loser.state, loser.cancel_reason) == ("cancelled", "out_of_stock")


def test_an_order_that_waits_gets_what_came_in_before_it_is_given_up(sandbox: Sandbox, door: Door):
    a_catalogue(["BINH"], 1)
    shop = a_shop(sandbox, "lazada", "lazada-1", ["BINH"], door=door)
    with a_worker():
        assert eventually(lambda: shop.shown()["BINH"] == 1)
    lines = [(ids_of(["BINH"])["BINH"], 1)]
    inventory.reserve(actor=SYSTEM, channel="web", owner="cart", lines=lines, ttl_s=600, now=datetime.now(UTC))
    assert shop.buy(("BINH", 1))
    commands.set_give_up(actor=SYSTEM, code="lazada-1", after_min=0)
    with a_worker():
        assert eventually(lambda: SalesOrder.objects.filter(state="awaiting_stock").exists())
        stock({"BINH": 1}, "found")
        assert commands.give_up_on_short_orders(now=datetime.now(UTC)) == []
        assert eventually(lambda: SalesOrder.objects.get().state == "confirmed")


def test_how_long_orders_wait_is_said_in_minutes_or_not_at_all(sandbox: Sandbox, door: Door):
    a_catalogue(["BINH"], 1)
    a_shop(sandbox, "lazada", "lazada-1", ["BINH"], door=door)
    assert queries.get_channel(actor=SYSTEM, code="lazada-1").give_up_after_min == 60
    assert commands.set_give_up(actor=SYSTEM, code="lazada-1", after_min=None).give_up_after_min is None
    for wrong in (-1, 43_201):
        with pytest.raises(ChannelInvalid) as refused:
            commands.set_give_up(actor=SYSTEM, code="lazada-1", after_min=wrong)
        assert refused.value.params["field"] == "give_up_after_min"
    assert queries.get_channel(actor=SYSTEM, code="lazada-1").give_up_after_min is None
