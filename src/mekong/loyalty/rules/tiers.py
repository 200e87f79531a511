"""Which tier somebody has reached, what is missing for the next, and where one falls that was not reached again."""

from __future__ import annotations

from collections.abc import Sequence

from mekong.loyalty.contracts import TierView


def tier_for(tiers: Sequence[TierView], figure: int) -> TierView | None:
    """The highest tier that a figure (spend in minor units, or points) reaches; None where there are no tiers."""
    return max((each for each in tiers if each.threshold <= figure), key=lambda each: each.rank, default=None)


def next_step(tiers: Sequence[TierView], current: TierView | None, figure: int) -> tuple[TierView, int] | None:
    """The tier above the current one and what is still missing for it; None at the top."""
    rank = -1 if current is None else current.rank
    above = min((each for each in tiers if each.rank > rank), key=lambda each: each.rank, default=None)
    return None if above is None else (above, max(0, above.threshold - figure))


def after_validity(
    tiers: Sequence[TierView], current: TierView | None, figure: int, *, downgrade: str
) -> TierView | None:
    """The tier after the validity of the current one is over.

    What was earned, where that is as high or higher. Otherwise `one` level down, or straight to what was `earned`.
    """
    reached = tier_for(tiers, figure)
    if reached is None or current is None or reached.rank >= current.rank or downgrade == "earned":
        return reached
    return max((each for each in tiers if each.rank < current.rank), key=lambda each: each.rank)
