"""Shapes of the consistency check: what a channel shows against what it should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mekong.channels.contracts import Problem

PRICES: Final = ("price", "sale")
WORDS: Final = ("name", "description", "pictures")
FACTS: Final = (*PRICES, *WORDS)
"""What is compared: the list price, the sale price in force, and how the product looks (pictures: how many)."""

FAULTS: Final = ("changed", "refused", "incomplete", "pending")
"""Reasons that somebody or something is to set right, the gravest first.

`changed`: it was as it should be, and the platform shows otherwise now. `refused`: by the platform, in its words.
`incomplete`: something is missing here, so it cannot be sent. `pending`: sent soon, or sent and not yet acknowledged.
"""
WISHES: Final = ("own_price", "prices_off", "not_synced", "not_followed", "by_hand", "currency", "reviewing", "unread")
"""Reasons that are as people said, or nobody's fault.

`own_price`: the channel shows the price that it was given for itself. `prices_off`, `not_synced`: nothing is sent to
this channel, to this listing. `not_followed`, `by_hand`: what the catalogue says is not sent there. `currency`: no price
is known in the channel's. `reviewing`: the platform looks at what it was sent. `unread`: it was never seen.
"""
REASONS: Final = (*FAULTS, *WISHES)


@dataclass(frozen=True)
class Cell:
    """One fact of one listing. `reason` "": as it should be. Prices in minor units of the channel's currency.

    `should`, `shows`: None where there is none, or it is not known. `problem`: of a refused one, in the platform's words.
    `is_fault`: it counts as a difference. `may_repair`: pushing or publishing it anew can set it right; `may_accept`: the
    price that the platform shows can become the listing's own. `seen_at`: when the platform last said what it shows.
    """

    fact: str
    should: int | str | None
    shows: int | str | None
    reason: str = ""
    problem: Problem | None = None
    seen_at: datetime | None = None

    @property
    def is_fault(self) -> bool:
        return self.reason in FAULTS

    @property
    def may_repair(self) -> bool:
        return self.reason in ("changed", "refused", "incomplete")

    @property
    def may_accept(self) -> bool:
        return self.fact == "price" and self.reason in ("changed", "refused") and isinstance(self.shows, int)


@dataclass(frozen=True)
class ListingCheck:
    """One listing with all its cells, by fact; those of the whole product there only with its first listing."""

    listing_id: int
    channel: str
    channel_name: str
    kind: str
    currency: str
    item_id: str
    model_id: str
    sku: str
    title: str
    url: str
    is_live: bool
    is_first: bool
    cells: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def faults(self) -> int:
        return sum(each.is_fault for each in self.cells.values())


@dataclass(frozen=True)
class ProductCheck:
    """A product with its listings on all channels. `read_at`: the oldest look at any of them; None: one was never read."""

    product_id: int
    code: str
    name: str
    thumbnail_url: str
    listings: Sequence[ListingCheck]
    read_at: datetime | None

    @property
    def faults(self) -> int:
        return sum(each.faults for each in self.listings)


@dataclass(frozen=True)
class DifferenceCounts:
    """Of all listings: differences by fact and by reason, products with a fault; `unread`: live listings never read.

    `checked_at`: the oldest whole check of any channel that has one.
    """

    faults: int = 0
    products: int = 0
    by_channel: Mapping[str, int] = field(default_factory=dict)
    by_fact: Mapping[str, int] = field(default_factory=dict)
    by_reason: Mapping[str, int] = field(default_factory=dict)
    unread: int = 0
    checked_at: datetime | None = None


@dataclass(frozen=True)
class ProductCheckPage:
    products: Sequence[ProductCheck]
    next_cursor: str | None


@dataclass(frozen=True)
class RepairReport:
    """What came of a repair: listings whose prices are pushed anew, products that are published anew, differences that
    were on their way already; `left`: found and not asked for yet, because there are too many for one time."""

    prices: int = 0
    products: int = 0
    waiting: int = 0
    left: int = 0
