"""The calls of the TikTok Shop Partner API. Each path carries a version that moves on by itself: this is the one table.

Source: TikTok Shop Partner Center, API reference, as of 2026-11.
"""

from __future__ import annotations

from typing import Final

# On the host of authorisation, unsigned.
AUTHORISE: Final = "/oauth/authorize"
TOKEN_GET: Final = "/api/v2/token/get"  # noqa: S105 - a path
TOKEN_REFRESH: Final = "/api/v2/token/refresh"  # noqa: S105 - a path

# About the seller rather than one shop: without the shop's cipher.
SHOPS: Final = "/authorization/202309/shops"

PRODUCT_SEARCH: Final = "/product/202502/products/search"
PRODUCT: Final = "/product/202309/products/{product_id}"
INVENTORY_SEARCH: Final = "/product/202309/inventory/search"
INVENTORY_UPDATE: Final = "/product/202309/products/{product_id}/inventory/update"
PRICES_UPDATE: Final = "/product/202309/products/{product_id}/prices/update"
CATEGORIES: Final = "/product/202309/categories"
CATEGORY_ATTRIBUTES: Final = "/product/202309/categories/{category_id}/attributes"
BRANDS: Final = "/product/202309/brands"
IMAGE_UPLOAD: Final = "/product/202309/images/upload"
PRODUCTS: Final = "/product/202309/products"
PARTIAL_EDIT: Final = "/product/202309/products/{product_id}/partial_edit"
ACTIVATE: Final = "/product/202309/products/activate"
DEACTIVATE: Final = "/product/202309/products/deactivate"
WAREHOUSES: Final = "/logistics/202309/warehouses"

ACTIVITIES: Final = "/promotion/202309/activities"
ACTIVITY_SEARCH: Final = "/promotion/202309/activities/search"
ACTIVITY: Final = "/promotion/202309/activities/{activity_id}"
ACTIVITY_PRODUCTS: Final = "/promotion/202309/activities/{activity_id}/products"

ORDER_SEARCH: Final = "/order/202309/orders/search"
ORDERS: Final = "/order/202507/orders"
HANDOVER_SLOTS: Final = "/fulfillment/202309/packages/{package_id}/handover_time_slots"
SHIP: Final = "/fulfillment/202309/packages/{package_id}/ship"
SHIPPING_DOCUMENTS: Final = "/fulfillment/202309/packages/{package_id}/shipping_documents"

CANCELLATIONS: Final = "/return_refund/202602/cancellations"
CANCELLATION_SEARCH: Final = "/return_refund/202602/cancellations/search"
APPROVE: Final = "/return_refund/202309/cancellations/{cancel_id}/approve"
REJECT: Final = "/return_refund/202309/cancellations/{cancel_id}/reject"
REJECT_REASONS: Final = "/return_refund/202309/reject_reasons"

RETURN_SEARCH: Final = "/return_refund/202602/returns/search"
RETURN_APPROVE: Final = "/return_refund/202309/returns/{return_id}/approve"
RETURN_REJECT: Final = "/return_refund/202606/returns/{return_id}/reject"

STATEMENT_TRANSACTIONS: Final = "/finance/202501/orders/{order_id}/statement_transactions"
