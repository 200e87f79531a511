"""The life of a return: asked for, answered or left unanswered, sent back, looked at, paid back (protocol notes, section 8).

REQUESTED -> ACCEPTED (the seller confirms, or lets the time pass); goods that come back -> PROCESSING, until the seller
confirms again or lets the time pass; then the platform pays: REFUND_PAID. The seller's dispute waits for a judgement.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mekong_sandbox.shopee.life import WrongStep, serial
from mekong_sandbox.shopee.model import Order, Return

if TYPE_CHECKING:
    from collections.abc import Callable

    from mekong_sandbox.shopee.market import ShopeeMarket

RETURNABLE = ("SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED", "TO_RETURN")
OPEN = ("REQUESTED", "ACCEPTED", "PROCESSING", "SELLER_DISPUTE", "JUDGING")
DISPUTABLE = ("REQUESTED", "ACCEPTED", "PROCESSING")


def _returnable(market: ShopeeMarket, order: Order) -> dict[tuple[int, int], int]:
    """Units of each variant that are not in a return yet that is open or was paid."""
    left: dict[tuple[int, int], int] = {}
    for line in order.lines:
        key = line.item_id, line.model_id
        left[key] = left.get(key, 0) + line.quantity
    for one in market.returns.values():
        if one.order_sn == order.order_sn and one.status in (*OPEN, "REFUND_PAID", "COMPLETED"):
            for item_id, model_id, units in one.lines:
                left[item_id, model_id] -= units
    return left


def open_return(
    market: ShopeeMarket, order: Order, reason: str, lines: list[tuple[int, int, int]], *, solution: int = 0
) -> Return:
    """The buyer wants units taken back (`solution` 0), or their money alone (1); without lines, all. Raises: WrongStep."""
    if order.status not in RETURNABLE:
        raise WrongStep(f"an order in {order.status} cannot be returned")
    left = _returnable(market, order)
    lines = lines or [(*key, units) for key, units in left.items() if units]
    asked: dict[tuple[int, int], int] = {}
    for item_id, model_id, units in lines:
        asked[item_id, model_id] = asked.get((item_id, model_id), 0) + units
    for key, units in asked.items():
        if not 1 <= units <= left.get(key, 0):
            raise WrongStep(f"item {key[0]} model {key[1]}: {left.get(key, 0)} units can be returned, not {units}")
    if not asked:
        raise WrongStep("nothing of the order is left to return")
    world, stamp = market.world, market.world.clock.stamp()
    prices = {(line.item_id, line.model_id): line.price for line in order.lines}
    worth = sum(prices[key] * units for key, units in asked.items())
    return_sn = serial(world.number("shopee.return", 5_000_000) * 7919 % 36**8, stamp)
    one = Return(return_sn, order.order_sn, order.shop_id, reason, "REQUESTED", stamp, stamp)
    one.lines, one.solution = [(*key, units) for key, units in asked.items()], solution
    one.refund = one.bought_for = worth
    one.due_at = stamp + world.settings.return_answer_s
    market.returns[return_sn] = one
    if order.status != "TO_RETURN":
        order.former, order.status = order.status, "TO_RETURN"
        market.save_order(order)
    _move(market, one, "REQUESTED", world.settings.return_answer_s)
    market.push.order_status(order)
    return one


def _move(market: ShopeeMarket, one: Return, status: str, due_s: float | None = None) -> None:
    """Set the status; after `due_s` the platform acts on a return that nobody moved on."""
    world = market.world
    one.status, one.updated_at = status, world.clock.stamp()
    one.due = 0.0 if due_s is None else world.clock.now() + due_s
    world.store.save("shopee.return", one.return_sn, one)
    market.push.return_update(one.shop_id, one.return_sn, one.order_sn, status)
    _plan(market, one)
    if status not in OPEN:
        _close_order(market, one)


def _close_order(market: ShopeeMarket, one: Return) -> None:
    """With no return open, the order goes on: it is completed, or cancelled when all of it was paid back on its way."""
    order = market.orders[one.order_sn]
    own = [other for other in market.returns.values() if other.order_sn == order.order_sn]
    if order.status != "TO_RETURN" or any(other.status in OPEN for other in own):
        return
    paid = sum(other.bought_for for other in own if other.status == "REFUND_PAID")
    order.status = "CANCELLED" if order.former == "SHIPPED" and paid >= order.total() else "COMPLETED"
    order.former = ""
    if order.status == "COMPLETED":
        order.completed_at = order.completed_at or market.world.clock.stamp()
    market.save_order(order)
    market.push.order_status(order)


def _plan(market: ShopeeMarket, one: Return) -> None:
    if one.due:
        market.world.timers.at(one.due, partial(_lapse, market, one, one.due))


def _lapse(market: ShopeeMarket, one: Return, due: float) -> None:
    """The time has passed: unanswered wishes are granted, goods not sent close the return, granted money is paid."""
    if one.due != due:
        return
    if one.status in ("REQUESTED", "PROCESSING"):
        accept(market, one)
    elif one.status == "ACCEPTED":
        _move(market, one, "REFUND_PAID" if one.solution == 1 or one.is_back else "CLOSED")


def accept(market: ShopeeMarket, one: Return) -> None:
    """Grant what was asked for: the money is on its way, or first the goods are. Raises: WrongStep."""
    if one.status not in ("REQUESTED", "PROCESSING"):
        raise WrongStep(f"A return in {one.status} cannot be confirmed.")
    settings = market.world.settings
    one.ended = True
    if one.solution == 1 or one.is_back:
        _move(market, one, "ACCEPTED", settings.refund_delay_s)
    else:
        one.logistics = "LOGISTICS_READY"
        one.ship_due_at = market.world.clock.stamp() + settings.return_ship_s
        _move(market, one, "ACCEPTED", settings.return_ship_s)


def dispute(market: ShopeeMarket, one: Return, reason: str, text: str) -> None:
    """The seller objects; the platform will judge. Raises: WrongStep."""
    if one.status not in DISPUTABLE:
        raise WrongStep(f"A return in {one.status} cannot be disputed.")
    one.dispute_reason, one.dispute_text, one.ended = reason, text, True
    _move(market, one, "SELLER_DISPUTE")


def propose(market: ShopeeMarket, one: Return, solution: int, amount: int | None, *, to: str) -> None:
    """Seller or buyer proposes another solution or amount; the other side, `to`, answers. Raises: WrongStep."""
    if one.status != "REQUESTED" or one.ended:
        raise WrongStep(f"A return in {one.status} takes no offer.")
    wanted = one.bought_for if amount is None else amount
    if not 0 < wanted <= one.bought_for:
        raise WrongStep("The offered amount must be more than 0 and at most what the units cost.")
    one.asked, one.offer_solution, one.offer_amount = to, solution, wanted
    one.offer_at = one.due_at = market.world.clock.stamp() + market.world.settings.return_answer_s
    _move(market, one, "REQUESTED", market.world.settings.return_answer_s)


def agree(market: ShopeeMarket, one: Return, *, by: str) -> None:
    """Seller or buyer takes the other's proposal. Raises: WrongStep."""
    if one.status != "REQUESTED" or one.asked != by:
        raise WrongStep("There is no offer to accept.")
    one.solution, one.refund = one.offer_solution, one.offer_amount
    accept(market, one)


