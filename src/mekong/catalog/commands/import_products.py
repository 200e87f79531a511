"""Products from a spreadsheet, all of them or none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

import xlsxwriter
from django.utils.translation import gettext

from mekong.catalog.commands.create_category import free_category_code
from mekong.catalog.commands.import_plan import Change, Plan, make_plan
from mekong.catalog.commands.import_rows import read_file
from mekong.catalog.commands.reading import Source, open_sheet
from mekong.catalog.commands.search_index import recount_lexemes
from mekong.catalog.commands.set_prices import change_prices
from mekong.catalog.commands.writing import (
    Placed,
    execute,
    folded,
    insert_barcodes,
    insert_packs,
    insert_parts,
    insert_products,
    insert_variants,
    learn_words,
)
from mekong.catalog.contracts import ImportMode, ImportReport, NewPart, NewVariant
from mekong.catalog.events import ProductCreated, ProductUpdated
from mekong.catalog.models import Category
from mekong.catalog.queries.states import category_paths
from mekong.catalog.rules import search
from mekong.catalog.rules.options import title
from mekong.catalog.rules.products import choice
from mekong.catalog.rules.sheet import letter, text_of
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import Event, emit_many

_CHUNK = 2_000
_RECOUNT_FROM = 5_000
"""Rows created from which counting all words anew is cheaper than it is worth to wait for the night."""


@command
def import_products(
    *,
    actor: Actor,
    file: Source,
    now: datetime,
    mode: ImportMode = "upsert",
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Create and update products from a spreadsheet (.xlsx, .xls, .csv in UTF-8), one row a variant.

    All or nothing: with one bad cell nothing is written, and the report lists every one of them. A blank cell leaves
    what is there (a new product takes the default). Safe to repeat: the second time every row reads as unchanged.
    The columns are described in docs/reference/catalog-import.md.

    Args:
        file: a path, or a file opened for reading bytes.
        mode: insert refuses SKUs that exist, update those that do not, upsert takes both.
        dry_run: judge everything, write nothing.
        progress: told the number of rows read, every 1,000.

    Raises: MayNot, BadChoice (mode), UnreadableFile, WrongEncoding, FileTooLarge, NoHeader.
    """
    actor.require("catalog.import")
    choice(mode, ("insert", "update", "upsert"), "mode")
    found = read_file(file, progress)
    if not dry_run:
        # One import at a time: two of them could each be right alone and wrong together.
        execute("select pg_advisory_xact_lock(hashtextextended('catalog.import', 0))", [])
    paths = category_paths()
    plan = make_plan(found, mode, paths, lock=not dry_run)
    problems = tuple(sorted(found.problems, key=lambda each: (each.row, len(each.column), each.column)))
    writes = not dry_run and not problems
    if writes:
        _write(actor, plan, paths, now)
    return ImportReport(
        rows=len(found.rows),
        created=plan.created,
        updated=plan.updated,
        unchanged=plan.unchanged,
        errors=problems,
        dry_run=dry_run,
        written=writes,
        ignored_columns=tuple(found.ignored),
    )


def _write(actor: Actor, plan: Plan, paths: dict[str, tuple[int, str]], now: datetime) -> None:
    _create_categories(plan.new_categories, paths)
    codes = {path: code for path, (_, code) in paths.items()}
    ids = {path: category_id for path, (category_id, _) in paths.items()}
    changed = [change for change in plan.changes if change.before is not None]
    events: list[tuple[Event, object]] = []
    parts: list[tuple[str, int, tuple[NewPart, ...]]] = []
    texts: list[str] = []
    _update_products([change for change in changed if change.product_changed], ids, now)
    parts += _update_variants(actor, changed, texts, now)
    for change in changed:
        added = _add_variants(change, texts)
        parts += [(f"row {row}", variant_id, variant.parts) for row, variant_id, variant in added]
        touched = [variant_id for variant_id, _ in _changed_variants(change)] + [each for _, each, _ in added]
        if touched or change.product_changed:
            assert change.before is not None  # noqa: S101 - `changed` holds no others
            events.append((ProductUpdated(change.before.id, tuple(touched)), f"product:{change.before.id}"))
    new = [change for change in plan.changes if change.before is None]
    for start in range(0, len(new), _CHUNK):
        chunk = new[start : start + _CHUNK]
        made = [
            replace(each.after, category=codes.get(each.after.category, ""), variants=tuple(each.targets))
            for each in chunk
        ]
        written = insert_products(made, now=now, at=partial(_at, start), learn=False, link=False)
        for each, one in zip(written, made, strict=True):
            events.append((ProductCreated(each.product_id, each.variant_ids), f"product:{each.product_id}"))
            parts += [("", id_, variant.parts) for id_, variant in zip(each.variant_ids, one.variants, strict=True)]
            texts += [search.document(one.name, title(v.option_values), one.brand, v.sku) for v in one.variants]
    insert_parts([each for each in parts if each[2]])
    if plan.created >= _RECOUNT_FROM:
        recount_lexemes()
    else:
        learn_words(texts)
    emit_many(actor, events, now=now)


