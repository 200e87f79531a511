"""What people and modules do to stock. Each is one transaction; every change is in the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction

from mekong.catalog import queries as catalog
from mekong.catalog.queries import StockFacts
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.errors import OutOfScope
from mekong.foundation.ids import new_id
from mekong.foundation.numbering import take_numbers
from mekong.foundation.pipeline import array, texts
from mekong.inventory import ledger, rules
from mekong.inventory.contracts import (
    AdjustmentLine,
    ControlView,
    Held,
    LevelView,
    LocationView,
    ReserveRequest,
    Short,
    StockChange,
)
from mekong.inventory.engine import engine
from mekong.inventory.errors import (
    BadQuantity,
    BundleHasNoStock,
    ControlInvalid,
    HoldNotFound,
    LocationNotFound,
    LocationTaken,
    TransferNotFound,
)
from mekong.inventory.ledger import Move
from mekong.inventory.models import (
    KEPT_KINDS,
    SELLING_KINDS,
    ChannelSupply,
    ControlKind,
    ControlScope,
    Hold,
    HoldState,
    Location,
    LocationKind,
    MovementReason,
    OversellEntry,
    ReorderLevel,
    StockControl,
    StockLot,
    Transfer,
    TransferState,
)
from mekong.inventory.queries import control_view, get_location, location_view, virtual_location

MAX_QUANTITY = 10**12
"""Units in one line; above this somebody scanned a barcode into the quantity field."""

_LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_FROM_SUPPLIER = {"opening": MovementReason.OPENING, "receipt": MovementReason.RECEIPT}
_TO_LOSS = {"count": MovementReason.COUNT, "scrap": MovementReason.SCRAP, "expiry": MovementReason.EXPIRY}


# --- places ----------------------------------------------------------------------------------------------------------


@command
def create_location(
    *,
    actor: Actor,
    code: str,
    name: str,
    kind: str = "warehouse",
    priority: int = 100,
    address: Mapping[str, str] | None = None,
) -> LocationView:
    """Open a place that keeps stock: a warehouse or a store. Raises: MayNot, ControlInvalid (names the field), LocationTaken."""
    actor.require("settings.manage")
    if kind not in (LocationKind.WAREHOUSE, LocationKind.STORE):
        raise ControlInvalid(field="kind", problem=f"“{kind}” is not a kind of location. Use warehouse or store.")
    if not 1 <= len(code.strip()) <= 30 or not code.strip().isprintable():
        raise ControlInvalid(field="code", problem="A location needs a code of 1 to 30 characters.")
    if not 1 <= len(name.strip()) <= 120:
        raise ControlInvalid(field="name", problem="A location needs a name of 1 to 120 characters.")
    if not 0 <= priority <= 30_000:
        raise ControlInvalid(field="priority", problem="Send a whole number from 0 to 30000.")
    try:
        with transaction.atomic():
            made = Location.objects.create(
                code=code.strip().upper(), name=name.strip(), kind=kind, priority=priority, address=dict(address or {})
            )
    except IntegrityError as taken:
        raise LocationTaken(code=code) from taken
    _policy_moved()
    return location_view(made)


@command
def update_location(
    *, actor: Actor, code: str, name: str | None = None, priority: int | None = None, is_active: bool | None = None
) -> LocationView:
    """Rename a place, change its priority, or take it out of selling. Its stock and history stay."""
    actor.require("settings.manage")
    # Not FOR UPDATE: every movement's foreign key would wait for it.
    held = Location.objects.select_for_update(no_key=True).exclude(kind=LocationKind.TRANSIT)
    place = held.filter(code__iexact=code.strip(), kind__in=KEPT_KINDS).first()
    if place is None:
        raise LocationNotFound(key=code)
    if name is not None:
        place.name = name.strip()
    if priority is not None:
        place.priority = priority
    if is_active is not None:
        place.is_active = is_active
    place.save()
    _policy_moved()
    return location_view(place)


@command
def set_channel_supply(*, actor: Actor, channel: str, location_codes: Sequence[str]) -> None:
    """Say which places serve a channel, first asked first. An empty list means every warehouse and store."""
    actor.require("inventory.controls")
    places = [get_location(actor=actor, code=code) for code in location_codes]
    ChannelSupply.objects.filter(channel=channel).delete()
    ChannelSupply.objects.bulk_create(
        ChannelSupply(channel=channel, location_id=place.id, priority=position) for position, place in enumerate(places)
    )
    _policy_moved()


def _policy_moved() -> None:
    """Engines read supply and controls again at their next batch; every listing's figure is computed anew."""
    with connection.cursor() as cursor:
        cursor.execute("update inventory_stockpolicy set version = version + 1 where id = 1")
        cursor.execute("select pg_notify('mekong_stock', '*')")


