"""Who is on an order. A lease, never a lock: it tells people of each other, and forbids nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.orders.contracts import Present
from mekong.orders.models import Presence, SalesOrder
from mekong.orders.queries import find, people_on

LEASE = timedelta(seconds=75)
"""A page says every 30 seconds that it is still seen: two such words may be lost."""

LIVE_CHANNEL = "mekong_presence"
"""PostgreSQL NOTIFY channel: a hint that somebody came to an order, or left one."""

_COME = """
    insert into orders_presence as p (order_id, actor, since, until) values (%s, %s, %s, %s)
    on conflict (order_id, actor) do update
        set since = case when p.until < excluded.since then excluded.since else p.since end,
            until = greatest(p.until, excluded.until)
    returning since
"""


@command
def be_present(*, actor: Actor, code: str, now: datetime) -> Sequence[Present]:
    """Say that one is on an order, for the next 75 seconds; answers who else is. Repeating it goes on with the lease.

    Raises: MayNot, OrderNotFound.
    """
    order = find(actor, code, "orders.view", SalesOrder.objects.only("id", "code", "allocation"))
    with connection.cursor() as cursor:
        cursor.execute(_COME, [order.id, actor.ref, now, now + LEASE])
        if cursor.fetchone()[0] == now:
            # Nobody else clears up after pages that closed without a word.
            cursor.execute("delete from orders_presence where until < %s", [now - LEASE])
            _tell(order.code)
    return [each for each in people_on(actor=actor, codes=[order.code], now=now) if each.actor != actor.ref]


@command
def leave(*, actor: Actor, code: str) -> None:
    """Say that one has left an order. Raises: MayNot, OrderNotFound."""
    order = find(actor, code, "orders.view", SalesOrder.objects.only("id", "code", "allocation"))
    if Presence.objects.filter(order=order, actor=actor.ref).delete()[0]:
        _tell(order.code)


def _tell(code: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, %s)", [LIVE_CHANNEL, code])
