"""Variants by SKU at hand in this process, so that a hot path needs no statement to know what is sold at which price.

Kept until the catalogue says that something in it changed (NOTIFY `mekong_catalog`), and never longer than `KEPT_S`.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.faces.express.http import in_thread
from mekong.faces.express.listening import CATALOG
from mekong.foundation.actor import SYSTEM
from mekong.inventory import queries as inventory

KEPT_S = 20.0
_MOST = 200_000

_variants: dict[str, VariantView] = {}
_turn = 0
_locations: dict[int, str] = {}
_read_at = 0.0


def forget() -> None:
    """Read everything anew when it is next asked for."""
    global _read_at, _turn
    _turn += 1
    _variants.clear()
    _locations.clear()
    _read_at = time.monotonic()


async def variants(skus: Collection[str]) -> dict[str, VariantView]:
    """Each known SKU's variant, under its SKU in lower case; unknown ones are missing."""
    if time.monotonic() - _read_at > KEPT_S or len(_variants) > _MOST:
        forget()
    keys = [sku.casefold() for sku in skus]
    missing = [sku for sku, key in zip(skus, keys, strict=True) if key not in _variants]
    if missing:
        turn = _turn
        found = await in_thread(catalog.variants_by_sku, actor=SYSTEM, skus=missing)
        read = {view.sku.casefold(): view for view in found.values()}
        if turn == _turn:
            _variants.update(read)
        return {key: view for key in keys if (view := read.get(key) or _variants.get(key)) is not None}
    return {key: _variants[key] for key in keys if key in _variants}


def hear(topic: str, payload: str) -> None:
    """Listener of the process's ear."""
    if topic in (CATALOG, "*"):
        forget()


async def location_code(location_id: int) -> str:
    """A location's code, for answers."""
    if location_id not in _locations:
        for view in await in_thread(inventory.list_locations, actor=SYSTEM):
            _locations[view.id] = view.code
    return _locations.get(location_id, str(location_id))
