"""A basket on its way to its price: lines, and what a choice of offers does to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mekong.pricing.contracts.basket import BasketLine
from mekong.pricing.contracts.offers import Offer
from mekong.pricing.contracts.quote import GiftLine, Reason
from mekong.pricing.rules.amounts import WHOLE_BP
from mekong.pricing.rules.book import Entry

new_tuple = tuple.__new__
"""Makes a named tuple in half the time of its own constructor: a quote has a hundred."""


class Run:
    """Units of a line that came the same way so far, and what is left to pay for them."""

    __slots__ = ("left", "line", "units")

    def __init__(self, line: Line, units: int, left: int) -> None:
        self.line, self.units, self.left = line, units, left


class Line(Run):
    """A line on its way. It is one run of its own until set offers split it into `runs`."""

    __slots__ = ("article", "asked", "compare_at", "floor", "place", "reasons", "runs", "total", "unit")
    unit: int
    compare_at: int
    total: int
    left: int

    def __init__(self, place: int, asked: BasketLine) -> None:
        self.line = self
        self.place, self.asked, self.article, self.units = place, asked, asked.article, asked.units
        self.floor = 0  # The other amounts come with the price lists.
        self.reasons: list[Reason] = []
        self.runs: Sequence[Run] = ()


class Candidate:
    """An offer whose conditions the basket meets, and the lines of each of its roles."""

    __slots__ = ("entry", "lines", "offer", "roles")

    def __init__(self, entry: Entry, roles: list[list[Line]]) -> None:
        self.entry, self.offer, self.lines, self.roles = entry, entry.offer, roles[0], roles


class Cut(NamedTuple):
    """What an offer (None: a hand) takes off lines."""

    offer: Offer | None
    lines: Sequence[Line]
    shares: Sequence[int]


class Plan:
    """What a choice of offers leads to."""

    __slots__ = ("cuts", "delivery", "fee", "gifts", "times")

    def __init__(self, fee: int) -> None:
        self.cuts: list[Cut] = []
        self.gifts: list[GiftLine] = []
        self.delivery: list[tuple[Offer, int]] = []
        self.fee = fee
        self.times: tuple[int, Offer | None] = (WHOLE_BP, None)

    @property
    def benefit(self) -> int:
        return (
            sum(sum(cut.shares) for cut in self.cuts)
            + sum(gift.units * gift.worth_minor for gift in self.gifts)
            + sum(off for _, off in self.delivery)
        )
