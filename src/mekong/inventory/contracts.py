"""Shapes of stock that cross the border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import msgspec

from mekong.catalog.contracts import CellProblem


class ReserveRequest(msgspec.Struct, frozen=True, gc=False):
    """Units asked for at once, all or nothing. (A struct, because tens of thousands a second are made.)

    Args:
        channel: code of the channel that sells; its locations are asked in order of priority.
        owner: who holds them, for people: a cart, a till's basket, an order.
        lines: (variant id, units), bundles already taken apart, units above zero.
        expires_at: when the hold may be given to others.
        now: the moment of asking; holds that expired before it do not stand in the way.
        key: repeat with the same key and get the same hold.
        location_ids: ask these places only, in this order (a till sells from its store).
        is_sold: the sale is already made elsewhere (a marketplace order): controls of the channel do not apply.
        backorder: variants that may be sold beyond what stands; what is missing is answered, not reserved.
        listings: (variant id, `item:model`) of what was sold from a listing: a control set on it counts the units.
        is_aside: the units are set aside for a campaign: of the pool, whatever the channel's own control, and of no other
            campaign's.
        bundles: (bundle's variant id, bundles asked for, (part, units of it) of each): what `lines` were before they
            were taken apart, for a channel's controls may name a bundle too. None asked for: it is held and counted, and
            `lines` are what was missing of it.
    """

    channel: str
    owner: str
    lines: tuple[tuple[int, int], ...]
    expires_at: datetime
    now: datetime
    key: str | None = None
    location_ids: tuple[int, ...] | None = None
    is_sold: bool = False
    backorder: frozenset[int] = frozenset()
    bundles: tuple[tuple[int, int, tuple[tuple[int, int], ...]], ...] = ()
    listings: tuple[tuple[int, str], ...] = ()
    is_aside: bool = False


class Held(msgspec.Struct, frozen=True, gc=False):
    """A hold that was taken. `lines`: (variant, location, units); `missing`: units sold beyond stock, by variant.

    `is_repeat`: an earlier request with the same key had taken it.
    """

    hold_id: str
    lines: tuple[tuple[int, int, int], ...]
    missing: dict[int, int] = {}
    is_repeat: bool = False


class HoldView(msgspec.Struct, frozen=True, gc=False):
    """Whose a hold is, and until when; `expires_at` None: an order has it."""

    channel: str
    owner: str
    expires_at: datetime | None


class Short(msgspec.Struct, frozen=True, gc=False):
    """Nothing was taken. `lines`: (variant, asked, available to this channel) of the lines that fell short."""

    lines: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class LocationView:
    id: int
    uid: UUID
    code: str
    name: str
    kind: str
    priority: int
    is_active: bool
    address: Mapping[str, str]

    @property
    def keeps_stock(self) -> bool:
        return self.kind in {"warehouse", "store", "transit"}


@dataclass(frozen=True)
class LevelView:
    variant_id: int
    location_id: int
    location_code: str
    on_hand: int
    reserved: int
    version: int

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


@dataclass(frozen=True)
class Availability:
    """What one channel may promise of one variant, and why.

    `version` grows whenever anything the figure depends on changes; an answer with a higher version overtakes one with
    a lower. `on_hand`, `reserved`: at the locations that serve the channel. `kept_back`: units the controls withhold.
    `aside`: of `quantity`, units of a running campaign, which are among the reserved.
    """

    variant_id: int
    channel: str
    quantity: int
    on_hand: int
    reserved: int
    kept_back: int
    version: int
    rule: str = "pool"
    aside: int = 0


@dataclass(frozen=True)
class MovementView:
    id: int
    variant_id: int
    from_code: str
    to_code: str
    quantity: int
    change: int
    balance: int
    reason: str
    reference: str
    note: str
    lot: str
    unit_cost_minor: int | None
    actor: str
    occurred_at: datetime


@dataclass(frozen=True)
class LotView:
    variant_id: int
    location_code: str
    code: str
    expires_on: date | None
    on_hand: int


@dataclass(frozen=True)
class ControlView:
    uid: UUID
    channel: str
    scope: str
    target: str
    kind: str
    amount: int
    used: int
    position: int
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class LowStock:
    variant_id: int
    location_code: str
    free: int
    min_qty: int
    max_qty: int | None


@dataclass(frozen=True)
class AdjustmentLine:
    """`quantity` units to add (positive) or take away (negative). Lots are required where the variant tracks them."""

    variant_id: int
    quantity: int
    lot: str = ""
    expires_on: date | None = None
    unit_cost_minor: int | None = None


@dataclass(frozen=True)
class StockChange:
    """What a stock write did: levels after it, by (variant, location)."""

    reference: str
    levels: Sequence[LevelView]


@dataclass(frozen=True)
class Booked:
    """How units that did not arrive were booked. `instead`: the variant that came in their place."""

    cause: str
    units: int
    instead: int | None = None


@dataclass(frozen=True)
class TransferLine:
    """`quantity`: what left, before that what is to leave. `received`: None until somebody counted."""

    variant_id: int
    asked: int
    quantity: int
    received: int | None = None
    cause: str = ""
    booked: tuple[Booked, ...] = ()

    @property
    def missing(self) -> int:
        """Units that left and did not arrive."""
        return 0 if self.received is None else self.quantity - self.received

    @property
    def open_units(self) -> int:
        """Of those, units that nobody has booked yet: they stand in transit."""
        return self.missing - sum(each.units for each in self.booked)


@dataclass(frozen=True)
class TransferStepView:
    step: str
    actor: str
    note: str
    at: datetime


@dataclass(frozen=True)
class TransferView:
    """`requested_by`, `drafted_by`: refs of actors, "" where it was shipped at once. `steps`: oldest first."""

    id: UUID
    code: str
    from_id: int
    from_code: str
    to_id: int
    to_code: str
    state: str
    note: str
    lines: tuple[TransferLine, ...]
    drafted_by: str
    requested_by: str
    created_at: datetime
    shipped_at: datetime | None
    received_at: datetime | None
    steps: tuple[TransferStepView, ...] = ()

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def open_units(self) -> int:
        return sum(line.open_units for line in self.lines)


@dataclass(frozen=True)
class Settlement:
    """Books `units` (None: all that is open) of a line's difference. `instead`: what came, for a wrong item."""

    variant_id: int
    cause: str
    units: int | None = None
    instead: int | None = None


@dataclass(frozen=True)
class Limit:
    """Above either, somebody else has to approve. None: no limit. `value_minor`: in đồng, at cost."""

    units: int | None = None
    value_minor: int | None = None


@dataclass(frozen=True)
class Limits:
    transfer: Limit = Limit()
    adjustment: Limit = Limit()


@dataclass(frozen=True)
class AskedLine:
    """A line of an adjustment that waits. `seen`: on hand when it was asked for; `on_hand`: now."""

    variant_id: int
    quantity: int
    lot: str
    expires_on: date | None
    unit_cost_minor: int | None
    seen: int
    on_hand: int
    reserved: int

    @property
    def after(self) -> int:
        return self.on_hand + self.quantity

    @property
    def has_moved(self) -> bool:
        return self.on_hand != self.seen


@dataclass(frozen=True)
class AdjustmentView:
    id: UUID
    code: str
    location_id: int
    location_code: str
    reason: str
    note: str
    state: str
    lines: tuple[AskedLine, ...]
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision: str

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True)
class AdjustmentAsked:
    """Either it was booked at once, or it waits."""

    change: StockChange | None = None
    waiting: AdjustmentView | None = None


