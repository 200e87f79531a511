"""Laws of points that hold for every figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mekong.loyalty.rules import points
from mekong.loyalty.rules.dates import day_of, last_day, months_before, months_end
from mekong.loyalty.rules.points import Free

amounts = st.integers(0, points.MOST_MINOR)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.integers(0, 10**6))
def test_parts_take_back_what_was_earned_in_any_order(parts: list[int], earned: int) -> None:
    amount, returned, taken = sum(parts), 0, 0
    for part in parts:
        returned += part
        now = points.taken_back(earned, amount, returned) if amount else earned
        assert taken <= now <= earned
        taken = now
    assert taken == earned


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.integers(1, 10**6))
def test_parts_give_back_what_was_spent_in_any_order(parts: list[int], spent: int) -> None:
    value, refunded, given_ = sum(parts), 0, 0
    for part in parts:
        refunded += part
        now = points.given_back(spent, value, refunded)
        assert given_ <= now <= spent
        given_ = now
    assert given_ == spent


@given(
    amounts, amounts, st.integers(1, 10_000), st.integers(1, 10**9), st.integers(0, 100_000), st.integers(0, 100_000)
)
def test_more_money_never_earns_less_and_two_documents_never_more_than_one(
    one: int, other: int, rate: int, spend: int, tier_bp: int, promotion_bp: int
) -> None:
    def earned(amount: int) -> int:
        return points.earned(amount, points=rate, spend_minor=spend, tier_bp=tier_bp, promotion_bp=promotion_bp)

    both = earned(one) + earned(other)
    assert both <= earned(one + other) <= both + 1
    assert earned(one) < 2**63


@given(
    st.integers(0, 10**9),
    amounts,
    st.integers(1, 10**6),
    st.integers(1, 100),
    st.integers(1, 100),
    st.integers(1, 10_000),
)
def test_what_is_offered_may_be_spent(free: int, order: int, value: int, step: int, times: int, share: int) -> None:
    most = points.most_points(
        free=free, order_minor=order, point_value_minor=value, min_points=step * times, step=step, max_share_bp=share
    )
    assert most == 0 or (step * times <= most <= free and most % step == 0 and most * value * 10_000 <= order * share)


@given(
    st.lists(st.tuples(st.integers(1, 50), st.none() | st.integers(0, 5)), max_size=8),
    st.integers(0, 500),
    st.integers(0, 8),
)
def test_lots_are_taken_in_order_and_none_beyond_what_it_has(
    rows: list[tuple[int, int | None]], wanted: int, first: int
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    lots = [Free(n, left, None if day is None else start + timedelta(days=day)) for n, (left, day) in enumerate(rows)]
    taken = points.spread(lots, wanted, first=first)
    assert sum(part for _, part in taken) == min(wanted, sum(each.points for each in lots))
    had = {each.lot: each.points for each in lots}
    assert all(0 < part <= had[lot] for lot, part in taken)
    # All but the last that was touched is empty.
    assert all(part == had[lot] for lot, part in taken[:-1])


@given(moments, st.integers(1, 120))
def test_points_hold_for_whole_months(at: datetime, months: int) -> None:
    end = last_day(months_end(at, months))
    begun = day_of(at)
    assert (end + timedelta(days=1)).day == 1
    assert (end.year * 12 + end.month) - (begun.year * 12 + begun.month) == months
    assert months_before(at, months) < at
