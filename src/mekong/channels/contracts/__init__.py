"""Shapes of channels that cross the border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from mekong.catalog.contracts import CellProblem


@dataclass(frozen=True)
class Problem:
    """What keeps something from working: a stable code, and the facts its sentence is made of."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True)
class ChannelFigures:
    """How a channel does, over the last five minutes in which it did anything.

    Delays: from the change of our stock to the platform's acknowledgement, in milliseconds; `timed`: of how many
    changes. `waiting`: listings whose push is due. `oldest_waiting_s`: how long the first of them waits. Totals count
    since the channel was made; `booked` are orders of the platform that were new to us. `lanes`: its rate limits, see
    `LaneUse`.
    """

    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    timed: int = 0
    acked: int = 0
    failed: int = 0
    calls: int = 0
    waiting: int = 0
    oldest_waiting_s: float = 0.0
    is_breaker_open: bool = False
    remote_p50_ms: float | None = None
    remote_p99_ms: float | None = None
    acked_total: int = 0
    failed_total: int = 0
    calls_total: int = 0
    booked_total: int = 0
    lanes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class ListingCounts:
    matched: int = 0
    unmatched: int = 0
    ignored: int = 0
    parked: int = 0


@dataclass(frozen=True)
class ChannelView:
    """`is_remote`: has a platform to talk to. `capabilities`: of its connector, by the socket's names.

    `give_up_after_min`: minutes until an order beyond stock is cancelled; None: never. `access_expires_at`: renewed by
    itself before; `authorised_until`: the merchant must say yes again, where the platform says when. `incidents`: kinds
    (outage, access, silence) of those that are open and that nobody has said to know of.
    """

    uid: UUID
    code: str
    name: str
    kind: str
    title: str
    letters: str
    shop_id: str
    currency: str
    is_active: bool
    is_remote: bool
    state: str
    problem: Problem | None
    capabilities: frozenset[str]
    price_sync: bool
    give_up_after_min: int | None
    is_authorised: bool
    access_expires_at: datetime | None
    notice_url: str
    has_test_buyer: bool
    limits: Mapping[str, Mapping[str, float]]
    last_push_at: datetime | None
    last_pull_at: datetime | None
    seen_at: datetime | None
    listings: ListingCounts
    waiting_notices: int
    parked_orders: int
    figures: ChannelFigures
    created_at: datetime
    authorised_until: datetime | None = None
    incidents: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ChannelName:
    """What a channel is called and what its platform can do; nothing of how it does."""

    code: str
    name: str
    kind: str
    letters: str
    is_remote: bool
    capabilities: frozenset[str]


@dataclass(frozen=True)
class ChannelFlow:
    """How a channel flows, of which every page shows one bar; the fields are those of `ChannelView`."""

    code: str
    name: str
    kind: str
    letters: str
    is_active: bool
    is_remote: bool
    state: str
    is_authorised: bool
    seen_at: datetime | None
    figures: ChannelFigures
    incidents: frozenset[str]


@dataclass(frozen=True)
class ListingView:
    """A listing with what it should show and what the platform acknowledged.

    `desired` is computed now, None where it is not matched or not synced. `state`: converged, queued, retrying,
    parked, unmatched, ignored, off. `remote_sale_minor`: the lower price that was in force beside `remote_price_minor`
    when the platform was last asked.
    """

    id: int
    channel: str
    item_id: str
    model_id: str
    sku: str
    variant_id: int | None
    remote_sku: str
    name: str
    barcode: str
    url: str
    image_url: str
    is_live: bool
    is_synced: bool
    match_state: str
    match_how: str
    match_reason: str
    state: str
    desired: int | None
    desired_version: int | None
    acknowledged: int | None
    acknowledged_version: int
    acknowledged_at: datetime | None
    desired_price_minor: int | None
    acknowledged_price_minor: int | None
    attempts: int
    next_attempt_at: datetime | None
    error: Problem | None
    remote_quantity: int | None
    remote_price_minor: int | None
    read_at: datetime | None
    own_price_minor: int | None = None
    price_error: Problem | None = None
    remote_sale_minor: int | None = None
    remote_sale_ends_at: datetime | None = None


@dataclass(frozen=True)
class ListingPageView:
    listings: Sequence[ListingView]
    next_cursor: str | None


@dataclass(frozen=True)
class LiveListing:
    """What the platform answered just now, in `took_ms`. `quantity` None: it no longer knows the listing."""

    listing_id: int
    channel: str
    item_id: str
    model_id: str
    quantity: int | None
    price_minor: int | None
    read_at: datetime
    took_ms: float
    sale_minor: int | None = None
    sale_ends_at: datetime | None = None


