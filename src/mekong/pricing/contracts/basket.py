"""What is priced: goods, for whom, where and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

Key = str
"""A property of goods that lists and offers may name: `v12` variant, `p3` product, `c7` category or one above it, `b…`
folded brand, `a<code>=<value>` attribute."""


class Step(NamedTuple):
    """From so many units on, a unit costs this."""

    from_units: int
    price_minor: int


@dataclass(frozen=True, slots=True, eq=False)
class Article:
    """What pricing knows of a variant.

    `price_minor`: retail, with tax. `cost_minor`: None when unknown. `tax_rate_bp`: of the day. `prices`: id of a price list
    to its steps for this variant, from few units to many.
    """

    variant_id: int
    product_id: int
    sku: str
    name: str
    price_minor: int
    currency: str
    tax_rate_bp: int
    cost_minor: int | None
    keys: frozenset[Key]
    prices: Mapping[int, tuple[Step, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BasketLine:
    """So many units of an article. `hand_price_minor`: a unit's price set by hand. `hand_off_minor`: taken off the line by
    hand, after all offers."""

    article: Article
    units: int
    hand_price_minor: int | None = None
    hand_off_minor: int = 0


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who buys, as far as it is known. Empty: somebody.

    `groups`: codes of customer groups; `segments`: of segments; `tier`: of the membership. `key`: what limits per person
    are counted by. `days_to_birthday`: signed, nearest; None when unknown.
    """

    key: str = ""
    groups: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    tier: str = ""
    is_first_order: bool | None = None
    days_to_birthday: int | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """All that a price depends on.

    `at` is aware. `codes`: each voucher shown, and the id of the offer it opens (0: none). `delivery_fee_minor`: before offers.
    `hand_off_minor`: taken off the whole by hand. `lifts_guard`: a manager lets it go below the price floor.
    """

    lines: tuple[BasketLine, ...]
    channel: str
    at: datetime
    location: str = ""
    shopper: Shopper = field(default_factory=Shopper)
    currency: str = "VND"
    codes: tuple[tuple[str, int], ...] = ()
    payment: str = ""
    delivery: str = ""
    delivery_fee_minor: int = 0
    hand_off_minor: int = 0
    lifts_guard: bool = False
