"""What there is of a product for a listing: lengths, counts, and what is missing. For many products at once."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from mekong.catalog.contracts import ListingFacts
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules.barcodes import is_global
from mekong.foundation.actor import Actor

_FACTS = """
    select p.id, length(p.name), length(p.description), p.category_id, p.brand <> '', jsonb_array_length(p.options),
           p.attributes,
           (select count(*) from catalog_media m
             where m.product_id = p.id
                or m.variant_id in (select mv.id from catalog_variant mv where mv.product_id = p.id)),
           (select coalesce(min(least(m.width, m.height)), 0) from catalog_media m where m.product_id = p.id),
           (select coalesce(json_agg(json_build_array(
                       v.status, v.price_minor > 0, coalesce(v.weight_g, 0) > 0,
                       coalesce(least(v.length_mm, v.width_mm, v.height_mm), 0) > 0 and v.length_mm is not null
                           and v.width_mm is not null and v.height_mm is not null,
                       array(select b.code from catalog_barcode b where b.variant_id = v.id and b.pack_id is null))
                     order by v.position, v.id), '[]'::json)
              from catalog_variant v where v.product_id = p.id)
      from catalog_product p where p.id = any(%(ids)s)
"""
_REQUIRED = """
    with recursive up as (
        select id as start, id, parent_id from catalog_category where id = any(%(ids)s)
        union all
        select up.start, c.id, c.parent_id from up join catalog_category c on c.id = up.parent_id
    )
    select distinct up.start, a.code, a.name
      from up join catalog_categoryattribute ca on ca.category_id = up.id and ca.is_required
      join catalog_attribute a on a.id = ca.attribute_id order by 1, 3, 2
"""


def listing_facts(*, actor: Actor, product_ids: Collection[int]) -> dict[int, ListingFacts]:
    """The facts of each of these products; unknown ids are left out. Two SQL statements. Raises: MayNot."""
    actor.require("catalog.view")
    if not product_ids:
        return {}
    rows = fetch(_FACTS, {"ids": list(product_ids)})
    required: dict[int, list[tuple[str, str]]] = {}
    for category_id, code, name in fetch(_REQUIRED, {"ids": sorted({row[3] for row in rows if row[3] is not None})}):
        required.setdefault(category_id, []).append((code, name))
    return {row[0]: _facts(row, required.get(row[3], [])) for row in rows}


def _facts(row: tuple[Any, ...], required: list[tuple[str, str]]) -> ListingFacts:
    attributes = json.loads(row[6]) if isinstance(row[6], str) else row[6]
    variants = json.loads(row[9]) if isinstance(row[9], str) else row[9]
    # Places are those of all variants, as forms number them; asked are those on sale.
    on_sale = [(place, each) for place, each in enumerate(variants) if each[0] == "active"]

    def without(column: int) -> tuple[int, ...]:
        return tuple(place for place, each in on_sale if not each[column])

    return ListingFacts(
        product_id=row[0],
        name_length=row[1],
        description_length=row[2],
        has_category=row[3] is not None,
        has_brand=row[4],
        options=row[5],
        missing_attributes=tuple(each for each in required if each[0] not in attributes),
        pictures=row[7],
        smallest_picture_px=row[8],
        variants=len(on_sale),
        without_price=without(1),
        without_weight=without(2),
        without_size=without(3),
        without_gtin=tuple(place for place, each in on_sale if not any(map(is_global, each[4]))),
    )
