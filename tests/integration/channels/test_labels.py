"""The platforms' own shipping labels, asked of their stand-ins over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from mekong.channels import queries, remote
from mekong.channels.calling import calls
from mekong.channels.errors import CannotDo
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MayNot, RemoteRefused
from tests.support.marketplaces import Sandbox, Shop, a_catalogue, a_shop, a_worker, eventually

PDF = "application/pdf"


def sold(sandbox: Sandbox, kind: str) -> tuple[Shop, str]:
    """A shop on this platform, and an order a buyer made there."""
    a_catalogue(["AO-1"], 10)
    shop = a_shop(sandbox, kind, f"{kind}-1", ["AO-1"])
    with a_worker():
        assert eventually(lambda: shop.shown()["AO-1"] == 10)
    order = shop.buy(("AO-1", 1))
    assert order
    return shop, order


def arrange(shop: Shop, order: str) -> None:
    """Pack the order and have the carrier asked to fetch it, as the worker does."""

    async def hand_over(connector: Any) -> None:
        for act in (connector.pack, connector.ship):
            (there,) = await connector.fetch_orders(external_ids=[order])
            await act(order=there)

    calls.run(calls.line(queries.find_channel(shop.channel)).call(hand_over, tries=5))


@pytest.mark.parametrize(
    ("kind", "media_type"), [("shopee", PDF), ("lazada", PDF), ("tiktok", PDF), ("tiki", "text/html")]
)
def test_an_order_arranged_for_shipping_has_its_label_and_one_that_is_not_has_none(
    sandbox: Sandbox, kind: str, media_type: str
) -> None:
    shop, order = sold(sandbox, kind)
    with pytest.raises(RemoteRefused):
        remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)

    arrange(shop, order)

    labels = remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)
    assert [label.media_type for label in labels] == [media_type]
    again = remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)
    assert [label.content for label in again] == [label.content for label in labels], "asking again gives the same"


def test_a_label_that_takes_a_moment_is_waited_for(sandbox: Sandbox) -> None:
    shop, order = sold(sandbox, "shopee")
    arrange(shop, order)
    sandbox.post("settings", {"shopee_document_delay_s": 1.5})

    labels = remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)

    assert labels[0].content.startswith(b"%PDF-")


@pytest.mark.parametrize("kind", ["shopee", "lazada", "tiktok", "tiki"])
def test_faults_on_the_way_to_a_label_are_got_over(sandbox: Sandbox, kind: str) -> None:
    shop, order = sold(sandbox, kind)
    arrange(shop, order)
    sandbox.break_things([{"market": kind, "kind": "http_5xx", "probability": 0.3}], 5)

    assert remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)


def test_an_order_the_platform_does_not_know_has_no_label(sandbox: Sandbox) -> None:
    shop, _ = sold(sandbox, "shopee")

    with pytest.raises(RemoteRefused) as refused:
        remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id="251122NOTHERE1")

    assert refused.value.params["remote_code"] == "unknown_order"


def test_a_web_shop_has_no_label_of_its_own(sandbox: Sandbox) -> None:
    shop, order = sold(sandbox, "woocommerce")

    with pytest.raises(CannotDo):
        remote.fetch_labels(actor=SYSTEM, channel=shop.channel, external_id=order)


def test_who_may_not_ship_gets_no_label() -> None:
    clerk = Actor(kind="person", ref="person:9", name="Thu ngân", permissions=frozenset({"orders.view"}))

    with pytest.raises(MayNot):
        remote.fetch_labels(actor=clerk, channel="shopee-1", external_id="1")
