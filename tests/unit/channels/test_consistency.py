"""Why a listing shows otherwise than it should, decided from what was acknowledged and what was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mekong.channels.contracts import Problem
from mekong.channels.rules.consistency import (
    PriceFacts,
    Publishing,
    Read,
    Shown,
    Told,
    ToldSale,
    WordFacts,
    alike,
    price_cells,
    word_cells,
)
from mekong.channels.socket.looks import plain

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
BEFORE, EARLIER = NOW - timedelta(hours=1), NOW - timedelta(hours=2)
REFUSED = Problem("remote_refused", {"remote_message": "price out of range"})


def read(price: int, sale: int | None = None, at: datetime = BEFORE, ends: datetime | None = None) -> Read:
    return Read(price, sale, ends, at)


def reasons(facts: PriceFacts) -> list[str]:
    return [each.reason for each in price_cells(facts, NOW)]


SETTLED = PriceFacts(100, told=Told(100, EARLIER), read=read(100))


@pytest.mark.parametrize(
    ("facts", "price", "sale"),
    [
        (SETTLED, "", ""),
        (replace(SETTLED, read=read(90)), "changed", ""),
        (replace(SETTLED, price_minor=120), "pending", ""),
        (replace(SETTLED, read=read(90), told=Told(90, BEFORE)), "pending", ""),
        (replace(SETTLED, read=read(90), told=Told(100, NOW)), "", ""),
        (replace(SETTLED, read=read(90), refused=REFUSED), "refused", ""),
        (replace(SETTLED, read=read(90), sends=False), "prices_off", ""),
        (replace(SETTLED, read=read(90), is_synced=False), "not_synced", ""),
        (replace(SETTLED, told=None, read=read(90)), "pending", ""),
        (replace(SETTLED, is_own=True), "own_price", ""),
        (replace(SETTLED, read=read(90), is_own=True), "changed", ""),
        (replace(SETTLED, price_minor=None), "currency", "currency"),
        (PriceFacts(100), "unread", ""),
        (PriceFacts(100, refused=REFUSED), "refused", ""),
        (PriceFacts(None), "currency", "currency"),
        (PriceFacts(100, 80), "unread", "unread"),
    ],
)
def test_a_price_differs_for_one_reason(facts: PriceFacts, price: str, sale: str) -> None:
    assert reasons(facts) == [price, sale]


SALE = Told(100, EARLIER, ToldSale(80))
ON_SALE = replace(SETTLED, sale_minor=80, told=SALE, read=read(100, 80))


@pytest.mark.parametrize(
    ("facts", "sale"),
    [
        (ON_SALE, ""),
        (replace(ON_SALE, read=read(100)), "changed"),
        (replace(ON_SALE, read=read(100, 70)), "changed"),
        (replace(ON_SALE, sale_minor=None), "pending"),
        (replace(ON_SALE, sale_minor=None, told=Told(100, EARLIER)), "changed"),
        (replace(ON_SALE, read=read(100), told=replace(SALE, at=NOW)), ""),
        (replace(ON_SALE, read=read(100), told=Told(100, NOW)), "pending"),
        (replace(ON_SALE, sale_minor=70), "pending"),
        (replace(ON_SALE, read=read(100), told=Told(110, NOW)), "pending"),
        (replace(ON_SALE, read=read(100), told=None), "pending"),
        (replace(ON_SALE, read=read(100), sends=False), "prices_off"),
    ],
)
def test_an_offer_that_should_stand_and_does_not_or_stands_and_should_not(facts: PriceFacts, sale: str) -> None:
    assert reasons(facts)[1] == sale


def test_a_sale_that_began_or_ended_since_the_read_is_where_it_should_be() -> None:
    midway = BEFORE + timedelta(minutes=30)
    began = replace(ON_SALE, told=Told(100, EARLIER, ToldSale(80, midway)), read=read(100))
    assert reasons(began) == ["", ""]
    assert price_cells(began, NOW)[1].shows == 80
    ended = replace(ON_SALE, sale_minor=None, told=Told(100, EARLIER, ToldSale(80, None, midway)))
    assert reasons(ended) == ["", ""]
    ends_by_itself = replace(SETTLED, read=read(100, 80, ends=NOW))
    assert reasons(ends_by_itself) == ["", ""]
    cut_short = replace(ON_SALE, read=read(100, 80, ends=midway))
    assert reasons(cut_short) == ["", "changed"], "it was told of no end"


def test_a_platform_without_sale_prices_shows_the_lower_one() -> None:
    facts = PriceFacts(100, 80, shows_sales=False, told=SALE, read=read(80))
    (cell,) = price_cells(facts, NOW)
    assert (cell.should, cell.shows, cell.reason) == (80, 80, "")
    (cell,) = price_cells(replace(facts, read=None), NOW)
    assert (cell.should, cell.shows, cell.reason) == (80, 80, "")
    (cell,) = price_cells(replace(facts, told=Told(100, NOW)), NOW)
    assert (cell.should, cell.shows, cell.reason) == (80, 100, "pending")


def test_what_may_be_done_about_a_difference() -> None:
    changed, _ = price_cells(replace(SETTLED, read=read(90)), NOW)
    assert (changed.is_fault, changed.may_repair, changed.may_accept) == (True, True, True)
    off, _ = price_cells(replace(SETTLED, read=read(90), sends=False), NOW)
    assert (off.is_fault, off.may_repair, off.may_accept) == (False, False, False)
    waiting, _ = price_cells(replace(SETTLED, price_minor=120), NOW)
    assert (waiting.is_fault, waiting.may_repair, waiting.may_accept) == (True, False, False)
    _, sale = price_cells(replace(ON_SALE, read=read(100)), NOW)
    assert (sale.may_repair, sale.may_accept) == (True, False)


OURS = Publishing("live", True, False, EARLIER)
WORDS = WordFacts("Áo thun", "Mềm\n\nvà mát", 2, Shown("Áo  thun", "Mềm và mát", 2, BEFORE), OURS)


def words(**changes: Any) -> list[str]:
    return [each.reason for each in word_cells(replace(WORDS, **changes))]


OTHER = Shown("Áo cũ", "Cũ", 1, BEFORE)


@pytest.mark.parametrize(
    ("publishing", "reason"),
    [
        (OURS, "changed"),
        (None, "by_hand"),
        (replace(OURS, follows=False), "not_followed"),
        (replace(OURS, is_behind=True), "pending"),
        (replace(OURS, state="refused", is_behind=True), "pending"),
        (replace(OURS, state="refused"), "refused"),
        (replace(OURS, state="incomplete"), "incomplete"),
        (replace(OURS, state="reviewing"), "reviewing"),
        (replace(OURS, state="waiting"), "pending"),
        (replace(OURS, sent_at=NOW), ""),
        (replace(OURS, sent_at=NOW, state="refused"), "refused"),
    ],
)
def test_words_and_pictures_differ_for_one_reason(publishing: Publishing | None, reason: str) -> None:
    assert words(shown=OTHER, publishing=publishing) == [reason] * 3


def test_words_are_alike_whatever_their_layout() -> None:
    assert words() == ["", "", ""]
    assert alike("Cà phê", "Cà phê"), "composed or not"
    assert not alike("Cà phê", "Ca phe")
    assert words(pictures=3) == ["", "", "changed"]
    assert words(shown=None) == ["", "", ""], "it was sent, and is not read back yet"
    assert words(shown=None, publishing=None) == ["unread"] * 3
    assert words(shown=Shown("Áo thun", None, None, BEFORE)) == ["", "unread", "unread"]
    refused = word_cells(replace(WORDS, shown=OTHER, publishing=replace(OURS, state="refused", reasons=("Cấm",))))
    assert refused[0].problem == Problem("remote_refused", {"remote_message": "Cấm"})


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("Mềm\n\n và  mát", "Mềm\nvà mát"),
        ("<p>Mềm &amp; mát<br/>Giặt máy</p><p>&lt; 7 ngày</p>", "Mềm & mát\nGiặt máy\n< 7 ngày"),
        ("<ul><li>Một</li><li><b>Hai</b></li></ul>", "Một\nHai"),
        ("", ""),
    ],
)
def test_markup_is_read_as_words(markup: str, words: str) -> None:
    assert plain(markup) == words
