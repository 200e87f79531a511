from __future__ import annotations

from datetime import datetime

from mekong.catalog.commands.locking import lock_product, lock_variants
from mekong.catalog.commands.update_variant import refuse_parts_in_use
from mekong.catalog.contracts import ProductView
from mekong.catalog.events import ProductArchived, ProductUpdated
from mekong.catalog.models import ProductStatus, Variant, VariantStatus
from mekong.catalog.queries.products import product_by_id
from mekong.catalog.rules.options import check_matrix
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit


@command
def archive_product(*, actor: Actor, product_id: int, now: datetime) -> ProductView:
    """Take a product and its variants off sale for good; their history stays. Safe to repeat.

    Raises: MayNot, ProductNotFound, PartInUse (one of its variants is a part of a bundle on sale).
    """
    actor.require("catalog.edit")
    product = lock_product(product_id)
    variants = lock_variants(product_id)
    if product.status == ProductStatus.ARCHIVED:
        return product_by_id(product_id, actor)
    ids = [each.id for each in variants]
    refuse_parts_in_use(ids, "product_id")
    product.status, product.updated_at = ProductStatus.ARCHIVED, now
    product.save(update_fields=["status", "updated_at"])
    Variant.objects.filter(id__in=ids).update(status=VariantStatus.ARCHIVED)
    emit(actor, ProductArchived(product_id, tuple(ids)), key=f"product:{product_id}", now=now)
    return product_by_id(product_id, actor)


@command
def restore_product(*, actor: Actor, product_id: int, now: datetime) -> ProductView:
    """Put an archived product and all its variants back on sale. Safe to repeat.

    Raises: MayNot, ProductNotFound, DuplicateOptions (variants archived one by one may have had the same options).
    """
    actor.require("catalog.edit")
    product = lock_product(product_id)
    variants = lock_variants(product_id)
    if product.status != ProductStatus.ARCHIVED:
        return product_by_id(product_id, actor)
    check_matrix((f"variants[{i}].option_values", each.option_values) for i, each in enumerate(variants))
    product.status, product.updated_at = ProductStatus.ACTIVE, now
    product.save(update_fields=["status", "updated_at"])
    ids = [each.id for each in variants]
    Variant.objects.filter(id__in=ids).update(status=VariantStatus.ACTIVE)
    emit(actor, ProductUpdated(product_id, tuple(ids)), key=f"product:{product_id}", now=now)
    return product_by_id(product_id, actor)
