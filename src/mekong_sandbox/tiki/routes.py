"""Which path does what."""

from __future__ import annotations

from mekong_sandbox.tiki import fulfilment, orders, products, publishing, queues, sellers, stock, taxonomy
from mekong_sandbox.tiki.gate import V1, V2_BOTH, Endpoint, Router

ENDPOINTS = (
    Endpoint("GET", "sellers/me", sellers.me),
    Endpoint("PUT", "sellers/me/updateCanUpdateProduct", sellers.set_can_update, durable=True),
    Endpoint("GET", "sellers/me/warehouses", sellers.warehouses, "inventory"),
    Endpoint("GET", "products", products.list_products, "product", versions=V2_BOTH),
    Endpoint("GET", "products/findBy", products.find_by, "product", versions=V2_BOTH),
    Endpoint("PUT", "products/updateSku", stock.update_sku, "product", versions=V2_BOTH),
    Endpoint("PUT", "products/updateSkus", stock.update_skus, "product", versions=V2_BOTH),
    Endpoint("POST", "products/updateOriginalSku", stock.update_original_sku, "product", durable=True),
    Endpoint("GET", "products/{product_id}", products.get_product, "product", versions=V2_BOTH),
    Endpoint("POST", "requests", publishing.create, "product", versions=V2_BOTH, durable=True),
    Endpoint("GET", "requests", publishing.list_requests, "product", versions=V2_BOTH),
    Endpoint("POST", "requests/updateProductInfo", publishing.update_info, "product", versions=V2_BOTH, durable=True),
    Endpoint("GET", "requests/{request_id}", publishing.get_request, "product", versions=V2_BOTH),
    Endpoint("DELETE", "requests/{request_id}", publishing.delete_request, "product", versions=V2_BOTH, durable=True),
    Endpoint("GET", "tracking/{track_id}", publishing.tracking, "product", versions=V2_BOTH),
    Endpoint("GET", "categories", taxonomy.categories, by="either"),
    Endpoint("GET", "categories/{category_id}", taxonomy.get_category, by="either"),
    Endpoint("GET", "categories/{category_id}/attributes", taxonomy.category_attributes, by="either"),
    Endpoint("GET", "categories/{category_id}/optionLabels", taxonomy.option_labels, by="either"),
    Endpoint("GET", "orders", orders.list_orders, "order"),
    Endpoint("GET", "orders/dropship/expected-pickup-slots", fulfilment.pickup_slots, "order"),
    Endpoint("GET", "orders/{code}", orders.get_order, "order"),
    Endpoint("POST", "orders/{code}/confirm-available", fulfilment.confirm_available, "order", durable=True),
    Endpoint("POST", "orders/{code}/dropship/confirm-available", fulfilment.confirm_dropship, "order", durable=True),
    Endpoint(
        "POST", "orders/{code}/seller-delivery/update-delivery", fulfilment.update_delivery, "order", durable=True
    ),
    Endpoint("GET", "orders/{code}/{kind}/labels", fulfilment.labels, "order"),
    Endpoint("GET", "seller-inventories", fulfilment.seller_inventories, "order"),
    Endpoint("POST", "queues", queues.create, by="app", versions=V1, durable=True),
    Endpoint("GET", "queues", queues.list_queues, by="either", versions=V1),
    Endpoint("PUT", "queues/{queue}", queues.change, by="app", versions=V1, durable=True),
    Endpoint("DELETE", "queues/{queue}", queues.delete, by="app", versions=V1, durable=True),
    Endpoint("POST", "queues/{queue}/subscriptions", queues.subscribe, versions=V1, durable=True),
    Endpoint("GET", "queues/{queue}/subscriptions", queues.subscriptions, versions=V1),
    Endpoint("PUT", "queues/{queue}/subscriptions/{code}", queues.switch, versions=V1, durable=True),
    Endpoint("POST", "queues/{queue}/events/pull", queues.pull, by="either", versions=V1, durable=True),
)
ROUTER = Router(ENDPOINTS)
