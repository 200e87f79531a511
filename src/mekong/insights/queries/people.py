"""People behind the orders."""

from __future__ import annotations

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.insights.contracts import Buyer
from mekong.insights.queries.rows import seen

_BUYER = """
    select (array_agg(o.customer_name order by o.placed_at desc))[1], count(*), max(o.placed_at)
      from orders_salesorder o where o.customer_phone = %s and o.customer_phone <> '' and {seen}
"""


def buyer(*, actor: Actor, phone: str) -> Buyer | None:
    """Who ordered under this number (E.164), of the orders that the actor sees; None when nobody did.

    One statement, by the index of phones. Raises: MayNot.
    """
    actor.require("customers.view")
    visible, places = seen(actor)
    with connection.cursor() as cursor:
        cursor.execute(_BUYER.format(seen=visible), [phone, *places])
        name, orders, last_at = cursor.fetchone()
    return Buyer(phone, name, orders, last_at) if orders else None
