"""The life of an order and what it does to the stock, as the engine's stock functions have it.

`stock_quantity` is what the shop counts: a sale lowers it once, when the order reaches processing, on-hold or completed;
cancelling gives it back. An unpaid order lowers nothing but holds its units from other buyers until it lapses. A written
figure replaces the count: the engine has no compare-and-set, so a writer that has not seen a sale puts its units back on
sale. What unpaid orders hold is kept beside the count and outlives a write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mekong_sandbox.woocommerce.model import Line, Note, Order, Product, Refund
from mekong_sandbox.woocommerce.rows import full_name

if TYPE_CHECKING:
    from mekong_sandbox.woocommerce.market import WooMarket

STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
LOWERING = ("processing", "on-hold", "completed")
RAISING = ("cancelled", "pending")
CANCELLABLE = ("pending", "on-hold", "processing", "failed")
STEPS = {
    "paid": (("pending", "on-hold", "failed"), "processing"),
    "failed": (("pending",), "failed"),
    "completed": (("processing",), "completed"),
    "shipped": (("processing", "completed"), ""),
    "delivered": (("processing", "completed"), ""),
}
"""Where a step may begin and where it leads; "" where the engine, which knows no carrier, does not see it."""
GATEWAYS = {"cod": "Thanh toán khi nhận hàng", "bacs": "Chuyển khoản ngân hàng", "card": "Thẻ ngân hàng"}


class SoldOut(Exception):
    """A line asks for more than can be ordered."""

    def __init__(self, product: Product, available: int) -> None:
        super().__init__(f"product {product.id}: {available} left")
        self.product, self.available = product, available


class WrongStep(Exception):
    """The order is not in a state that allows this; the text says which."""


class Wanted(msgspec.Struct):
    """A line of a purchase. Price in minor units; None = as listed."""

    product: Product
    quantity: int
    price: int | None = None


def buy(
    market: WooMarket,
    shop_id: str,
    wanted: list[Wanted],
    *,
    billing: dict[str, str],
    cod: bool = False,
    unpaid: bool = False,
    note: str = "",
    currency: str = "",
) -> Order:
    """Check out all lines or none. Cash on delivery and paid orders are processing at once, unpaid ones pending.

    Raises: SoldOut.
    """
    asked: dict[int, int] = {}
    for one in wanted:
        holder = market.holder(one.product) or one.product
        asked[holder.id] = asked.get(holder.id, 0) + one.quantity
        available = market.available(one.product)
        if asked[holder.id] > available:
            raise SoldOut(one.product, available)
    world, shop = market.world, market.shops[shop_id]
    stamp = world.clock.stamp()
    number = market.number()
    first = world.number("woocommerce.item", 315, len(wanted) + 1)
    lines = []
    for at, one in enumerate(wanted):
        product = one.product
        parent = market.products.get(product.parent_id)
        price = product.price(world.clock.now()) or 0 if one.price is None else one.price
        numbers = (parent.id, product.id) if parent else (product.id, 0)
        name, of = full_name(market, product), parent.name if parent else None
        lines.append(Line(first + at, name, *numbers, one.quantity, product.sku, price, of))
    method = "cod" if cod else "card"
    order = Order(
        number, shop_id, "pending", lines, stamp, stamp, currency or shop.currency, billing, method, GATEWAYS[method],
        first + len(lines), shop.shipping_fee, note,
    )  # fmt: skip
    for line in lines:
        _hold(market, line, line.quantity)
    order.held_until = world.clock.now() + world.settings.woocommerce_hold_stock_s
    market.add_order(order)
    market.push.order(order, "created")
    if cod or not unpaid:
        change(market, order, "processing")
    else:
        _live_on(market, order)
    return order


def _hold(market: WooMarket, line: Line, units: int) -> None:
    """Keep so many units of a line from other buyers."""
    product = market.products.get(line.sold())
    holder = market.holder(product) if product else None
    if holder is not None and line.held != units:
        holder.held = max(0, holder.held + units - line.held)
        market.world.store.save("woocommerce.product", holder.id, holder)
    line.held = units


def _reduce(market: WooMarket, line: Line, units: int) -> None:
    """Have exactly so many units of a line out of the stock."""
    product = market.products.get(line.sold())
    holder = market.holder(product) if product else None
    if holder is None or line.reduced == units:
        return
    market.put_quantity(holder, (holder.stock_quantity or 0) + line.reduced - units)
    line.reduced = units
    market.save_product(holder)


def change(market: WooMarket, order: Order, status: str) -> None:
    """Set the status, with its effect on stock and dates; journal and tell. Cash on delivery is paid when completed."""
    for line in order.lines:
        if status != "pending":
            _hold(market, line, 0)
        if status in LOWERING and line.reduced == 0:
            _reduce(market, line, line.quantity)
        elif status in RAISING:
            _reduce(market, line, 0)
    stamp = market.world.clock.stamp()
    order.status = status
    if status == "completed":
        order.completed_at = stamp
    paid_by = "completed" if order.payment_method == "cod" else "processing"
    if order.paid_at is None and status in (paid_by, "completed"):
        order.paid_at = stamp
    market.save_order(order)
    _live_on(market, order)


def advance(market: WooMarket, order: Order, to: str) -> None:
    """Let the buyer, the bank or the shop's own staff act. Raises: WrongStep."""
    if to not in STEPS:
        raise WrongStep(f"unknown step {to!r}; known: {', '.join(STEPS)}")
    before, after = STEPS[to]
    if order.status not in before:
        raise WrongStep(f"{to} needs one of {', '.join(before)}; the order is {order.status}")
    if after:
        change(market, order, after)


