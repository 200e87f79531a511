from __future__ import annotations

from datetime import datetime

from mekong.catalog.commands.checking import category_ids, check_tax_classes, known_attributes, refusing_races
from mekong.catalog.commands.locking import index, lock_product, lock_variants
from mekong.catalog.commands.writing import folded
from mekong.catalog.contracts import KEEP, ProductChange, ProductView
from mekong.catalog.errors import VariantNotFound
from mekong.catalog.events import ProductUpdated
from mekong.catalog.models import Product, Variant
from mekong.catalog.queries.products import product_by_id
from mekong.catalog.rules import options as option_rules
from mekong.catalog.rules import products as rules
from mekong.catalog.rules.words import clean, key
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit


@command
def update_product(*, actor: Actor, product_id: int, change: ProductChange, now: datetime) -> ProductView:
    """Change what a product says of itself. Safe to repeat: a change that changes nothing writes and tells nothing.

    Raises: MayNot, ProductNotFound, CategoryNotFound, TaxClassNotFound, OptionsMismatch, DuplicateOptions, attribute
        errors, and the `Invalid` errors of the catalog.
    """
    actor.require("catalog.edit")
    product = lock_product(product_id)
    variants = lock_variants(product_id)
    before = _facts(product, variants)
    _set_texts(product, change)
    _set_category_and_attributes(product, change)
    _set_options(product, variants, change)
    if _facts(product, variants) == before:
        return product_by_id(product_id, actor)
    product.updated_at = now
    product.save()
    with refusing_races():
        Variant.objects.bulk_update(variants, ["option_values", "title"])
    index(product, variants)
    emit(actor, ProductUpdated(product_id, tuple(each.id for each in variants)), key=f"product:{product_id}", now=now)
    return product_by_id(product_id, actor)


def _facts(product: Product, variants: list[Variant]) -> tuple[object, ...]:
    return (
        product.name, product.description, product.category_id, product.brand, product.status, product.tax_class_id,
        product.uom, dict(product.attributes), tuple(product.options), [tuple(each.option_values) for each in variants],
    )  # fmt: skip


def _set_texts(product: Product, change: ProductChange) -> None:
    if change.name is not KEEP:
        product.name = clean(change.name, "name", rules.NAME_LIMIT, required=True)
        product.name_folded = folded(product.name)
    if change.description is not KEEP:
        product.description = clean(
            change.description.replace("\r\n", "\n"), "description", rules.DESCRIPTION_LIMIT, lines=True
        )
    if change.brand is not KEEP:
        product.brand = clean(change.brand, "brand", rules.BRAND_LIMIT)
    if change.uom is not KEEP:
        product.uom = clean(change.uom, "uom", rules.UOM_LIMIT, required=True)
    if change.status is not KEEP and change.status != product.status:
        product.status = rules.choice(change.status, ("draft", "active"), "status")
    if change.tax_class is not KEEP:
        check_tax_classes([("tax_class", change.tax_class)])
        product.tax_class_id = change.tax_class


def _set_category_and_attributes(product: Product, change: ProductChange) -> None:
    if change.category is not KEEP:
        code = change.category.strip()
        product.category_id = category_ids([("category", code)])[code] if code else None
    if change.category is not KEEP or change.attributes is not KEEP:
        known, required = known_attributes(product.category_id)
        values = product.attributes if change.attributes is KEEP else change.attributes
        name = product.category.name if product.category else ""
        product.attributes = rules.check_attributes(values, known, required, name)


def _set_options(product: Product, variants: list[Variant], change: ProductChange) -> None:
    if change.options is not KEEP:
        product.options = list(option_rules.check_options(change.options, "options"))
    given = {key(sku): (sku, values) for sku, values in change.option_values.items()}
    choices: list[tuple[str, tuple[str, ...]]] = []
    for variant in variants:
        sku, values = given.pop(variant.sku_key, (variant.sku, tuple(variant.option_values)))
        field = f"option_values.{sku}"
        checked = option_rules.check_values(values, product.options, field)
        variant.option_values, variant.title = list(checked), option_rules.title(checked)
        if variant.status == "active":
            choices.append((field, checked))
    for sku, _ in given.values():
        raise VariantNotFound(field="option_values", key=sku)
    option_rules.check_matrix(choices)