# --- goods in and out ------------------------------------------------------------------------------------------------


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
    """Change what stands at a place, for a reason: opening, receipt, count, scrap, or one in the shop's own words.

    Opening stock and receipts come from the supplier; every other difference is gained from or lost to nowhere.
    Raises: MayNot, OutOfScope, LocationNotFound, BadQuantity, LotRequired, ShortStock (more taken than is free).
    """
    reason_code = _FROM_SUPPLIER.get(reason) or _TO_LOSS.get(reason) or MovementReason.ADJUSTMENT
    right = "inventory.receive" if reason in _FROM_SUPPLIER else "inventory.adjust"
    actor.require(right)
    place = get_location(actor=actor, code=location)
    actor.require_location(place.id, place.code, right)
    if not lines:
        raise BadQuantity(field="lines", quantity="", range="in at least one line")
    other = virtual_location(LocationKind.SUPPLIER if reason in _FROM_SUPPLIER else LocationKind.LOSS)
    reference = reference or f"adj_{new_id().hex}"
    said = note or (reason if reason_code == MovementReason.ADJUSTMENT else "")
    moves = []
    for position, line in enumerate(lines):
        if not _is_whole(line.quantity) or line.quantity == 0 or abs(line.quantity) > MAX_QUANTITY:
            raise BadQuantity(field=f"lines[{position}].quantity", quantity=line.quantity, range="other than 0")
        source, target = (other, place.id) if line.quantity > 0 else (place.id, other)
        move = Move(
            line.variant_id, source, target, abs(line.quantity), line.lot, line.expires_on, line.unit_cost_minor,
            said[:300],
        )  # fmt: skip
        moves.append((move, reference))
    _refuse_bundles([line.variant_id for line in lines])
    after = ledger.post(actor=actor, moves=moves, reason=reason_code, now=now)
    return StockChange(reference, _levels(after))


def _refuse_bundles(variant_ids: Sequence[int]) -> None:
    bundles = catalog.bundle_contents(variant_ids=variant_ids)
    for position, variant in enumerate(variant_ids):
        if variant in bundles:
            raise BundleHasNoStock(field=f"lines[{position}]")


def _levels(after: Mapping[tuple[int, int], ledger.Level]) -> list[LevelView]:
    codes = dict(Location.objects.filter(id__in={place for _, place in after}).values_list("id", "code"))
    return [
        LevelView(variant, place, codes[place], level.on_hand, level.reserved, level.version)
        for (variant, place), level in after.items()
    ]


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
        _check_units(f"lines[{position}].quantity", units)
    lines = _added_up(lines)
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


def _is_whole(units: object) -> bool:
    return isinstance(units, int) and not isinstance(units, bool)


