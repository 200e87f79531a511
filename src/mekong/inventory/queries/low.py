"""What runs low where, how long it lasts, and who could help out."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.inventory.contracts import SALES_DAYS, LowLine
from mekong.inventory.queries.transfers import incoming_units

_FREE = "coalesce(s.on_hand - s.reserved, 0)"
_FROM = """
      from inventory_reorderlevel r join inventory_location l on l.id = r.location_id
      left join inventory_stocklevel s on s.variant_id = r.variant_id and s.location_id = r.location_id
     where coalesce(s.on_hand - s.reserved, 0) <= r.min_qty
       and (%(scope)s::bigint[] is null or r.location_id = any(%(scope)s::bigint[]))
       and (%(location)s = '' or l.code = %(location)s)
"""
_LOW = f"""
    with low as (
        select r.variant_id, r.location_id, l.code, {_FREE} as free, r.min_qty, r.max_qty, {_FREE} - r.min_qty as gap
        {_FROM} and ({_FREE} - r.min_qty, r.variant_id, r.location_id) > (%(gap)s, %(variant)s, %(place)s)
         order by gap, r.variant_id, r.location_id limit %(limit)s)
    select low.variant_id, low.location_id, low.code, low.free, low.min_qty, low.max_qty,
           coalesce(sold.units, 0)::bigint, coalesce(spare.code, ''), coalesce(spare.units, 0)
      from low
      left join lateral (
           select sum(m.quantity) as units from inventory_stockmovement m
            where m.variant_id = low.variant_id and m.from_location_id = low.location_id and m.reason = 'shipment'
              and m.occurred_at >= %(since)s) sold on true
      left join lateral (
           select p.code, o.on_hand - o.reserved - coalesce(own.min_qty, 0) as units
             from inventory_stocklevel o
             join inventory_location p on p.id = o.location_id and p.kind in ('warehouse', 'store') and p.is_active
             left join inventory_reorderlevel own on own.variant_id = o.variant_id and own.location_id = o.location_id
            where o.variant_id = low.variant_id and o.location_id <> low.location_id
              and (%(scope)s::bigint[] is null or o.location_id = any(%(scope)s::bigint[]))
            order by units desc, p.priority, p.id limit 1) spare on spare.units > 0
     order by low.gap, low.variant_id, low.location_id
"""  # noqa: S608 - put together from constants

FIRST = (-(2**62), 0, 0)


def list_low_lines(
    *, actor: Actor, now: datetime, location: str = "", after: tuple[int, int, int] = FIRST, limit: int = 50
) -> list[LowLine]:
    """SKUs at or below their reorder level, the emptiest first, with what sold lately and who has some to spare.

    Two statements. `after`: (free − reorder level, variant, location) of the last one already seen. Goods elsewhere
    are told of places this actor sees only.
    """
    actor.require("inventory.view")
    scope = actor.locations_for("inventory.view")
    values = {
        "scope": None if scope is None else sorted(scope), "location": location.upper(), "limit": limit,
        "since": now - timedelta(days=SALES_DAYS), "gap": after[0], "variant": after[1], "place": after[2],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LOW, values)
        rows = cursor.fetchall()
    incoming = incoming_units(variant_ids={row[0] for row in rows})
    return [
        LowLine(
            variant_id=variant, location_id=place, location_code=code, free=free, min_qty=least, max_qty=most,
            incoming=incoming.get((variant, place), 0), sold=sold, spare_at=spare_at, spare=spare,
        )
        for variant, place, code, free, least, most, sold, spare_at, spare in rows
    ]  # fmt: skip


def count_low(*, actor: Actor, location: str = "") -> int:
    """How many SKUs are low, counted at each place."""
    actor.require("inventory.view")
    scope = actor.locations_for("inventory.view")
    with connection.cursor() as cursor:
        cursor.execute(
            f"select count(*) {_FROM}",
            {"scope": None if scope is None else sorted(scope), "location": location.upper()},
        )
        return int(cursor.fetchone()[0])
