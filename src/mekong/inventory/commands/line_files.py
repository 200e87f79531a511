"""Transfers and adjustments from a spreadsheet, all of it or none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mekong.catalog.commands import tables
from mekong.catalog.commands.tables import Cell, Source
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import Invalid, OutOfScope
from mekong.foundation.text import fold
from mekong.inventory.commands import sheets
from mekong.inventory.commands.adjustments import request_adjustment
from mekong.inventory.commands.checking import MAX_QUANTITY
from mekong.inventory.commands.sheets import Form, Row, Sheet
from mekong.inventory.commands.transfers import draft_transfer
from mekong.inventory.contracts import AdjustmentLine, SheetReport
from mekong.inventory.errors import BadQuantity, ControlInvalid, LotRequired, ReasonUnknown
from mekong.inventory.models import Location

TRANSFER_HEADERS = {"from": "Kho đi", "to": "Kho đến", "sku": "Mã SKU", "units": "SL", "note": "Ghi chú"}
_TRANSFER_NAMES = {
    "from": ("from", "tu kho", "kho nguon", "from location", "kho xuat"),
    "to": ("to", "den kho", "kho nhan", "to location"),
    "sku": ("sku", "ma hang", "ma hang hoa"),
    "units": ("so luong", "quantity", "qty"),
    "note": ("note",),
}
ADJUSTMENT_HEADERS = {"sku": "Mã SKU", "place": "Kho", "units": "SL", "reason": "Lý do", "lot": "Lô", "note": "Ghi chú"}
_ADJUSTMENT_NAMES = {
    "sku": ("sku", "ma hang", "ma hang hoa"),
    "place": ("location", "warehouse", "chi nhanh", "ma kho"),
    "units": ("so luong", "quantity", "qty", "chenh lech"),
    "reason": ("reason",),
    "lot": ("lot", "so lo", "batch"),
    "note": ("note",),
}
REASONS: Mapping[str, str] = {
    "count": "Lệch kiểm kho",
    "scrap": "Xuất hủy",
    "internal_use": "Xuất dùng nội bộ",
    "adjustment": "Điều chỉnh tồn",
}
"""What a change of stock by sheet is for, as the cell says it."""
_REASON_NAMES = {
    "count": ("count", "kiem kho", "kiem ke", "lech kiem ke"),
    "scrap": ("scrap", "huy", "hang hong"),
    "internal_use": ("internal use", "internal_use", "dung noi bo", "noi bo"),
    "adjustment": ("adjustment", "dieu chinh", "khac"),
}
_REASONS = {name: code for code, word in REASONS.items() for name in (fold(word), *_REASON_NAMES[code])}
TAKING = ("scrap", "internal_use")
"""Reasons that only take away: 5 and −5 both mean five units fewer."""


@command
def import_transfers(*, actor: Actor, file: Source, now: datetime, dry_run: bool = False) -> SheetReport:
    """Draft transfers from a spreadsheet (.xlsx, .xls, .csv in UTF-8): one for each pair of places, in their order.

    Columns: Kho đi, Kho đến, Mã SKU, SL and, where wanted, Ghi chú. All or nothing: with one bad cell nothing is
    written, and the report lists every one of them. Not safe to repeat: the second time drafts as many again.

    Raises: MayNot, UnreadableFile, WrongEncoding, FileTooLarge, NoHeader.
    """
    actor.require("inventory.transfer")
    found = sheets.read(file, _TRANSFERS)
    variants = sheets.check_variants(found)
    sources = sheets.check_places(actor, found, "from", "")
    targets = sheets.check_places(actor, found, "to", "")
    _check_ends(actor, found, sources, targets)
    sheets.refuse_repeats(found, ("sku", "from", "to"))
    codes: list[str] = []
    if not dry_run and not found.problems:
        for (source, target), rows in _grouped(found, ("from", "to")).items():
            made = draft_transfer(
                actor=actor, from_code=source, to_code=target, now=now, note=_note(rows),
                lines=[(variants[row.number].id, int(str(row.values["units"]))) for row in rows],
            )  # fmt: skip
            codes.append(made.code)
    return _report(found, dry_run, codes, [])


@command
def import_adjustments(*, actor: Actor, file: Source, now: datetime, dry_run: bool = False) -> SheetReport:
    """Change stock by a spreadsheet: one adjustment for each place and reason; what is above a limit waits for approval.

    Columns: Mã SKU, Kho, SL (the difference: 5, −2), Lý do and, where wanted, Lô, Ghi chú. All or nothing: with one bad
    cell nothing is booked, and the report lists every one of them. Not safe to repeat: it books as much again.

    Raises: MayNot, UnreadableFile, WrongEncoding, FileTooLarge, NoHeader; ShortStock, where more is taken than is free.
    """
    actor.require("inventory.adjust")
    found = sheets.read(file, _ADJUSTMENTS)
    variants = sheets.check_variants(found)
    sheets.check_places(actor, found, "place", "inventory.adjust")
    sheets.refuse_repeats(found, ("sku", "place", "reason", "lot"))
    for row in found.rows:
        variant = variants.get(row.number)
        if variant is not None and variant.tracks_lots and not row.values.get("lot"):
            found.blame(row, "lot", LotRequired())
    codes: list[str] = []
    waiting: list[str] = []
    if not dry_run and not found.problems:
        for (place, reason), rows in _grouped(found, ("place", "reason")).items():
            lines = [
                AdjustmentLine(variants[row.number].id, _signed(row), lot=str(row.values.get("lot", "")))
                for row in rows
            ]
            asked = request_adjustment(
                actor=actor, location=place, reason=reason, lines=lines, now=now, note=_note(rows)
            )
            if asked.waiting is not None:
                waiting.append(asked.waiting.code)
                codes.append(asked.waiting.code)
            elif asked.change is not None:
                codes.append(asked.change.reference)
    return _report(found, dry_run, codes, waiting)


def _check_ends(actor: Actor, found: Sheet, sources: Mapping[int, Location], targets: Mapping[int, Location]) -> None:
    right = "inventory.transfer"
    for row in found.rows:
        source, target = sources.get(row.number), targets.get(row.number)
        if source is None or target is None:
            continue
        if source.id == target.id:
            found.blame(row, "to", ControlInvalid(field="to", problem="A transfer needs two different locations."))
        elif not actor.sees_location(source.id, right) and not actor.sees_location(target.id, right):
            found.blame(row, "from", OutOfScope(location=source.code))


def _grouped(found: Sheet, keys: tuple[str, str]) -> dict[tuple[str, str], list[Row]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in found.rows:
        first, second = (str(row.values[key]) for key in keys)
        groups.setdefault((first, second), []).append(row)
    return groups


def _note(rows: list[Row]) -> str:
    """What is noted in the rows of one document, each note once."""
    return "; ".join(dict.fromkeys(str(row.values["note"]) for row in rows if "note" in row.values))[:300]


def _signed(row: Row) -> int:
    units = int(str(row.values["units"]))
    return -abs(units) if row.values["reason"] in TAKING else units


def _report(found: Sheet, dry_run: bool, codes: list[str], waiting: list[str]) -> SheetReport:
    return SheetReport(
        rows=len(found.rows),
        units=found.units(),
        errors=found.errors(),
        dry_run=dry_run,
        documents=tuple(codes),
        waiting=tuple(waiting),
        ignored_columns=tuple(found.ignored),
    )


def _of_transfer(key: str, cell: Cell, header: str) -> object:
    if key == "units":
        return tables.read_units(cell, header, most=MAX_QUANTITY)
    return _place(key, cell) if key in ("from", "to") else tables.text_of(cell)[:300]


def _of_adjustment(key: str, cell: Cell, header: str) -> object:
    if key == "units":
        units = tables.read_units(cell, header, most=MAX_QUANTITY, least=-MAX_QUANTITY)
        if not units:
            raise BadQuantity(field=header, quantity=units, range="other than 0")
        return units
    if key == "reason":
        code = _REASONS.get(fold(tables.text_of(cell)))
        if code is None:
            raise ReasonUnknown(field=header, reason=tables.text_of(cell)[:100], known=", ".join(REASONS.values()))
        return code
    return _place(key, cell) if key == "place" else tables.text_of(cell)[: 60 if key == "lot" else 300]


def _place(key: str, cell: Cell) -> Any:
    text = tables.text_of(cell)
    if len(text) > 30:
        raise Invalid(field=key, problem="A location needs a code of 1 to 30 characters.")
    return text.upper()


_TRANSFERS = Form(TRANSFER_HEADERS, _TRANSFER_NAMES, ("from", "to", "sku", "units"), _of_transfer)
_ADJUSTMENTS = Form(ADJUSTMENT_HEADERS, _ADJUSTMENT_NAMES, ("sku", "place", "units", "reason"), _of_adjustment)
