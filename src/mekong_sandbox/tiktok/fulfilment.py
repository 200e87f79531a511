"""Parcels: slots, shipping, labels, traces (protocol notes, section 6)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from mekong_sandbox.http import Reply, Request, json_reply
from mekong_sandbox.label import label_pdf
from mekong_sandbox.tiktok import codes, life
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import Order, Package
from mekong_sandbox.tiktok.orders import DAY_S, DELIVERY_OPTION_ID, address_of, own_order
from mekong_sandbox.tiktok.wire import Key, page, within

if TYPE_CHECKING:
    from mekong_sandbox.tiktok.market import TikTokMarket

LABELS = "/tiktok/labels/"
LABEL_LIFE_S = DAY_S
STATUSES = ("TO_FULFILL", "PROCESSING", "FULFILLING", "COMPLETED", "CANCELLED")
DOCUMENTS = ("SHIPPING_LABEL", "PACKING_SLIP", "SHIPPING_LABEL_AND_PACKING_SLIP")
MORNING_S = 2 * 3600
"""Nine o'clock in Vietnam, in seconds of a UTC day."""


class Slot(msgspec.Struct):
    start_time: int
    end_time: int


class SelfShipment(msgspec.Struct):
    tracking_number: str
    shipping_provider_id: str


class Handover(msgspec.Struct):
    handover_method: Literal["PICKUP", "DROP_OFF"] = "PICKUP"
    pickup_slot: Slot | None = None
    self_shipment: SelfShipment | None = None

    def shipment(self) -> life.Shipment:
        slot, own = self.pickup_slot, self.self_shipment
        if slot is not None and slot.end_time <= slot.start_time:
            raise codes.invalid("pickup_slot must end after it starts.")
        return life.Shipment(
            self.handover_method,
            (slot.start_time, slot.end_time) if slot else None,
            own.tracking_number if own else "",
            own.shipping_provider_id if own else "",
        )


class Handed(Handover, kw_only=True):
    id: str


class Batch(msgspec.Struct):
    packages: list[Handed]


class Search(msgspec.Struct):
    package_status: str = ""
    create_time_ge: int | None = None
    create_time_lt: int | None = None
    update_time_ge: int | None = None
    update_time_lt: int | None = None


def _own(call: Call, package_id: str) -> tuple[Order, Package]:
    """A parcel of the calling shop with its order. Raises: Refused."""
    order = call.market.packages.get(package_id)
    package = order.package(package_id) if order else None
    if order is None or package is None or order.shop_id != call.shop.shop_id:
        raise Refused(codes.PACKAGE_NOT_FOUND, "The package does not exist.")
    return order, package


def handover_time_slots(call: Call) -> dict[str, Any]:
    """Mornings of the next days. The platform spells `avaliable` so."""
    _own(call, call.ids[0])
    today = int(call.world.clock.stamp()) // DAY_S * DAY_S
    slots = [
        {"start_time": start, "end_time": start + 4 * 3600, "avaliable": True}
        for start in (today + day * DAY_S + MORNING_S for day in (1, 2, 3))
    ]
    return {"can_pickup": True, "can_drop_off": True, "can_van_collection": False, "pickup_slots": slots}


def _ship(call: Call, package_id: str, handover: Handover) -> None:
    order, package = _own(call, package_id)
    shipment = handover.shipment()
    if order.shipping_type == "SELLER" and not (shipment.tracking and shipment.provider_id):
        raise Refused(codes.SHIPMENT_INCOMPLETE, "self_shipment is required for packages shipped by the seller.")
    try:
        life.arrange(call.market, order, package, shipment)
    except life.WrongStep as wrong:
        raise Refused(codes.PACKAGE_STATUS, str(wrong)) from None


def ship(call: Call) -> dict[str, Any]:
    """Hand over one parcel."""
    _ship(call, call.ids[0], call.body(Handover))
    return {}


def ship_batch(call: Call) -> dict[str, Any]:
    """Hand over several; those that cannot be are named in `errors`."""
    errors = []
    for one in call.body(Batch).packages:
        try:
            _ship(call, one.id, one)
        except Refused as refused:
            errors.append({"code": refused.code, "message": refused.message, "detail": {"package_id": one.id}})
    return {"errors": errors} if errors else {}


def _units(order: Order, package: Package) -> list[str]:
    return [str(one) for run in order.units if run.package_id == package.package_id for one in run.ids()]


