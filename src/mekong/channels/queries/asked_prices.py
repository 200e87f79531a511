"""What listings should cost: their own price where they have one, else what the price function shows on their channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mekong.catalog.contracts import VariantView
from mekong.channels.models import Listing
from mekong.pricing import queries as pricing
from mekong.pricing.queries import Shown


def asked_prices(*, rows: Sequence[Listing], variants: Mapping[int, VariantView], now: datetime) -> dict[int, Shown]:
    """By listing id; listings of no variant, or of one priced in another currency than the channel's, are left out.

    An own price is an explicit difference and has no sale price beside it. The rows come with their channels.
    """
    found: dict[int, Shown] = {}
    by_channel: dict[tuple[str, str], list[Listing]] = {}
    for row in rows:
        if row.own_price_minor is not None:
            found[row.id] = Shown(row.own_price_minor)
        elif row.variant_id in variants:
            by_channel.setdefault((row.channel.code, row.channel.currency), []).append(row)
    for (code, currency), mine in by_channel.items():
        views = {row.variant_id: variants[row.variant_id] for row in mine if row.variant_id is not None}
        shown = pricing.shown_prices(views=list(views.values()), channel=code, currency=currency, now=now)
        found |= {row.id: price for row in mine if (price := shown.get(row.variant_id or 0)) is not None}
    return found
