"""Orders of a channel, following its word."""

from __future__ import annotations

from datetime import datetime

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.inventory import commands as inventory
from mekong.orders import book, events, rules
from mekong.orders.commands.back import cancel
from mekong.orders.commands.steps import deliver, enter, goods_leave, missing_of, write_down
from mekong.orders.models import OrderLine, SalesOrder
from mekong.orders.rules import OrderState, PaymentState


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
    is_paid: bool = False,
    reason: str = "",
    is_coming_back: bool = False,
) -> bool:
    """Follow a channel's word on one of its orders, forward only; True when something changed.

    Late, repeated and reordered words change nothing. A cancellation that comes after the goods have left opens a
    return instead. Goods of an order that the channel has shipped leave the shelf even if we skipped steps. `is_paid`:
    the channel has the buyer's money; that it was paid stays, whatever becomes of the order. `is_coming_back`:
    the buyer's return is agreed to, so a returning order stays one, though some channels go on calling it delivered.
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
    if is_paid and order.payment_state == PaymentState.UNPAID:
        order.payment_state = PaymentState.PAID
        write_down(order, "paid", actor, now, {})
        changed = True
    target, was = rules.heard(state), OrderState(order.state)
    if target is OrderState.CANCELLED and was in rules.LEFT - {OrderState.RETURNED, OrderState.RETURNING}:
        enter(order, OrderState.RETURNING, actor, now, reason=reason or "cancelled by the channel")
        return True
    is_kept = is_coming_back and was is OrderState.RETURNING
    if is_newer and not is_kept and rules.may_turn_back(was, target):
        _turn_back(order, target, actor, now)
        return True
    if not rules.is_further(was, target):
        if changed or is_newer:
            order.save(update_fields=["remote_state", "remote_updated_at", "tracking_no", "payment_state"])
            book.tell_live()
        return changed
    return _move_on(order, target, actor, reason, now) or changed or is_newer


def _turn_back(order: SalesOrder, target: OrderState, actor: Actor, now: datetime) -> None:
    """A parcel is sent out again, or does not come back after all."""
    if target in (OrderState.DELIVERED, OrderState.COMPLETED):
        deliver(order, actor, now)
    if order.state != target:
        enter(order, target, actor, now)


def _move_on(order: SalesOrder, target: OrderState, actor: Actor, reason: str, now: datetime) -> bool:
    """Whether the order moved; one that is held only notes where the channel has it."""
    if target is OrderState.CANCELLED:
        cancel(order, actor, reason or "cancelled by the channel", now, by_channel=True)
    elif target in rules.LEFT:
        _follow_out(order, target, actor, now)
    elif not set(order.issues) & rules.HOLDING_ISSUES:
        enter(order, target, actor, now)
    else:
        order.save()
        return False
    return True


def _follow_out(order: SalesOrder, target: OrderState, actor: Actor, now: datetime) -> None:
    """The channel says the goods have left: book each step between, so that the ledger has them all."""
    if OrderState(order.state) not in rules.LEFT:
        if "stock" in order.issues:
            _leave_unheld(order, actor, now)
        goods_leave(order, actor, now)
        enter(order, OrderState.SHIPPED, actor, now)
        fact = events.OrderShipped(str(order.id), order.channel, order.external_id, by_channel=True)
        emit(actor, fact, key=order.id, now=now)
    if target in (OrderState.DELIVERED, OrderState.COMPLETED) and order.state in (
        OrderState.SHIPPED, OrderState.DELIVERY_FAILED,
    ):  # fmt: skip
        deliver(order, actor, now)
    if rules.is_further(OrderState(order.state), target):
        enter(order, target, actor, now)


def _leave_unheld(order: SalesOrder, actor: Actor, now: datetime) -> None:
    """What the order was promised beyond stock has left as well."""
    hold = str(order.hold_id) if order.hold_id else None
    missing = missing_of(list(OrderLine.objects.filter(order=order)), hold)
    left = inventory.ship_beyond(
        lines=sorted(missing.items()), hold_id=hold, channel=order.channel, reference=order.code, actor=actor, now=now
    )
    order.allocation = [*order.allocation, *(list(each) for each in left)]
    order.issues = [issue for issue in order.issues if issue != "stock"]
    order.save(update_fields=["allocation", "issues"])
