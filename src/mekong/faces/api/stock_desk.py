"""The stock desk: transfers step by step, adjustments that wait for approval, what is low, and the ledger.

Its endpoints join the router of stock: an address belongs to one router, whatever is asked of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from pydantic import Field

from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.shapes import Cursor, Limit, Moment, PageOf, Sku, public_id
from mekong.faces.api.stock import Place, ids_of, router, skus_of
from mekong.faces.api.stock_desk_shapes import (
    AdjustmentViewOut,
    ApprovalIn,
    DecisionIn,
    DraftIn,
    LedgerOut,
    LimitsIn,
    LimitsOut,
    LowOut,
    RejectionIn,
    SettlementIn,
    ShipmentIn,
    State,
    TransferViewOut,
    adjustment_out,
    limits_out,
    low_out,
    transfer_out,
)
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.foundation.queries import names_of
from mekong.inventory import commands, queries
from mekong.inventory.contracts import AdjustmentView, Settlement, TransferView

Text = Annotated[str, Field(max_length=80)]


def _transfers_out(views: Iterable[TransferView]) -> list[dict[str, Any]]:
    listed = list(views)
    lines = [line for view in listed for line in view.lines]
    named = {line.variant_id for line in lines}
    named |= {each.instead for line in lines for each in line.booked if each.instead}
    skus = skus_of(named)
    names = names_of({step.actor for view in listed for step in view.steps})
    return [transfer_out(view, skus, names) for view in listed]


def _transfer_out(view: TransferView) -> dict[str, Any]:
    return _transfers_out([view])[0]


def _id(text: str) -> UUID:
    return public_id("trf", text, "Transfer")


@router.get("/stock/transfers", response=PageOf[TransferViewOut])
def list_transfers(
    request: HttpRequest, state: State | None = None, location: Place = "", cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:  # fmt: skip
    """Transfers from or to the caller's locations, newest first; without their steps."""
    found = queries.list_transfers(
        actor=authenticate(request), tab=state or "", location=location,
        before=decode_cursor(cursor, tuple[UUID])[0] if cursor else None, limit=limit + 1,
    )  # fmt: skip
    page = found[:limit]
    more = encode_cursor(page[-1].id) if len(found) > limit else None
    return {"items": _transfers_out(page), "next_cursor": more}


@router.get("/stock/transfers/{transfer_id}", response=TransferViewOut)
def get_transfer(request: HttpRequest, transfer_id: str) -> Any:
    """One transfer with its steps. One between other locations is not there."""
    return _transfer_out(queries.get_transfer(actor=authenticate(request), transfer_id=_id(transfer_id)))


@router.put("/stock/transfers/{transfer_id}", response=TransferViewOut)
def change_transfer(request: HttpRequest, transfer_id: str, body: DraftIn) -> Any:
    """Write a draft anew."""
    actor = authenticate(request)
    actor.require("inventory.transfer")
    variants = ids_of([each.sku for each in body.lines], "lines[{}].sku")
    view = commands.change_transfer(
        actor=actor, transfer_id=_id(transfer_id), from_code=body.from_location, to_code=body.to_location,
        lines=[(variants[each.sku], each.quantity) for each in body.lines], now=moment(request), note=body.note,
    )  # fmt: skip
    return _transfer_out(view)


@router.post("/stock/transfers/{transfer_id}/request", response=TransferViewOut)
def request_transfer(request: HttpRequest, transfer_id: str) -> Any:
    """Ask the source to approve a draft. A repeat changes nothing."""
    actor = authenticate(request)
    return _transfer_out(commands.request_transfer(actor=actor, transfer_id=_id(transfer_id), now=moment(request)))


@router.post("/stock/transfers/{transfer_id}/approve", response=TransferViewOut)
def approve_transfer(request: HttpRequest, transfer_id: str) -> Any:
    """Let the source ship. Above the limit somebody else than who made or asked for it. A repeat changes nothing."""
    actor = authenticate(request)
    return _transfer_out(commands.approve_transfer(actor=actor, transfer_id=_id(transfer_id), now=moment(request)))