def send_back(market: ShopeeMarket, one: Return) -> None:
    """The buyer hands the goods to the carrier. Raises: WrongStep."""
    if one.status != "ACCEPTED" or one.solution == 1 or one.tracking:
        raise WrongStep(f"a return in {one.status} waits for no goods")
    one.tracking = f"SPXVNR{market.world.number('shopee.tracking', 50_000_001):011d}"
    one.logistics = "LOGISTICS_PICKUP_DONE"
    _move(market, one, "ACCEPTED")


def arrive_back(market: ShopeeMarket, one: Return) -> None:
    """The carrier brings the goods to the seller, who looks at them. Raises: WrongStep."""
    if one.status != "ACCEPTED" or not one.tracking:
        raise WrongStep("no goods of this return are on their way")
    settings = market.world.settings
    one.logistics, one.is_back = "LOGISTICS_DELIVERY_DONE", True
    one.due_at = one.seller_due_at = market.world.clock.stamp() + settings.return_answer_s
    _move(market, one, "PROCESSING", settings.return_answer_s)


def withdraw(market: ShopeeMarket, one: Return) -> None:
    """The buyer takes the wish back. Raises: WrongStep."""
    if one.status not in OPEN or one.is_back:
        raise WrongStep(f"a return in {one.status} cannot be taken back")
    _move(market, one, "CANCELLED")


def judge(market: ShopeeMarket, one: Return, *, for_buyer: bool) -> None:
    """The platform decides a dispute. Raises: WrongStep."""
    if one.status not in ("SELLER_DISPUTE", "JUDGING"):
        raise WrongStep(f"a return in {one.status} is not in dispute")
    _move(market, one, "REFUND_PAID" if for_buyer else "CLOSED")


def take_up(market: ShopeeMarket, one: Return) -> None:
    """The platform begins to judge a dispute. Raises: WrongStep."""
    if one.status != "SELLER_DISPUTE":
        raise WrongStep(f"a return in {one.status} is not in dispute")
    _move(market, one, "JUDGING")


STEPS: dict[str, Callable[[ShopeeMarket, Return], None]] = {
    "send_back": send_back,
    "arrived_back": arrive_back,
    "withdraw_return": withdraw,
    "accept_offer": partial(agree, by="buyer"),
    "judging": take_up,
    "judged_for_buyer": partial(judge, for_buyer=True),
    "judged_for_seller": partial(judge, for_buyer=False),
}
"""What the buyer, the carrier and the platform can do to a return."""


def resume(market: ShopeeMarket) -> None:
    """After a restart: plan again what was planned."""
    for one in market.returns.values():
        _plan(market, one)
