"""Categories, the attributes they ask for, and tax classes."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date

from mekong.catalog.contracts import (
    AttributeView,
    CategoryAttributeView,
    CategoryCount,
    CategoryView,
    TaxClassView,
)
from mekong.catalog.queries.variants import fetch
from mekong.foundation.actor import Actor

_TREE = """
    with recursive tree as (
        select id, uid, code, name, parent_id, array[name::text] as path, position, array[position, id::int] as sort
          from catalog_category where parent_id is null
        union all
        select c.id, c.uid, c.code, c.name, c.parent_id, t.path || c.name::text, c.position,
               t.sort || array[c.position, c.id::int]
          from catalog_category c join tree t on t.id = c.parent_id
    )
    select id, uid, code, name, parent_id, path, position from tree order by sort
"""


def list_categories(*, actor: Actor) -> tuple[CategoryView, ...]:
    """The whole tree, parents before their children, each level in its order. One SQL statement. Raises: MayNot."""
    actor.require("catalog.view")
    return tuple(CategoryView(*(*row[:5], tuple(row[5]), row[6])) for row in fetch(_TREE, {}))


def category_ancestors(*, actor: Actor, category_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Each category with all above it, itself first. One SQL statement. Raises: MayNot."""
    actor.require("catalog.view")
    if not category_ids:
        return {}
    rows = fetch(
        """with recursive up as (
               select id as start, id, parent_id, 0 as depth from catalog_category where id = any(%(ids)s)
               union all
               select up.start, c.id, c.parent_id, up.depth + 1
                 from up join catalog_category c on c.id = up.parent_id
           )
           select start, array_agg(id order by depth) from up group by start""",
        {"ids": list(category_ids)},
    )
    return {row[0]: tuple(row[1]) for row in rows}


def list_attributes(*, actor: Actor, category_id: int | None = None) -> tuple[AttributeView, ...]:
    """All attributes; or those asked for in a category, first those that the categories above it ask for.

    One SQL statement. Raises: MayNot.
    """
    actor.require("catalog.view")
    return attributes_of(category_id)


def attributes_of(category_id: int | None) -> tuple[AttributeView, ...]:
    if category_id is None:
        rows = fetch("select code, name, kind, choices, unit, false from catalog_attribute order by name, code", {})
    else:
        rows = fetch(
            """with recursive up as (
                   select id, parent_id, 0 as depth from catalog_category where id = %(id)s
                   union all
                   select c.id, c.parent_id, up.depth + 1 from up join catalog_category c on c.id = up.parent_id
               )
               select a.code, a.name, a.kind, a.choices, a.unit, bool_or(ca.is_required)
                 from up join catalog_categoryattribute ca on ca.category_id = up.id
                 join catalog_attribute a on a.id = ca.attribute_id
                group by a.id order by max(up.depth) desc, min(ca.position), a.name, a.code""",
            {"id": category_id},
        )
    return tuple(AttributeView(row[0], row[1], row[2], tuple(_list(row[3])), row[4], row[5]) for row in rows)


def options_used(*, actor: Actor, category_id: int) -> tuple[str, ...]:
    """Names of the options that products in a category and below it have, the most frequent first.

    One SQL statement. Raises: MayNot.
    """
    actor.require("catalog.view")
    rows = fetch(
        """with recursive down as (
               select id from catalog_category where id = %(id)s
               union all
               select c.id from down join catalog_category c on c.parent_id = down.id
           )
           select said.name from catalog_product p, jsonb_array_elements_text(p.options) as said(name)
            where p.category_id in (select id from down) group by said.name order by count(*) desc, said.name limit 50""",
        {"id": category_id},
    )
    return tuple(row[0] for row in rows)


def category_attributes(*, actor: Actor, category_id: int) -> tuple[CategoryAttributeView, ...]:
    """The attribute sets of a category and of those above it, from the top down, each in its order.

    One SQL statement. Raises: MayNot.
    """
    actor.require("catalog.view")
    rows = fetch(
        """with recursive up as (
               select id, parent_id, code, name, 0 as depth from catalog_category where id = %(id)s
               union all
               select c.id, c.parent_id, c.code, c.name, up.depth + 1
                 from up join catalog_category c on c.id = up.parent_id
           )
           select a.code, a.name, a.kind, a.choices, a.unit, ca.is_required, up.code, up.name, up.depth = 0
             from up join catalog_categoryattribute ca on ca.category_id = up.id
             join catalog_attribute a on a.id = ca.attribute_id
            order by up.depth desc, ca.position, a.name""",
        {"id": category_id},
    )
    return tuple(
        CategoryAttributeView(
            AttributeView(row[0], row[1], row[2], tuple(_list(row[3])), row[4], row[5]), row[6], row[7], row[8]
        )
        for row in rows
    )


def category_counts(*, actor: Actor) -> dict[int, CategoryCount]:
    """How many products stand in each category, and with all below it. Two SQL statements. Raises: MayNot."""
    own = dict(fetch("select category_id, count(*) from catalog_product where category_id is not null group by 1", {}))
    tree = list_categories(actor=actor)
    whole = {each.id: int(own.get(each.id, 0)) for each in tree}
    for each in reversed(tree):
        if each.parent_id is not None:
            whole[each.parent_id] += whole[each.id]
    return {each.id: CategoryCount(int(own.get(each.id, 0)), whole[each.id]) for each in tree}


def _list(value: object) -> list[str]:
    loaded = json.loads(value) if isinstance(value, str) else value
    return [str(each) for each in loaded] if isinstance(loaded, list) else []


def list_tax_classes(*, actor: Actor, on: date) -> tuple[TaxClassView, ...]:
    """Tax classes with their rates on a day, highest first. One SQL statement. Raises: MayNot."""
    actor.require("catalog.view")
    rows = fetch(
        """select c.code, c.name, c.is_exempt,
                  coalesce((select r.rate_bp from catalog_taxrate r where r.tax_class = c.code
                               and r.valid_from <= %(on_day)s order by r.valid_from desc limit 1), 0) as rate
             from catalog_taxclass c order by is_exempt, rate desc, c.code""",
        {"on_day": on},
    )
    return tuple(TaxClassView(*row) for row in rows)
