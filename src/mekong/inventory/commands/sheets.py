"""Spreadsheets of stock lines: the heading is found, cells are read, and every bad one is blamed with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mekong.catalog import queries as catalog
from mekong.catalog.commands import tables
from mekong.catalog.commands.tables import Cell, Source
from mekong.catalog.contracts import CellProblem, VariantView
from mekong.catalog.errors import Missing, NoHeader, RepeatedValue, VariantNotFound
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MekongError, OutOfScope
from mekong.foundation.text import fold
from mekong.inventory.errors import BundleHasNoStock, LocationNotFound
from mekong.inventory.models import SELLING_KINDS, Location


@dataclass
class Row:
    number: int
    cells: dict[str, Cell]
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """Which columns a sheet has.

    `headers`: by key, as written in our own files. `names`: other headings that mean the same, folded. `value`: reads a
    cell that is not empty; called with key, cell and heading.
    """

    headers: Mapping[str, str]
    names: Mapping[str, Sequence[str]]
    needed: Collection[str]
    value: Callable[[str, Cell, str], object]

    def key_of(self, heading: str) -> str:
        said = fold(heading)
        return next((key for key, own in self.headers.items() if said in (fold(own), *self.names.get(key, ()))), "")


@dataclass
class Sheet:
    """What was read: where each column stands, its rows, and the bad cells so far."""

    form: Form
    places: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)

    def blame(self, row: Row, key: str, error: MekongError) -> None:
        header = self.headers.get(key, self.form.headers[key])
        self.problems.append(tables.problem(row.number, self.places.get(key), header, row.cells.get(key), error))

    def errors(self) -> tuple[CellProblem, ...]:
        """Bad cells in the order in which one reads."""
        return tuple(sorted(self.problems, key=lambda each: (each.row, len(each.column), each.column)))

    def units(self) -> int:
        return sum(abs(units) for row in self.rows if isinstance(units := row.values.get("units"), int))


def read(file: Source, form: Form) -> Sheet:
    """Raises: UnreadableFile, WrongEncoding, FileTooLarge, NoHeader."""
    found = Sheet(form)
    keys: list[str] = []
    with tables.open_sheet(file) as opened:
        for number, cells in opened.rows:
            if all(tables.is_blank(cell) for cell in cells):
                continue
            if not keys:
                keys = _read_header(found, number, cells)
                continue
            row = Row(number, {key: cell for key, cell in zip(keys, cells, strict=False) if key})
            _read_cells(found, row)
            found.rows.append(row)
    if not keys:
        raise NoHeader(field="file", missing=form.headers["sku"])
    return found


def _read_header(found: Sheet, number: int, cells: Sequence[Cell]) -> list[str]:
    keys = []
    for place, cell in enumerate(cells):
        text = tables.text_of(cell)
        key = found.form.key_of(text) if text else ""
        if key in found.places:
            first = f"{tables.letter(found.places[key])}{number}"
            found.problems.append(tables.problem(number, place, text, cell, RepeatedValue(value=text, first=first)))
            key = ""
        elif key:
            found.places[key], found.headers[key] = place, text
        elif text:
            found.ignored.append(text)
        keys.append(key)
    for key in found.form.needed:
        if key not in found.places:
            raise NoHeader(field="file", missing=found.form.headers[key])
    return keys


def _read_cells(found: Sheet, row: Row) -> None:
    for key, header in found.form.headers.items():
        cell = row.cells.get(key)
        if tables.is_blank(cell):
            if key in found.form.needed:
                found.blame(row, key, Missing())
            continue
        try:
            row.values[key] = found.form.value(key, cell, header)
        except MekongError as bad:
            found.blame(row, key, bad)


def check_variants(found: Sheet) -> Mapping[int, VariantView]:
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


def check_places(actor: Actor, found: Sheet, key: str, right: str) -> Mapping[int, Location]:
    """The place that each row names in a column, by the row's number; with a `right`, only where this actor has it."""
    known = {place.code: place for place in Location.objects.filter(kind__in=SELLING_KINDS)}
    places: dict[int, Location] = {}
    for row in found.rows:
        if key not in row.values:
            continue
        code = str(row.values[key]).upper()
        if code not in known:
            found.blame(row, key, LocationNotFound(key=code))
        elif right and not actor.sees_location(known[code].id, right):
            found.blame(row, key, OutOfScope(location=code))
        else:
            places[row.number] = known[code]
    return places


def refuse_repeats(found: Sheet, keys: Sequence[str]) -> None:
    """What the columns `keys` say together stands once in a file."""
    first: dict[tuple[str, ...], int] = {}
    for row in found.rows:
        if any(key not in row.values for key in keys if key in found.form.needed):
            continue
        number = first.setdefault(tuple(str(row.values.get(key, "")).casefold() for key in keys), row.number)
        if number != row.number:
            at = f"{tables.letter(found.places['sku'])}{number}"
            found.blame(row, "sku", RepeatedValue(value=row.values["sku"], first=at))
