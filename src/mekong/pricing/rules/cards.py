"""Decisions about gift cards: when one buys something, how much, and how many wrong codes a caller may give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

MOST_CARDS = 10_000
"""In one command."""
MOST_MINOR = 10**12
"""The most a card can hold, in minor units of its currency."""
LONGEST = timedelta(days=365 * 20)
GRACE = timedelta(days=30)
"""How long money that a refund puts back on a card that has ended can be spent, at the least."""

WINDOW = timedelta(minutes=15)
"""Over how long wrong codes are counted."""
PER_CALLER = 5
"""Wrong codes that a caller may give within the window."""
ALTOGETHER = 200
"""From so many wrong codes of all callers on, somebody is guessing from many places at once…"""
PER_CALLER_UNDER_ATTACK = 1
"""…and a caller may give only so many. Whoever gives right codes is never stopped."""

Usable = Literal["", "inactive", "blocked", "expired", "used_up"]


def why_not(state: str, expires_at: datetime | None, now: datetime) -> Usable:
    """Why a card buys nothing now; "" when it does, as far as its balance goes."""
    if state in ("active", "used_up", "inactive") and expires_at is not None and expires_at <= now:
        return "expired"
    if state == "active":
        return ""
    return state  # type: ignore[return-value]  # the states of a card other than active


def state_with(balance_minor: int, *, is_activated: bool) -> str:
    """The state that a card in order has with this balance."""
    if not is_activated:
        return "inactive"
    return "active" if balance_minor else "used_up"


@dataclass(frozen=True)
class Standing:
    """`left`: wrong codes a caller may still give. `retry_at`: from when one more, when none is left."""

    left: int
    retry_at: datetime | None


def minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def standing(own: Mapping[datetime, int], altogether: int, now: datetime) -> Standing:
    """How many wrong codes a caller may still give.

    Args:
        own: the caller's wrong codes by the minute they were given in.
        altogether: those of all callers within the window.
    """
    most = PER_CALLER if altogether < ALTOGETHER else PER_CALLER_UNDER_ATTACK
    counted = sorted((minute, count) for minute, count in own.items() if minute > now - WINDOW)
    given = sum(count for _, count in counted)
    if given < most:
        return Standing(most - given, None)
    for minute, count in counted:
        given -= count
        if given < most:
            return Standing(0, minute + WINDOW)
    raise AssertionError("an empty window leaves at least one try")
