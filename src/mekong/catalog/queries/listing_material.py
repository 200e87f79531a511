"""All that a product is shown with elsewhere."""

from __future__ import annotations

from collections.abc import Collection

from mekong.catalog.contracts import ListingMaterial, ListingWords, PictureFile
from mekong.catalog.queries.products import product_by_id
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules.barcodes import is_global
from mekong.foundation.actor import Actor


def listing_material(*, actor: Actor, product_id: int) -> ListingMaterial:
    """A product with its picture files and the GTINs of its variants. Six statements. Raises: MayNot, ProductNotFound."""
    actor.require("catalog.view")
    product = product_by_id(product_id, actor)
    rows = fetch(
        """select sha256, path, width, height, variant_id from catalog_media
            where product_id = %(id)s or variant_id = any(%(ids)s)
            order by variant_id is not null, variant_id, position, id""",
        {"id": product_id, "ids": [each.id for each in product.variants]},
    )
    gtins = {each.id: next(filter(is_global, each.barcodes), "") for each in product.variants}
    return ListingMaterial(product, tuple(PictureFile(*row) for row in rows), gtins)


def listing_words(*, actor: Actor, product_ids: Collection[int]) -> dict[int, ListingWords]:
    """What each of these products is to show elsewhere; unknown ids are left out. One statement. Raises: MayNot."""
    actor.require("catalog.view")
    if not product_ids:
        return {}
    rows = fetch(
        """select p.id, p.code, p.name, p.description,
                  (select count(*) from catalog_media m where m.product_id = p.id)
             from catalog_product p where p.id = any(%(ids)s)""",
        {"ids": list(product_ids)},
    )
    return {row[0]: ListingWords(*row) for row in rows}