def cancel(market: WooMarket, order: Order, reason: str) -> None:
    """Cancel before the goods have left, and give the stock back. Raises: WrongStep."""
    if order.status not in CANCELLABLE:
        raise WrongStep(f"an order that is {order.status} cannot be cancelled")
    add_note(market, order, reason)
    change(market, order, "cancelled")


def add_note(market: WooMarket, order: Order, text: str, *, for_customer: bool = False) -> Note:
    """Write a note on an order; that alone does not change the order's date."""
    note = Note(market.world.number("woocommerce.note", 281), text, market.world.clock.stamp(), for_customer)
    order.notes.append(note)
    market.world.store.save("woocommerce.order", order.id, order)
    return note


def refund(
    market: WooMarket,
    order: Order,
    amount: int,
    lines: list[tuple[int, int, int]],
    *,
    reason: str = "",
    restock: bool = True,
    by_gateway: bool = False,
) -> Refund:
    """Give money back, and the units named back to the stock; the whole amount makes the order refunded.

    Args:
        amount: minor units.
        lines: (line id, units, amount of the line).

    Raises: WrongStep.
    """
    left = order.total() - order.refunded()
    if not 0 <= amount <= left:
        raise WrongStep("Invalid refund amount.")
    if by_gateway and order.payment_method in ("cod", "bacs"):
        raise WrongStep("The payment gateway for this order does not support automatic refunds.")
    made = Refund(market.number(), amount, reason, market.world.clock.stamp(), lines, by_gateway)
    order.refunds.append(made)
    for line_id, units, _ in lines:
        line = order.line(line_id)
        if restock and line is not None and line.reduced:
            _reduce(market, line, max(0, line.reduced - units))
    if amount == left:
        order.status = "refunded"
    market.save_order(order)
    return made


def _live_on(market: WooMarket, order: Order) -> None:
    """Unpaid orders lapse; with automatic life on, they are paid."""
    if order.status != "pending":
        return
    settings, clock, timers = market.world.settings, market.world.clock, market.world.timers

    def lapse() -> None:
        if order.status == "pending":
            cancel(market, order, "Unpaid order cancelled - time limit reached.")

    def pay() -> None:
        if order.status == "pending" and market.world.settings.life:
            advance(market, order, "paid")

    timers.at(order.held_until, lapse)
    if settings.life:
        timers.at(clock.now() + settings.life_pay_s, pay)


def resume(market: WooMarket) -> None:
    """After a restart: plan again what was planned."""
    for order in market.orders.values():
        _live_on(market, order)
