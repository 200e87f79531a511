"""Pages of orders behind a figure, and whose orders an actor sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.insights.contracts import OrderRow, OrderRows

_ROWS = """
    select o.id, o.code, o.channel, o.state, o.payment_state, o.is_cod, o.currency, o.total_minor, o.customer_name,
           o.placed_at, o.ship_by, {units}
      from orders_salesorder o where {where} and (o.placed_at, o.id) > (%s, %s) order by o.placed_at, o.id limit %s
"""
_SUMS = """
    select currency, count(*), sum(total_minor)::bigint, coalesce(sum(units), 0)::bigint
      from (select o.currency, o.total_minor, {units} as units from orders_salesorder o where {where}) o
     group by 1 order by 3 desc
"""
OF_ORDER = "(select coalesce(sum(quantity), 0)::bigint from orders_orderline where order_id = o.id)"
_THERE = (
    "(o.allocation = '[]' or exists (select 1 from jsonb_array_elements(o.allocation) a"
    " where (a->>1)::bigint = any(%s::bigint[])))"
)
_FIRST = (datetime.fromisoformat("0001-01-02T00:00:00+00:00"), UUID(int=0))


def seen(actor: Actor) -> tuple[str, list[Any]]:
    """The condition, and its parameters, under which an actor sees a row of `orders_salesorder o`.

    As the order book has it: orders follow their goods, so an actor bound to places sees those allocated there, and
    those allocated nowhere yet. Raises: MayNot.
    """
    actor.require("orders.view")
    scope = actor.locations_for("orders.view")
    if scope is None:
        return "true", []
    return _THERE, [sorted(scope)]


def page(
    actor: Actor, where: str, parameters: Sequence[Any], *, cursor: str, limit: int, units: str = OF_ORDER,
    of_units: Sequence[Any] = (),
) -> OrderRows:  # fmt: skip
    """A page of the orders that the condition names and the actor sees, oldest first, with the sums of them all.

    `units`: the SQL that counts an order's units, `of_units` its parameters. Two statements.
    Raises: MayNot, Invalid (a cursor not of this list).
    """
    visible, places = seen(actor)
    whole = f"{where} and {visible}"
    after = decode_cursor(cursor, tuple[datetime, UUID]) if cursor else _FIRST
    with connection.cursor() as database:
        database.execute(_ROWS.format(units=units, where=whole), [*of_units, *parameters, *places, *after, limit + 1])
        rows = [OrderRow(*row) for row in database.fetchall()]
        database.execute(_SUMS.format(units=units, where=whole), [*of_units, *parameters, *places])
        sums = database.fetchall()
    more = len(rows) > limit
    rows = rows[:limit]
    return OrderRows(
        rows, encode_cursor(rows[-1].placed_at, rows[-1].id) if more else None, sum(row[1] for row in sums),
        {row[0]: row[2] for row in sums}, sum(row[3] for row in sums),
    )  # fmt: skip
