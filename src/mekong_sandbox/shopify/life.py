"""The life of an order and what it does to the stock (protocol notes, section 2).

`available` is what buyers can order, `committed` what is sold and not sent; on hand is their sum. An order moves its units
from available to committed, a fulfilment takes them out of committed, a cancellation or a return with restocking puts them
back. A written `available` figure leaves committed alone; a written `on_hand` figure sets available to the rest. A sale
between reading and writing shows in the compared figure, so that a write that compares never loses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mekong_sandbox.shopify.model import Fulfillment, FulfillmentOrder, Line, Order, Product, Variant, Work

if TYPE_CHECKING:
    from mekong_sandbox.shopify.market import ShopifyMarket

FULFILLABLE = ("OPEN", "IN_PROGRESS", "INCOMPLETE")
SHIPMENT = {"shipped": "IN_TRANSIT", "delivered": "DELIVERED", "failed_delivery": "NOT_DELIVERED"}
UNLIMITED = 1_000_000
"""What a shopper's page shows of a variant that is not tracked, or sold when there is none."""


class SoldOut(Exception):
    """A line asks for more than is available."""

    def __init__(self, variant: Variant, available: int) -> None:
        super().__init__(f"variant {variant.id}: {available} left")
        self.variant, self.available = variant, available


class WrongStep(Exception):
    """The order is not in a state that allows this; the text says which."""


class Wanted(msgspec.Struct):
    """A line of a purchase. Price in minor units; None = as listed."""

    product: Product
    variant: Variant
    quantity: int
    price: int | None = None


def sellable(product: Product, variant: Variant) -> int:
    """Units that a buyer can order now."""
    if product.status != "ACTIVE":
        return 0
    if not variant.tracked or variant.oversells:
        return UNLIMITED
    return max(0, variant.available())


def buy(
    market: ShopifyMarket,
    shop_id: str,
    wanted: list[Wanted],
    *,
    address: dict[str, str],
    cod: bool = False,
    unpaid: bool = False,
    note: str = "",
    currency: str = "",
) -> Order:
    """Place an order for all lines or none and commit its units where they are, one fulfilment order a location.

    Raises: SoldOut.
    """
    asked: dict[int, int] = {}
    for one in wanted:
        asked[one.variant.id] = asked.get(one.variant.id, 0) + one.quantity
        left = sellable(one.product, one.variant)
        if asked[one.variant.id] > left:
            raise SoldOut(one.variant, left)
    world, shop = market.world, market.shops[shop_id]
    stamp = world.clock.stamp()
    order_id = world.number("shopify.order", 5_820_982_911, 2)
    lines = []
    for one in wanted:
        line_id = world.number("shopify.line", 14_066_157_049)
        title = "" if one.variant.title == "Default Title" else one.variant.title
        price = one.variant.price if one.price is None else one.price
        product, variant = one.product, one.variant
        lines.append(Line(line_id, variant.id, product.id, variant.sku, product.title, title, one.quantity, price))
    order = Order(
        order_id,
        shop_id,
        world.number(f"shopify.name.{shop_id}", 1001),
        lines,
        [],
        stamp,
        stamp,
        currency or shop.currency,
        world.number("shopify.customer", 7_210_001),
        address,
        "PENDING" if cod or unpaid else "PAID",
        "Cash on Delivery (COD)" if cod else "bogus",
        shop.shipping_fee,
        note,
        "khach@example.vn",
    )
    work: dict[int, FulfillmentOrder] = {}
    for line, one in zip(lines, wanted, strict=True):
        for place_id, units in _places(one.variant, one.quantity, shop.places[0].id):
            if place_id not in work:
                work[place_id] = FulfillmentOrder(world.number("shopify.work", 6_560_001), place_id, [])
            number = world.number("shopify.work_line", 12_900_001)
            work[place_id].works.append(Work(number, line.id, units, units))
            if one.variant.tracked and place_id in one.variant.levels:
                market.change_level(one.product, one.variant, place_id, -units, units)
    order.work = list(work.values())
    market.add_order(order)
    market.push.order(order, "orders/create", *(("orders/paid",) if order.financial == "PAID" else ()))
    _live_on(market, order)
    return order


