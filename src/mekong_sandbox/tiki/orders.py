"""Reading orders (protocol notes, section 5). Buyers are masked; moments are local."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from mekong_sandbox.tiki.gate import Answer, Call, Refused
from mekong_sandbox.tiki.model import SHIPPING_FEE, Item, Order
from mekong_sandbox.tiki.query import VIETNAM, between, chosen, flag, included, page, printed

STATUSES = (
    "waiting_payment",
    "payment_review",
    "paid",
    "queueing",
    "processing",
    "holded",
    "picking",
    "packaging",
    "finished_packing",
    "ready_to_ship",
    "handover_to_partner",
    "shipping",
    "successful_delivery",
    "delivered",
    "complete",
    "closed",
    "canceled",
    "returned",
)
FEE_PERCENT = 10
DAYS = {"today": 1, "last7days": 7, "last30days": 30}
MAIN_STATES = {
    "waiting_payment": "awaiting_payment",
    "handover_to_partner": "shipping",
    "shipping": "shipping",
    "successful_delivery": "completed",
    "delivered": "completed",
    "complete": "completed",
    "canceled": "canceled",
    "returned": "returned",
}
TIKI_WAREHOUSE = {"id": 3, "name": "Hồ Chí Minh", "code": "sgn"}


def own_order(call: Call) -> Order:
    """The order named in the path. Raises: Refused."""
    order = call.market.orders.get(call.parts["code"])
    if order is None or order.seller_id != call.seller.seller_id:
        raise Refused("order not found", 404)
    return order


def _masked(name: str) -> str:
    """`Nguyễn Văn A` as `N** V** A`."""
    return " ".join(word if len(word) == 1 else f"{word[0]}**" for word in name.split())


def _address(order: Order) -> dict[str, str]:
    phone = order.buyer_phone
    place = {"street": "****", "ward": "Phường 4", "district": "Quận 3", "region": "Hồ Chí Minh"} | order.address
    return {
        "full_name": _masked(order.buyer_name),
        "phone": f"{phone[:2]}****{phone[-2:]}" if phone else "",
        "country": "Việt Nam",
        "ward_tiki_code": "",
        "email": "",
        **place,
    }


def _confirmation(order: Order, item: Item, extras: set[str]) -> dict[str, Any]:
    at = printed(item.confirmed_at) if item.confirmed_at else None
    histories = [{"status": item.confirmation, "confirmed_at": at}] if at else []
    return {
        "status": item.confirmation,
        "confirmed_at": at,
        "available_confirm_sla": printed(order.created_at + 10 * 3600),
        "pickup_confirm_sla": order.pickup_time or None,
        "histories": histories if "item.confirmation_histories" in extras else [],
    }


def _money(item: Item, extras: set[str]) -> dict[str, Any]:
    subtotal = item.price * item.quantity
    fee = subtotal * FEE_PERCENT // 100
    fees = [{"fee_type_key": "percent_per_item_sales_value", "fee_type_name": "Phí hoa hồng", "final_amount": -fee}]
    return {
        "invoice": {
            "price": item.price,
            "quantity": item.quantity,
            "subtotal": subtotal,
            "row_total": subtotal,
            "discount_amount": 0,
            "discount_tiki_point": 0,
            "shipping_fee": 0,
        },
        "seller_income_detail": {
            "item_price": item.price,
            "item_qty": item.quantity,
            "shipping_fee": 0,
            "seller_fees": fees if "item.fees" in extras else [],
            "sub_total": subtotal,
            "seller_income": subtotal - fee,
            "discount": {},
        },
    }


def _item_row(call: Call, order: Order, item: Item, extras: set[str]) -> dict[str, Any]:
    product = call.market.products[item.product_id]
    place = call.seller.warehouse(item.warehouse_id)
    return {
        "id": item.item_id,
        "product": {
            "id": item.product_id,
            "type": "simple",
            "super_id": product.super_id,
            "master_id": product.master_id,
            "sku": product.sku,
            "name": item.name,
            "catalog_group_name": "",
            "inventory_type": "instock",
            "imeis": [],
            "serial_numbers": [],
            "thumbnail": product.images[0] if product.images else "",
            "seller_product_code": item.original_sku,
            "seller_supply_method": None,
        },
        "seller": {"id": call.seller.seller_id, "name": call.seller.name},
        "confirmation": _confirmation(order, item, extras),
        "parent_item_id": 0,
        "price": item.price,
        "qty": item.quantity,
        "fulfilled_at": None,
        "is_virtual": False,
        "is_ebook": False,
        "is_bookcare": False,
        "is_free_gift": False,
        "is_fulfilled": False,
        "inventory_requisition": None,
        "seller_inventory_id": item.warehouse_id,
        "seller_inventory_name": place.name if place else "",
        **_money(item, extras),
    }


def _shipping(order: Order) -> dict[str, Any]:
    status = MAIN_STATES.get(order.status, "ready_to_pick") if order.tracking else None
    return {
        "partner_id": "TNSL" if order.tracking else None,
        "partner_name": "TikiNOW Smart Logistics" if order.tracking else None,
        "tracking_code": order.tracking or None,
        "status": status,
        "plan": {"id": 1, "name": "TikiFAST", "description": "", "is_free_shipping": False},
        "address": _address(order),
    }


def _invoice(order: Order) -> dict[str, Any]:
    kept = order.kept()
    return {
        "items_count": len(kept),
        "items_quantity": sum(item.quantity for item in kept),
        "subtotal": order.subtotal(),
        "grand_total": order.total(),
        "collectible_amount": order.total() if order.is_cod else 0,
        "discount_amount": 0,
        "discount_tiki_point": 0,
        "shipping_amount_after_discount": SHIPPING_FEE,
        "shipping_discount_amount": 0,
        "gift_wrap_amount": 0,
    }


def order_row(call: Call, order: Order, extras: set[str]) -> dict[str, Any]:
    """An order as answers show it."""
    main = MAIN_STATES.get(order.status, "processing")
    cancel = {"reason_code": order.cancel_reason, "reason_text": order.cancel_reason, "comment": order.cancel_by}
    row: dict[str, Any] = {
        "id": order.order_id,
        "code": order.code,
        "fulfillment_type": order.fulfillment_type,
        "status": order.status,
        "relation_code": None,
        "main_state": main,
        "main_substate": main,
        "is_rma": False,
        "tiki_warehouse": TIKI_WAREHOUSE,
        "seller_warehouse": None,
        "items": [_item_row(call, order, item, extras) for item in order.items],
        "billing_address": _address(order) | {"street": ""},
        "shipping": _shipping(order),
        "payment": {
            "method": "cod" if order.is_cod else "cybersource",
            "is_prepaid": not order.is_cod,
            "status": "success" if order.is_paid else "waiting",
            "description": "Thanh toán khi nhận hàng" if order.is_cod else "Thẻ thanh toán quốc tế",
        },
        "customer": {"id": order.order_id % 900_000, "full_name": _masked(order.buyer_name)},
        "invoice": _invoice(order),
        "note": order.note,
        "cancel_info": cancel if order.status == "canceled" else None,
        "created_at": printed(order.created_at),
        "updated_at": printed(order.updated_at),
    }
    if "status_histories" in extras:
        row["status_histories"] = [{"status": name, "created_at": printed(stamp)} for name, stamp in order.history]
    return row


def _since(call: Call) -> float:
    """From when on `filter_date_by` shows orders; days are Vietnam's. Raises: Refused."""
    asked = call.text("filter_date_by", "")
    if not asked:
        return 0.0
    if asked not in DAYS:
        raise Refused("filter_date_by is invalid", 400)
    now = datetime.fromtimestamp(call.world.clock.stamp(), UTC).astimezone(VIETNAM)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (today - timedelta(days=DAYS[asked] - 1)).timestamp()


