"""Housekeeping of the tally of orders."""

from __future__ import annotations

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.foundation.command import command

_FOLD = """
    with folded as (delete from orders_tally returning state, channel, place, places, n)
    insert into orders_tally (state, channel, place, places, n)
    select state, channel, place, places, sum(n) from folded group by 1, 2, 3, 4 having sum(n) <> 0
"""


@command
def fold_tally(*, actor: Actor, beyond: int = 500) -> int:  # noqa: ARG001 - whose housekeeping it is
    """Make one row of many that count the same; how many rows are left out. Sums stay as they are.

    Done when the tally has `beyond` rows more than it needs: every change of an order adds two. Raises: nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("select count(*), count(distinct (state, channel, place, places)) from orders_tally")
        rows, needed = cursor.fetchone()
        if rows - needed <= beyond:
            return 0
        cursor.execute(_FOLD)
        return int(rows - cursor.rowcount)
