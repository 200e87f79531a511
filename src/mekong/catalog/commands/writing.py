"""How products and variants get into their tables: whole batches, a handful of statements each.

Not use cases of their own: every command that creates products goes through here, so that one product and two hundred
thousand are written, checked and refused alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from mekong.catalog.commands.checking import (
    attribute_values,
    category_ids,
    check_tax_classes,
    free_codes,
    refuse_taken_skus,
    refusing_races,
)
from mekong.catalog.contracts import NewPart, NewProduct, NewVariant
from mekong.catalog.errors import BundleOfBundles, DuplicateBarcode, VariantNotFound
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules import search
from mekong.catalog.rules.barcodes import read_barcode
from mekong.catalog.rules.options import title
from mekong.catalog.rules.words import key
from mekong.foundation.ids import new_id
from mekong.foundation.text import fold


@dataclass(frozen=True)
class Written:
    product_id: int
    variant_ids: tuple[int, ...]


@dataclass(frozen=True)
class Placed:
    """A variant about to be written. `at`: its place in the request."""

    product_id: int
    product_name: str
    brand: str
    variant: NewVariant
    position: int
    at: str


def execute(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def insert_products(
    products: Sequence[NewProduct], *, now: datetime, at: Callable[[int], str], learn: bool = True, link: bool = True
) -> list[Written]:
    """Write products that `rules.check_product` has passed.

    Args:
        at: where the product at an index stands in the request, e.g. `products[3].`; "" for the only one.
        learn: False when the caller sees to `Lexeme` itself, once for all its batches: two writers that learned words
            batch by batch could wait for each other.
        link: False when the caller writes the parts of bundles itself, once all variants are there.

    Raises: DuplicateSku, DuplicateBarcode, DuplicateCode, CategoryNotFound, TaxClassNotFound, attribute errors,
        VariantNotFound and BundleOfBundles (of a part).
    """
    if not products:
        return []
    categories = category_ids(((f"{at(i)}category", each.category) for i, each in enumerate(products)))
    check_tax_classes((f"{at(i)}tax_class", each.tax_class) for i, each in enumerate(products))
    attributes = attribute_values(products, categories, at)
    refuse_taken_skus(
        (f"{at(i)}variants[{place}].sku", variant.sku)
        for i, each in enumerate(products)
        for place, variant in enumerate(each.variants)
    )
    codes = free_codes(products, at)
    ids = _next_ids("catalog_product", len(products))
    with refusing_races():
        execute(
            """insert into catalog_product (id, uid, code, name, name_folded, description, category_id, brand, status,
                                            tax_class, options, attributes, uom, created_at, updated_at)
               overriding system value
               select id, uid, code, name, folded, description, category, brand, status, tax, options, attributes, uom,
                      %s, %s
                 from unnest(%s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
                             %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb[], %s::text[])
                   n(id, uid, code, name, folded, description, category, brand, status, tax, options, attributes,
                     uom)""",
            [
                now,
                now,
                ids,
                [str(new_id()) for _ in products],
                codes,
                [each.name for each in products],
                [folded(each.name) for each in products],
                [each.description for each in products],
                [categories.get(each.category) for each in products],
                [each.brand for each in products],
                [each.status for each in products],
                [each.tax_class for each in products],
                [json.dumps(each.options) for each in products],
                [json.dumps(each) for each in attributes],
                [each.uom for each in products],
            ],
        )
    placed = [
        Placed(product_id, each.name, each.brand, variant, place, f"{at(i)}variants[{place}]")
        for i, (product_id, each) in enumerate(zip(ids, products, strict=True))
        for place, variant in enumerate(each.variants)
    ]
    variant_ids = iter(insert_variants(placed, learn=learn, link=link))
    return [
        Written(product_id, tuple(next(variant_ids) for _ in each.variants))
        for product_id, each in zip(ids, products, strict=True)
    ]


def folded(name: str) -> str:
    return fold(name)[:600]


def insert_variants(placed: Sequence[Placed], *, learn: bool = True, link: bool = True) -> list[int]:
    """Write variants whose SKUs are free, with their barcodes, packs and parts; their ids, in the same order."""
    ids = _next_ids("catalog_variant", len(placed))
    variants = [each.variant for each in placed]
    texts = [
        search.document(each.product_name, title(each.variant.option_values), each.brand, each.variant.sku)
        for each in placed
    ]
    with refusing_races():
        execute(
            """insert into catalog_variant (id, uid, product_id, sku, sku_key, title, option_values, price_minor,
                   currency, cost_minor, weight_g, length_mm, width_mm, height_mm, status, is_bundle, allow_backorder,
                   tracks_lots, price_version, position, popularity, search_text)
               overriding system value
               select id, uid, product, sku, sku_key, title, options, price, currency, cost, weight, length, width,
                      height, status, bundle, backorder, lots, 1, place, 0, text
                 from unnest(%s::bigint[], %s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::jsonb[],
                             %s::bigint[], %s::text[], %s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[],
                             %s::text[], %s::bool[], %s::bool[], %s::bool[], %s::int[], %s::text[])
                   n(id, uid, product, sku, sku_key, title, options, price, currency, cost, weight, length, width,
                     height, status, bundle, backorder, lots, place, text)""",
            [
                ids,
                [str(new_id()) for _ in placed],
                [each.product_id for each in placed],
                [v.sku for v in variants],
                [key(v.sku) for v in variants],
                [title(v.option_values) for v in variants],
                [json.dumps(v.option_values) for v in variants],
                [v.price_minor for v in variants],
                [v.currency for v in variants],
                [v.cost_minor for v in variants],
                [v.weight_g for v in variants],
                [v.length_mm for v in variants],
                [v.width_mm for v in variants],
                [v.height_mm for v in variants],
                [v.status for v in variants],
                [bool(v.parts) for v in variants],
                [v.allow_backorder for v in variants],
                [v.tracks_lots for v in variants],
                [each.position for each in placed],
                texts,
            ],
        )
    if learn:
        learn_words(texts)
    packs = insert_packs([(id_, v) for id_, v in zip(ids, variants, strict=True)])
    insert_barcodes(
        [
            (field, id_, packs[id_, v.packs[place].name] if place >= 0 else None, code)
            for id_, each, v in zip(ids, placed, variants, strict=True)
            for field, place, code in _codes(v, each.at)
        ]
    )
    if link:
        insert_parts([(each.at, id_, v.parts) for id_, each, v in zip(ids, placed, variants, strict=True)])
    return ids


def _codes(variant: NewVariant, at: str) -> Iterator[tuple[str, int, str]]:
    """(field, index of the pack or -1, code) of each barcode."""
    for place, code in enumerate(variant.barcodes):
        yield f"{at}.barcodes[{place}]", -1, code
    for place, pack in enumerate(variant.packs):
        if pack.barcode:
            yield f"{at}.packs[{place}].barcode", place, pack.barcode


def insert_packs(of: Iterable[tuple[int, NewVariant]]) -> dict[tuple[int, str], int]:
    """Write packs; the id of each by variant and name."""
    rows = [(variant_id, pack) for variant_id, variant in of for pack in variant.packs]
    if not rows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into catalog_pack (variant_id, name, factor)
               select * from unnest(%s::bigint[], %s::text[], %s::int[]) returning variant_id, name, id""",
            [[row[0] for row in rows], [row[1].name for row in rows], [row[1].factor for row in rows]],
        )
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def insert_barcodes(rows: Sequence[tuple[str, int, int | None, str]]) -> None:
    """Write barcodes: (field, variant, pack, code).

    Raises: DuplicateBarcode.
    """
    if not rows:
        return
    codes = [read_barcode(code, field) for field, _, _, code in rows]
    taken = fetch(
        # One by one on purpose: see `product_states`.
        """select b.key, (select v.sku from catalog_variant v where v.id = b.variant_id)
             from catalog_barcode b where b.key = any(%(keys)s)""",
        {"keys": [code.key for code in codes]},
    )
    owners: dict[str, str] = dict(taken)
    for (field, _, _, _), code in zip(rows, codes, strict=True):
        if code.key in owners:
            raise DuplicateBarcode(field=field, barcode=code.code, sku=owners[code.key])
        owners[code.key] = ""
    with refusing_races():
        execute(
            """insert into catalog_barcode (variant_id, pack_id, code, key, kind)
               select * from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[])""",
            [
                [row[1] for row in rows],
                [row[2] for row in rows],
                [code.code for code in codes],
                [code.key for code in codes],
                [code.kind for code in codes],
            ],
        )