@dataclass(frozen=True)
class PullReport:
    """What pulling a channel's listings found. `ambiguous`: their SKU or barcode fits more than one variant of ours."""

    channel: str
    seen: int
    added: int
    matched: int
    unmatched: int
    ambiguous: int
    gone: int


@dataclass(frozen=True)
class AuditReport:
    """What reading a channel's listings back found. `drifted`: showed another figure than acknowledged; set right."""

    channel: str
    read: int
    drifted: Sequence[int]
    missing: Sequence[int]


@dataclass(frozen=True)
class ParkedOrderView:
    channel: str
    external_id: str
    error: Problem
    attempts: int
    first_at: datetime
    next_at: datetime


@dataclass(frozen=True)
class OutboundView:
    """Something told, or to be told, to the platform about one of its orders."""

    id: int
    channel: str
    external_id: str
    action: str
    state: str
    attempts: int
    next_at: datetime
    error: Problem | None
    created_at: datetime
    done_at: datetime | None


@dataclass(frozen=True)
class ConnectorView:
    """A kind of channel that can be connected. `secrets`: the form's fields and what the platform calls them."""

    name: str
    title: str
    letters: str
    api_version: str
    capabilities: frozenset[str]
    docs_url: str
    secrets: Mapping[str, str]


@dataclass(frozen=True)
class OrderFileReport:
    """What an order export holds, and what was done with it.

    `known`: orders that were here before. `unmatched`: (SKU or name, lines) that are no SKU of ours; their orders are
    held. `missing`: fields no column was found for: say which column holds them. `unknown_states`: status texts that
    need a meaning. `left_out`: orders with bad cells, which `problems` names. `parked`: orders that could not be booked.
    """

    channel: str
    rows: int
    orders: int
    known: int
    by_state: Mapping[str, int]
    unmatched: tuple[tuple[str, int], ...]
    headers: tuple[str, ...]
    columns: Mapping[str, str]
    missing: tuple[str, ...]
    unknown_states: tuple[str, ...]
    left_out: tuple[str, ...]
    problems: tuple[CellProblem, ...]
    is_written: bool = False
    placed: int = 0
    advanced: int = 0
    parked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suggestion:
    """A variant that an unmatched listing may be. `reason`: sku (written differently), barcode, name.

    `confidence`: 0 to 1. `others`: listings of this channel that are matched to it already: a copied item, perhaps.
    """

    variant_id: int
    sku: str
    name: str
    reason: str
    confidence: float
    others: int


@dataclass(frozen=True)
class OpenListing:
    """An unmatched listing with what it may be, the likeliest first."""

    listing: ListingView
    suggestions: Sequence[Suggestion]


@dataclass(frozen=True)
class OpenListingPage:
    listings: Sequence[OpenListing]
    next_cursor: str | None


@dataclass(frozen=True)
class Delays:
    """Delays over a span, from the change of our stock to the platform's acknowledgement, in milliseconds."""

    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    acked: int
    failed: int
    calls: int


@dataclass(frozen=True)
class LaneUse:
    """One of a platform's rate limits. `used`: part of it over the last minute; `left`: calls that may be made at once
    now, of `burst`; `paused_s`: the platform asked to wait so long."""

    lane: str
    used: float
    per_second: float
    left: int
    burst: int
    paused_s: float


@dataclass(frozen=True)
class AuditDifferenceView:
    """A listing that showed `shown` where `acknowledged` was expected. `is_repaired`: it was set right since."""

    listing_id: int
    name: str
    sku: str
    acknowledged: int
    shown: int
    read_at: datetime
    is_repaired: bool


@dataclass(frozen=True)
class AuditRunView:
    """A reading back of all listings. `state`: running, done, failed, or cut (its process ended).

    `repaired` of those that differed were set right since; `unread`: asked for, and not reached.
    """

    id: int
    channel: str
    state: str
    asked_by: str
    asked: int
    read: int
    missing: int
    differed: int
    repaired: int
    error: Problem | None
    started_at: datetime
    ended_at: datetime | None

    @property
    def same(self) -> int:
        return self.read - self.differed

    @property
    def unread(self) -> int:
        return max(0, self.asked - self.read - self.missing)


@dataclass(frozen=True)
class IncidentStepView:
    what: str
    params: Mapping[str, Any]
    count: int
    at: datetime
    last_at: datetime


@dataclass(frozen=True)
class IncidentView:
    """A time in which a channel did not work as it should. `kind`: outage, access, silence."""

    id: int
    channel: str
    kind: str
    problem: Problem
    began_at: datetime
    ended_at: datetime | None
    hushed_at: datetime | None
    steps: Sequence[IncidentStepView]


