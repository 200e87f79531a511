"""Formulas behind the figures."""

from __future__ import annotations

from datetime import date

from mekong.insights.rules import change_bp, days_of_cover, window


def test_cover_is_what_is_free_over_what_leaves_a_day() -> None:
    assert days_of_cover(14, 28, 28) == 14
    assert days_of_cover(3, 42, 28) == 2
    assert days_of_cover(0, 5, 28) == 0
    assert days_of_cover(-3, 5, 28) == 0, "what is promised beyond the shelf lasts no day"
    assert days_of_cover(9, 0, 28) is None, "what does not sell never runs out"
    assert days_of_cover(9, 3, 0) is None


def test_a_change_is_told_in_basis_points_towards_zero() -> None:
    assert change_bp(106, 100) == 600
    assert change_bp(56, 100) == -4400
    assert change_bp(1, 3) == -6666
    assert change_bp(5, 0) is None


def test_windows_are_whole_days_and_meet() -> None:
    through = date(2026, 11, 21)
    assert window(through, days=7) == (date(2026, 11, 15), date(2026, 11, 22))
    assert window(through, days=7, before=7) == (date(2026, 11, 8), date(2026, 11, 15))
