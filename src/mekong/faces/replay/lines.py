"""Reading a file of invoice lines in the column layout of *Online Retail* (UCI Machine Learning Repository)."""

from __future__ import annotations

import csv
import functools
import gzip
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO

import msgspec

from mekong.faces.replay.errors import BadRow, ColumnsMissing, CutShort, NotUtf8, UnreadableHistory
from mekong.foundation.money import to_minor

CURRENCY = "GBP"
COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M", "%Y-%m-%d")
_GZIP = b"\x1f\x8b"
_MOST_UNITS = 10**9
_NEVER = datetime.min.replace(tzinfo=UTC)
_ZERO = Decimal(0)


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of an invoice, as the file has it.

    `number`: of the line in the file, the first under the header being 1. `sku`: the stock code in capitals, because
    the file spells some codes both ways. `quantity`: signed. `amount`: quantity × price, exact, in pounds; a price may
    be finer than a penny, and then `price_minor` is None. `problem`: what cannot be read, "" when all can.
    """

    number: int
    invoice: str
    sku: str
    description: str
    quantity: int
    at: datetime
    price_minor: int | None
    price: str
    amount: Decimal
    customer: str
    country: str
    problem: str = ""


def read(path: Path) -> Iterator[Line]:
    """Yield the lines of a csv or csv.gz file, in its order.

    Raises: UnreadableHistory, and of its kinds NotUtf8, CutShort, BadRow, ColumnsMissing.
    """
    try:
        with path.open("rb") as file:
            yield from _read(file, path.name)
    except OSError as failure:
        raise UnreadableHistory(file=path.name, reason=failure.strerror or str(failure)) from failure
    except EOFError as failure:
        raise CutShort(file=path.name) from failure


def _read(file: IO[bytes], name: str) -> Iterator[Line]:
    is_packed = file.read(2) == _GZIP
    file.seek(0)
    plain: IO[bytes] = gzip.GzipFile(fileobj=file) if is_packed else file  # type: ignore[assignment]  # a reader of bytes
    text = io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")
    rows = csv.reader(text)
    try:
        header = next(rows, [])
        places = _places(header, name)
        for number, row in enumerate(rows, 1):
            if row:
                yield _line(number, row, places)
    except UnicodeDecodeError as wrong:
        raise NotUtf8(file=name) from wrong
    except csv.Error as wrong:
        raise BadRow(file=name, row=rows.line_num, reason=str(wrong)) from wrong


def _places(header: list[str], name: str) -> list[int]:
    names = [each.strip().casefold() for each in header]
    missing = [column for column in COLUMNS if column.casefold() not in names]
    if missing:
        raise ColumnsMissing(file=name, columns=", ".join(missing))
    return [names.index(column.casefold()) for column in COLUMNS]


def _line(number: int, row: list[str], places: list[int]) -> Line:
    cells = [row[place].strip() if place < len(row) else "" for place in places]
    invoice, code, description, quantity, date, price, customer, country = cells
    problems: list[str] = []
    units = _units(quantity, problems)
    at = _moment(date) if date else None
    exact = _price(price)
    if at is None:
        problems.append("InvoiceDate")
    if exact is None:
        problems.append("UnitPrice")
    if not invoice:
        problems.append("InvoiceNo")
    if not code:
        problems.append("StockCode")
    if len(row) < len(places):
        problems.append("columns")
    return Line(
        number,
        invoice,
        code.upper()[:64],
        description[:300],
        units,
        at or _NEVER,
        _minor(exact or _ZERO),
        price,
        (exact or _ZERO) * units,
        customer.removesuffix(".0"),
        country,
        ", ".join(problems),
    )


def _units(text: str, problems: list[str]) -> int:
    try:
        value = Decimal(text)
        if value == int(value) and abs(value) <= _MOST_UNITS:
            return int(value)
    except (InvalidOperation, ValueError, OverflowError):
        pass
    problems.append("Quantity")
    return 0


@functools.lru_cache(1024)
def _moment(text: str) -> datetime | None:
    """The file knows no zone: its times are read as UTC, so that they stay in their order."""
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


@functools.lru_cache(8192)
def _price(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < 10**11 else None


@functools.lru_cache(8192)
def _minor(price: Decimal) -> int | None:
    try:
        return to_minor(price, CURRENCY)
    except ValueError:
        return None