def _added_up(lines: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Lines of one variant added up, in the order in which variants are first named."""
    units: dict[int, int] = {}
    for variant, count in lines:
        units[variant] = units.get(variant, 0) + count
    return list(units.items())


def _check_units(field: str, units: int) -> None:
    if not _is_whole(units) or not 1 <= units <= MAX_QUANTITY:
        raise BadQuantity(field=field, quantity=units, range="from 1 up")


# --- holds -----------------------------------------------------------------------------------------------------------


def reservation(
    *,
    actor: Actor,
    channel: str,
    owner: str,
    lines: Sequence[tuple[int, int]],
    ttl_s: int,
    now: datetime,
    key: str | None = None,
    location_ids: tuple[int, ...] | None = None,
    is_sold: bool = False,
    facts: Mapping[int, StockFacts] | None = None,
) -> ReserveRequest:
    """A checked request for the engine: lines of one variant added up, bundles taken apart, back-orders marked.

    `facts` at hand already (of variants that are no bundles) need not be read again. Raises: MayNot, BadQuantity.
    """
    actor.require("inventory.reserve")
    for place in location_ids or ():
        if not actor.sees_location(place, "inventory.reserve"):
            raise OutOfScope(location=place)
    wanted: dict[int, int] = {}
    for position, (variant, units) in enumerate(lines):
        _check_units(f"lines[{position}].quantity", units)
        wanted[variant] = wanted.get(variant, 0) + units
    if not wanted:
        raise BadQuantity(field="lines", quantity="", range="in at least one line")
    known = dict(facts or {})
    if any(variant not in known for variant in wanted):
        known.update(catalog.stock_facts(variant_ids=[variant for variant in wanted if variant not in known]))
    parts: dict[int, int] = {}
    backorder: set[int] = set()
    for variant, units in wanted.items():
        fact = known[variant]
        for part, each in fact.parts or ((variant, 1),):
            parts[part] = parts.get(part, 0) + units * each
            if fact.allow_backorder:
                backorder.add(part)
    return ReserveRequest(
        channel, owner, tuple(parts.items()), now + timedelta(seconds=ttl_s), now, key, location_ids, is_sold,
        frozenset(backorder),
    )  # fmt: skip


def reserve(
    *,
    actor: Actor,
    channel: str,
    owner: str,
    lines: Sequence[tuple[int, int]],
    ttl_s: int,
    now: datetime,
    key: str | None = None,
    location_ids: tuple[int, ...] | None = None,
    is_sold: bool = False,
) -> Held | Short:
    """Hold units for an owner for `ttl_s` seconds: all lines or none. The engine's own transaction, not the caller's."""
    request = reservation(
        actor=actor, channel=channel, owner=owner, lines=lines, ttl_s=ttl_s, now=now, key=key,
        location_ids=location_ids, is_sold=is_sold,
    )  # fmt: skip
    return engine().call(request)


@command
def release_hold(*, actor: Actor, hold_id: UUID, now: datetime) -> None:
    """Give an unclaimed hold's units back. Repeating changes nothing. Raises: HoldNotFound (never made, or claimed)."""
    actor.require("inventory.reserve")
    state = Hold.objects.filter(id=hold_id).values_list("state", flat=True).first()
    if state is None or state in (HoldState.CLAIMED, HoldState.CONSUMED):
        raise HoldNotFound(key=hold_id)
    lines = ledger.end_holds([str(hold_id)], to=HoldState.RELEASED, of=[HoldState.HELD])
    if not lines and Hold.objects.filter(id=hold_id, state__in=(HoldState.CLAIMED, HoldState.CONSUMED)).exists():
        raise HoldNotFound(key=hold_id)  # an order claimed it meanwhile
    ledger.post(actor=actor, moves=[], reason="", now=now, unreserve=ledger.reserved_by(lines))


def give_back(*, hold_ids: Collection[str], actor: Actor, now: datetime) -> None:
    """Release holds, claimed or not, inside the caller's command: their units are free again."""
    lines = ledger.end_holds(hold_ids, to=HoldState.RELEASED)
    ledger.post(actor=actor, moves=[], reason="", now=now, unreserve=ledger.reserved_by(lines))


def claim(hold_ids_by_order: Mapping[str, str]) -> set[str]:
    """Bind holds to the orders they were taken for: {hold id: order id}; the holds that could be, inside a command.

    Touches the holds' own rows alone, never a stock level. A hold that expired but was not yet given to others is
    claimed all the same.
    """
    with connection.cursor() as cursor:
        ask_claim(cursor, hold_ids_by_order)
        return {row[0] for row in cursor.fetchall()}


def ask_claim(cursor: Any, hold_ids_by_order: Mapping[str, str]) -> None:
    """As `claim`, for a writer that sends several statements before it reads: each row is the id of a claimed hold."""
    pairs = sorted(hold_ids_by_order.items())
    cursor.execute(
        """with mine as (select h.id, d.claimed_by from inventory_hold h
                           join unnest(%s::uuid[], %s::text[]) d(id, claimed_by) on d.id = h.id
                          where h.state = 'held' order by h.id for update of h)
           update inventory_hold h set state = 'claimed', expires_at = null, claimed_by = mine.claimed_by
             from mine where h.id = mine.id returning h.id::text""",
        [array(hold for hold, _ in pairs), texts([order for _, order in pairs])],
    )


def ship_holds(*, holds: Mapping[str, str], actor: Actor, now: datetime) -> dict[str, list[ledger.HeldLine]]:
    """Goods of claimed holds leave the shelf for delivery: {hold id: reference}; inside the caller's command."""
    delivery = virtual_location(LocationKind.DELIVERY)
    lines = ledger.end_holds(holds, to=HoldState.CONSUMED, counts=False)
    moves = [
        (Move(line.variant_id, line.location_id, delivery, line.quantity), holds[line.hold_id])
        for line in sorted(lines, key=lambda each: (each.variant_id, each.location_id))
    ]
    ledger.post(
        actor=actor, moves=moves, reason=MovementReason.SHIPMENT, now=now, unreserve=ledger.reserved_by(lines)
    )
    shipped: dict[str, list[ledger.HeldLine]] = {}
    for line in lines:
        shipped.setdefault(line.hold_id, []).append(line)
    return shipped


def book_delivery(*, lines: Sequence[tuple[int, int]], reference: str, actor: Actor, now: datetime) -> None:
    """Goods on the way have reached the buyer: (variant, units); inside the caller's command."""
    source, target = virtual_location(LocationKind.DELIVERY), virtual_location(LocationKind.CUSTOMER)
    moves = [(Move(variant, source, target, units), reference) for variant, units in lines]
    ledger.post(actor=actor, moves=moves, reason=MovementReason.DELIVERY, now=now)


def receive_return(
    *,
    lines: Sequence[tuple[int, int, bool]],
    location_id: int,
    reference: str,
    was_delivered: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Returned goods, received and graded: (variant, units, is resellable); inside the caller's command.

    Resellable units go on the shelf at `location_id`; the others are written off. Lots of returned goods are kept
    under the lot `return:<reference>`, without a date, until someone counts them in.
    """
    source = virtual_location(LocationKind.CUSTOMER if was_delivered else LocationKind.DELIVERY)
    loss = virtual_location(LocationKind.LOSS)
    moves = [
        (Move(variant, source, location_id if good else loss, units, lot=f"return:{reference}"[:60]), reference)
        for variant, units, good in lines
    ]
    ledger.post(actor=actor, moves=moves, reason=MovementReason.RETURN, now=now)


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
        _check_units(f"lines[{position}].quantity", units)
    wanted = _added_up(lines)
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


def release_expired(*, now: datetime, limit: int = 500) -> int:
    """Housekeeping: release up to `limit` expired holds; returns how many. Sales never wait for it."""
    due = Hold.objects.filter(state__in=ledger.EXPIRING, expires_at__lte=now).order_by("expires_at")
    ids = [str(each) for each in due.values_list("id", flat=True)[:limit]]
    if ids:
        _release(ids, now)
    return len(ids)


@command
def _release(ids: Sequence[str], now: datetime) -> None:
    lines = ledger.end_holds(ids, to=HoldState.RELEASED, of=ledger.EXPIRING, expired_by=now)
    ledger.post(actor=SYSTEM, moves=[], reason="", now=now, unreserve=ledger.reserved_by(lines))


# --- controls --------------------------------------------------------------------------------------------------------


@command
def set_control(
    *,
    actor: Actor,
    channel: str,
    scope: str,
    kind: str,
    target: str = "",
    amount: int = 0,
    position: int = 100,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> ControlView:
    """Shape what a channel may show and sell. Raises: MayNot, ControlInvalid naming the field."""
    actor.require("inventory.controls")
    if scope not in ControlScope.values:
        raise ControlInvalid(field="scope", problem=f"“{scope}” is not a scope. Use one of: {', '.join(rules.SCOPES)}.")
    if kind not in ControlKind.values:
        raise ControlInvalid(field="kind", problem=f"“{kind}” is not a kind. Use one of: {', '.join(ControlKind.values)}.")
    if (scope == ControlScope.EXCLUSION) != (kind == ControlKind.EXCLUDE):
        raise ControlInvalid(field="kind", problem="Exclusions, and only they, have the kind exclude.")
    if scope not in (ControlScope.CHANNEL, ControlScope.EXCLUSION) and not target:
        raise ControlInvalid(field="target", problem="Name the listing, SKU or category this applies to.")
    limit = rules.BASIS_POINTS if kind == ControlKind.SHARE else MAX_QUANTITY
    if not 0 <= amount <= limit:
        raise ControlInvalid(field="amount", problem=f"Send a whole number from 0 to {limit}.")
    if starts_at and ends_at and starts_at >= ends_at:
        raise ControlInvalid(field="ends_at", problem="The end must come after the start.")
    made = StockControl.objects.create(
        channel=channel, scope=scope, kind=kind, target=target, amount=amount, position=position,
        starts_at=starts_at, ends_at=ends_at,
    )  # fmt: skip
    _policy_moved()
    return control_view(made)


@command
def remove_control(*, actor: Actor, control_id: UUID) -> None:
    """Take a control away; its units return to the pool. Repeating changes nothing."""
    actor.require("inventory.controls")
    StockControl.objects.filter(uid=control_id).delete()
    _policy_moved()


@command
def turn_controls(*, now: datetime, since: datetime) -> bool:
    """Move the policy's version when a control began or ended in (since, now]; the worker asks once a minute."""
    turned = (
        StockControl.objects.filter(starts_at__gt=since, starts_at__lte=now).exists()
        or StockControl.objects.filter(ends_at__gt=since, ends_at__lte=now).exists()
    )
    if turned:
        _policy_moved()
    return turned


@command
def set_reorder_level(
    *, actor: Actor, variant_id: int, location: str, min_qty: int, max_qty: int | None = None
) -> None:
    """Say when stock counts as low at a place, in units. Raises: MayNot, BadQuantity."""
    actor.require("inventory.adjust")
    place = get_location(actor=actor, code=location)
    actor.require_location(place.id, place.code, "inventory.adjust")
    if not 0 <= min_qty <= MAX_QUANTITY:
        raise BadQuantity(field="min_qty", quantity=min_qty, range="from 0 up")
    if max_qty is not None and not min_qty <= max_qty <= MAX_QUANTITY:
        raise BadQuantity(field="max_qty", quantity=max_qty, range=f"from {min_qty} up")
    ReorderLevel.objects.update_or_create(
        variant_id=variant_id, location_id=place.id, defaults={"min_qty": min_qty, "max_qty": max_qty}
    )
