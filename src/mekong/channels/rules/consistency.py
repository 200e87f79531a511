"""What a listing shows against what it should, and why it differs: pure, so that a page and a worker say the same.

What a platform shows is known from two sides: it acknowledged what it was sent, and it was read back. The later of the
two counts; a read from before an acknowledgement is old news.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from mekong.channels.contracts import Problem
from mekong.channels.contracts.consistency import Cell


@dataclass(frozen=True)
class Told:
    """Prices the platform acknowledged."""

    price_minor: int
    at: datetime


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
    force now; `sale_then_minor`: that should have been when it was read. `shows_sales`: the platform has a sale price
    beside the list price; else it shows the lower of the two as its price. `keeps_dates`: it begins and ends sales by
    itself. `is_own`: the price was set for this listing alone. `sends`: prices are sent to this channel.
    """

    price_minor: int | None
    sale_minor: int | None = None
    sale_then_minor: int | None = None
    shows_sales: bool = True
    keeps_dates: bool = True
    is_own: bool = False
    sends: bool = True
    is_synced: bool = True
    told: Told | None = None
    read: Read | None = None
    refused: Problem | None = None


def wanted_prices(own_minor: int | None, shelf: tuple[int, int | None] | None) -> tuple[int | None, int | None]:
    """The list price and the sale price that a listing should show.

    `shelf`: both as price lists have them, None where they are in another currency. A listing's own price stands alone:
    no sale lowers it.
    """
    if own_minor is not None:
        return own_minor, None
    return shelf or (None, None)


def price_cells(facts: PriceFacts, now: datetime) -> tuple[Cell, ...]:
    """The list price, and the sale price where the platform shows one beside it."""
    if not facts.shows_sales:
        sale = facts.sale_minor
        should = facts.price_minor if sale is None else sale
        return (_price(facts, should),)
    return (_price(facts, facts.price_minor), _sale(facts, now))


def _is_told_later(facts: PriceFacts) -> bool:
    return facts.told is not None and (facts.read is None or facts.told.at >= facts.read.at)


def _price(facts: PriceFacts, should: int | None) -> Cell:
    told, read = facts.told, facts.read
    if told is not None and _is_told_later(facts):
        shows, at = told.price_minor, told.at
    elif read is not None:
        shows, at = read.price_minor, read.at
    else:
        return Cell("price", should, None, _without_read(facts, should), facts.refused)
    if should is None:
        return Cell("price", None, shows, "currency", None, at)
    if shows == should:
        return Cell("price", should, shows, "own_price" if facts.is_own else "", None, at)
    is_settled = told is not None and told.price_minor == should
    return Cell("price", should, shows, *_why(facts, is_settled=is_settled), at)


def _without_read(facts: PriceFacts, should: int | None) -> str:
    if should is None:
        return "currency"
    if facts.refused is not None:
        return "refused"
    return "unread"


def _sale(facts: PriceFacts, now: datetime) -> Cell:
    """A push tells both prices, so one that was acknowledged after the read says that the wanted sale stands."""
    should, read = facts.sale_minor, facts.read
    if facts.price_minor is None:
        return Cell("sale", None, _shown_sale(read, now), "currency", None, read.at if read else None)
    if _is_told_later(facts) and facts.told is not None:
        is_behind = facts.told.price_minor != facts.price_minor
        shows = _shown_sale(read, now) if is_behind else should
        reason, problem = _why(facts, is_settled=False) if is_behind and shows != should else ("", None)
        return Cell("sale", should, shows, reason, problem, facts.told.at)
    if read is None:
        is_bare = should is None
        return Cell("sale", should, None, "" if is_bare else _without_read(facts, facts.price_minor), facts.refused)
    shows = _shown_sale(read, now)
    if shows == should:
        return Cell("sale", should, shows, "", None, read.at)
    if facts.told is not None and facts.keeps_dates and facts.sends and read.sale_minor == facts.sale_then_minor:
        # It stood as it should when it was read; since then a sale has begun or ended, and the platform knew of it.
        return Cell("sale", should, should, "", None, read.at)
    is_settled = facts.told is not None and facts.told.price_minor == facts.price_minor
    return Cell("sale", should, shows, *_why(facts, is_settled=is_settled), read.at)


def _shown_sale(read: Read | None, now: datetime) -> int | None:
    if read is None or (read.sale_ends_at is not None and read.sale_ends_at <= now):
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
