"""Products into a file that imports back unchanged."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import BinaryIO, Literal

import xlsxwriter

from mekong.catalog.queries.categories import attributes_of
from mekong.catalog.queries.states import category_paths, product_states
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules import sheet
from mekong.foundation.actor import Actor

_CHUNK = 1_000
_CELL_LIMIT = 32_767
_Row = list[str | int | float]


def export_products(
    *,
    actor: Actor,
    out: BinaryIO,
    format: Literal["xlsx", "csv"] = "xlsx",  # noqa: A002 - the word of the command line and the API
    progress: Callable[[int], None] | None = None,
    product_ids: Collection[int] | None = None,
) -> int:
    """Write every product, or those asked for, to `out`, one row a variant; how many rows.

    In the columns `import_products` reads; a product comes with all its variants.

    In CSV (UTF-8 with a signature, for Excel) a text that begins like a formula stands behind an apostrophe; in xlsx
    every text is a text. Costs stay blank for those who may not see them. A cell of more than 32,767 characters does
    not fit into xlsx: the export then refuses.

    Streams by 1,000 products, each five SQL statements. Raises: MayNot, ValueError (a cell too long for xlsx).
    """
    actor.require("catalog.view")
    rows = _counted(_rows(product_ids, with_costs=actor.may("money.view_cost")), progress)
    return _write_csv(out, rows) if format == "csv" else _write_xlsx(out, rows)


def write_template(*, out: BinaryIO) -> None:
    """An empty workbook with the columns `import_products` reads."""
    _write_xlsx(out, iter(()))


def _rows(product_ids: Collection[int] | None, *, with_costs: bool) -> Iterator[_Row]:
    paths = category_paths()
    kinds = {each.code: each.kind for each in attributes_of(None)}
    after, wanted = 0, None if product_ids is None else list(product_ids)
    while ids := [row[0] for row in fetch(_NEXT, {"after": after, "limit": _CHUNK, "wanted": wanted})]:
        after = ids[-1]
        for state in product_states(ids, paths):
            for variant in state.product.variants:
                shown = variant if with_costs else replace(variant, cost_minor=None)
                yield sheet.cells(state.product, shown, kinds)


_NEXT = """
    select id from catalog_product
     where id > %(after)s and (%(wanted)s::bigint[] is null or id = any(%(wanted)s::bigint[])) order by id limit %(limit)s
"""


def _counted(rows: Iterator[_Row], progress: Callable[[int], None] | None) -> Iterator[_Row]:
    for number, row in enumerate(rows, 1):
        yield row
        if progress is not None and number % _CHUNK == 0:
            progress(number)


def _write_csv(out: BinaryIO, rows: Iterator[_Row]) -> int:
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(sheet.header_row())
    number = 0
    for row in rows:
        writer.writerow([sheet.defuse(cell) if isinstance(cell, str) else cell for cell in row])
        number += 1
    text.flush()
    text.detach()
    return number


def _write_xlsx(out: BinaryIO, rows: Iterator[_Row]) -> int:
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "in_memory": False})
    page = book.add_worksheet("Sản phẩm")
    bold, plain = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@"})
    for place, (column, header) in enumerate(zip(sheet.COLUMNS, sheet.header_row(), strict=True)):
        page.set_column(place, place, column.width)
        page.write_string(0, place, header, bold)
    page.freeze_panes(1, 3)
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    if len(cell) > _CELL_LIMIT:
                        raise ValueError(f"cell {sheet.letter(place)}{number + 1} is too long for xlsx: export as csv")
                    if cell:
                        page.write_string(number, place, cell, plain)
                else:
                    page.write_number(number, place, cell)
    finally:
        book.close()
    return number
