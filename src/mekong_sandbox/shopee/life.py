"""The life of an order: bought, paid, shipped, fetched, delivered, completed, or cancelled on the way.

Stock (protocol notes, sections 5 and 6): placing an order reserves; cancelling gives the reservation back; the carrier
fetching the parcel takes the units out of the stock.
"""

from __future__ import annotations

import string
import time
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from mekong_sandbox.shopee import promotions
from mekong_sandbox.shopee.model import Item, Line, Model, Order, Package
from mekong_sandbox.shopee.promotions import Promotion

if TYPE_CHECKING:
    from mekong_sandbox.shopee.market import ShopeeMarket

BASE36 = string.digits + string.ascii_uppercase
CANCELLABLE = ("UNPAID", "PENDING", "READY_TO_SHIP", "PROCESSED", "RETRY_SHIP")
NEXT = {"paid": "READY_TO_SHIP", "shipped": "SHIPPED", "delivered": "TO_CONFIRM_RECEIVE", "completed": "COMPLETED"}


class SoldOut(Exception):
    """A line asks for more than is available."""

    def __init__(self, item_id: int, model_id: int, available: int) -> None:
        super().__init__(f"item {item_id} model {model_id}: {available} left")
        self.item_id, self.model_id, self.available = item_id, model_id, available


class OverLimit(Exception):
    """An order asks for more of an item than its discount lets one order have."""

    def __init__(self, item_id: int, limit: int) -> None:
        super().__init__(f"item {item_id}: at most {limit} at the price of its discount")
        self.item_id, self.limit = item_id, limit


class WrongStep(Exception):
    """The order is not in a state that allows this; the text says which."""


class Wanted(msgspec.Struct):
    """A line of a purchase. Prices in minor units; None = as listed."""

    item: Item
    model: Model
    quantity: int
    price: int | None = None


def serial(number: int, stamp: float) -> str:
    """A serial number as orders and returns have: the day, then eight letters and digits."""
    digits = ""
    for _ in range(8):
        number, digit = divmod(number, 36)
        digits = BASE36[digit] + digits
    return time.strftime("%y%m%d", time.gmtime(stamp + 7 * 3600)) + digits


def _promoted(market: ShopeeMarket, wanted: list[Wanted]) -> list[Promotion | None]:
    """The discount each line is sold in, as long as the units set apart for it last. Raises: OverLimit."""
    found: list[Promotion | None] = []
    units: dict[int, int] = {}
    taken: dict[int, int] = {}
    for line in wanted:
        one = promotions.ongoing(market, line.item.item_id, line.model.model_id) if line.price is None else None
        if one is not None:
            units[line.item.item_id] = units.get(line.item.item_id, 0) + line.quantity
            if 0 < one.item.limit < units[line.item.item_id]:
                raise OverLimit(line.item.item_id, one.item.limit)
            left, before = one.left(), taken.get(id(one.model), 0)
            if left is not None and left < before + line.quantity:
                one = None
            else:
                taken[id(one.model)] = before + line.quantity
        found.append(one)
    return found


