"""Points and đồng, lots in order, days and months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from mekong.loyalty.contracts import BurnRuleView, EarnRuleView
from mekong.loyalty.rules import points
from mekong.loyalty.rules.dates import days_end, last_day, month_start, months_before, months_end
from mekong.loyalty.rules.points import Free

NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)
DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("amount", "tier", "promotion", "expected"),
    [
        (9_999, 10_000, 10_000, 0),
        (10_000, 10_000, 10_000, 1),
        (29_999, 10_000, 10_000, 2),
        (29_999, 15_000, 10_000, 4),
        (29_999, 15_000, 20_000, 8),
        (100_000, 10_000, 0, 0),
    ],
)
def test_points_are_rounded_down_once(amount: int, tier: int, promotion: int, expected: int) -> None:
    assert points.earned(amount, points=1, spend_minor=10_000, tier_bp=tier, promotion_bp=promotion) == expected


def test_a_part_takes_back_what_the_rest_no_longer_earns() -> None:
    assert [points.taken_back(10, 105_000, back) for back in (0, 1, 10_500, 52_500, 104_999, 105_000)] == [
        0,
        1,
        1,
        5,
        10,
        10,
    ]
    assert points.taken_back(0, 0, 0) == 0


def test_points_given_back_are_all_with_the_last_part() -> None:
    assert [points.given_back(3, 1_000, back) for back in (0, 333, 334, 999, 1_000)] == [0, 0, 1, 2, 3]


def test_the_rule_of_a_channel_goes_before_the_one_of_all_and_days_are_included() -> None:
    everywhere = EarnRuleView("", 10_000, 1, date(2026, 1, 1))
    web = EarnRuleView("web", 10_000, 2, DAY, DAY)
    assert points.rule_of([web, everywhere], "web", DAY) is web
    assert points.rule_of([web, everywhere], "pos", DAY) is everywhere
    assert points.rule_of([web, everywhere], "web", DAY - timedelta(1)) is everywhere
    assert points.rule_of([web, everywhere], "web", DAY + timedelta(1)) is everywhere
    assert points.rule_of([web], "pos", DAY) is None


@pytest.mark.parametrize(
    ("free", "order", "expected"),
    [(1_000, 200_000, 1_000), (1_000, 150_000, 750), (95, 10**9, 90), (9, 10**9, 0), (1_000, 1_999, 0)],
)
def test_the_most_points_are_in_steps_and_within_their_share(free: int, order: int, expected: int) -> None:
    rule = BurnRuleView("", 100, DAY, None, 10, 10, 5_000)
    assert (
        points.most_points(
            free=free, order_minor=order, point_value_minor=rule.point_value_minor, min_points=rule.min_points,
            step=rule.step, max_share_bp=rule.max_share_bp,
        )
        == expected
    )  # fmt: skip


def test_lots_that_end_first_go_first() -> None:
    lots = [Free(1, 5, None), Free(2, 5, NOON + timedelta(9)), Free(3, 5, NOON), Free(4, 5, NOON)]
    assert points.spread(lots, 12) == [(3, 5), (4, 5), (2, 2)]
    assert points.spread(lots, 7, first=1) == [(1, 5), (3, 2)]
    assert points.spread(lots, 99) == [(3, 5), (4, 5), (2, 5), (1, 5)]
    assert points.spread([], 1) == []


def test_points_hold_to_the_end_of_a_month_in_vietnam() -> None:
    end = months_end(NOON, 12)
    assert end == datetime(2027, 11, 30, 17, tzinfo=UTC)
    assert last_day(end) == date(2027, 11, 30)
    # Eight in the evening in London is the next day, and month, in Vietnam.
    assert last_day(months_end(datetime(2026, 11, 30, 20, tzinfo=UTC), 1)) == date(2027, 1, 31)
    assert last_day(days_end(NOON, 30)) == date(2026, 12, 23)
    assert month_start(NOON) == datetime(2026, 10, 31, 17, tzinfo=UTC)


def test_months_back_end_on_a_day_there_is() -> None:
    assert months_before(datetime(2026, 3, 31, 5, tzinfo=UTC), 1) == datetime(2026, 2, 28, 5, tzinfo=UTC)
    assert months_before(NOON, 12) == datetime(2025, 11, 23, 5, tzinfo=UTC)
    assert months_before(datetime(2027, 1, 15, 5, tzinfo=UTC), 1) == datetime(2026, 12, 15, 5, tzinfo=UTC)
