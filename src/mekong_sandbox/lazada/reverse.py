"""The life of a reverse order: a buyer's wish to cancel, to return, or to be refunded alone (protocol notes, sections 7 and 8).

Goods to the seller: RTM_INIT -> RTM_SHIPPING_BACK (agreed) -> RTM_RECEIVE_ITEM -> REFUND_PENDING -> REFUND_SUCCESS.
Goods to a warehouse: RTW_INIT -> RTW_SHIPPING_BACK -> RTW_REFUND_PENDING -> REFUND_SUCCESS, or RTW_REJECT there.
Money alone: REFUND_INIT -> REFUND_PENDING -> REFUND_SUCCESS. The seller's refusal: REFUND_REJECTED.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mekong_sandbox.lazada.life import CANCELLABLE, WrongStep, change, chosen
from mekong_sandbox.lazada.model import Order, Reverse

if TYPE_CHECKING:
    from collections.abc import Callable

    from mekong_sandbox.lazada.market import LazadaMarket

ASKED = ("RTM_INIT", "RTW_INIT", "REFUND_INIT")
SHIPPING = ("RTM_SHIPPING_BACK", "RTW_SHIPPING_BACK")
PAYING = ("REFUND_PENDING", "RTW_REFUND_PENDING")
ENDED = (
    "CANCEL_SUCCESS",
    "REQUEST_REJECT",
    "REFUND_SUCCESS",
    "REFUND_REJECTED",
    "RTM_CANCELED",
    "RTW_CANCELED",
    "RTW_REJECT",
)
WAITS_FOR_GOODS, FETCHED, BROUGHT = "RETURN_PICKUP_PENDING", "RETURN_PICKED_UP", "RETURN_DELIVERED"
CARRIER = "LEX VN"


def open_reverse(
    market: LazadaMarket,
    order: Order,
    request_type: str,
    unit_ids: list[int] | None,
    reason: str,
    *,
    to_seller: bool = True,
) -> Reverse:
    """The buyer wants to cancel (before hand-over), return or be refunded (after delivery). Raises: WrongStep."""
    taken = {
        unit_id
        for one in market.reverses.values()
        if one.order_id == order.order_id and one.status not in ENDED
        for unit_id in one.unit_ids
    }
    allowed = CANCELLABLE if request_type == "CANCEL" else ("delivered",)
    ids = [
        unit_id
        for run in chosen(order, unit_ids)
        if run.status in allowed
        for unit_id in run.ids()
        if unit_id not in taken
    ]
    if not ids or len(ids) < len(unit_ids or ()):
        raise WrongStep(f"{request_type} needs units in {', '.join(allowed)} that are in no other reverse order")
    stamp = market.world.clock.stamp()
    number = market.world.number("lazada.reverse", 7_000_000_000, 1 + len(ids))
    one = Reverse(number, order.order_id, order.seller_id, request_type, "", ids, reason, stamp, stamp, to_seller)
    market.reverses[number] = one
    status = {"CANCEL": "CANCEL_INIT", "ONLY_REFUND": "REFUND_INIT"}.get(request_type, f"{_way(one)}_INIT")
    move(market, one, status, "BUYER", None if request_type == "CANCEL" else market.world.settings.return_answer_s)
    return one


def _way(one: Reverse) -> str:
    return "RTM" if one.to_seller else "RTW"


def move(market: LazadaMarket, one: Reverse, status: str, by: str, due_s: float | None = None) -> None:
    """Set the status, carry out what it means, journal and tell; after `due_s` the platform acts."""
    world, order = market.world, market.orders[one.order_id]
    one.status, one.updated_at = status, world.clock.stamp()
    one.due = 0.0 if due_s is None else world.clock.now() + due_s
    one.due_at = 0.0 if due_s is None else one.updated_at + due_s
    one.records.append((one.updated_at, by, status))
    world.store.save("lazada.reverse", one.reverse_id, one)
    if status == "CANCEL_SUCCESS":
        open_runs = [run for run in chosen(order, one.unit_ids) if run.status in CANCELLABLE]
        change(market, order, open_runs, "canceled", reason=one.reason)
    elif status == "REFUND_SUCCESS":
        change(market, order, chosen(order, one.unit_ids), "returned", reason=one.reason)
    market.push.reverse(one, order)
    _plan(market, one)


def _plan(market: LazadaMarket, one: Reverse) -> None:
    if one.due:
        market.world.timers.at(one.due, partial(_lapse, market, one, one.due))


def _lapse(market: LazadaMarket, one: Reverse, due: float) -> None:
    """The time has passed: unanswered wishes are granted, goods not sent end the return, granted money is paid."""
    if one.due != due:
        return
    if one.status in ("RTM_INIT", "RTW_INIT"):
        agree_return(market, one, by="SYSTEM")
    elif one.status in ("REFUND_INIT", "RTM_RECEIVE_ITEM"):
        agree_refund(market, one, by="SYSTEM")
    elif one.status in SHIPPING:
        move(market, one, f"{_way(one)}_CANCELED", "SYSTEM")
    elif one.status in PAYING:
        move(market, one, "REFUND_SUCCESS", "SYSTEM")


def _needs(one: Reverse, *statuses: str) -> None:
    if one.status not in statuses or one.in_dispute:
        raise WrongStep("this reverse does not support this action")


def agree_return(market: LazadaMarket, one: Reverse, *, by: str = "SELLER") -> None:
    """The goods may come back. Raises: WrongStep."""
    _needs(one, "RTM_INIT", "RTW_INIT")
    one.ofc_status = WAITS_FOR_GOODS
    move(market, one, f"{_way(one)}_SHIPPING_BACK", by, market.world.settings.return_ship_s)


def agree_refund(market: LazadaMarket, one: Reverse, *, by: str = "SELLER") -> None:
    """The money goes back: of a refund alone, or for goods that are back. Raises: WrongStep."""
    _needs(one, "REFUND_INIT", "RTM_RECEIVE_ITEM")
    move(market, one, "REFUND_PENDING", by, market.world.settings.refund_delay_s)


def instant_refund(market: LazadaMarket, one: Reverse) -> None:
    """The money goes back and the buyer keeps the goods. Raises: WrongStep."""
    _needs(one, *ASKED)
    move(market, one, "REFUND_PENDING", "SELLER", market.world.settings.refund_delay_s)


def refuse_return(market: LazadaMarket, one: Reverse) -> None:
    """The goods may not come back. Raises: WrongStep."""
    _needs(one, "RTM_INIT", "RTW_INIT")
    move(market, one, "REFUND_REJECTED", "SELLER")


def refuse_refund(market: LazadaMarket, one: Reverse) -> None:
    """No money: for a refund alone, or for what came back. Raises: WrongStep."""
    _needs(one, "REFUND_INIT", "RTM_RECEIVE_ITEM")
    move(market, one, "REFUND_REJECTED", "SELLER")


def confirm_delivery(market: LazadaMarket, one: Reverse, *, by: str = "SELLER") -> None:
    """The goods are back with the seller, who looks at them. Raises: WrongStep."""
    _needs(one, "RTM_SHIPPING_BACK")
    one.ofc_status = BROUGHT
    move(market, one, "RTM_RECEIVE_ITEM", by, market.world.settings.return_answer_s)


def dispute(market: LazadaMarket, one: Reverse) -> None:
    """The seller objects to a refund alone; the platform will judge. Raises: WrongStep."""
    _needs(one, "REFUND_INIT")
    one.in_dispute = True
    move(market, one, "REFUND_INIT", "SELLER")


def decide_cancel(market: LazadaMarket, one: Reverse, *, agreed: bool) -> None:
    """The seller grants or refuses a wish to cancel. Raises: WrongStep."""
    _needs(one, "CANCEL_INIT")
    move(market, one, "CANCEL_SUCCESS" if agreed else "REQUEST_REJECT", "SELLER")


def send_back(market: LazadaMarket, one: Reverse) -> None:
    """The buyer hands the goods to the carrier. Raises: WrongStep."""
    if one.status not in SHIPPING or one.tracking:
        raise WrongStep(f"a reverse order in {one.status} waits for no goods")
    one.tracking = f"{CARRIER.replace(' ', '')}R{market.world.number('lazada.package', 1_000_001):09d}"
    one.ofc_status = FETCHED
    move(market, one, one.status, "BUYER")


def arrive_back(market: LazadaMarket, one: Reverse) -> None:
    """The carrier brings the goods to the seller, or to the platform's warehouse, which refunds. Raises: WrongStep."""
    if one.status not in SHIPPING or not one.tracking:
        raise WrongStep("no goods of this reverse order are on their way")
    if one.to_seller:
        confirm_delivery(market, one, by="SYSTEM")
    else:
        one.ofc_status = BROUGHT
        move(market, one, "RTW_REFUND_PENDING", "SYSTEM", market.world.settings.refund_delay_s)


