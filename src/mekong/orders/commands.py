"""What happens to orders after they are placed. Each is one transaction with its timeline entry and its event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.inventory import commands as inventory
from mekong.inventory import ledger
from mekong.inventory.contracts import Short
from mekong.inventory.queries import get_location
from mekong.orders import book, events, rules
from mekong.orders.contracts import GradedReturn, OrderView
from mekong.orders.errors import AlreadyShipped, BadLine, IllegalStep, LineMatched, OnHold, TooManyReturned
from mekong.orders.models import OrderLine, SalesOrder, TimelineEntry
from mekong.orders.placing import Asked, AskedLine, accept_channel_orders, aplace_order, place_order, stock_facts_of
from mekong.orders.queries import find, view
from mekong.orders.rules import OrderState

__all__ = [
    "Asked",
    "AskedLine",
    "accept_channel_orders",
    "add_note",
    "advance_channel_order",
    "aplace_order",
    "cancel_order",
    "complete_order",
    "confirm_order",
    "deliver_order",
    "match_line",
    "move_order",
    "place_order",
    "receive_return",
    "request_return",
    "retry_awaiting_stock",
    "set_address",
    "set_tags",
    "ship_order",
    "stock_facts_of",
]

GRADES = ("resellable", "damaged", "missing")


def _lock(actor: Actor, code: str, permission: str) -> SalesOrder:
    return find(actor, code, permission, SalesOrder.objects.select_for_update())


def _step(order: SalesOrder, to: OrderState, actor: Actor, now: datetime, **data: Any) -> None:
    """Move an order on and write it down. Raises: IllegalStep."""
    was = OrderState(order.state)
    if not rules.may(was, to):
        raise IllegalStep(number=order.code, state=was.value, wanted=to.value)
    _set(order, to, actor, now, **data)


def _set(order: SalesOrder, to: OrderState, actor: Actor, now: datetime, **data: Any) -> None:
    was, order.state = order.state, to.value
    if to is OrderState.CONFIRMED:
        order.confirmed_at = now
    elif to is OrderState.SHIPPED:
        order.shipped_at = order.shipped_at or now
    elif to is OrderState.DELIVERED:
        order.delivered_at = now
    elif to is OrderState.CANCELLED:
        order.cancelled_at = now
    order.save()
    _note(order, to.value, actor, now, {"from": was, **data})


def _note(order: SalesOrder, kind: str, actor: Actor, now: datetime, data: Mapping[str, Any]) -> None:
    TimelineEntry.objects.create(order=order, kind=kind, data=dict(data), actor=actor.ref, at=now)
    book.tell_live()


def _require_free(order: SalesOrder) -> None:
    held_by = [issue for issue in order.issues if issue in rules.HOLDING_ISSUES]
    if held_by:
        raise OnHold(number=order.code, issues=", ".join(held_by))


# --- forward ---------------------------------------------------------------------------------------------------------


@command
def confirm_order(*, actor: Actor, code: str, now: datetime) -> OrderView:
    """Accept an order. A confirmed order stays as it is. Raises: MayNot, OrderNotFound, OnHold, IllegalStep."""
    order = _lock(actor, code, "orders.confirm")
    if order.state != OrderState.CONFIRMED:
        _require_free(order)
        _step(order, OrderState.CONFIRMED, actor, now)
        emit(actor, events.OrderConfirmed(str(order.id), order.channel, order.external_id), key=order.id, now=now)
    return view(order)


@command
def move_order(*, actor: Actor, code: str, to: str, now: datetime) -> OrderView:
    """Move an order to picking, packed, ready_to_ship or ready_for_pickup. Repeating changes nothing."""
    order = _lock(actor, code, "orders.ship")
    target = OrderState(to)
    if target not in (
        OrderState.PICKING, OrderState.PACKED, OrderState.READY_TO_SHIP, OrderState.READY_FOR_PICKUP,
    ):  # fmt: skip
        raise IllegalStep(number=order.code, state=order.state, wanted=to)
    if order.state != target:
        _require_free(order)
        _step(order, target, actor, now)
        if target is OrderState.PACKED:
            fact = events.OrderPacked(str(order.id), order.channel, order.external_id, by_channel=False)
            emit(actor, fact, key=order.id, now=now)
    return view(order)


@command
def ship_order(*, actor: Actor, code: str, now: datetime, tracking_no: str = "") -> OrderView:
    """Hand an order over to the carrier: its goods leave the shelf. A shipped order stays as it is.

    Raises: MayNot, OrderNotFound, OnHold, IllegalStep.
    """
    order = _lock(actor, code, "orders.ship")
    if order.state != OrderState.SHIPPED:
        _require_free(order)
        _ship(order, actor, now, tracking_no, by_channel=False)
    return view(order)


def _ship(order: SalesOrder, actor: Actor, now: datetime, tracking_no: str, *, by_channel: bool) -> None:
    if not rules.may(OrderState(order.state), OrderState.SHIPPED):
        raise IllegalStep(number=order.code, state=order.state, wanted=OrderState.SHIPPED.value)
    _goods_leave(order, actor, now)
    order.tracking_no = tracking_no or order.tracking_no
    _set(order, OrderState.SHIPPED, actor, now, tracking_no=order.tracking_no)
    fact = events.OrderShipped(str(order.id), order.channel, order.external_id, by_channel)
    emit(actor, fact, key=order.id, now=now)


def _goods_leave(order: SalesOrder, actor: Actor, now: datetime) -> None:
    if order.hold_id is not None:
        inventory.ship_holds(holds={str(order.hold_id): order.code}, actor=actor, now=now)


@command
def deliver_order(*, actor: Actor, code: str, now: datetime) -> OrderView:
    """The buyer has the goods (by carrier, or handed over in the store). Repeating changes nothing."""
    order = _lock(actor, code, "orders.ship")
    if order.state != OrderState.DELIVERED:
        _deliver(order, actor, now)
    return view(order)


def _deliver(order: SalesOrder, actor: Actor, now: datetime) -> None:
    if not rules.may(OrderState(order.state), OrderState.DELIVERED):
        raise IllegalStep(number=order.code, state=order.state, wanted=OrderState.DELIVERED.value)
    if order.state == OrderState.READY_FOR_PICKUP:
        _goods_leave(order, actor, now)
        order.shipped_at = now
    if order.delivered_at is None:
        inventory.book_delivery(lines=_on_the_way(order), reference=order.code, actor=actor, now=now)
    _set(order, OrderState.DELIVERED, actor, now)
    emit(actor, events.OrderDelivered(str(order.id), order.channel), key=order.id, now=now)


def _on_the_way(order: SalesOrder) -> list[tuple[int, int]]:
    """Units of each variant that left the shelf for this order and have not come back."""
    units: Counter[int] = Counter()
    for variant, _, count in order.allocation:
        units[variant] += count
    back = OrderLine.objects.filter(order=order, returned__gt=0, variant_id__isnull=False)
    for variant, returned in list(back.values_list("variant_id", "returned")):
        for part, each in _parts(variant):
            units[part] -= returned * each
    return sorted((variant, count) for variant, count in units.items() if count > 0)


def _parts(variant_id: int) -> Sequence[tuple[int, int]]:
    """What stands on the shelf for one unit: itself, or the parts of a bundle."""
    return catalog.stock_facts(variant_ids=[variant_id])[variant_id].parts or ((variant_id, 1),)


@command
def complete_order(*, actor: Actor, code: str, now: datetime) -> OrderView:
    """Close an order: money settled, or the time for returns has passed. Repeating changes nothing."""
    order = _lock(actor, code, "orders.confirm")
    if order.state != OrderState.COMPLETED:
        if order.state == OrderState.SHIPPED:
            _deliver(order, actor, now)
        _step(order, OrderState.COMPLETED, actor, now)
    return view(order)


# --- back ------------------------------------------------------------------------------------------------------------


@command
def cancel_order(*, actor: Actor, code: str, reason: str, now: datetime) -> OrderView:
    """Cancel an order that has not left, and give its goods back to the shelf's free units.

    Safe to repeat: cancelling a cancelled order changes nothing. Raises: MayNot, OrderNotFound, AlreadyShipped.
    """
    order = _lock(actor, code, "orders.cancel")
    if order.state != OrderState.CANCELLED:
        _cancel(order, actor, reason, now, by_channel=False)
    return view(order)


def _cancel(order: SalesOrder, actor: Actor, reason: str, now: datetime, *, by_channel: bool) -> None:
    if not rules.may_cancel(OrderState(order.state)):
        raise AlreadyShipped(number=order.code)
    if order.hold_id is not None:
        inventory.give_back(hold_ids=[str(order.hold_id)], actor=actor, now=now)
    order.cancel_reason = reason[:200]
    _set(order, OrderState.CANCELLED, actor, now, reason=reason[:200])
    fact = events.OrderCancelled(str(order.id), order.channel, order.external_id, reason[:200], by_channel)
    emit(actor, fact, key=order.id, now=now)


@command
def request_return(*, actor: Actor, code: str, reason: str, now: datetime) -> OrderView:
    """Goods are on their way back. Stock does not change until they are received and graded."""
    order = _lock(actor, code, "orders.return")
    if order.state != OrderState.RETURNING:
        _step(order, OrderState.RETURNING, actor, now, reason=reason[:200])
    return view(order)


@command
def receive_return(
    *, actor: Actor, code: str, location: str, lines: Sequence[GradedReturn], now: datetime
) -> OrderView:
    """Take returned goods in, graded: resellable units go on the shelf of `location`, the others are written off.

    The order is returned when every unit is back; until then it stays as it is. Bundles come back as their parts.
    Raises: MayNot, OrderNotFound, OutOfScope, IllegalStep, BadLine, TooManyReturned.
    """
    order = _lock(actor, code, "orders.return")
    place = get_location(actor=actor, code=location)
    actor.require_location(place.id, place.code, "orders.return")
    if OrderState(order.state) not in rules.LEFT or order.state == OrderState.RETURNED:
        raise IllegalStep(number=order.code, state=order.state, wanted=OrderState.RETURNED.value)
    sold = {line.line: line for line in OrderLine.objects.select_for_update().filter(order=order).order_by("line")}
    goods: list[tuple[int, int, bool]] = []
    for position, graded in enumerate(lines):
        line = sold.get(graded.line)
        if line is None or line.variant_id is None:
            raise BadLine(
                field=f"lines[{position}].line", problem="Order {number} has no such line.", number=order.code
            )
        if graded.grade not in GRADES:
            raise BadLine(field=f"lines[{position}].grade", problem="Use one of: {known}.", known=", ".join(GRADES))
        if not 1 <= graded.quantity <= line.quantity - line.returned:
            raise TooManyReturned(
                line=graded.line, number=order.code, wanted=graded.quantity, possible=line.quantity - line.returned
            )
        line.returned += graded.quantity
        OrderLine.objects.filter(order=order, line=line.line).update(returned=line.returned)
        goods += [
            (part, graded.quantity * each, graded.grade == "resellable") for part, each in _parts(line.variant_id)
        ]
    if not goods:
        raise BadLine(field="lines", problem="Say which lines came back.")
    was_delivered = order.delivered_at is not None
    inventory.receive_return(
        lines=goods, location_id=place.id, reference=order.code, was_delivered=was_delivered, actor=actor, now=now
    )
    counted = tuple((line.line, line.quantity, line.grade) for line in lines)
    _note(order, "return_received", actor, now, {"location": place.code, "lines": counted})
    if all(line.returned == line.quantity for line in sold.values()):
        if order.state != OrderState.RETURNING:
            _step(order, OrderState.RETURNING, actor, now)
        _step(order, OrderState.RETURNED, actor, now)
    emit(actor, events.OrderReturned(str(order.id), order.channel, counted), key=order.id, now=now)
    return view(order)


# --- words -----------------------------------------------------------------------------------------------------------


@command
def add_note(*, actor: Actor, code: str, text: str, now: datetime) -> OrderView:
    """Write a note into the timeline and onto the order."""
    order = _lock(actor, code, "orders.edit")
    order.note = text[:5000]
    order.save(update_fields=["note"])
    _note(order, "note", actor, now, {"text": text[:5000]})
    return view(order)


@command
def set_tags(*, actor: Actor, code: str, tags: Sequence[str], now: datetime) -> OrderView:
    """Replace an order's tags; at most 20, each up to 40 letters."""
    order = _lock(actor, code, "orders.edit")
    cleaned = list(dict.fromkeys(tag.strip()[:40] for tag in tags if tag.strip()))[:20]
    if cleaned != order.tags:
        order.tags = cleaned
        order.save(update_fields=["tags"])
        _note(order, "tags", actor, now, {"tags": cleaned})
    return view(order)