def buy(
    market: ShopeeMarket,
    shop_id: int,
    wanted: list[Wanted],
    *,
    buyer_name: str,
    buyer_phone: str,
    cod: bool = False,
    unpaid: bool = False,
    note: str = "",
    currency: str = "",
    address: dict[str, str] | None = None,
) -> Order:
    """Place an order for all lines or none, reserve its stock, and tell the shop's apps: code 8 a line, then code 3.

    Raises: SoldOut, when a line asks for more than the shop shows as available; OverLimit.
    """
    asked: dict[int, int] = {}
    for line in wanted:
        asked[id(line.model)] = asked.get(id(line.model), 0) + line.quantity
        available = line.model.available() if line.item.status == "NORMAL" else 0
        if asked[id(line.model)] > available:
            raise SoldOut(line.item.item_id, line.model.model_id, available)
    promoted = _promoted(market, wanted)
    world, shop = market.world, market.shops[shop_id]
    stamp = world.clock.stamp()
    number = world.number("shopee.order", 1_000_000)
    order_sn = serial(number * 7919 % 36**8, stamp)
    lines = []
    for line, promotion in zip(wanted, promoted, strict=True):
        price = line.model.price if line.price is None else line.price
        if promotion is not None:
            price = promotion.model.price
            promotion.model.sold += line.quantity
            market.save_discount(promotion.discount)
        location = max(line.model.stock, key=lambda name: line.model.stock[name], default="")
        lines.append(
            Line(
                line.item.item_id,
                line.model.model_id,
                line.quantity,
                price,
                line.model.price,
                line.item.name,
                line.item.sku,
                line.model.name,
                line.model.sku if line.item.has_model else "",
                location,
                line.quantity,
                promotion.discount.discount_id if promotion else 0,
            )
        )
    order = Order(
        order_sn,
        shop_id,
        "UNPAID" if unpaid and not cod else "READY_TO_SHIP",
        lines,
        Package(f"OFG{number}"),
        stamp,
        stamp,
        currency or shop.currency,
        buyer_name,
        buyer_phone,
        99000 + number % 100_000,
        cod=cod,
        message=note,
        paid_at=0.0 if unpaid or cod else stamp,
        address=address or {},
    )
    before = []
    for line in wanted:
        before.append(line.model.reserved)
        market.before_stock_change(line.model)
        line.model.reserved += line.quantity
        market.save_item(line.item)
    market.add_order(order)
    for line, reserved in zip(wanted, before, strict=True):
        market.push.reserved_stock(order, line.item.item_id, line.model, "place_order", reserved)
    market.push.order_status(order)
    _live_on(market, order)
    return order


def release(market: ShopeeMarket, order: Order, line: Line, action: str, *, gone: bool = False) -> None:
    """End the reservation of a line; `gone` when the units have left the stock."""
    item = market.items.get(line.item_id)
    model = item.model(line.model_id) if item else None
    if item is None or model is None or line.held == 0:
        return
    before = model.reserved
    market.before_stock_change(model)
    model.reserved = max(0, model.reserved - line.held)
    if gone:
        for location in sorted(model.stock, key=lambda name: name != line.location):
            taken = min(line.held, model.stock[location])
            model.stock[location] -= taken
            line.held -= taken
    line.held = 0
    market.save_item(item)
    market.push.reserved_stock(order, item.item_id, model, action, before)


def cancel(market: ShopeeMarket, order: Order, *, by: str, reason: str) -> None:
    """Cancel and give the stock back. Raises: WrongStep."""
    if order.status not in (*CANCELLABLE, "IN_CANCEL"):
        raise WrongStep(f"an order in {order.status} cannot be cancelled")
    order.status, order.cancel_by, order.cancel_reason = "CANCELLED", by, reason
    if order.package.status in ("LOGISTICS_READY", "LOGISTICS_REQUEST_CREATED"):
        order.package.status = "LOGISTICS_REQUEST_CANCELED"
    market.save_order(order)
    for line in order.lines:
        release(market, order, line, "cancel_order")
    market.push.order_status(order)


def request_cancel(market: ShopeeMarket, order: Order, reason: str) -> None:
    """The buyer asks to cancel: IN_CANCEL until the seller decides. Raises: WrongStep."""
    if order.status not in CANCELLABLE:
        raise WrongStep(f"an order in {order.status} cannot be asked to be cancelled")
    order.former, order.status, order.buyer_cancel_reason = order.status, "IN_CANCEL", reason
    _changed(market, order)


def refuse_cancel(market: ShopeeMarket, order: Order) -> None:
    """The seller refuses; the order returns to its former status. Raises: WrongStep."""
    if order.status != "IN_CANCEL":
        raise WrongStep("the buyer has not asked to cancel")
    order.status, order.former = order.former, ""
    _changed(market, order)


