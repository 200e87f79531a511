"""The invariants of points, for `mekong doctor`."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils.translation import gettext

from mekong.foundation import health

_ACCOUNTS = """
    with lots as (select account_id, sum("left") as points, sum(held) as held from loyalty_lot group by 1),
    booked as (select account_id, sum(points) as points, sum(owed) as owed from loyalty_entry group by 1)
    select count(*), count(*) filter (where
           a.balance <> coalesce(l.points, 0) or a.balance <> coalesce(b.points, 0)
        or a.held <> coalesce(l.held, 0) or a.owed <> coalesce(b.owed, 0)
        or a.balance < 0 or a.held < 0 or a.held > a.balance or a.owed < 0)
      from loyalty_account a left join lots l on l.account_id = a.id left join booked b on b.account_id = a.id
"""
_LOTS = """
    with booked as (select lot_id, sum(points) as points from loyalty_entrylot group by 1),
    held as (select line.lot_id, sum(line.points) as points from loyalty_holdline line
               join loyalty_hold h on h.id = line.hold_id and h.state = 'held' group by 1)
    select count(*) from loyalty_lot l
      left join booked b on b.lot_id = l.id left join held h on h.lot_id = l.id
     where l."left" <> coalesce(b.points, 0) or l.held <> coalesce(h.points, 0)
"""
_MEMBERS = """
    select count(*) from loyalty_member m
      join loyalty_account a on a.id = m.account_id
     where m.status = 'active' and a.kind = 'personal'
       and exists (select 1 from loyalty_member o where o.account_id = a.id and o.status = 'active' and o.id <> m.id)
        or m.status = 'merged' and not exists (
           select 1 from loyalty_merge g where g.merged_id = m.id and g.undone_at is null)
"""


def points_add_up(_: datetime) -> health.Finding:
    """Each account has what its ledger and its lots say, nothing is negative, and what is set aside is in a hold."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS)
        accounts, wrong = cursor.fetchone()
        cursor.execute(_LOTS)
        (lots,) = cursor.fetchone()
        cursor.execute(_MEMBERS)
        (members,) = cursor.fetchone()
    if wrong or lots or members:
        return health.Finding(
            False,
            gettext(
                "{accounts} accounts and {lots} lots of points differ from their ledger,"
                " {members} members from their accounts."
            ).format(accounts=wrong, lots=lots, members=members),
            gettext("Someone wrote past the application. Restore a backup beside this database and compare."),
        )
    return health.Finding(
        True, gettext("Points of {count} accounts agree with their ledger, none is negative.").format(count=accounts)
    )


health.register("loyalty.points", points_add_up)