def _places(variant: Variant, quantity: int, main: int) -> list[tuple[int, int]]:
    """From which locations so many units come: each gives what it has, the first one what nobody has."""
    found: list[tuple[int, int]] = []
    for place_id, level in variant.levels.items():
        units = min(quantity, max(0, level.available)) if variant.tracked else 0
        if units:
            found.append((place_id, units))
            quantity -= units
    if quantity:
        first = next(iter(variant.levels), main)
        rest = dict(found)
        rest[first] = rest.get(first, 0) + quantity
        found = list(rest.items())
    return found


def _move(market: ShopifyMarket, line: Line, place_id: int, available: int, committed: int) -> None:
    """Add to the figures of what a line sold, where it is still stocked."""
    found = market.variants.get(line.variant_id)
    if found is not None and found[1].tracked and place_id in found[1].levels:
        market.change_level(found[0], found[1], place_id, available, committed)


def fulfil(
    market: ShopifyMarket,
    order: Order,
    asked: list[tuple[FulfillmentOrder, dict[int, int]]],
    *,
    company: str = "",
    number: str = "",
    url: str = "",
) -> Fulfillment:
    """Send units of one location in one parcel.

    Args:
        asked: fulfilment orders with units by the id of their lines; no units: all that is left.

    Raises: WrongStep.
    """
    if len({work.place_id for work, _ in asked}) != 1:
        raise WrongStep("All fulfillment orders must be assigned to the same location.")
    chosen: list[tuple[FulfillmentOrder, Work, int]] = []
    for work, units in asked:
        if work.status not in FULFILLABLE:
            raise WrongStep(f"Fulfillment order {work.id} has an unfulfillable status= {work.status.lower()}.")
        by_id = {one.id: one for one in work.works}
        for work_id, count in (units or {one.id: one.left for one in work.works if one.left}).items():
            one = by_id.get(work_id)
            if one is None or not 0 < count <= one.left:
                raise WrongStep("Invalid fulfillment order line item quantity requested.")
            chosen.append((work, one, count))
    stamp = market.world.clock.stamp()
    parcel = Fulfillment(market.world.number("shopify.fulfillment", 5_255_858), asked[0][0].place_id, [], stamp, stamp)
    parcel.company, parcel.number, parcel.url = company, number, url
    for work, one, count in chosen:
        line = order.line(one.line_id)
        one.left -= count
        line.sent += count
        parcel.lines.append((line.id, count))
        _move(market, line, work.place_id, 0, -count)
    for work, _ in asked:
        work.status = "IN_PROGRESS" if any(one.left for one in work.works) else "CLOSED"
    market.add_parcel(order, parcel)
    done = order.fulfilment() == "FULFILLED"
    market.save_order(order, "orders/fulfilled" if done else "orders/partially_fulfilled")
    _live_on(market, order)
    return parcel


def track(market: ShopifyMarket, order: Order, parcel: Fulfillment, company: str, number: str, url: str) -> None:
    """Write the tracking of a parcel."""
    parcel.company, parcel.number, parcel.url = company, number, url
    parcel.updated_at = market.world.clock.stamp()
    market.save_order(order)


def move_work(
    market: ShopifyMarket, order: Order, work: FulfillmentOrder, place_id: int, units: dict[int, int]
) -> FulfillmentOrder:
    """Let another location send what is left, or so many units of it. Returns what moved. Raises: WrongStep."""
    if work.status not in FULFILLABLE or work.place_id == place_id:
        raise WrongStep("The fulfillment order can't be moved to this location.")
    by_id = {one.id: one for one in work.works}
    wanted = units or {one.id: one.left for one in work.works if one.left}
    if any(number not in by_id or not 0 < count <= by_id[number].left for number, count in wanted.items()):
        raise WrongStep("Invalid fulfillment order line item quantity requested.")
    for number in wanted:
        found = market.variants.get(order.line(by_id[number].line_id).variant_id)
        if found is None or place_id not in found[1].levels:
            raise WrongStep("None of the items are stocked at the new location.")
    whole = all(wanted.get(one.id, 0) == one.total for one in work.works)
    moved = work if whole else FulfillmentOrder(market.world.number("shopify.work", 6_560_001), place_id, [])
    for number, count in wanted.items():
        one = by_id[number]
        line = order.line(one.line_id)
        _move(market, line, work.place_id, count, -count)
        _move(market, line, place_id, -count, count)
        if not whole:
            one.left -= count
            one.total -= count
            moved.works.append(Work(market.world.number("shopify.work_line", 12_900_001), line.id, count, count))
    moved.place_id = place_id
    if not whole:
        work.works = [one for one in work.works if one.total]
        if not any(one.left for one in work.works):
            work.status = "CLOSED"
        market.add_work(order, moved)
    market.save_order(order)
    return moved


