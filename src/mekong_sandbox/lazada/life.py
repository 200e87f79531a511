"""The life of an order, unit by unit, and what it does to the stock (protocol notes, sections 5 to 7).

Ordered: withhold up. Paid: withhold to occupy. Ready to ship: occupy and total down. Cancelled before: released.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mekong_sandbox.lazada.model import Order, Product, Sku, Units, split

if TYPE_CHECKING:
    from mekong_sandbox.lazada.market import LazadaMarket

CANCELLABLE = ("unpaid", "pending", "topack", "packed", "repacked", "toship", "ready_to_ship")
STEPS = {
    "paid": (("unpaid",), "pending"),
    "shipped": (("ready_to_ship",), "shipped"),
    "delivered": (("shipped",), "delivered"),
    "failed_delivery": (("shipped",), "failed_delivery"),
    "shipped_back": (("failed_delivery",), "shipped_back"),
    "shipped_back_success": (("shipped_back",), "shipped_back_success"),
    "lost": (("shipped",), "lost_by_3pl"),
    "returned": (("delivered",), "returned"),
}
PACKAGE_STATUS = {"shipped": "TRANSIT_TO_SHIP", "delivered": "DELIVERED", "failed_delivery": "DELIVER_FAILED"}
PACKAGE_STATUS["lost_by_3pl"] = "LOST_BY_3PL"


class SoldOut(Exception):
    """A line asks for more than is sellable."""

    def __init__(self, sku_id: int, sellable: int) -> None:
        super().__init__(f"sku {sku_id}: {sellable} left")
        self.sku_id, self.sellable = sku_id, sellable


class WrongStep(Exception):
    """The units are not in a state that allows this; the text says which."""


class Wanted(msgspec.Struct):
    """A line of a purchase. Price in minor units; None = as listed."""

    product: Product
    sku: Sku
    quantity: int
    price: int | None = None


def buy(
    market: LazadaMarket,
    seller_id: str,
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
    """Place an order for all lines or none, hold its stock, and tell the seller's apps: type 0, one message a unit.

    Raises: SoldOut, when a line asks for more than is sellable.
    """
    asked: dict[int, int] = {}
    for line in wanted:
        asked[line.sku.sku_id] = asked.get(line.sku.sku_id, 0) + line.quantity
        live = line.sku.status == "active" and line.product.status == "Active"
        sellable = line.sku.sellable() if live else 0
        if asked[line.sku.sku_id] > sellable:
            raise SoldOut(line.sku.sku_id, sellable)
    world, seller = market.world, market.sellers[seller_id]
    stamp, now = world.clock.stamp(), world.clock.now()
    status = "unpaid" if unpaid and not cod else "pending"
    stage = "withhold" if status == "unpaid" else "occupy"
    order_id = world.number("lazada.order", 3_400_000_000, 1 + sum(line.quantity for line in wanted))
    runs, unit_id = [], order_id + 1
    for line in wanted:
        left = line.quantity
        market.before_stock_change(line.sku)
        for warehouse, held in line.sku.stock.items():
            count = min(left, held.sellable())
            if count == 0:
                continue
            left -= count
            setattr(held, stage, getattr(held, stage) + count)
            listed = line.sku.price if line.price is None else line.price
            paid = line.sku.selling_price(now) if line.price is None else line.price
            runs.append(
                Units(
                    unit_id,
                    count,
                    line.product.item_id,
                    line.sku.sku_id,
                    line.sku.seller_sku,
                    line.product.name,
                    line.sku.name,
                    listed,
                    paid,
                    warehouse,
                    status,
                    stage,
                    updated_at=stamp,
                )
            )
            unit_id += count
        market.save_product(line.product)
    order = Order(
        order_id,
        seller_id,
        runs,
        stamp,
        stamp,
        currency or seller.currency,
        buyer_name,
        buyer_phone,
        str(100_000 + order_id % 900_000),
        cod=cod,
        note=note,
        address=address or {},
    )
    market.add_order(order)
    market.push.units_changed(order, runs)
    _live_on(market, order)
    return order


def _rehold(market: LazadaMarket, run: Units, stage: str, *, gone: bool = False) -> None:
    """Move a run's units from where they are held to `stage`; `gone` when they leave the stock."""
    found = market.skus.get(run.sku_id)
    if found is None or run.stage == stage:
        run.stage = stage
        return
    product, sku = found
    held = sku.stock[run.warehouse]
    market.before_stock_change(sku)
    if run.stage:
        setattr(held, run.stage, max(0, getattr(held, run.stage) - run.count))
    if stage:
        setattr(held, stage, getattr(held, stage) + run.count)
    if gone:
        held.total = max(0, held.total - run.count)
    run.stage = stage
    market.save_product(product)


