"""Barcodes and bundles of an import: what can only be judged with the whole file and the catalog side by side."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from mekong.catalog.commands.import_rows import Read, Row, row_codes
from mekong.catalog.errors import (  # fmt: skip
    BundleOfBundles,
    BundleWithLots,
    DuplicateBarcode,
    PartInUse,
    RepeatedValue,
    VariantNotFound,
)
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules.words import key

if TYPE_CHECKING:
    from mekong.catalog.commands.import_plan import Change


def check_barcodes(found: Read, rows: Collection[Row]) -> None:
    """No row takes a barcode from a variant that keeps it. A row that lists barcodes gives up those it had."""
    asked = {code_key for row in rows for _, code_key, _ in row_codes(row)}
    if not asked:
        return
    owners = {
        row[0]: (row[1], row[2], row[3])
        for row in fetch(
            # One by one on purpose: see `product_states`.
            """select b.key, (select v.sku_key from catalog_variant v where v.id = b.variant_id),
                      (select v.sku from catalog_variant v where v.id = b.variant_id), b.pack_id is not null
                 from catalog_barcode b where b.key = any(%(keys)s)""",
            {"keys": list(asked)},
        )
    }
    by_sku = {row.sku_key: row for row in rows}
    for row in rows:
        for column, code_key, code in row_codes(row):
            if code_key not in owners:
                continue
            sku_key, sku, of_pack = owners[code_key]
            giver = by_sku.get(sku_key)
            if giver is None or ("packs" if of_pack else "barcodes") not in giver.values:
                found.blame_row(row, column, DuplicateBarcode(barcode=code, sku=sku))


def check_bundles(found: Read, changes: Collection[Change]) -> None:
    """Parts exist and are no bundles, bundles track no lots, and what is a part stays on sale and no bundle."""
    targets = [(change, place) for change in changes for place, row in enumerate(change.rows) if row is not None]
    in_file = {key(change.targets[place].sku): change.targets[place] for change, place in targets}
    asked = {key(part.sku) for variant in in_file.values() for part in variant.parts}
    known: dict[str, bool] = dict(
        fetch("select sku_key, is_bundle from catalog_variant where sku_key = any(%(keys)s)", {"keys": list(asked)})
    )
    known |= {sku_key: bool(variant.parts) for sku_key, variant in in_file.items()}
    for change, place in targets:
        variant, row = change.targets[place], change.rows[place]
        if not variant.parts or row is None:
            continue
        if variant.tracks_lots:
            found.blame_row(row, "lots", BundleWithLots())
        for part in variant.parts:
            if key(part.sku) == key(variant.sku):
                found.blame_row(row, "parts", RepeatedValue(value=part.sku, first=found.cell_name(row, "sku")))
            elif key(part.sku) not in known:
                found.blame_row(row, "parts", VariantNotFound(key=part.sku))
            elif known[key(part.sku)]:
                found.blame_row(row, "parts", BundleOfBundles(sku=part.sku))
    _check_parts_kept(found, targets, in_file.keys())


def _check_parts_kept(found: Read, targets: list[tuple[Change, int]], in_file: Collection[str]) -> None:
    """A part of a bundle outside the file neither goes off sale nor becomes a bundle."""
    losing: dict[int, tuple[Row, str]] = {}
    for change, place in targets:
        old, variant = change.old(place), change.targets[place]
        row, variant_id = change.rows[place], change.variant_ids[place]
        if old is None or row is None or variant_id is None:
            continue
        if variant.parts and not old.parts:
            losing[variant_id] = (row, "parts")
        elif variant.status == "archived" and old.status == "active":
            losing[variant_id] = (row, "status")
    if not losing:
        return
    used = fetch(
        """select b.part_id, p.sku, string_agg(v.sku, ', ' order by v.sku) from catalog_bundlepart b
             join catalog_variant v on v.id = b.bundle_id join catalog_variant p on p.id = b.part_id
            where b.part_id = any(%(ids)s) and v.status = 'active' and v.sku_key <> all(%(in_file)s)
            group by b.part_id, p.sku""",
        {"ids": list(losing), "in_file": list(in_file)},
    )
    for part_id, sku, bundles in used:
        row, column = losing[part_id]
        found.blame_row(row, column, PartInUse(sku=sku, bundles=bundles))
