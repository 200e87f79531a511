"""Rows of the catalog held for a change: the product first, then its variants by id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mekong.catalog.commands.writing import execute, learn_words
from mekong.catalog.errors import ProductNotFound, VariantNotFound
from mekong.catalog.models import Product, Variant
from mekong.catalog.rules import search


def lock_product(product_id: int) -> Product:
    """Raises: ProductNotFound."""
    product = Product.objects.select_for_update().filter(id=product_id).first()
    if product is None:
        raise ProductNotFound(key=product_id)
    return product


def lock_variant(variant_id: int) -> tuple[Product, Variant]:
    """A variant with its product, both held. Raises: VariantNotFound."""
    found = Variant.objects.filter(id=variant_id).values_list("product_id", flat=True).first()
    if found is None:
        raise VariantNotFound(field="variant_id", key=variant_id)
    product = lock_product(found)
    return product, Variant.objects.select_for_update().get(id=variant_id)


def lock_variants(product_id: int) -> list[Variant]:
    """All variants of a product that is held, in their order."""
    held = list(Variant.objects.select_for_update().filter(product_id=product_id).order_by("id"))
    return sorted(held, key=lambda variant: (variant.position, variant.id))


def touch(product: Product, now: datetime) -> None:
    product.updated_at = now
    product.save(update_fields=["updated_at"])


def index(product: Product, variants: Sequence[Variant]) -> None:
    """Make variants findable under their product's name and brand as they are now."""
    texts = [search.document(product.name, each.title, product.brand, each.sku) for each in variants]
    execute(
        """update catalog_variant v set search_text = n.text from unnest(%s::bigint[], %s::text[]) n(id, text)
            where v.id = n.id and v.search_text <> n.text""",
        [[each.id for each in variants], texts],
    )
    learn_words(texts)
