"""What waits for somebody: orders by the work they need, and goods sold that were not there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.insights.contracts import OrderRows, OversoldRow, TransferRow, TransfersComing, Waiting
from mekong.insights.queries.rows import page, seen

LOOK_BACK = timedelta(days=90)
"""Money that is older is no longer work of the day but a matter of the books."""
COD_AFTER = timedelta(days=7)
"""A carrier's usual time from delivery to paying out; what takes longer is asked after."""

_OPEN = "o.state not in ('cancelled', 'completed', 'returned')"
_UNDER_WAY = (
    "o.state in ('pending_confirmation', 'awaiting_stock', 'confirmed', 'allocated', 'picking', 'packed',"
    " 'ready_to_ship', 'ready_for_pickup', 'shipped', 'delivered')"
)
_GIVE_BACK = (
    "o.state in ('cancelled', 'returned') and o.payment_state in ('paid', 'partly_paid')"
    " and o.placed_at >= %(since)s and o.placed_at <= %(now)s"
)

WORK: Mapping[str, str] = {
    "confirm": "o.state = 'pending_confirmation'",
    "pack": "o.state in ('confirmed', 'allocated', 'picking')",
    "hand": "o.state in ('packed', 'ready_to_ship')",
    "pickup": "o.state = 'ready_for_pickup'",
    "failed": "o.state = 'delivery_failed'",
    "back": "o.state = 'returning'",
    # The index of issues is of those that have any: the condition names it.
    "unmatched": f"o.issues <> '[]' and o.issues @> '[\"unmatched_line\"]' and {_OPEN}",
    "short": f"o.issues <> '[]' and o.issues @> '[\"stock\"]' and {_OPEN}",
    "address": f"o.issues <> '[]' and o.issues @> '[\"address\"]' and {_OPEN}",
    "duplicate": "o.duplicate_of <> '' and o.state = 'pending_confirmation'",
    "unpaid": "o.payment_state in ('unpaid', 'partly_paid') and not o.is_cod and o.placed_at >= %(since)s"
    f" and o.placed_at <= %(now)s and {_UNDER_WAY} and o.channel <> all(%(platforms)s::text[])",
    "refund": f"{_GIVE_BACK} and o.channel <> all(%(platforms)s::text[])",
    "platform-refund": f"{_GIVE_BACK} and o.channel = any(%(platforms)s::text[])",
    "cod": "o.payment_state in ('unpaid', 'partly_paid') and o.is_cod and o.placed_at >= %(since)s"
    " and o.placed_at <= %(now)s and o.state in ('delivered', 'completed') and o.delivered_at < %(delivered_by)s",
}
"""Kinds of work, each with its condition on `orders_salesorder o`. Platforms give money back themselves."""

_COUNTED = """
    select %(name_{n})s, o.currency, count(*), sum(o.total_minor)::bigint, min(o.ship_by),
           count(*) filter (where o.ship_by < %(now)s), count(*) filter (where o.ship_by >= %(now)s and o.ship_by < %(soon)s)
      from orders_salesorder o where {condition} and {seen} group by o.currency
"""


def _parameters(now: datetime, platforms: Collection[str]) -> dict[str, Any]:
    return {
        "now": now, "since": now - LOOK_BACK, "delivered_by": now - COD_AFTER, "platforms": sorted(platforms),
    }  # fmt: skip


def waiting(
    *, actor: Actor, names: Collection[str], platforms: Collection[str], now: datetime, soon: datetime
) -> dict[str, Waiting]:
    """What waits of each kind of `WORK` named, of the orders the actor sees; kinds with none are left out.

    One statement, which reads what is open and the indexes of what is owed, never the orders that are done.
    Raises: MayNot.
    """
    visible, places = seen(actor)
    visible = visible.replace("%s", "%(places)s")
    parameters = _parameters(now, platforms) | {"soon": soon, "places": places[0] if places else []}
    parts = []
    for n, name in enumerate(names):
        parts.append(_COUNTED.format(n=n, condition=WORK[name], seen=visible))
        parameters[f"name_{n}"] = name
    found: dict[str, Waiting] = {}
    if not parts:
        return found
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(parts), parameters)
        for name, currency, orders, total, due, late, near in cursor.fetchall():
            was = found.get(name, Waiting())
            found[name] = Waiting(
                was.orders + orders, {**was.money, currency: total},
                min((each for each in (was.first_due, due) if each), default=None), was.late + late, was.soon + near,
            )  # fmt: skip
    return found


def waiting_orders(
    *, actor: Actor, name: str, platforms: Collection[str], now: datetime, cursor: str = "", limit: int = 50
) -> OrderRows:
    """The orders behind one of the figures of `waiting`. Raises: MayNot, Invalid (a cursor not of this list)."""
    named = _parameters(now, platforms)
    where, parameters = _positional(WORK[name], named)
    return page(actor, where, parameters, cursor=cursor, limit=limit)


def _positional(condition: str, named: Mapping[str, Any]) -> tuple[str, list[Any]]:
    pieces = condition.split("%(")
    parameters = []
    text = pieces[0]
    for piece in pieces[1:]:
        name, _, rest = piece.partition(")s")
        parameters.append(named[name])
        text += f"%s{rest}"
    return text, parameters


def oversold(*, actor: Actor, since: datetime, limit: int = 50) -> list[OversoldRow]:
    """Units sold beyond what stood at the actor's places since then and not settled, the most first.

    Raises: MayNot.
    """
    actor.require("inventory.view")
    scope = actor.locations_for("inventory.view")
    with connection.cursor() as cursor:
        cursor.execute(
            """select e.variant_id, l.code, sum(e.quantity)::bigint, max(e.occurred_at)
                 from inventory_oversellentry e join inventory_location l on l.id = e.location_id
                where e.occurred_at >= %s and e.settled_at is null
                  and (%s::bigint[] is null or e.location_id = any(%s::bigint[]))
                group by 1, 2 order by 3 desc, 1, 2 limit %s""",
            [since, *([sorted(scope)] * 2 if scope is not None else [None, None]), limit],
        )
        return [OversoldRow(*row) for row in cursor.fetchall()]


def transfers_coming(*, actor: Actor, limit: int = 50) -> TransfersComing:
    """Transfers that are on their way to the places where the actor sees stock. One statement. Raises: MayNot."""
    actor.require("inventory.view")
    scope = actor.locations_for("inventory.view")
    with connection.cursor() as cursor:
        cursor.execute(
            """select t.code, f.code, l.code, u.units, u.variants, t.shipped_at, count(*) over (),
                      (sum(u.units) over ())::bigint
                 from inventory_transfer t
                 join inventory_location f on f.id = t.from_location_id
                 join inventory_location l on l.id = t.to_location_id
                 cross join lateral (select coalesce(sum((e->>'quantity')::bigint), 0)::bigint as units, count(*) as variants
                                       from jsonb_array_elements(t.lines) e) u
                where t.state = 'in_transit' and (%s::bigint[] is null or t.to_location_id = any(%s::bigint[]))
                order by t.shipped_at, t.code limit %s""",
            [*([sorted(scope)] * 2 if scope is not None else [None, None]), limit],
        )
        rows = cursor.fetchall()
    return TransfersComing(
        [TransferRow(*row[:6]) for row in rows], rows[0][6] if rows else 0, rows[0][7] if rows else 0
    )