def pay(market: ShopifyMarket, order: Order) -> None:
    """The money has come. Raises: WrongStep."""
    if order.financial != "PENDING" or order.cancelled_at is not None:
        raise WrongStep(f"an order that is {order.financial.lower()} cannot be paid")
    order.financial = "PAID"
    market.save_order(order, "orders/paid")


def cancel(market: ShopifyMarket, order: Order, reason: str, *, restock: bool = True, refund: bool = True) -> None:
    """Cancel an order of which nothing was sent. Raises: WrongStep."""
    if order.cancelled_at is not None:
        raise WrongStep("Order has already been cancelled")
    if any(one.status == "SUCCESS" for one in order.fulfillments):
        raise WrongStep("Cannot cancel an order that has outstanding fulfillments")
    for work in order.work:
        for one in work.works:
            line = order.line(one.line_id)
            _move(market, line, work.place_id, one.left if restock else 0, -one.left)
            line.removed += one.left
            one.left = 0
        work.status = "CLOSED"
    stamp = market.world.clock.stamp()
    order.cancelled_at = order.closed_at = stamp
    order.cancel_reason = reason
    if order.financial == "PENDING":
        order.financial = "VOIDED"
    elif refund:
        order.refunded, order.financial = order.total(), "REFUNDED"
    market.save_order(order, "orders/cancelled")


def give_back(market: ShopifyMarket, order: Order, *, restock: bool) -> None:
    """The goods come back, or the money alone is given back, for the whole order. Raises: WrongStep."""
    if order.financial == "REFUNDED" or order.cancelled_at is not None:
        raise WrongStep("there is nothing left to give back")
    place_id = order.work[0].place_id
    for line in order.lines:
        units = line.current()
        waiting = line.unsent()
        _move(market, line, place_id, units if restock else 0, -waiting)
        line.removed += units
    for work in order.work:
        work.status = "CLOSED"
        for one in work.works:
            one.left = 0
    order.refunded, order.financial = order.total(), "REFUNDED"
    market.save_order(order)


def advance(market: ShopifyMarket, order: Order, to: str) -> None:
    """Let the buyer or the carrier act. Raises: WrongStep."""
    if to == "paid":
        pay(market, order)
    elif to == "completed":
        if order.closed_at is not None:
            raise WrongStep("the order is closed")
        order.closed_at = market.world.clock.stamp()
        market.save_order(order)
    elif to in SHIPMENT:
        before = ("FULFILLED",) if to == "shipped" else ("FULFILLED", "IN_TRANSIT")
        parcels = [one for one in order.fulfillments if one.shown_status in before]
        if not parcels:
            raise WrongStep(f"{to} needs a parcel that is {' or '.join(before).lower()}")
        for parcel in parcels:
            parcel.shown_status, parcel.updated_at = SHIPMENT[to], market.world.clock.stamp()
        market.save_order(order)
        _live_on(market, order)
    else:
        raise WrongStep(f"unknown step {to!r}; known: paid, completed, {', '.join(SHIPMENT)}")


def _live_on(market: ShopifyMarket, order: Order) -> None:
    """With automatic life on, plan the next step of the order."""
    settings = market.world.settings
    if not settings.life or order.cancelled_at is not None:
        return
    shown = {one.shown_status for one in order.fulfillments}
    plan = []
    if order.financial == "PENDING" and order.gateway == "bogus":
        plan.append(("paid", settings.life_pay_s))
    if "FULFILLED" in shown:
        plan.append(("shipped", settings.life_pickup_s))
    if "IN_TRANSIT" in shown:
        plan.append(("delivered", settings.life_deliver_s))
    for step, delay_s in plan:

        def go_on(step: str = step) -> None:
            if market.world.settings.life:
                try:
                    advance(market, order, step)
                except WrongStep:
                    return

        market.world.timers.at(market.world.clock.now() + delay_s, go_on)


def resume(market: ShopifyMarket) -> None:
    """After a restart: plan again what was planned."""
    for order in market.orders.values():
        _live_on(market, order)
