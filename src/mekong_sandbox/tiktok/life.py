"""The life of an order, unit by unit, and what it does to the stock (protocol notes, sections 4 to 6).

Ordered: units go from available to committed. Fetched by the carrier: committed falls. Cancelled before: back to
available. A written quantity is what is available from then on and leaves the committed units alone, so no write loses
a sale: the sale is in `committed`, and in the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mekong_sandbox.tiktok import promotions
from mekong_sandbox.tiktok.model import Order, Package, Product, Sku, Units, split
from mekong_sandbox.tiktok.promotions import Promotion

if TYPE_CHECKING:
    from mekong_sandbox.tiktok.market import TikTokMarket

CANCELLABLE = ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "AWAITING_COLLECTION")
STEPS = {
    "paid": ("UNPAID", ""),
    "released": ("ON_HOLD", "AWAITING_SHIPMENT"),
    "arranged": ("AWAITING_SHIPMENT", "AWAITING_COLLECTION"),
    "shipped": ("AWAITING_COLLECTION", "IN_TRANSIT"),
    "delivered": ("IN_TRANSIT", "DELIVERED"),
    "completed": ("DELIVERED", "COMPLETED"),
    "failed_delivery": ("IN_TRANSIT", "CANCELLED"),
}
PACKAGE_STATUS = {
    "AWAITING_COLLECTION": "PROCESSING",
    "IN_TRANSIT": "FULFILLING",
    "DELIVERED": "COMPLETED",
    "COMPLETED": "COMPLETED",
}
TRACK = {
    "AWAITING_COLLECTION": "Người bán đã chuẩn bị hàng",
    "IN_TRANSIT": "Đơn vị vận chuyển đã lấy hàng",
    "DELIVERED": "Giao hàng thành công",
    "CANCELLED": "Đơn hàng đã bị hủy",
}
PROVIDER_ID, PROVIDER = "6841743441349706241", "J&T Express"


class SoldOut(Exception):
    """A line asks for more than is available."""

    def __init__(self, sku_id: str, available: int) -> None:
        super().__init__(f"sku {sku_id}: {available} left")
        self.sku_id, self.available = sku_id, available


class OverLimit(Exception):
    """A line asks for more than one buyer may have at the price of an activity."""

    def __init__(self, sku_id: str, limit: int) -> None:
        super().__init__(f"sku {sku_id}: at most {limit} at the price of its activity")
        self.sku_id, self.limit = sku_id, limit


class WrongStep(Exception):
    """The units are not in a state that allows this; the text says which."""


class Wanted(msgspec.Struct):
    """A line of a purchase. Price in minor units; None = as listed."""

    product: Product
    sku: Sku
    quantity: int
    price: int | None = None


class Shipment(msgspec.Struct):
    """How a parcel is handed over. `tracking` and `provider_id`: of the seller's own carrier."""

    handover_method: str = "PICKUP"
    slot: tuple[int, int] | None = None
    tracking: str = ""
    provider_id: str = ""


def _promoted(market: TikTokMarket, wanted: list[Wanted]) -> list[Promotion | None]:
    """The activity each line is sold in, as long as the units set apart for it last. Raises: OverLimit."""
    found: list[Promotion | None] = []
    taken: dict[int, int] = {}
    for line in wanted:
        one = promotions.ongoing(market, line.product.product_id, line.sku) if line.price is None else None
        if one is not None:
            units = taken.get(id(one.terms), 0) + line.quantity
            if 0 < one.terms.per_user < units:
                raise OverLimit(line.sku.sku_id, one.terms.per_user)
            left = one.terms.left()
            if left is not None and left < units:
                one = None
            else:
                taken[id(one.terms)] = units
        found.append(one)
    return found


