"""What products are described by, for whoever decides by it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from mekong.catalog.contracts import AttributeValue
from mekong.catalog.queries.variants import fetch
from mekong.foundation.actor import Actor


def product_traits(*, actor: Actor, product_ids: Collection[int]) -> dict[int, Mapping[str, AttributeValue]]:
    """The attributes of each of these products that has any: code to value. One SQL statement. Raises: MayNot."""
    actor.require("catalog.view")
    if not product_ids:
        return {}
    rows = fetch(
        "select id, attributes from catalog_product where id = any(%(ids)s) and attributes <> '{}'",
        {"ids": list(product_ids)},
    )
    return {row[0]: json.loads(row[1]) if isinstance(row[1], str) else row[1] for row in rows}
