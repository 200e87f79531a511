"""The shapes of transfers step by step, approvals, what is low and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from mekong.faces.api.shapes import Body, Minor, Moment, Sku
from mekong.faces.api.stock_shapes import MAX_LINES, MOST_UNITS, LocationCode, TransferLineIn, Units
from mekong.foundation import ids
from mekong.inventory.contracts import AdjustmentView, Limits, LowLine, TransferView

Cause = Literal["source_short", "lost", "wrong_item", "late"]
State = Literal["draft", "requested", "ready", "in_transit", "received", "differs", "settled", "cancelled"]
Note = Annotated[str, Field(max_length=300)]
Most = Annotated[int, Field(strict=True, ge=0, le=MOST_UNITS)]


class DraftIn(Body):
    from_location: LocationCode
    to_location: LocationCode
    lines: Annotated[list[TransferLineIn], Field(min_length=1, max_length=MAX_LINES)]
    note: Note = ""


class DecisionIn(Body):
    note: Note = ""


class ShippedLineIn(Body):
    sku: Sku
    quantity: Most


class ShipmentIn(Body):
    """`lines`: what leaves, where it is less than was asked for; 0 leaves a line out."""

    lines: Annotated[list[ShippedLineIn], Field(max_length=MAX_LINES)] | None = None


class SettledLineIn(Body):
    """`quantity`: units to book; without it all that is open. `instead`: the SKU that came, for a wrong item."""

    sku: Sku
    cause: Cause
    quantity: Units | None = None
    instead: Sku | None = None


class SettlementIn(Body):
    lines: Annotated[list[SettledLineIn], Field(min_length=1, max_length=MAX_LINES)]
    note: Note = ""


class BookedOut(Schema):
    cause: str
    quantity: int
    instead: str | None


class TransferLineOut(Schema):
    """`quantity`: what left, before that what is to leave. `received` is null until it was counted. `open`: units that
    did not arrive and nobody has booked."""

    sku: str
    asked: int
    quantity: int
    received: int | None
    cause: str
    open: int
    booked: list[BookedOut]


class TransferStepOut(Schema):
    step: str
    actor: str
    actor_name: str
    note: str
    at: Moment


class TransferViewOut(Schema):
    """`steps`: who took it further, oldest first; empty in lists."""

    id: str
    code: str
    from_location: str
    to_location: str
    state: State
    note: str
    lines: list[TransferLineOut]
    created_at: Moment
    shipped_at: Moment | None
    received_at: Moment | None
    steps: list[TransferStepOut]


class AskedLineOut(Schema):
    """`on_hand`: now; `on_hand_when_asked`: then."""

    sku: str
    quantity: int
    lot: str
    expires_on: date | None
    on_hand: int
    on_hand_when_asked: int


class AdjustmentViewOut(Schema):
    code: str
    location: str
    reason: str
    note: str
    state: Literal["waiting", "booked", "rejected", "withdrawn"]
    lines: list[AskedLineOut]
    asked_by: str
    asked_at: Moment
    decided_by: str
    decided_at: Moment | None
    decision: str


class ApprovalIn(Body):
    """`on_hand`: of each line, in order, as it was seen; when stock has moved since, nothing is booked (409)."""

    on_hand: Annotated[list[Most], Field(max_length=MAX_LINES)] | None = None
    note: Note = ""


class RejectionIn(Body):
    note: Annotated[str, Field(min_length=1, max_length=300)]


class LimitsIn(Body):
    """Above these somebody else has to approve; null: no limit. Values in đồng."""

    transfer_units: Most | None
    transfer_value_minor: Minor | None
    adjustment_units: Most | None
    adjustment_value_minor: Minor | None


class LimitsOut(Schema):
    transfer_units: int | None
    transfer_value_minor: int | None
    adjustment_units: int | None
    adjustment_value_minor: int | None


class LowOut(Schema):
    """`sold`: units in the last 28 days; `days_left` is null where none was. `wanted`: units to fill up, less what is on
    the way. `spare_at`: the location with most above its own reorder level, and `spare` units of it."""

    sku: str
    location: str
    free: int
    min_qty: int
    max_qty: int | None
    incoming: int
    sold: int
    days_left: int | None
    wanted: int
    spare_at: str
    spare: int


class LedgerOut(Schema):
    """`change`: what it did to the locations asked for, or seen; 0 between two of them."""

    id: int
    sku: str
    from_location: str
    to_location: str
    quantity: int
    change: int
    reason: str
    reference: str
    note: str
    lot: str
    unit_cost_minor: int | None
    actor: str
    actor_name: str
    occurred_at: Moment


def transfer_out(view: TransferView, skus: Mapping[int, str], names: Mapping[str, str]) -> dict[str, Any]:
    plain = ("code", "state", "note", "created_at", "shipped_at", "received_at")
    return {
        **{name: getattr(view, name) for name in plain},
        "id": ids.public("trf", view.id),
        "from_location": view.from_code,
        "to_location": view.to_code,
        "lines": [
            {
                "sku": skus[line.variant_id],
                "asked": line.asked,
                "quantity": line.quantity,
                "received": line.received,
                "cause": line.cause,
                "open": line.open_units,
                "booked": [
                    {"cause": each.cause, "quantity": each.units, "instead": skus.get(each.instead or 0)}
                    for each in line.booked
                ],
            }
            for line in view.lines
        ],
        "steps": [
            {
                "step": each.step, "actor": each.actor, "actor_name": names.get(each.actor, each.actor),
                "note": each.note, "at": each.at,
            }
            for each in view.steps
        ],
    }  # fmt: skip


def adjustment_out(view: AdjustmentView, skus: Mapping[int, str]) -> dict[str, Any]:
    plain = ("code", "reason", "note", "state", "asked_by", "asked_at", "decided_by", "decided_at", "decision")
    return {
        **{name: getattr(view, name) for name in plain},
        "location": view.location_code,
        "lines": [
            {
                "sku": skus[line.variant_id], "quantity": line.quantity, "lot": line.lot, "expires_on": line.expires_on,
                "on_hand": line.on_hand, "on_hand_when_asked": line.seen,
            }
            for line in view.lines
        ],
    }  # fmt: skip


def limits_out(limits: Limits) -> dict[str, Any]:
    return {
        "transfer_units": limits.transfer.units,
        "transfer_value_minor": limits.transfer.value_minor,
        "adjustment_units": limits.adjustment.units,
        "adjustment_value_minor": limits.adjustment.value_minor,
    }


def low_out(line: LowLine, skus: Mapping[int, str]) -> dict[str, Any]:
    plain = ("free", "min_qty", "max_qty", "incoming", "sold", "wanted", "spare_at", "spare")
    return {
        **{name: getattr(line, name) for name in plain},
        "sku": skus[line.variant_id],
        "location": line.location_code,
        "days_left": line.days,
    }
