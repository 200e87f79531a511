"""The life of an order and what it does to the stock (protocol notes, section 5).

Ordered: reserved. Cancelled or refused before hand-over: released. Handed to the carrier: the units leave, reserved
and available both. The seller confirms; that the parcel is packed the platform takes for granted a moment later, since
the API has no call for it. The order of the statuses between is a reading of their names, not documented.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from mekong_sandbox.tiki.model import ENABLED, Held, Item, Order, Product

if TYPE_CHECKING:
    from mekong_sandbox.tiki.market import TikiMarket

UNCONFIRMED = ("paid", "queueing")
IN_HAND = ("processing", "picking", "packaging", "finished_packing", "ready_to_ship")
CANCELLABLE = ("waiting_payment", "payment_review", "holded", *UNCONFIRMED, *IN_HAND)
DELIVERED = ("successful_delivery", "delivered")
STEPS = {
    "paid": (("waiting_payment",), "queueing"),
    "picked_up": (IN_HAND, "handover_to_partner"),
    "shipped": ((*IN_HAND, "handover_to_partner"), "shipping"),
    "delivered": (("handover_to_partner", "shipping"), "successful_delivery"),
    "failed_delivery": (("handover_to_partner", "shipping"), "returned"),
    "completed": (DELIVERED, "complete"),
    "return": ((*DELIVERED, "complete"), "returned"),
}


class SoldOut(Exception):
    """A line asks for more than is sellable."""

    def __init__(self, product_id: int, sellable: int) -> None:
        super().__init__(f"product {product_id}: {sellable} left")
        self.product_id, self.sellable = product_id, sellable


class WrongStep(Exception):
    """The order is not in a state that allows this; the text says which."""


class Wanted(msgspec.Struct):
    """A line of a purchase. Price in đồng; None = as listed."""

    product: Product
    quantity: int
    price: int | None = None


class Shopper(msgspec.Struct):
    """Who buys, and how it is paid for."""

    name: str
    phone: str
    address: dict[str, str] = {}
    cod: bool = False
    unpaid: bool = False
    note: str = ""


def _items(market: TikiMarket, wanted: list[Wanted]) -> list[Item]:
    """Reserve what was checked to be there; a line that needs several warehouses becomes several items."""
    items = []
    for line in wanted:
        left, product = line.quantity, line.product
        for warehouse_id, held in list(product.stock.items()):
            count = min(left, held.sellable())
            if count == 0:
                continue
            left -= count
            market.set_stock(product, warehouse_id, held.available, held.reserved + count)
            price = product.price if line.price is None else line.price
            number = market.world.number("tiki.item", 212_345_678)
            sku, name = product.original_sku, product.name
            items.append(Item(number, product.product_id, sku, name, price, count, warehouse_id))
    return items


def buy(market: TikiMarket, seller_id: int, wanted: list[Wanted], shopper: Shopper) -> Order:
    """Place an order for all lines or none, and tell the queues. Raises: SoldOut."""
    asked: dict[int, int] = {}
    for line in wanted:
        product_id = line.product.product_id
        asked[product_id] = asked.get(product_id, 0) + line.quantity
        sellable = line.product.sellable() if line.product.status == ENABLED else 0
        if asked[product_id] > sellable:
            raise SoldOut(product_id, sellable)
    world, seller = market.world, market.sellers[seller_id]
    stamp, is_unpaid = world.clock.stamp(), shopper.unpaid and not shopper.cod
    order = Order(
        world.number("tiki.order", 114_212_345),
        str(world.number("tiki.code", 904_104_154)),
        seller_id,
        seller.operation_models[0],
        "waiting_payment" if is_unpaid else "queueing",
        _items(market, wanted),
        stamp,
        stamp,
        shopper.name,
        shopper.phone,
        is_cod=shopper.cod,
        is_paid=not (is_unpaid or shopper.cod),
        note=shopper.note,
        address=shopper.address,
    )
    order.history = [(order.status, stamp)]
    market.add_order(order)
    market.events.order_created(order)
    _live_on(market, order)
    return order


def _change(market: TikiMarket, order: Order, status: str) -> None:
    """Set the status, journal and tell."""
    order.status = status
    order.history = [*order.history, (status, market.world.clock.stamp())]
    market.save_order(order)
    market.events.order_changed(order)
    _live_on(market, order)


def _let_go(market: TikiMarket, items: list[Item], *, gone: bool) -> None:
    """Take the reservation off; `gone` when the units leave the warehouse."""
    for item in items:
        product = market.products.get(item.product_id)
        if product is not None and item.is_held:
            held = product.stock[item.warehouse_id]
            available = max(0, held.available - item.quantity) if gone else held.available
            market.set_stock(product, item.warehouse_id, available, max(0, held.reserved - item.quantity))
        item.is_held = False


def _move(market: TikiMarket, items: list[Item], warehouse_id: int) -> None:
    """Reserve in the warehouse the seller ships from. Raises: WrongStep, when it has too few; then nothing moved."""
    moving = [item for item in items if item.warehouse_id != warehouse_id]
    needed: dict[int, int] = {}
    for item in moving:
        needed[item.product_id] = needed.get(item.product_id, 0) + item.quantity
    for product_id, count in needed.items():
        if market.products[product_id].stock.get(warehouse_id, Held(0)).sellable() < count:
            raise WrongStep(f"inventory {warehouse_id} has not enough of product {product_id}")
    for item in moving:
        product = market.products[item.product_id]
        source, target = product.stock[item.warehouse_id], product.stock[warehouse_id]
        market.set_stock(product, item.warehouse_id, source.available, max(0, source.reserved - item.quantity))
        market.set_stock(product, warehouse_id, target.available, target.reserved + item.quantity)
        item.warehouse_id = warehouse_id


def confirm(
    market: TikiMarket, order: Order, item_ids: list[int], warehouse_id: int = 0, pickup_time: str = ""
) -> None:
    """The seller has these items and ships them from one warehouse (0: from where they are); the others are refused.

    Raises: WrongStep.
    """
    if order.status not in UNCONFIRMED:
        raise WrongStep(f"an order in {order.status} cannot be confirmed")
    kept = [item for item in order.items if item.item_id in item_ids]
    refused = [item for item in order.items if item.item_id not in item_ids]
    if not kept:
        cancel(market, order, by="seller", reason="out_of_stock")
        return
    if warehouse_id:
        _move(market, kept, warehouse_id)
    _let_go(market, refused, gone=False)
    world = market.world
    for item in order.items:
        item.confirmation = "seller_confirmed" if item in kept else "seller_canceled"
        item.confirmed_at = world.clock.stamp()
    order.tracking = f"TNS{world.number('tiki.tracking', 50_000_001):09d}"
    order.pickup_time = pickup_time
    order.ready_at = world.clock.now() + world.settings.tiki_ready_delay_s
    _change(market, order, "processing")


def cancel(market: TikiMarket, order: Order, *, by: str, reason: str) -> None:
    """Cancel the whole order and release its stock. Raises: WrongStep."""
    if order.status not in CANCELLABLE:
        raise WrongStep(f"an order in {order.status} cannot be cancelled")
    _let_go(market, order.items, gone=False)
    if by == "seller":
        for item in order.items:
            item.confirmation = "seller_canceled"
    order.cancel_by, order.cancel_reason = by, reason
    _change(market, order, "canceled")


def arrange(market: TikiMarket, order: Order) -> None:
    """The seller confirms and packs everything at once, as in the seller centre. Raises: WrongStep."""
    if order.status in UNCONFIRMED:
        confirm(market, order, [item.item_id for item in order.items])
    if order.status not in IN_HAND or order.status == "ready_to_ship":
        raise WrongStep(f"an order in {order.status} cannot be arranged")
    _change(market, order, "ready_to_ship")


def advance(market: TikiMarket, order: Order, to: str) -> None:
    """Let the world outside act. Raises: WrongStep."""
    if to not in STEPS:
        raise WrongStep(f"unknown step {to!r}; known: {', '.join(STEPS)}")
    before, after = STEPS[to]
    if order.status not in before:
        raise WrongStep(f"{to} needs one of {', '.join(before)}; the order is in {order.status}")
    if to in ("picked_up", "shipped"):
        _let_go(market, order.items, gone=True)
    if to == "shipped" and order.status != "handover_to_partner":
        _change(market, order, "handover_to_partner")
    if to in ("paid", "delivered"):
        order.is_paid = True
    _change(market, order, after)


def deliver_oneself(market: TikiMarket, order: Order, status: str, *, is_tried_again: bool) -> None:
    """What the seller tells of an order it delivers itself. Raises: WrongStep."""
    if order.status not in (*IN_HAND, "handover_to_partner", "shipping"):
        raise WrongStep(f"the delivery of an order in {order.status} cannot be updated")
    _let_go(market, order.items, gone=True)
    if status == "successful_delivery":
        order.is_paid = True
    elif is_tried_again:
        status = "shipping"
    else:
        status = "returned"
    if status != order.status:
        _change(market, order, status)


def _live_on(market: TikiMarket, order: Order) -> None:
    """Plan what comes by itself: unpaid orders lapse, confirmed ones get ready, and more with automatic life on."""
    settings, clock, timers = market.world.settings, market.world.clock, market.world.timers
    status = order.status
    if status == "waiting_payment":
        age_s = clock.stamp() - order.created_at
        timers.at(clock.now() - age_s + settings.tiki_unpaid_release_s, partial(_lapse, market, order))
    if status == "processing":
        timers.at(order.ready_at, partial(_get_ready, market, order))
    plan = {
        "waiting_payment": ("paid", settings.life_pay_s),
        "ready_to_ship": ("shipped", settings.life_pickup_s),
        "shipping": ("delivered", settings.life_deliver_s),
        "successful_delivery": ("completed", settings.life_complete_s),
    }
    if not settings.life or status not in plan:
        return
    step, delay_s = plan[status]

    def go_on() -> None:
        if order.status == status and market.world.settings.life:
            advance(market, order, step)

    timers.at(clock.now() + delay_s, go_on)


def _lapse(market: TikiMarket, order: Order) -> None:
    if order.status == "waiting_payment":
        cancel(market, order, by="system", reason="payment_timeout")


def _get_ready(market: TikiMarket, order: Order) -> None:
    if order.status == "processing":
        _change(market, order, "ready_to_ship")


def resume(market: TikiMarket) -> None:
    """After a restart: plan again what was planned."""
    for order in market.orders.values():
        _live_on(market, order)
