"""The shapes of stock in requests and answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from mekong.faces.api.shapes import Body, Flag, Minor, Moment, Number, Sku
from mekong.foundation import ids
from mekong.inventory.contracts import ControlView, LevelView, LocationView

MAX_LINES = 1_000
MAX_PRIORITY = 30_000
MOST_UNITS = 10**12
LocationCode = Annotated[str, Field(min_length=1, max_length=30)]
Channel = Annotated[str, Field(max_length=40)]
Units = Annotated[int, Field(strict=True, ge=1, le=MOST_UNITS)]
Address = Annotated[
    dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=300)]], Field(max_length=20)
]


class LocationIn(Body):
    code: LocationCode
    name: Annotated[str, Field(min_length=1, max_length=120)]
    kind: Literal["warehouse", "store"] = "warehouse"
    priority: Annotated[int, Field(strict=True, ge=0, le=MAX_PRIORITY, description="Lower is asked first.")] = 100
    address: Address = Field(default_factory=dict)


class LocationPatchIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    priority: Annotated[int, Field(strict=True, ge=0, le=MAX_PRIORITY)] | None = None
    is_active: Flag | None = None


class LocationOut(Schema):
    """`location_id` is what roles and tokens are narrowed by."""

    id: str
    location_id: int
    code: str
    name: str
    kind: str
    priority: int
    is_active: bool
    address: dict[str, str]


class LocationsOut(Schema):
    items: list[LocationOut]


class AdjustmentLineIn(Body):
    """`quantity`: units to add, or to take away when negative. `lot` where the variant is kept by lot."""

    sku: Sku
    quantity: Annotated[int, Field(strict=True, ge=-MOST_UNITS, le=MOST_UNITS)]
    lot: Annotated[str, Field(max_length=60)] = ""
    expires_on: date | None = None
    unit_cost_minor: Minor | None = None


class AdjustmentIn(Body):
    """`reason`: opening, receipt, count, scrap, internal_use, expiry, or one in your own words."""

    location: LocationCode
    reason: Annotated[str, Field(min_length=1, max_length=100)]
    lines: Annotated[list[AdjustmentLineIn], Field(min_length=1, max_length=MAX_LINES)]
    reference: Annotated[str, Field(max_length=80)] = ""
    note: Annotated[str, Field(max_length=300)] = ""


class LevelOut(Schema):
    """In smallest stock units. `free`: on hand less reserved."""

    sku: str
    location: str
    on_hand: int
    reserved: int
    free: int
    version: int


class AdjustmentOut(Schema):
    """`state` waiting: above the caller's limit, so nothing has changed; `reference` is then the code to follow it by."""

    reference: str
    state: Literal["booked", "waiting"]
    levels: list[LevelOut]


class MovementOut(Schema):
    """`change`: what it did to the places asked for; `balance`: what stood there afterwards."""

    id: int
    sku: str
    from_location: str
    to_location: str
    quantity: int
    change: int
    balance: int
    reason: str
    reference: str
    note: str
    lot: str
    unit_cost_minor: int | None
    actor: str
    actor_name: str
    occurred_at: Moment


class AvailabilityOut(Schema):
    """`quantity`: what the channel may promise, `aside` of it set aside for it. `kept_back`: what controls withhold. A
    higher `version` overtakes."""

    sku: str
    channel: str
    quantity: int
    on_hand: int
    reserved: int
    kept_back: int
    aside: int
    version: int
    rule: str


class LotOut(Schema):
    location: str
    lot: str
    expires_on: date | None
    on_hand: int


class LotsOut(Schema):
    items: list[LotOut]


class ControlIn(Body):
    """`scope` and `target`: what it covers. `amount`: units, or basis points for a share. The first match wins."""

    channel: Annotated[str, Field(min_length=1, max_length=40)]
    scope: Literal["exclusion", "listing", "sku", "category", "channel"]
    kind: Literal["pool", "share", "cap", "slice", "floor", "buffer", "exclude"]
    target: Annotated[str, Field(max_length=120)] = ""
    amount: Annotated[int, Field(strict=True, ge=0, le=MOST_UNITS)] = 0
    position: Number = 100
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class ControlOut(Schema):
    id: str
    channel: str
    scope: str
    target: str
    kind: str
    amount: int
    used: int
    position: int
    starts_at: Moment | None
    ends_at: Moment | None


