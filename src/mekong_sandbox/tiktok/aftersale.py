"""Cancellations and returns: what buyers wish, what sellers decide, and what comes of it (protocol notes, section 6).

A wish that is not answered in time is granted by the platform; goods that are not sent in time end the return.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mekong_sandbox.tiktok import life
from mekong_sandbox.tiktok.life import WrongStep
from mekong_sandbox.tiktok.model import Aftersale, Order, Units

if TYPE_CHECKING:
    from collections.abc import Callable

    from mekong_sandbox.tiktok.market import TikTokMarket

PENDING = "CANCELLATION_REQUEST_PENDING"
APPROVED = "CANCELLATION_REQUEST_SUCCESS"
REFUSED = "CANCELLATION_REQUEST_CANCEL"
RETURN_PENDING = "RETURN_OR_REFUND_REQUEST_PENDING"
AWAITING_GOODS = "AWAITING_BUYER_SHIP"
GOODS_SENT = "BUYER_SHIPPED_ITEM"
RETURN_DONE = "RETURN_OR_REFUND_REQUEST_COMPLETE"
RETURN_ENDED = "RETURN_OR_REFUND_REQUEST_CANCEL"
REJECTED = "REFUND_OR_RETURN_REQUEST_REJECT"
PARCEL_REJECTED = "REJECT_RECEIVE_PACKAGE"
APPROVALS = {
    ("REFUND", RETURN_PENDING, "APPROVE_REFUND"): RETURN_DONE,
    ("RETURN_AND_REFUND", RETURN_PENDING, "APPROVE_RETURN"): AWAITING_GOODS,
    ("RETURN_AND_REFUND", RETURN_PENDING, "DIRECT_REFUND"): RETURN_DONE,
    ("RETURN_AND_REFUND", GOODS_SENT, "APPROVE_RECEIVED_PACKAGE"): RETURN_DONE,
}
REJECTIONS = {
    ("REFUND", RETURN_PENDING, "REJECT_REFUND"): REJECTED,
    ("RETURN_AND_REFUND", RETURN_PENDING, "REJECT_RETURN"): REJECTED,
    ("RETURN_AND_REFUND", GOODS_SENT, "REJECT_RECEIVED_PACKAGE"): PARCEL_REJECTED,
}


def _open(
    market: TikTokMarket, order: Order, runs: list[Units], kind: str, status: str, role: str, reason: str
) -> Aftersale:
    stamp = market.world.clock.stamp()
    unit_ids = [unit_id for run in runs for unit_id in run.ids()]
    number = market.world.number("tiktok.aftersale", 4_035_318_504_086_604_440, 1 + len(unit_ids))
    one = Aftersale(str(number), order.order_id, order.shop_id, kind, status, role, reason, unit_ids, stamp, stamp)
    one.records.append((stamp, role, status))
    _wait(market, one)
    market.save_aftersale(one)
    return one


def _wait(market: TikTokMarket, one: Aftersale, due_s: float | None = None) -> None:
    """Set until when somebody must act; by itself, what the status asks for."""
    settings, clock = market.world.settings, market.world.clock
    waits = {
        PENDING: settings.return_answer_s,
        RETURN_PENDING: settings.return_answer_s,
        AWAITING_GOODS: settings.return_ship_s,
        GOODS_SENT: settings.return_ship_s + settings.return_answer_s,
    }
    wait_s = waits.get(one.status) if due_s is None else due_s
    one.due = 0.0 if wait_s is None else clock.now() + wait_s
    one.due_at = 0.0 if wait_s is None else clock.stamp() + wait_s
    _plan(market, one)


def _plan(market: TikTokMarket, one: Aftersale) -> None:
    if one.due:
        market.world.timers.at(one.due, partial(_lapse, market, one, one.due))


def _move(market: TikTokMarket, one: Aftersale, status: str, role: str) -> None:
    one.status = status
    _wait(market, one)
    market.move_aftersale(one, status, role)


def _lapse(market: TikTokMarket, one: Aftersale, due: float) -> None:
    """The time has passed, and the platform acts."""
    if one.due != due:
        return
    if one.status == PENDING:
        decide_wish(market, one, agreed=True, role="SYSTEM")
    elif one.status == RETURN_PENDING:
        _move(market, one, RETURN_DONE if one.kind == "REFUND" else AWAITING_GOODS, "SYSTEM")
    elif one.status == AWAITING_GOODS:
        _move(market, one, RETURN_ENDED, "SYSTEM")
    elif one.status == GOODS_SENT:
        _move(market, one, RETURN_DONE, "SYSTEM")


def cancel(market: TikTokMarket, order: Order, unit_ids: list[int] | None, *, role: str, reason: str) -> Aftersale:
    """Seller, or a buyer who needs no leave, cancels units. Raises: WrongStep."""
    runs = life.cancellable(order, unit_ids)
    kind = "BUYER_CANCEL" if role == "BUYER" else "CANCEL"
    one = _open(market, order, runs, kind, APPROVED, role, reason)
    life.change(market, order, runs, "CANCELLED", by=role, reason=reason)
    return one


def wish_to_cancel(market: TikTokMarket, order: Order, unit_ids: list[int] | None, reason: str) -> Aftersale:
    """The buyer asks; the seller decides. Raises: WrongStep."""
    if order.cancel_asked_at:
        raise WrongStep("the buyer has already asked to cancel")
    runs = life.cancellable(order, unit_ids)
    order.cancel_asked_at = market.world.clock.stamp()
    one = _open(market, order, runs, "BUYER_CANCEL", PENDING, "BUYER", reason)
    market.save_order(order)
    return one


def decide_wish(market: TikTokMarket, one: Aftersale, *, agreed: bool, role: str = "SELLER") -> None:
    """The seller grants or refuses a buyer's wish to cancel. Raises: WrongStep."""
    if one.status != PENDING:
        raise WrongStep(f"the cancellation is in {one.status}")
    order = market.orders[one.order_id]
    runs = life.cancellable(order, one.unit_ids)
    order.cancel_asked_at = 0.0
    if agreed:
        _move(market, one, APPROVED, role)
        life.change(market, order, runs, "CANCELLED", by="BUYER", reason=one.reason)
    else:
        _move(market, one, REFUSED, role)
        market.save_order(order)


