"""Reading a spreadsheet of another module's: rows as `open_sheet` gives them, cells as people write them."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from itertools import product
from zoneinfo import ZoneInfo

from mekong.catalog.commands.reading import Source, open_sheet
from mekong.catalog.contracts import CellProblem
from mekong.catalog.errors import BadPair
from mekong.catalog.rules import numbers
from mekong.catalog.rules.sheet import Cell, is_blank, letter, text_of
from mekong.foundation.errors import MekongError

__all__ = [
    "Cell",
    "Source",
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

_DATES = ("%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d.%m.%Y")
_MOMENTS = tuple(f"{day}{clock}" for day, clock in product((*_DATES, "%d %b %Y"), (" %H:%M:%S", " %H:%M", "")))


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
    for shape in _MOMENTS:
        try:
            return datetime.strptime(text_of(cell), shape).replace(tzinfo=zone)
        except ValueError:
            continue
    raise BadPair(field=field, value=text_of(cell), example="31/12/2027 09:30")


def read_date(cell: Cell, field: str) -> date:
    """A day: a date cell, or a text such as 31/12/2027 (day first) or 2027-12-31. Raises: BadPair."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    for shape in _DATES:
        try:
            return datetime.strptime(text_of(cell), shape).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise BadPair(field=field, value=text_of(cell), example="31/12/2027")


def problem(row: int, place: int | None, header: str, cell: Cell, error: MekongError) -> CellProblem:
    """A bad cell for a report; `place` counts columns from 0, None when the file lacks the column."""
    params = {**error.params, "field": header}
    return CellProblem(
        row=row, column="" if place is None else letter(place), header=header, value=text_of(cell)[:200], code=error.code,
        template=error.template, params=params, message=type(error)(**params).message(),
    )  # fmt: skip
