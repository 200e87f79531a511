"""Counts of orders, of those the actor sees. Exact up to `MANY`; beyond, that there are more is all that is said."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.orders import rules
from mekong.orders.contracts import OrderCount, OrderFilter
from mekong.orders.queries.listing import LOOKED_AT, _hits
from mekong.orders.queries.narrowing import IS_OPEN, Where, narrowed, seen_by

MANY = 10_000
"""Counting stops beyond this: a figure above it says that there are more."""


def count_orders(*, actor: Actor, wanted: OrderFilter) -> OrderCount:
    """How many orders a list has. One statement of bounded work. Raises: MayNot, LocationNotFound."""
    narrow = narrowed(actor, wanted)
    where, apart = narrow.walked, narrow.told_apart
    by = "o.ship_by, o.id" if narrow.is_open else "o.placed_at desc, o.id desc"
    if narrow.sought:
        hits, params = _hits(narrow.sought, MANY + 1)
        sql = f"""with hit as materialized ({hits})
                  select count(*), (select count(*) from hit) from hit join orders_salesorder o on o.id = hit.order_id
                   where {where.and_(apart)}"""  # noqa: S608 - put together from constants
        n, seen = _two(sql, [*params, *where.params, *apart.params])
        return OrderCount(min(n, MANY), seen > MANY)
    most = LOOKED_AT if apart else MANY + 1
    sql = f"""select count(*) filter (where {apart}), count(*)
                from (select o.total_minor, o.is_cod, o.ship_by from orders_salesorder o where {where}
                       order by {by} limit {most}) o"""  # noqa: S608 - as above
    n, seen = _two(sql, [*apart.params, *where.params])
    return OrderCount(min(n, MANY), seen >= most)


def _two(sql: str, params: list[Any]) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        n, seen = cursor.fetchone()
        return int(n), int(seen)


def count_by_state(
    *, actor: Actor, channel: str = "", states: Collection[str] = tuple(rules.OrderState)
) -> dict[str, int]:
    """How many orders that the actor sees stand in each of these states, of one channel or all.

    Open states are counted whole; of any other, `MANY + 1` stands for more than `MANY`.
    """
    actor.require("orders.view")
    seen, places = seen_by(actor)
    counted: dict[str, int] = {}
    where = Where([seen], [*places])
    if channel:
        where.add("o.channel = %s", channel)
    closed = [str(state) for state in states if state not in rules.OPEN]
    with connection.cursor() as cursor:
        if len(closed) < len(states):
            cursor.execute(
                f"select o.state, count(*) from orders_salesorder o where {IS_OPEN} and {where} group by 1",  # noqa: S608 - as above
                where.params,
            )
            counted = {state: n for state, n in cursor.fetchall() if state in states}
        if closed:
            cursor.execute(
                f"""select s.state, c.n from unnest(%s::text[]) s(state) cross join lateral (
                        select count(*) n from (select 1 from orders_salesorder o where o.state = s.state and {where}
                                                 limit {MANY + 1}) o) c where c.n > 0""",  # noqa: S608 - as above
                [closed, *where.params],
            )
            counted.update(cursor.fetchall())
    return counted


def count_by_channel(*, actor: Actor, states: Collection[str] = ()) -> dict[str, int]:
    """How many orders of each channel that the actor sees stand in these states (all when none are named).

    Open states are counted whole, all states up to `MANY` a channel, others among the newest of them.
    """
    actor.require("orders.view")
    seen, places = seen_by(actor)
    params: list[Any]
    if not states:
        sql, params = _OF_CHANNELS.format(seen=seen, most=MANY + 1), [*places]
    elif set(states) <= rules.OPEN:
        sql = f"""select o.channel, count(*) from orders_salesorder o
                   where {IS_OPEN} and o.state = any(%s) and {seen} group by 1"""  # noqa: S608 - as above
        params = [list(states), *places]
    else:
        sql = f"""select channel, count(*) from (
                      select o.channel from orders_salesorder o where o.state = any(%s) and {seen} limit {LOOKED_AT}) o
                   group by 1"""  # noqa: S608 - as above
        params = [list(states), *places]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return dict(cursor.fetchall())


_OF_CHANNELS = """
    with recursive each(channel) as (
        (select channel from orders_salesorder order by channel limit 1)
        union all
        select (select o.channel from orders_salesorder o where o.channel > each.channel order by o.channel limit 1)
          from each where each.channel is not null)
    select each.channel, c.n from each cross join lateral (
        select count(*) n from (
            select 1 from orders_salesorder o where o.channel = each.channel and {seen} limit {most}) o) c
     where each.channel is not null and c.n > 0
"""
"""A step of the recursion is one look into the index of channels: as many looks as there are channels."""


def count_by_issue(*, actor: Actor) -> dict[str, int]:
    """Open orders that the actor sees, by each issue that holds them back, and possible duplicates."""
    actor.require("orders.view")
    seen, places = seen_by(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""select issue, count(*) from orders_salesorder o, jsonb_array_elements_text(o.issues) issue
                 where o.issues <> '[]' and {IS_OPEN} and {seen} group by 1
                union all select 'duplicate', count(*) from orders_salesorder o
                 where o.duplicate_of <> '' and o.state = 'pending_confirmation' and {seen}""",  # noqa: S608 - as above
            [*places, *places],
        )
        return dict(cursor.fetchall())