@command
def set_address(*, actor: Actor, code: str, address: Mapping[str, str], now: datetime) -> OrderView:
    """Correct where an order goes, before it leaves; lifts the address hold."""
    order = _lock(actor, code, "orders.edit")
    if OrderState(order.state) in rules.LEFT:
        raise AlreadyShipped(number=order.code)
    order.shipping_address = dict(address)
    order.issues = [issue for issue in order.issues if issue != "address"]
    order.save(update_fields=["shipping_address", "issues"])
    _note(order, "address", actor, now, {})
    return view(order)


# --- holds and channels ----------------------------------------------------------------------------------------------


def match_line(*, actor: Actor, code: str, line: int, sku: str, now: datetime) -> OrderView:
    """Say which SKU an unmatched line is; when the last is matched, the order's goods are reserved and it goes on.

    Raises: MayNot, OrderNotFound, UnknownSku, LineMatched (matched already).
    """
    variant = catalog.variants_by_sku(actor=SYSTEM, skus=[sku]).get(sku)
    if variant is None:
        raise BadLine(field="sku", problem="SKU {sku} does not exist. Check it in the catalogue.", sku=sku)
    _match(actor=actor, code=code, line=line, variant_id=variant.id, sku=variant.sku, now=now)
    return _reserve_again(actor, code, now)


