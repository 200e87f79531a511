"""The table of variants: which there are, in what order, and the facts of a window of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mekong.catalog.contracts import GridFacts, GridIndex
from mekong.catalog.models import GridLayout
from mekong.catalog.queries.products import BELOW
from mekong.catalog.queries.variants import fetch, media_url
from mekong.catalog.rules import cells
from mekong.catalog.rules import search as rules
from mekong.catalog.rules.barcodes import lookup_key
from mekong.catalog.rules.words import key
from mekong.foundation.actor import Actor

MOST_ROWS = 100_000
"""As many rows as a browser can hold the ids of without anybody noticing."""

_BARCODE = """(select b.code::text from catalog_barcode b
                where b.variant_id = v.id and b.pack_id is null order by b.id limit 1)"""
_STATE = """case when 'archived' in (p.status, v.status) then 'archived'
                 when p.status = 'draft' then 'draft' else 'active' end"""
_SORTS = {
    "name": "p.name_folded", "sku": "v.sku_key", "barcode": _BARCODE, "category": "lower(c.name)", "status": _STATE,
    "price": "v.price_minor", "cost": "v.cost_minor",
}  # fmt: skip
_INDEX = """
    select v.id from catalog_variant v join catalog_product p on p.id = v.product_id
      left join catalog_category c on c.id = p.category_id
     where {where} order by {order} limit %(limit)s
"""
_FACTS = f"""
    select v.id, v.product_id, p.name, v.title, v.sku, {_BARCODE}, c.code, p.status, v.status, v.price_minor,
           v.cost_minor, v.currency, v.is_bundle,
           coalesce((select m.thumbnail from catalog_media m where m.variant_id = v.id order by m.position, m.id limit 1),
                    (select m.thumbnail from catalog_media m where m.product_id = p.id order by m.position, m.id limit 1),
                    '')
      from catalog_variant v join catalog_product p on p.id = v.product_id
      left join catalog_category c on c.id = p.category_id
     where v.id = any(%(ids)s)
"""  # noqa: S608 - put together from constants


def grid_index(
    *,
    actor: Actor,
    q: str = "",
    category: str = "",
    status: str = "",
    brand: str = "",
    sort: str = "",
    is_falling: bool = False,
) -> GridIndex:
    """The variants that fit, in the order asked for, at most `MOST_ROWS`.

    Args:
        q, category, brand: as for `list_products`; a word or code finds the variants that have it themselves.
        status: active, draft or archived, of the variant with its product; "" for all.
        sort: name, sku, barcode, category, status, price or cost; else the newest products first. What has none
            stands last.

    One SQL statement. Raises: MayNot (also a sort by cost by somebody who may not see costs).
    """
    actor.require("catalog.view")
    if sort == "cost":
        actor.require("money.view_cost")
    where = ["true"]
    parameters: dict[str, Any] = {"limit": MOST_ROWS + 1}
    if category:
        where.append(BELOW)
        parameters["category"] = category
    if status:
        where.append(f"{_STATE} = %(status)s")
        parameters["status"] = status
    if brand:
        where.append("lower(p.brand) = lower(%(brand)s)")
        parameters["brand"] = brand
    if q.strip():
        words = rules.query_words(q)
        named = "v.search @@ %(words)s::tsquery or " if words else ""
        where.append(f"""({named}v.sku_key = %(sku)s
            or v.id = (select b.variant_id from catalog_barcode b where b.key = %(barcode)s))""")  # noqa: S608 - constants
        parameters |= {"words": rules.tsquery(rules.beginnings(words)), "sku": key(q), "barcode": lookup_key(q)}
    if any("\0" in value for value in parameters.values() if isinstance(value, str)):
        return GridIndex((), is_cut=False)
    order = "p.id desc, v.position, v.id"
    if sort in _SORTS:
        order = f"{_SORTS[sort]} {'desc' if is_falling else 'asc'} nulls last, {order}"
    rows = fetch(_INDEX.format(where=" and ".join(where), order=order), parameters)
    return GridIndex(tuple(row[0] for row in rows[:MOST_ROWS]), is_cut=len(rows) > MOST_ROWS)


def products_of(*, actor: Actor, variant_ids: Sequence[int]) -> set[int]:
    """The products that these variants are of. One SQL statement. Raises: MayNot."""
    actor.require("catalog.view")
    rows = fetch("select distinct product_id from catalog_variant where id = any(%(ids)s)", {"ids": list(variant_ids)})
    return {row[0] for row in rows}


def grid_facts(*, actor: Actor, ids: Sequence[int]) -> list[GridFacts]:
    """The facts of these variants, in the order asked for; unknown ids are left out. One SQL statement. Raises: MayNot."""
    actor.require("catalog.view")
    with_costs = actor.may("money.view_cost")
    found = {row[0]: _facts(row, with_costs=with_costs) for row in fetch(_FACTS, {"ids": list(ids)})} if ids else {}
    return [found[each] for each in ids if each in found]


def _facts(row: tuple[Any, ...], *, with_costs: bool) -> GridFacts:
    currency = row[11]
    cost = "" if row[10] is None else cells.money(row[10], currency)
    return GridFacts(
        id=row[0], product_id=row[1], name=row[2], title=row[3], sku=row[4], barcode=row[5] or "", category=row[6] or "",
        status=cells.state(row[7], row[8]), price=cells.money(row[9], currency), price_minor=row[9],
        cost=cost if with_costs else None, currency=currency, is_bundle=row[12], thumbnail_url=media_url(row[13]),
    )  # fmt: skip


def grid_layout(*, actor: Actor) -> tuple[str, ...]:
    """The columns that this person chose; none: those it begins with. Raises: MayNot."""
    actor.require("catalog.view")
    row = GridLayout.objects.filter(owner=actor.ref).values_list("columns", flat=True).first()
    return tuple(row or ())
