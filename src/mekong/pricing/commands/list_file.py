"""Prices of a list from a spreadsheet, all of them or none."""

from __future__ import annotations

from datetime import datetime

from mekong.catalog import queries as catalog
from mekong.catalog.commands import tables
from mekong.catalog.commands.tables import Cell, Source
from mekong.catalog.errors import RepeatedValue, VariantNotFound
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.text import fold
from mekong.inventory.commands import sheets
from mekong.inventory.commands.sheets import Form, Sheet
from mekong.pricing.commands.lists import lock_list, plan_entries, set_entries
from mekong.pricing.contracts.lists import EntriesReport, EntryLine
from mekong.pricing.errors import ListCurrencyDiffers
from mekong.pricing.queries.list_file import HEADERS

MOST_UNITS = 1_000_000
_NAMES = {
    "sku": ("sku", "ma hang", "ma hang hoa"),
    "from_units": ("tu so luong", "from units", "from", "so luong tu", "min qty"),
    "price": ("gia", "gia moi", "don gia", "price", "list price", "gia bang"),
}
_GONE = frozenset({"xoa", "bo", "x", "-", "delete", "remove"})


@command
def import_price_list(
    *, actor: Actor, list_id: int, file: Source, now: datetime, dry_run: bool = False
) -> EntriesReport:
    """Set prices of a list from a spreadsheet (.xlsx, .xls, .csv in UTF-8): a row a SKU and step. Safe to repeat.

    Columns: Mã SKU, Giá trong bảng and, where wanted, Từ SL (1 where it is empty); others are not read. A row without a
    price changes nothing, “xóa” for a price takes the step away, goods that are not in the file stay. All or nothing:
    with one bad cell nothing is written, and the report lists every one of them.

    Args:
        file: a path, or a file opened for reading bytes.
        dry_run: judge everything, write nothing.

    Raises: MayNot, PriceListNotFound, UnreadableFile, WrongEncoding, FileTooLarge, NoHeader, PriceListInvalid (too long).
    """
    actor.require("pricing.manage")
    currency = lock_list(list_id).currency
    found = sheets.read(file, _form(currency))
    for row in found.rows:
        if tables.is_blank(row.cells.get("from_units")):
            row.values["from_units"] = 1
    _check_goods(found, currency)
    _refuse_repeats(found)
    problems = found.errors()
    lines = [] if problems else [_line(row.values) for row in found.rows if "price" in row.values]
    changed = 0
    if not problems and dry_run:
        gone, put = plan_entries(list_id, lines, currency)
        changed = len(gone) + len(put)
    elif not problems:
        changed = set_entries(actor=actor, list_id=list_id, lines=lines, now=now)
    return EntriesReport(
        rows=len(found.rows),
        changed=changed,
        blank=sum("price" not in row.values for row in found.rows),
        errors=problems,
        dry_run=dry_run,
        written=not dry_run and not problems,
        ignored_columns=tuple(found.ignored),
    )


def _check_goods(found: Sheet, currency: str) -> None:
    named = {str(row.values["sku"]) for row in found.rows if "sku" in row.values}
    known = catalog.variants_by_sku(actor=SYSTEM, skus=named)
    for row in found.rows:
        if "sku" not in row.values:
            continue
        sku = str(row.values["sku"])
        if sku not in known:
            found.blame(row, "sku", VariantNotFound(key=sku))
        elif known[sku].currency != currency and "price" in row.values:
            found.blame(row, "sku", ListCurrencyDiffers(sku=sku, its=known[sku].currency, currency=currency))


def _refuse_repeats(found: Sheet) -> None:
    """A SKU has one price from so many units on."""
    first: dict[tuple[str, object], int] = {}
    for row in found.rows:
        if "sku" not in row.values or "from_units" not in row.values:
            continue
        number = first.setdefault((str(row.values["sku"]).casefold(), row.values["from_units"]), row.number)
        if number != row.number:
            at = f"{tables.letter(found.places['sku'])}{number}"
            found.blame(row, "sku", RepeatedValue(value=row.values["sku"], first=at))


def _line(values: dict[str, object]) -> EntryLine:
    price, units = values["price"], values["from_units"]
    assert isinstance(units, int)  # noqa: S101 - rows with another are among the problems
    return EntryLine(str(values["sku"]), price if isinstance(price, int) else None, units)


def _form(currency: str) -> Form:
    def value(key: str, cell: Cell, header: str) -> object:
        if key == "from_units":
            return tables.read_units(cell, header, most=MOST_UNITS)
        if key == "price":
            text = tables.text_of(cell)
            return "gone" if text == "-" or fold(text) in _GONE else tables.read_money(cell, currency, header)
        return tables.arm(tables.text_of(cell))[:64]

    return Form({key: HEADERS[key] for key in ("sku", "from_units", "price")}, _NAMES, ("sku",), value)
