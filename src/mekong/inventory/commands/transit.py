"""Goods under way between two of our places: they leave, arrive, and what did not arrive is booked with its cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from mekong.catalog import queries as catalog
from mekong.catalog.errors import VariantNotFound
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.inventory import ledger, rules
from mekong.inventory.commands.checking import is_whole, refuse_bundles
from mekong.inventory.commands.transfers import (
    is_behind,
    locked,
    move_out,
    require_source,
    require_target,
    took_step,
    view,
)
from mekong.inventory.contracts import Settlement, TransferView
from mekong.inventory.errors import BadQuantity, CauseUnknown, InsteadNeeded, NothingOpen, NotOnTransfer, TransferMoved
from mekong.inventory.ledger import Move
from mekong.inventory.models import LocationKind, MovementReason, Transfer, TransferState
from mekong.inventory.queries import virtual_location
from mekong.inventory.queries.transfers import line_view


@command
def send_transfer(
    *, actor: Actor, transfer_id: UUID, now: datetime, shipped: Mapping[int, int] | None = None
) -> TransferView:
    """Ship what was approved; it stands in transit until received. A repeat changes nothing.

    Args:
        shipped: units by variant where fewer leave than were asked for; 0 leaves a line out.

    Raises: MayNot, OutOfScope, TransferNotFound, TransferMoved, NotOnTransfer, BadQuantity, ShortStock.
    """
    transfer = locked(actor, transfer_id)
    require_source(actor, transfer)
    if is_behind(transfer, "ship"):
        return view(transfer)
    _check_named(transfer, shipped)
    for position, line in enumerate(transfer.lines):
        line.setdefault("asked", line["quantity"])
        asked = int(line["asked"])
        line["quantity"] = _counted(shipped, line, asked, f"lines[{position}].quantity")
    if not any(line["quantity"] for line in transfer.lines):
        raise BadQuantity(field="lines", quantity=0, range="in at least one line")
    move_out(transfer, actor, now)
    transfer.state, transfer.shipped_at = TransferState.IN_TRANSIT, now
    transfer.save(update_fields=["state", "shipped_at", "lines"])
    return took_step(transfer, "ship", actor, now)


@command
def receive_transfer(
    *,
    actor: Actor,
    transfer_id: UUID,
    now: datetime,
    received: Mapping[int, int] | None = None,
    causes: Mapping[int, str] | None = None,
) -> TransferView:
    """Take a transfer in. What is missing stays in transit, and open, until somebody books it (`settle_transfer`).

    Safe to repeat: a received transfer stays as it is. A second count that says otherwise is refused.

    Args:
        received: units by variant where they differ from what was sent.
        causes: why, by variant, as far as the receiver knows: one of `rules.CAUSES`.

    Raises: MayNot, OutOfScope, TransferNotFound, TransferMoved, NotOnTransfer, BadQuantity, CauseUnknown.
    """
    transfer = locked(actor, transfer_id)
    require_target(actor, transfer)
    if is_behind(transfer, "receive"):
        if received and any(
            line_view(line).received != received.get(line["variant_id"], line["quantity"]) for line in transfer.lines
        ):
            raise TransferMoved(code=transfer.code, state=transfer.state)
        return view(transfer)
    _check_named(transfer, received)
    _check_named(transfer, causes)
    moves: list[Move] = []
    transit, lots = virtual_location(LocationKind.TRANSIT), _Lots(transfer)
    for position, line in enumerate(transfer.lines):
        variant, sent = int(line["variant_id"]), int(line["quantity"])
        line["received"] = _counted(received, line, sent, f"lines[{position}].received")
        line["cause"] = _cause(causes, variant, position) if line["received"] < sent else ""
        moves += lots.move(variant, transit, transfer.to_location_id, line["received"])
    _post(transfer, moves, actor, now)
    is_whole_here = all(line["received"] == line["quantity"] for line in transfer.lines)
    transfer.state = TransferState.RECEIVED if is_whole_here else TransferState.DIFFERS
    transfer.received_at = now
    transfer.save(update_fields=["state", "received_at", "lines"])
    return took_step(transfer, "receive", actor, now)


@command
def settle_transfer(
    *, actor: Actor, transfer_id: UUID, lines: Sequence[Settlement], now: datetime, note: str = ""
) -> TransferView:
    """Book what did not arrive, by cause; with the last unit booked the transfer is settled.

    `source_short`: the goods never left, and stand at the source again. `lost`: they are gone. `wrong_item`: they stand
    at the source, and as many of another SKU left in their place. `late`: they arrived after all. The first three are
    booked by who may adjust stock at the source, the last by who may receive there. A settled transfer stays as it is.

    Raises: MayNot, OutOfScope, TransferNotFound, TransferMoved, NotOnTransfer, NothingOpen, BadQuantity, CauseUnknown,
    InsteadNeeded, VariantNotFound, BundleHasNoStock, ShortStock.
    """
    transfer = locked(actor, transfer_id)
    for each in lines:
        if each.cause == "late":
            require_target(actor, transfer)
        else:
            require_source(actor, transfer, "inventory.adjust")
    if not lines:
        require_source(actor, transfer, "inventory.adjust")
        raise BadQuantity(field="lines", quantity="", range="in at least one line")
    if is_behind(transfer, "settle"):
        return view(transfer)
    kept = {int(line["variant_id"]): line for line in transfer.lines}
    moves: list[Move] = []
    lots = _Lots(transfer)
    for position, asked in enumerate(lines):
        if asked.variant_id not in kept:
            raise _not_on(transfer, asked.variant_id, f"lines[{position}].sku")
        units = _settled(transfer, asked, kept[asked.variant_id], position)
        moves += _moves(transfer, asked, units, lots)
        booked = {"cause": asked.cause, "units": units} | ({"instead": asked.instead} if asked.instead else {})
        kept[asked.variant_id]["booked"] = [*kept[asked.variant_id].get("booked", ()), booked]
    _post(transfer, moves, actor, now)
    if not any(line_view(line).open_units for line in transfer.lines):
        transfer.state = TransferState.SETTLED
    transfer.save(update_fields=["state", "lines"])
    return took_step(transfer, "settle", actor, now, note)


def _moves(transfer: Transfer, asked: Settlement, units: int, lots: _Lots) -> list[Move]:
    transit = virtual_location(LocationKind.TRANSIT)
    target = {
        "late": transfer.to_location_id,
        "lost": virtual_location(LocationKind.LOSS),
    }.get(asked.cause, transfer.from_location_id)
    moves = lots.move(asked.variant_id, transit, target, units, note=asked.cause)
    if asked.cause == "wrong_item" and asked.instead:
        moves.append(Move(asked.instead, transfer.from_location_id, transfer.to_location_id, units, note=asked.cause))
    return moves


def _settled(transfer: Transfer, asked: Settlement, line: Mapping[str, Any], position: int) -> int:
    """Units to book of a line. Raises: NothingOpen, BadQuantity, CauseUnknown, InsteadNeeded, VariantNotFound."""
    at = f"lines[{position}]"
    if asked.cause not in rules.CAUSES:
        raise CauseUnknown(field=f"{at}.cause", cause=asked.cause, known=", ".join(rules.CAUSES))
    still = line_view(line).open_units
    if not still:
        raise NothingOpen(field=at, sku=_sku(asked.variant_id), code=transfer.code)
    units = still if asked.units is None else asked.units
    if not is_whole(units) or not 1 <= units <= still:
        raise BadQuantity(field=f"{at}.quantity", quantity=units, range=f"from 1 to {still}")
    if asked.cause == "wrong_item":
        if asked.instead is None or asked.instead == asked.variant_id:
            raise InsteadNeeded(field=f"{at}.instead", sku=_sku(asked.variant_id))
        if asked.instead not in catalog.variants_by_id(actor=SYSTEM, ids=[asked.instead]):
            raise VariantNotFound(field=f"{at}.instead", key=asked.instead)
        refuse_bundles([asked.instead])
    return units


def _post(transfer: Transfer, moves: Sequence[Move], actor: Actor, now: datetime) -> None:
    booked = [(move, transfer.code) for move in moves]
    ledger.post(actor=actor, moves=booked, reason=MovementReason.TRANSFER, now=now)


def _counted(counts: Mapping[int, int] | None, line: Mapping[str, Any], most: int, field: str) -> int:
    units = most if counts is None else counts.get(int(line["variant_id"]), most)
    if not is_whole(units) or not 0 <= units <= most:
        raise BadQuantity(field=field, quantity=units, range=f"from 0 to {most}")
    return units


def _cause(causes: Mapping[int, str] | None, variant: int, position: int) -> str:
    cause = (causes or {}).get(variant, "")
    if cause and cause not in rules.CAUSES:
        raise CauseUnknown(field=f"lines[{position}].cause", cause=cause, known=", ".join(rules.CAUSES))
    return cause


def _check_named(transfer: Transfer, named: Mapping[int, Any] | None) -> None:
    known = {int(line["variant_id"]) for line in transfer.lines}
    for position, variant in enumerate(named or {}):
        if variant not in known:
            raise _not_on(transfer, variant, f"lines[{position}].sku")


def _not_on(transfer: Transfer, variant: int, field: str) -> NotOnTransfer:
    return NotOnTransfer(field=field, sku=_sku(variant), code=transfer.code)


def _sku(variant: int) -> str:
    found = catalog.variants_by_id(actor=SYSTEM, ids=[variant])
    return found[variant].sku if variant in found else str(variant)


_IN_TRANSIT = """
    select m.variant_id, lot.code, min(lot.expires_on) as expires_on,
           sum(case when m.to_location_id = %(transit)s then m.quantity else -m.quantity end)::bigint as units
      from inventory_stockmovement m join inventory_stocklot lot on lot.id = m.lot_id
     where m.reference = %(code)s and %(transit)s in (m.from_location_id, m.to_location_id)
     group by 1, 2 order by expires_on nulls last, lot.code
"""


class _Lots:
    """Which lots of this transfer stand in transit: those that left with it, and no other transfer's."""

    def __init__(self, transfer: Transfer) -> None:
        self._left: dict[int, list[list[Any]]] = {}
        with connection.cursor() as cursor:
            cursor.execute(_IN_TRANSIT, {"transit": virtual_location(LocationKind.TRANSIT), "code": transfer.code})
            for variant, lot, _, units in cursor.fetchall():
                self._left.setdefault(variant, []).append([lot, units])

    def move(self, variant: int, source: int, target: int, units: int, *, note: str = "") -> list[Move]:
        """Moves of so many units, of the lots that expire first."""
        if not units:
            return []
        moves, wanted = [], units
        for lot in self._left.get(variant, ()):
            part = min(wanted, lot[1])
            if part > 0:
                moves.append(Move(variant, source, target, part, lot=lot[0], note=note))
                lot[1] -= part
                wanted -= part
        if wanted:
            moves.append(Move(variant, source, target, wanted, note=note))
        return moves
