"""Formulas behind the figures, as plain functions."""

from __future__ import annotations

from datetime import date, timedelta

COVER_DAYS = 28
"""Days whose sales say how fast a variant leaves: four whole weeks, so that every weekday counts alike."""


def days_of_cover(free: int, units: int, days: int) -> float | None:
    """How many days the free units last at the pace of `units` in `days`; None when nothing was sold.

    Source: days of supply = stock free to sell ÷ mean daily demand.
    """
    if units <= 0 or days <= 0:
        return None
    return max(0, free) * days / units


def change_bp(now: int, before: int) -> int | None:
    """The change from one period to the next in basis points, rounded towards zero; None where there was nothing."""
    if before <= 0:
        return None
    return int((now - before) * 10_000 / before)


def window(through: date, *, days: int, before: int = 0) -> tuple[date, date]:
    """A span of whole days, `before` days before `through`: its first day, and the day after its last."""
    end = through - timedelta(days=before - 1)
    return end - timedelta(days=days), end
