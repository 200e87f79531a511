from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from mekong.catalog.contracts import PriceLine
from mekong.catalog.errors import RepeatedValue, VariantNotFound
from mekong.catalog.events import PriceChanged
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules import numbers
from mekong.catalog.rules.words import clean_sku
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit_many


@command
def set_prices(*, actor: Actor, lines: Sequence[PriceLine], now: datetime) -> int:
    """Set retail prices, all of them or none; how many changed.

    `price_version` of a variant goes up by one when its price changes. Safe to repeat: an equal price changes nothing.
    Raises: MayNot, VariantNotFound, RepeatedValue, OutOfRange, NotWhole.
    """
    actor.require("catalog.edit")
    wanted: dict[str, tuple[int, int]] = {}
    for place, line in enumerate(lines):
        field = f"lines[{place}].sku"
        sku_key = clean_sku(line.sku, field)[1]
        if sku_key in wanted:
            raise RepeatedValue(field=field, value=line.sku, first=f"lines[{wanted[sku_key][0]}].sku")
        wanted[sku_key] = (place, numbers.check_amount(line.price_minor, f"lines[{place}].price_minor"))
    held = fetch(
        "select sku_key, id, price_minor from catalog_variant where sku_key = any(%(keys)s) order by id for update",
        {"keys": list(wanted)},
    )
    known = {row[0]: (row[1], row[2]) for row in held}
    for sku_key, (place, _) in wanted.items():
        if sku_key not in known:
            raise VariantNotFound(field=f"lines[{place}].sku", key=lines[place].sku)
    changes = [(*known[sku_key], price) for sku_key, (_, price) in wanted.items() if known[sku_key][1] != price]
    return change_prices(actor, changes, now)


def change_prices(actor: Actor, changes: Sequence[tuple[int, int, int]], now: datetime) -> int:
    """Write prices of variants whose rows are held: (id, old price, new price)."""
    if not changes:
        return 0
    old = {variant_id: price for variant_id, price, _ in changes}
    with connection.cursor() as cursor:
        cursor.execute(
            """update catalog_variant v set price_minor = n.price, price_version = v.price_version + 1
                 from unnest(%s::bigint[], %s::bigint[]) n(id, price) where v.id = n.id
               returning v.product_id, v.id, v.price_minor, v.currency, v.price_version""",
            [[each[0] for each in changes], [each[2] for each in changes]],
        )
        rows = cursor.fetchall()
    events = [(PriceChanged(row[0], row[1], old[row[1]], *row[2:]), f"product:{row[0]}") for row in rows]
    emit_many(actor, events, now=now)
    return len(rows)
