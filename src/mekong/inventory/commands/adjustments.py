"""Changes of stock that are above somebody's limit: asked for, then approved, rejected or withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.numbering import take_numbers
from mekong.inventory import ledger, notices
from mekong.inventory.commands.checking import MAX_QUANTITY
from mekong.inventory.commands.goods import book_adjustment, check_adjustment, needs_approval
from mekong.inventory.contracts import AdjustmentAsked, AdjustmentLine, AdjustmentView, Limits
from mekong.inventory.errors import (
    AdjustmentDecided,
    AdjustmentNotFound,
    BadQuantity,
    ControlInvalid,
    FiguresMoved,
    OwnRequest,
)
from mekong.inventory.models import Adjustment, AdjustmentState, ApprovalLimits
from mekong.inventory.queries import approval_limits
from mekong.inventory.queries.adjustments import adjustment_views


@command
def request_adjustment(
    *,
    actor: Actor,
    location: str,
    reason: str,
    lines: Sequence[AdjustmentLine],
    now: datetime,
    reference: str = "",
    note: str = "",
) -> AdjustmentAsked:
    """As `adjust_stock`; but what is above the actor's limit waits for somebody who may approve, and nothing moves.

    Raises: MayNot, OutOfScope, LocationNotFound, BadQuantity, BundleHasNoStock; LotRequired, ShortStock where it is
    booked at once.
    """
    place = check_adjustment(actor=actor, location=location, reason=reason, lines=lines)
    if not needs_approval(actor=actor, place_id=place.id, reason=reason, lines=lines):
        change = book_adjustment(
            actor=actor, place_id=place.id, reason=reason, lines=lines, now=now, reference=reference, note=note
        )
        return AdjustmentAsked(change=change)
    code = take_numbers("DC", 1, now=now)[0]
    levels = ledger.lock(sorted({(line.variant_id, place.id) for line in lines}))
    made = Adjustment.objects.create(
        code=code,
        location_id=place.id,
        reason=reason[:100],
        note=note[:300],
        lines=[
            {
                "variant_id": line.variant_id,
                "quantity": line.quantity,
                "lot": line.lot,
                "expires_on": line.expires_on.isoformat() if line.expires_on else "",
                "unit_cost_minor": line.unit_cost_minor,
                "on_hand": levels[line.variant_id, place.id].on_hand if (line.variant_id, place.id) in levels else 0,
            }
            for line in lines
        ],
        asked_by=actor.ref,
        asked_at=now,
    )
    return AdjustmentAsked(waiting=_told(made))


@command
def approve_adjustment(
    *, actor: Actor, code: str, now: datetime, seen: Sequence[int] | None = None, note: str = ""
) -> AdjustmentView:
    """Book a change that waits. A repeat changes nothing.

    Args:
        seen: on hand of each line, in order, as the approver saw it; when stock has moved since, nothing is booked.

    Raises: MayNot, OutOfScope, AdjustmentNotFound, AdjustmentDecided, OwnRequest, FiguresMoved, LotRequired, ShortStock.
    """
    actor.require("inventory.approve")
    row = _locked(code)
    _require_approver(actor, row)
    if row.state == AdjustmentState.BOOKED:
        return adjustment_views([row])[0]
    _require_waiting(row)
    pairs = [(int(line["variant_id"]), row.location_id) for line in row.lines]
    levels = ledger.lock(sorted(set(pairs)))
    stands = [levels[pair].on_hand if pair in levels else 0 for pair in pairs]
    if seen is not None and list(seen) != stands:
        raise FiguresMoved(code=row.code, location=row.location.code)
    book_adjustment(
        actor=actor, place_id=row.location_id, reason=row.reason, lines=_lines(row), now=now, reference=row.code,
        note=row.note,
    )  # fmt: skip
    return _decide(row, AdjustmentState.BOOKED, actor, now, note)


@command
def reject_adjustment(*, actor: Actor, code: str, note: str, now: datetime) -> AdjustmentView:
    """Say no, and why. A repeat changes nothing.

    Raises: MayNot, OutOfScope, AdjustmentNotFound, AdjustmentDecided, OwnRequest, ControlInvalid (no reason given).
    """
    actor.require("inventory.approve")
    row = _locked(code)
    _require_approver(actor, row)
    if row.state == AdjustmentState.REJECTED:
        return adjustment_views([row])[0]
    _require_waiting(row)
    if not note.strip():
        raise ControlInvalid(field="note", problem="Say why, for whoever asked.")
    return _decide(row, AdjustmentState.REJECTED, actor, now, note)


@command
def withdraw_adjustment(*, actor: Actor, code: str, now: datetime) -> AdjustmentView:
    """Take one's own request back. A repeat changes nothing.

    Raises: MayNot, OutOfScope, AdjustmentNotFound, AdjustmentDecided.
    """
    if not actor.may("inventory.approve"):
        actor.require("inventory.adjust")
    row = _locked(code)
    if actor.ref != row.asked_by:
        _require_approver(actor, row)
    if row.state == AdjustmentState.WITHDRAWN:
        return adjustment_views([row])[0]
    _require_waiting(row)
    return _decide(row, AdjustmentState.WITHDRAWN, actor, now, "")


@command
def set_approval_limits(
    *,
    actor: Actor,
    transfer_units: int | None,
    transfer_value_minor: int | None,
    adjustment_units: int | None,
    adjustment_value_minor: int | None,
) -> Limits:
    """Say above how many units, or above what value in đồng, somebody else has to approve. None: no limit.

    What waits already goes on waiting. Raises: MayNot, BadQuantity.
    """
    actor.require("settings.manage")
    wanted = {
        "transfer_units": transfer_units,
        "transfer_value_minor": transfer_value_minor,
        "adjustment_units": adjustment_units,
        "adjustment_value_minor": adjustment_value_minor,
    }
    for field, most in wanted.items():
        if most is not None and not 0 <= most <= MAX_QUANTITY:
            raise BadQuantity(field=field, quantity=most, range="from 0 up")
    ApprovalLimits.objects.update_or_create(id=1, defaults=wanted)
    return approval_limits()


def _locked(code: str) -> Adjustment:
    rows = Adjustment.objects.select_for_update(of=("self",)).select_related("location")
    row = rows.filter(code__iexact=code).first()
    if row is None:
        raise AdjustmentNotFound(key=code)
    return row


def _require_approver(actor: Actor, row: Adjustment) -> None:
    actor.require("inventory.approve")
    actor.require_location(row.location_id, row.location.code, "inventory.approve")
    if actor.ref == row.asked_by:
        raise OwnRequest(code=row.code)


def _require_waiting(row: Adjustment) -> None:
    if row.state != AdjustmentState.WAITING:
        raise AdjustmentDecided(code=row.code, state=row.state)


def _decide(row: Adjustment, state: AdjustmentState, actor: Actor, now: datetime, note: str) -> AdjustmentView:
    row.state, row.decided_by, row.decided_at, row.decision = state, actor.ref, now, note.strip()[:300]
    row.save(update_fields=["state", "decided_by", "decided_at", "decision"])
    return _told(row)


def _told(row: Adjustment) -> AdjustmentView:
    """Pages that show what waits look again."""
    with connection.cursor() as cursor:
        notices.stock_moved(cursor, ())
    return adjustment_views([row])[0]


def _lines(row: Adjustment) -> list[AdjustmentLine]:
    return [
        AdjustmentLine(
            int(line["variant_id"]),
            int(line["quantity"]),
            line["lot"],
            date.fromisoformat(line["expires_on"]) if line["expires_on"] else None,
            line["unit_cost_minor"],
        )
        for line in row.lines
    ]
