"""Goods in and out of one place: every change is in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.numbering import take_numbers
from mekong.inventory import ledger, rules
from mekong.inventory.commands.checking import (
    MAX_QUANTITY,
    added_up,
    check_units,
    is_whole,
    refuse_bundles,
)
from mekong.inventory.contracts import (
    AdjustmentLine,
    LevelView,
    LocationView,
    StockChange,
)
from mekong.inventory.errors import (
    BadQuantity,
    NeedsApproval,
)
from mekong.inventory.ledger import Move
from mekong.inventory.models import (
    SELLING_KINDS,
    Location,
    LocationKind,
    MovementReason,
    OversellEntry,
    StockLot,
)
from mekong.inventory.queries import approval_limits, get_location, value_of, virtual_location

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_FROM_SUPPLIER = {"opening": MovementReason.OPENING, "receipt": MovementReason.RECEIPT}
_TO_LOSS = {
    "count": MovementReason.COUNT,
    "scrap": MovementReason.SCRAP,
    "internal_use": MovementReason.INTERNAL_USE,
    "expiry": MovementReason.EXPIRY,
}
_NUMBERED = {"opening": "PN", "receipt": "PN", "count": "KK", "scrap": "XH", "expiry": "XH"}
"""What a change without a reference is numbered as, by its reason; DC (stock adjustment) for any other."""


@command
def adjust_stock(
    *,
    actor: Actor,
    location: str,
    reason: str,
    lines: Sequence[AdjustmentLine],
    now: datetime,
    reference: str = "",
    note: str = "",
) -> StockChange:
    """Change what stands at a place, for a reason: opening, receipt, count, scrap, internal_use, or one in the shop's own words.

    Opening stock and receipts come from the supplier; every other difference is gained from or lost to nowhere. Without
    a reference of its own the change gets the next number of its kind of document.
    Raises: MayNot, OutOfScope, LocationNotFound, BadQuantity, LotRequired, ShortStock (more taken than is free),
    NeedsApproval (above the limit of this actor: `request_adjustment` asks for it).
    """
    place = check_adjustment(actor=actor, location=location, reason=reason, lines=lines)
    if needs_approval(actor=actor, place_id=place.id, reason=reason, lines=lines):
        raise NeedsApproval
    return book_adjustment(
        actor=actor, place_id=place.id, reason=reason, lines=lines, now=now, reference=reference, note=note
    )


def check_adjustment(*, actor: Actor, location: str, reason: str, lines: Sequence[AdjustmentLine]) -> LocationView:
    """Whether this actor may ask for this change, and whether it is one; the place.

    Raises: MayNot, OutOfScope, LocationNotFound, BadQuantity, BundleHasNoStock.
    """
    right = "inventory.receive" if reason in _FROM_SUPPLIER else "inventory.adjust"
    actor.require(right)
    place = get_location(actor=actor, code=location)
    actor.require_location(place.id, place.code, right)
    if not lines:
        raise BadQuantity(field="lines", quantity="", range="in at least one line")
    for position, line in enumerate(lines):
        if not is_whole(line.quantity) or line.quantity == 0 or abs(line.quantity) > MAX_QUANTITY:
            raise BadQuantity(field=f"lines[{position}].quantity", quantity=line.quantity, range="other than 0")
    refuse_bundles([line.variant_id for line in lines])
    return place


def needs_approval(*, actor: Actor, place_id: int, reason: str, lines: Sequence[AdjustmentLine]) -> bool:
    """Whether this change is above the limit of who asks for it.

    Receipts and opening stock have papers of their own. Whoever may approve at the place may also act at once, and so
    may the system and the channels, whose facts have happened.
    """
    if actor.kind in ("system", "channel") or reason in _FROM_SUPPLIER:
        return False
    limit = approval_limits().adjustment
    if (limit.units is None and limit.value_minor is None) or actor.sees_location(place_id, "inventory.approve"):
        return False
    return rules.is_above(
        limit.units,
        limit.value_minor,
        units=sum(abs(line.quantity) for line in lines),
        value_minor=value_of([(line.variant_id, line.quantity, line.unit_cost_minor) for line in lines]),
    )


def book_adjustment(
    *, actor: Actor, place_id: int, reason: str, lines: Sequence[AdjustmentLine], now: datetime, reference: str = "",
    note: str = "",
) -> StockChange:  # fmt: skip
    """Book a change that was checked. Raises: LotRequired, ShortStock."""
    reason_code = _FROM_SUPPLIER.get(reason) or _TO_LOSS.get(reason) or MovementReason.ADJUSTMENT
    other = virtual_location(LocationKind.SUPPLIER if reason in _FROM_SUPPLIER else LocationKind.LOSS)
    said = note or (reason if reason_code == MovementReason.ADJUSTMENT else "")
    moves = []
    for line in lines:
        source, target = (other, place_id) if line.quantity > 0 else (place_id, other)
        move = Move(
            line.variant_id, source, target, abs(line.quantity), line.lot, line.expires_on, line.unit_cost_minor,
            said[:300],
        )  # fmt: skip
        moves.append(move)
    reference = reference or take_numbers(_NUMBERED.get(reason, "DC"), 1, now=now)[0]
    after = ledger.post(actor=actor, moves=[(move, reference) for move in moves], reason=reason_code, now=now)
    return StockChange(reference, _levels(after))


def _levels(after: Mapping[tuple[int, int], ledger.Level]) -> list[LevelView]:
    codes = dict(Location.objects.filter(id__in={place for _, place in after}).values_list("id", "code"))
    return [
        LevelView(variant, place, codes[place], level.on_hand, level.reserved, level.version)
        for (variant, place), level in after.items()
    ]


@command
def expire_lots(*, actor: Actor, now: datetime) -> int:
    """Write off free units of lots past their date, so that nobody is promised them; returns units written off.

    Units already reserved stay until their order is settled: the person packing sees the lot's date.
    """
    loss = virtual_location(LocationKind.LOSS)
    written = 0
    today = now.astimezone(_LOCAL).date()
    # What is on its way is written off where it arrives: the transfer counts on it.
    due = (
        StockLot.objects.filter(expires_on__lt=today, on_hand__gt=0, location__kind__in=SELLING_KINDS)
        .order_by("variant_id", "location_id", "id")
        .values_list("variant_id", "location_id")
        .distinct()
    )
    for pair in sorted(set(due)):
        level = ledger.lock([pair])[pair]
        free = level.on_hand - level.reserved
        lots = StockLot.objects.filter(variant_id=pair[0], location_id=pair[1], expires_on__lt=today, on_hand__gt=0)
        for lot in lots.order_by("expires_on", "id"):
            units = min(lot.on_hand, free)
            if units <= 0:
                continue
            free -= units
            move = Move(*pair, loss, units, lot=lot.code, note="past its date")
            ledger.post(actor=actor, moves=[(move, f"lot:{lot.code}")], reason=MovementReason.EXPIRY, now=now)
            written += units
    return written


@command
def sell_below_zero(
    *, actor: Actor, channel: str, location: str, lines: Sequence[tuple[int, int]], reference: str, now: datetime
) -> None:
    """Let goods be sold that the system does not know of: what is missing is found first, and put on the list.

    Levels never go below zero: the missing units are booked as gained, so the sale can be, and `OversellEntry` names
    them for the manager to look into. Raises: MayNot, OutOfScope.
    """
    actor.require("inventory.sell_below_zero")
    place = get_location(actor=actor, code=location)
    actor.require_location(place.id, place.code, "inventory.sell_below_zero")
    for position, (_, units) in enumerate(lines):
        check_units(f"lines[{position}].quantity", units)
    wanted = added_up(lines)
    pairs = sorted((variant, place.id) for variant, _ in wanted)
    levels = ledger.lock(pairs, create=pairs)
    moves = []
    for variant, units in wanted:
        level = levels.get((variant, place.id), ledger.Level(0, 0, 0))
        missing = units - (level.on_hand - level.reserved)
        if missing > 0:
            gain = Move(
                variant, virtual_location(LocationKind.LOSS), place.id, missing, lot="unknown", note="sold below zero"
            )
            moves.append((gain, reference))
            OversellEntry.objects.create(
                variant_id=variant, location_id=place.id, quantity=missing, reference=reference, channel=channel,
                actor=actor.ref, occurred_at=now,
            )  # fmt: skip
    ledger.post(actor=actor, moves=moves, reason=MovementReason.ADJUSTMENT, now=now)
