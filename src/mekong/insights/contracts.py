"""Shapes of figures that cross the border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True)
class Waiting:
    """Orders that wait for one kind of work. `money`: their totals by currency, in minor units.

    `late`: how many are past their deadline; `soon`: how many reach it before the moment asked for.
    """

    orders: int = 0
    money: Mapping[str, int] = field(default_factory=dict)
    first_due: datetime | None = None
    late: int = 0
    soon: int = 0


@dataclass(frozen=True)
class OrderRow:
    """An order in a list behind a figure. `units`: of the variant the figure is about, else of the whole order."""

    id: UUID
    code: str
    channel: str
    state: str
    payment_state: str
    is_cod: bool
    currency: str
    total_minor: int
    customer_name: str
    placed_at: datetime
    ship_by: datetime | None
    units: int


@dataclass(frozen=True)
class OrderRows:
    """A page of the list behind a figure, with what the whole list comes to."""

    rows: Sequence[OrderRow]
    next_cursor: str | None
    orders: int
    money: Mapping[str, int]
    units: int


@dataclass(frozen=True)
class HourSales:
    """Orders of one channel placed in one hour of a day, and their totals in minor units of `currency`."""

    channel: str
    currency: str
    hour: int
    orders: int
    total_minor: int


@dataclass(frozen=True)
class DaySales:
    """A day's sales by channel and hour, beside the same weekday of the week before.

    `then_so_far`: of that day, what had been sold by the same time of day; of a whole day, all of it.
    """

    day: date
    hours: Sequence[HourSales]
    then: date
    then_hours: Sequence[HourSales]
    then_so_far: Mapping[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True)
class Mover:
    """A variant that sells more, or less, than the week before. `change`: units of difference."""

    variant_id: int
    units: int
    before: int

    @property
    def change(self) -> int:
        return self.units - self.before


@dataclass(frozen=True)
class Movers:
    """The seven whole days up to and with `through`, against the seven before. Empty until they are counted."""

    up: Sequence[Mover] = ()
    down: Sequence[Mover] = ()
    through: date | None = None


@dataclass(frozen=True)
class Cover:
    """How long a variant lasts at a place: `free` units now, `units` sold in `days` days."""

    variant_id: int
    location_id: int
    location_code: str
    free: int
    units: int
    days: int
    lasts: float


@dataclass(frozen=True)
class Covers:
    """What runs out first. `days`: whose sales the pace is of. `within`: how many last no longer than asked; `soon`:
    how many of them no longer than the shorter time asked."""

    rows: Sequence[Cover] = ()
    within: int = 0
    soon: int = 0
    days: int = 0
    through: date | None = None


@dataclass(frozen=True)
class OversoldRow:
    """Units of a variant sold at a place beyond what stood there."""

    variant_id: int
    location_code: str
    units: int
    last_at: datetime


@dataclass(frozen=True)
class TransferRow:
    """Goods on their way between two places."""

    code: str
    from_code: str
    to_code: str
    units: int
    variants: int
    shipped_at: datetime


@dataclass(frozen=True)
class TransfersComing:
    """Transfers on their way to an actor's places, the longest under way first; `transfers` and `units` are of all."""

    rows: Sequence[TransferRow] = ()
    transfers: int = 0
    units: int = 0


@dataclass(frozen=True)
class Begun:
    """What an installation has by now: each is asked of the tables, none is a mark somebody set."""

    company: bool
    places: bool
    products: bool
    stock: bool
    channel: bool
    orders: bool


@dataclass(frozen=True)
class Buyer:
    """Who orders under a phone number, as far as the actor sees. `name` is of the latest order."""

    phone: str
    name: str
    orders: int
    last_at: datetime
