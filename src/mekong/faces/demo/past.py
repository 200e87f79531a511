"""Four weeks behind the demo's first orders, so that its figures have a week before: the days and hours of real
invoices, with the shop's own goods in them."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

from mekong.catalog import queries as catalogue
from mekong.faces.demo.offers import REGULARS
from mekong.faces.replay.plan import Plan, Sale
from mekong.foundation.actor import Actor
from mekong.inventory import queries as stock
from mekong.inventory.errors import ShortStock
from mekong.orders import commands as orders

_WEEK = timedelta(days=7)
_SPAN = timedelta(days=28)
_ORDERS = 72
_ENOUGH = 20
"""Units on the shelf from which on a SKU may have a past; the scarce ones stay as the shop describes them."""
_CHANNELS = ("store", "store", "web", "web", "phone")
_STEPS = (orders.confirm_order, orders.ship_order, orders.deliver_order, orders.complete_order)


def place_past(*, actor: Actor, plan: Plan, location: str, now: datetime) -> int:
    """Orders of own channels, paid and completed, each once; how many are new.

    Invoices of the history's last four weeks, evenly chosen and moved by whole weeks to end in the last seven days.
    """
    if not plan.sales:
        return 0
    end = max(sale.at for sale in plan.sales)
    recent = [sale for sale in plan.sales if sale.at > end - _SPAN]
    shift = (now - end) // _WEEK * _WEEK
    levels = stock.levels(actor=actor, location=location, limit=10_000)
    plenty = sorted(level.variant_id for level in levels if level.free >= _ENOUGH)
    known = catalogue.variants_by_id(actor=actor, ids=plenty)
    skus = [known[each].sku for each in plenty if each in known and known[each].sku not in plan.names]
    chosen = recent[:: max(1, len(recent) // _ORDERS)] if skus else []
    return sum(_place(actor, sale, skus, sale.at + shift) for sale in chosen)


def _place(actor: Actor, sale: Sale, skus: list[str], at: datetime) -> bool:
    seed = zlib.crc32(sale.invoice.encode())
    wanted = {skus[(seed >> shift) % len(skus)]: 1 + (seed >> shift) % 2 for shift in (3, 11)[: 1 + seed % 2]}
    name, phone = _buyer(seed)
    asked = orders.Asked(
        channel=_CHANNELS[seed % len(_CHANNELS)], external_id=f"demo-past-{sale.invoice}", is_paid=True, placed_at=at,
        lines=[orders.AskedLine(sku, units) for sku, units in wanted.items()], customer_name=name, customer_phone=phone,
    )  # fmt: skip
    try:
        placed = orders.place_order(actor=actor, asked=asked, now=at)
    except ShortStock:
        return False
    if placed.is_new:
        for step in _STEPS:
            step(actor=actor, code=placed.code, now=at)
    return placed.is_new


def _buyer(seed: int) -> tuple[str, str]:
    """Name and phone. Every third invoice is a member's; the others walk in."""
    if (seed >> 17) % 3:
        return "Khách lẻ", ""
    who = REGULARS[(seed >> 19) % len(REGULARS)]
    return who.name, who.phone
