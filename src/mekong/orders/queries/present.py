"""Who is on which order at this moment."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.orders.contracts import Present
from mekong.orders.queries.narrowing import seen_by


def people_on(*, actor: Actor, now: datetime, codes: Collection[str] | None = None) -> list[Present]:
    """Everyone on these orders, or on any that the actor sees, who came first before who came later. One statement.

    Raises: MayNot.
    """
    actor.require("orders.view")
    where = seen_by(actor)
    if codes is not None:
        where.add("o.code = any(%s)", list(codes))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""select o.code, p.actor, p.since from orders_presence p join orders_salesorder o on o.id = p.order_id
                 where p.until > %s and {where} order by p.since, p.actor""",  # noqa: S608 - constant text
            [now, *where.params],
        )
        return [Present(*row) for row in cursor.fetchall()]
