"""Variants and what hangs on them, by id, SKU or barcode: one statement however many are asked for."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection

from mekong.catalog.contracts import BundlePartView, PackView, Scanned, VariantView
from mekong.catalog.rules.barcodes import lookup_key
from mekong.catalog.rules.words import key
from mekong.foundation.actor import Actor

# Rates turn at midnight in Vietnam. `on_day` null: today there.
_COLUMNS = """
    v.id, v.uid, v.product_id, p.uid as product_uid, v.sku, p.name as product_name, v.title, v.option_values, p.brand,
    p.category_id, p.uom, v.price_minor, v.currency, v.price_version, v.cost_minor, p.tax_class,
    coalesce((select r.rate_bp from catalog_taxrate r
               where r.tax_class = p.tax_class
                 and r.valid_from <= coalesce(%(on_day)s::date, (now() at time zone 'Asia/Ho_Chi_Minh')::date)
               order by r.valid_from desc limit 1), 0) as tax_rate_bp,
    v.is_bundle, v.allow_backorder, v.tracks_lots, v.weight_g, v.length_mm, v.width_mm, v.height_mm, v.status,
    p.status as product_status,
    array(select b.code::text from catalog_barcode b
           where b.variant_id = v.id and b.pack_id is null order by b.id) as barcodes,
    coalesce((select m.thumbnail from catalog_media m where m.variant_id = v.id order by m.position, m.id limit 1),
             (select m.thumbnail from catalog_media m where m.product_id = p.id order by m.position, m.id limit 1),
             '') as thumbnail
"""
_FROM = "from catalog_variant v join catalog_product p on p.id = v.product_id"
SELECT_VARIANTS = f"select {_COLUMNS} {_FROM}"
_BY_SKU = f"select {_COLUMNS}, v.sku_key {_FROM} where v.sku_key = any(%(keys)s)"
_WIDTH = 28
"""Columns of a variant; what a statement selects after them belongs to the asker."""


def media_url(path: str) -> str:
    return f"{settings.MEDIA_URL}{path}" if path else ""


def variant_view(row: tuple[Any, ...], actor: Actor) -> VariantView:
    """The first columns of a row of `SELECT_VARIANTS` as a contract; costs only for those who may see them."""
    fields = list(row[:_WIDTH])
    if not actor.may("money.view_cost"):
        fields[14] = None
    fields[7] = tuple(json.loads(fields[7]) if isinstance(fields[7], str) else fields[7])
    fields[26] = tuple(fields[26])
    fields[27] = media_url(fields[27])
    return VariantView(*fields)


def fetch(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def variants_by_id(*, actor: Actor, ids: Collection[int], on: date | None = None) -> dict[int, VariantView]:
    """Variants by id, with the tax rate of the day `on` (None: today in Vietnam). Unknown ids are left out.

    One SQL statement. Raises: MayNot.
    """
    actor.require("catalog.view")
    if not ids:
        return {}
    rows = fetch(f"{SELECT_VARIANTS} where v.id = any(%(ids)s)", {"ids": list(ids), "on_day": on})
    return {row[0]: variant_view(row, actor) for row in rows}


def variants_of(
    *, actor: Actor, product_ids: Collection[int], on: date | None = None
) -> dict[int, tuple[VariantView, ...]]:
    """All variants of each of these products, in their order.

    One SQL statement. Raises: MayNot.
    """
    actor.require("catalog.view")
    rows = fetch(
        f"{SELECT_VARIANTS} where v.product_id = any(%(ids)s) order by v.position, v.id",
        {"ids": list(product_ids), "on_day": on},
    )
    found: dict[int, tuple[VariantView, ...]] = {}
    for row in rows:
        view = variant_view(row, actor)
        found[view.product_id] = (*found.get(view.product_id, ()), view)
    return found


def variants_by_sku(*, actor: Actor, skus: Collection[str], on: date | None = None) -> dict[str, VariantView]:
    """Variants by SKU without regard to case, under the very text that was asked for. Unknown SKUs are left out.

    One SQL statement. Raises: MayNot.
    """
    actor.require("catalog.view")
    keys = {sku: key(sku) for sku in skus if "\0" not in sku}
    if not keys:
        return {}
    rows = fetch(_BY_SKU, {"keys": list(set(keys.values())), "on_day": on})
    found = {row[_WIDTH]: variant_view(row, actor) for row in rows}
    return {sku: found[sku_key] for sku, sku_key in keys.items() if sku_key in found}


_BY_BARCODE = f"""
    select {_COLUMNS}, c.key, coalesce(k.factor, 1), coalesce(k.name, '')
      from catalog_barcode c
      join catalog_variant v on v.id = c.variant_id
      join catalog_product p on p.id = v.product_id
      left join catalog_pack k on k.id = c.pack_id
     where c.key = any(%(keys)s)
