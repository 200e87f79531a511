"""Document numbers people can read out: DH-261121-0001."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mekong.foundation.pipeline import server_cursor

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")

_TAKE = """
    insert into foundation_documentcounter as counter (series, next) values (%s, 1 + %s::bigint)
    on conflict (series) do update set next = counter.next + %s::bigint
    returning next
"""


def take_numbers(prefix: str, count: int, *, now: datetime) -> list[str]:
    """The next `count` numbers of a daily series, in order. Days turn at midnight in Ho Chi Minh City.

    The series' row stays locked until the transaction ends, so numbers have no gaps but those of refused documents.
    """
    with server_cursor() as cursor:
        ask_numbers(cursor, prefix, count, now=now)
        return read_numbers(cursor, prefix, count, now=now)


def ask_numbers(cursor: Any, prefix: str, count: int, *, now: datetime) -> None:
    """As `take_numbers`, for a writer that sends several statements before it reads the first answer."""
    cursor.execute(_TAKE, [_series(prefix, now), count, count])


def read_numbers(cursor: Any, prefix: str, count: int, *, now: datetime) -> list[str]:
    """The answer to `ask_numbers`."""
    last = int(cursor.fetchone()[0])
    return [f"{_series(prefix, now)}-{number:04d}" for number in range(last - count, last)]


def _series(prefix: str, now: datetime) -> str:
    return f"{prefix}-{now.astimezone(_LOCAL):%y%m%d}"
