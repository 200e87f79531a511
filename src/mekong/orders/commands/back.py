"""Orders that do not reach the buyer, or come back from there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.foundation.money import part_of
from mekong.foundation.numbering import take_numbers
from mekong.inventory import commands as inventory
from mekong.inventory.queries import get_location
from mekong.orders import events, rules
from mekong.orders.commands.points import unearn
from mekong.orders.commands.steps import enter, lock, parts_of, step, write_down
from mekong.orders.contracts import GradedReturn, OrderView
from mekong.orders.errors import AlreadyShipped, BadLine, IllegalStep, TooManyReturned
from mekong.orders.models import OrderLine, SalesOrder
from mekong.orders.queries import view
from mekong.orders.rules import OrderState
from mekong.orders.tenders import refund_tenders
from mekong.pricing.redeeming import give_back

GRADES = ("resellable", "damaged", "missing")


@command
def cancel_order(*, actor: Actor, code: str, reason: str, now: datetime) -> OrderView:
    """Cancel an order that has not left, and give its goods back to the shelf's free units.

    Safe to repeat: cancelling a cancelled order changes nothing. Raises: MayNot, OrderNotFound, AlreadyShipped.
    """
    order = lock(actor, code, "orders.cancel")
    if order.state != OrderState.CANCELLED:
        cancel(order, actor, reason, now, by_channel=False)
    return view(order)


def cancel(order: SalesOrder, actor: Actor, reason: str, now: datetime, *, by_channel: bool) -> None:
    if not rules.may_cancel(OrderState(order.state)):
        raise AlreadyShipped(number=order.code)
    if order.hold_id is not None:
        inventory.give_back(hold_ids=[str(order.hold_id)], actor=actor, now=now)
    give_back(order.code)
    if order.tenders:
        refund(order, order.total_minor - refunded(order), now, part="cancelled")
    order.cancel_reason = reason[:200]
    enter(order, OrderState.CANCELLED, actor, now, reason=reason[:200])
    fact = events.OrderCancelled(str(order.id), order.channel, order.external_id, reason[:200], by_channel)
    emit(actor, fact, key=order.id, now=now)


def refunded(order: SalesOrder) -> int:
    """What came back to the buyer so far, in whatever way."""
    return sum(each["amount_minor"] for each in order.refunds)


def refund(order: SalesOrder, amount_minor: int, now: datetime, *, part: str) -> list[dict[str, Any]]:
    """Book what the buyer gets back: points and gift cards bear their share, the rest is money; points earned are taken back.

    What is refunded of a line is exactly what was paid for its units, whatever parts they come back in.
    """
    if not amount_minor:
        return []
    before = refunded(order)
    given = refund_tenders(
        tenders=order.tenders, code=order.code, part=part, total_minor=order.total_minor, before=before,
        now_minor=amount_minor, now=now,
    )  # fmt: skip
    money = amount_minor - sum(each["amount_minor"] for each in given)
    order.refunds = [
        *order.refunds,
        {"part": part, "amount_minor": amount_minor, "money_minor": money, "given_back": given},
    ]
    order.save(update_fields=["refunds"])
    unearn(order, now)
    return given


@command
def request_return(*, actor: Actor, code: str, reason: str, now: datetime) -> OrderView:
    """Goods are on their way back. Stock does not change until they are received and graded."""
    order = lock(actor, code, "orders.return")
    if order.state != OrderState.RETURNING:
        step(order, OrderState.RETURNING, actor, now, reason=reason[:200])
    return view(order)


@command
def receive_return(
    *, actor: Actor, code: str, location: str, lines: Sequence[GradedReturn], now: datetime
) -> OrderView:
    """Take returned goods in, graded: resellable units go on the shelf of `location`, the others are written off.

    The order is returned when every unit is back; until then it stays as it is. Bundles come back as their parts.
    Raises: MayNot, OrderNotFound, OutOfScope, IllegalStep, BadLine, TooManyReturned.
    """
    order = lock(actor, code, "orders.return")
    place = get_location(actor=actor, code=location)
    actor.require_location(place.id, place.code, "orders.return")
    if OrderState(order.state) not in rules.LEFT or order.state == OrderState.RETURNED:
        raise IllegalStep(number=order.code, state=order.state, wanted=OrderState.RETURNED.value)
    sold = {line.line: line for line in OrderLine.objects.select_for_update().filter(order=order).order_by("line")}
    goods: list[tuple[int, int, bool]] = []
    back_minor = 0
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
        back_minor += part_of(line.total_minor - line.discount_minor, line.quantity, line.returned, graded.quantity)
        line.returned += graded.quantity
        OrderLine.objects.filter(order=order, line=line.line).update(returned=line.returned)
        goods += [
            (part, graded.quantity * each, graded.grade == "resellable") for part, each in parts_of(line.variant_id)
        ]
    if not goods:
        raise BadLine(field="lines", problem="Say which lines came back.")
    was_delivered = order.delivered_at is not None
    number = take_numbers("TH", 1, now=now)[0]
    inventory.receive_return(
        lines=goods, location_id=place.id, reference=order.code, was_delivered=was_delivered, actor=actor, now=now,
        note=number,
    )  # fmt: skip
    counted = tuple((line.line, line.quantity, line.grade) for line in lines)
    paid = refund(order, back_minor, now, part=number)
    said = {"number": number, "location": place.code, "lines": counted, "refund_minor": back_minor, "given_back": paid}
    write_down(order, "return_received", actor, now, said)
    if all(line.returned == line.quantity for line in sold.values()):
        if order.state != OrderState.RETURNING:
            step(order, OrderState.RETURNING, actor, now)
        step(order, OrderState.RETURNED, actor, now)
    emit(actor, events.OrderReturned(str(order.id), order.channel, counted), key=order.id, now=now)
    return view(order)