@dataclass(frozen=True)
class LowLine:
    """A SKU that is low at a place.

    `incoming`: on the way there by transfers that are not received. `sold`: units that left by sales in the last 28 days.
    `spare_at`: the place of ours with most to spare above its own reorder level, and `spare` units of it.
    """

    variant_id: int
    location_id: int
    location_code: str
    free: int
    min_qty: int
    max_qty: int | None
    incoming: int
    sold: int
    spare_at: str
    spare: int

    @property
    def days(self) -> int | None:
        """Whole days that what is free lasts at the pace of the last 28; None where nothing was sold."""
        return max(0, self.free) * SALES_DAYS // self.sold if self.sold else None

    @property
    def wanted(self) -> int:
        """Units to fill up to `max_qty`, or without one to twice the reorder level, less what is on the way."""
        return max(0, (self.max_qty or max(2 * self.min_qty, 1)) - self.free - self.incoming)

    @property
    def movable(self) -> int:
        """Units that the place with most to spare can give."""
        return min(self.wanted, self.spare)


SALES_DAYS = 28
"""Four whole weeks: every weekday counts as often."""


@dataclass(frozen=True)
class MovementFound:
    """A line of the ledger. `change`: what it did to the places looked at; 0 between two of them."""

    id: int
    variant_id: int
    from_code: str
    to_code: str
    quantity: int
    change: int
    reason: str
    reference: str
    note: str
    lot: str
    unit_cost_minor: int | None
    actor: str
    occurred_at: datetime