"""  # noqa: S608 - put together from constants


def variants_by_plain_sku(*, actor: Actor, skus: Collection[str]) -> dict[str, tuple[VariantView, ...]]:
    """Active variants whose SKU is the same but for dashes, dots, blanks and the like. Reads every SKU once.

    Under the very text that was asked for; those without any are left out. Two SQL statements. Raises: MayNot.
    """
    actor.require("catalog.view")
    asked = {sku: key(sku).translate(_NO_MARKS) for sku in skus}
    wanted = {plain for plain in asked.values() if len(plain) >= _SHORTEST_PLAIN}
    if not wanted:
        return {}
    rows = fetch(_PLAIN, {"wanted": list(wanted), "marks": _MARKS})
    views = variants_by_id(actor=actor, ids=[row[0] for row in rows])
    by_plain: dict[str, tuple[VariantView, ...]] = {}
    for variant, plain in rows:
        if variant in views:
            by_plain[plain] = (*by_plain.get(plain, ()), views[variant])
    return {sku: by_plain[plain] for sku, plain in asked.items() if plain in by_plain}


_SHORTEST_PLAIN = 3
_MARKS = "-_./ #+:"
_NO_MARKS = {ord(mark): None for mark in _MARKS}
_PLAIN = """
    select id, translate(sku_key, %(marks)s, '') from catalog_variant
     where status = 'active' and translate(sku_key, %(marks)s, '') = any(%(wanted)s)
"""


def scan_barcodes(*, actor: Actor, codes: Collection[str], on: date | None = None) -> dict[str, Scanned]:
    """What each code is of: a variant, and how many of it (more than one for the code of a pack).

    A UPC-A finds the EAN-13 of the same article and the other way round. Unknown codes are left out.
    One SQL statement. Raises: MayNot.
    """
    actor.require("catalog.view")
    keys = {code: lookup_key(code) for code in codes if "\0" not in code}
    if not keys:
        return {}
    rows = fetch(_BY_BARCODE, {"keys": list(set(keys.values())), "on_day": on})
    found = {row[_WIDTH]: Scanned(variant_view(row, actor), row[_WIDTH + 1], row[_WIDTH + 2]) for row in rows}
    return {code: found[code_key] for code, code_key in keys.items() if code_key in found}


def variants_by_barcode(*, actor: Actor, codes: Collection[str], on: date | None = None) -> dict[str, VariantView]:
    """Variants by a barcode of their single unit, under the text asked for; codes of packs are left out.

    One SQL statement. Raises: MayNot.
    """
    scanned = scan_barcodes(actor=actor, codes=codes, on=on)
    return {code: each.variant for code, each in scanned.items() if not each.pack}


def bundle_parts(*, actor: Actor, variant_ids: Collection[int]) -> dict[int, tuple[BundlePartView, ...]]:
    """The parts of each of these variants that is a bundle; the others are left out.

    One SQL statement. Raises: MayNot.
    """
    actor.require("catalog.view")
    if not variant_ids:
        return {}
    rows = fetch(
        """select b.bundle_id, b.part_id, v.sku,
                  case when v.title = '' then p.name else p.name || ' - ' || v.title end, b.quantity
             from catalog_bundlepart b
             join catalog_variant v on v.id = b.part_id
             join catalog_product p on p.id = v.product_id
            where b.bundle_id = any(%(ids)s) order by b.bundle_id, b.position, b.id""",
        {"ids": list(variant_ids)},
    )
    found: dict[int, tuple[BundlePartView, ...]] = {}
    for row in rows:
        found[row[0]] = (*found.get(row[0], ()), BundlePartView(*row))
    return found


def packs_of(*, actor: Actor, variant_ids: Collection[int]) -> dict[int, tuple[PackView, ...]]:
    """The packs of each of these variants, smallest first; variants without packs are left out.

    One SQL statement. Raises: MayNot.
    """
    actor.require("catalog.view")
    if not variant_ids:
        return {}
    rows = fetch(
        """select k.variant_id, k.name, k.factor, coalesce(b.code::text, '')
             from catalog_pack k left join catalog_barcode b on b.pack_id = k.id
            where k.variant_id = any(%(ids)s) order by k.variant_id, k.factor, k.id""",
        {"ids": list(variant_ids)},
    )
    found: dict[int, tuple[PackView, ...]] = {}
    for row in rows:
        found[row[0]] = (*found.get(row[0], ()), PackView(*row))
    return found
