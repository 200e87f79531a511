"""Returns asked for on the platforms' stand-ins, read and answered over HTTP."""

from __future__ import annotations

import pytest

from mekong.channels import remote
from mekong.channels.models import ChannelReturn
from mekong.foundation import ids
from mekong.foundation.actor import SYSTEM
from mekong.orders.models import SalesOrder
from tests.integration.channels.test_labels import arrange, sold
from tests.support.marketplaces import Sandbox, Shop, a_worker, eventually
from tests.support.people import a_person, acting

STEPS = {"shopee": ("shipped", "delivered"), "lazada": ("shipped", "delivered"), "tiktok": ("pickup", "deliver")}
"""By platform: how its carrier brings a parcel to the buyer."""


def delivered(shop: Shop, order: str) -> None:
    """The buyer has the parcel, there and in our book."""
    with a_worker():
        assert eventually(lambda: SalesOrder.objects.filter(external_id=order).exists())
    arrange(shop, order)
    for to in STEPS[shop.market]:
        assert shop.advance(order, to), to


def kept() -> ChannelReturn:
    return ChannelReturn.objects.get()


@pytest.mark.parametrize("kind", STEPS)
def test_a_return_is_read_agreed_to_and_brings_the_order_back(sandbox: Sandbox, kind: str) -> None:
    shop, order = sold(sandbox, kind)
    delivered(shop, order)
    with a_worker():
        assert eventually(lambda: SalesOrder.objects.get(external_id=order).state == "delivered")
        assert shop.advance(order, "return")
        assert eventually(lambda: ChannelReturn.objects.filter(state="requested").exists())
        here = kept()
        assert (here.order_external_id, here.refund_minor > 0, here.is_goods_coming_back) == (order, True, True)
        assert sum(line["quantity"] for line in here.lines) == 1

        answer = remote.answer_return(actor=SYSTEM, return_id=ids.public("ret", here.uid), accept=True, reason="")
        assert answer.state != "requested"
        assert eventually(lambda: SalesOrder.objects.get(external_id=order).state == "returning")


@pytest.mark.parametrize("kind", STEPS)
def test_a_refusal_reaches_the_platform_with_its_reason(sandbox: Sandbox, kind: str) -> None:
    shop, order = sold(sandbox, kind)
    delivered(shop, order)
    with a_worker():
        assert eventually(lambda: SalesOrder.objects.get(external_id=order).state == "delivered")
        assert shop.advance(order, "return")
        assert eventually(lambda: ChannelReturn.objects.filter(state="requested").exists())
        here = kept()
        clerk = acting(a_person("owner"))
        remote.answer_return(
            actor=clerk, return_id=ids.public("ret", here.uid), accept=False, reason="Hàng còn nguyên, đúng mô tả"
        )
        assert eventually(lambda: kept().state not in ("requested", "accepted"))
        # Shopee calls an order TO_RETURN from the wish on; elsewhere a wish moves nothing.
        stays = "returning" if kind == "shopee" else "delivered"
        assert eventually(lambda: SalesOrder.objects.get(external_id=order).state == stays)
