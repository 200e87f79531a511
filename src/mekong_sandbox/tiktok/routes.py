"""Which call does what. Ids in a path are stars; versions differ from call to call."""

from __future__ import annotations

from mekong_sandbox.tiktok import (
    activities,
    activity_products,
    auth,
    finance,
    fulfilment,
    media,
    orders,
    products,
    publishing,
    returns,
    stock,
    taxonomy,
    webhooks,
)
from mekong_sandbox.tiktok.gate import Operation

SEARCH = ("202309", "202312", "202502")
DETAIL = ("202309", "202407", "202507")
AFTERSALE = ("202309", "202602")
REJECT = ("202309", "202606")
FINANCE = ("202501",)
CATEGORIES = ("202309", "202407", "202507")
EDITS = ("202309", "202509")

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/authorization/shops"): Operation(auth.get_authorized_shops, cipher=False),
    ("GET", "/seller/shops"): Operation(auth.get_active_shops, cipher=False),
    ("GET", "/logistics/warehouses"): Operation(products.get_warehouses),
    ("POST", "/product/products/search"): Operation(products.search, SEARCH),
    ("GET", "/product/products/*"): Operation(products.get_product),
    ("POST", "/product/inventory/search"): Operation(products.inventory_search),
    ("POST", "/product/products/*/inventory/update"): Operation(stock.update_inventory),
    ("POST", "/product/products/*/prices/update"): Operation(stock.update_prices),
    ("POST", "/product/products"): Operation(publishing.create, durable=True),
    ("DELETE", "/product/products"): Operation(publishing.delete, durable=True),
    ("POST", "/product/products/activate"): Operation(publishing.activate, durable=True),
    ("POST", "/product/products/deactivate"): Operation(publishing.deactivate, durable=True),
    ("GET", "/product/categories"): Operation(taxonomy.get_categories, CATEGORIES),
    ("GET", "/product/categories/*/attributes"): Operation(taxonomy.get_attributes, CATEGORIES),
    ("GET", "/product/categories/*/rules"): Operation(taxonomy.get_rules, CATEGORIES),
    ("GET", "/product/brands"): Operation(taxonomy.get_brands),
    ("PUT", "/product/products/*"): Operation(publishing.edit, EDITS, durable=True),
    ("POST", "/product/products/*/partial_edit"): Operation(publishing.partial_edit, EDITS, durable=True),
    ("POST", "/product/images/upload"): Operation(media.upload, cipher=False, durable=True),
    ("POST", "/order/orders/search"): Operation(orders.search),
    ("GET", "/order/orders"): Operation(orders.get_orders, DETAIL),
    ("GET", "/fulfillment/packages/*/handover_time_slots"): Operation(fulfilment.handover_time_slots),
    ("POST", "/fulfillment/packages/*/ship"): Operation(fulfilment.ship, durable=True),
    ("POST", "/fulfillment/packages/ship"): Operation(fulfilment.ship_batch, durable=True),
    ("GET", "/fulfillment/packages/*/shipping_documents"): Operation(fulfilment.shipping_documents),
    ("POST", "/fulfillment/packages/search"): Operation(fulfilment.search),
    ("GET", "/fulfillment/packages/*"): Operation(fulfilment.get_package),
    ("GET", "/fulfillment/orders/*/tracking"): Operation(fulfilment.get_tracking),
    ("POST", "/return_refund/cancellations"): Operation(returns.cancel, AFTERSALE, durable=True),
    ("POST", "/return_refund/cancellations/search"): Operation(returns.search_cancellations, AFTERSALE),
    ("POST", "/return_refund/cancellations/*/approve"): Operation(returns.approve_cancellation, durable=True),
    ("POST", "/return_refund/cancellations/*/reject"): Operation(returns.reject_cancellation, durable=True),
    ("POST", "/return_refund/returns/search"): Operation(returns.search_returns, AFTERSALE),
    ("POST", "/return_refund/returns/*/approve"): Operation(returns.approve_return, durable=True),
    ("POST", "/return_refund/returns/*/reject"): Operation(returns.reject_return, REJECT, durable=True),
    ("GET", "/return_refund/returns/*/records"): Operation(returns.return_records),
    ("GET", "/return_refund/reject_reasons"): Operation(returns.reject_reasons),
    ("GET", "/finance/orders/*/statement_transactions"): Operation(finance.order_transactions, FINANCE),
    ("POST", "/promotion/activities"): Operation(activities.create, durable=True),
    ("POST", "/promotion/activities/search"): Operation(activities.search),
    ("GET", "/promotion/activities/*"): Operation(activities.get_activity),
    ("PUT", "/promotion/activities/*"): Operation(activities.update, durable=True),
    ("POST", "/promotion/activities/*/deactivate"): Operation(activities.deactivate, durable=True),
    ("PUT", "/promotion/activities/*/products"): Operation(activity_products.put, durable=True),
    ("DELETE", "/promotion/activities/*/products"): Operation(activity_products.remove, durable=True),
    ("GET", "/event/webhooks"): Operation(webhooks.get_webhooks),
    ("PUT", "/event/webhooks"): Operation(webhooks.put_webhook, durable=True),
    ("DELETE", "/event/webhooks"): Operation(webhooks.delete_webhook, durable=True),
}