def turn_away(market: LazadaMarket, one: Reverse) -> None:
    """The platform's warehouse does not take the goods. Raises: WrongStep."""
    if one.status != "RTW_REFUND_PENDING":
        raise WrongStep("the goods of this reverse order are not in a warehouse of the platform")
    move(market, one, "RTW_REJECT", "SYSTEM")


def withdraw(market: LazadaMarket, one: Reverse) -> None:
    """The buyer takes the wish back. Raises: WrongStep."""
    if one.status not in (*ASKED, *SHIPPING):
        raise WrongStep(f"a reverse order in {one.status} cannot be taken back")
    one.in_dispute = False
    move(market, one, f"{_way(one)}_CANCELED", "BUYER")


def judge(market: LazadaMarket, one: Reverse, *, for_buyer: bool) -> None:
    """The platform decides a dispute. Raises: WrongStep."""
    if not one.in_dispute:
        raise WrongStep("the reverse order is not in dispute")
    one.in_dispute = False
    if for_buyer:
        agree_refund(market, one, by="SYSTEM")
    else:
        move(market, one, "REFUND_REJECTED", "SYSTEM")


STEPS: dict[str, Callable[[LazadaMarket, Reverse], None]] = {
    "send_back": send_back,
    "arrived_back": arrive_back,
    "turned_away": turn_away,
    "withdraw_return": withdraw,
    "judged_for_buyer": partial(judge, for_buyer=True),
    "judged_for_seller": partial(judge, for_buyer=False),
}
"""What the buyer, the carrier and the platform can do to a reverse order."""


def resume(market: LazadaMarket) -> None:
    """After a restart: plan again what was planned."""
    for one in market.reverses.values():
        _plan(market, one)
