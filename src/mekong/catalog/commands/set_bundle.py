from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mekong.catalog.commands.checking import refusing_races
from mekong.catalog.commands.locking import lock_variant, touch
from mekong.catalog.commands.update_variant import refuse_parts_in_use
from mekong.catalog.commands.writing import insert_parts
from mekong.catalog.contracts import BundlePartView, NewPart
from mekong.catalog.errors import BundleOfBundles, BundleWithLots, BundleWithoutParts
from mekong.catalog.events import ProductUpdated
from mekong.catalog.models import BundlePart, Variant
from mekong.catalog.queries.variants import bundle_parts
from mekong.catalog.rules.products import check_parts
from mekong.catalog.rules.words import key
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit


@command
def set_bundle(*, actor: Actor, variant_id: int, parts: Sequence[NewPart], now: datetime) -> tuple[BundlePartView, ...]:
    """Make a variant a bundle of these parts, in place of those it had. Safe to repeat.

    Whether the variant still has stock of its own is not the catalog's to know: inventory refuses movements of bundles.
    Raises: MayNot, VariantNotFound (a part too), BundleWithoutParts, BundleOfBundles, BundleWithLots, RepeatedValue,
        OutOfRange (a quantity below 1).
    """
    actor.require("catalog.edit")
    product, variant = lock_variant(variant_id)
    wanted = check_parts(parts, "parts", sku=variant.sku)
    present = bundle_parts(actor=SYSTEM, variant_ids=[variant_id]).get(variant_id, ())
    if [(key(each.sku), each.quantity) for each in present] != [(key(each.sku), each.quantity) for each in wanted]:
        write_parts(variant, wanted, "")
        touch(product, now)
        emit(actor, ProductUpdated(product.id, (variant_id,)), key=f"product:{product.id}", now=now)
    elif not wanted:
        raise BundleWithoutParts(field="parts")
    return bundle_parts(actor=SYSTEM, variant_ids=[variant_id]).get(variant_id, ())


def write_parts(variant: Variant, wanted: Sequence[NewPart], at: str) -> None:
    """Replace the parts of a variant that is held."""
    if not wanted:
        raise BundleWithoutParts(field=f"{at}parts")
    if not variant.is_bundle:
        if variant.tracks_lots:
            raise BundleWithLots(field=f"{at}parts")
        if BundlePart.objects.filter(part=variant).exists():
            refuse_parts_in_use([variant.id], f"{at}parts")
            raise BundleOfBundles(field=f"{at}parts", sku=variant.sku)
        variant.is_bundle = True
        with refusing_races():
            variant.save(update_fields=["is_bundle"])
    BundlePart.objects.filter(bundle=variant).delete()
    insert_parts([(at.rstrip("."), variant.id, wanted)])