def _at(start: int, place: int) -> str:
    return f"products[{start + place}]."


def _create_categories(wanted: list[str], paths: dict[str, tuple[int, str]]) -> None:
    """Make the categories of these paths, and those above them; `paths` learns of them."""
    for path in wanted:
        above: Category | None = None
        names = path.split(" > ")
        for depth, name in enumerate(names, 1):
            here = " > ".join(names[:depth])
            if here in paths:
                above = Category.objects.get(id=paths[here][0])
            else:
                above = Category.objects.create(name=name, code=free_category_code(name), parent=above)
                paths[here] = (above.id, above.code)


def _update_products(changes: list[Change], category_ids: dict[str, int], now: datetime) -> None:
    if not changes:
        return
    after = [change.after for change in changes]
    execute(
        """update catalog_product p
              set name = n.name, name_folded = n.folded, description = n.description, category_id = n.category,
                  brand = n.brand, status = n.status, tax_class = n.tax, options = n.options, attributes = n.attributes,
                  uom = n.uom, updated_at = %s
             from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[],
                         %s::text[], %s::jsonb[], %s::jsonb[], %s::text[])
               n(id, name, folded, description, category, brand, status, tax, options, attributes, uom)
            where p.id = n.id""",
        [
            now,
            [change.before.id for change in changes if change.before],
            [each.name for each in after],
            [folded(each.name) for each in after],
            [each.description for each in after],
            [category_ids.get(each.category) for each in after],
            [each.brand for each in after],
            [each.status for each in after],
            [each.tax_class for each in after],
            [json.dumps(each.options) for each in after],
            [json.dumps(dict(each.attributes)) for each in after],
            [each.uom for each in after],
        ],
    )


def _changed_variants(change: Change) -> list[tuple[int, int]]:
    """(id, place) of the variants that were there and shall be otherwise, or are named otherwise."""
    return [
        (variant_id, place)
        for place, variant_id in enumerate(change.variant_ids)
        if variant_id is not None and (change.old(place) != change.targets[place] or change.product_changed)
    ]


def _update_variants(
    actor: Actor, changes: list[Change], texts: list[str], now: datetime
) -> list[tuple[str, int, tuple[NewPart, ...]]]:
    """Write changed variants; the parts of bundles are given back, to be written when every variant is there."""
    found = [(id_, change, place) for change in changes for id_, place in _changed_variants(change)]
    if not found:
        return []
    news: list[tuple[int, NewVariant]] = [(id_, change.targets[place]) for id_, change, place in found]
    olds = [change.old(place) or change.targets[place] for _, change, place in found]
    documents = [
        search.document(change.after.name, title(new.option_values), change.after.brand, new.sku)
        for (_, change, _), (_, new) in zip(found, news, strict=True)
    ]
    texts += documents
    _clear(news, olds)
    _update_variant_rows(news, documents)
    packs = insert_packs([pair for pair, old in zip(news, olds, strict=True) if pair[1].packs != old.packs])
    rows: list[tuple[str, int, int | None, str]] = []
    for (id_, new), old in zip(news, olds, strict=True):
        if new.barcodes != old.barcodes:
            rows += [("barcodes", id_, None, code) for code in new.barcodes]
        if new.packs != old.packs:
            rows += [("packs", id_, packs[id_, pack.name], pack.barcode) for pack in new.packs if pack.barcode]
    insert_barcodes(rows)
    prices = [
        (id_, old.price_minor, new.price_minor)
        for (id_, new), old in zip(news, olds, strict=True)
        if (old.price_minor, old.currency) != (new.price_minor, new.currency)
    ]
    change_prices(actor, prices, now)
    return [("", id_, new.parts) for (id_, new), old in zip(news, olds, strict=True) if new.parts != old.parts]