def change(market: LazadaMarket, order: Order, runs: list[Units], status: str, *, reason: str = "") -> None:
    """Set the status of some units, with its effect on the stock, journal and tell."""
    stamp = market.world.clock.stamp()
    for run in runs:
        if status == "canceled":
            _rehold(market, run, "")
        elif status == "pending":
            _rehold(market, run, "occupy")
        elif status == "ready_to_ship":
            _rehold(market, run, "", gone=True)
        run.status, run.updated_at = status, stamp
        if status == "delivered":
            run.delivered_at = stamp
        run.reason = reason or run.reason
    market.save_order(order)
    market.push.units_changed(order, runs)
    for package_id in dict.fromkeys(run.package_id for run in runs if run.package_id):
        told = "CANCELLED" if status == "canceled" else PACKAGE_STATUS.get(status)
        if status == "ready_to_ship":
            told = "READY_TO_SHIP"
        if told:
            market.push.package(order, package_id, told)
    _live_on(market, order)


def chosen(order: Order, unit_ids: list[int] | None) -> list[Units]:
    """Runs that hold exactly the units given; all when none are given. Raises: WrongStep."""
    if not unit_ids:
        return list(order.units)
    missing = [unit_id for unit_id in unit_ids if order.find(unit_id) is None]
    if missing:
        raise WrongStep(f"order item {missing[0]} is not of order {order.order_id}")
    return split(order, set(unit_ids))


def cancel(market: LazadaMarket, order: Order, unit_ids: list[int] | None, reason: str) -> list[Units]:
    """Cancel units and release their stock. Raises: WrongStep."""
    runs = [run for run in chosen(order, unit_ids) if unit_ids or run.status != "canceled"]
    bad = [run.status for run in runs if run.status not in CANCELLABLE]
    if bad or not runs:
        raise WrongStep(f"units in {bad[0] if bad else 'canceled'} cannot be cancelled")
    change(market, order, runs, "canceled", reason=reason)
    return runs


def advance(market: LazadaMarket, order: Order, to: str, unit_ids: list[int] | None = None) -> None:
    """Let the world outside act on the units that allow it. Raises: WrongStep."""
    if to not in STEPS:
        raise WrongStep(f"unknown step {to!r}; known: {', '.join(STEPS)}")
    before, after = STEPS[to]
    runs = [run for run in chosen(order, unit_ids) if run.status in before]
    if not runs:
        raise WrongStep(f"{to} needs units in {', '.join(before)}; the order has {', '.join(order.statuses())}")
    change(market, order, runs, after)


def pack(market: LazadaMarket, order: Order, runs: list[Units], provider: str) -> str:
    """Put units in a parcel. Returns the package id. Raises: WrongStep."""
    bad = [run.status for run in runs if run.status not in ("pending", "topack", "repacked")]
    if bad or not runs:
        raise WrongStep(f"only pending or repacked units can be packed, not {bad[0] if bad else 'none'}")
    number = market.world.number("lazada.package", 1_000_001)
    package_id, tracking = f"FP{number:07d}", f"{provider.replace(' ', '')}{number:09d}"
    for run in runs:
        run.package_id, run.tracking = package_id, tracking
    market.packages[package_id] = order.order_id
    change(market, order, runs, "packed")
    return package_id


def ready(market: LazadaMarket, package_id: str) -> Order:
    """Declare a parcel ready to ship: its units leave the stock. Raises: WrongStep."""
    order = market.orders.get(market.packages.get(package_id, 0))
    runs = [run for run in order.units if run.package_id == package_id] if order else []
    runs = [run for run in runs if run.status != "canceled"]
    if order is None or not runs:
        raise WrongStep("package not found")
    bad = [run.status for run in runs if run.status != "packed"]
    if bad:
        raise WrongStep(f"only packed units can be ready to ship, not {bad[0]}")
    change(market, order, runs, "ready_to_ship")
    return order


def _live_on(market: LazadaMarket, order: Order) -> None:
    """Unpaid orders lapse; with automatic life on, plan the next step of the order."""
    settings, clock, timers = market.world.settings, market.world.clock, market.world.timers
    statuses = set(order.statuses())
    if "unpaid" in statuses:

        def lapse() -> None:
            runs = [run for run in order.units if run.status == "unpaid"]
            if runs:
                change(market, order, runs, "canceled", reason="Payment was not completed")

        created_s = clock.stamp() - order.created_at
        timers.at(clock.now() - created_s + settings.lazada_unpaid_release_s, lapse)
    plan = {
        "unpaid": ("paid", settings.life_pay_s),
        "ready_to_ship": ("shipped", settings.life_pickup_s),
        "shipped": ("delivered", settings.life_deliver_s),
    }
    for status in statuses & set(plan) if settings.life else ():
        step, delay_s = plan[status]

        def go_on(status: str = status, step: str = step) -> None:
            if status in order.statuses() and market.world.settings.life:
                advance(market, order, step)

        timers.at(clock.now() + delay_s, go_on)


def resume(market: LazadaMarket) -> None:
    """After a restart: plan again what was planned."""
    for order in market.orders.values():
        _live_on(market, order)