@dataclass(frozen=True)
class SheetReport:
    """What an upload of lines did, or in a dry run would do. With any error nothing was written.

    `documents`: codes of what was made; `waiting`: those of them that wait for approval.
    """

    rows: int
    units: int
    errors: Sequence[CellProblem]
    dry_run: bool
    documents: Sequence[str] = ()
    waiting: Sequence[str] = ()
    ignored_columns: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        return not self.errors


@dataclass(frozen=True)
class OpeningReport:
    """What an import of opening stock did, or in a dry run would do. With any error nothing was booked.

    `reference`: under which the movements stand in the ledger; "" when nothing was booked.
    """

    rows: int
    units: int
    errors: Sequence[CellProblem]
    dry_run: bool
    written: bool
    reference: str = ""
    ignored_columns: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        return not self.errors


@dataclass(frozen=True)
class WantedLine:
    """`quantity` units of a variant for a campaign. `listing` (`item:model`): for that listing's orders alone."""

    variant_id: int
    quantity: int
    listing: str = ""


@dataclass(frozen=True)
class CampaignLineView:
    """`state`: waiting, aside, or short: `free_seen` were free when it was last tried. `left` while it runs; `returned`
    to the pool at the end. `places`: (location code, set aside, sold)."""

    position: int
    variant_id: int
    listing: str
    quantity: int
    state: str
    free_seen: int | None
    set_aside: int
    sold: int
    left: int
    returned: int
    places: Sequence[tuple[str, int, int]]


@dataclass(frozen=True)
class CampaignStepView:
    """`what`: planned, started, tried, extended, ended, cancelled."""

    what: str
    params: Mapping[str, object]
    actor: str
    at: datetime


@dataclass(frozen=True)
class CampaignView:
    """Units that are sold on `channel` alone while it runs. `state`: planned, running, ended, cancelled."""

    code: str
    name: str
    kind: str
    channel: str
    state: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    created_at: datetime
    created_by: str
    lines: Sequence[CampaignLineView]
    steps: Sequence[CampaignStepView]

    @property
    def wanted(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def set_aside(self) -> int:
        return sum(line.set_aside for line in self.lines)

    @property
    def sold(self) -> int:
        return sum(line.sold for line in self.lines)

    @property
    def left(self) -> int:
        return sum(line.left for line in self.lines)

    @property
    def returned(self) -> int:
        return sum(line.returned for line in self.lines)

    @property
    def short(self) -> int:
        """Lines that could not be set aside."""
        return sum(line.state == "short" for line in self.lines)