@command
def _match(*, actor: Actor, code: str, line: int, variant_id: int, sku: str, now: datetime) -> None:
    order = _lock(actor, code, "orders.edit")
    found = OrderLine.objects.select_for_update().filter(order=order, line=line).first()
    if found is None:
        raise BadLine(field="line", problem="Order {number} has no line {line}.", number=order.code, line=line)
    if found.variant_id is not None:
        raise LineMatched(line=line, number=order.code)
    OrderLine.objects.filter(order=order, line=line).update(variant_id=variant_id, sku=sku)
    _note(order, "line_matched", actor, now, {"line": line, "sku": sku})


def _reserve_again(actor: Actor, code: str, now: datetime) -> OrderView:
    """Reserve what an open order still lacks and lift the holds that this mends."""
    order = find(actor, code, "orders.edit", SalesOrder.objects)
    lines = list(OrderLine.objects.filter(order=order))
    if OrderState(order.state) not in (*rules.RESERVED, OrderState.AWAITING_STOCK) or any(
        line.variant_id is None for line in lines
    ):
        return view(order)
    wanted = [(line.variant_id, line.quantity) for line in lines if line.variant_id is not None]
    facts = catalog.stock_facts(variant_ids=[variant for variant, _ in wanted])
    units = [
        (part, count * each) for variant, count in wanted for part, each in facts[variant].parts or ((variant, 1),)
    ]
    held = ledger.held_units([str(order.hold_id)] if order.hold_id else []).get(str(order.hold_id), [])
    missing = rules.missing_units(units, held)
    if not missing:
        return _adopt(actor=actor, code=code, hold_id=None, allocation=(), now=now)
    answer = inventory.reserve(
        actor=SYSTEM, channel=order.channel, owner=f"order:{order.code}", lines=sorted(missing.items()), ttl_s=120,
        now=now, key=f"order:{order.code}:{order.hold_id or ''}:{len(held)}", is_sold=True,
    )  # fmt: skip
    if isinstance(answer, Short) or answer.missing:
        if not isinstance(answer, Short):
            inventory.release_hold(actor=SYSTEM, hold_id=UUID(answer.hold_id), now=now)
        return _mark_short(actor=actor, code=code, now=now)
    return _adopt(actor=actor, code=code, hold_id=answer.hold_id, allocation=answer.lines, now=now)


