"""Stock and orders between Mekong and platforms, with a worker at work."""

from __future__ import annotations

from datetime import UTC, datetime

from mekong.channels import queries
from mekong.channels.matching import skus as ids_of
from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands as inventory
from mekong.orders.models import SalesOrder
from tests.support.marketplaces import Door, Sandbox, a_catalogue, a_shop, a_worker, eventually

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
