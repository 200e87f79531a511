"""Opening stock from a spreadsheet, all of it or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from mekong.catalog import queries as catalog
from mekong.catalog.commands import tables
from mekong.catalog.commands.tables import Cell, Source
from mekong.catalog.contracts import CellProblem, VariantView
from mekong.catalog.errors import Missing, NoHeader, RepeatedValue, VariantNotFound
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.errors import MekongError, OutOfScope
from mekong.foundation.numbering import take_numbers
from mekong.foundation.text import fold
from mekong.inventory import ledger
from mekong.inventory.commands.checking import MAX_QUANTITY
from mekong.inventory.contracts import OpeningReport
from mekong.inventory.errors import BundleHasNoStock, LocationNotFound, LotRequired
from mekong.inventory.ledger import Move
from mekong.inventory.models import SELLING_KINDS, Location, LocationKind, MovementReason
from mekong.inventory.queries import virtual_location

_HEADERS = {
    "sku": "Mã SKU",
    "place": "Kho",
    "units": "SL",
    "cost": "Giá vốn",
    "why": "Lý do",
    "lot": "Lô",
    "expires": "HSD",
}
_NAMES = {
    "sku": ("sku", "ma hang", "ma hang hoa"),
    "place": ("location", "warehouse", "chi nhanh", "ma kho"),
    "units": ("so luong", "quantity", "qty", "ton kho", "ton dau ky"),
    "cost": ("cost", "unit cost"),
    "why": ("reason", "ghi chu", "note"),
    "lot": ("lot", "so lo", "batch"),
    "expires": ("han su dung", "han dung", "expiry", "expires on", "expiry date"),
}
_KEYS = {name: key for key, header in _HEADERS.items() for name in (fold(header), *_NAMES[key])}
_NEEDED = ("sku", "place", "units")


@dataclass
class _Row:
    number: int
    cells: dict[str, Cell]
    values: dict[str, object] = field(default_factory=dict)


@dataclass
class _File:
    """What was read: where each column stands, its rows, and the bad cells so far."""

    places: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)

    def blame(self, row: _Row, key: str, error: MekongError) -> None:
        header = self.headers.get(key, _HEADERS[key])
        self.problems.append(tables.problem(row.number, self.places.get(key), header, row.cells.get(key), error))


@command
def import_opening_stock(*, actor: Actor, file: Source, now: datetime, dry_run: bool = False) -> OpeningReport:
    """Book opening stock from a spreadsheet (.xlsx, .xls, .csv in UTF-8): a row a SKU and place, or a lot of it.

    Columns: Mã SKU, Kho, SL and, where wanted, Giá vốn (đồng), Lý do, Lô, HSD. All or nothing: with one bad cell
    nothing is booked, and the report lists every one of them. Not safe to repeat: the second time books as much again.

    Args:
        file: a path, or a file opened for reading bytes.
        dry_run: judge everything, book nothing.

    Raises: MayNot, UnreadableFile, WrongEncoding, FileTooLarge, NoHeader.
    """
    actor.require("inventory.receive")
    found = _read(file)
    variants = _check_variants(found)
    places = _check_places(actor, found)
    _refuse_repeats(found)
    for row in found.rows:
        variant = variants.get(row.number)
        if variant is not None and variant.tracks_lots and not row.values.get("lot"):
            found.blame(row, "lot", LotRequired())
    problems = tuple(sorted(found.problems, key=lambda each: (each.row, len(each.column), each.column)))
    writes = not dry_run and not problems and bool(found.rows)
    reference = take_numbers("PN", 1, now=now)[0] if writes else ""
    if writes:
        moves = [(_move(row, variants[row.number].id, places[row.number]), reference) for row in found.rows]
        ledger.post(actor=actor, moves=moves, reason=MovementReason.OPENING, now=now)
    return OpeningReport(
        rows=len(found.rows),
        units=sum(units for row in found.rows if isinstance(units := row.values.get("units"), int)),
        errors=problems,
        dry_run=dry_run,
        written=writes,
        reference=reference,
        ignored_columns=tuple(found.ignored),
    )


def _move(row: _Row, variant_id: int, place_id: int) -> Move:
    units, cost, expires = row.values["units"], row.values.get("cost"), row.values.get("expires")
    assert isinstance(units, int)  # noqa: S101 - rows with another are among the problems
    return Move(
        variant_id, virtual_location(LocationKind.SUPPLIER), place_id, units,
        lot=str(row.values.get("lot", "")), expires_on=expires if isinstance(expires, date) else None,
        unit_cost_minor=cost if isinstance(cost, int) else None, note=str(row.values.get("why", ""))[:300],
    )  # fmt: skip


def _read(file: Source) -> _File:
    found = _File()
    keys: list[str] = []
    with tables.open_sheet(file) as opened:
        for number, cells in opened.rows:
            if all(tables.is_blank(cell) for cell in cells):
                continue
            if not keys:
                keys = _read_header(found, number, cells)
                continue
            row = _Row(number, {key: cell for key, cell in zip(keys, cells, strict=False) if key})
            _read_cells(found, row)
            found.rows.append(row)
    if not keys:
        raise NoHeader(field="file", missing=_HEADERS["sku"])
    return found


def _read_header(found: _File, number: int, cells: Sequence[Cell]) -> list[str]:
    keys = []
    for place, cell in enumerate(cells):
        text = tables.text_of(cell)
        key = _KEYS.get(fold(text), "")
        if key in found.places:
            first = f"{tables.letter(found.places[key])}{number}"
            found.problems.append(tables.problem(number, place, text, cell, RepeatedValue(value=text, first=first)))
            key = ""
        elif key:
            found.places[key], found.headers[key] = place, text
        elif text:
            found.ignored.append(text)
        keys.append(key)
    for key in _NEEDED:
        if key not in found.places:
            raise NoHeader(field="file", missing=_HEADERS[key])
    return keys


def _read_cells(found: _File, row: _Row) -> None:
    for key, header in _HEADERS.items():
        cell = row.cells.get(key)
        if tables.is_blank(cell):
            if key in _NEEDED:
                found.blame(row, key, Missing())
            continue
        try:
            row.values[key] = _value(key, cell, header)
        except MekongError as bad:
            found.blame(row, key, bad)


def _value(key: str, cell: Cell, header: str) -> object:
    if key == "units":
        return tables.read_units(cell, header, most=MAX_QUANTITY)
    if key == "cost":
        return tables.read_money(cell, "VND", header)
    if key == "expires":
        return tables.read_date(cell, header)
    return tables.text_of(cell)[: 60 if key == "lot" else 300]


def _check_variants(found: _File) -> Mapping[int, VariantView]:
    """The variant of each row that names one, by the row's number."""
    named = {row.number: str(row.values["sku"]) for row in found.rows if "sku" in row.values}
    known = catalog.variants_by_sku(actor=SYSTEM, skus=set(named.values()))
    variants: dict[int, VariantView] = {}
    for row in found.rows:
        if row.number not in named:
            continue
        variant = known.get(named[row.number])
        if variant is None:
            found.blame(row, "sku", VariantNotFound(key=named[row.number]))
        elif variant.is_bundle:
            found.blame(row, "sku", BundleHasNoStock())
        else:
            variants[row.number] = variant
    return variants


def _check_places(actor: Actor, found: _File) -> Mapping[int, int]:
    """The place of each row that names one this actor receives goods at, by the row's number."""
    known = dict(Location.objects.filter(kind__in=SELLING_KINDS).values_list("code", "id"))
    places: dict[int, int] = {}
    for row in found.rows:
        if "place" not in row.values:
            continue
        code = str(row.values["place"]).upper()
        if code not in known:
            found.blame(row, "place", LocationNotFound(key=code))
        elif not actor.sees_location(known[code], "inventory.receive"):
            found.blame(row, "place", OutOfScope(location=code))
        else:
            places[row.number] = known[code]
    return places


def _refuse_repeats(found: _File) -> None:
    """A SKU at a place, or a lot of it there, once in a file."""
    first: dict[tuple[str, str, str], int] = {}
    for row in found.rows:
        if "sku" not in row.values or "place" not in row.values:
            continue
        sku, place, lot = (str(row.values.get(key, "")).casefold() for key in ("sku", "place", "lot"))
        number = first.setdefault((sku, place, lot), row.number)
        if number != row.number:
            at = f"{tables.letter(found.places['sku'])}{number}"
            found.blame(row, "sku", RepeatedValue(value=row.values["sku"], first=at))
