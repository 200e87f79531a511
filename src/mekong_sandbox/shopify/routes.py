"""Which field of the GraphQL root, and which REST path, does what."""

from __future__ import annotations

from collections.abc import Callable

from mekong_sandbox.http import Reply
from mekong_sandbox.shopify import fulfilment, hooks, prices, publishing, queries, rest, stock, taxonomy, uploads
from mekong_sandbox.shopify.gate import Call, Root

ROOTS: dict[str, dict[str, Root]] = {
    "query": {
        "shop": Root(queries.get_shop),
        "currentAppInstallation": Root(queries.get_installation),
        "location": Root(queries.get_location, "read_locations"),
        "locations": Root(queries.get_locations, "read_locations"),
        "product": Root(queries.get_product, "read_products"),
        "productByIdentifier": Root(publishing.get_by_identifier, "read_products"),
        "taxonomy": Root(taxonomy.get_taxonomy),
        "publications": Root(queries.get_publications, "read_publications"),
        "products": Root(queries.get_products, "read_products"),
        "productVariant": Root(queries.get_variant, "read_products"),
        "productVariants": Root(queries.get_variants, "read_products"),
        "inventoryItem": Root(queries.get_item, "read_inventory"),
        "inventoryItems": Root(queries.get_items, "read_inventory"),
        "inventoryLevel": Root(queries.get_level, "read_inventory"),
        "order": Root(queries.get_order, "read_orders"),
        "orders": Root(queries.get_orders, "read_orders"),
        "fulfillmentOrder": Root(queries.get_work, "read_merchant_managed_fulfillment_orders"),
        "fulfillmentOrders": Root(queries.all_work, "read_merchant_managed_fulfillment_orders"),
        "fulfillment": Root(queries.get_parcel, "read_fulfillments"),
        "webhookSubscription": Root(queries.get_hook),
        "webhookSubscriptions": Root(queries.get_hooks),
        "job": Root(queries.get_job),
        "node": Root(queries.get_node),
        "nodes": Root(queries.get_nodes),
    },
    "mutation": {
        "inventorySetQuantities": Root(stock.set_quantities, "write_inventory"),
        "inventoryAdjustQuantities": Root(stock.adjust_quantities, "write_inventory"),
        "inventoryActivate": Root(stock.activate, "write_inventory"),
        "productSet": Root(publishing.product_set, "write_products"),
        "productCreate": Root(publishing.product_create, "write_products"),
        "productUpdate": Root(publishing.product_update, "write_products"),
        "productDelete": Root(publishing.product_delete, "write_products"),
        "productVariantsBulkCreate": Root(publishing.variants_create, "write_products"),
        "productVariantsBulkDelete": Root(publishing.variants_delete, "write_products"),
        "publishablePublish": Root(publishing.publish, "write_publications"),
        "stagedUploadsCreate": Root(uploads.create, "write_products"),
        "productVariantsBulkUpdate": Root(prices.update_variants, "write_products"),
        "fulfillmentCreate": Root(fulfilment.create, "write_merchant_managed_fulfillment_orders"),
        "fulfillmentCreateV2": Root(fulfilment.create, "write_merchant_managed_fulfillment_orders"),
        "fulfillmentTrackingInfoUpdate": Root(fulfilment.update_tracking, "write_fulfillments"),
        "fulfillmentTrackingInfoUpdateV2": Root(fulfilment.update_tracking, "write_fulfillments"),
        "fulfillmentOrderMove": Root(fulfilment.move, "write_merchant_managed_fulfillment_orders"),
        "orderCancel": Root(fulfilment.cancel, "write_orders"),
        "orderMarkAsPaid": Root(fulfilment.mark_as_paid, "write_orders"),
        "webhookSubscriptionCreate": Root(hooks.create),
        "webhookSubscriptionUpdate": Root(hooks.update),
        "webhookSubscriptionDelete": Root(hooks.delete),
    },
}

REST: dict[tuple[str, str], Callable[[Call], Reply]] = {
    ("GET", "/shop"): rest.shop,
    ("GET", "/locations"): rest.locations,
    ("POST", "/inventory_levels/set"): rest.set_level,
    ("GET", "/orders/#"): rest.order,
}
