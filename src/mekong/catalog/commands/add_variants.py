from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mekong.catalog.commands.checking import refuse_taken_skus
from mekong.catalog.commands.locking import lock_product, touch
from mekong.catalog.commands.writing import Placed, insert_variants
from mekong.catalog.contracts import NewVariant, ProductView
from mekong.catalog.errors import NoVariants
from mekong.catalog.events import ProductUpdated
from mekong.catalog.models import Variant
from mekong.catalog.queries.products import product_by_id
from mekong.catalog.rules import options, products
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit


@command
def add_variants(*, actor: Actor, product_id: int, variants: Sequence[NewVariant], now: datetime) -> ProductView:
    """Add variants to a product, behind those it has.

    Raises: MayNot, ProductNotFound, NoVariants, OptionsMismatch, DuplicateOptions, DuplicateSku, DuplicateBarcode, and
        the `Invalid` errors of the catalog.
    """
    actor.require("catalog.edit")
    product = lock_product(product_id)
    if not variants:
        raise NoVariants(field="variants")
    checked = [products.check_variant(each, product.options, f"variants[{i}]") for i, each in enumerate(variants)]
    products.check_repeats(checked)
    refuse_taken_skus((f"variants[{i}].sku", each.sku) for i, each in enumerate(checked))
    present = list(Variant.objects.filter(product_id=product_id).order_by("position", "id"))
    choices = [("options", tuple(old.option_values)) for old in present if old.status == "active"]
    for i, each in enumerate(checked):
        if each.status == "active":
            choices.append((f"variants[{i}].option_values", each.option_values))
    options.check_matrix(choices)
    first = max((old.position for old in present), default=-1) + 1
    ids = insert_variants(
        [
            Placed(product_id, product.name, product.brand, each, first + i, f"variants[{i}]")
            for i, each in enumerate(checked)
        ]
    )
    touch(product, now)
    emit(actor, ProductUpdated(product_id, tuple(ids)), key=f"product:{product_id}", now=now)
    return product_by_id(product_id, actor)
