from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from mekong.catalog.commands.locking import lock_product, touch
from mekong.catalog.commands.writing import insert_barcodes
from mekong.catalog.errors import NoNumbersLeft, VariantNotFound
from mekong.catalog.events import ProductUpdated
from mekong.catalog.models import Barcode, Variant
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules.barcodes import gtin_key, in_store_number
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit

_MOST = 999_999_999
_NEXT = "select nextval('catalog_internal_barcode')"


@command
def give_internal_barcodes(*, actor: Actor, variant_ids: Collection[int], now: datetime) -> dict[int, str]:
    """Give each of these variants that has no barcode an EAN-13 of the shop's own; the codes given, by variant.

    Those that have one are left out. Safe to repeat: the second time they have one.
    Raises: MayNot, VariantNotFound, NoNumbersLeft.
    """
    actor.require("catalog.edit")
    asked = sorted(set(variant_ids))
    products = dict(Variant.objects.filter(id__in=asked).values_list("id", "product_id"))
    for each in asked:
        if each not in products:
            raise VariantNotFound(field="variant_ids", key=each)
    held = {product_id: lock_product(product_id) for product_id in sorted(set(products.values()))}
    having = set(Barcode.objects.filter(variant_id__in=asked, pack=None).values_list("variant_id", flat=True))
    given = {each: _next_code() for each in asked if each not in having}
    insert_barcodes([("variant_ids", variant, None, code) for variant, code in given.items()])
    for product_id, product in held.items():
        mine = tuple(each for each in given if products[each] == product_id)
        if mine:
            touch(product, now)
            emit(actor, ProductUpdated(product_id, mine), key=f"product:{product_id}", now=now)
    return given


def _next_code() -> str:
    """The next number that nobody typed for a variant before."""
    while True:
        number = int(fetch(_NEXT, {})[0][0])
        if number > _MOST:
            raise NoNumbersLeft
        code = in_store_number(number)
        if not Barcode.objects.filter(key=gtin_key(code)).exists():
            return code
