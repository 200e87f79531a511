"""Many orders of a channel at once, following its word: as `following`, with a statement where that has one each.

A word that says nothing new costs a share of one read. Orders that simply move on are booked as a set: the levels of
all that leave are locked in one order, so that the batch and the stock engine cannot wait for each other. Whatever is
less simple (goods missing, cancelled, a parcel that turns back) is left to `following`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import connection

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import Event, emit_many
from mekong.inventory import commands as inventory
from mekong.orders import book, events, rules
from mekong.orders.commands.steps import stamp
from mekong.orders.contracts import ChannelWord
from mekong.orders.models import SalesOrder, TimelineEntry
from mekong.orders.rules import OrderState, PaymentState

_UPDATE = """
    update orders_salesorder o
       set state = n.state, remote_state = n.remote_state, remote_updated_at = n.remote_updated_at,
           tracking_no = n.tracking_no, payment_state = n.payment_state, confirmed_at = n.confirmed_at,
           shipped_at = n.shipped_at, delivered_at = n.delivered_at
      from json_to_recordset(%s::json) n(id uuid, state text, remote_state text, remote_updated_at timestamptz,
           tracking_no text, payment_state text, confirmed_at timestamptz, shipped_at timestamptz,
           delivered_at timestamptz)
     where o.id = n.id
"""
_WRITTEN = (
    "id", "state", "remote_state", "remote_updated_at", "tracking_no", "payment_state", "confirmed_at", "shipped_at",
    "delivered_at",
)  # fmt: skip


def unheard(*, channel: str, words: Sequence[ChannelWord]) -> list[ChannelWord]:
    """Those words that would change their order as it stands; one statement."""
    rows = SalesOrder.objects.filter(channel=channel, external_id__in=[word.external_id for word in words])
    orders = {order.external_id: order for order in rows}
    return [word for word in words if word.external_id in orders and _says_something(orders[word.external_id], word)]


def _says_something(order: SalesOrder, word: ChannelWord) -> bool:
    known_at, at = order.remote_updated_at, word.remote_updated_at
    if known_at and at:
        if at != known_at:
            return at > known_at
    elif at:
        return True
    return (
        order.remote_state != word.remote_state
        or bool(word.tracking_no and word.tracking_no != order.tracking_no)
        or (word.is_paid and order.payment_state == PaymentState.UNPAID)
        or _moves(order, rules.heard(word.state))
    )


def _moves(order: SalesOrder, target: OrderState) -> bool:
    was = OrderState(order.state)
    if target is OrderState.CANCELLED and was in rules.LEFT - {OrderState.RETURNED, OrderState.RETURNING}:
        return True
    is_held = bool(set(order.issues) & rules.HOLDING_ISSUES)
    return rules.is_further(was, target) and not (
        is_held and target is not OrderState.CANCELLED and target not in rules.LEFT
    )


@command
def follow_forward(*, actor: Actor, channel: str, words: Sequence[ChannelWord], now: datetime) -> set[str]:
    """Move orders on as their channel says; the external ids of those that moved.

    Taken are orders that are whole and not overtaken by a newer word, and on the shelf before it. The others, and
    cancellations, are left untouched.
    """
    named = {word.external_id: word for word in words if rules.heard(word.state) is not OrderState.CANCELLED}
    rows = SalesOrder.objects.select_for_update().filter(channel=channel, external_id__in=named).order_by("id")
    going = [order for order in rows if named and _goes_on(order, named[order.external_id])]
    leaving = [order for order in going if rules.heard(named[order.external_id].state) in rules.LEFT]
    if leaving:
        holds = {str(order.hold_id): order.code for order in leaving if order.hold_id is not None}
        inventory.ship_holds(holds=holds, actor=actor, now=now)
    timeline: list[TimelineEntry] = []
    facts: list[tuple[Event, object]] = []
    delivered: dict[str, list[tuple[int, int]]] = {}
    for order in going:
        for step in _hear(order, named[order.external_id], actor, now, timeline):
            if step is OrderState.SHIPPED:
                gone = events.OrderShipped(str(order.id), order.channel, order.external_id, by_channel=True)
                facts.append((gone, order.id))
            elif step is OrderState.DELIVERED:
                delivered[order.code] = [(variant, units) for variant, _, units in order.allocation]
                facts.append((events.OrderDelivered(str(order.id), order.channel), order.id))
    if delivered:
        inventory.book_delivery(lines=delivered, actor=actor, now=now)
    if going:
        _write(going)
        TimelineEntry.objects.bulk_create(timeline)
        emit_many(actor, facts, now=now)
        book.tell_live()
    return {order.external_id for order in going}


def _goes_on(order: SalesOrder, word: ChannelWord) -> bool:
    known_at, at = order.remote_updated_at, word.remote_updated_at
    if (known_at and at and at < known_at) or OrderState(order.state) in rules.LEFT:
        return False
    target = rules.heard(word.state)
    return _moves(order, target) and not (target in rules.LEFT and "stock" in order.issues)


def _hear(
    order: SalesOrder, word: ChannelWord, actor: Actor, now: datetime, timeline: list[TimelineEntry]
) -> Sequence[OrderState]:
    """Write a word on its order and in the timeline, unsaved; the steps taken."""
    order.remote_state, order.tracking_no = word.remote_state, word.tracking_no or order.tracking_no
    order.remote_updated_at = word.remote_updated_at or order.remote_updated_at
    if word.is_paid and order.payment_state == PaymentState.UNPAID:
        order.payment_state = PaymentState.PAID.value
        timeline.append(TimelineEntry(order=order, kind="paid", data={}, actor=actor.ref, at=now))
    way = _way(rules.heard(word.state))
    for step in way:
        entry = TimelineEntry(order=order, kind=step.value, data={"from": order.state}, actor=actor.ref, at=now)
        timeline.append(entry)
        stamp(order, step, now)
    return way


def _way(target: OrderState) -> tuple[OrderState, ...]:
    """The steps to `target`; every one from the shelf to the buyer, so that timeline and ledger have them all."""
    if target in rules.LEFT - {OrderState.SHIPPED}:
        is_there = target in (OrderState.DELIVERED, OrderState.COMPLETED)
        before = (OrderState.SHIPPED, OrderState.DELIVERED) if is_there else (OrderState.SHIPPED,)
        return (*(step for step in before if step is not target), target)
    return (target,)


def _write(orders: Sequence[SalesOrder]) -> None:
    # bulk_update builds an expression for each field of each row, which costs more than all else here together.
    rows = [{name: getattr(order, name) for name in _WRITTEN} for order in orders]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [msgspec.json.encode(rows).decode()])