def _of_items(call: Call) -> Callable[[Order], bool]:
    """Whether an order has an item with the code and the confirmation asked for."""
    sku, confirmation = chosen(call, "sku"), chosen(call, "item_confirmation_status")
    products = call.market.products
    return lambda order: any(
        (sku(item.original_sku) or sku(products[item.product_id].sku)) and confirmation(item.confirmation)
        for item in order.items
    )


def list_orders(call: Call) -> Answer:
    """A page of orders, the newest first unless `order_by=created_at|asc`."""
    status, code = chosen(call, "status", STATUSES), chosen(call, "code")
    kind, inventory = chosen(call, "fulfillment_type"), chosen(call, "item_inventory_type")
    created, since, of_items = between(call, "created"), _since(call), _of_items(call)
    order_by = call.text("order_by", "created_at|desc")
    if order_by not in ("created_at|desc", "created_at|asc", "created_at"):
        raise Refused("order_by is invalid", 400)
    seen = call.world.clock.stamp() - call.request.lag_s
    found = [
        order
        for order in call.market.seller_orders.get(call.seller.seller_id, [])
        if order.created_at <= seen
        and order.created_at >= since
        and status(order.status)
        and code(order.code)
        and kind(order.fulfillment_type)
        and inventory("instock")
        and created(order.created_at)
        and of_items(order)
    ]
    if flag(call, "is_rma"):
        found = []
    extras = included(call)
    rows = found[::-1] if order_by.endswith("desc") else found
    return page(call, rows, lambda order: order_row(call, order, extras))


def get_order(call: Call) -> Answer:
    """One order."""
    return order_row(call, own_order(call), included(call))
