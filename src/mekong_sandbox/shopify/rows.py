"""How orders, products and levels look over REST and in webhooks (protocol notes, section 2)."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from mekong_sandbox.money import exponent
from mekong_sandbox.shopify.model import Fulfillment, Line, Order, Product, Shop, Variant

STATUS = {"UNFULFILLED": None, "PARTIALLY_FULFILLED": "partial", "FULFILLED": "fulfilled"}


def gid(kind: str, number: int) -> str:
    """The id of an object as GraphQL has it."""
    return f"gid://shopify/{kind}/{number}"


def number_of(value: object, kind: str) -> int:
    """The number in such an id; 0 when it is none of that kind."""
    text = str(value).removeprefix(f"gid://shopify/{kind}/").partition("?")[0]
    return int(text) if text.isdecimal() else 0


def price(minor: int, currency: str) -> str:
    """An amount as REST prints it: with the decimals of its currency."""
    decimals = exponent(currency)
    return f"{minor / 10**decimals:.{decimals}f}"


def handle_of(title: str) -> str:
    """The title as it stands in links."""
    plain = unicodedata.normalize("NFKD", title.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def local(stamp: float | None, shop: Shop) -> str | None:
    """A moment on the shop's clock, with its offset."""
    if stamp is None:
        return None
    zone = timezone(timedelta(hours=shop.utc_offset_h))
    return datetime.fromtimestamp(int(stamp), UTC).astimezone(zone).isoformat()


def _line(line: Line, currency: str) -> dict[str, Any]:
    status = "fulfilled" if line.sent and not line.unsent() else "partial" if line.sent else None
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "variant_id": line.variant_id,
        "product_id": line.product_id,
        "sku": line.sku,
        "title": line.title,
        "variant_title": line.variant_title,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "quantity": line.quantity,
        "current_quantity": line.current(),
        "fulfillable_quantity": line.unsent(),
        "fulfillment_status": status,
        "price": price(line.price, currency),
        "total_discount": price(0, currency),
        "requires_shipping": True,
        "taxable": True,
        "properties": [],
        "tax_lines": [],
        "discount_allocations": [],
    }


def _parcel(order: Order, parcel: Fulfillment, shop: Shop) -> dict[str, Any]:
    return {
        "id": parcel.id,
        "admin_graphql_api_id": gid("Fulfillment", parcel.id),
        "order_id": order.id,
        "status": parcel.status.lower(),
        "shipment_status": None if parcel.shown_status == "FULFILLED" else parcel.shown_status.lower(),
        "location_id": parcel.place_id,
        "tracking_company": parcel.company or None,
        "tracking_number": parcel.number or None,
        "tracking_url": parcel.url or None,
        "created_at": local(parcel.created_at, shop),
        "updated_at": local(parcel.updated_at, shop),
        "line_items": [{"id": line_id, "quantity": units} for line_id, units in parcel.lines],
    }


def order_row(shop: Shop, order: Order) -> dict[str, Any]:
    """An order as REST has it."""
    money = order.currency
    address = order.address
    return {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "name": order.name,
        "order_number": order.number,
        "number": order.number - 1000,
        "created_at": local(order.created_at, shop),
        "updated_at": local(order.updated_at, shop),
        "processed_at": local(order.created_at, shop),
        "cancelled_at": local(order.cancelled_at, shop),
        "cancel_reason": order.cancel_reason.lower() or None,
        "closed_at": local(order.closed_at, shop),
        "confirmed": True,
        "test": False,
        "currency": money,
        "presentment_currency": money,
        "financial_status": order.financial.lower(),
        "fulfillment_status": STATUS[order.fulfilment()],
        "total_price": price(order.total(), money),
        "current_total_price": price(order.current_subtotal() + order.shipping_fee, money),
        "subtotal_price": price(order.subtotal(), money),
        "current_subtotal_price": price(order.current_subtotal(), money),
        "total_line_items_price": price(order.subtotal(), money),
        "total_discounts": price(0, money),
        "total_tax": price(0, money),
        "total_outstanding": price(order.total() if order.financial == "PENDING" else 0, money),
        "taxes_included": True,
        "payment_gateway_names": [order.gateway],
        "note": order.note or None,
        "tags": "",
        "email": order.email,
        "phone": address.get("phone"),
        "source_name": "web",
        "customer": {
            "id": order.customer_id,
            "admin_graphql_api_id": gid("Customer", order.customer_id),
            "first_name": address.get("first_name", ""),
            "last_name": address.get("last_name", ""),
            "email": order.email,
            "phone": address.get("phone"),
        },
        "shipping_address": address,
        "billing_address": address,
        "line_items": [_line(line, money) for line in order.lines],
        "shipping_lines": [{"id": order.id + 1, "title": "Giao hàng", "price": price(order.shipping_fee, money)}],
        "fulfillments": [_parcel(order, one, shop) for one in order.fulfillments],
        "refunds": [],
        "discount_codes": [],
        "tax_lines": [],
        "note_attributes": [],
    }


def level_row(shop: Shop, variant: Variant, place_id: int) -> dict[str, Any]:
    """The stock of a variant at a location; REST knows the available units alone."""
    level = variant.levels[place_id]
    return {
        "inventory_item_id": variant.item_id,
        "location_id": place_id,
        "available": level.available,
        "updated_at": local(level.updated_at, shop),
        "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{place_id}?inventory_item_id={variant.item_id}",
    }


def product_row(shop: Shop, product: Product) -> dict[str, Any]:
    """A product as REST has it."""
    variants = [
        {
            "id": one.id,
            "admin_graphql_api_id": gid("ProductVariant", one.id),
            "product_id": product.id,
            "title": one.title,
            "sku": one.sku,
            "barcode": one.barcode or None,
            "price": price(one.price, shop.currency),
            "compare_at_price": None if one.compare_at_price is None else price(one.compare_at_price, shop.currency),
            "position": number + 1,
            "inventory_item_id": one.item_id,
            "inventory_quantity": one.available(),
            "inventory_policy": "continue" if one.oversells else "deny",
        }
        for number, one in enumerate(product.variants)
    ]
    return {
        "id": product.id,
        "admin_graphql_api_id": gid("Product", product.id),
        "title": product.title,
        "body_html": product.description,
        "status": product.status.lower(),
        "created_at": local(product.created_at, shop),
        "updated_at": local(product.updated_at, shop),
        "variants": variants,
        "options": [{"name": name, "position": at + 1} for at, name in enumerate(product.option_names)],
        "images": [{"id": product.id + 1 + at, "src": url} for at, url in enumerate(product.images)],
    }
