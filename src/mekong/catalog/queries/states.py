"""Products in the form they are created in: what an import compares with, and an export writes down."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from mekong.catalog.contracts import NewPack, NewPart, NewProduct, NewVariant
from mekong.catalog.queries.variants import fetch


@dataclass(frozen=True)
class State:
    """A product as it is. `product.category` is the path of its category ("Thời trang > Áo")."""

    id: int
    product: NewProduct
    variant_ids: tuple[int, ...]


def category_paths() -> dict[str, tuple[int, str]]:
    """Id and code of each category by its path."""
    rows = fetch(
        """with recursive tree as (
               select id, code, name::text as path from catalog_category where parent_id is null
               union all
               select c.id, c.code, t.path || ' > ' || c.name from catalog_category c join tree t on t.id = c.parent_id
           ) select path, id, code from tree""",
        {},
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def product_states(ids: Collection[int], paths: dict[str, tuple[int, str]]) -> list[State]:
    """The states of these products, by id. Five SQL statements.

    Each reads one table, and asks another row by row: a join of tables that are taken for empty (inside the transaction
    that fills them, or after one that was undone) is made of every row with every row, and thousands take minutes.
    """
    if not ids:
        return []
    path_of = {category_id: path for path, (category_id, _) in paths.items()}
    products = fetch(
        """select id, code, name, description, category_id, brand, status, tax_class, options, attributes, uom
             from catalog_product where id = any(%(ids)s) order by id""",
        {"ids": list(ids)},
    )
    variants = _variants(ids)
    return [
        State(
            row[0],
            NewProduct(
                code=row[1],
                name=row[2],
                description=row[3],
                category=path_of.get(row[4], ""),
                brand=row[5],
                status=row[6],
                tax_class=row[7],
                options=tuple(_loaded(row[8])),
                attributes=_loaded(row[9]),
                uom=row[10],
                variants=tuple(variant for _, variant in variants.get(row[0], ())),
            ),
            tuple(variant_id for variant_id, _ in variants.get(row[0], ())),
        )
        for row in products
    ]


def _variants(ids: Collection[int]) -> dict[int, list[tuple[int, NewVariant]]]:
    variants = fetch(
        """select product_id, id, sku, price_minor, currency, option_values, cost_minor, weight_g, length_mm, width_mm,
                  height_mm, allow_backorder, tracks_lots, status
             from catalog_variant where product_id = any(%(ids)s) order by position, id""",
        {"ids": list(ids)},
    )
    parameters = {"ids": [row[1] for row in variants]}
    codes: dict[int, list[tuple[str, int | None]]] = {}
    for row in fetch(
        "select variant_id, code, pack_id from catalog_barcode where variant_id = any(%(ids)s) order by id", parameters
    ):
        codes.setdefault(row[0], []).append((row[1], row[2]))
    packs: dict[int, list[NewPack]] = {}
    for row in fetch(
        """select variant_id, name, factor, id from catalog_pack
            where variant_id = any(%(ids)s) order by factor, name""",
        parameters,
    ):
        code = next((code for code, pack in codes.get(row[0], ()) if pack == row[3]), "")
        packs.setdefault(row[0], []).append(NewPack(row[1], row[2], code))
    parts: dict[int, list[NewPart]] = {}
    for row in fetch(
        """select b.bundle_id, (select p.sku from catalog_variant p where p.id = b.part_id), b.quantity
             from catalog_bundlepart b where b.bundle_id = any(%(ids)s) order by b.position, b.id""",
        parameters,
    ):
        parts.setdefault(row[0], []).append(NewPart(row[1], row[2]))
    found: dict[int, list[tuple[int, NewVariant]]] = {}
    for row in variants:
        variant = NewVariant(
            sku=row[2],
            price_minor=row[3],
            currency=row[4],
            option_values=tuple(_loaded(row[5])),
            cost_minor=row[6],
            weight_g=row[7],
            length_mm=row[8],
            width_mm=row[9],
            height_mm=row[10],
            allow_backorder=row[11],
            tracks_lots=row[12],
            status=row[13],
            barcodes=tuple(code for code, pack in codes.get(row[1], ()) if pack is None),
            packs=tuple(sorted(packs.get(row[1], ()), key=lambda pack: (pack.factor, pack.name))),
            parts=tuple(parts.get(row[1], ())),
        )
        found.setdefault(row[0], []).append((row[1], variant))
    return found


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
