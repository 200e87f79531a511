"""Opening stock from a spreadsheet, all of it or none."""

from __future__ import annotations

from datetime import date, datetime

from mekong.catalog.commands import tables
from mekong.catalog.commands.tables import Cell, Source
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.numbering import take_numbers
from mekong.inventory import ledger
from mekong.inventory.commands import sheets
from mekong.inventory.commands.checking import MAX_QUANTITY
from mekong.inventory.commands.sheets import Form, Row
from mekong.inventory.contracts import OpeningReport
from mekong.inventory.errors import LotRequired
from mekong.inventory.ledger import Move
from mekong.inventory.models import LocationKind, MovementReason
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
    found = sheets.read(file, _FORM)
    variants = sheets.check_variants(found)
    places = sheets.check_places(actor, found, "place", "inventory.receive")
    sheets.refuse_repeats(found, ("sku", "place", "lot"))
    for row in found.rows:
        variant = variants.get(row.number)
        if variant is not None and variant.tracks_lots and not row.values.get("lot"):
            found.blame(row, "lot", LotRequired())
    problems = found.errors()
    writes = not dry_run and not problems and bool(found.rows)
    reference = take_numbers("PN", 1, now=now)[0] if writes else ""
    if writes:
        moves = [(_move(row, variants[row.number].id, places[row.number].id), reference) for row in found.rows]
        ledger.post(actor=actor, moves=moves, reason=MovementReason.OPENING, now=now)
    return OpeningReport(
        rows=len(found.rows),
        units=found.units(),
        errors=problems,
        dry_run=dry_run,
        written=writes,
        reference=reference,
        ignored_columns=tuple(found.ignored),
    )


def _move(row: Row, variant_id: int, place_id: int) -> Move:
    units, cost, expires = row.values["units"], row.values.get("cost"), row.values.get("expires")
    assert isinstance(units, int)  # noqa: S101 - rows with another are among the problems
    return Move(
        variant_id, virtual_location(LocationKind.SUPPLIER), place_id, units,
        lot=str(row.values.get("lot", "")), expires_on=expires if isinstance(expires, date) else None,
        unit_cost_minor=cost if isinstance(cost, int) else None, note=str(row.values.get("why", ""))[:300],
    )  # fmt: skip


def _value(key: str, cell: Cell, header: str) -> object:
    if key == "units":
        return tables.read_units(cell, header, most=MAX_QUANTITY)
    if key == "cost":
        return tables.read_money(cell, "VND", header)
    if key == "expires":
        return tables.read_date(cell, header)
    return tables.text_of(cell)[: 60 if key == "lot" else 300]


_FORM = Form(_HEADERS, _NAMES, ("sku", "place", "units"), _value)
