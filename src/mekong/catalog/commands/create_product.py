from __future__ import annotations

from datetime import datetime

from mekong.catalog.commands.writing import insert_products
from mekong.catalog.contracts import NewProduct, ProductView
from mekong.catalog.events import ProductCreated
from mekong.catalog.queries.products import product_by_id
from mekong.catalog.rules import products as rules
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit


@command
def create_product(*, actor: Actor, product: NewProduct, now: datetime) -> ProductView:
    """Create a product with its variants, their barcodes, packs and bundle parts, or nothing at all.

    Not safe to repeat blindly: the second time its SKU is refused as taken.
    Raises: MayNot; the `Invalid` errors of the catalog, naming the field; DuplicateSku, DuplicateBarcode,
        DuplicateCode, CategoryNotFound, TaxClassNotFound, AttributeNotFound, VariantNotFound (a bundle's part),
        BundleOfBundles.
    """
    actor.require("catalog.edit")
    written = insert_products([rules.check_product(product)], now=now, at=lambda _: "")[0]
    emit(actor, ProductCreated(written.product_id, written.variant_ids), key=f"product:{written.product_id}", now=now)
    return product_by_id(written.product_id, actor)
