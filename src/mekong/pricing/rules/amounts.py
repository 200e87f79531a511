"""Arithmetic of prices: exact integers, rounded half up to the minor unit."""

from __future__ import annotations

from mekong.pricing.contracts.offers import AmountOff, FixedPrice, ItemEffect, PercentOff

WHOLE_BP = 10_000


def part(amount_minor: int, bp: int) -> int:
    """A part of an amount, in basis points; rounded half up. The amount is not negative."""
    return (amount_minor * bp * 2 + WHOLE_BP) // (2 * WHOLE_BP)


def with_tax(net_minor: int, rate_bp: int) -> int:
    """The price with tax of a unit priced without it, rounded half up per unit."""
    return net_minor + part(net_minor, rate_bp)


def off_unit(effect: ItemEffect, unit_minor: int) -> int:
    """What an item offer takes off a unit that costs `unit_minor`: from nothing to all of it."""
    if isinstance(effect, PercentOff):
        left = unit_minor - part(unit_minor, effect.off_bp)
        if (step := effect.price_step_minor) > 1:
            # To the nearest step; from the middle in the buyer's favour.
            left = min((left + (step - 1) // 2) // step * step, unit_minor)
        return unit_minor - left
    if isinstance(effect, AmountOff):
        return min(effect.off_minor, unit_minor)
    assert isinstance(effect, FixedPrice)  # noqa: S101 - for the type checker
    return max(unit_minor - effect.price_minor, 0)


def floor_of(cost_minor: int, guard_bp: int) -> int:
    """The least that a unit may be sold for: cost and a margin on it, rounded up."""
    return -(-cost_minor * (WHOLE_BP + guard_bp) // WHOLE_BP)


def price_for(steps: tuple[tuple[int, int], ...], units: int) -> int | None:
    """The price at the highest step that so many units reach; None below the first."""
    found = None
    for from_units, price_minor in steps:
        if units < from_units:
            break
        found = price_minor
    return found
