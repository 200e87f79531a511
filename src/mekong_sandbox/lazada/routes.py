"""Which path does what; seller facts and reverse orders, which are too small for files of their own."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.lazada import auth, fulfilment, life, orders, products
from mekong_sandbox.lazada.gate import Answer, Call, Endpoint, Flat, Refused
from mekong_sandbox.lazada.model import Reverse


def get_seller(call: Call) -> Answer:
    """The seller."""
    seller = call.seller
    return {
        "name": seller.name,
        "name_company": seller.name,
        "seller_id": seller.seller_id,
        "short_code": seller.short_code,
        "email": seller.email,
        "status": seller.status,
        "verified": True,
        "cb": False,
        "location": "Hồ Chí Minh",
        "logo_url": "",
        "marketplaceEaseMode": False,
    }


def get_warehouses(call: Call) -> Answer:
    """Warehouses of the seller."""
    rows = [{"code": code, "name": code, "detailAddress": "1 Võ Văn Tần"} for code in call.seller.warehouses]
    return Flat(result={"success": True, "error_code": "0", "module": rows, "data": rows})


def _reverse_row(call: Call, reverse: Reverse) -> dict[str, Any]:
    order = call.market.orders[reverse.order_id]
    lines = []
    for number, unit_id in enumerate(reverse.unit_ids):
        run = order.find(unit_id)
        lines.append(
            {
                "reverse_order_line_id": reverse.reverse_id + 1 + number,
                "trade_order_line_id": unit_id,
                "reverse_status": reverse.status,
                "ofc_status": "",
                "refund_amount": run.paid_price if run else 0,
                "reason_code": 0,
                "reason_text": reverse.reason,
                "platform_sku_id": run.sku_id if run else 0,
                "seller_sku_id": run.seller_sku if run else "",
                "return_order_line_gmt_create": int(reverse.created_at),
                "return_order_line_gmt_modified": int(reverse.updated_at),
            }
        )
    return {
        "reverse_order_id": reverse.reverse_id,
        "trade_order_id": reverse.order_id,
        "request_type": reverse.request_type,
        "shipping_type": "NORMAL",
        "is_rtm": False,
        "reverse_order_lines": lines,
    }


def get_reverse_orders(call: Call) -> Answer:
    """A page of reverse orders; pages count from 1."""
    page = call.number("page_no", 1, least=1, most=10_000, code="14")
    size = call.number("page_size", 10, least=1, most=100, code="19")
    found = [one for one in call.market.reverses.values() if one.seller_id == call.seller.seller_id]
    rows = [_reverse_row(call, one) for one in found[(page - 1) * size : page * size]]
    return Flat(result={"success": True, "total": len(found), "page_no": page, "page_size": size, "items": rows})


def _own_reverse(call: Call) -> Reverse:
    number = call.text("reverse_order_id")
    reverse = call.market.reverses.get(int(number)) if number.isdecimal() else None
    if reverse is None or reverse.seller_id != call.seller.seller_id:
        raise Refused("16", f'"{number}" Invalid reverse order id')
    return reverse


def get_reverse_detail(call: Call) -> Answer:
    """One reverse order."""
    return _reverse_row(call, _own_reverse(call))


def decide_cancel(call: Call) -> Answer:
    """The seller agrees to, or refuses, the buyer's wish to cancel."""
    reverse = _own_reverse(call)
    if reverse.request_type != "CANCEL" or reverse.status != "CANCEL_INIT":
        raise Refused("38", "There is no open wish to cancel")
    agreed = call.text("action", call.text("decision", "agree")).lower().startswith("agree")
    life.close_reverse(call.market, reverse, "CANCEL_SUCCESS" if agreed else "REQUEST_REJECT")
    return {"success": True}


def update_return(call: Call) -> Answer:
    """The seller agrees to refund, or refuses."""
    reverse = _own_reverse(call)
    if reverse.request_type == "CANCEL" or reverse.status in ("REFUND_SUCCESS", "REFUND_REJECTED"):
        raise Refused("38", "There is no open return")
    agreed = call.text("action").lower().startswith("agree")
    life.close_reverse(call.market, reverse, "REFUND_SUCCESS" if agreed else "REFUND_REJECTED")
    return {"success": True}


ENDPOINTS: dict[str, Endpoint] = {
    "/auth/token/create": Endpoint("GET|POST", auth.create, token=False, durable=True),
    "/auth/token/refresh": Endpoint("GET|POST", auth.refresh, token=False, durable=True),
    "/seller/get": Endpoint("GET", get_seller),
    "/seller/warehouse/get": Endpoint("GET", get_warehouses),
    "/products/get": Endpoint("GET", products.get_products),
    "/product/item/get": Endpoint("GET", products.get_item),
    "/product/price_quantity/update": Endpoint("POST", products.price_quantity_update, stock=True),
    "/product/stock/sellable/update": Endpoint("POST", products.sellable_update, stock=True),
    "/product/stock/sellable/adjust": Endpoint("POST", products.sellable_adjust, stock=True, durable=True),
    "/product/create": Endpoint("POST", products.create, durable=True),
    "/product/deactivate": Endpoint("POST", products.deactivate, durable=True),
    "/product/remove": Endpoint("POST", products.remove, durable=True),
    "/category/tree/get": Endpoint("GET", products.category_tree, token=False),
    "/category/attributes/get": Endpoint("GET", products.category_attributes, token=False),
    "/image/upload": Endpoint("POST", products.image_upload),
    "/image/migrate": Endpoint("POST", products.image_upload),
    "/orders/get": Endpoint("GET", orders.get_orders),
    "/order/get": Endpoint("GET", orders.get_order),
    "/order/items/get": Endpoint("GET", orders.get_order_items),
    "/orders/items/get": Endpoint("GET", orders.get_orders_items),
    "/order/shipment/providers/get": Endpoint("GET|POST", fulfilment.providers),
    "/order/fulfill/pack": Endpoint("POST", fulfilment.pack, durable=True),
    "/order/package/rts": Endpoint("POST", fulfilment.ready_to_ship, durable=True),
    "/order/package/repack": Endpoint("POST", fulfilment.repack, durable=True),
    "/order/package/document/get": Endpoint("GET|POST", fulfilment.document),
    "/shipment/providers/get": Endpoint("GET", fulfilment.legacy_providers),
    "/order/pack": Endpoint("POST", fulfilment.legacy_pack, durable=True),
    "/order/rts": Endpoint("POST", fulfilment.legacy_ready, durable=True),
    "/order/document/get": Endpoint("GET", fulfilment.legacy_document),
    "/order/cancel": Endpoint("POST", fulfilment.legacy_cancel, durable=True),
    "/order/reverse/cancel/validate": Endpoint("GET", fulfilment.cancel_validate),
    "/order/reverse/cancel/create": Endpoint("POST", fulfilment.cancel_create, durable=True),
    "/order/reverse/cancel/seller/decide": Endpoint("POST", decide_cancel, durable=True),
    "/reverse/getreverseordersforseller": Endpoint("GET|POST", get_reverse_orders),
    "/order/reverse/return/detail/list": Endpoint("GET|POST", get_reverse_detail),
    "/order/reverse/return/update": Endpoint("POST", update_return, durable=True),
}