@command
def _mark_short(*, actor: Actor, code: str, now: datetime) -> OrderView:
    order = _lock(actor, code, "orders.edit")
    issues = [issue for issue in order.issues if issue != "unmatched_line"]
    order.issues = issues if "stock" in issues else [*issues, "stock"]
    order.save(update_fields=["issues"])
    if order.state != OrderState.AWAITING_STOCK and rules.may(OrderState(order.state), OrderState.AWAITING_STOCK):
        _step(order, OrderState.AWAITING_STOCK, actor, now)
    return view(order)


@command
def _adopt(
    *, actor: Actor, code: str, hold_id: str | None, allocation: Sequence[tuple[int, int, int]], now: datetime
) -> OrderView:
    """Add what was reserved to what the order holds already; nothing was needed when `hold_id` is None."""
    order = _lock(actor, code, "orders.edit")
    if OrderState(order.state) not in (*rules.RESERVED, OrderState.AWAITING_STOCK):
        if hold_id is not None:
            inventory.give_back(hold_ids=[hold_id], actor=actor, now=now)
        return view(order)
    if hold_id is not None:
        if not inventory.claim({hold_id: str(order.id)}):
            return view(order)
        if order.hold_id is None:
            order.hold_id = UUID(hold_id)
        else:
            ledger.merge_holds(into=str(order.hold_id), source=hold_id)
        order.allocation = [*order.allocation, *(list(each) for each in allocation)]
    order.issues = [issue for issue in order.issues if issue not in ("stock", "unmatched_line")]
    order.save(update_fields=["hold_id", "allocation", "issues"])
    if order.state == OrderState.AWAITING_STOCK:
        _step(order, OrderState.CONFIRMED, actor, now)
    else:
        _note(order, "reserved", actor, now, {})
    return view(order)


