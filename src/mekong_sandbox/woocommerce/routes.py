"""Which path does what; the facts of the shop itself, which are too small for a file of their own."""

from __future__ import annotations

from mekong_sandbox.http import json_reply
from mekong_sandbox.money import exponent
from mekong_sandbox.woocommerce import orders, products, terms, webhooks
from mekong_sandbox.woocommerce.gate import Answer, Call, Endpoint


def system_status(call: Call) -> Answer:
    """What the engine tells of itself."""
    url, currency = f"https://{call.shop.shop_id}.example", call.shop.currency
    return {
        "environment": {"home_url": url, "site_url": url, "version": "9.4.2", "wp_version": "6.7.1"},
        "settings": {
            "api_enabled": False,
            "currency": currency,
            "currency_symbol": "₫" if currency == "VND" else currency,
            "thousand_separator": ".",
            "decimal_separator": ",",
            "number_of_decimals": exponent(currency),
        },
    }


def current_currency(call: Call) -> Answer:
    """The shop's currency; products do not name it."""
    currency = call.shop.currency
    return {"code": currency, "name": currency, "symbol": "₫" if currency == "VND" else currency}


def product_settings(call: Call) -> Answer:
    """In what the shop weighs and measures, among its settings of products."""
    units = {"woocommerce_weight_unit": ("Weight unit", "kg"), "woocommerce_dimension_unit": ("Dimensions unit", "cm")}
    return json_reply(
        [
            {
                "id": name,
                "label": label,
                "description": "",
                "type": "select",
                "default": value,
                "tip": "",
                "value": value,
            }
            for name, (label, value) in units.items()
        ]
    )


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("GET", "/system_status"): Endpoint(system_status),
    ("GET", "/data/currencies/current"): Endpoint(current_currency),
    ("GET", "/settings/products"): Endpoint(product_settings),
    ("GET", "/products"): Endpoint(products.list_products, "list"),
    ("POST", "/products"): Endpoint(products.create_product, "create", 201, durable=True),
    ("PUT", "/products/batch"): Endpoint(products.batch_products, "batch"),
    ("GET", "/products/categories"): Endpoint(terms.list_terms, "list"),
    ("POST", "/products/categories"): Endpoint(terms.create_term, "create", 201, durable=True),
    ("GET", "/products/categories/#"): Endpoint(terms.get_term),
    ("PUT", "/products/categories/#"): Endpoint(terms.update_term, "edit", durable=True),
    ("DELETE", "/products/categories/#"): Endpoint(terms.delete_term, "delete", durable=True),
    ("GET", "/products/attributes"): Endpoint(terms.list_terms, "list"),
    ("POST", "/products/attributes"): Endpoint(terms.create_term, "create", 201, durable=True),
    ("GET", "/products/attributes/#"): Endpoint(terms.get_term),
    ("PUT", "/products/attributes/#"): Endpoint(terms.update_term, "edit", durable=True),
    ("DELETE", "/products/attributes/#"): Endpoint(terms.delete_term, "delete", durable=True),
    ("GET", "/products/attributes/#/terms"): Endpoint(terms.list_terms, "list"),
    ("POST", "/products/attributes/#/terms"): Endpoint(terms.create_term, "create", 201, durable=True),
    ("GET", "/products/attributes/#/terms/#"): Endpoint(terms.get_term),
    ("PUT", "/products/attributes/#/terms/#"): Endpoint(terms.update_term, "edit", durable=True),
    ("DELETE", "/products/attributes/#/terms/#"): Endpoint(terms.delete_term, "delete", durable=True),
    ("GET", "/products/#"): Endpoint(products.get_product),
    ("PUT", "/products/#"): Endpoint(products.update_product, "edit"),
    ("DELETE", "/products/#"): Endpoint(products.delete_product, "delete", durable=True),
    ("GET", "/products/#/variations"): Endpoint(products.list_variations, "list"),
    ("POST", "/products/#/variations"): Endpoint(products.create_variation, "create", 201, durable=True),
    ("PUT", "/products/#/variations/batch"): Endpoint(products.batch_variations, "batch"),
    ("GET", "/products/#/variations/#"): Endpoint(products.get_variation),
    ("PUT", "/products/#/variations/#"): Endpoint(products.update_variation, "edit"),
    ("DELETE", "/products/#/variations/#"): Endpoint(products.delete_variation, "delete", durable=True),
    ("GET", "/orders"): Endpoint(orders.list_orders, "list"),
    ("GET", "/orders/#"): Endpoint(orders.get_order),
    ("PUT", "/orders/#"): Endpoint(orders.update_order, "edit", durable=True),
    ("GET", "/orders/#/refunds"): Endpoint(orders.list_refunds, "list"),
    ("POST", "/orders/#/refunds"): Endpoint(orders.create_refund, "create", 201, durable=True),
    ("GET", "/orders/#/notes"): Endpoint(orders.list_notes, "list"),
    ("POST", "/orders/#/notes"): Endpoint(orders.create_note, "create", 201, durable=True),
    ("GET", "/webhooks"): Endpoint(webhooks.list_webhooks, "list"),
    ("POST", "/webhooks"): Endpoint(webhooks.create_webhook, "create", 201, durable=True),
    ("PUT", "/webhooks/batch"): Endpoint(webhooks.batch_webhooks, "batch", durable=True),
    ("GET", "/webhooks/#"): Endpoint(webhooks.get_webhook),
    ("PUT", "/webhooks/#"): Endpoint(webhooks.update_webhook, "edit", durable=True),
    ("DELETE", "/webhooks/#"): Endpoint(webhooks.delete_webhook, "delete", durable=True),
}