def arrange(market: ShopeeMarket, order: Order, tracking: str = "") -> None:
    """ship_order: the carrier is called; the tracking number follows later, told by code 4. Raises: WrongStep."""
    if order.status not in ("READY_TO_SHIP", "RETRY_SHIP"):
        raise WrongStep(f"an order in {order.status} cannot be shipped")
    world = market.world
    order.status, order.package.status = "PROCESSED", "LOGISTICS_REQUEST_CREATED"
    order.package.tracking = tracking or f"SPXVN{world.number('shopee.tracking', 50_000_001):012d}"
    order.package.tracking_at = world.clock.now() + world.settings.shopee_tracking_delay_s
    _changed(market, order)
    world.timers.at(order.package.tracking_at, lambda: market.push.tracking(order))


def advance(market: ShopeeMarket, order: Order, to: str) -> None:
    """Let the world outside act: paid, shipped, delivered, completed, pickup_failed, failed_delivery.

    Raises: WrongStep.
    """
    expected = {
        "paid": ("UNPAID",),
        "shipped": ("PROCESSED", "READY_TO_SHIP", "RETRY_SHIP"),
        "delivered": ("SHIPPED",),
        "completed": ("TO_CONFIRM_RECEIVE", "SHIPPED"),
        "pickup_failed": ("PROCESSED",),
        "failed_delivery": ("SHIPPED",),
    }
    if to not in expected:
        raise WrongStep(f"unknown step {to!r}; known: {', '.join(expected)}")
    if order.status not in expected[to]:
        raise WrongStep(f"{to} needs one of {', '.join(expected[to])}; the order is in {order.status}")
    if to == "paid":
        order.paid_at = market.world.clock.stamp()
    if to == "shipped":
        order.picked_up_at = market.world.clock.stamp()
        if not order.package.tracking:
            order.package.tracking = f"SPXVN{market.world.number('shopee.tracking', 50_000_001):012d}"
    if to == "completed":
        order.completed_at = market.world.clock.stamp()
    packages = {"shipped": "LOGISTICS_PICKUP_DONE", "delivered": "LOGISTICS_DELIVERY_DONE"}
    packages |= {"pickup_failed": "LOGISTICS_PICKUP_RETRY", "failed_delivery": "LOGISTICS_DELIVERY_FAILED"}
    order.package.status = packages.get(to, order.package.status)
    if to == "failed_delivery":
        order.cancel_by, order.cancel_reason = "system", "FAILED_DELIVERY"
    order.status = {**NEXT, "pickup_failed": "RETRY_SHIP", "failed_delivery": "CANCELLED"}[to]
    if to == "shipped":
        for line in order.lines:
            release(market, order, line, "ship_order", gone=True)
    _changed(market, order)


def _changed(market: ShopeeMarket, order: Order) -> None:
    market.save_order(order)
    market.push.order_status(order)
    _live_on(market, order)


def _live_on(market: ShopeeMarket, order: Order) -> None:
    """With automatic life on, plan the next step of the order."""
    settings, clock = market.world.settings, market.world.clock
    plan = {
        "UNPAID": ("paid", settings.life_pay_s),
        "PROCESSED": ("shipped", settings.life_pickup_s),
        "SHIPPED": ("delivered", settings.life_deliver_s),
        "TO_CONFIRM_RECEIVE": ("completed", settings.life_complete_s),
    }
    if not settings.life or order.status not in plan:
        return
    step, delay_s = plan[order.status]
    status = order.status

    def go_on() -> None:
        if order.status == status and market.world.settings.life:
            advance(market, order, step)

    market.world.timers.at(clock.now() + delay_s, go_on)


def resume(market: ShopeeMarket) -> None:
    """After a restart: plan again what was planned."""
    now = market.world.clock.now()
    for order in market.orders.values():
        _live_on(market, order)
        if order.status == "PROCESSED" and order.package.tracking_at > now:
            market.world.timers.at(order.package.tracking_at, partial(market.push.tracking, order))
