"""Who buys: what an order's buyer did before."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.orders import rules
from mekong.orders.contracts import BuyerHistory, BuyerOrder, OrderView
from mekong.orders.queries.narrowing import seen_by

_BUYER = """
    with theirs as (
        select * from orders_salesorder where id in (
            select id from orders_salesorder where customer_phone = %(phone)s and customer_phone <> ''
            union
            select id from orders_salesorder where channel = %(channel)s and customer_ref = %(ref)s and customer_ref <> '')
    )
"""
_COUNTED = """
    select currency, count(*), count(*) filter (where state in ('delivered', 'completed')),
           count(*) filter (where state in ('returning', 'returned', 'delivery_failed')),
           count(*) filter (where state = 'cancelled'),
           coalesce(sum(total_minor) filter (where state in ('delivered', 'completed')), 0)::bigint, max(placed_at)
      from theirs o where id <> %(id)s and merged_into = '' and {seen} group by 1
"""
_RECENT = """
    select code, channel, state, total_minor, currency, placed_at, shipping_address from theirs o
     where id <> %(id)s and merged_into = '' and {seen}
     order by state = any(%(open)s) desc, placed_at desc, id desc limit %(limit)s
"""


def buyer_history(*, actor: Actor, order: OrderView, limit: int = 8) -> BuyerHistory:
    """What this order's buyer did before: known by phone, or by their name on the channel. Two statements.

    Orders that were merged into another count once, there. Raises: MayNot (`customers.view`).
    """
    actor.require("customers.view")
    asked: dict[str, Any] = {
        "phone": order.customer_phone, "channel": order.channel, "ref": order.customer_ref, "id": order.id,
        "open": [state.value for state in rules.BEFORE_PACKING], "limit": limit,
    }  # fmt: skip
    where = seen_by(actor)
    seen = str(where)
    for at, place in enumerate(where.params):
        seen, asked[f"place{at}"] = seen.replace("%s", f"%(place{at})s", 1), place
    with connection.cursor() as cursor:
        cursor.execute(_BUYER + _COUNTED.format(seen=seen), asked)
        counted = cursor.fetchall()
        cursor.execute(_BUYER + _RECENT.format(seen=seen), asked)
        here = rules.address_key(order.shipping_address)
        recent = [
            BuyerOrder(
                code, channel, state, total, currency, placed_at,
                rules.address_key(json.loads(address) if isinstance(address, str) else address) == here,
                state in asked["open"],
            )
            for code, channel, state, total, currency, placed_at, address in cursor.fetchall()
        ]  # fmt: skip
    spent = sorted(((row[5], row[0]) for row in counted if row[5]), reverse=True)
    return BuyerHistory(
        orders=sum(row[1] for row in counted),
        received=sum(row[2] for row in counted),
        returned=sum(row[3] for row in counted),
        cancelled=sum(row[4] for row in counted),
        spent=spent,
        last_at=max((row[6] for row in counted), default=None),
        recent=recent,
    )
