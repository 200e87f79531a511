"""The invariants of one order book, for `mekong doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext

from mekong.foundation import health
from mekong.orders.rules import RESERVED, OrderState

_TWICE = """
    select channel, external_id, count(*) from orders_salesorder where external_id <> ''
     group by 1, 2 having count(*) > 1
"""
_UNHELD = """
    select o.code from orders_salesorder o
     where o.state = any(%s) and o.hold_id is not null
       and not exists (select 1 from inventory_hold h where h.id = o.hold_id and h.state = 'claimed')
     order by o.placed_at limit 20
"""
_STRAY = """
    select h.id::text, coalesce(o.code, '–') from inventory_hold h
      left join orders_salesorder o on o.hold_id = h.id
     where h.state = 'claimed' and (o.id is null or o.state <> all(%s)) limit 20
"""
_SUMS = """
    select o.code from orders_salesorder o
     where o.subtotal_minor <> (select coalesce(sum(l.total_minor), 0) from orders_orderline l where l.order_id = o.id)
        or o.total_minor <> o.subtotal_minor - o.discount_minor + o.shipping_fee_minor limit 20
"""
_MISCOUNTED = """
    select state, channel, place, sum(n) from (
        select state, channel, place, places, n from orders_tally
        union all select state, channel, place, places, -count(*) from orders_salesorder group by 1, 2, 3, 4) told
     group by state, channel, place, places having sum(n) <> 0 limit 20
"""
_UNNAMED = """
    select o.code from orders_salesorder o
     where not exists (select 1 from orders_ordersearch s where s.order_id = o.id) limit 20
"""


def _rows(sql: str, parameters: Sequence[Any] | None = None) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [" ".join(str(each) for each in row) for row in cursor.fetchall()]


def orders_unique(now: datetime) -> health.Finding:
    found = _rows(_TWICE)
    if found:
        return health.Finding(
            False,
            gettext("Orders booked twice: {named}").format(named="; ".join(found[:5])),
            gettext("Check that migrations are applied: a constraint forbids this."),
        )
    return health.Finding(True, gettext("Every order of every channel is in the book once."))


def orders_hold_their_goods(now: datetime) -> health.Finding:
    unheld = _rows(_UNHELD, [[state.value for state in RESERVED]])
    # An order that waits for stock keeps what there was for it.
    stray = _rows(_STRAY, [[state.value for state in (*RESERVED, OrderState.AWAITING_STOCK)]])
    if unheld or stray:
        return health.Finding(
            False,
            gettext(
                "{unheld} open orders without their goods held ({orders}), "
                "{stray} holds of orders that need none ({holds})."
            ).format(unheld=len(unheld), orders=", ".join(unheld[:5]), stray=len(stray), holds=", ".join(stray[:5])),
            gettext("Open each order and cancel it or reserve its goods again."),
        )
    return health.Finding(True, gettext("Every open order holds its goods, and no other hold is claimed."))


def orders_add_up(now: datetime) -> health.Finding:
    found = _rows(_SUMS)
    if found:
        return health.Finding(
            False,
            gettext("Orders whose lines do not add up: {named}").format(named=", ".join(found)),
            gettext("Report these order codes."),
        )
    return health.Finding(True, gettext("Every order's total is the sum of its lines."))


def orders_are_counted(now: datetime) -> health.Finding:
    wrong, unnamed = _rows(_MISCOUNTED), _rows(_UNNAMED)
    if wrong or unnamed:
        return health.Finding(
            False,
            gettext(
                "The list of orders does not agree with the orders: {counts} counts, {unnamed} orders not found"
            ).format(counts=len(wrong), unnamed=len(unnamed)),
            gettext("Check that migrations are applied: triggers keep both."),
        )
    return health.Finding(True, gettext("The list of orders counts and finds every order."))


health.register("orders.unique", orders_unique)
health.register("orders.hold_their_goods", orders_hold_their_goods)
health.register("orders.add_up", orders_add_up)
health.register("orders.counted", orders_are_counted)
