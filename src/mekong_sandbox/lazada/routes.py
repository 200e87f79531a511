"""Which path does what; seller facts, which are too small for a file of their own."""

from __future__ import annotations

from mekong_sandbox.lazada import auth, finance, fulfilment, media, orders, products, publishing, returns, taxonomy
from mekong_sandbox.lazada.gate import Answer, Call, Endpoint, Flat


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
    "/product/create": Endpoint("POST", publishing.create, durable=True),
    "/product/update": Endpoint("POST", publishing.update, durable=True),
    "/product/deactivate": Endpoint("POST", publishing.deactivate, durable=True),
    "/product/remove": Endpoint("POST", publishing.remove, durable=True),
    "/product/sku/remove": Endpoint("POST", publishing.remove_skus, durable=True),
    "/category/tree/get": Endpoint("GET", taxonomy.category_tree, token=False),
    "/category/attributes/get": Endpoint("GET", taxonomy.category_attributes, token=False),
    "/category/brands/query": Endpoint("GET|POST", taxonomy.brands_query, token=False),
    "/image/upload": Endpoint("POST", media.upload, durable=True),
    "/image/migrate": Endpoint("POST", media.migrate, durable=True),
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
    "/order/reverse/cancel/seller/decide": Endpoint("POST", returns.decide_cancel, durable=True),
    # The documentation calls the following with GET, code in use with POST.
    "/reverse/getreverseordersforseller": Endpoint("GET|POST", returns.get_reverse_orders),
    "/order/reverse/return/detail/list": Endpoint("GET|POST", returns.get_reverse_detail),
    "/order/reverse/return/history/list": Endpoint("GET|POST", returns.get_reverse_history),
    "/order/reverse/reason/list": Endpoint("GET|POST", returns.get_reverse_reasons),
    "/order/reverse/return/update": Endpoint("GET|POST", returns.update_return, durable=True),
    "/order/reverse/onlyrefund/seller/decide": Endpoint("GET|POST", returns.decide_refund, durable=True),
    "/finance/transaction/details/get": Endpoint("GET", finance.get_transactions),
}
