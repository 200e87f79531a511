"""Price lists and offers, as the price function knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mekong.pricing.contracts.basket import Key

ALL_DAY = (0, 24 * 60)


@dataclass(frozen=True, slots=True)
class Goods:
    """Which goods. Of each kind that is named, one must fit; none of `excluded` may. Nothing named: all goods.

    `items`: keys of variants and products. Categories reach down to those below them.
    """

    items: frozenset[Key] = frozenset()
    categories: frozenset[Key] = frozenset()
    brands: frozenset[Key] = frozenset()
    attributes: frozenset[Key] = frozenset()
    excluded: frozenset[Key] = frozenset()

    @property
    def named(self) -> tuple[frozenset[Key], ...]:
        """The kinds that are named, the narrowest first."""
        return tuple(kind for kind in (self.items, self.attributes, self.brands, self.categories) if kind)

    def fit(self, keys: frozenset[Key]) -> bool:
        return self.excluded.isdisjoint(keys) and not any(kind.isdisjoint(keys) for kind in self.named)


@dataclass(frozen=True, slots=True)
class Audience:
    """Where, when and for whom. An empty field asks nothing; all that are set must hold.

    `minutes`: spans of minutes since midnight in Vietnam, the end not counted. `weekdays`: 0 is Monday.
    `birthday_days`: so many days before and after the birthday. `needs_code`: a voucher must be shown.
    """

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    channels: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    payments: frozenset[str] = frozenset()
    deliveries: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    minutes: tuple[tuple[int, int], ...] = ()
    birthday_days: int | None = None
    first_order_only: bool = False
    needs_code: bool = False


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices of some goods under some conditions.

    A base list (`is_sale` False) says what goods cost; of those that hold, the highest `priority` that has a price for
    the units decides. A sale list lowers it: the lowest of those that hold, where it is lower. `is_net`: its prices are
    without tax. `adjust_bp`: prices for all goods without one of their own, as parts of the retail price (9000: 10 % less).
    """

    id: int
    code: str
    name: str
    currency: str = "VND"
    priority: int = 0
    is_sale: bool = False
    is_net: bool = False
    adjust_bp: int | None = None
    audience: Audience = field(default_factory=Audience)


# What an offer gives. Percentages in basis points of what is taken off (10000: free).


@dataclass(frozen=True, slots=True)
class PercentOff:
    """Off each unit, rounded half up to the minor unit; then the price goes to the nearest `price_step_minor`."""

    off_bp: int
    price_step_minor: int = 1


@dataclass(frozen=True, slots=True)
class AmountOff:
    """Off each unit; a unit never costs less than nothing."""

    off_minor: int


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """Each unit costs this, where it cost more."""

    price_minor: int


@dataclass(frozen=True, slots=True)
class NthItem:
    """Of every `group` units, taken dearest first, the last `last` are cheaper: 3, 1, 10000 is “buy two, get one free”."""

    group: int
    last: int
    off_bp: int
    most_times: int = 0


@dataclass(frozen=True, slots=True)
class SetPrice:
    """Any `units` of the goods together cost `price_minor`."""

    units: int
    price_minor: int
    most_times: int = 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """So many of each kind of goods together cost `price_minor`. `parts` stand for the offer's own goods."""

    parts: tuple[tuple[Goods, int], ...]
    price_minor: int
    most_times: int = 0


@dataclass(frozen=True, slots=True)
class BuyGet:
    """For every `buy` units of the offer's goods, `get_units` of others are cheaper. Goods in both count as bought."""

    buy: int
    get: Goods
    get_units: int
    off_bp: int
    most_times: int = 0


@dataclass(frozen=True, slots=True)
class BasketPercent:
    """Off what the offer's goods still cost, at most `most_minor` (0: no limit)."""

    off_bp: int
    most_minor: int = 0


@dataclass(frozen=True, slots=True)
class BasketAmount:
    """Off what the offer's goods still cost; with `per_minor` for every such value of goods, at most `most_times`."""

    off_minor: int
    per_minor: int = 0
    most_times: int = 0


@dataclass(frozen=True, slots=True)
class Gift:
    """Goods on top, free: `units` of a variant worth `worth_minor` each."""

    variant_id: int
    units: int
    worth_minor: int


@dataclass(frozen=True, slots=True)
class DeliveryOff:
    """Off the delivery fee: a part of it, at most `most_minor` (0: no limit)."""

    off_bp: int
    most_minor: int = 0


@dataclass(frozen=True, slots=True)
class PointsTimes:
    """Points earned are multiplied; 20000 doubles them."""

    times_bp: int


ItemEffect = PercentOff | AmountOff | FixedPrice
SetEffect = NthItem | SetPrice | Bundle | BuyGet
BasketEffect = BasketPercent | BasketAmount | Gift | DeliveryOff | PointsTimes
Effect = ItemEffect | SetEffect | BasketEffect


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """A promotion: when it holds, on which goods, and what it gives.

    `layer`: layers add up, in ascending order; within one, offers exclude each other (see `rules.pricing`). An exclusive
    offer stands alone. `least_units` and `least_minor` are counted over its goods, at prices before offers.
    """

    id: int
    code: str
    name: str
    effect: Effect
    goods: Goods = field(default_factory=Goods)
    audience: Audience = field(default_factory=Audience)
    layer: int = 1
    priority: int = 0
    is_exclusive: bool = False
    least_units: int = 0
    least_minor: int = 0