def insert_parts(of: Iterable[tuple[str, int, Sequence[NewPart]]]) -> None:
    """Write parts of bundles: (place of the bundle, its id, parts).

    Raises: VariantNotFound, BundleOfBundles.
    """
    rows = [
        (f"{at}.parts[{place}].sku".removeprefix("."), bundle, part, place)
        for at, bundle, parts in of
        for place, part in enumerate(parts)
    ]
    if not rows:
        return
    found = fetch(
        "select sku_key, id, is_bundle from catalog_variant where sku_key = any(%(keys)s)",
        {"keys": [key(part.sku) for _, _, part, _ in rows]},
    )
    known = {row[0]: (row[1], row[2]) for row in found}
    for field, _, part, _ in rows:
        if key(part.sku) not in known:
            raise VariantNotFound(field=field, key=part.sku)
        if known[key(part.sku)][1]:
            raise BundleOfBundles(field=field, sku=part.sku)
    execute(
        """insert into catalog_bundlepart (bundle_id, part_id, quantity, position)
           select * from unnest(%s::bigint[], %s::bigint[], %s::int[], %s::int[])""",
        [
            [bundle for _, bundle, _, _ in rows],
            [known[key(part.sku)][0] for _, _, part, _ in rows],
            [part.quantity for _, _, part, _ in rows],
            [place for _, _, _, place in rows],
        ],
    )


def learn_words(texts: Iterable[str]) -> None:
    """Every word of a search text is in `Lexeme`. In order of the words, so that two writers never deadlock."""
    words = sorted({word for text in texts for word in text.split()})
    if words:
        execute(
            "insert into catalog_lexeme (word, count) select w, 1 from unnest(%s::text[]) w on conflict do nothing",
            [words],
        )


def _next_ids(table: str, count: int) -> list[int]:
    if not count:
        return []
    rows = fetch(
        "select nextval(pg_get_serial_sequence(%(table)s, 'id')) from generate_series(1, %(count)s)",
        {"table": table, "count": count},
    )
    return [row[0] for row in rows]
