"""Rate limits, circuit breaking and backing off, on a clock of our own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.channels.pacing import Breaker, TokenBucket, backoff_s


def test_a_bucket_lets_a_burst_through_then_its_rate():
    bucket = TokenBucket(10, 3)
    assert [bucket.take(0.0) for _ in range(4)] == [1, 1, 1, 0]
    assert bucket.wait_s(0.0) == pytest.approx(0.1)
    assert bucket.take(0.1) == 1
    assert bucket.take(0.15) == 0


def test_many_are_taken_at_once_where_they_are_there():
    bucket = TokenBucket(10, 5)
    assert bucket.take(0.0, most=9) == 5
    bucket.give_back(2)
    assert bucket.take(0.0, most=9) == 2


def test_a_bucket_never_saves_up_more_than_its_burst():
    bucket = TokenBucket(10, 3)
    bucket.take(0.0, most=3)
    assert bucket.take(1000.0, most=9) == 3


def test_a_pause_holds_everything_back_and_saves_nothing_up():
    bucket = TokenBucket(10, 5)
    bucket.pause(0.0, 2.0)
    assert bucket.take(1.9) == 0
    assert bucket.wait_s(1.5) == pytest.approx(0.5)
    assert bucket.take(2.0, most=9) == 1
    assert bucket.take(2.1, most=9) == 1


@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 5)), max_size=200), st.integers(1, 10))
def test_no_span_of_time_sees_more_than_burst_and_rate(asks, burst):
    bucket, clock, taken = TokenBucket(20, burst), 0.0, []
    for pause, most in asks:
        clock += pause
        taken += [clock] * bucket.take(clock, most)
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            span = taken[end] - taken[start]
            assert end - start + 1 <= burst + span * 20 + 1e-6


def test_a_limit_of_nothing_is_a_defect():
    with pytest.raises(ValueError, match="at least something"):
        TokenBucket(0, 1)


def test_a_breaker_opens_after_failures_in_a_row_and_asks_with_one_call():
    breaker = Breaker(threshold=3, first_s=1.0, longest_s=4.0)
    for _ in range(2):
        assert breaker.enter(0.0)
        breaker.failed(0.0)
    assert breaker.enter(0.0)
    breaker.succeeded()
    for _ in range(3):
        breaker.enter(0.0)
        breaker.failed(0.0)
    assert breaker.is_open
    assert not breaker.enter(0.5)
    assert breaker.wait_s(0.5) == pytest.approx(0.5)
    assert breaker.enter(1.0)
    assert not breaker.enter(1.0), "one probe at a time"


def test_an_unanswered_probe_doubles_the_wait_up_to_the_longest():
    breaker = Breaker(threshold=1, first_s=1.0, longest_s=4.0)
    clock, waits = 0.0, []
    for _ in range(5):
        assert breaker.enter(clock)
        breaker.failed(clock)
        waits.append(breaker.wait_s(clock))
        clock += breaker.wait_s(clock)
    assert waits == [1.0, 2.0, 4.0, 4.0, 4.0]
    assert breaker.enter(clock)
    breaker.succeeded()
    assert not breaker.is_open
    breaker.failed(clock)
    assert breaker.wait_s(clock) == 1.0


def test_calls_that_were_under_way_when_it_opened_do_not_push_it_further():
    breaker = Breaker(threshold=2, first_s=1.0)
    for _ in range(6):
        breaker.failed(0.0)
    assert breaker.wait_s(0.0) == 1.0


def test_a_probe_given_up_lets_the_next_one_try():
    breaker = Breaker(threshold=1, first_s=1.0)
    breaker.failed(0.0)
    assert breaker.enter(1.0)
    breaker.left()
    assert breaker.enter(1.0)


@given(st.integers(1, 500), st.floats(0, 1))
def test_backing_off_doubles_spreads_and_ends(attempt, chance):
    wait = backoff_s(attempt, first_s=0.5, longest_s=60.0, chance=chance)
    full = min(60.0, 0.5 * 2 ** min(attempt - 1, 30))
    assert full / 2 <= wait <= full
