"""Rows of a stock sheet: read, judged, booked. Needs Django."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from mekong.catalog import queries as catalog
from mekong.catalog.commands.reading import open_sheet
from mekong.foundation.actor import SYSTEM
from mekong.foundation.command import command
from mekong.foundation.errors import Invalid
from mekong.foundation.text import fold
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import AdjustmentLine
from mekong.inventory.queries import list_locations

Problem = tuple[int, str, str, str]
"""Row, column letter, what to do in Vietnamese and in English."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sku": ("sku", "ma sku", "ma hang"),
    "location": ("location", "kho", "ma kho", "dia diem"),
    "quantity": ("quantity", "so luong", "ton kho", "ton dau ky", "ton"),
    "lot": ("lot", "lo", "so lo"),
    "expires_on": ("expires on", "expiry", "han dung", "han su dung"),
}


@dataclass(frozen=True)
class Row:
    number: int
    sku: str
    location: str
    quantity: int
    lot: str
    expires_on: date | None
    letters: Mapping[str, str]


def read(file: Path, location: str) -> tuple[list[Row], list[Problem]]:
    """The rows of a sheet, and the cells that cannot be read. Raises: what `open_sheet` raises, Invalid (no header)."""
    rows: list[Row] = []
    problems: list[Problem] = []
    places: dict[str, int] = {}
    with open_sheet(file) as sheet:
        for number, cells in sheet.rows:
            texts = [_text(cell) for cell in cells]
            if not any(texts):
                continue
            if not places:
                places = _places(texts)
                continue
            row = _row(number, cells, places, location, problems)
            if row is not None:
                rows.append(row)
    return rows, problems


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _places(header: Sequence[str]) -> dict[str, int]:
    names = [fold(each) for each in header]
    found = {column: names.index(name) for column, known in _COLUMNS.items() for name in known if name in names}
    missing = [column for column in ("sku", "quantity") if column not in found]
    if missing:
        raise Invalid(
            field="file", problem=f"Its first row must name the columns SKU and Quantity; {missing} is missing."
        )
    return found


def _row(
    number: int, cells: Sequence[Any], places: Mapping[str, int], location: str, problems: list[Problem]
) -> Row | None:
    letters = {column: chr(65 + place % 26) for column, place in places.items()}

    def cell(column: str) -> Any:
        place = places.get(column, len(cells))
        return cells[place] if place < len(cells) else None

    text = _text(cell("quantity"))
    before = len(problems)
    try:
        quantity = int(
            text.replace(".", "").replace(",", "") if text.count(".") + text.count(",") and _grouped(text) else text
        )
    except ValueError:
        quantity = 0
    if quantity <= 0:
        problems.append((
            number, letters["quantity"],
            f"“{text}” không phải số lượng. Ghi số nguyên lớn hơn 0.",
            f"“{text}” is not a quantity. Write a whole number above 0.",
        ))  # fmt: skip
    expires_on = _date(cell("expires_on"))
    if expires_on is None and _text(cell("expires_on")):
        problems.append((
            number, letters["expires_on"],
            "Hạn dùng ghi như 31/12/2026.", "Write the expiry like 31/12/2026 or 2026-12-31.",
        ))  # fmt: skip
    if len(problems) > before:
        return None
    place = _text(cell("location")) or location
    return Row(number, _text(cell("sku")), place, quantity, _text(cell("lot")), expires_on, letters)


def _grouped(text: str) -> bool:
    """“1.200” and “1,200” are twelve hundred; “1,5” is no whole number."""
    groups = text.replace(",", ".").split(".")
    return all(len(group) == 3 for group in groups[1:])


def _date(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(_text(cell), form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    return None


def judge(rows: Sequence[Row]) -> tuple[dict[str, list[AdjustmentLine]], list[Problem]]:
    """Lines to book at each location; and the rows that name what does not exist."""
    variants = catalog.variants_by_sku(actor=SYSTEM, skus=[row.sku for row in rows])
    places = {place.code: place for place in list_locations(actor=SYSTEM) if place.keeps_stock}
    only = next(iter(places)) if len(places) == 1 else ""
    lines: dict[str, list[AdjustmentLine]] = defaultdict(list)
    problems: list[Problem] = []
    for row in rows:
        variant = variants.get(row.sku)
        code = row.location.upper() or only
        if variant is None:
            problems.append((
                row.number, row.letters["sku"],
                f"Không có SKU {row.sku}. Tạo sản phẩm trước, hoặc sửa mã.",
                f"There is no SKU {row.sku}. Create the product first, or mend the code.",
            ))  # fmt: skip
        if code not in places:
            problems.append((
                row.number, row.letters.get("location", ""),
                f"Không có kho “{code}”. Ghi một trong: {', '.join(places)}; hoặc dùng --location.",
                f"There is no location “{code}”. Write one of {', '.join(places)}; or use --location.",
            ))  # fmt: skip
        if variant is not None and variant.tracks_lots and not row.lot:
            problems.append((
                row.number, row.letters.get("lot", ""),
                f"{row.sku} quản lý theo lô: ghi số lô.", f"{row.sku} is kept by lot: write the lot.",
            ))  # fmt: skip
        if variant is not None and code in places:
            lines[code].append(AdjustmentLine(variant.id, row.quantity, row.lot, row.expires_on))
    return dict(lines), problems


@command
def _write(
    *, actor: Any, lines: Mapping[str, list[AdjustmentLine]], reason: str, reference: str, now: datetime
) -> None:
    for code, each in sorted(lines.items()):
        inventory.adjust_stock(actor=actor, location=code, reason=reason, reference=reference, lines=each, now=now)


def write(lines: Mapping[str, list[AdjustmentLine]], *, reason: str, reference: str, now: datetime) -> None:
    """Book all of it in one transaction."""
    _write(actor=SYSTEM, lines=lines, reason=reason, reference=reference, now=now)