@router.post("/stock/transfers/{transfer_id}/send-back", response=TransferViewOut)
def send_back_transfer(request: HttpRequest, transfer_id: str, body: DecisionIn) -> Any:
    """Make a draft again of what was asked for or approved. A repeat changes nothing."""
    actor = authenticate(request)
    view = commands.send_back_transfer(actor=actor, transfer_id=_id(transfer_id), now=moment(request), note=body.note)
    return _transfer_out(view)


@router.post("/stock/transfers/{transfer_id}/cancel", response=TransferViewOut)
def cancel_transfer(request: HttpRequest, transfer_id: str, body: DecisionIn) -> Any:
    """Give a transfer up that has not left. A repeat changes nothing."""
    actor = authenticate(request)
    view = commands.cancel_transfer(actor=actor, transfer_id=_id(transfer_id), now=moment(request), note=body.note)
    return _transfer_out(view)


@router.post("/stock/transfers/{transfer_id}/ship", response=TransferViewOut)
def send_transfer(request: HttpRequest, transfer_id: str, body: ShipmentIn) -> Any:
    """Ship what was approved; it stands in transit until received. A repeat changes nothing."""
    actor = authenticate(request)
    actor.require("inventory.transfer")
    shipped = None
    if body.lines is not None:
        variants = ids_of([each.sku for each in body.lines], "lines[{}].sku")
        shipped = {variants[each.sku]: each.quantity for each in body.lines}
    view = commands.send_transfer(actor=actor, transfer_id=_id(transfer_id), now=moment(request), shipped=shipped)
    return _transfer_out(view)


@router.post("/stock/transfers/{transfer_id}/settle", response=TransferViewOut)
def settle_transfer(request: HttpRequest, transfer_id: str, body: SettlementIn) -> Any:
    """Book what did not arrive, by cause. A settled transfer stays as it is."""
    actor = authenticate(request)
    actor.require("inventory.transfer")
    variants = ids_of([each.sku for each in body.lines], "lines[{}].sku")
    instead: dict[str, int] = {}
    for at, each in enumerate(body.lines):
        if each.instead:
            instead |= ids_of([each.instead], f"lines[{at}].instead")
    lines = [
        Settlement(variants[each.sku], each.cause, each.quantity, instead[each.instead] if each.instead else None)
        for each in body.lines
    ]
    view = commands.settle_transfer(
        actor=actor, transfer_id=_id(transfer_id), lines=lines, now=moment(request), note=body.note
    )
    return _transfer_out(view)


# --- adjustments that wait ------------------------------------------------------------------------------------------------


def _adjustments_out(views: Iterable[AdjustmentView]) -> list[dict[str, Any]]:
    listed = list(views)
    skus = skus_of({line.variant_id for view in listed for line in view.lines})
    return [adjustment_out(view, skus) for view in listed]


