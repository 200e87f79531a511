"""Orders and their lines, one row a unit (protocol notes, section 6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from mekong_sandbox.lazada.gate import Answer, Call, Refused
from mekong_sandbox.lazada.model import Order, Units
from mekong_sandbox.lazada.products import moment
from mekong_sandbox.money import to_number, to_text

STATUSES = (
    "unpaid",
    "pending",
    "packed",
    "repacked",
    "topack",
    "toship",
    "ready_to_ship",
    "shipped",
    "shipping",
    "delivered",
    "canceled",
    "returned",
    "failed",
    "failed_delivery",
    "lost",
    "lost_by_3pl",
    "damaged_by_3pl",
    "shipped_back",
    "shipped_back_success",
    "shipped_back_failed",
    "package_scrapped",
)
VIETNAM = timezone(timedelta(hours=7))


def printed(stamp: float) -> str:
    """A moment as Lazada prints it in Vietnam."""
    return datetime.fromtimestamp(stamp, UTC).astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S %z")


def own_order(call: Call, order_id: str) -> Order:
    """An order of the calling seller. Raises: Refused."""
    order = call.market.orders.get(int(order_id)) if order_id.isdecimal() else None
    if order is None or order.seller_id != call.seller.seller_id:
        raise Refused("16", f'"{order_id}" Invalid Order ID')
    return order


def _masked(name: str) -> str:
    return f"{name[:1]}**" if name else ""


def _address(order: Order) -> dict[str, str]:
    base = {"address3": "Hồ Chí Minh", "address4": "Quận 3", "address5": "Phường 4", "city": "Quận 3"} | order.address
    phone = order.buyer_phone
    return {
        "first_name": _masked(order.buyer_name),
        "last_name": "",
        "phone": f"{phone[:2]}********{phone[-2:]}" if phone else "",
        "phone2": "",
        "address1": "****",
        "address2": "",
        "post_code": "",
        "country": "Vietnam",
        **base,
    }


def order_row(order: Order) -> dict[str, Any]:
    """An order without its lines."""
    fee = float(to_number(order.shipping_fee, order.currency))
    return {
        "order_id": order.order_id,
        "order_number": order.order_id,
        "statuses": order.statuses(),
        "created_at": printed(order.created_at),
        "updated_at": printed(order.updated_at),
        "price": to_text(order.price(), order.currency),
        "items_count": order.count(),
        "payment_method": "COD" if order.cod else "MIXEDCARD",
        "shipping_fee": fee,
        "shipping_fee_original": fee,
        "voucher": 0.0,
        "voucher_seller": 0.0,
        "voucher_platform": 0.0,
        "warehouse_code": order.units[0].warehouse,
        "buyer_note": order.note,
        "remarks": "",
        "gift_option": False,
        "customer_first_name": _masked(order.buyer_name),
        "customer_last_name": "",
        "national_registration_number": "",
        "tax_code": "",
        "address_shipping": _address(order),
        "address_billing": {},
    }


def _unit_rows(order: Order, run: Units) -> list[dict[str, Any]]:
    row = {
        "order_id": order.order_id,
        "sku": run.seller_sku,
        "shop_sku": f"{run.item_id}_VNAMZ-{run.sku_id}",
        "sku_id": str(run.sku_id),
        "product_id": str(run.item_id),
        "name": run.name,
        "variation": run.variation,
        "item_price": float(to_number(run.item_price, order.currency)),
        "paid_price": float(to_number(run.paid_price, order.currency)),
        "voucher_amount": 0.0,
        "shipping_amount": 0.0,
        "tax_amount": 0.0,
        "currency": order.currency,
        "status": run.status,
        "reason": run.reason,
        "reason_detail": "",
        "tracking_code": run.tracking,
        "tracking_code_pre": "",
        "shipment_provider": "LEX VN" if run.package_id else "",
        "shipping_type": "Dropshipping",
        "package_id": run.package_id,
        "warehouse_code": run.warehouse,
        "promised_shipping_time": "",
        "sla_time_stamp": printed(order.created_at + 2 * 86400),
        "is_fbl": 0,
        "delivery_option_sof": 0,
        "created_at": printed(order.created_at),
        "updated_at": printed(run.updated_at),
    }
    return [{"order_item_id": unit_id, **row} for unit_id in run.ids()]


def get_orders(call: Call) -> Answer:
    """A page of orders created or updated after a moment."""
    limit = call.number("limit", 100, least=1, most=100, code="19")
    offset = call.number("offset", 0, least=0, most=5000, code="14")
    created = moment(call, "created_after", "17"), moment(call, "created_before", "17")
    updated = moment(call, "update_after", "17"), moment(call, "update_before", "17")
    if created[0] is None and updated[0] is None:
        raise Refused("74", "created_after or update_after is mandatory")
    status = call.text("status", "")
    if status and status not in STATUSES:
        raise Refused("36", f'"{status}" Invalid status filter')
    sort_by, direction = call.text("sort_by", "created_at"), call.text("sort_direction", "ASC").upper()
    if sort_by not in ("created_at", "updated_at"):
        raise Refused("75", f'"{sort_by}" Invalid sort filter')
    if direction not in ("ASC", "DESC"):
        raise Refused("74", f'"{direction}" Invalid sort direction')
    field, window = ("created_at", created) if created[0] is not None else ("updated_at", updated)
    found = call.market.orders_since(call.seller.seller_id, field, window[0] or 0.0, window[1] or 2.0**40)
    if field == "created_at" and updated[0] is not None:
        found = [order for order in found if updated[0] <= order.updated_at < (updated[1] or 2.0**40)]
    if call.request.lag_s > 0:
        seen = call.world.clock.stamp() - call.request.lag_s
        found = [order for order in found if getattr(order, field) <= seen]
    if status:
        found = [order for order in found if status in order.statuses()]
    found = sorted(found, key=lambda order: (getattr(order, sort_by), order.order_id), reverse=direction == "DESC")
    page = found[offset : offset + limit]
    return {"count": len(page), "countTotal": len(found), "orders": [order_row(order) for order in page]}


def get_order(call: Call) -> Answer:
    """One order."""
    return order_row(own_order(call, call.text("order_id")))


def _rows(order: Order) -> list[dict[str, Any]]:
    return [row for run in order.units for row in _unit_rows(order, run)]


def get_order_items(call: Call) -> Answer:
    """The lines of one order."""
    return _rows(own_order(call, call.text("order_id")))


def get_orders_items(call: Call) -> Answer:
    """The lines of up to 50 orders."""
    ids = call.json("order_ids")
    if not isinstance(ids, list) or not 1 <= len(ids) <= 50:
        raise Refused("56", "order_ids must hold 1 to 50 ids")
    orders = [own_order(call, str(order_id)) for order_id in ids]
    return [{"order_id": one.order_id, "order_number": one.order_id, "order_items": _rows(one)} for one in orders]
