"""Products: one with all that belongs to it, and lists by page."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from mekong.catalog.contracts import MediaView, ProductPage, ProductRow, ProductView
from mekong.catalog.errors import ProductNotFound
from mekong.catalog.queries.variants import SELECT_VARIANTS, bundle_parts, fetch, media_url, packs_of, variant_view
from mekong.catalog.rules import search as rules
from mekong.catalog.rules.barcodes import lookup_key
from mekong.catalog.rules.words import key
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.ids import parse_public
from mekong.foundation.paging import MAX_LIMIT, decode_cursor, encode_cursor

_PRODUCT = """
    select p.id, p.uid, p.code, p.name, p.description, p.category_id, coalesce(c.code, ''), coalesce(c.name, ''),
           p.brand, p.status, p.tax_class, p.options, p.attributes, p.uom, p.created_at, p.updated_at
      from catalog_product p left join catalog_category c on c.id = p.category_id
"""


def get_product(*, actor: Actor, sku: str = "", uid: UUID | str | None = None, on: date | None = None) -> ProductView:
    """A product by the SKU of any of its variants or by its own code, or by its public id (`prd_…`, or a bare UUID).

    Five SQL statements. Raises: MayNot, ProductNotFound.
    """
    actor.require("catalog.view")
    rows: list[tuple[Any, ...]] = []
    if uid is not None:
        parsed = parse_public("prd", uid) if isinstance(uid, str) else uid
        if parsed is not None:
            rows = fetch(_BY_UID, {"uid": parsed})
    elif "\0" not in sku:
        rows = fetch(_BY_SKU, {"key": key(sku), "code": sku.strip()})
    if not rows:
        raise ProductNotFound(key=sku or uid)
    return _product_view(rows[0], on, actor)


_BY_UID = f"{_PRODUCT} where p.uid = %(uid)s"
_BY_ID = f"{_PRODUCT} where p.id = %(id)s"
_BY_SKU = f"""{_PRODUCT}
    where p.id = coalesce((select product_id from catalog_variant where sku_key = %(key)s),
                          (select id from catalog_product where code = %(code)s))
"""  # noqa: S608 - put together from constants


def product_by_id(product_id: int, actor: Actor) -> ProductView:
    """What a command on a product answers with, also to those who may write but not look. Raises: ProductNotFound."""
    rows = fetch(_BY_ID, {"id": product_id})
    if not rows:
        raise ProductNotFound(key=product_id)
    return _product_view(rows[0], None, actor)


def _product_view(row: tuple[Any, ...], on: date | None, actor: Actor) -> ProductView:
    found = fetch(
        f"{SELECT_VARIANTS} where v.product_id = %(id)s order by v.position, v.id", {"id": row[0], "on_day": on}
    )
    variants = [variant_view(each, actor) for each in found]
    ids = [variant.id for variant in variants]
    parts = bundle_parts(actor=SYSTEM, variant_ids=ids)
    packs = packs_of(actor=SYSTEM, variant_ids=ids)
    media = fetch(
        """select uid, path, thumbnail, thumbnail_large, width, height, alt_text, position, variant_id
             from catalog_media where product_id = %(id)s or variant_id = any(%(ids)s)
            order by variant_id is not null, variant_id, position, id""",
        {"id": row[0], "ids": ids},
    )
    belonging = (
        tuple(variants),
        tuple(pack for each in ids for pack in packs.get(each, ())),
        tuple(part for each in ids for part in parts.get(each, ())),
        tuple(media_view(each) for each in media),
    )
    return ProductView(*(*row[:11], tuple(_loaded(row[11])), _loaded(row[12]), *row[13:16], *belonging))


def media_view(row: tuple[Any, ...]) -> MediaView:
    """From uid, the three paths, width, height, text, position, variant id."""
    return MediaView(row[0], media_url(row[1]), media_url(row[2]), media_url(row[3]), *row[4:9])


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


_LIST = """
    select p.id, p.uid, p.code, p.name, p.brand, p.status, p.category_id, coalesce(c.name, ''), p.uom,
           coalesce(v.number, 0), coalesce(v.sku, ''),
           case when v.currencies = 1 then v.least end, case when v.currencies = 1 then v.most end,
           coalesce(v.currency, ''),
           coalesce((select m.thumbnail from catalog_media m where m.product_id = p.id
                      order by m.position, m.id limit 1),
                    (select m.thumbnail from catalog_media m join catalog_variant mv on mv.id = m.variant_id
                      where mv.product_id = p.id order by mv.position, m.position, m.id limit 1), ''),
           p.updated_at
      from catalog_product p
      left join catalog_category c on c.id = p.category_id
      left join lateral (
          select count(*) as number, min(price_minor) as least, max(price_minor) as most, min(currency) as currency,
                 count(distinct currency) as currencies, (array_agg(sku order by position, id))[1] as sku
            from catalog_variant where product_id = p.id and (status = 'active' or p.status = 'archived')
      ) v on true
     where {where}
     order by p.id desc limit %(limit)s
