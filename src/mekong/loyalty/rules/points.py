"""Points and đồng: exact, and rounded once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol, TypeVar

WHOLE_BP = 10_000
MOST_POINTS = 10**12
MOST_MINOR = 10**12
MOST_MULTIPLIER_BP = 100_000
"""Ten times. With these limits no product leaves 64 bits of the database."""
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class Dated(Protocol):
    """A rule of a channel, or of every channel (""), from a day on."""

    @property
    def channel(self) -> str: ...
    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...


R = TypeVar("R", bound=Dated)


def rule_of(rules: Iterable[R], channel: str, day: date) -> R | None:
    """The rule of a channel on a day: its own before the one of every channel; None where there is none."""
    holding = [
        each
        for each in rules
        if each.channel in (channel, "") and each.starts_on <= day and (each.ends_on is None or day <= each.ends_on)
    ]
    return max(holding, key=lambda each: each.channel != "", default=None)


def earned(
    amount_minor: int, *, points: int, spend_minor: int, tier_bp: int = WHOLE_BP, promotion_bp: int = WHOLE_BP
) -> int:
    """Points for an amount: so many for every `spend_minor`, times both multipliers, rounded down once, at the end.

    29,999 đ at 1 point for 10,000 đ are 2 points; at one and a half times they are 4 (4.49985), not 3.
    """
    return amount_minor * points * tier_bp * promotion_bp // (spend_minor * WHOLE_BP * WHOLE_BP)


def taken_back(points: int, amount_minor: int, returned_minor: int) -> int:
    """Of the points that an amount earned, those that go when so much of it has come back in all.

    What is kept earns in proportion, rounded down: so no part returned leaves a point behind, and the parts together
    take exactly what was earned, in whatever order they come.
    """
    return points if amount_minor <= 0 else points - points * (amount_minor - returned_minor) // amount_minor


def given_back(points: int, value_minor: int, refunded_minor: int) -> int:
    """Of the points that paid an amount, those that return when so much of it is refunded in all; rounded down until
    the last đồng, with which all are back."""
    return points if value_minor <= 0 else points * refunded_minor // value_minor


def value_minor(points: int, point_value_minor: int) -> int:
    """What so many points pay, in minor units."""
    return points * point_value_minor


def most_points(
    *, free: int, order_minor: int, point_value_minor: int, min_points: int, step: int, max_share_bp: int
) -> int:
    """How many points may pay for an order at most: 0 when not even the fewest may."""
    payable = order_minor * max_share_bp // WHOLE_BP // point_value_minor
    most = min(free, payable) // step * step
    return most if most >= min_points else 0


@dataclass(frozen=True)
class Free:
    """A lot and how many of its points nobody has set aside. `expires_at` None: they never end."""

    lot: int
    points: int
    expires_at: datetime | None


def spread(lots: Sequence[Free], points: int, *, first: int | None = None) -> list[tuple[int, int]]:
    """Which lots so many points are taken from: those that end first, and of these the oldest; `first` before all.

    As many as there are, when there are not enough.
    """
    ordered = sorted(lots, key=lambda each: (each.lot != first, each.expires_at or _NEVER, each.lot))
    taken: list[tuple[int, int]] = []
    for each in ordered:
        part = min(points, each.points)
        if part > 0:
            taken.append((each.lot, part))
            points -= part
    return taken
