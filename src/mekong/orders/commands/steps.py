"""Orders on their way to the buyer. Each step is one transaction with its timeline entry and its event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mekong.catalog import queries as catalog
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.inventory import commands as inventory
from mekong.inventory import ledger
from mekong.orders import book, events, rules
from mekong.orders.contracts import OrderView
from mekong.orders.errors import IllegalStep, OnHold
from mekong.orders.models import OrderLine, SalesOrder, TimelineEntry
from mekong.orders.queries import find, view
from mekong.orders.rules import OrderState


def lock(actor: Actor, code: str, permission: str) -> SalesOrder:
    return find(actor, code, permission, SalesOrder.objects.select_for_update())


def step(order: SalesOrder, to: OrderState, actor: Actor, now: datetime, **data: Any) -> None:
    """Move an order on and write it down. Raises: IllegalStep."""
    was = OrderState(order.state)
    if not rules.may(was, to):
        raise IllegalStep(number=order.code, state=was.value, wanted=to.value)
    enter(order, to, actor, now, **data)


def enter(order: SalesOrder, to: OrderState, actor: Actor, now: datetime, **data: Any) -> None:
    was = order.state
    stamp(order, to, now)
    order.save()
    write_down(order, to.value, actor, now, {"from": was, **data})


def stamp(order: SalesOrder, to: OrderState, now: datetime) -> None:
    """Put an order in a state, with the time of it; nothing is saved."""
    order.state = to.value
    if to is OrderState.CONFIRMED:
        order.confirmed_at = now
    elif to is OrderState.SHIPPED:
        order.shipped_at = order.shipped_at or now
    elif to is OrderState.DELIVERED:
        order.delivered_at = now
    elif to is OrderState.CANCELLED:
        order.cancelled_at = now


def write_down(order: SalesOrder, kind: str, actor: Actor, now: datetime, data: Mapping[str, Any]) -> None:
    TimelineEntry.objects.create(order=order, kind=kind, data=dict(data), actor=actor.ref, at=now)
    book.tell_live()


def require_free(order: SalesOrder) -> None:
    held_by = [issue for issue in order.issues if issue in rules.HOLDING_ISSUES]
    if held_by:
        raise OnHold(number=order.code, issues=", ".join(held_by))


@command
def confirm_order(*, actor: Actor, code: str, now: datetime) -> OrderView:
    """Accept an order. A confirmed order stays as it is. Raises: MayNot, OrderNotFound, OnHold, IllegalStep."""
    order = lock(actor, code, "orders.confirm")
    if order.state != OrderState.CONFIRMED:
        require_free(order)
        step(order, OrderState.CONFIRMED, actor, now)
        emit(actor, events.OrderConfirmed(str(order.id), order.channel, order.external_id), key=order.id, now=now)
    return view(order)


@command
def move_order(*, actor: Actor, code: str, to: str, now: datetime) -> OrderView:
    """Move an order to picking, packed, ready_to_ship or ready_for_pickup. Repeating changes nothing."""
    order = lock(actor, code, "orders.ship")
    target = OrderState(to)
    if target not in (
        OrderState.PICKING, OrderState.PACKED, OrderState.READY_TO_SHIP, OrderState.READY_FOR_PICKUP,
    ):  # fmt: skip
        raise IllegalStep(number=order.code, state=order.state, wanted=to)
    if order.state != target:
        require_free(order)
        step(order, target, actor, now)
        if target is OrderState.PACKED:
            fact = events.OrderPacked(str(order.id), order.channel, order.external_id, by_channel=False)
            emit(actor, fact, key=order.id, now=now)
    return view(order)


@command
def ship_order(*, actor: Actor, code: str, now: datetime, tracking_no: str = "") -> OrderView:
    """Hand an order over to the carrier: its goods leave the shelf. A shipped order stays as it is.

    Raises: MayNot, OrderNotFound, OnHold, IllegalStep.
    """
    order = lock(actor, code, "orders.ship")
    if order.state != OrderState.SHIPPED:
        require_free(order)
        _ship(order, actor, now, tracking_no, by_channel=False)
    return view(order)


def _ship(order: SalesOrder, actor: Actor, now: datetime, tracking_no: str, *, by_channel: bool) -> None:
    if not rules.may(OrderState(order.state), OrderState.SHIPPED):
        raise IllegalStep(number=order.code, state=order.state, wanted=OrderState.SHIPPED.value)
    goods_leave(order, actor, now)
    order.tracking_no = tracking_no or order.tracking_no
    enter(order, OrderState.SHIPPED, actor, now, tracking_no=order.tracking_no)
    fact = events.OrderShipped(str(order.id), order.channel, order.external_id, by_channel)
    emit(actor, fact, key=order.id, now=now)


def goods_leave(order: SalesOrder, actor: Actor, now: datetime) -> None:
    if order.hold_id is not None:
        inventory.ship_holds(holds={str(order.hold_id): order.code}, actor=actor, now=now)


@command
def deliver_order(*, actor: Actor, code: str, now: datetime) -> OrderView:
    """The buyer has the goods (by carrier, or handed over in the store). Repeating changes nothing."""
    order = lock(actor, code, "orders.ship")
    if order.state != OrderState.DELIVERED:
        deliver(order, actor, now)
    return view(order)


def deliver(order: SalesOrder, actor: Actor, now: datetime) -> None:
    if not rules.may(OrderState(order.state), OrderState.DELIVERED):
        raise IllegalStep(number=order.code, state=order.state, wanted=OrderState.DELIVERED.value)
    if order.state == OrderState.READY_FOR_PICKUP:
        goods_leave(order, actor, now)
        order.shipped_at = now
    if order.delivered_at is None:
        inventory.book_delivery(lines={order.code: _on_the_way(order)}, actor=actor, now=now)
    enter(order, OrderState.DELIVERED, actor, now)
    emit(actor, events.OrderDelivered(str(order.id), order.channel), key=order.id, now=now)


def _on_the_way(order: SalesOrder) -> list[tuple[int, int]]:
    """Units of each variant that left the shelf for this order and have not come back."""
    units: Counter[int] = Counter()
    for variant, _, count in order.allocation:
        units[variant] += count
    back = OrderLine.objects.filter(order=order, returned__gt=0, variant_id__isnull=False)
    for variant, returned in list(back.values_list("variant_id", "returned")):
        for part, each in parts_of(variant):
            units[part] -= returned * each
    return sorted((variant, count) for variant, count in units.items() if count > 0)


def parts_of(variant_id: int) -> Sequence[tuple[int, int]]:
    """What stands on the shelf for one unit: itself, or the parts of a bundle."""
    return catalog.stock_facts(variant_ids=[variant_id])[variant_id].parts or ((variant_id, 1),)


def stock_units(lines: Sequence[tuple[OrderLine, int]]) -> dict[int, int]:
    """Units of each variant that stand on the shelf for (line, units of it); bundles taken apart, unmatched lines out."""
    wanted = [(line.variant_id, units) for line, units in lines if line.variant_id is not None and units]
    facts = catalog.stock_facts(variant_ids=[variant for variant, _ in wanted])
    found: Counter[int] = Counter()
    for variant, units in wanted:
        for part, each in facts[variant].parts or ((variant, 1),):
            found[part] += units * each
    return dict(found)


def missing_of(lines: Sequence[OrderLine], hold_id: str | None) -> dict[int, int]:
    """Units of each variant that the matched lines want and the order's hold lacks; bundles taken apart."""
    units = stock_units([(line, line.quantity) for line in lines])
    held = ledger.held_units([hold_id]).get(hold_id, []) if hold_id else []
    return rules.missing_units(list(units.items()), held)


@command
def complete_order(*, actor: Actor, code: str, now: datetime) -> OrderView:
    """Close an order: money settled, or the time for returns has passed. Repeating changes nothing."""
    order = lock(actor, code, "orders.confirm")
    if order.state != OrderState.COMPLETED:
        if order.state == OrderState.SHIPPED:
            deliver(order, actor, now)
        step(order, OrderState.COMPLETED, actor, now)
    return view(order)
