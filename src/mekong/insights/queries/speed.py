"""What sells faster and slower than before, and what runs out first."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connection

from mekong.foundation.actor import Actor
from mekong.insights import rules
from mekong.insights.contracts import Cover, Covers, Mover, Movers, OrderRows
from mekong.insights.queries.rows import page

_MOVERS = """
    select variant_id, sum(last_7)::bigint, sum(before_7)::bigint from insights_salespace
     where %s::bigint[] is null or location_id = any(%s::bigint[])
     group by 1 having sum(last_7) <> sum(before_7)
     order by {sign} (sum(last_7) - sum(before_7)), variant_id limit %s
"""
_COVERS = """
    with lasting as (
        select p.variant_id, p.location_id, l.code, greatest(0, coalesce(s.on_hand - s.reserved, 0)) as free, p.last_28,
               greatest(0, coalesce(s.on_hand - s.reserved, 0)) * %s::numeric / p.last_28 as lasts
          from insights_salespace p
          join inventory_location l on l.id = p.location_id and l.is_active
          left join inventory_stocklevel s on s.variant_id = p.variant_id and s.location_id = p.location_id
         where p.last_28 > 0 and (%s::bigint[] is null or p.location_id = any(%s::bigint[]))
    )
    select *, count(*) over (), count(*) filter (where lasts <= %s) over ()
      from lasting where lasts <= %s order by lasts, last_28 desc, variant_id, location_id limit %s
"""
_TAKEN = """
    (select coalesce(sum((a->>2)::bigint), 0)::bigint from jsonb_array_elements(o.allocation) a
      where (a->>0)::bigint = %s and (%s::bigint[] is null or (a->>1)::bigint = any(%s::bigint[])))
"""
_TAKING = """
    o.placed_at >= %s and o.placed_at < %s and o.state <> 'cancelled'
    -- Containment also finds the number as a place or a quantity: it is the cheap question, the next is the exact one.
    and o.allocation @> %s::jsonb
    and exists (select 1 from jsonb_array_elements(o.allocation) a
                 where (a->>0)::bigint = %s and (%s::bigint[] is null or (a->>1)::bigint = any(%s::bigint[])))
"""


def _places(actor: Actor, permission: str) -> list[Any]:
    scope = actor.locations_for(permission)
    return [None, None] if scope is None else [sorted(scope)] * 2


def counted_through() -> date | None:
    """The last day up to which what sells was counted; None before the first count."""
    with connection.cursor() as cursor:
        cursor.execute("select through from insights_salespace limit 1")
        row = cursor.fetchone()
    return row[0] if row else None


def _observed(through: date) -> int:
    """Days that the pace was looked at for: fewer than the window where the first order is younger."""
    with connection.cursor() as cursor:
        cursor.execute("select (min(placed_at) at time zone %s)::date from orders_salesorder", [settings.TIME_ZONE])
        first = cursor.fetchone()[0]
    return min(rules.COVER_DAYS, (through - first).days + 1) if first and first <= through else 0


def movers(*, actor: Actor, limit: int = 5) -> Movers:
    """Variants whose sales rose and fell the most: units of the seven whole days against the seven before.

    Units that orders took from the places where the actor sees orders; bundles count as their parts. Three statements.
    Raises: MayNot.
    """
    actor.require("orders.view")
    through = counted_through()
    if through is None:
        return Movers()
    places = _places(actor, "orders.view")
    sides = []
    with connection.cursor() as cursor:
        for sign in ("-", ""):
            cursor.execute(_MOVERS.format(sign=sign), [*places, limit])
            sides.append([Mover(*row) for row in cursor.fetchall()])
    return Movers(
        [each for each in sides[0] if each.change > 0], [each for each in sides[1] if each.change < 0], through
    )


def covers(*, actor: Actor, within_days: int = 14, soon_days: int = 7, limit: int = 8) -> Covers:
    """What lasts no longer than so many days at the places where the actor sees stock, what ends first before.

    `rules.days_of_cover` of the units free now and those that orders took in the 28 whole days before today, or in as
    many as there were since the first order. What did not sell is not in it. Three statements. Raises: MayNot.
    """
    actor.require("inventory.view")
    through = counted_through()
    days = _observed(through) if through else 0
    if through is None or days == 0:
        return Covers(through=through)
    with connection.cursor() as cursor:
        cursor.execute(_COVERS, [days, *_places(actor, "inventory.view"), soon_days, within_days, limit])
        rows = cursor.fetchall()
    found = [Cover(row[0], row[1], row[2], int(row[3]), row[4], days, float(row[5])) for row in rows]
    return Covers(found, rows[0][6] if rows else 0, rows[0][7] if rows else 0, days, through)


def taking_orders(
    *, actor: Actor, variant_id: int, since: datetime, until: datetime, cursor: str = "", limit: int = 50
) -> OrderRows:
    """The orders behind a mover's figure: placed in that span, and took units of the variant. `units`: how many.

    Those whose goods come from places where the actor sees orders. Raises: MayNot, Invalid (a cursor not of this list).
    """
    actor.require("orders.view")
    there = [variant_id, *_places(actor, "orders.view")]
    return page(
        actor, _TAKING, [since, until, f"[[{variant_id}]]", *there], cursor=cursor, limit=limit, units=_TAKEN,
        of_units=there,
    )  # fmt: skip