class ControlsOut(Schema):
    items: list[ControlOut]


class ReorderLevelIn(Body):
    """Units: at `min_qty` or below stock counts as low; `max_qty`, where given, is what to fill up to."""

    sku: Sku
    location: LocationCode
    min_qty: Annotated[int, Field(strict=True, ge=0, le=MOST_UNITS)]
    max_qty: Annotated[int, Field(strict=True, ge=0, le=MOST_UNITS)] | None = None


class OversellIn(Body):
    """`reference`: what the sale is known by, such as a paper receipt's number."""

    channel: Annotated[str, Field(min_length=1, max_length=40)]
    location: LocationCode
    reference: Annotated[str, Field(min_length=1, max_length=80)]
    lines: Annotated[list[TransferLineIn], Field(min_length=1, max_length=MAX_LINES)]


class SupplyIn(Body):
    """Which locations serve a channel, first asked first; none: every warehouse and store."""

    channel: Annotated[str, Field(min_length=1, max_length=40)]
    locations: Annotated[list[LocationCode], Field(max_length=1_000)]


class TransferLineIn(Body):
    sku: Sku
    quantity: Units


class TransferIn(Body):
    """`step`: how far it goes at once. Above the limit of transfers nothing is shipped without approval."""

    from_location: LocationCode
    to_location: LocationCode
    lines: Annotated[list[TransferLineIn], Field(min_length=1, max_length=MAX_LINES)]
    step: Literal["draft", "requested", "shipped"] = "shipped"
    note: Annotated[str, Field(max_length=300)] = ""


class TransferOut(Schema):
    id: str
    code: str
    state: Literal["draft", "requested", "in_transit"]


class ReceiptIn(Body):
    """`lines`: what came, where it differs from what was sent. What is missing stays open until it is settled."""

    lines: Annotated[list[ReceivedIn], Field(max_length=MAX_LINES)] | None = None


class ReceivedIn(Body):
    """`cause`: why units are missing, as far as it is known."""

    sku: Sku
    quantity: Annotated[int, Field(strict=True, ge=0, le=MOST_UNITS)]
    cause: Literal["", "source_short", "lost", "wrong_item", "late"] = ""


def location_out(place: LocationView) -> dict[str, Any]:
    return {
        "id": ids.public("loc", place.uid),
        "location_id": place.id,
        "code": place.code,
        "name": place.name,
        "kind": place.kind,
        "priority": place.priority,
        "is_active": place.is_active,
        "address": dict(place.address),
    }


def level_out(level: LevelView, skus: Mapping[int, str]) -> dict[str, Any]:
    return {
        "sku": skus[level.variant_id],
        "location": level.location_code,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "free": level.free,
        "version": level.version,
    }


def control_out(control: ControlView) -> dict[str, Any]:
    shown = {name: getattr(control, name) for name in ControlOut.model_fields if name != "id"}
    return {**shown, "id": ids.public("ctl", control.uid)}


class CampaignLineIn(Body):
    """`listing` (`item:model`): for that listing's orders alone; left out: for every order of the channel."""

    sku: Sku
    quantity: Units
    listing: Annotated[str, Field(max_length=120)] = ""


class CampaignIn(Body):
    """Units to sell on one channel alone. `starts_at` left out: now. Each line is set aside whole or not at all."""

    channel: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    kind: Literal["campaign", "livestream"] = "campaign"
    starts_at: Moment | None = None
    ends_at: Moment
    lines: Annotated[list[CampaignLineIn], Field(min_length=1, max_length=MAX_LINES)]


class CampaignEndIn(Body):
    ends_at: Moment


class CampaignTryIn(Body):
    """`quantity`: as much instead of what was wanted at first."""

    quantity: Units | None = None


class CampaignLineOut(Schema):
    """`state`: waiting, aside, or short: `free_seen` were free. `left` while it runs, `returned` to the pool at its end."""

    position: int
    sku: str
    listing: str
    quantity: int
    state: str
    free_seen: int | None
    set_aside: int
    sold: int
    left: int
    returned: int


class CampaignOut(Schema):
    """`state`: planned, running, ended, cancelled."""

    code: str
    name: str
    kind: str
    channel: str
    state: str
    starts_at: Moment
    ends_at: Moment
    ended_at: Moment | None
    set_aside: int
    sold: int
    left: int
    returned: int
    lines: list[CampaignLineOut]
    created_at: Moment
