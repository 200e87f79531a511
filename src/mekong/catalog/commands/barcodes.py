from __future__ import annotations

from datetime import datetime

from mekong.catalog.commands.locking import lock_variant, touch
from mekong.catalog.commands.writing import insert_barcodes
from mekong.catalog.contracts import VariantView
from mekong.catalog.errors import BarcodeNotFound, PackBarcodeOfUnit
from mekong.catalog.events import ProductUpdated
from mekong.catalog.models import Barcode, Pack
from mekong.catalog.queries.variants import variants_by_id
from mekong.catalog.rules.barcodes import lookup_key, read_barcode
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit


@command
def add_barcode(
    *, actor: Actor, variant_id: int, code: str, now: datetime, kind: str = "", pack: str = ""
) -> VariantView:
    """Give a variant one more barcode, or a pack of it its own. Safe to repeat: a code it has already stays as it is.

    Args:
        kind: "gtin" to refuse everything else, "" to let the code tell.
        pack: name of the pack the code stands on; "" for the single unit.

    Raises: MayNot, VariantNotFound, BadBarcode, BarcodeNotOfKind, DuplicateBarcode, PackBarcodeOfUnit.
    """
    actor.require("catalog.edit")
    read = read_barcode(code, "code", kind)
    product, variant = lock_variant(variant_id)
    on = Pack.objects.filter(variant=variant, name=pack).first() if pack else None
    if pack and on is None:
        raise PackBarcodeOfUnit(field="pack", value=pack)
    if not Barcode.objects.filter(key=read.key, variant=variant, pack=on).exists():
        if on is not None:
            Barcode.objects.filter(pack=on).delete()
        insert_barcodes([("code", variant_id, on.id if on else None, read.code)])
        touch(product, now)
        emit(actor, ProductUpdated(product.id, (variant_id,)), key=f"product:{product.id}", now=now)
    return variants_by_id(actor=SYSTEM, ids=[variant_id])[variant_id]


@command
def remove_barcode(*, actor: Actor, code: str, now: datetime) -> VariantView:
    """Take a barcode off the variant that has it.

    Raises: MayNot, BarcodeNotFound (also at a repeat).
    """
    actor.require("catalog.edit")
    code_key = lookup_key(code)
    found = None if "\0" in code else Barcode.objects.filter(key=code_key).first()
    if found is None:
        raise BarcodeNotFound(key=code)
    product, variant = lock_variant(found.variant_id)
    if not Barcode.objects.filter(id=found.id).delete()[0]:
        raise BarcodeNotFound(key=code)
    touch(product, now)
    emit(actor, ProductUpdated(product.id, (variant.id,)), key=f"product:{product.id}", now=now)
    return variants_by_id(actor=SYSTEM, ids=[variant.id])[variant.id]
