"""What stock needs to know of variants: the parts of bundles, lots, back-orders, and the names controls go by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

_FACTS = """
    select v.id, v.allow_backorder, v.tracks_lots,
           coalesce(array_agg(p.part_id order by p.part_id) filter (where p.part_id is not null), '{}'),
           coalesce(array_agg(p.quantity order by p.part_id) filter (where p.part_id is not null), '{}')
      from catalog_variant v left join catalog_bundlepart p on p.bundle_id = v.id
     where v.id = any(%s::bigint[]) group by v.id
"""
_NAMES = """
    with recursive above (variant_id, sku, category_id) as (
        select v.id, v.sku, p.category_id from catalog_variant v join catalog_product p on p.id = v.product_id
         where v.id = any(%s::bigint[])
        union all
        select above.variant_id, above.sku, c.parent_id from above join catalog_category c on c.id = above.category_id
         where c.parent_id is not null)
    select above.variant_id, above.sku, array_remove(array_agg(c.code), null)
      from above left join catalog_category c on c.id = above.category_id group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class StockFacts:
    """How a variant is stocked. `parts`: (variant id, units) of a bundle, empty for anything else."""

    variant_id: int
    allow_backorder: bool
    tracks_lots: bool
    parts: tuple[tuple[int, int], ...] = ()


def stock_facts(*, variant_ids: Collection[int]) -> dict[int, StockFacts]:
    """Facts of each variant asked for, by id; one statement. An id that does not exist is missing."""
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [list(variant_ids)])
        return {
            row[0]: StockFacts(row[0], row[1], row[2], tuple(zip(row[3], row[4], strict=True)))
            for row in cursor.fetchall()
        }


def lot_tracked(*, variant_ids: Collection[int]) -> set[int]:
    """Those of the variants that are kept by lot."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id from catalog_variant where id = any(%s::bigint[]) and tracks_lots", [list(variant_ids)]
        )
        return {row[0] for row in cursor.fetchall()}


def control_names(*, variant_ids: Collection[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
    """SKU and category codes, own and above, of each variant: what a stock control may name."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [list(variant_ids)])
        return {row[0]: (row[1], tuple(row[2])) for row in cursor.fetchall()}


def bundles_with(*, part_ids: Collection[int]) -> set[int]:
    """Bundles that contain any of these variants: their availability moves with their parts'."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct bundle_id from catalog_bundlepart where part_id = any(%s::bigint[])", [list(part_ids)]
        )
        return {row[0] for row in cursor.fetchall()}


def bundle_contents(*, variant_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """The parts' ids of each of these variants that is a bundle; the others are left out. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select bundle_id, array_agg(part_id) from catalog_bundlepart where bundle_id = any(%s::bigint[]) group by 1",
            [list(variant_ids)],
        )
        return {row[0]: tuple(row[1]) for row in cursor.fetchall()}
