"""Cancellations and returns: what buyers wish, what sellers decide, and what comes of it (protocol notes, section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mekong_sandbox.tiktok import life
from mekong_sandbox.tiktok.life import WrongStep
from mekong_sandbox.tiktok.model import Aftersale, Order, Units

if TYPE_CHECKING:
    from mekong_sandbox.tiktok.market import TikTokMarket

PENDING = "CANCELLATION_REQUEST_PENDING"
APPROVED = "CANCELLATION_REQUEST_SUCCESS"
REFUSED = "CANCELLATION_REQUEST_CANCEL"
RETURN_PENDING = "RETURN_OR_REFUND_REQUEST_PENDING"
RETURN_DONE = "RETURN_OR_REFUND_REQUEST_COMPLETE"
APPROVALS = {
    ("REFUND", RETURN_PENDING, "APPROVE_REFUND"): RETURN_DONE,
    ("RETURN_AND_REFUND", RETURN_PENDING, "APPROVE_RETURN"): "AWAITING_BUYER_SHIP",
    ("RETURN_AND_REFUND", RETURN_PENDING, "DIRECT_REFUND"): RETURN_DONE,
    ("RETURN_AND_REFUND", "BUYER_SHIPPED_ITEM", "APPROVE_RECEIVED_PACKAGE"): RETURN_DONE,
}
REJECTIONS = {
    ("REFUND", RETURN_PENDING, "REJECT_REFUND"): "REFUND_OR_RETURN_REQUEST_REJECT",
    ("RETURN_AND_REFUND", RETURN_PENDING, "REJECT_RETURN"): "REFUND_OR_RETURN_REQUEST_REJECT",
    ("RETURN_AND_REFUND", "BUYER_SHIPPED_ITEM", "REJECT_RECEIVED_PACKAGE"): "REJECT_RECEIVE_PACKAGE",
}


def _open(
    market: TikTokMarket, order: Order, runs: list[Units], kind: str, status: str, role: str, reason: str
) -> Aftersale:
    stamp = market.world.clock.stamp()
    unit_ids = [unit_id for run in runs for unit_id in run.ids()]
    number = market.world.number("tiktok.aftersale", 4_035_318_504_086_604_440, 1 + len(unit_ids))
    one = Aftersale(str(number), order.order_id, order.shop_id, kind, status, role, reason, unit_ids, stamp, stamp)
    one.records.append((stamp, role, status))
    market.save_aftersale(one)
    return one


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


def decide_wish(market: TikTokMarket, one: Aftersale, *, agreed: bool) -> None:
    """The seller grants or refuses a buyer's wish to cancel. Raises: WrongStep."""
    if one.status != PENDING:
        raise WrongStep(f"the cancellation is in {one.status}")
    order = market.orders[one.order_id]
    runs = life.cancellable(order, one.unit_ids)
    order.cancel_asked_at = 0.0
    if agreed:
        market.move_aftersale(one, APPROVED, "SELLER")
        life.change(market, order, runs, "CANCELLED", by="BUYER", reason=one.reason)
    else:
        market.move_aftersale(one, REFUSED, "SELLER")
        market.save_order(order)


def wish_to_return(market: TikTokMarket, order: Order, kind: str, unit_ids: list[int] | None, reason: str) -> Aftersale:
    """The buyer wants goods taken back (RETURN_AND_REFUND) or money alone (REFUND). Raises: WrongStep."""
    runs = [run for run in life.chosen(order, unit_ids) if run.status == "DELIVERED"]
    if not runs:
        raise WrongStep(f"a return needs units in DELIVERED; the order is in {order.status()}")
    one = _open(market, order, runs, kind, RETURN_PENDING, "BUYER", reason)
    market.save_order(order)
    return one


def send_back(market: TikTokMarket, order: Order) -> Aftersale:
    """The buyer sends the goods of a granted return. Raises: WrongStep."""
    for one in market.aftersales.values():
        if one.order_id == order.order_id and one.status == "AWAITING_BUYER_SHIP":
            market.move_aftersale(one, "BUYER_SHIPPED_ITEM", "BUYER")
            return one
    raise WrongStep("no return of the order waits for its buyer")


def decide_return(market: TikTokMarket, one: Aftersale, decision: str, *, keep_item: bool = False) -> None:
    """The seller's word on a return; which words are open depends on its status. Raises: WrongStep."""
    step = (one.kind, one.status, decision)
    status = APPROVALS.get(step) or REJECTIONS.get(step)
    if status is None:
        raise WrongStep(f"{decision} is not open to a {one.kind} in {one.status}")
    market.move_aftersale(one, RETURN_DONE if keep_item and status == "AWAITING_BUYER_SHIP" else status, "SELLER")