def wish_to_return(market: TikTokMarket, order: Order, kind: str, unit_ids: list[int] | None, reason: str) -> Aftersale:
    """The buyer wants goods taken back (RETURN_AND_REFUND) or money alone (REFUND). Raises: WrongStep."""
    taken = {
        unit_id
        for one in market.aftersales.values()
        if one.order_id == order.order_id and not one.is_cancellation() and one.status not in (REJECTED, RETURN_ENDED)
        for unit_id in one.unit_ids
    }
    runs = [run for run in life.chosen(order, unit_ids) if run.status == "DELIVERED"]
    left = [unit_id for run in runs for unit_id in run.ids() if unit_id not in taken]
    if not left or len(left) < len(unit_ids or ()):
        text = f"a return needs units in DELIVERED that are in no other; the order is in {order.status()}"
        raise WrongStep(text)
    runs = life.chosen(order, left)
    one = _open(market, order, runs, kind, RETURN_PENDING, "BUYER", reason)
    market.save_order(order)
    return one


def send_back(market: TikTokMarket, one: Aftersale) -> None:
    """The buyer sends the goods of a granted return. Raises: WrongStep."""
    if one.status != AWAITING_GOODS:
        raise WrongStep("the return does not wait for its buyer")
    one.tracking = f"R{market.world.number('tiktok.tracking', 840_000_000_001)}"
    _move(market, one, GOODS_SENT, "BUYER")


def arrive_back(market: TikTokMarket, one: Aftersale) -> None:
    """The carrier brings the goods; from now on the seller must look at them. Raises: WrongStep."""
    if one.status != GOODS_SENT:
        raise WrongStep("no goods of the return are on their way")
    _wait(market, one, market.world.settings.return_answer_s)
    market.save_aftersale(one)


def withdraw(market: TikTokMarket, one: Aftersale) -> None:
    """The buyer takes the wish back. Raises: WrongStep."""
    if one.status not in (RETURN_PENDING, AWAITING_GOODS):
        raise WrongStep(f"a return in {one.status} cannot be taken back")
    _move(market, one, RETURN_ENDED, "BUYER")


STEPS: dict[str, Callable[[TikTokMarket, Aftersale], None]] = {
    "send_back": send_back,
    "arrived_back": arrive_back,
    "withdraw_return": withdraw,
}
"""What the buyer and the carrier can do to a return."""


def decide_return(market: TikTokMarket, one: Aftersale, decision: str, *, keep_item: bool = False) -> None:
    """The seller's word on a return; which words are open depends on its status. Raises: WrongStep."""
    step = (one.kind, one.status, decision)
    status = APPROVALS.get(step) or REJECTIONS.get(step)
    if status is None:
        raise WrongStep(f"{decision} is not open to a {one.kind} in {one.status}")
    _move(market, one, RETURN_DONE if keep_item and status == AWAITING_GOODS else status, "SELLER")


def resume(market: TikTokMarket) -> None:
    """After a restart: plan again what was planned."""
    for one in market.aftersales.values():
        _plan(market, one)
