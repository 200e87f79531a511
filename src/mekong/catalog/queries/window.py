"""What is on sale, as a shop window shows it: for feeds, by the thousand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mekong.catalog.contracts import ShownVariant
from mekong.catalog.queries.states import category_paths
from mekong.catalog.queries.variants import fetch, media_url
from mekong.foundation.actor import Actor

_CHUNK = 500
_NEXT = """
    select v.id, v.product_id, p.uid, p.code, v.sku, p.name, v.title, p.options, v.option_values, p.description, p.brand,
           p.category_id, v.price_minor, v.currency, v.weight_g, v.allow_backorder,
           (select count(*) from catalog_variant s where s.product_id = p.id and s.status = 'active'),
           array(select b.code::text from catalog_barcode b
                  where b.variant_id = v.id and b.pack_id is null order by b.id),
           array(select m.path from catalog_media m where m.variant_id = v.id order by m.position, m.id)
           || array(select m.path from catalog_media m where m.product_id = p.id order by m.position, m.id)
      from catalog_variant v join catalog_product p on p.id = v.product_id
     where p.status = 'active' and v.status = 'active' and (v.product_id, v.id) > (%(product)s, %(variant)s)
     order by v.product_id, v.id limit %(limit)s
"""


def shown_variants(*, actor: Actor, chunk: int = _CHUNK) -> Iterator[list[ShownVariant]]:
    """Every variant on sale, variants of one product together, in lists of up to `chunk`.

    One statement a list and one before. What changes meanwhile is shown as it is when its list is read. Raises: MayNot.
    """
    actor.require("catalog.view")
    paths = {category: path for path, (category, _) in category_paths().items()}
    after = {"product": 0, "variant": 0}
    while rows := fetch(_NEXT, {**after, "limit": chunk}):
        yield [_shown(row, paths) for row in rows]
        after = {"product": rows[-1][1], "variant": rows[-1][0]}


def _shown(row: tuple[Any, ...], paths: dict[int, str]) -> ShownVariant:
    options = dict(zip(_loaded(row[7]), _loaded(row[8]), strict=False))
    pictures = tuple(media_url(path) for path in dict.fromkeys(row[18]))
    fields = (*row[:7], options, row[9], row[10], paths.get(row[11], ""), *row[12:17], tuple(row[17]), pictures)
    return ShownVariant(*fields)


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
