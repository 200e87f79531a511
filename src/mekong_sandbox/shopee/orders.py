"""Orders: list, detail, cancellation, notes (protocol notes, section 6)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.money import to_number
from mekong_sandbox.shopee import life
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.model import Order

SPAN_S = 15 * 86400
CANCEL_REASONS = ("OUT_OF_STOCK", "CUSTOMER_REQUEST", "UNDELIVERABLE_AREA", "COD_NOT_SUPPORTED")
DAYS_TO_SHIP = 2


class ItemRef(msgspec.Struct):
    item_id: int
    model_id: int = 0


class CancelBody(msgspec.Struct):
    order_sn: str
    cancel_reason: str
    item_list: list[ItemRef] = []


class DecideBody(msgspec.Struct):
    order_sn: str
    operation: str


class NoteBody(msgspec.Struct):
    order_sn: str
    note: str


def own_order(call: Call, order_sn: str, error: str = "order.error_not_found") -> Order:
    """An order of the calling shop. Raises: Refused."""
    order = call.market.orders.get(order_sn)
    if order is None or order.shop_id != call.shop.shop_id:
        raise Refused(error, "The order is not exist.")
    return order


def get_order_list(call: Call) -> Answer:
    """Orders created or updated in a window of at most 15 days, oldest first; the cursor is opaque."""
    field = call.text("time_range_field")
    if field not in ("create_time", "update_time"):
        raise Refused("order.error_param", "time_range_field must be create_time or update_time.")
    first, last = call.number("time_from"), call.number("time_to")
    if not first < last <= first + SPAN_S:
        raise Refused("order.order_list_invalid_time", "Start time must be earlier than end time and diff in 15days.")
    size, cursor = call.number("page_size", least=1, most=100), call.text("cursor", "")
    status = call.text("order_status", "")
    found = call.market.orders_between(call.shop.shop_id, field, first, last)
    if call.request.lag_s > 0:
        seen = call.world.clock.stamp() - call.request.lag_s
        found = [order for order in found if (order.created_at if field == "create_time" else order.updated_at) <= seen]
    hidden = "" if call.text("request_order_status_pending", "false") == "true" else "PENDING"
    found = [order for order in found if order.status != hidden and status in ("", "ALL", order.status)]
    if cursor:
        after = _position(cursor)
        found = [order for order in found if _key(order, field) > after]
    page, more = found[:size], len(found) > size
    with_status = "order_status" in call.all("response_optional_fields")
    rows: list[dict[str, Any]] = []
    for order in page:
        row: dict[str, Any] = {"order_sn": order.order_sn, "booking_sn": ""}
        if with_status:
            row["order_status"] = order.status
        rows.append(row)
    next_cursor = f"{_key(page[-1], field)[0]:.6f}:{page[-1].order_sn}" if more else ""
    return {"more": more, "next_cursor": next_cursor, "order_list": rows}


def _key(order: Order, field: str) -> tuple[float, str]:
    return round(order.created_at if field == "create_time" else order.updated_at, 6), order.order_sn


def _position(cursor: str) -> tuple[float, str]:
    stamp, _, order_sn = cursor.partition(":")
    try:
        return float(stamp), order_sn
    except ValueError:
        raise Refused("order.error_param", "cursor is invalid.") from None


def _lines(order: Order) -> list[dict[str, Any]]:
    return [
        {
            "item_id": line.item_id,
            "item_name": line.item_name,
            "item_sku": line.item_sku,
            "model_id": line.model_id,
            "model_name": line.model_name,
            "model_sku": line.model_sku,
            "model_quantity_purchased": line.quantity,
            "model_original_price": to_number(line.original_price, order.currency),
            "model_discounted_price": to_number(line.price, order.currency),
            "wholesale": False,
            "weight": 0.25,
            "order_item_id": line.item_id,
            "promotion_type": "product_promotion" if line.promotion_id else "",
            "promotion_id": line.promotion_id,
            "promotion_group_id": 0,
            "product_location_id": [line.location],
        }
        for line in order.lines
    ]


def _packages(order: Order) -> list[dict[str, Any]]:
    lines = [
        {"item_id": line.item_id, "model_id": line.model_id, "model_quantity": line.quantity} for line in order.lines
    ]
    return [
        {
            "package_number": order.package.number,
            "logistics_status": order.package.status,
            "logistics_channel_id": 50021,
            "shipping_carrier": "SPX Express",
            "item_list": lines,
        }
    ]


def _masked(name: str) -> str:
    return f"{name[:1]}****{name[-1:]}" if name else ""


def _address(order: Order) -> dict[str, str]:
    base = {"town": "", "district": "Quận 3", "city": "Hồ Chí Minh", "state": "", "zipcode": ""} | order.address
    masked = {"name": _masked(order.buyer_name), "phone": "****" + order.buyer_phone[-2:]}
    return base | masked | {"region": "VN", "full_address": "****"}


def _optional(call: Call, order: Order, wanted: set[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "buyer_user_id": order.buyer_id,
        "buyer_username": _masked(order.buyer_name),
        "estimated_shipping_fee": 0,
        "actual_shipping_fee": 0,
        "actual_shipping_fee_confirmed": False,
        "goods_to_declare": False,
        "note": order.note,
        "note_update_time": 0,
        "pay_time": int(order.paid_at),
        "dropshipper": "",
        "dropshipper_phone": "",
        "split_up": False,
        "buyer_cancel_reason": order.buyer_cancel_reason,
        "cancel_by": order.cancel_by,
        "cancel_reason": order.cancel_reason,
        "fulfillment_flag": "fulfilled_by_local_seller",
        "pickup_done_time": int(order.picked_up_at),
        "shipping_carrier": "SPX Express",
        "payment_method": "Cash on Delivery" if order.cod else "ShopeePay",
        "total_amount": to_number(order.total(), order.currency),
        "invoice_data": {},
        "order_chargeable_weight_gram": 250,
        "return_request_due_date": 0,
        "edt": {},
        "payment_info": [],
    }
    kept = {name: fields[name] for name in wanted if name in fields}
    if "item_list" in wanted:
        kept["item_list"] = _lines(order)
    if "package_list" in wanted:
        kept["package_list"] = _packages(order)
    if "recipient_address" in wanted:
        kept["recipient_address"] = _address(order)
    return kept


def get_order_detail(call: Call) -> Answer:
    """Up to 50 orders; most fields only when asked for."""
    wanted = set(call.all("response_optional_fields"))
    rows = []
    for order_sn in call.ids("order_sn_list"):
        order = call.market.orders.get(order_sn)
        if order is None or order.shop_id != call.shop.shop_id:
            continue
        row: dict[str, Any] = {
            "order_sn": order.order_sn,
            "region": call.shop.region,
            "currency": order.currency,
            "cod": order.cod,
            "order_status": order.status,
            "message_to_seller": order.message,
            "create_time": int(order.created_at),
            "update_time": int(order.updated_at),
            "days_to_ship": DAYS_TO_SHIP,
            "ship_by_date": int(order.created_at) + DAYS_TO_SHIP * 86400,
            "booking_sn": "",
        }
        rows.append(row | _optional(call, order, wanted))
    if not rows:
        raise Refused("order.error_not_found", "The order is not exist.")
    return {"order_list": rows}


def get_shipment_list(call: Call) -> Answer:
    """Orders that wait to be shipped."""
    size, cursor = call.number("page_size", least=1, most=100), call.text("cursor", "")
    waiting = [
        order
        for order in call.market.shop_orders.get(call.shop.shop_id, [])
        if order.status in ("READY_TO_SHIP", "RETRY_SHIP")
        and (not cursor or _key(order, "create_time") > _position(cursor))
    ]
    page, more = waiting[:size], len(waiting) > size
    rows = [{"order_sn": order.order_sn, "package_number": order.package.number} for order in page]
    return {
        "order_list": rows,
        "more": more,
        "next_cursor": f"{page[-1].created_at:.6f}:{page[-1].order_sn}" if more else "",
    }


def cancel_order(call: Call) -> Answer:
    """The seller cancels the whole order."""
    body = call.body(CancelBody)
    order = own_order(call, body.order_sn)
    if body.cancel_reason not in CANCEL_REASONS or (body.cancel_reason == "UNDELIVERABLE_AREA"):
        raise Refused("order.error_param", "cancel_reason is invalid.")
    if body.cancel_reason == "OUT_OF_STOCK" and not body.item_list:
        raise Refused("order.error_param", "item_list is required when cancel_reason is OUT_OF_STOCK.")
    try:
        life.cancel(call.market, order, by="seller", reason=body.cancel_reason)
    except life.WrongStep as wrong:
        raise Refused("order.cancel_order_invalid_status", f"Cancel failed: {wrong}.") from None
    return {"update_time": int(order.updated_at)}


def handle_buyer_cancellation(call: Call) -> Answer:
    """The seller decides on the buyer's wish to cancel."""
    body = call.body(DecideBody)
    order = own_order(call, body.order_sn)
    if body.operation not in ("ACCEPT", "REJECT"):
        raise Refused("order.error_param", "operation must be ACCEPT or REJECT.")
    if order.status != "IN_CANCEL":
        raise Refused("order.handle_buyer_cancellation_failed", "The order is not in IN_CANCEL.")
    if body.operation == "ACCEPT":
        life.cancel(call.market, order, by="buyer", reason=order.buyer_cancel_reason)
    else:
        life.refuse_cancel(call.market, order)
    return {"update_time": int(order.updated_at)}


def set_note(call: Call) -> Answer:
    """The seller's own note."""
    body = call.body(NoteBody)
    order = own_order(call, body.order_sn)
    order.note = body.note
    call.market.save_order(order)
    return None