"""
BELOW = """p.category_id in (
    with recursive down as (
        select id from catalog_category where code = %(category)s
        union all
        select child.id from down join catalog_category child on child.parent_id = down.id
    ) select id from down)"""


def list_products(
    *,
    actor: Actor,
    q: str = "",
    category: str = "",
    status: str = "",
    brand: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> ProductPage:
    """A page of products, newest first, at most `limit` (itself at most 200).

    Args:
        q: words, each the beginning of a word of name, brand, options or SKU; or a whole SKU or barcode.
        category: code; products of the categories below it are listed too.
        brand: as written, without regard to case.
        cursor: `next_cursor` of the page before.

    One SQL statement. Raises: MayNot, BadCursor.
    """
    actor.require("catalog.view")
    limit = max(1, min(limit, MAX_LIMIT))
    where = ["true"]
    parameters: dict[str, Any] = {"limit": limit + 1}
    if cursor:
        where.append("p.id < %(before)s")
        parameters["before"] = decode_cursor(cursor, tuple[int])[0]
    if category:
        where.append(BELOW)
        parameters["category"] = category
    if status:
        where.append("p.status = %(status)s")
        parameters["status"] = status
    if brand:
        where.append("lower(p.brand) = lower(%(brand)s)")
        parameters["brand"] = brand
    if q.strip():
        words = rules.query_words(q)
        named = "f.search @@ %(words)s::tsquery or " if words else ""
        where.append(
            f"""exists (select 1 from catalog_variant f where f.product_id = p.id and (
                    {named}f.sku_key = %(sku)s
                    or f.id = (select b.variant_id from catalog_barcode b where b.key = %(barcode)s)))"""  # noqa: S608 - constants
        )
        parameters |= {"words": rules.tsquery(rules.beginnings(words)), "sku": key(q), "barcode": lookup_key(q)}
    if any("\0" in value for value in parameters.values() if isinstance(value, str)):
        return ProductPage((), None)
    rows = fetch(_LIST.format(where=" and ".join(where)), parameters)
    items = tuple(ProductRow(*(*row[:14], media_url(row[14]), row[15])) for row in rows[:limit])
    return ProductPage(items, encode_cursor(items[-1].id) if len(rows) > limit else None)


def products_by_id(*, actor: Actor, ids: Collection[int]) -> dict[int, ProductRow]:
    """These products as a list shows them, by id; unknown ids are left out. One SQL statement. Raises: MayNot."""
    actor.require("catalog.view")
    if not ids:
        return {}
    rows = fetch(_LIST.format(where="p.id = any(%(ids)s)"), {"ids": list(ids), "limit": len(ids)})
    return {row[0]: ProductRow(*(*row[:14], media_url(row[14]), row[15])) for row in rows}


def products_by_code(*, actor: Actor, codes: Collection[str]) -> dict[str, int]:
    """The ids of products by their own codes; unknown codes are left out. One SQL statement. Raises: MayNot."""
    actor.require("catalog.view")
    wanted = [code for code in codes if "\0" not in code]
    if not wanted:
        return {}
    rows = fetch("select code, id from catalog_product where code = any(%(codes)s)", {"codes": wanted})
    return {row[0]: row[1] for row in rows}


def list_brands(*, actor: Actor) -> tuple[str, ...]:
    """Every brand that a product has, as it is written, in order. One SQL statement. Raises: MayNot."""
    actor.require("catalog.view")
    return tuple(row[0] for row in fetch("select distinct brand from catalog_product where brand <> '' order by 1", {}))
