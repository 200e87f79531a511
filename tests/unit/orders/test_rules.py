"""The lifecycle of an order and the money of its lines, without a database."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.foundation.phones import e164
from mekong.orders.rules import (
    LEFT,
    RESERVED,
    LineMoney,
    OrderState,
    basket_digest,
    is_further,
    lines_money,
    may,
    may_cancel,
    may_turn_back,
    missing_units,
)

S = OrderState
ALL = list(OrderState)


def test_every_state_is_before_leaving_after_it_or_at_an_end() -> None:
    assert not RESERVED & LEFT
    assert set(ALL) - RESERVED - LEFT == {S.AWAITING_STOCK, S.CANCELLED}


def test_a_straight_life_is_legal() -> None:
    life = [S.PENDING_CONFIRMATION, S.CONFIRMED, S.ALLOCATED, S.PICKING, S.PACKED, S.READY_TO_SHIP, S.SHIPPED, S.DELIVERED,
            S.COMPLETED, S.RETURNING, S.RETURNED]  # fmt: skip
    assert all(may(was, then) for was, then in itertools.pairwise(life))


def test_nothing_follows_an_end_and_nothing_follows_itself() -> None:
    assert not any(may(end, then) for end in (S.CANCELLED, S.RETURNED) for then in ALL)
    assert not any(may(state, state) for state in ALL)


@pytest.mark.parametrize("state", ALL)
def test_only_what_has_not_left_can_be_cancelled(state: OrderState) -> None:
    assert may_cancel(state) == (state not in LEFT and state is not S.CANCELLED)


@pytest.mark.parametrize(("now", "then"), list(itertools.product(ALL, ALL)))
def test_goods_never_come_back_but_by_a_return(now: OrderState, then: OrderState) -> None:
    if now in LEFT and then in RESERVED | {S.AWAITING_STOCK, S.CANCELLED}:
        assert not may(now, then)
        assert not is_further(now, then)
        assert not may_turn_back(now, then)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ALL, 2)))
def test_of_two_states_at_most_one_is_further(one: OrderState, other: OrderState) -> None:
    assert not (is_further(one, other) and is_further(other, one))
    assert not is_further(one, one)


def test_no_walk_of_further_words_ever_comes_back() -> None:
    """The relation has no cycle: following it from any state ends."""
    depth: dict[OrderState, int] = {}

    def walk(state: OrderState, seen: tuple[OrderState, ...]) -> int:
        assert state not in seen
        if state not in depth:
            depth[state] = 1 + max((walk(then, (*seen, state)) for then in ALL if is_further(state, then)), default=0)
        return depth[state]

    for state in ALL:
        walk(state, ())
    assert depth[S.CANCELLED] == depth[S.RETURNED] == 1


@given(st.lists(st.sampled_from(ALL), max_size=8), st.randoms())
def test_repeated_words_change_nothing_and_the_furthest_is_reached(words: list[OrderState], random: object) -> None:
    def end(heard: list[OrderState]) -> OrderState:
        state = S.PENDING_CONFIRMATION
        for word in heard:
            if is_further(state, word):
                state = word
        return state

    assert end(words + words) == end(words)
    if S.CANCELLED not in words:
        shuffled = list(words)
        random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' Random
        assert end(shuffled) == end(words)


def test_only_a_parcel_on_its_way_turns_back() -> None:
    turns = {(now, then) for now in ALL for then in ALL if may_turn_back(now, then)}
    assert turns == {(S.DELIVERY_FAILED, S.SHIPPED), (S.RETURNING, S.SHIPPED), (S.RETURNING, S.DELIVERED),
                     (S.RETURNING, S.COMPLETED)}  # fmt: skip
    assert all(may_turn_back(now, then) != is_further(now, then) for now, then in turns)


def test_a_line_is_taxed_as_it_is_paid() -> None:
    assert lines_money([(2, 55_000, 1000)]) == [LineMoney(110_000, 10_000, 0)]
    assert lines_money([(1, 110_000, 1000), (1, 110_000, 0)], 110_000) == [
        LineMoney(110_000, 5_000, 55_000),
        LineMoney(110_000, 0, 55_000),
    ]
    assert lines_money([(1, 100, 1000)], 5_000) == [LineMoney(100, 0, 100)]
    assert lines_money([(3, 0, 1000)], 10) == [LineMoney(0, 0, 0)]


@given(
    st.lists(st.tuples(st.integers(1, 99), st.integers(0, 10**9), st.sampled_from([0, 500, 800, 1000])), min_size=1, max_size=8),
    st.integers(0, 10**9),
)  # fmt: skip
def test_a_discount_lowers_tax_and_leaves_totals(lines: list[tuple[int, int, int]], discount: int) -> None:
    full, less = lines_money(lines), lines_money(lines, discount)
    assert [each.total_minor for each in full] == [each.total_minor for each in less]
    assert all(0 <= after.tax_minor <= before.tax_minor for before, after in zip(full, less, strict=True))


def test_a_basket_is_known_whatever_its_order() -> None:
    assert basket_digest([("A", 1), ("B", 2)]) == basket_digest([("B", 2), ("A", 1)])
    assert basket_digest([("A", 1), ("B", 2)]) != basket_digest([("A", 2), ("B", 1)])
    assert basket_digest([("A", 12)]) != basket_digest([("A1", 2)])


def test_missing_units_are_what_an_allocation_does_not_cover() -> None:
    assert missing_units([(1, 5), (2, 1), (1, 1)], [(1, 10, 2), (1, 20, 1), (2, 10, 1)]) == {1: 3}
    assert missing_units([], [(1, 10, 2)]) == {}


@pytest.mark.parametrize(
    ("text", "phone"),
    [("0901 234 567", "+84901234567"), ("84901234567", "+84901234567"), ("+84 901.234.567", "+84901234567"),
     ("(028) 3822-1234", "+842838221234"), ("+44 20 7946 0958", "+442079460958"), ("abc", None), ("", None), ("12", None),
     ("0901", None), ("0９01 ٢34 567", "+84901234567")],
)  # fmt: skip
def test_phones_are_read_as_people_type_them(text: str, phone: str | None) -> None:
    assert e164(text) == phone
