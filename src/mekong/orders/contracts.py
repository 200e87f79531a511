"""Shapes of orders that cross the border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DraftLine:
    """`variant_id` None: a line of a channel that matches no SKU of ours; it holds the order back."""

    variant_id: int | None
    sku: str
    name: str
    quantity: int
    unit_price_minor: int
    tax_rate_bp: int = 0
    external_ids: tuple[str, ...] = ()
    listing: str = ""
    discount_minor: int = 0


@dataclass(frozen=True, slots=True)
class ChannelWord:
    """What a channel says of one of its orders. `is_paid`: it has the buyer's money."""

    external_id: str
    state: str
    remote_state: str
    remote_updated_at: datetime | None = None
    tracking_no: str = ""
    is_paid: bool = False


@dataclass(frozen=True, slots=True)
class NamedOrder:
    """An order of a channel by the channel's own id. `is_seen`: whether who asks may see it."""

    code: str
    state: str
    is_seen: bool


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order about to be placed, checked and priced. `hold_id` is claimed by placing it.

    `discount_minor`: of the whole order; where lines name theirs, their sum. `priced`: how the price came about
    (`placing._story`). `redeems`: under which limited offers were taken for it.

    `allocation`: (variant, location, units) of the hold. `wanted`: (variant, units), bundles taken apart, that a hold
    made before must hold exactly; its allocation is then read from it. `state` is the state it begins in.
    """

    channel: str
    lines: tuple[DraftLine, ...]
    currency: str
    placed_at: datetime
    state: str = "pending_confirmation"
    external_id: str = ""
    idempotency_key: str | None = None
    hold_id: str | None = None
    allocation: tuple[tuple[int, int, int], ...] = ()
    wanted: tuple[tuple[int, int], ...] = ()
    payment_state: str = "unpaid"
    is_cod: bool = False
    customer_name: str = ""
    customer_phone: str = ""
    customer_ref: str = ""
    shipping_address: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    tags: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    discount_minor: int = 0
    shipping_fee_minor: int = 0
    ship_by: datetime | None = None
    remote_state: str = ""
    remote_updated_at: datetime | None = None
    tracking_no: str = ""
    priced: Mapping[str, Any] = field(default_factory=dict)
    redeems: str = ""
    member: str = ""
    tenders: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """An order in the book. `is_new` False: it was there already, and nothing changed."""

    id: str
    code: str
    state: str
    total_minor: int
    currency: str
    is_new: bool
    tax_minor: int = 0
    duplicate_of: str = ""


@dataclass(frozen=True)
class LineView:
    line: int
    variant_id: int | None
    sku: str
    name: str
    quantity: int
    returned: int
    unit_price_minor: int
    total_minor: int
    tax_rate_bp: int
    tax_minor: int
    external_ids: Sequence[str]
    listing: str
    discount_minor: int = 0

    @property
    def paid_minor(self) -> int:
        """What the buyer pays for the line."""
        return self.total_minor - self.discount_minor


@dataclass(frozen=True)
class TimelineView:
    kind: str
    data: Mapping[str, Any]
    actor: str
    at: datetime


@dataclass(frozen=True)
class OrderSummary:
    """One row of the order list. `skus`: the first few lines, for people to recognise it by."""

    id: UUID
    code: str
    channel: str
    external_id: str
    state: str
    payment_state: str
    currency: str
    total_minor: int
    customer_name: str
    customer_phone: str
    units: int
    line_count: int
    first_line: str
    issues: Sequence[str]
    tags: Sequence[str]
    duplicate_of: str
    ship_by: datetime | None
    placed_at: datetime
    tracking_no: str
    is_cod: bool = False
    places: Sequence[int] = ()


@dataclass(frozen=True)
class HoldNote:
    """What was said of a hold that people set. `tries`: calls that nobody answered."""

    reason: str
    call_at: datetime | None
    tries: int
    by: str
    at: datetime


@dataclass(frozen=True)
class EarlierAddress:
    """Where an order was to go before somebody corrected it."""

    name: str
    phone: str
    address: Mapping[str, str]
    by: str
    at: datetime


@dataclass(frozen=True)
class OrderView:
    id: UUID
    code: str
    channel: str
    external_id: str
    state: str
    remote_state: str
    payment_state: str
    is_cod: bool
    currency: str
    subtotal_minor: int
    discount_minor: int
    shipping_fee_minor: int
    tax_minor: int
    total_minor: int
    customer_name: str
    customer_phone: str
    customer_ref: str
    shipping_address: Mapping[str, str]
    note: str
    tags: Sequence[str]
    issues: Sequence[str]
    duplicate_of: str
    allocation: Sequence[tuple[int, int, int]]
    tracking_no: str
    cancel_reason: str
    ship_by: datetime | None
    placed_at: datetime
    confirmed_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    hold_id: UUID | None
    lines: Sequence[LineView]
    timeline: Sequence[TimelineView]
    staff_note: str = ""
    holds: Mapping[str, HoldNote] = field(default_factory=dict)
    split_from: str = ""
    merged_into: str = ""
    packed_with: str = ""
    earlier_addresses: Sequence[EarlierAddress] = ()
    priced: Mapping[str, Any] = field(default_factory=dict)
    member: str = ""
    tenders: Sequence[Mapping[str, Any]] = ()
    refunds: Sequence[Mapping[str, Any]] = ()

    @property
    def due_minor(self) -> int:
        """What is to be paid in money: the total without what points and gift cards paid."""
        return self.total_minor - sum(int(tender["amount_minor"]) for tender in self.tenders)


@dataclass(frozen=True, slots=True)
class MovedLine:
    """Units of a line that go into a second order."""

    line: int
    quantity: int


@dataclass(frozen=True)
class SplitOrders:
    first: OrderView
    second: OrderView


@dataclass(frozen=True)
class SettledDuplicate:
    """Of two orders for the same thing: the one that goes on, and the code of the copy that was cancelled."""

    kept: OrderView
    dropped: str


@dataclass(frozen=True)
class BuyerOrder:
    """Another order of the same buyer. `is_open`: not packed yet."""

    code: str
    channel: str
    state: str
    total_minor: int
    currency: str
    placed_at: datetime
    is_same_address: bool
    is_open: bool


@dataclass(frozen=True)
class BuyerHistory:
    """What a buyer did before, orders that the actor may see, the one looked at left out.

    `returned`: came back or could not be delivered. `spent`: (total in minor units, currency) of what was received, the
    most first. `recent`: open ones first, then the newest.
    """

    orders: int = 0
    received: int = 0
    returned: int = 0
    cancelled: int = 0
    spent: Sequence[tuple[int, str]] = ()
    last_at: datetime | None = None
    recent: Sequence[BuyerOrder] = ()


@dataclass(frozen=True)
class OrderFilter:
    """What a list of orders is narrowed to; every condition that is set must hold, of several named any one.

    `text` finds order codes and their tails, channels' numbers, tracking numbers, phones by beginning or last digits,
    buyers by the beginnings of the words of their names, and SKUs. `location`: a code. `due_before`: to be handed over
    by then. `order` deadline (nearest first, those without one last) is for open orders; any other list is newest first.
    """

    channel: str = ""
    states: Sequence[str] = ()
    issue: str = ""
    text: str = ""
    tag: str = ""
    placed_from: datetime | None = None
    placed_to: datetime | None = None
    channels: Sequence[str] = ()
    issues: Sequence[str] = ()
    location: str = ""
    due_before: datetime | None = None
    is_cod: bool | None = None
    money_from_minor: int | None = None
    money_to_minor: int | None = None
    order: Literal["newest", "deadline"] = "newest"


@dataclass(frozen=True)
class OrderPage:
    """`is_partial`: nothing more was found among the many that were looked at; the next page looks at older ones."""

    orders: Sequence[OrderSummary]
    next_cursor: str | None
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class OrderCount:
    """`is_more`: there are at least `n`; counting stopped there."""

    n: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a saved filter asks for. Times move on with the day: `day` is today, yesterday, week or month (7 and 30 days).

    `placed_to` is the last day itself. `due_h`: to be handed over within so many hours, or late.
    """

    states: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    day: str = ""
    placed_from: date | None = None
    placed_to: date | None = None
    tag: str = ""
    location: str = ""
    text: str = ""
    due_h: int | None = None
    is_cod: bool | None = None
    money_from_minor: int | None = None
    money_to_minor: int | None = None


