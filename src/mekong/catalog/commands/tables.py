"""Reading a spreadsheet of another module's: rows as `open_sheet` gives them, cells as people write them."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from mekong.catalog.commands.reading import Source, open_sheet
from mekong.catalog.contracts import CellProblem
from mekong.catalog.errors import BadPair
from mekong.catalog.rules import numbers
from mekong.catalog.rules.sheet import Cell, arm, defuse, is_blank, letter, text_of
from mekong.foundation.errors import MekongError

__all__ = [
    "Cell",
    "Source",
    "arm",
    "defuse",
    "is_blank",
    "letter",
    "open_sheet",
    "problem",
    "read_date",
    "read_moment",
    "read_money",
    "read_units",
    "text_of",
]

# Day first with / . or -, year first with -, or a month's English name; one expression, for strptime costs some 20 µs.
_MOMENT = re.compile(
    r"(?:(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"|(?P<day_>\d{1,2})(?P<between>[/.-])(?P<month_>\d{1,2})(?P=between)(?P<year_>\d{4})"
    r"|(?P<day__>\d{1,2})\s+(?P<name>[A-Za-z]{3})\s+(?P<year__>\d{4}))"
    r"(?:\s+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}))?)?"
)
_MONTHS = {
    name: at
    for at, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}


def _moment(text: str) -> datetime | None:
    """What a text of one of the shapes says, without a zone; None for another shape or a day that never was."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    said = found.groupdict()
    year, day = (said[name] or said[f"{name}_"] or said[f"{name}__"] for name in ("year", "day"))
    month = int(said["month"] or said["month_"] or _MONTHS.get((said["name"] or "").lower(), 0))
    hour, minute, second = (int(said[name] or 0) for name in ("hour", "minute", "second"))
    try:
        return datetime(int(year), month, int(day), hour, minute, second)  # noqa: DTZ001 - the caller knows the zone
    except ValueError:
        return None


def _number(cell: Cell) -> str | float | Decimal:
    return cell if isinstance(cell, int | float) and not isinstance(cell, bool) else text_of(cell)


def read_units(cell: Cell, field: str, *, most: int, least: int = 1) -> int:
    """A whole number from `least` to `most`. Raises: NotANumber, NotWhole, OutOfRange."""
    written = _number(cell)
    if isinstance(written, str):
        # A true minus, as Mekong itself writes one.
        written = written.replace("\u2212", "-")
    return numbers.read_whole(written, field, least=least, most=most)


def read_money(cell: Cell, currency: str, field: str) -> int:
    """An amount in major units, as minor ones. Raises: NotANumber, OutOfRange, BadMoney."""
    return numbers.read_money(_number(cell), currency, field)


def read_moment(cell: Cell, field: str, zone: ZoneInfo) -> datetime:
    """A moment: a date cell, or a text such as 31/12/2027 09:30 (day first), 2027-12-31 09:30 or 31 Dec 2027 09:30.

    Raises: BadPair.
    """
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=zone)
    if isinstance(cell, date):
        return datetime.combine(cell, time(), zone)
    read = _moment(text_of(cell))
    if read is None:
        raise BadPair(field=field, value=text_of(cell), example="31/12/2027 09:30")
    return read.replace(tzinfo=zone)


def read_date(cell: Cell, field: str) -> date:
    """A day: a date cell, or a text such as 31/12/2027 (day first) or 2027-12-31. Raises: BadPair."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = text_of(cell)
    read = None if ":" in text or any(letter.isalpha() for letter in text) else _moment(text)
    if read is None:
        raise BadPair(field=field, value=text, example="31/12/2027")
    return read.date()


def problem(row: int, place: int | None, header: str, cell: Cell, error: MekongError) -> CellProblem:
    """A bad cell for a report; `place` counts columns from 0, None when the file lacks the column."""
    params = {**error.params, "field": header}
    return CellProblem(
        row=row, column="" if place is None else letter(place), header=header, value=text_of(cell)[:200], code=error.code,
        template=error.template, params=params, message=type(error)(**params).message(),
    )  # fmt: skip
