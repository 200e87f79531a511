"""How long a channel may be silent, told from its own history; what a refusal is about, told from its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mekong.channels import rules

LAST = datetime(2026, 11, 17, 2, 30, tzinfo=UTC)
"""A Tuesday, half past nine in the morning in Saigon."""
LOCAL = LAST.astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))


def test_a_full_slot_of_the_week_is_asked_first():
    gaps = {"2-9": (100, 60, 7200), "9": (5000, 60, 3600), "": (9000, 60, 40_000)}

    found = rules.silence(gaps, last_at=LAST, local=LOCAL)

    assert found == rules.Silence(LAST, timedelta(hours=2), timedelta(minutes=1), "2-9", 100)
    assert not found.is_alarming(LAST + timedelta(hours=2))
    assert found.is_alarming(LAST + timedelta(hours=2, seconds=1))


def test_a_slot_that_saw_too_little_leaves_the_word_to_a_wider_one():
    gaps = {"2-9": (99, 60, 7200), "9": (99, 60, 3600), "": (250, 60, 40_000)}

    found = rules.silence(gaps, last_at=LAST, local=LOCAL)

    assert found is not None
    assert (found.slot, found.limit) == ("", timedelta(seconds=40_000))


def test_half_an_hour_is_never_a_silence():
    found = rules.silence({"": (10_000, 1, 5)}, last_at=LAST, local=LOCAL)

    assert found is not None
    assert not found.is_alarming(LAST + timedelta(minutes=30))
    assert found.is_alarming(LAST + timedelta(minutes=30, seconds=1))


def test_a_channel_with_little_history_is_expected_to_do_nothing():
    assert rules.silence({"": (99, 60, 60)}, last_at=LAST, local=LOCAL) is None
    assert rules.silence({}, last_at=LAST, local=LOCAL) is None


@pytest.mark.parametrize(
    ("code", "words", "about"),
    [
        ("error.param", "Can not update item with stock less than reserved stock", "reserved"),
        ("error_item_not_found", "item is not found", "gone"),
        ("item_banned", "Item is banned", "gone"),
        ("no_warehouse", "The seller has no warehouse on Tiki.", "warehouse"),
        ("stock_at_tiki", "The goods lie in a warehouse of Tiki's.", "warehouse"),
        ("E0501", "special_price is lower than allowed", "price"),
        ("12052", "missing mandatory attribute Material", "attribute"),
        ("stock_not_managed", "the shop does not manage this item's stock", "unmanaged"),
        ("36009003", "app lacks the scope seller.product.write", "permission"),
        ("E_42", "Something else", "other"),
    ],
)
def test_a_refusal_is_about_what_its_words_say(code: str, words: str, about: str):
    assert rules.refusal(code, words) == about