@router.get("/stock/adjustments", response=PageOf[AdjustmentViewOut])
def list_adjustments(
    request: HttpRequest,
    state: Literal["", "waiting", "booked", "rejected", "withdrawn"] = "waiting",
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """Adjustments above a limit at the caller's locations, newest first. State "": all."""
    found = queries.list_adjustments(
        actor=authenticate(request), state=state, limit=limit + 1,
        before=decode_cursor(cursor, tuple[UUID])[0] if cursor else None,
    )  # fmt: skip
    page = found[:limit]
    more = encode_cursor(page[-1].id) if len(found) > limit else None
    return {"items": _adjustments_out(page), "next_cursor": more}


@router.get("/stock/adjustments/{code}", response=AdjustmentViewOut)
def get_adjustment(request: HttpRequest, code: str) -> Any:
    """One of them, with what stands there now. One elsewhere is not there."""
    return _adjustments_out([queries.get_adjustment(actor=authenticate(request), code=code)])[0]


@router.post("/stock/adjustments/{code}/approve", response=AdjustmentViewOut)
def approve_adjustment(request: HttpRequest, code: str, body: ApprovalIn) -> Any:
    """Book it. Somebody other than who asked. A repeat changes nothing."""
    view = commands.approve_adjustment(
        actor=authenticate(request), code=code, now=moment(request), seen=body.on_hand, note=body.note
    )
    return _adjustments_out([view])[0]


@router.post("/stock/adjustments/{code}/reject", response=AdjustmentViewOut)
def reject_adjustment(request: HttpRequest, code: str, body: RejectionIn) -> Any:
    """Say no, and why. A repeat changes nothing."""
    view = commands.reject_adjustment(actor=authenticate(request), code=code, note=body.note, now=moment(request))
    return _adjustments_out([view])[0]


@router.post("/stock/adjustments/{code}/withdraw", response=AdjustmentViewOut)
def withdraw_adjustment(request: HttpRequest, code: str) -> Any:
    """Take one's own request back. A repeat changes nothing."""
    view = commands.withdraw_adjustment(actor=authenticate(request), code=code, now=moment(request))
    return _adjustments_out([view])[0]


@router.get("/stock/approval-limits", response=LimitsOut)
def get_approval_limits(request: HttpRequest) -> Any:
    """Above how much somebody else has to approve; null: no limit."""
    authenticate(request).require("inventory.view")
    return limits_out(queries.approval_limits())


@router.put("/stock/approval-limits", response=LimitsOut)
def set_approval_limits(request: HttpRequest, body: LimitsIn) -> Any:
    """Set all four limits; null takes one away."""
    return limits_out(commands.set_approval_limits(actor=authenticate(request), **body.model_dump()))


# --- looking --------------------------------------------------------------------------------------------------------------


@router.get("/stock/low", response=PageOf[LowOut])
def list_low(request: HttpRequest, location: Place = "", cursor: Cursor | None = None, limit: Limit = 50) -> Any:
    """SKUs at or below their reorder level, the emptiest first, with what sold lately and who has some to spare."""
    after = {"after": decode_cursor(cursor, tuple[int, int, int])} if cursor else {}
    found = queries.list_low_lines(
        actor=authenticate(request), now=moment(request), location=location, limit=limit + 1, **after
    )
    page = found[:limit]
    skus = skus_of({each.variant_id for each in page})
    last = page[-1] if len(found) > limit else None
    more = encode_cursor(last.free - last.min_qty, last.variant_id, last.location_id) if last else None
    return {"items": [low_out(each, skus) for each in page], "next_cursor": more}


@router.get("/stock/ledger", response=PageOf[LedgerOut])
def find_movements(
    request: HttpRequest,
    sku: Sku | None = None,
    location: Place = "",
    reason: Annotated[str, Field(max_length=12)] = "",
    reference: Text = "",
    actor_ref: Text = "",
    since: Moment | None = None,
    until: Moment | None = None,
    sign: Literal["", "in", "out"] = "",
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """Movements of every SKU and location the caller sees, newest first. `until` is the first moment no more."""
    actor = authenticate(request)
    actor.require("inventory.view")
    found = queries.find_movements(
        actor=actor, variant_id=None if sku is None else ids_of([sku], "sku")[sku], location=location, reason=reason,
        reference=reference, person=actor_ref, since=since, until=until, sign=sign, limit=limit + 1,
        before=decode_cursor(cursor, tuple[datetime, int]) if cursor else None,
    )  # fmt: skip
    page = found[:limit]
    names, skus = names_of(each.actor for each in page), skus_of({each.variant_id for each in page})
    derived = {"sku", "from_location", "to_location", "actor_name", "unit_cost_minor"}
    items = [
        {
            **{name: getattr(each, name) for name in set(LedgerOut.model_fields) - derived},
            "sku": skus[each.variant_id],
            "from_location": each.from_code,
            "to_location": each.to_code,
            "actor_name": names.get(each.actor, each.actor),
            "unit_cost_minor": each.unit_cost_minor if actor.may("money.view_cost") else None,
        }
        for each in page
    ]
    more = encode_cursor(page[-1].occurred_at, page[-1].id) if len(found) > limit else None
    return {"items": items, "next_cursor": more}
