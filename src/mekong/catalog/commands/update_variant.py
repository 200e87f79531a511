from __future__ import annotations

from datetime import datetime

from mekong.catalog.commands.checking import refuse_taken_skus, refusing_races
from mekong.catalog.commands.locking import index, lock_product, lock_variant, touch
from mekong.catalog.contracts import KEEP, VariantChange, VariantView
from mekong.catalog.errors import BundleWithLots, PartInUse
from mekong.catalog.events import ProductUpdated
from mekong.catalog.models import BundlePart, Variant
from mekong.catalog.queries.variants import variants_by_id
from mekong.catalog.rules import numbers
from mekong.catalog.rules import options as option_rules
from mekong.catalog.rules import products as rules
from mekong.catalog.rules.words import clean_sku
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit

_SIZES = ("weight_g", "length_mm", "width_mm", "height_mm")
_FIELDS = (
    "sku", "sku_key", "title", "option_values", "cost_minor", *_SIZES, "status", "allow_backorder", "tracks_lots",
    "position",
)  # fmt: skip


@command
def update_variant(*, actor: Actor, variant_id: int, change: VariantChange, now: datetime) -> VariantView:
    """Change a variant, all but its price. Safe to repeat: a change that changes nothing writes and tells nothing.

    Raises: MayNot, VariantNotFound, DuplicateSku, OptionsMismatch, DuplicateOptions, BundleWithLots, PartInUse
        (archiving a part of a bundle on sale), and the `Invalid` errors of the catalog.
    """
    actor.require("catalog.edit")
    product, variant = lock_variant(variant_id)
    before = [getattr(variant, field) for field in _FIELDS]
    _set_sku(variant, change)
    _set_measures(variant, change)
    _set_status(variant, change)
    if change.option_values is not KEEP:
        values = option_rules.check_values(change.option_values, product.options, "option_values")
        variant.option_values, variant.title = list(values), option_rules.title(values)
    if [getattr(variant, field) for field in _FIELDS] != before:
        if variant.status == "active":
            _check_matrix(variant)
        with refusing_races():
            variant.save(update_fields=_FIELDS)
        index(product, [variant])
        touch(lock_product(product.id), now)
        emit(actor, ProductUpdated(product.id, (variant_id,)), key=f"product:{product.id}", now=now)
    return variants_by_id(actor=SYSTEM, ids=[variant_id])[variant_id]


def _set_sku(variant: Variant, change: VariantChange) -> None:
    if change.sku is KEEP:
        return
    sku, sku_key = clean_sku(change.sku, "sku")
    if sku_key != variant.sku_key:
        refuse_taken_skus([("sku", sku)])
    variant.sku, variant.sku_key = sku, sku_key


def _set_measures(variant: Variant, change: VariantChange) -> None:
    if change.cost_minor is not KEEP:
        cost = change.cost_minor
        variant.cost_minor = None if cost is None else numbers.check_amount(cost, "cost_minor")
    for name in _SIZES:
        size = getattr(change, name)
        if size is not KEEP:
            setattr(variant, name, numbers.check_size(size, name))
    if change.position is not KEEP:
        variant.position = change.position


def _set_status(variant: Variant, change: VariantChange) -> None:
    if change.status is not KEEP and change.status != variant.status:
        variant.status = rules.choice(change.status, rules.VARIANT_STATUSES, "status")
        if variant.status == "archived":
            refuse_parts_in_use([variant.id], "status")
    if change.allow_backorder is not KEEP:
        variant.allow_backorder = change.allow_backorder
    if change.tracks_lots is not KEEP:
        if change.tracks_lots and variant.is_bundle:
            raise BundleWithLots(field="tracks_lots")
        variant.tracks_lots = change.tracks_lots


def _check_matrix(variant: Variant) -> None:
    others = Variant.objects.filter(product_id=variant.product_id, status="active").exclude(id=variant.id)
    choices = [("options", tuple(values)) for values in others.values_list("option_values", flat=True)]
    option_rules.check_matrix([*choices, ("option_values", variant.option_values)])


def refuse_parts_in_use(variant_ids: list[int], field: str) -> None:
    """None of these variants is a part of a bundle on sale outside of them.

    Raises: PartInUse.
    """
    used = BundlePart.objects.filter(part_id__in=variant_ids, bundle__status="active").exclude(
        bundle_id__in=variant_ids
    )
    rows = list(used.order_by("part_id", "bundle_id").values_list("part__sku", "bundle__sku"))
    if rows:
        bundles = ", ".join(bundle for part, bundle in rows if part == rows[0][0])
        raise PartInUse(field=field, sku=rows[0][0], bundles=bundles)
