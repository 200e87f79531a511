"""Bundles as people and programs make them: the catalogue's parts and the stock's figures together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from mekong.catalog import commands
from mekong.catalog.contracts import BundlePartView, NewPart, VariantView
from mekong.catalog.errors import BundleStillStocked
from mekong.foundation.actor import SYSTEM, Actor
from mekong.inventory import queries as inventory


def set_bundle(
    *, actor: Actor, variant: VariantView, parts: Sequence[NewPart], now: datetime
) -> tuple[BundlePartView, ...]:
    """Make a variant a bundle of these parts; one that has units of its own first gives them up.

    Raises: as `catalog.commands.set_bundle`, and BundleStillStocked.
    """
    actor.require("catalog.edit")
    if not variant.is_bundle:
        levels = inventory.levels(actor=SYSTEM, variant_ids=[variant.id], limit=10_000)
        units = sum(max(abs(level.on_hand), level.reserved) for level in levels)
        if units:
            raise BundleStillStocked(field="parts", sku=variant.sku, units=units)
    return commands.set_bundle(actor=actor, variant_id=variant.id, parts=parts, now=now)


def buildable(quantities: Mapping[int, int], free: Mapping[int, int]) -> int:
    """How many bundles the free units of their parts make: what the scarcest part gives, as channels are told.

    Args:
        quantities: units in one bundle, by part; each above 0.
        free: units free to sell, by variant; a part that is missing has none.
    """
    return min((max(free.get(part, 0), 0) // units for part, units in quantities.items()), default=0)


def free_units(actor: Actor, variant_ids: Collection[int]) -> dict[int, int]:
    """Units free to sell of each variant at the places this actor sees; one statement."""
    free: dict[int, int] = {}
    if variant_ids:
        for level in inventory.levels(actor=actor, variant_ids=variant_ids, limit=20_000):
            free[level.variant_id] = free.get(level.variant_id, 0) + level.free
    return free