def get_package(call: Call) -> dict[str, Any]:
    """One parcel."""
    order, package = _own(call, call.ids[0])
    runs = [run for run in order.units if run.package_id == package.package_id]
    skus = [{"id": run.sku_id, "name": run.sku_name, "image_url": run.image, "quantity": run.count} for run in runs]
    row: dict[str, Any] = {
        "package_id": package.package_id,
        "package_status": package.status,
        "orders": [{"id": order.order_id, "skus": skus}],
        "order_line_item_ids": _units(order, package),
        "has_multi_skus": len({run.sku_id for run in runs}) > 1,
        "split_and_combine_tag": "DEFAULT",
        "shipping_type": order.shipping_type,
        "shipping_provider_id": package.provider_id,
        "shipping_provider_name": package.provider,
        "delivery_option_id": DELIVERY_OPTION_ID,
        "delivery_option_name": "Standard Shipping",
        "tracking_number": package.tracking,
        "handover_method": package.handover_method,
        "recipient_address": address_of(order),
        "warehouse_id": package.warehouse_id,
        "create_time": int(package.created_at),
        "update_time": int(package.updated_at),
    }
    if package.slot:
        row["pickup_slot"] = {"start_time": package.slot[0], "end_time": package.slot[1]}
    return row


def search(call: Call) -> dict[str, Any]:
    """A page of parcels, oldest first or last."""
    size, wanted = call.page_size(), call.body(Search)
    descending = call.choice("sort_order", "DESC", "ASC") == "DESC"
    by_update = call.choice("sort_field", "create_time", "update_time") == "update_time"
    if wanted.package_status and wanted.package_status not in STATUSES:
        raise codes.invalid(f"Invalid package_status. It must be one of {', '.join(STATUSES)}.")

    def place(pair: tuple[Order, Package]) -> Key:
        return pair[1].updated_at if by_update else pair[1].created_at, pair[1].package_id

    found = [
        (order, package)
        for order in call.market.shop_orders.get(call.shop.shop_id, [])
        for package in order.packages
        if wanted.package_status in ("", package.status)
        and within(package.created_at, wanted.create_time_ge, wanted.create_time_lt)
        and within(package.updated_at, wanted.update_time_ge, wanted.update_time_lt)
    ]
    found.sort(key=place)
    rows, further = page(found, place, size, call.sent.get("page_token", ""), descending=descending)
    packages = [
        {
            "id": package.package_id,
            "orders": [{"id": order.order_id}],
            "order_line_item_ids": _units(order, package),
            "status": package.status,
            "tracking_number": package.tracking,
            "shipping_provider_id": package.provider_id,
            "shipping_provider_name": package.provider,
            "create_time": int(package.created_at),
            "update_time": int(package.updated_at),
        }
        for order, package in rows
    ]
    return {"packages": packages, "next_page_token": further, "total_count": len(found)}


def get_tracking(call: Call) -> dict[str, Any]:
    """What happened to an order's parcels, the latest first."""
    order = own_order(call, call.ids[0])
    rows = [{"description": text, "update_time_millis": int(stamp * 1000)} for stamp, text in reversed(order.track)]
    return {"tracking": rows}


# -- labels


def _label_sign(market: TikTokMarket, package_id: str, until: str) -> str:
    """What makes a label's address good: only the stand-in knows the shop's cipher and the buyer's number together."""
    order = market.packages[package_id]
    secret = f"{market.shops[order.shop_id].cipher}{order.buyer_id}"
    return hmac.digest(secret.encode(), f"{package_id} {until}".encode(), "sha256").hex()


def shipping_documents(call: Call) -> dict[str, Any]:
    """Where the label of a parcel can be fetched for 24 hours, by anyone who has the address."""
    if call.text("document_type") not in DOCUMENTS:
        raise codes.invalid(f"Invalid document_type. It must be one of {', '.join(DOCUMENTS)}.")
    call.choice("document_size", "A6", "A5")
    order, package = _own(call, call.ids[0])
    if order.shipping_type == "SELLER":
        raise Refused(codes.NO_LABEL, "Packages shipped by the seller have no label of the platform.")
    if package.status in ("TO_FULFILL", "CANCELLED"):
        raise Refused(codes.PACKAGE_STATUS, f"A package in {package.status} has no label.")
    until = str(int(call.world.clock.now()) + LABEL_LIFE_S)
    sign = _label_sign(call.market, package.package_id, until)
    host = call.request.headers.get("host", "localhost")
    url = f"http://{host}{LABELS}{package.package_id}.pdf?until={until}&sign={sign}"
    return {"doc_url": url, "tracking_number": package.tracking}


def label(market: TikTokMarket, request: Request) -> Reply:
    """The label itself."""
    package_id, sent = request.path.removeprefix(LABELS).removesuffix(".pdf"), dict(request.pairs())
    until, order = sent.get("until", ""), market.packages.get(package_id)
    package = order.package(package_id) if order else None
    if order is None or package is None:
        return json_reply({"error": "not_found", "message": "There is no such label."}, 404)
    good = hmac.compare_digest(sent.get("sign", "").encode(), _label_sign(market, package_id, until).encode())
    if not good or int(until) < market.world.clock.now():
        return json_reply({"error": "forbidden", "message": "The address of the label has run out."}, 403)
    lines = [f"Package {package_id}", f"Order {order.order_id}", f"{package.provider} {package.tracking}"]
    return Reply(label_pdf(lines), content_type="application/pdf")
