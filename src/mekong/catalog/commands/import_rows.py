"""The first half of an import: a file becomes rows of typed values, and every cell that will not is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mekong.catalog.commands.reading import Source, open_sheet
from mekong.catalog.contracts import CellProblem
from mekong.catalog.errors import Missing, NoHeader, RepeatedValue
from mekong.catalog.rules import sheet
from mekong.catalog.rules.barcodes import lookup_key
from mekong.catalog.rules.sheet import Cell, Column
from mekong.catalog.rules.words import key
from mekong.foundation.errors import MekongError


@dataclass(eq=False)
class Row:
    """One row. `values`: by column key, of the cells that are filled and good; blank cells leave things as they are."""

    number: int
    values: dict[str, Any]
    cells: dict[str, Cell]

    @property
    def sku_key(self) -> str:
        return key(self.values.get("sku", ""))


@dataclass
class Read:
    """A file read. `places`: the place of each column in it, by key."""

    places: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)
    header_row: int = 1

    def blame(self, number: int, column: str, cell: Cell, error: MekongError) -> None:
        """Note a bad cell. A column that the file lacks is named without a letter."""
        params = {**error.params, "field": self.headers.get(column, sheet.BY_KEY[column].header)}
        place = self.places.get(column)
        self.problems.append(
            CellProblem(
                row=number,
                column="" if place is None else sheet.letter(place),
                header=str(params["field"]),
                value=sheet.text_of(cell)[:200],
                code=error.code,
                template=error.template,
                params=params,
                message=type(error)(**params).message(),
            )
        )

    def blame_row(self, row: Row, column: str, error: MekongError) -> None:
        self.blame(row.number, column, row.cells.get(column), error)

    def cell_name(self, row: Row, column: str) -> str:
        """B7: where a cell stands, for people."""
        place = self.places.get(column)
        return f"{'' if place is None else sheet.letter(place)}{row.number}"


def read_file(file: Source, progress: Callable[[int], None] | None) -> Read:
    """Read a product list; bad cells are noted, not raised.

    Raises: UnreadableFile, WrongEncoding, FileTooLarge, NoHeader.
    """
    found = Read()
    with open_sheet(file) as opened:
        header: list[Column | None] = []
        for number, cells in opened.rows:
            if all(sheet.is_blank(cell) for cell in cells):
                continue
            if not header:
                header = _read_header(found, number, cells)
                continue
            found.rows.append(_read_row(found, header, number, cells))
            if progress is not None and len(found.rows) % 1_000 == 0:
                progress(len(found.rows))
    if not header:
        raise NoHeader(field="file", missing=sheet.BY_KEY["sku"].header)
    _refuse_repeats(found)
    return found


def _read_header(found: Read, number: int, cells: list[Cell]) -> list[Column | None]:
    found.header_row = number
    header: list[Column | None] = []
    for place, cell in enumerate(cells):
        text = sheet.text_of(cell)
        column = sheet.column_of(text)
        if column is not None and column.key in found.places:
            first = f"{sheet.letter(found.places[column.key])}{number}"
            found.blame(number, column.key, cell, RepeatedValue(field=text, value=text, first=first))
            column = None
        elif column is not None:
            found.places[column.key] = place
            found.headers[column.key] = text
        elif text:
            found.ignored.append(text)
        header.append(column)
    if "sku" not in found.places:
        raise NoHeader(field="file", missing=sheet.BY_KEY["sku"].header)
    return header


def _read_row(found: Read, header: list[Column | None], number: int, cells: list[Cell]) -> Row:
    row = Row(number, {}, {})
    for column, cell in zip(header, cells, strict=False):
        if column is None or sheet.is_blank(cell):
            continue
        row.cells[column.key] = cell
        reader = sheet.READERS.get(column.key)
        if reader is None:
            continue
        try:
            row.values[column.key] = reader(cell, column.header)
        except MekongError as bad:
            found.blame(number, column.key, cell, bad)
    if "sku" not in row.cells:
        found.blame(number, "sku", None, Missing(field="sku"))
    return row


def _refuse_repeats(found: Read) -> None:
    """A SKU, a barcode: once in a file."""
    skus: dict[str, Row] = {}
    codes: dict[str, tuple[Row, str]] = {}
    for row in found.rows:
        sku = row.values.get("sku")
        if sku is not None and (first := skus.setdefault(key(sku), row)) is not row:
            found.blame_row(row, "sku", RepeatedValue(value=sku, first=found.cell_name(first, "sku")))
        for column, code_key, code in row_codes(row):
            if (known := codes.get(code_key)) is not None:
                found.blame_row(row, column, RepeatedValue(value=code, first=found.cell_name(*known)))
            else:
                codes[code_key] = (row, column)


def row_codes(row: Row) -> list[tuple[str, str, str]]:
    """(column, key, code) of every barcode in a row."""
    own = [("barcodes", lookup_key(code), code) for code in row.values.get("barcodes", ())]
    packs = [("packs", lookup_key(pack.barcode), pack.barcode) for pack in row.values.get("packs", ()) if pack.barcode]
    return own + packs
