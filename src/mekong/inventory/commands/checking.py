"""What commands of stock check and touch alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from mekong.catalog import queries as catalog
from mekong.inventory.errors import (
    BadQuantity,
    BundleHasNoStock,
)

MAX_QUANTITY = 10**12
"""Units in one line; above this somebody scanned a barcode into the quantity field."""


def is_whole(units: object) -> bool:
    return isinstance(units, int) and not isinstance(units, bool)


def added_up(lines: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Lines of one variant added up, in the order in which variants are first named."""
    units: dict[int, int] = {}
    for variant, count in lines:
        units[variant] = units.get(variant, 0) + count
    return list(units.items())


def check_units(field: str, units: int) -> None:
    if not is_whole(units) or not 1 <= units <= MAX_QUANTITY:
        raise BadQuantity(field=field, quantity=units, range="from 1 up")


def refuse_bundles(variant_ids: Sequence[int]) -> None:
    bundles = catalog.bundle_contents(variant_ids=variant_ids)
    for position, variant in enumerate(variant_ids):
        if variant in bundles:
            raise BundleHasNoStock(field=f"lines[{position}]")


def policy_moved() -> None:
    """Engines read supply and controls again at their next batch; every listing's figure is computed anew."""
    with connection.cursor() as cursor:
        cursor.execute("update inventory_stockpolicy set version = version + 1 where id = 1")
        cursor.execute("select pg_notify('mekong_stock', '*')")
