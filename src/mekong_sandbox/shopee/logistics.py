"""Shipping: parameters, hand-over, tracking number, waybill (protocol notes, section 7)."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from mekong_sandbox.http import Reply
from mekong_sandbox.label import label_pdf
from mekong_sandbox.shopee import life
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.model import Order
from mekong_sandbox.shopee.orders import own_order

ADDRESS_ID = 2001
NOT_THERE = "logistics.invalid_error"
WAYBILLS = (
    "NORMAL_AIR_WAYBILL",
    "THERMAL_AIR_WAYBILL",
    "NORMAL_JOB_AIR_WAYBILL",
    "THERMAL_JOB_AIR_WAYBILL",
    "THERMAL_UNPACKAGED_LABEL",
)


class NonIntegrated(msgspec.Struct):
    tracking_number: str


class ShipBody(msgspec.Struct):
    order_sn: str
    package_number: str = ""
    pickup: dict[str, Any] | None = None
    dropoff: dict[str, Any] | None = None
    non_integrated: NonIntegrated | None = None


class DocumentOrder(msgspec.Struct):
    order_sn: str
    package_number: str = ""
    tracking_number: str = ""
    shipping_document_type: str = ""


class DocumentBody(msgspec.Struct):
    order_list: list[DocumentOrder]
    shipping_document_type: str = ""


def _slots(call: Call) -> list[dict[str, Any]]:
    today = int(call.world.clock.stamp()) // 86400 * 86400
    days = [today + day * 86400 for day in (1, 2)]
    return [{"date": day, "pickup_time_id": str(day), "time_text": "", "flags": ["recommended"]} for day in days]


def get_shipping_parameter(call: Call) -> Answer:
    """How this order may be handed over: pick-up or drop-off."""
    own_order(call, call.text("order_sn"), NOT_THERE)
    address = {
        "address_id": ADDRESS_ID,
        "region": call.shop.region,
        "state": "",
        "city": "Hồ Chí Minh",
        "district": "Quận 3",
        "town": "",
        "address": "1 Võ Văn Tần",
        "zipcode": "",
        "address_flag": ["default_address", "pickup_address"],
        "time_slot_list": _slots(call),
    }
    return {
        "info_needed": {"pickup": ["address_id", "pickup_time_id"], "dropoff": []},
        "pickup": {"address_list": [address]},
        "dropoff": {"branch_list": [], "slug_list": []},
    }


def ship_order(call: Call) -> Answer:
    """Hand the order over to the carrier: exactly one of pickup, dropoff, non_integrated."""
    body = call.body(ShipBody)
    order = own_order(call, body.order_sn, NOT_THERE)
    ways = [way for way in (body.pickup, body.dropoff, body.non_integrated) if way is not None]
    if len(ways) != 1:
        raise Refused("logistics.error_param", "Exactly one of pickup, dropoff, non_integrated is required.")
    if body.pickup is not None:
        slots = {slot["pickup_time_id"] for slot in _slots(call)}
        if str(body.pickup.get("address_id")) != str(ADDRESS_ID) or str(body.pickup.get("pickup_time_id")) not in slots:
            raise Refused("logistics.error_param", "address_id or pickup_time_id is invalid.")
    if body.package_number and body.package_number != order.package.number:
        raise Refused("logistics.package_not_exist", "The package is not exist.")
    try:
        life.arrange(call.market, order, body.non_integrated.tracking_number if body.non_integrated else "")
    except life.WrongStep as wrong:
        raise Refused("logistics.ship_order_invalid_status", f"{wrong}.") from None
    return None


def _tracking(call: Call, order: Order) -> str:
    ready = order.package.tracking and order.package.tracking_at <= call.world.clock.now()
    return order.package.tracking if ready else ""


def get_tracking_number(call: Call) -> Answer:
    """The tracking number; empty with a hint while the carrier has not given one."""
    order = own_order(call, call.text("order_sn"), NOT_THERE)
    number = _tracking(call, order)
    return {
        "tracking_number": number,
        "first_mile_tracking_number": "",
        "last_mile_tracking_number": "",
        "plp_number": "",
        "hint": "" if number else "Tracking number is pending from the 3PL, please try again later.",
        "pickup_code": "",
    }


def get_tracking_info(call: Call) -> Answer:
    """Where the parcel is."""
    order = own_order(call, call.text("order_sn"), NOT_THERE)
    event = {
        "update_time": int(order.updated_at),
        "description": time.strftime("%H:%M", time.gmtime(order.updated_at)),
        "logistics_status": order.package.status.removeprefix("LOGISTICS_"),
    }
    return {
        "order_sn": order.order_sn,
        "package_number": order.package.number,
        "logistics_status": order.package.status,
        "tracking_info": [event],
    }


def _document_orders(call: Call) -> list[tuple[DocumentOrder, Order | None]]:
    body = call.body(DocumentBody)
    if not 1 <= len(body.order_list) <= 50:
        raise Refused("logistics.error_param", "order_list must hold 1 to 50 orders.")
    found = []
    for asked in body.order_list:
        order = call.market.orders.get(asked.order_sn)
        found.append((asked, order if order and order.shop_id == call.shop.shop_id else None))
    return found


def _failed(asked: DocumentOrder, error: str, message: str) -> dict[str, Any]:
    return {
        "order_sn": asked.order_sn,
        "package_number": asked.package_number,
        "fail_error": error,
        "fail_message": message,
    }


def _batch(rows: list[dict[str, Any]]) -> Answer:
    if rows and all(row.get("fail_error") for row in rows):
        raise Refused("common.batch_api_all_failed", "All failed.", response={"result_list": rows})
    return {"result_list": rows}


def get_shipping_document_parameter(call: Call) -> Answer:
    """Which waybills can be made."""
    rows: list[dict[str, Any]] = []
    for asked, order in _document_orders(call):
        if order is None:
            rows.append(_failed(asked, NOT_THERE, "The order is not exist."))
            continue
        rows.append(
            {
                "order_sn": order.order_sn,
                "package_number": order.package.number,
                "suggest_shipping_document_type": "THERMAL_AIR_WAYBILL",
                "selectable_shipping_document_type": ["NORMAL_AIR_WAYBILL", "THERMAL_AIR_WAYBILL"],
            }
        )
    return _batch(rows)


def create_shipping_document(call: Call) -> Answer:
    """Ask for waybills; they take a moment."""
    rows: list[dict[str, Any]] = []
    for asked, order in _document_orders(call):
        kind = asked.shipping_document_type or "NORMAL_AIR_WAYBILL"
        if order is None:
            rows.append(_failed(asked, NOT_THERE, "The order is not exist."))
        elif kind not in WAYBILLS:
            rows.append(_failed(asked, "logistics.error_param", "shipping_document_type is invalid."))
        elif not _tracking(call, order) or asked.tracking_number not in ("", order.package.tracking):
            rows.append(_failed(asked, "logistics.tracking_number_invalid", "The tracking number is invalid."))
        elif order.status not in ("PROCESSED", "SHIPPED"):
            rows.append(_failed(asked, "logistics.package_can_not_print", "The package can not print now."))
        else:
            order.package.document_at = call.world.clock.now() + call.world.settings.shopee_document_delay_s
            call.world.store.save("shopee.order", order.order_sn, order)
            rows.append({"order_sn": order.order_sn, "package_number": order.package.number})
    return _batch(rows)


def get_shipping_document_result(call: Call) -> Answer:
    """Whether the waybills are ready."""
    rows: list[dict[str, Any]] = []
    for asked, order in _document_orders(call):
        if order is None:
            rows.append(_failed(asked, NOT_THERE, "The order is not exist."))
            continue
        at = order.package.document_at
        status = "READY" if at and at <= call.world.clock.now() else "PROCESSING" if at else "FAILED"
        row = {"order_sn": order.order_sn, "package_number": order.package.number, "status": status}
        if status == "FAILED":
            row |= {"fail_error": "logistics.shipping_document_should_print_first", "fail_message": "Create it first."}
        rows.append(row)
    return _batch(rows)


def download_shipping_document(call: Call) -> Answer:
    """The waybills as one PDF; JSON only when something is wrong."""
    lines = []
    for _asked, order in _document_orders(call):
        if order is None:
            raise Refused(NOT_THERE, "The order is not exist.")
        if not order.package.document_at or order.package.document_at > call.world.clock.now():
            message = "The document is not yet ready for printing."
            raise Refused("logistics.shipping_document_should_print_first", message)
        lines.append(f"{order.order_sn}  {order.package.number}  {order.package.tracking}")
    return Reply(label_pdf(lines), content_type="application/pdf")


def get_channel_list(call: Call) -> Answer:
    """Carriers of the shop."""
    channel = {
        "logistics_channel_id": 50021,
        "logistics_channel_name": "SPX Express",
        "enabled": True,
        "cod_enabled": True,
        "preferred": False,
        "fee_type": "SIZE_INPUT",
        "size_list": [],
        "mask_channel_id": 0,
    }
    return {"logistics_channel_list": [channel]}


def get_address_list(call: Call) -> Answer:
    """Where the shop hands parcels over."""
    address = {"address_id": ADDRESS_ID, "region": call.shop.region, "city": "Hồ Chí Minh", "address": "1 Võ Văn Tần"}
    return {"show_pickup_address": True, "address_list": [address | {"address_type": ["PICKUP_ADDRESS"]}]}