def buy(
    market: TikTokMarket,
    shop_id: str,
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
    """Place an order for all lines or none, commit its stock, and tell the shop's apps: type 1, once.

    Raises: SoldOut, when a line asks for more than is available; OverLimit.
    """
    asked: dict[str, int] = {}
    for line in wanted:
        asked[line.sku.sku_id] = asked.get(line.sku.sku_id, 0) + line.quantity
        available = line.sku.available() if line.product.status == "ACTIVATE" else 0
        if asked[line.sku.sku_id] > available:
            raise SoldOut(line.sku.sku_id, available)
    promoted = _promoted(market, wanted)
    world, shop = market.world, market.shops[shop_id]
    stamp = world.clock.stamp()
    order = Order(
        str(world.number("tiktok.order", 576_461_413_038_785_752)),
        shop_id,
        [],
        stamp,
        stamp,
        currency or shop.currency,
        buyer_name,
        buyer_phone,
        str(world.number("tiktok.buyer", 7_021_436_810_468_230_477)),
        shop.shipping_type,
        cod=cod,
        note=note,
        address=address or {},
    )
    unit_id = world.number("tiktok.unit", 577_086_512_123_755_123, sum(line.quantity for line in wanted))
    for line, promotion in zip(wanted, promoted, strict=True):
        if promotion is not None:
            line.price = promotion.price
            promotion.terms.sold += line.quantity
            market.save_activity(promotion.activity, changed=False)
        order.units += _commit(market, line, unit_id)
        unit_id += line.quantity
        market.save_product(line.product)
    market.add_order(order)
    if unpaid and not cod:
        market.push.order_status(order)
        _live_on(market, order)
    else:
        _accept(market, order)
    return order


def _commit(market: TikTokMarket, line: Wanted, first: int) -> list[Units]:
    """Take a line's units from the warehouses in their order, and return them."""
    product, sku, left = line.product, line.sku, line.quantity
    image = sku.image or (product.images[0] if product.images else "")
    price = sku.price if line.price is None else line.price
    runs = []
    market.before_stock_change(sku)
    for warehouse_id, held in sku.stock.items():
        count = min(left, held.available)
        if count == 0:
            continue
        held.available -= count
        held.committed += count
        runs.append(
            Units(
                first + line.quantity - left,
                count,
                product.product_id,
                sku.sku_id,
                sku.seller_sku,
                product.title,
                sku.name(),
                image,
                max(sku.price, price),
                price,
                warehouse_id,
                "UNPAID",
            )
        )
        left -= count
    return runs


def _accept(market: TikTokMarket, order: Order) -> None:
    """The order is paid, or to be paid on delivery: it is on hold for a while where that is set, else to be shipped."""
    clock, hold_s = market.world.clock, market.world.settings.tiktok_hold_s
    if not order.cod:
        order.paid_at = clock.stamp()
    if hold_s > 0:
        order.hold_ends = clock.now() + hold_s
    change(market, order, list(order.units), "ON_HOLD" if hold_s > 0 else "AWAITING_SHIPMENT")


def _leave(market: TikTokMarket, run: Units, *, give_back: bool) -> None:
    """End a run's claim on the stock; `give_back` when the units can be sold again."""
    found = market.skus.get(run.sku_id)
    if not run.is_held or found is None:
        return
    product, sku = found
    market.before_stock_change(sku)
    held = sku.stock[run.warehouse_id]
    held.committed -= run.count
    if give_back:
        held.available += run.count
    run.is_held = False
    market.save_product(product)


def change(
    market: TikTokMarket, order: Order, runs: list[Units], status: str, *, by: str = "", reason: str = ""
) -> None:
    """Set the status of some units, with its effect on stock and parcels; journal, and tell when the order's changed."""
    before, stamp = order.status(), market.world.clock.stamp()
    for run in runs:
        if status in ("CANCELLED", "IN_TRANSIT"):
            _leave(market, run, give_back=status == "CANCELLED")
        if status == "CANCELLED":
            run.cancel_user, run.cancel_reason = by, reason
        run.status = status
    if status == "AWAITING_SHIPMENT":
        _pack(market, order, runs, stamp)
    split_packages = _follow(order, {run.package_id for run in runs}, status, stamp)
    _stamp(order, status, stamp, by, reason)
    market.save_order(order)
    for package_id in split_packages:
        market.push.package_split(order, package_id, f"ROLE_{'USER' if by == 'BUYER' else by}")
    if order.status() != before:
        market.push.order_status(order)
    if status in ("CANCELLED", "IN_TRANSIT"):
        end_wish(market, order)
    _live_on(market, order)


def _pack(market: TikTokMarket, order: Order, runs: list[Units], stamp: float) -> None:
    """A parcel for each warehouse, as the platform makes them when an order can be shipped."""
    made: dict[str, Package] = {}
    for run in runs:
        if run.warehouse_id not in made:
            package_id = str(market.world.number("tiktok.package", 1_152_921_504_606_846_976))
            made[run.warehouse_id] = Package(package_id, run.warehouse_id, stamp, stamp)
            market.packages[package_id] = order
        run.package_id = made[run.warehouse_id].package_id
    order.packages += made.values()


def _follow(order: Order, package_ids: set[str], status: str, stamp: float) -> list[str]:
    """Parcels take the status of their units. Returns those that lost some units but not all."""
    split_packages = []
    for package in order.packages:
        if package.package_id not in package_ids:
            continue
        package.updated_at = stamp
        if status != "CANCELLED":
            package.status = PACKAGE_STATUS.get(status, package.status)
        elif all(run.status == "CANCELLED" for run in order.units if run.package_id == package.package_id):
            package.status = "CANCELLED"
        else:
            split_packages.append(package.package_id)
    return split_packages


def _stamp(order: Order, status: str, stamp: float, by: str, reason: str) -> None:
    if status == "AWAITING_COLLECTION":
        order.arranged_at = stamp
    elif status == "IN_TRANSIT":
        order.collected_at = stamp
    elif status == "DELIVERED":
        order.delivered_at = stamp
        order.paid_at = order.paid_at or stamp
    elif order.status() == "CANCELLED":
        order.cancelled_at, order.cancel_by, order.cancel_reason = stamp, by, reason
    if status in TRACK and order.status() in (status, "PARTIALLY_SHIPPING"):
        order.track.append((stamp, TRACK[status]))


def end_wish(market: TikTokMarket, order: Order) -> None:
    """A wish to cancel that is still open has become idle: units were cancelled, or the carrier has the parcel."""
    if order.cancel_asked_at:
        order.cancel_asked_at = 0.0
        for one in market.aftersales.values():
            if one.order_id == order.order_id and one.status == "CANCELLATION_REQUEST_PENDING":
                market.move_aftersale(one, "CANCELLATION_REQUEST_CANCEL", "SYSTEM")
        market.save_order(order)


def chosen(order: Order, unit_ids: list[int] | None) -> list[Units]:
    """Runs that hold exactly the units given; all when none are given. Raises: WrongStep."""
    if not unit_ids:
        return list(order.units)
    known = {unit_id for run in order.units for unit_id in run.ids()}
    missing = [unit_id for unit_id in unit_ids if unit_id not in known]
    if missing:
        raise WrongStep(f"line item {missing[0]} is not of order {order.order_id}")
    return split(order, set(unit_ids))


def cancellable(order: Order, unit_ids: list[int] | None) -> list[Units]:
    """The units to cancel, those already cancelled left out when none are named. Raises: WrongStep."""
    runs = [run for run in chosen(order, unit_ids) if unit_ids or run.status != "CANCELLED"]
    bad = [run.status for run in runs if run.status not in CANCELLABLE]
    if bad or not runs:
        raise WrongStep(f"units in {bad[0] if bad else 'CANCELLED'} cannot be cancelled")
    return runs


def arrange(market: TikTokMarket, order: Order, package: Package, shipment: Shipment) -> None:
    """The seller hands a parcel over: the carrier is called, a tracking number given. Raises: WrongStep."""
    if package.status != "TO_FULFILL":
        raise WrongStep(f"a package in {package.status} cannot be shipped")
    if order.shipping_type == "SELLER":
        if not shipment.tracking or not shipment.provider_id:
            raise WrongStep("self_shipment needs tracking_number and shipping_provider_id")
        package.tracking, package.provider_id = shipment.tracking, shipment.provider_id
        package.provider = PROVIDER if shipment.provider_id == PROVIDER_ID else "Other"
    else:
        package.tracking = str(market.world.number("tiktok.tracking", 840_000_000_001))
        package.provider_id, package.provider = PROVIDER_ID, PROVIDER
    package.handover_method, package.slot = shipment.handover_method, shipment.slot
    runs = [run for run in order.units if run.package_id == package.package_id and run.status == "AWAITING_SHIPMENT"]
    change(market, order, runs, "AWAITING_COLLECTION")


def advance(market: TikTokMarket, order: Order, to: str) -> None:
    """Let the world outside, or the seller without the API, act on the units that allow it. Raises: WrongStep."""
    if to not in STEPS:
        raise WrongStep(f"unknown step {to!r}; known: {', '.join(STEPS)}")
    before, after = STEPS[to]
    runs = [run for run in order.units if run.status == before]
    if not runs:
        raise WrongStep(f"{to} needs units in {before}; the order is in {order.status()}")
    if to == "paid":
        _accept(market, order)
    elif to == "arranged":
        own = Shipment(tracking=f"SELF{order.order_id}", provider_id=PROVIDER_ID)
        for package in [one for one in order.packages if one.status == "TO_FULFILL"]:
            arrange(market, order, package, own)
    else:
        failed = to == "failed_delivery"
        change(market, order, runs, after, by="SYSTEM" if failed else "", reason="Delivery failed" if failed else "")


def _live_on(market: TikTokMarket, order: Order) -> None:
    """A hold ends by itself; with automatic life on, plan the next step of the order."""
    settings, clock, timers = market.world.settings, market.world.clock, market.world.timers
    status = order.status()
    plan = {
        "UNPAID": ("paid", settings.life_pay_s),
        "AWAITING_COLLECTION": ("shipped", settings.life_pickup_s),
        "IN_TRANSIT": ("delivered", settings.life_deliver_s),
        "DELIVERED": ("completed", settings.life_complete_s),
    }
    if status == "ON_HOLD":
        step, due = "released", order.hold_ends
    elif settings.life and status in plan:
        step, due = plan[status][0], clock.now() + plan[status][1]
    else:
        return

    def go_on() -> None:
        if order.status() == status and (status == "ON_HOLD" or market.world.settings.life):
            advance(market, order, step)

    timers.at(due, go_on)


def resume(market: TikTokMarket) -> None:
    """After a restart: plan again what was planned."""
    for order in market.orders.values():
        _live_on(market, order)
