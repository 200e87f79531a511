"""The draw of the voucher game: vectors by hand, exact mapping, no bias, streaks, and why a prize falls."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from datetime import date
from fractions import Fraction

import pytest

from mekong.pricing.rules import games
from mekong.pricing.rules.games import Slot

SEED = bytes(range(32))
GAME = "01936b1e7d3c70008000000000000001"
TOP = (1 << 256) - 1
MONDAY, TUESDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 27)


def test_the_commitment_is_the_plain_sha_256_of_the_seed() -> None:
    # `printf '%b' '\x00…\x1f' | sha256sum`
    assert games.commitment(SEED) == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"


def test_an_outcome_is_the_hmac_that_anybody_can_compute() -> None:
    signed = hmac.new(SEED, b"01936b1e7d3c70008000000000000001|7|abc", hashlib.sha256).hexdigest()
    assert games.outcome(SEED, GAME, 7, "abc") == int(signed, 16)


def test_hmac_is_that_of_rfc_4231() -> None:
    # Test case 2 has the key "Jefe"; its message has no bars, so it is signed here without them.
    signed = hmac.new(b"Jefe", b"what do ya want for nothing?", hashlib.sha256).hexdigest()
    assert signed == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@pytest.mark.parametrize(
    ("outcome", "weights", "place"),
    [
        (0, [1, 1], 0),
        (TOP, [1, 1], 1),
        ((1 << 255) - 1, [1, 1], 0),
        (1 << 255, [1, 1], 1),
        ((1 << 254) - 1, [1, 3], 0),
        (1 << 254, [1, 3], 1),
        (0, [0, 5, 0], 1),
        (TOP, [0, 5, 0], 1),
        (TOP // 3, [1, 1, 1], 0),
        (TOP // 3 + 1, [1, 1, 1], 1),
        (TOP, [1_000_000] * 60, 59),
    ],
)
def test_an_outcome_falls_where_it_must(outcome: int, weights: list[int], place: int) -> None:
    assert games.pick(outcome, weights) == place


@pytest.mark.parametrize("weights", [[1, 1, 1], [1, 2, 4], [999_999, 1], [7, 11, 13, 1]])
def test_every_weight_has_its_share_of_all_outcomes_to_within_one(weights: list[int]) -> None:
    """The outcomes of a place are those between two borders: how many they are is known without counting them."""
    whole, below = sum(weights), 0
    for place, weight in enumerate(weights):
        first = -(-(below << 256) // whole)
        beyond = -(-((below + weight) << 256) // whole)
        assert games.pick(first, weights) == place
        assert games.pick(beyond - 1, weights) == place
        assert abs(Fraction(beyond - first, 1 << 256) - Fraction(weight, whole)) < Fraction(1, 1 << 256)
        below += weight


@pytest.mark.parametrize(("outcome", "weights"), [(0, []), (0, [0, 0]), (0, [2, -1]), (-1, [1]), (1 << 256, [1])])
def test_what_cannot_be_drawn_is_a_defect(outcome: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"pick|min"):
        games.pick(outcome, weights)


@pytest.mark.parametrize(
    ("weights", "limit"),
    # The 99.9 % quantiles of χ² with 1, 3 and 6 degrees of freedom.
    [([1, 1], 10.828), ([70, 20, 9, 1], 16.266), ([1, 2, 3, 4, 5, 6, 7], 22.458)],
)
def test_a_hundred_thousand_draws_follow_their_weights(weights: list[int], limit: float) -> None:
    draws = 100_000
    seen = Counter(games.pick(games.outcome(SEED, GAME, n, f"c{n % 97}"), weights) for n in range(1, draws + 1))
    expected = [draws * weight / sum(weights) for weight in weights]
    chi_square = sum((seen[place] - want) ** 2 / want for place, want in enumerate(expected))
    assert chi_square < limit


def test_each_part_of_the_message_counts() -> None:
    outcomes = {
        games.outcome(SEED, GAME, 1, "a"), games.outcome(SEED, GAME, 2, "a"), games.outcome(SEED, GAME, 1, "b"),
        games.outcome(SEED, GAME[::-1], 1, "a"), games.outcome(SEED[::-1], GAME, 1, "a"),
    }  # fmt: skip
    assert len(outcomes) == 5


def test_a_table_is_written_in_one_way() -> None:
    slots = [Slot(1, "Áo", "points", 2, points=5), Slot(0, "Không", "none", 8, stock=None)]
    text = games.table_text(slots, per_day=1, budget_minor=None, currency="VND")
    assert text == games.table_text(slots[::-1], per_day=1, budget_minor=None, currency="VND")
    assert text.startswith('{"budget_minor":null,"currency":"VND","per_day":1,"prizes":[{"cost_minor":0,')
    assert games.table_digest(text) == hashlib.sha256(text.encode()).hexdigest()
    assert text != games.table_text(slots, per_day=2, budget_minor=None, currency="VND")


@pytest.mark.parametrize(
    ("given", "today", "spent", "why"),
    [
        (9, 2, 90, ""),
        (10, 0, 0, "stock"),
        (9, 3, 90, "day"),
        (9, 2, 91, "budget"),
        (10, 3, 100, "stock"),
    ],
)
def test_a_prize_falls_for_the_first_thing_that_is_used_up(given: int, today: int, spent: int, why: str) -> None:
    slot = Slot(0, "x", "voucher", 1, stock=10, daily_cap=3, cost_minor=10)
    assert games.why_falls(slot, given=given, given_today=today, spent_minor=spent, budget_minor=100) == why


def test_what_has_no_limit_never_falls() -> None:
    slot = Slot(0, "x", "voucher", 1, cost_minor=10)
    assert games.why_falls(slot, given=10**9, given_today=10**9, spent_minor=10**15, budget_minor=None) == ""


def test_a_streak_goes_on_day_by_day() -> None:
    assert games.streak(None, 0, MONDAY) == 1
    assert games.streak(MONDAY, 4, TUESDAY) == 5
    assert games.streak(MONDAY, 4, FRIDAY) == 1
    assert games.streak(date(2026, 12, 31), 9, date(2027, 1, 1)) == 10


def test_a_check_in_has_a_table_for_each_day_and_begins_anew() -> None:
    slots = [Slot(0, "a", "none", 1, day=1), Slot(1, "b", "none", 1, day=3), Slot(2, "c", "none", 1, day=3)]

    def names(streak: int) -> str:
        return "".join(slot.name for slot in games.table_of(slots, "check_in", streak))

    assert [names(streak) for streak in range(1, 8)] == ["a", "", "bc", "a", "", "bc", "a"]
    assert games.table_of(slots, "spin", 0) == slots
    assert games.drawn_from([], SEED, GAME, 1, "a") is None
    assert games.drawn_from(slots[:1], SEED, GAME, 1, "a") == slots[0]
