"""Document numbers people can read out: DH-261121-0001, or HD-Q2-261121-0001 from a till.

One deployment serves one company, so a series is a kind of document on a day. Numbers are taken from one counter a
series, inside the transaction of the document, and never given again: a cancelled document keeps its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mekong.foundation.pipeline import server_cursor

PREFIXES: Mapping[str, str] = {
    "HD": "sales receipt",
    "DH": "order",
    "TH": "sales return",
    "DN": "purchase order",
    "PN": "goods receipt",
    "THN": "purchase return",
    "CK": "transfer",
    "KK": "stocktake",
    "DC": "stock adjustment",
    "XH": "scrap",
    "CT": "campaign stock",
    "PT": "cash receipt",
    "PC": "cash payment",
    "DS": "reconciliation",
    "TV": "membership",
}
"""Kinds of documents by the first letters of their numbers."""

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_TILL = re.compile(r"[A-Z0-9]{1,6}")
_NUMBER = re.compile(r"([A-Z]{2,3})-(?:([A-Z0-9]{1,6})-)?(\d{6})-(\d{4,9})")

_TAKE = """
    insert into foundation_documentcounter as counter (series, next) values (%s, 1 + %s::bigint)
    on conflict (series) do update set next = counter.next + %s::bigint
    returning next
"""
_SEEN = """
    insert into foundation_documentcounter as counter (series, next) values (%s, 1 + %s::bigint)
    on conflict (series) do update set next = greatest(counter.next, excluded.next)
"""


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """A number taken apart. `till` "": given by the server."""

    prefix: str
    till: str
    day: date
    serial: int

    @property
    def series(self) -> str:
        return _named(self.prefix, self.till, self.day)

    def __str__(self) -> str:
        return f"{self.series}-{self.serial:04d}"


def take_numbers(prefix: str, count: int, *, now: datetime, till: str = "") -> list[str]:
    """The next `count` numbers of a daily series, in order. Days turn at midnight in Ho Chi Minh City.

    The series' row stays locked until the transaction ends, so numbers have no gaps but those of refused documents.
    Whoever locks stock as well takes the number first; only orders (DH), which every sale of the day numbers, take it
    after, to hold it for as short as can be. One order for each series: two papers never wait for each other.
    """
    with server_cursor() as cursor:
        ask_numbers(cursor, prefix, count, now=now, till=till)
        return read_numbers(cursor, prefix, count, now=now, till=till)


def ask_numbers(cursor: Any, prefix: str, count: int, *, now: datetime, till: str = "") -> None:
    """As `take_numbers`, for a writer that sends several statements before it reads the first answer."""
    cursor.execute(_TAKE, [series(prefix, now, till), count, count])


def read_numbers(cursor: Any, prefix: str, count: int, *, now: datetime, till: str = "") -> list[str]:
    """The answer to `ask_numbers`."""
    last = int(cursor.fetchone()[0])
    return [f"{series(prefix, now, till)}-{number:04d}" for number in range(last - count, last)]


def series(prefix: str, now: datetime, till: str = "") -> str:
    """What a till puts before its own count while the network is down; two tills never share one.

    Raises: ValueError: no kind of document of ours, or no code of a till (1 to 6 letters and digits).
    """
    return _named(prefix, till, now.astimezone(_LOCAL).date())


def _named(prefix: str, till: str, day: date) -> str:
    if prefix not in PREFIXES:
        raise ValueError(f"no document begins with {prefix!r}")
    if till and not _TILL.fullmatch(till):
        raise ValueError(f"a till's code has 1 to 6 letters A-Z and digits, not {till!r}")
    return "-".join(part for part in (prefix, till, f"{day:%y%m%d}") if part)


def parse_number(text: str) -> DocumentNumber | None:
    """A number as people type it, in any case; None when it is none of ours."""
    found = _NUMBER.fullmatch(text.strip().upper())
    if found is None or found[1] not in PREFIXES:
        return None
    try:
        day = datetime.strptime(found[3], "%y%m%d").replace(tzinfo=_LOCAL).date()
    except ValueError:
        return None
    return DocumentNumber(found[1], found[2] or "", day, int(found[4]))


def keep_number(number: DocumentNumber) -> None:
    """Note a number that a till gave while it was offline, so that its series goes on behind it.

    That the document itself is booked once is the business of the document's own unique number. Repeating changes
    nothing. Raises: ValueError: a number without a till's code, which only the server gives.
    """
    if not number.till:
        raise ValueError(f"{number} was not given by a till")
    with server_cursor() as cursor:
        cursor.execute(_SEEN, [number.series, number.serial])
