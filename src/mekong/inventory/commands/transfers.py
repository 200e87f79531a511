"""Goods from one of our places to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.numbering import take_numbers
from mekong.inventory import ledger
from mekong.inventory.commands.checking import (
    added_up,
    check_units,
)
from mekong.inventory.errors import (
    BadQuantity,
    ControlInvalid,
    TransferNotFound,
)
from mekong.inventory.ledger import Move
from mekong.inventory.models import (
    LocationKind,
    MovementReason,
    Transfer,
    TransferState,
)
from mekong.inventory.queries import get_location, virtual_location


@command
def ship_transfer(
    *, actor: Actor, from_code: str, to_code: str, lines: Sequence[tuple[int, int]], now: datetime
) -> tuple[UUID, str]:
    """Send goods from one place to another; they stand in transit until received. Returns the transfer's id and code."""
    actor.require("inventory.transfer")
    source, target = get_location(actor=actor, code=from_code), get_location(actor=actor, code=to_code)
    actor.require_location(source.id, source.code, "inventory.transfer")
    if source.id == target.id:
        raise ControlInvalid(field="to", problem="A transfer needs two different locations.")
    if not lines:
        raise BadQuantity(field="lines", quantity="", range="in at least one line")
    for position, (_, units) in enumerate(lines):
        check_units(f"lines[{position}].quantity", units)
    lines = added_up(lines)
    code = take_numbers("CK", 1, now=now)[0]
    made = Transfer.objects.create(
        code=code,
        from_location_id=source.id,
        to_location_id=target.id,
        shipped_at=now,
        lines=[{"variant_id": variant, "quantity": units, "received": None} for variant, units in lines],
    )
    transit = virtual_location(LocationKind.TRANSIT)
    moves = [(Move(variant, source.id, transit, units), code) for variant, units in lines]
    ledger.post(actor=actor, moves=moves, reason=MovementReason.TRANSFER, now=now)
    return made.id, code


@command
def receive_transfer(
    *, actor: Actor, transfer_id: UUID, now: datetime, received: Mapping[int, int] | None = None
) -> None:
    """Take a transfer in. `received` names units by variant where they differ; what is missing is booked as lost.

    Safe to repeat: a received transfer stays as it is.
    """
    actor.require("inventory.transfer")
    transfer = Transfer.objects.select_for_update().filter(id=transfer_id).first()
    if transfer is None:
        raise TransferNotFound(key=transfer_id)
    target = transfer.to_location_id
    actor.require_location(target, transfer.to_location.code, "inventory.transfer")
    if transfer.state == TransferState.RECEIVED:
        return
    transit, loss = virtual_location(LocationKind.TRANSIT), virtual_location(LocationKind.LOSS)
    moves: list[tuple[Move, str]] = []
    for position, line in enumerate(transfer.lines):
        variant, sent = int(line["variant_id"]), int(line["quantity"])
        units = sent if received is None else received.get(variant, sent)
        if not 0 <= units <= sent:
            raise BadQuantity(field=f"lines[{position}].received", quantity=units, range=f"from 0 to {sent}")
        line["received"] = units
        if units:
            moves.append((Move(variant, transit, target, units), transfer.code))
        if sent - units:
            moves.append((Move(variant, transit, loss, sent - units, note="short on arrival"), transfer.code))
    ledger.post(actor=actor, moves=moves, reason=MovementReason.TRANSFER, now=now)
    transfer.state, transfer.received_at = TransferState.RECEIVED, now
    transfer.save(update_fields=["state", "received_at", "lines"])
