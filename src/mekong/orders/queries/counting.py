"""Counts of orders, of those the actor sees.

By state, channel and place they are counted as they move: triggers keep a tally, and its sum is exact at any size.
Whatever else a list is narrowed to is counted by walking it, and that stops: `docs/decisions/0009-order-list-at-a-million.md`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.orders.contracts import OrderCount, OrderFilter
from mekong.orders.queries.listing import KEYS, LOOKED_AT, hits_of, walk
from mekong.orders.queries.narrowing import IS_OPEN, Where, narrowed, seen_by

MANY = 10_000
"""What is counted by walking is not counted further."""


def count_orders(*, actor: Actor, wanted: OrderFilter) -> OrderCount:
    """How many orders a list has. One statement of bounded work. Raises: MayNot, LocationNotFound."""
    narrow = narrowed(actor, wanted)
    where, apart = narrow.walked, narrow.told_apart
    if narrow.is_tallied:
        return OrderCount(_sum(where))
    if narrow.sought:
        hits, params = hits_of(narrow.sought, MANY + 1)
        sql = f"""with hit as materialized ({hits})
                  select count(*), (select count(*) from hit) from hit join orders_salesorder o on o.id = hit.order_id
                   where {where.and_(apart)}"""  # noqa: S608 - put together from constants
        n, seen = _two(sql, [*params, *where.params, *apart.params])
        return OrderCount(min(n, MANY), seen > MANY)
    if apart:
        # As the list looks at them: the newest, so many.
        most = LOOKED_AT
        inner, params = walk(narrow, KEYS["newest"], most, Where())
    else:
        most = MANY + 1
        inner, params = f"select 1 from orders_salesorder o where {where} limit {most}", where.params  # noqa: S608 - as above
    sql = f"select count(*) filter (where {apart}), count(*) from ({inner}) o"  # noqa: S608 - as above
    n, seen = _two(sql, [*apart.params, *params])
    return OrderCount(min(n, MANY), seen >= most)


def _two(sql: str, params: list[Any]) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        n, seen = cursor.fetchone()
        return int(n), int(seen)


def _sum(where: Where) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"select coalesce(sum(o.n), 0)::bigint from orders_tally o where {where}", where.params)  # noqa: S608 - as above
        return int(cursor.fetchone()[0])


def count_by_state_and_channel(*, actor: Actor) -> dict[tuple[str, str], int]:
    """How many orders that the actor sees stand in each state, of each channel. One statement over the tally."""
    actor.require("orders.view")
    seen = seen_by(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select o.state, o.channel, sum(o.n)::bigint from orders_tally o where {seen} group by 1, 2",  # noqa: S608 - as above
            seen.params,
        )
        return {(state, channel): n for state, channel, n in cursor.fetchall() if n}


def count_by_state(*, actor: Actor, channel: str = "") -> dict[str, int]:
    """How many orders that the actor sees stand in each state, of one channel or all."""
    counted: dict[str, int] = {}
    for (state, of_channel), n in count_by_state_and_channel(actor=actor).items():
        if channel in ("", of_channel):
            counted[state] = counted.get(state, 0) + n
    return counted


def count_by_channel(*, actor: Actor, states: Collection[str] = ()) -> dict[str, int]:
    """How many orders of each channel that the actor sees stand in these states (all when none are named)."""
    counted: dict[str, int] = {}
    for (state, channel), n in count_by_state_and_channel(actor=actor).items():
        if not states or state in states:
            counted[channel] = counted.get(channel, 0) + n
    return counted


def count_by_issue(*, actor: Actor) -> dict[str, int]:
    """Open orders that the actor sees, by each issue that holds them back, and possible duplicates."""
    actor.require("orders.view")
    seen = seen_by(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""select issue, count(*) from orders_salesorder o, jsonb_array_elements_text(o.issues) issue
                 where o.issues <> '[]' and {IS_OPEN} and {seen} group by 1
                union all select 'duplicate', count(*) from orders_salesorder o
                 where o.duplicate_of <> '' and o.state = 'pending_confirmation' and {seen}""",  # noqa: S608 - as above
            [*seen.params, *seen.params],
        )
        return dict(cursor.fetchall())
