"""Document numbers people can read out: DH-261121-0001."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")

_TAKE = """
    insert into foundation_documentcounter as counter (series, next) values (%s, 1 + %s)
    on conflict (series) do update set next = counter.next + %s
    returning next
"""


def take_numbers(prefix: str, count: int, *, now: datetime) -> list[str]:
    """The next `count` numbers of a daily series, in order. Days turn at midnight in Ho Chi Minh City.

    The series' row stays locked until the transaction ends, so numbers have no gaps but those of refused documents.
    """
    series = f"{prefix}-{now.astimezone(_LOCAL):%y%m%d}"
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [series, count, count])
        row = cursor.fetchone()
    last = int(row[0])
    return [f"{series}-{number:04d}" for number in range(last - count, last)]
