"""Sales by channel and hour, and the orders behind each figure."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from mekong.foundation.actor import Actor
from mekong.insights.contracts import DaySales, HourSales, OrderRows
from mekong.insights.queries.rows import page, seen

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)

_HOURS = """
    select o.placed_at >= %s as is_now, o.channel, o.currency,
           extract(hour from o.placed_at at time zone %s)::int as hour, count(*), sum(o.total_minor)::bigint,
           count(*) filter (where o.placed_at < %s), coalesce(sum(o.total_minor) filter (where o.placed_at < %s), 0)::bigint
      from orders_salesorder o
     where (o.placed_at >= %s and o.placed_at < %s or o.placed_at >= %s and o.placed_at < %s)
       and o.state <> 'cancelled' and {seen}
     group by 1, 2, 3, 4
"""


def day_sales(*, actor: Actor, day_start: datetime, now: datetime) -> DaySales:
    """Orders placed in the 24 hours from `day_start`, and those of the same weekday a week before, by channel and hour.

    Of the orders that the actor sees; cancelled ones are left out. One statement, which reads those two days by the
    index of time. `day_start` is a midnight in the zone of the installation. Raises: MayNot.
    """
    visible, places = seen(actor)
    then = day_start - _WEEK
    passed = min(now, day_start + _DAY) - _WEEK
    with connection.cursor() as cursor:
        cursor.execute(
            _HOURS.format(seen=visible),
            [
                day_start, settings.TIME_ZONE, passed, passed,
                day_start, day_start + _DAY, then, then + _DAY, *places,
            ],
        )  # fmt: skip
        rows = cursor.fetchall()
    so_far: dict[tuple[str, str], tuple[int, int]] = {}
    for is_now, channel, currency, _, _, _, orders, total in rows:
        if not is_now:
            was = so_far.get((channel, currency), (0, 0))
            so_far[channel, currency] = (was[0] + orders, was[1] + total)
    hours = [(row[0], HourSales(*row[1:6])) for row in sorted(rows, key=lambda row: row[:4])]
    return DaySales(
        day_start.date(), [each for is_now, each in hours if is_now], then.date(),
        [each for is_now, each in hours if not is_now], so_far,
    )  # fmt: skip


def sold_orders(
    *, actor: Actor, since: datetime, until: datetime, channel: str = "", cursor: str = "", limit: int = 50
) -> OrderRows:
    """The orders behind a figure of `day_sales`: placed in that span, on that channel or all, and not cancelled.

    Raises: MayNot, Invalid (a cursor not of this list).
    """
    where = "o.placed_at >= %s and o.placed_at < %s and o.state <> 'cancelled' and (%s = '' or o.channel = %s)"
    return page(actor, where, [since, until, channel, channel], cursor=cursor, limit=limit)
