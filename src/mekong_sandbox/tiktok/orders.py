"""Orders with one line item a unit (protocol notes, section 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.pictures import absolute
from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import RANK, Order, Units
from mekong_sandbox.tiktok.products import image_url
from mekong_sandbox.tiktok.wire import Key, amount, page, within

STATUSES = (*RANK, "PARTIALLY_SHIPPING", "CANCELLED")
MAX_IDS = 50
DAY_S = 86400
DELIVERY_OPTION_ID = "7091146663229654785"


class Search(msgspec.Struct):
    """Filters of an order search."""

    order_status: str = ""
    create_time_ge: int | None = None
    create_time_lt: int | None = None
    update_time_ge: int | None = None
    update_time_lt: int | None = None
    shipping_type: str = ""
    buyer_user_id: str = ""
    is_buyer_request_cancel: bool | None = None
    warehouse_ids: list[str] = []

    def fits(self, order: Order) -> bool:
        return (
            within(order.created_at, self.create_time_ge, self.create_time_lt)
            and within(order.updated_at, self.update_time_ge, self.update_time_lt)
            and self.shipping_type in ("", order.shipping_type)
            and self.buyer_user_id in ("", order.buyer_id)
            and self.is_buyer_request_cancel in (None, bool(order.cancel_asked_at))
            and (not self.warehouse_ids or order.units[0].warehouse_id in self.warehouse_ids)
            and self.order_status in ("", order.status())
        )


def own_order(call: Call, order_id: str) -> Order:
    """An order of the calling shop. Raises: Refused."""
    order = call.market.orders.get(order_id)
    if order is None or order.shop_id != call.shop.shop_id:
        raise Refused(codes.ORDER_NOT_FOUND, "The order does not exist.")
    return order


def address_of(order: Order) -> dict[str, Any]:
    """The recipient as a shop that has not shipped yet sees it: masked."""
    phone = order.buyer_phone.removeprefix("0")
    levels = (("L0", "country", "Việt Nam"), ("L1", "province", "Hồ Chí Minh"), ("L2", "ward", "Phường Xuân Hòa"))
    return {
        "name": f"{order.buyer_name[:1]}***" if order.buyer_name else "",
        "phone_number": f"(+84){phone[:1]}*****{phone[-2:]}" if phone else "",
        "full_address": "****",
        "address_detail": "****",
        "region_code": "VN",
        "postal_code": "",
        "district_info": [
            {"address_level": level, "address_level_name": kind, "address_name": name} for level, kind, name in levels
        ],
        **order.address,
    }


def _line_rows(call: Call, order: Order, run: Units) -> list[dict[str, Any]]:
    package = order.package(run.package_id)
    row: dict[str, Any] = {
        "product_id": run.product_id,
        "product_name": run.product_name,
        "sku_id": run.sku_id,
        "sku_name": run.sku_name,
        "seller_sku": run.seller_sku,
        "sku_image": absolute(call.request, image_url(run.image)) if run.image else "",
        "sku_type": "NORMAL",
        "original_price": amount(run.original_price, order.currency),
        "sale_price": amount(run.sale_price, order.currency),
        "seller_discount": amount(run.original_price - run.sale_price, order.currency),
        "platform_discount": "0",
        "currency": order.currency,
        "display_status": run.status,
        "is_gift": False,
    }
    if package is not None:
        row |= {
            "package_id": package.package_id,
            "package_status": "CANCELLED" if run.status == "CANCELLED" else package.status,
            "tracking_number": package.tracking,
            "shipping_provider_id": package.provider_id,
            "shipping_provider_name": package.provider,
        }
    if run.status == "CANCELLED":
        row |= {"cancel_user": run.cancel_user, "cancel_reason": run.cancel_reason}
    return [{"id": str(unit_id), **row} for unit_id in run.ids()]


def order_row(call: Call, order: Order) -> dict[str, Any]:
    """An order with its line items; moments that have not come are left out."""
    listed = sum(run.original_price * run.count for run in order.units)
    payment = {
        "currency": order.currency,
        "sub_total": amount(order.total(), order.currency),
        "shipping_fee": "0",
        "seller_discount": amount(listed - order.total(), order.currency),
        "platform_discount": "0",
        "total_amount": amount(order.total(), order.currency),
        "original_total_product_price": amount(listed, order.currency),
        "original_shipping_fee": "0",
        "tax": "0",
    }
    row: dict[str, Any] = {
        "id": order.order_id,
        "status": order.status(),
        "create_time": int(order.created_at),
        "update_time": int(order.updated_at),
        "rts_sla_time": int(order.created_at) + 2 * DAY_S,
        "tts_sla_time": int(order.created_at) + 3 * DAY_S,
        "is_cod": order.cod,
        "is_on_hold_order": order.status() == "ON_HOLD",
        "is_sample_order": False,
        "is_buyer_request_cancel": bool(order.cancel_asked_at),
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "delivery_type": "HOME_DELIVERY",
        "order_type": "NORMAL",
        "shipping_type": order.shipping_type,
        "delivery_option_id": DELIVERY_OPTION_ID,
        "delivery_option_name": "Standard Shipping",
        "warehouse_id": order.units[0].warehouse_id,
        "buyer_message": order.note,
        "user_id": order.buyer_id,
        "payment_method_name": "Cash on delivery" if order.cod else "ZaloPay",
        "payment": payment,
        "recipient_address": address_of(order),
        "line_items": [line for run in order.units for line in _line_rows(call, order, run)],
        "packages": [{"id": package.package_id} for package in order.packages],
    }
    moments = {
        "paid_time": order.paid_at,
        "rts_time": order.arranged_at,
        "collection_time": order.collected_at,
        "delivery_time": order.delivered_at,
        "cancel_time": order.cancelled_at,
        "request_cancel_time": order.cancel_asked_at,
    }
    row |= {name: int(moment) for name, moment in moments.items() if moment}
    if order.cancelled_at:
        row |= {"cancellation_initiator": order.cancel_by, "cancel_reason": order.cancel_reason}
    tracked = [package for package in order.packages if package.tracking]
    if tracked:
        row |= {"tracking_number": tracked[0].tracking, "shipping_provider": tracked[0].provider}
        row["shipping_provider_id"] = tracked[0].provider_id
    return row


def search(call: Call) -> dict[str, Any]:
    """A page of orders by their moment of creation or of change."""
    size, wanted = call.page_size(), call.body(Search)
    field = {"create_time": "created_at", "update_time": "updated_at"}[
        call.choice("sort_field", "create_time", "update_time")
    ]
    descending = call.choice("sort_order", "ASC", "DESC") == "DESC"
    if wanted.order_status and wanted.order_status not in STATUSES:
        raise codes.invalid(f"Invalid order_status. It must be one of {', '.join(STATUSES)}.")
    by_update = wanted.update_time_ge is not None or (field == "updated_at" and wanted.create_time_ge is None)
    window = (wanted.update_time_ge, wanted.update_time_lt)
    if not by_update:
        window = (wanted.create_time_ge, wanted.create_time_lt)
    listed = call.market.orders_between(
        call.shop.shop_id, "updated_at" if by_update else "created_at", window[0] or 0.0, window[1] or 2.0**40
    )
    if call.request.lag_s > 0:
        seen = call.world.clock.stamp() - call.request.lag_s
        listed = [order for order in listed if order.updated_at <= seen]

    def place(order: Order) -> Key:
        return getattr(order, field), order.order_id

    found = sorted((order for order in listed if wanted.fits(order)), key=place)
    rows, further = page(found, place, size, call.sent.get("page_token", ""), descending=descending)
    return {"orders": [order_row(call, order) for order in rows], "next_page_token": further, "total_count": len(found)}


def get_orders(call: Call) -> dict[str, Any]:
    """Up to 50 orders by id; ids that are not the shop's are left out."""
    ids = [one for one in call.text("ids").split(",") if one]
    if not 1 <= len(ids) <= MAX_IDS:
        raise codes.invalid(f"ids must hold 1 to {MAX_IDS} ids.")
    found = [call.market.orders[one] for one in dict.fromkeys(ids) if one in call.market.orders]
    return {"orders": [order_row(call, order) for order in found if order.shop_id == call.shop.shop_id]}
