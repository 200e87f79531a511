"""Figures of members and accounts at a moment, for many at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F, Sum

from mekong.loyalty.models import Earning
from mekong.loyalty.rules.dates import months_before

MEMBER = "mem"
MERGE = "mrg"
HOLD = "pth"
ACCOUNT = "pta"


@dataclass(frozen=True)
class Sums:
    """`points`: in the account, `free` of them neither spent nor set aside. What is over at the moment asked for does not
    count, though nobody has written it down yet."""

    points: int
    free: int


_SUMS = """
    select l.account_id,
           sum(case when l.expires_at <= %(now)s then live.points else l.left end)::bigint,
           sum(case when l.expires_at <= %(now)s then 0 else l.left - live.points end)::bigint
      from loyalty_lot l
      cross join lateral (
           select coalesce(sum(line.points), 0) as points from loyalty_holdline line
             join loyalty_hold h on h.id = line.hold_id and h.state = 'held' and h.expires_at > %(now)s
            where line.lot_id = l.id and l.held > 0) live
     where l.account_id = any(%(ids)s) and l.left > 0
     group by l.account_id
"""


def sums(account_ids: Collection[int], now: datetime) -> dict[int, Sums]:
    """Points of accounts at a moment. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, {"ids": list(account_ids), "now": now})
        found = {account: Sums(points, free) for account, points, free in cursor.fetchall()}
    return {each: found.get(each, Sums(0, 0)) for each in account_ids}


def figures(member_ids: Collection[int], *, basis: str, months: int, now: datetime) -> dict[int, int]:
    """What counts for members' tiers: money spent and not returned, or points earned and not taken back. One statement."""
    what = F("amount_minor") - F("returned_minor") if basis == "spend" else F("points") - F("taken_back")
    rows = Earning.objects.filter(member_id__in=member_ids, at__gt=months_before(now, months), at__lte=now)
    found = dict(rows.values_list("member_id").annotate(counted=Sum(what)))
    return {each: found.get(each, 0) for each in member_ids}