@dataclass(frozen=True)
class ListingTrouble:
    """Listings of a channel that stand with the same error. `about`: what a refusal is about, see `rules.REFUSALS`.

    `sample`: (listing id, its name, our SKU) of the first of them.
    """

    channel: str
    error: Problem
    about: str
    count: int
    is_parked: bool
    sample: Sequence[tuple[int, str, str]]


@dataclass(frozen=True)
class Quiet:
    """How long a channel is usually silent at this time. `slot`: `2-9` Tuesday at nine, `9` nine on any day, "" any."""

    last_at: datetime
    limit_s: int
    usual_s: int
    slot: str
    gaps: int
    is_alarming: bool


@dataclass(frozen=True)
class ChannelHealth:
    """All that is known of how a channel does. `delays`: by span (1h, 24h, 7d). `retry_at`: when a channel whose calls
    are held back is asked again. `incidents`: open ones first, then the latest."""

    channel: ChannelView
    delays: Mapping[str, Delays]
    lanes: Sequence[LaneUse]
    failures: int
    retry_at: datetime | None
    audit: AuditRunView | None
    incidents: Sequence[IncidentView]
    quiet: Quiet | None
    is_ending: bool


@dataclass(frozen=True)
class Shortfall:
    """What a product lacks for a platform. `fact`: see `socket.listing_needs.FACTS`.

    `has`: what there is of it; `least`, `most`: the bounds it is outside of. `places`: of the variants concerned, among
    all of the product in their order. `attributes`: (code, name) of those that are missing.
    """

    fact: str
    has: int
    least: int | None
    most: int | None
    is_required: bool
    places: tuple[int, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Completeness:
    """How ready a product is for a kind of platform: `score` from 0 to 100, 100 when nothing is lacking.

    `lacking`: what is required first, then advice.
    """

    score: int
    lacking: tuple[Shortfall, ...]

    @property
    def missing(self) -> int:
        """How many required things are missing: without them the platform refuses the listing."""
        return sum(each.is_required for each in self.lacking)


@dataclass(frozen=True)
class ReturnLineView:
    sku: str
    name: str
    quantity: int


@dataclass(frozen=True)
class ReturnView:
    """A return that a buyer asked a platform for.

    `state`: requested, accepted, shipping_back, received, disputed, refunded, closed. `order_code`: ours, "" while the
    order is not in the book. `answer`: accept, refuse or ""; it is the platform's from `answered_at` on. `answer_by`:
    when the platform decides alone, None where it does not say.
    """

    id: UUID
    channel: str
    external_id: str
    order_external_id: str
    order_code: str
    state: str
    raw_state: str
    reason_code: str
    reason: str
    refund_minor: int
    currency: str
    is_goods_coming_back: bool
    lines: Sequence[ReturnLineView]
    tracking_no: str
    requested_at: datetime
    answer_by: datetime | None
    answer: str
    answer_reason: str
    answered_by: str
    answered_at: datetime | None

    @property
    def is_waiting(self) -> bool:
        """Whether somebody here is to answer."""
        return self.state == "requested" and self.answered_at is None

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True)
class ReturnPageView:
    returns: Sequence[ReturnView]
    next_cursor: str | None


@dataclass(frozen=True)
class EarningView:
    """One amount: what the shop gets is positive, what the platform keeps is negative. `name`: the platform's word."""

    kind: str
    name: str
    amount_minor: int
    at: datetime | None
    statement: str


@dataclass(frozen=True)
class EarningsView:
    """What an order earns on its platform, as the platform last said at `read_at`; None: it told nothing yet.

    `kind` of a line: goods, commission, payment_fee, service_fee, shipping, voucher, tax, refund, adjustment, other.
    `net_minor`: the platform's own sum, None where it says none. `problem`: what the last asking (`asked_at`) ran into.
    """

    channel: str
    external_id: str
    currency: str
    lines: Sequence[EarningView]
    net_minor: int | None
    is_final: bool
    asked_at: datetime | None
    read_at: datetime | None
    next_at: datetime | None
    problem: Problem | None

    @property
    def total_minor(self) -> int:
        """What the lines add up to."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def difference_minor(self) -> int:
        """By how much the platform's own sum is above what its lines add up to."""
        return 0 if self.net_minor is None else self.net_minor - self.total_minor

    @property
    def earned_minor(self) -> int:
        """What the shop gets: by the platform's own sum, else by its lines."""
        return self.total_minor if self.net_minor is None else self.net_minor

    @property
    def by_kind(self) -> Mapping[str, int]:
        """Sums of the lines by kind, in the order of their first line."""
        sums: dict[str, int] = {}
        for line in self.lines:
            sums[line.kind] = sums.get(line.kind, 0) + line.amount_minor
        return sums
