"""Above how much somebody else has to approve, and what goods are worth for that."""

from __future__ import annotations

from collections.abc import Collection

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM
from mekong.inventory.contracts import Limit, Limits
from mekong.inventory.models import ApprovalLimits

CURRENCY = "VND"
"""Limits of value are in đồng."""


def approval_limits() -> Limits:
    """The limits that hold now; without a row there are none."""
    row = ApprovalLimits.objects.filter(id=1).first()
    if row is None:
        return Limits()
    return Limits(
        Limit(row.transfer_units, row.transfer_value_minor), Limit(row.adjustment_units, row.adjustment_value_minor)
    )


def value_of(lines: Collection[tuple[int, int, int | None]]) -> int | None:
    """What (variant, units, cost of a unit or None) are worth together, in đồng: at cost, or at price where none is kept.

    None when one of them is kept in another currency. Asked by the system: a limit holds for those too who may not see
    costs.
    """
    known = catalog.variants_by_id(actor=SYSTEM, ids={variant for variant, _, _ in lines})
    total = 0
    for variant, units, cost in lines:
        view = known.get(variant)
        if view is None or (cost is None and view.currency != CURRENCY):
            return None
        kept = view.price_minor if view.cost_minor is None else view.cost_minor
        total += abs(units) * (kept if cost is None else cost)
    return total
