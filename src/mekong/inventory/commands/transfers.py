"""Goods from one of our places to another, until they leave: drafted, asked for, approved, or shipped at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from mekong.catalog import queries as catalog
from mekong.catalog.errors import VariantNotFound
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.errors import MayNot, OutOfScope
from mekong.foundation.numbering import take_numbers
from mekong.inventory import ledger, notices, rules
from mekong.inventory.commands.checking import added_up, check_units, refuse_bundles
from mekong.inventory.contracts import LocationView, TransferLine, TransferView
from mekong.inventory.errors import (
    BadQuantity,
    ControlInvalid,
    NeedsApproval,
    OwnRequest,
    TransferMoved,
    TransferNotFound,
)
from mekong.inventory.ledger import Move
from mekong.inventory.models import LocationKind, MovementReason, Transfer, TransferState, TransferStep
from mekong.inventory.queries import approval_limits, get_location, value_of, virtual_location
from mekong.inventory.queries.transfers import line_view, transfer_view

MAX_LINES = 1_000

Lines = Sequence[tuple[int, int]]


@command
def draft_transfer(
    *, actor: Actor, from_code: str, to_code: str, lines: Lines, now: datetime, note: str = "", ask: bool = False
) -> TransferView:
    """Write a transfer down; nothing moves. Whoever may transfer at either end may. `ask`: and for approval too.

    Raises: MayNot, OutOfScope, LocationNotFound, ControlInvalid, BadQuantity, VariantNotFound, BundleHasNoStock.
    """
    actor.require("inventory.transfer")
    source, target = _ends(actor, from_code, to_code)
    _require_either(actor, source, target)
    made = Transfer.objects.create(
        code=take_numbers("CK", 1, now=now)[0],
        from_location_id=source.id,
        to_location_id=target.id,
        state=TransferState.DRAFT,
        lines=_new_lines(lines),
        note=note[:300],
        drafted_by=actor.ref,
        created_at=now,
    )
    drafted = took_step(made, "draft", actor, now)
    return request_transfer(actor=actor, transfer_id=made.id, now=now) if ask else drafted


@command
def change_transfer(
    *, actor: Actor, transfer_id: UUID, from_code: str, to_code: str, lines: Lines, now: datetime, note: str = ""
) -> TransferView:
    """Write a draft anew. Raises: as `draft_transfer`, and TransferNotFound, TransferMoved (it is no draft any more)."""
    transfer = locked(actor, transfer_id)
    require_end(actor, transfer)
    source, target = _ends(actor, from_code, to_code)
    _require_either(actor, source, target)
    if transfer.state not in rules.STEPS["change"]:
        raise TransferMoved(code=transfer.code, state=transfer.state)
    transfer.from_location_id, transfer.to_location_id = source.id, target.id
    transfer.lines, transfer.note, transfer.drafted_by = _new_lines(lines), note[:300], actor.ref
    transfer.save(update_fields=["from_location", "to_location", "lines", "note", "drafted_by"])
    return took_step(transfer, "change", actor, now)


@command
def request_transfer(*, actor: Actor, transfer_id: UUID, now: datetime) -> TransferView:
    """Ask the source to approve a draft. A repeat changes nothing.

    Raises: MayNot, OutOfScope, TransferNotFound, TransferMoved.
    """
    transfer = locked(actor, transfer_id)
    require_end(actor, transfer)
    if is_behind(transfer, "request"):
        return view(transfer)
    transfer.state, transfer.requested_by = TransferState.REQUESTED, actor.ref
    transfer.save(update_fields=["state", "requested_by"])
    return took_step(transfer, "request", actor, now)


@command
def approve_transfer(*, actor: Actor, transfer_id: UUID, now: datetime) -> TransferView:
    """Let the source pick and ship. A repeat changes nothing.

    Above the limit it has to be asked for first, and somebody else approves who may (`inventory.approve` there).
    Raises: MayNot, OutOfScope, TransferNotFound, TransferMoved, NeedsApproval, OwnRequest.
    """
    transfer = locked(actor, transfer_id)
    require_source(actor, transfer)
    if is_behind(transfer, "approve"):
        return view(transfer)
    if is_above_limit([line_view(line) for line in transfer.lines]):
        actor.require("inventory.approve")
        actor.require_location(transfer.from_location_id, transfer.from_location.code, "inventory.approve")
        if transfer.state == TransferState.DRAFT:
            raise NeedsApproval(code=transfer.code)
        if actor.ref in {transfer.drafted_by, transfer.requested_by}:
            raise OwnRequest(code=transfer.code)
    transfer.state = TransferState.READY
    transfer.save(update_fields=["state"])
    return took_step(transfer, "approve", actor, now)


@command
def send_back_transfer(*, actor: Actor, transfer_id: UUID, now: datetime, note: str = "") -> TransferView:
    """Make a draft again of what was asked for or approved: the source has a question, or whoever asked changed their mind.

    A repeat changes nothing. Raises: MayNot, OutOfScope, TransferNotFound, TransferMoved.
    """
    transfer = locked(actor, transfer_id)
    _require_source_or_own(actor, transfer)
    if is_behind(transfer, "send_back"):
        return view(transfer)
    transfer.state, transfer.requested_by = TransferState.DRAFT, ""
    transfer.save(update_fields=["state", "requested_by"])
    return took_step(transfer, "send_back", actor, now, note)


@command
def cancel_transfer(*, actor: Actor, transfer_id: UUID, now: datetime, note: str = "") -> TransferView:
    """Give a transfer up that has not left. A repeat changes nothing.

    Raises: MayNot, OutOfScope, TransferNotFound, TransferMoved.
    """
    transfer = locked(actor, transfer_id)
    _require_source_or_own(actor, transfer)
    if is_behind(transfer, "cancel"):
        return view(transfer)
    transfer.state = TransferState.CANCELLED
    transfer.save(update_fields=["state"])
    return took_step(transfer, "cancel", actor, now, note)


@command
def ship_transfer(
    *, actor: Actor, from_code: str, to_code: str, lines: Lines, now: datetime, note: str = ""
) -> tuple[UUID, str]:
    """Send goods from one place to another at once; they stand in transit until received. Returns the transfer's id and code.

    Raises: as `draft_transfer`; ShortStock; NeedsApproval, when it is above the limit.
    """
    actor.require("inventory.transfer")
    source, target = _ends(actor, from_code, to_code)
    actor.require_location(source.id, source.code, "inventory.transfer")
    kept = _new_lines(lines)
    if actor.kind != "system" and is_above_limit([line_view(line) for line in kept]):
        raise NeedsApproval
    made = Transfer.objects.create(
        code=take_numbers("CK", 1, now=now)[0],
        from_location_id=source.id,
        to_location_id=target.id,
        state=TransferState.IN_TRANSIT,
        lines=kept,
        note=note[:300],
        drafted_by=actor.ref,
        created_at=now,
        shipped_at=now,
    )
    took_step(made, "ship", actor, now)
    move_out(made, actor, now)
    return made.id, made.code


# --- what the steps have in common ------------------------------------------------------------------------------------


def locked(actor: Actor, transfer_id: UUID) -> Transfer:
    """Raises: MayNot, TransferNotFound."""
    actor.require("inventory.transfer")
    row = Transfer.objects.select_for_update(of=("self",)).select_related("from_location", "to_location")
    transfer = row.filter(id=transfer_id).first()
    if transfer is None:
        raise TransferNotFound(key=transfer_id)
    return transfer


def require_source(actor: Actor, transfer: Transfer, permission: str = "inventory.transfer") -> None:
    """Raises: MayNot, OutOfScope."""
    actor.require(permission)
    actor.require_location(transfer.from_location_id, transfer.from_location.code, permission)


def require_target(actor: Actor, transfer: Transfer) -> None:
    """Raises: OutOfScope."""
    actor.require_location(transfer.to_location_id, transfer.to_location.code, "inventory.transfer")


def require_end(actor: Actor, transfer: Transfer) -> None:
    """Raises: OutOfScope, which names the source."""
    if not actor.sees_location(transfer.to_location_id, "inventory.transfer"):
        require_source(actor, transfer)


def _require_source_or_own(actor: Actor, transfer: Transfer) -> None:
    """The source decides; who wrote it down or asked may take it back before anybody at the source has approved."""
    if transfer.state in (TransferState.READY, TransferState.IN_TRANSIT) or actor.ref not in (
        transfer.drafted_by,
        transfer.requested_by,
    ):
        require_source(actor, transfer)


def is_behind(transfer: Transfer, step: str) -> bool:
    """Whether a step was taken before. Raises: TransferMoved, when it can no longer be taken."""
    if transfer.state in rules.STEPS[step]:
        return False
    if transfer.state in rules.AFTER[step]:
        return True
    raise TransferMoved(code=transfer.code, state=transfer.state)


def is_above_limit(lines: Sequence[TransferLine]) -> bool:
    """Whether somebody else has to approve so much."""
    limit = approval_limits().transfer
    if limit.units is None and limit.value_minor is None:
        return False
    return rules.is_above(
        limit.units,
        limit.value_minor,
        units=sum(line.quantity for line in lines),
        value_minor=value_of([(line.variant_id, line.quantity, None) for line in lines]),
    )


def move_out(transfer: Transfer, actor: Actor, now: datetime) -> None:
    """Book what leaves the source. Raises: ShortStock."""
    transit = virtual_location(LocationKind.TRANSIT)
    lines = [line_view(line) for line in transfer.lines]
    moves = [
        (Move(line.variant_id, transfer.from_location_id, transit, line.quantity), transfer.code)
        for line in lines
        if line.quantity
    ]
    ledger.post(actor=actor, moves=moves, reason=MovementReason.TRANSFER, now=now)


def took_step(transfer: Transfer, step: str, actor: Actor, now: datetime, note: str = "") -> TransferView:
    """Write down who took it; pages that show transfers look again."""
    TransferStep.objects.create(transfer_id=transfer.id, step=step, actor=actor.ref, note=note[:300], at=now)
    with connection.cursor() as cursor:
        notices.stock_moved(cursor, ())
    return view(transfer)


def view(transfer: Transfer) -> TransferView:
    return transfer_view(transfer, list(TransferStep.objects.filter(transfer_id=transfer.id).order_by("id")))


def _ends(actor: Actor, from_code: str, to_code: str) -> tuple[LocationView, LocationView]:
    source, target = get_location(actor=actor, code=from_code), get_location(actor=actor, code=to_code)
    if source.id == target.id:
        raise ControlInvalid(field="to", problem="A transfer needs two different locations.")
    return source, target


def _require_either(actor: Actor, source: LocationView, target: LocationView) -> None:
    if not actor.may("inventory.transfer"):
        raise MayNot(permission="inventory.transfer")
    if not actor.sees_location(source.id, "inventory.transfer") and not actor.sees_location(
        target.id, "inventory.transfer"
    ):
        raise OutOfScope(location=source.code)


def _new_lines(lines: Lines) -> list[dict[str, object]]:
    """Lines as they are kept, those of one variant added up."""
    if not lines:
        raise BadQuantity(field="lines", quantity="", range="in at least one line")
    if len(lines) > MAX_LINES:
        raise ControlInvalid(field="lines", problem="A transfer has at most {most} lines. Split it.", most=MAX_LINES)
    for position, (_, units) in enumerate(lines):
        check_units(f"lines[{position}].quantity", units)
    known = catalog.variants_by_id(actor=SYSTEM, ids={variant for variant, _ in lines})
    for position, (variant, _) in enumerate(lines):
        if variant not in known:
            raise VariantNotFound(field=f"lines[{position}].sku", key=variant)
    refuse_bundles([variant for variant, _ in lines])
    return [
        {"variant_id": variant, "asked": units, "quantity": units, "received": None}
        for variant, units in added_up(lines)
    ]
