"""How products and orders look in answers and webhooks: both are the same representation."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from mekong_sandbox.money import exponent
from mekong_sandbox.pictures import absolute
from mekong_sandbox.woocommerce import taxonomy
from mekong_sandbox.woocommerce.model import Line, Note, Order, Product, Refund, Shop

if TYPE_CHECKING:
    from mekong_sandbox.woocommerce.market import WooMarket


def amount(minor: int, currency: str) -> str:
    """An amount as text with the decimals of the shop's currency."""
    decimals = exponent(currency)
    return f"{minor / 10**decimals:.{decimals}f}"


def price_text(minor: int | None, currency: str) -> str:
    """A price of a product; "" when it has none."""
    return "" if minor is None else amount(minor, currency)


def dates(name: str, stamp: float | None, shop: Shop) -> dict[str, str | None]:
    """A moment twice: by the site's clock, and in UTC. Neither says its zone."""
    if stamp is None:
        return {name: None, f"{name}_gmt": None}
    texts = [
        datetime.fromtimestamp(int(stamp) + ahead_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        for ahead_s in (shop.utc_offset_h * 3600, 0)
    ]
    return {name: texts[0], f"{name}_gmt": texts[1]}


def slug_of(name: str) -> str:
    """The name as it stands in links."""
    plain = unicodedata.normalize("NFKD", name.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _image(market: WooMarket, number: int, url: str, alt: str = "") -> dict[str, Any]:
    src = absolute(market.asked, url) if market.asked else url
    return {"id": number, "src": src, "name": url.rsplit("/", 1)[-1], "alt": alt}


def stock_fields(market: WooMarket, product: Product, lag_s: float) -> dict[str, Any]:
    """The stock of a product or variation, as of `lag_s` ago."""
    holder = market.holder(product)
    managed: bool | str = product.manage_stock
    if holder is not None and holder is not product:
        managed = "parent"
    quantity = market.quantity(holder, lag_s) if holder is not None else None
    status = product.stock_status
    if product.type == "variable" and not product.manage_stock:
        own = [market.products[number] for number in product.variations]
        status = "instock" if any(one.stock_status != "outofstock" for one in own) else "outofstock"
    elif holder is not None:
        status = status_of(quantity, holder)
    return {
        "manage_stock": managed,
        "stock_quantity": quantity,
        "stock_status": status,
        "backorders": product.backorders,
        "backorders_allowed": product.backorders != "no",
        "backordered": status == "onbackorder",
        "low_stock_amount": None,
    }


def status_of(quantity: int | None, product: Product) -> str:
    """The status that a counted stock has by itself."""
    if quantity is not None and quantity > 0:
        return "instock"
    return "outofstock" if product.backorders == "no" else "onbackorder"


def _common(market: WooMarket, shop: Shop, product: Product, lag_s: float) -> dict[str, Any]:
    now = market.world.clock.now()
    price = product.price(now)
    row: dict[str, Any] = {"id": product.id}
    row |= dates("date_created", product.created_at, shop) | dates("date_modified", product.modified_at, shop)
    row |= {
        "description": product.description,
        "permalink": f"https://{shop.shop_id}.example/san-pham/{slug_of(product.name)}/",
        "sku": product.sku,
        "global_unique_id": product.barcode,
        "price": price_text(price, shop.currency),
        "regular_price": price_text(product.regular_price, shop.currency),
        "sale_price": price_text(product.sale_price, shop.currency),
        **dates("date_on_sale_from", product.sale_from, shop),
        **dates("date_on_sale_to", product.sale_to, shop),
        "on_sale": product.on_sale(now),
        "status": product.status,
        "purchasable": product.status == "publish" and price is not None,
        "virtual": False,
        "tax_status": "taxable",
        "tax_class": "",
        "weight": product.weight,
        "dimensions": {"length": "", "width": "", "height": ""} | product.dimensions,
        "meta_data": product.meta_data,
    }
    return row | stock_fields(market, product, lag_s)


def variation_row(market: WooMarket, product: Product, lag_s: float = 0.0) -> dict[str, Any]:
    """A variation below its product."""
    row = _common(market, market.shops[product.shop_id], product, lag_s)
    row["name"] = ", ".join(str(one.get("option", "")) for one in product.attributes)
    row["parent_id"] = product.parent_id
    row["attributes"] = product.attributes
    row["image"] = _image(market, product.id, product.images[0]) if product.images else None
    return row


def product_row(market: WooMarket, product: Product, lag_s: float = 0.0) -> dict[str, Any]:
    """A product; a variation asked for by its own number shows as a product of type variation."""
    shop = market.shops[product.shop_id]
    row = _common(market, shop, product, lag_s)
    row |= {
        "name": full_name(market, product),
        "slug": slug_of(product.name),
        "type": product.type,
        "parent_id": product.parent_id,
        "featured": False,
        "catalog_visibility": "visible",
        "short_description": product.short_description,
        "categories": [
            {"id": one.id, "name": one.name, "slug": slug_of(one.name)}
            for one in taxonomy.categories(market, shop.shop_id, product.categories)
        ],
        "tags": [],
        "images": [
            _image(market, product.id * 10 + number, url, alt)
            for number, (url, alt) in enumerate(
                zip_longest(product.images, product.alts[: len(product.images)], fillvalue="")
            )
        ],
        "attributes": product.attributes,
        "default_attributes": [],
        "variations": product.variations,
        "grouped_products": [],
        "has_options": product.type == "variable",
    }
    if product.type == "variable":
        now, own = market.world.clock.now(), [market.products[number] for number in product.variations]
        prices = [found for one in own if (found := one.price(now)) is not None]
        row["price"] = price_text(min(prices, default=None), shop.currency)
        row["regular_price"] = row["sale_price"] = ""
        row |= dates("date_on_sale_from", None, shop) | dates("date_on_sale_to", None, shop)
        row["on_sale"] = any(one.on_sale(now) for one in own)
    return row


def full_name(market: WooMarket, product: Product) -> str:
    """A variation carries its product's name and its options."""
    if not product.parent_id:
        return product.name
    options = ", ".join(str(one.get("option", "")) for one in product.attributes)
    return f"{market.products[product.parent_id].name} - {options}" if options else product.name


def _line_row(line: Line, currency: str) -> dict[str, Any]:
    total = amount(line.price * line.quantity, currency)
    unit = line.price if exponent(currency) == 0 else line.price / 100
    meta = [{"id": line.id * 10, "key": "_reduced_stock", "value": str(line.reduced)}] if line.reduced else []
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": total,
        "subtotal_tax": amount(0, currency),
        "total": total,
        "total_tax": amount(0, currency),
        "taxes": [],
        "meta_data": meta,
        "sku": line.sku,
        "price": unit,
        "image": {"id": "", "src": ""},
        "parent_name": line.parent_name,
    }


def order_row(shop: Shop, order: Order) -> dict[str, Any]:
    """An order with its lines."""
    money, none = order.currency, amount(0, order.currency)
    row: dict[str, Any] = {"id": order.id, "parent_id": 0, "number": str(order.id), "status": order.status}
    row |= {"currency": money, "version": "9.4.2", "prices_include_tax": True, "created_via": "checkout"}
    row |= dates("date_created", order.created_at, shop) | dates("date_modified", order.modified_at, shop)
    row |= dates("date_paid", order.paid_at, shop) | dates("date_completed", order.completed_at, shop)
    row |= {
        "discount_total": none,
        "discount_tax": none,
        "shipping_total": amount(order.shipping_total, money),
        "shipping_tax": none,
        "cart_tax": none,
        "total": amount(order.total(), money),
        "total_tax": none,
        "customer_id": 0,
        "order_key": f"wc_order_{order.id:013d}",
        "billing": order.billing,
        "shipping": {name: order.billing[name] for name in order.billing if name != "email"} | order.shipping,
        "payment_method": order.payment_method,
        "payment_method_title": order.payment_title,
        "transaction_id": order.transaction_id,
        "customer_note": order.customer_note,
        "meta_data": order.meta_data,
        "line_items": [_line_row(line, money) for line in order.lines],
        "tax_lines": [],
        "shipping_lines": [
            {
                "id": order.shipping_item,
                "method_title": "Đồng giá",
                "method_id": "flat_rate",
                "total": amount(order.shipping_total, money),
                "total_tax": none,
                "meta_data": [],
            }
        ],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [
            {"id": one.id, "reason": one.reason, "total": f"-{amount(one.amount, money)}"} for one in order.refunds
        ],
        "is_editable": order.status in ("pending", "on-hold"),
        "needs_payment": order.status in ("pending", "failed"),
        "needs_processing": True,
        "currency_symbol": "₫" if money == "VND" else money,
    }
    return row


def refund_row(shop: Shop, order: Order, refund: Refund) -> dict[str, Any]:
    """A refund; units and amounts of its lines are negative."""
    lines = []
    for line_id, units, total in refund.lines:
        line = order.line(line_id)
        if line is not None:
            row = _line_row(line, order.currency)
            row |= {"quantity": -units, "total": f"-{amount(total, order.currency)}", "subtotal": row["total"]}
            row["meta_data"] = [{"id": refund.id * 10, "key": "_refunded_item_id", "value": str(line_id)}]
            lines.append(row)
    return {
        "id": refund.id,
        **dates("date_created", refund.created_at, shop),
        "amount": amount(refund.amount, order.currency),
        "reason": refund.reason,
        "refunded_by": 1,
        "refunded_payment": refund.by_gateway,
        "meta_data": [],
        "line_items": lines,
    }


def note_row(shop: Shop, note: Note) -> dict[str, Any]:
    """A note on an order."""
    when = dates("date_created", note.created_at, shop)
    return {"id": note.id, "author": "WooCommerce", **when, "note": note.text, "customer_note": note.for_customer}
