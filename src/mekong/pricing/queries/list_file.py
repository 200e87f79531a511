"""A price list as a file that imports back unchanged."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, Literal

import xlsxwriter

from mekong.catalog import queries as catalog
from mekong.catalog.commands import tables
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.money import exponent, to_decimal
from mekong.pricing.models import PriceEntry
from mekong.pricing.queries.lists import get_price_list

HEADERS = {
    "sku": "Mã SKU", "name": "Tên hàng", "retail": "Giá bán lẻ", "cost": "Giá vốn", "from_units": "Từ SL",
    "price": "Giá trong bảng",
}  # fmt: skip
_WIDTHS = (18, 48, 14, 14, 8, 16)
_CHUNK = 1_000
_Row = list[str | int | float]


def export_price_list(
    *,
    actor: Actor,
    list_id: int,
    out: BinaryIO,
    format: Literal["xlsx", "csv"] = "xlsx",  # noqa: A002 - the word of the command line
    is_whole: bool = False,
) -> int:
    """Write a list's prices, a row a SKU and step, in the columns that `import_price_list` reads; how many rows.

    `is_whole`: goods on sale without a price of their own too, theirs empty. Costs stay blank for those who may not see them.
    Streams by 1,000 goods, each two SQL statements. Raises: MayNot, PriceListNotFound.
    """
    actor.require("pricing.view")
    currency = get_price_list(actor=actor, list_id=list_id).currency
    rows = _rows(list_id, currency, with_costs=actor.may("money.view_cost"), is_whole=is_whole)
    return _write_csv(out, rows) if format == "csv" else _write_xlsx(out, rows)


def _rows(list_id: int, currency: str, *, with_costs: bool, is_whole: bool) -> Iterator[_Row]:
    priced = PriceEntry.objects.filter(price_list_id=list_id).order_by("variant_id")
    ids = list(priced.values_list("variant_id", flat=True).distinct())
    if is_whole:
        ids = list(dict.fromkeys([*ids, *catalog.grid_index(actor=SYSTEM, status="active").ids]))
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        views = catalog.variants_by_id(actor=SYSTEM, ids=chunk)
        steps: dict[int, list[tuple[int, int]]] = {}
        for variant, units, amount in priced.filter(variant_id__in=chunk).values_list(
            "variant_id", "from_units", "price_minor"
        ):
            steps.setdefault(variant, []).append((units, amount))
        for variant in chunk:
            view = views[variant]
            if variant not in steps and view.currency != currency:
                continue
            cost: str | int | float = ""
            if with_costs and view.cost_minor is not None:
                cost = _money(view.cost_minor, view.currency)
            shown: list[tuple[int, str | int]] = [
                (units, _money(price, currency)) for units, price in steps.get(variant, ())
            ]
            for units, price in sorted(shown) or [(1, "")]:
                yield [view.sku, view.full_name, _money(view.price_minor, view.currency), cost, units, price]


def _money(amount_minor: int, currency: str) -> int | str:
    """A whole number where the currency has no parts, else its exact text."""
    return amount_minor if exponent(currency) == 0 else str(to_decimal(amount_minor, currency))


def _write_csv(out: BinaryIO, rows: Iterator[_Row]) -> int:
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADERS.values())
    number = 0
    for row in rows:
        writer.writerow([tables.defuse(cell) if isinstance(cell, str) else cell for cell in row])
        number += 1
    text.flush()
    text.detach()
    return number


def _write_xlsx(out: BinaryIO, rows: Iterator[_Row]) -> int:
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "in_memory": False})
    page = book.add_worksheet("Bảng giá")
    bold, plain = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@"})
    for place, (header, width) in enumerate(zip(HEADERS.values(), _WIDTHS, strict=True)):
        page.set_column(place, place, width)
        page.write_string(0, place, header, bold)
    page.freeze_panes(1, 2)
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    if cell:
                        page.write_string(number, place, cell, plain)
                else:
                    page.write_number(number, place, cell)
    finally:
        book.close()
    return number
