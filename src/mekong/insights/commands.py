"""Counting what orders took, day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.insights.models import CountedDay
from mekong.insights.rules import COVER_DAYS

AGAIN = 2
"""Days counted once more at each turn, those counted longest ago first: an order that comes late, is cancelled late or
finds its goods late is in the figures after at most `COVER_DAYS / AGAIN` turns."""

_COUNT = """
    insert into insights_unitsday (day, location_id, variant_id, units)
    select %s, (a->>1)::bigint, (a->>0)::bigint, sum((a->>2)::bigint)
      from orders_salesorder o cross join lateral jsonb_array_elements(o.allocation) a
     where o.placed_at >= %s and o.placed_at < %s and o.state <> 'cancelled'
     group by 2, 3
"""
_PACE = """
    insert into insights_salespace (location_id, variant_id, last_7, before_7, last_28, through)
    select location_id, variant_id, coalesce(sum(units) filter (where day > %(week)s), 0),
           coalesce(sum(units) filter (where day > %(two)s and day <= %(week)s), 0), sum(units), %(through)s
      from insights_unitsday where day > %(four)s and day <= %(through)s
     group by 1, 2
"""


@command
def count_sales(*, actor: Actor, now: datetime) -> int:
    """Bring the daily counts and the pace up to the last whole day; how many days were counted.

    Days that were never counted, and `AGAIN` more. Safe to repeat, and to run in two places: they take turns. Reads the
    orders of those days by the index of time. Raises: MayNot.
    """
    actor.require("reports.view")
    zone = ZoneInfo(settings.TIME_ZONE)
    through = now.astimezone(zone).date() - timedelta(days=1)
    wanted = [through - timedelta(days=back) for back in range(COVER_DAYS)]
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('insights.count', 0))")
        known = dict(CountedDay.objects.filter(day__in=wanted).values_list("day", "counted_at"))
        missing = [day for day in wanted if day not in known]
        oldest = sorted(known, key=lambda day: (known[day], day))[:AGAIN]
        for day in (*missing, *oldest):
            cursor.execute("delete from insights_unitsday where day = %s", [day])
            cursor.execute(_COUNT, [day, *(_midnight(each, zone) for each in (day, day + timedelta(days=1)))])
            CountedDay.objects.update_or_create(day=day, defaults={"counted_at": now})
        for table in ("insights_unitsday", "insights_countedday"):
            cursor.execute(f"delete from {table} where day < %s", [wanted[-1]])  # noqa: S608 - names of our own
        cursor.execute("delete from insights_salespace")
        spans = {name: through - timedelta(days=days) for name, days in (("week", 7), ("two", 14), ("four", 28))}
        cursor.execute(_PACE, {**spans, "through": through})
    return len(missing) + len(oldest)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