@dataclass(frozen=True)
class SavedFilterView:
    id: UUID
    name: str
    is_shared: bool
    is_own: bool
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody on an order. `actor` is a reference; `since` when they came."""

    code: str
    actor: str
    since: datetime


@dataclass(frozen=True)
class Printed:
    """An order on paper. `copy` 1 is the first; each later one is a reprint."""

    order: OrderView
    copy: int


@dataclass(frozen=True)
class GradedReturn:
    """`grade`: resellable goes back on the shelf, damaged and missing do not."""

    line: int
    quantity: int
    grade: str


@dataclass(frozen=True, slots=True)
class BookedOrder:
    """An order of a channel, by the channel's own id for it, and what it comes to."""

    external_id: str
    code: str
    state: str
    total_minor: int
    currency: str
    units: int
    issues: Sequence[str]
    note: str


@dataclass(frozen=True)
class OfferPreview:
    """What a promotion would have cost on past orders (`queries.preview.preview_offer`, where the formulas stand).

    `orders`: looked at; `met`: those it has a part in. `benefit_minor`: what buyers would have saved by it; `cost_minor`: what
    they would have paid less, and gifts. `known`: met orders whose costs are all known, over which the margins and the uplift
    are; None for those who may not see costs. `assumed`: conditions that were taken as met. `is_cut`: there were more orders.
    """

    orders: int
    met: int
    revenue_minor: int
    benefit_minor: int
    cost_minor: int
    share_bp: int | None
    known: int
    margin_before_minor: int | None
    margin_after_minor: int | None
    uplift_bp: int | None
    assumed: tuple[str, ...]
    currency: str
    is_cut: bool
