"""Listings of an order history's goods on a marketplace sandbox, made where they are missing."""

from __future__ import annotations

from mekong.catalog import queries as catalogue
from mekong.channels import queries as channels
from mekong.channels import remote
from mekong.channels.contracts import ChannelView
from mekong.faces.demo.markets import MARKETS, Offer, Sandbox
from mekong.faces.replay.plan import Plan
from mekong.foundation.actor import Actor
from mekong.inventory.queries import availability

POUND = 33_000
"""Đồng that a listing of a thing priced in pounds shows for each: a listing has its shop's currency. Sales of history
come in at the prices of their invoices."""


def offers_of(*, actor: Actor, channel: str, skus: list[str]) -> list[Offer]:
    """Single listings of things priced in pounds, with what may be sold of them now."""
    variants = catalogue.variants_by_sku(actor=actor, skus=skus)
    shown = availability(channel=channel, variant_ids=[each.id for each in variants.values()])
    return [
        Offer(
            view.product_name,
            [(sku, (), max(1000, round(view.price_minor * POUND // 100, -3)), shown[view.id].quantity, "")],
        )
        for sku, view in variants.items()
    ]


def offer_missing(*, actor: Actor, channel: ChannelView, plan: Plan) -> int:
    """List on a channel's sandbox what a plan sells and the shop there does not show yet, and match it; how many.

    Raises: Unavailable.
    """
    market = next((each for each in MARKETS if each.kind == channel.kind), None)
    url, number = channels.test_purchase_at(actor=actor, code=channel.code)
    if market is None or not url:
        return 0
    sandbox = Sandbox(url.rsplit(f"/{market.kind}/", 1)[0])
    try:
        new = sandbox.offer(market, number, offers_of(actor=actor, channel=channel.code, skus=list(plan.names)))
        if new:
            remote.pull_listings(actor=actor, channel=channel.code)
    finally:
        sandbox.close()
    return new