def _clear(news: list[tuple[int, NewVariant]], olds: list[NewVariant]) -> None:
    """Take away the barcodes, packs and parts that others replace."""

    def ids(field: str) -> list[int]:
        return [id_ for (id_, new), old in zip(news, olds, strict=True) if getattr(new, field) != getattr(old, field)]

    execute("delete from catalog_barcode where variant_id = any(%s) and pack_id is null", [ids("barcodes")])
    execute("delete from catalog_barcode where variant_id = any(%s) and pack_id is not null", [ids("packs")])
    execute("delete from catalog_pack where variant_id = any(%s)", [ids("packs")])
    execute("delete from catalog_bundlepart where bundle_id = any(%s)", [ids("parts")])


def _update_variant_rows(news: list[tuple[int, NewVariant]], documents: list[str]) -> None:
    variants = [new for _, new in news]
    execute(
        """update catalog_variant v
              set sku = n.sku, title = n.title, option_values = n.options, currency = n.currency, cost_minor = n.cost,
                  weight_g = n.weight, length_mm = n.length, width_mm = n.width, height_mm = n.height,
                  status = n.status, is_bundle = n.bundle, allow_backorder = n.backorder, tracks_lots = n.lots,
                  search_text = n.text
             from unnest(%s::bigint[], %s::text[], %s::text[], %s::jsonb[], %s::text[], %s::bigint[], %s::int[],
                         %s::int[], %s::int[], %s::int[], %s::text[], %s::bool[], %s::bool[], %s::bool[], %s::text[])
               n(id, sku, title, options, currency, cost, weight, length, width, height, status, bundle, backorder,
                 lots, text)
            where v.id = n.id""",
        [
            [id_ for id_, _ in news],
            [each.sku for each in variants],
            [title(each.option_values) for each in variants],
            [json.dumps(each.option_values) for each in variants],
            [each.currency for each in variants],
            [each.cost_minor for each in variants],
            [each.weight_g for each in variants],
            [each.length_mm for each in variants],
            [each.width_mm for each in variants],
            [each.height_mm for each in variants],
            [each.status for each in variants],
            [bool(each.parts) for each in variants],
            [each.allow_backorder for each in variants],
            [each.tracks_lots for each in variants],
            documents,
        ],
    )


def _add_variants(change: Change, texts: list[str]) -> list[tuple[int, int, NewVariant]]:
    """Write the new variants of a product that is there: (number of the row, id, variant)."""
    new = [place for place, variant_id in enumerate(change.variant_ids) if variant_id is None]
    if not new or change.before is None:
        return []
    after = change.after
    placed = [
        Placed(change.before.id, after.name, after.brand, change.targets[place], place, "variants") for place in new
    ]
    ids = insert_variants(placed, learn=False, link=False)
    texts += [
        search.document(after.name, title(each.variant.option_values), after.brand, each.variant.sku) for each in placed
    ]
    rows = [row.number if (row := change.rows[place]) else 0 for place in new]
    return [(row, id_, each.variant) for row, id_, each in zip(rows, ids, placed, strict=True)]


def write_error_workbook(*, report: ImportReport, file: Source, out: BinaryIO) -> int:
    """Write a copy of the rows that have bad cells to `out` (xlsx): the cells marked, what to do in the last column.

    Sentences are in the language of the moment (`django.utils.translation`). Mended, the copy can be imported as it is:
    the added column is ignored. How many rows were written.
    """
    by_row: dict[int, list[Any]] = {}
    for problem in report.errors:
        by_row.setdefault(problem.row, []).append(problem)
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    page = book.add_worksheet("Lỗi")
    bold = book.add_format({"bold": True, "bottom": 1})
    bad = book.add_format({"bg_color": "#FAD7D3", "num_format": "@"})
    plain = book.add_format({"num_format": "@"})
    number_out = -1
    width = 0
    with open_sheet(file) as opened:
        for number, cells in opened.rows:
            is_header = number_out < 0 and any(text_of(cell) for cell in cells)
            if not is_header and number not in by_row:
                continue
            if is_header:
                width = len(cells)
            number_out += 1
            marked = {problem.column for problem in by_row.get(number, ())}
            for place, cell in enumerate(cells[:width]):
                style = bold if is_header else bad if letter(place) in marked else plain
                page.write_string(number_out, place, text_of(cell)[:32_767], style)
            sentences = [
                f"{each.column}{each.row} · {_sentence(each.template, each.params)}" for each in by_row.get(number, ())
            ]
            text = gettext("What to mend") if is_header and not sentences else "\n".join(sentences)
            page.write_string(number_out, width, text[:32_767], bold if is_header else plain)
    book.close()
    return max(number_out, 0)


def _sentence(template: str, params: Any) -> str:
    """The sentence of a problem in the language of the moment."""
    return gettext(template).format_map(params)
