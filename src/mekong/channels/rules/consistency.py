"""What a listing shows against what it should, and why it differs: pure, so that a page and a worker say the same.

What a platform shows is known from two sides: it acknowledged what it was sent, and it was read back. The later of the
two counts; a read from before an acknowledgement is old news.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mekong.channels.contracts import Problem
from mekong.channels.contracts.consistency import Cell


@dataclass(frozen=True)
class ToldSale:
    """A sale price the platform acknowledged, with the moments at which it begins and ends there by itself."""

    price_minor: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Told:
    """Prices the platform acknowledged, both at once."""

    price_minor: int
    at: datetime
    sale: ToldSale | None = None

    def sale_at(self, moment: datetime) -> int | None:
        """The sale price in force then, by what was acknowledged."""
        sale = self.sale
        if sale is None or (sale.starts_at is not None and moment < sale.starts_at):
            return None
        return None if sale.ends_at is not None and sale.ends_at <= moment else sale.price_minor


def sale_told(key: Sequence[int | str] | None) -> ToldSale | None:
    """A sale as it is kept when a platform acknowledged it (`rules.sale_key`)."""
    if key is None:
        return None
    price_minor, *dates = key
    starts_at, ends_at = (datetime.fromisoformat(str(each)) if each else None for each in dates)
    return ToldSale(int(price_minor), starts_at, ends_at)


@dataclass(frozen=True)
class Read:
    """Prices the platform was seen to show; `sale_ends_at`: when the sale price ends by itself."""

    price_minor: int
    sale_minor: int | None
    sale_ends_at: datetime | None
    at: datetime


@dataclass(frozen=True)
class PriceFacts:
    """All that is known of a listing's prices, in minor units of its channel's currency.

    `price_minor`: what it should show; None: not known in that currency. `sale_minor`: the sale price that should be in
    force now. `shows_sales`: the platform has a sale price beside the list price; else it shows the lower of the two as
    its price. `is_own`: the price was set for this listing alone. `sends`: prices are sent to this channel.
    """

    price_minor: int | None
    sale_minor: int | None = None
    shows_sales: bool = True
    is_own: bool = False
    sends: bool = True
    is_synced: bool = True
    told: Told | None = None
    read: Read | None = None
    refused: Problem | None = None


def price_cells(facts: PriceFacts, now: datetime) -> tuple[Cell, ...]:
    """The list price, and the sale price where the platform shows one beside it."""
    if facts.shows_sales:
        return (_price(facts, facts.price_minor, facts.told.price_minor if facts.told else None), _sale(facts, now))
    sale, told = facts.sale_minor, facts.told
    return (_price(facts, facts.price_minor if sale is None else sale, _lowest(told, now) if told else None),)


def _lowest(told: Told, now: datetime) -> int:
    sale = told.sale_at(now)
    return told.price_minor if sale is None else sale


def _is_told_later(facts: PriceFacts) -> bool:
    return facts.told is not None and (facts.read is None or facts.told.at >= facts.read.at)


def _price(facts: PriceFacts, should: int | None, told_minor: int | None) -> Cell:
    """`told_minor`: what the platform shows by what it acknowledged; None: it was told nothing."""
    told, read = facts.told, facts.read
    if told is not None and _is_told_later(facts):
        shows, at = told_minor, told.at
    elif read is not None:
        shows, at = read.price_minor, read.at
    else:
        return Cell("price", should, None, _without_read(facts, should), facts.refused)
    if should is None:
        return Cell("price", None, shows, "currency", None, at)
    if shows == should:
        return Cell("price", should, shows, "own_price" if facts.is_own else "", None, at)
    return Cell("price", should, shows, *_why(facts, is_settled=told_minor == should), at)


def _without_read(facts: PriceFacts, should: int | None) -> str:
    if should is None:
        return "currency"
    if facts.refused is not None:
        return "refused"
    return "unread"


def _sale(facts: PriceFacts, now: datetime) -> Cell:
    should, read, told = facts.sale_minor, facts.read, facts.told
    if facts.price_minor is None:
        return Cell("sale", None, _shown_sale(read, told, now), "currency", None, read.at if read else None)
    if told is not None and _is_told_later(facts):
        shows, at = told.sale_at(now), told.at
    elif read is not None:
        shows, at = _shown_sale(read, told, now), read.at
    else:
        reason = "" if should is None else _without_read(facts, facts.price_minor)
        return Cell("sale", should, None, reason, facts.refused)
    if shows == should:
        return Cell("sale", should, shows, "", None, at)
    is_settled = told is not None and told.price_minor == facts.price_minor and told.sale_at(now) == should
    return Cell("sale", should, shows, *_why(facts, is_settled=is_settled), at)


def _shown_sale(read: Read | None, told: Told | None, now: datetime) -> int | None:
    """What it shows now by what was read: one of which it was told may have begun or ended there since."""
    if read is None:
        return None
    stood_as_told = told is not None and told.sale_at(read.at) == read.sale_minor
    if read.sale_minor is None:
        return told.sale_at(now) if told is not None and stood_as_told else None
    is_over = read.sale_ends_at is not None and read.sale_ends_at <= now
    if is_over or (told is not None and stood_as_told and told.sale_at(now) is None):
        return None
    return read.sale_minor


def _why(facts: PriceFacts, *, is_settled: bool) -> tuple[str, Problem | None]:
    """Why a price differs. `is_settled`: what should stand was acknowledged, and read otherwise after that."""
    if not facts.sends:
        return "prices_off", None
    if not facts.is_synced:
        return "not_synced", None
    if facts.refused is not None:
        return "refused", facts.refused
    if is_settled and not _is_told_later(facts):
        return "changed", None
    return "pending", None


# --- words and pictures -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """How a product was seen to look there. None: that was not told."""

    name: str
    description: str | None
    pictures: int | None
    at: datetime


@dataclass(frozen=True)
class Publishing:
    """How a product stands that is published from here. `sent_at`: when the platform last took what it was sent."""

    state: str
    follows: bool
    is_behind: bool
    sent_at: datetime | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class WordFacts:
    """What a product should show, and all that is known of what it shows. `publishing` None: it is not ours there."""

    name: str
    description: str
    pictures: int
    shown: Shown | None
    publishing: Publishing | None


def word_cells(facts: WordFacts) -> tuple[Cell, ...]:
    """Name, description and number of pictures. Words are alike where they differ in spaces and line breaks alone."""
    shown = facts.shown
    pairs: tuple[tuple[str, str | int, str | int | None], ...] = (
        ("name", facts.name, shown.name if shown else None),
        ("description", facts.description, shown.description if shown else None),
        ("pictures", facts.pictures, shown.pictures if shown else None),
    )
    return tuple(_word(facts, *pair) for pair in pairs)


def _word(facts: WordFacts, fact: str, should: str | int, shows: str | int | None) -> Cell:
    kept, shown = facts.publishing, facts.shown
    at = shown.at if shown else None
    if kept is not None and _is_taken(kept) and kept.sent_at is not None and (at is None or kept.sent_at >= at):
        return Cell(fact, should, should, "", None, kept.sent_at)
    if shows is None:
        return Cell(fact, should, None, "unread", None, at)
    if alike(should, shows):
        return Cell(fact, should, shows, "", None, at)
    return Cell(fact, should, shows, *_why_words(kept), at)


def _is_taken(kept: Publishing) -> bool:
    return not kept.is_behind and kept.follows and kept.state in ("live", "hidden")


def _why_words(kept: Publishing | None) -> tuple[str, Problem | None]:
    if kept is None:
        return "by_hand", None
    if not kept.follows:
        return "not_followed", None
    if kept.is_behind:
        return "pending", None
    if kept.state == "refused":
        return "refused", Problem("remote_refused", {"remote_message": "; ".join(kept.reasons)})
    if kept.state in ("incomplete", "reviewing"):
        return kept.state, None
    return ("pending" if kept.state == "waiting" else "changed"), None


def alike(ours: str | int, theirs: str | int) -> bool:
    """Whether two values say the same: platforms lay out words and write them in Unicode as they like."""
    if isinstance(ours, str) and isinstance(theirs, str):
        return _words(ours) == _words(theirs)
    return ours == theirs


def _words(text: str) -> list[str]:
    return unicodedata.normalize("NFC", text).split()