def retry_awaiting_stock(*, now: datetime, limit: int = 100) -> int:
    """Reserve for orders that wait for stock, oldest first; returns how many went on. The worker asks when stock rose."""
    waiting = SalesOrder.objects.filter(state=OrderState.AWAITING_STOCK).order_by("placed_at", "id")
    went_on = 0
    for code in list(waiting.values_list("code", flat=True)[:limit]):
        went_on += _reserve_again(SYSTEM, code, now).state == OrderState.CONFIRMED
    return went_on


@command
def advance_channel_order(
    *,
    actor: Actor,
    channel: str,
    external_id: str,
    state: str,
    remote_state: str,
    remote_updated_at: datetime | None,
    now: datetime,
    tracking_no: str = "",
    reason: str = "",
) -> bool:
    """Follow a channel's word on one of its orders, forward only; True when something changed.

    Late, repeated and reordered words change nothing. A cancellation that comes after the goods have left opens a
    return instead. Goods of an order that the channel has shipped leave the shelf even if we skipped steps.
    """
    order = SalesOrder.objects.select_for_update().filter(channel=channel, external_id=external_id).first()
    if order is None:
        return False
    known_at = order.remote_updated_at
    if known_at and remote_updated_at and remote_updated_at < known_at:
        return False
    is_newer = bool(known_at and remote_updated_at and remote_updated_at > known_at)
    changed = order.remote_state != remote_state or (bool(tracking_no) and order.tracking_no != tracking_no)
    order.remote_state, order.remote_updated_at = remote_state, remote_updated_at or order.remote_updated_at
    order.tracking_no = tracking_no or order.tracking_no
    target, was = OrderState(state), OrderState(order.state)
    if target is OrderState.RETURNED:
        # What comes back is received and graded by our people: the channel's word opens the return, it does not end it.
        target = OrderState.RETURNING
    if target is OrderState.CANCELLED and was in rules.LEFT - {OrderState.RETURNED, OrderState.RETURNING}:
        _set(order, OrderState.RETURNING, actor, now, reason=reason or "cancelled by the channel")
        return True
    if is_newer and rules.may_turn_back(was, target):
        _turn_back(order, target, actor, now)
        return True
    if not rules.is_further(was, target):
        if changed or is_newer:
            order.save(update_fields=["remote_state", "remote_updated_at", "tracking_no"])
            book.tell_live()
        return changed
    _move_on(order, target, actor, reason, now)
    return True


def _turn_back(order: SalesOrder, target: OrderState, actor: Actor, now: datetime) -> None:
    """A parcel is sent out again, or does not come back after all."""
    if target in (OrderState.DELIVERED, OrderState.COMPLETED):
        _deliver(order, actor, now)
    if order.state != target:
        _set(order, target, actor, now)


def _move_on(order: SalesOrder, target: OrderState, actor: Actor, reason: str, now: datetime) -> None:
    if target is OrderState.CANCELLED:
        _cancel(order, actor, reason or "cancelled by the channel", now, by_channel=True)
    elif target in rules.LEFT:
        _follow_out(order, target, actor, now)
    elif not set(order.issues) & rules.HOLDING_ISSUES:
        _set(order, target, actor, now)
    else:
        order.save()


def _follow_out(order: SalesOrder, target: OrderState, actor: Actor, now: datetime) -> None:
    """The channel says the goods have left: book each step between, so that the ledger has them all."""
    if OrderState(order.state) not in rules.LEFT:
        _goods_leave(order, actor, now)
        _set(order, OrderState.SHIPPED, actor, now)
        fact = events.OrderShipped(str(order.id), order.channel, order.external_id, by_channel=True)
        emit(actor, fact, key=order.id, now=now)
    if target in (OrderState.DELIVERED, OrderState.COMPLETED) and order.state in (
        OrderState.SHIPPED, OrderState.DELIVERY_FAILED,
    ):  # fmt: skip
        _deliver(order, actor, now)
    if rules.is_further(OrderState(order.state), target):
        _set(order, target, actor, now)
