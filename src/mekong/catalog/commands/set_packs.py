from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mekong.catalog.commands.locking import lock_variant, touch
from mekong.catalog.commands.writing import insert_barcodes, insert_packs
from mekong.catalog.contracts import NewPack, NewVariant, PackView
from mekong.catalog.events import ProductUpdated
from mekong.catalog.models import Pack
from mekong.catalog.queries.variants import packs_of
from mekong.catalog.rules.products import check_packs
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit


@command
def set_packs(*, actor: Actor, variant_id: int, packs: Sequence[NewPack], now: datetime) -> tuple[PackView, ...]:
    """Make these the packs of a variant, in place of those it had. Safe to repeat.

    Raises: MayNot, VariantNotFound, RepeatedValue, OutOfRange (a factor below 2), BadBarcode, DuplicateBarcode.
    """
    actor.require("catalog.edit")
    wanted = check_packs(packs, "packs")
    product, _ = lock_variant(variant_id)
    present = packs_of(actor=SYSTEM, variant_ids=[variant_id]).get(variant_id, ())
    if {(each.name, each.factor, each.barcode) for each in present} != {(p.name, p.factor, p.barcode) for p in wanted}:
        write_packs(variant_id, wanted, "packs")
        touch(product, now)
        emit(actor, ProductUpdated(product.id, (variant_id,)), key=f"product:{product.id}", now=now)
    return packs_of(actor=SYSTEM, variant_ids=[variant_id]).get(variant_id, ())


def write_packs(variant_id: int, wanted: Sequence[NewPack], field: str) -> None:
    """Replace the packs of a variant that is held."""
    Pack.objects.filter(variant_id=variant_id).delete()
    ids = insert_packs([(variant_id, NewVariant(sku="", price_minor=0, packs=tuple(wanted)))])
    insert_barcodes(
        [
            (f"{field}[{place}].barcode", variant_id, ids[variant_id, pack.name], pack.barcode)
            for place, pack in enumerate(wanted)
            if pack.barcode
        ]
    )
