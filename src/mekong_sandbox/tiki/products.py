"""Reading products (protocol notes, section 4). The inner keys of `inventory` follow its one known sample."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.tiki import taxonomy
from mekong_sandbox.tiki.gate import Answer, Call, Refused
from mekong_sandbox.tiki.model import DISABLED, ENABLED, Held, Product
from mekong_sandbox.tiki.query import between, flag, included, page, printed


def _figures(stock: dict[int, Held]) -> dict[str, int]:
    available = sum(held.available for held in stock.values())
    return {
        "quantity": available,
        "quantity_available": available,
        "quantity_reserved": sum(held.reserved for held in stock.values()),
        "quantity_sellable": sum(held.sellable() for held in stock.values()),
    }


def _inventory(call: Call, product: Product) -> dict[str, Any]:
    stock, model = call.market.figures(product, call.request.lag_s), call.seller.operation_models[0]
    rows = [{"warehouse_id": place, **_figures({place: held})} for place, held in stock.items()]
    return {"inventory_type": model, "fulfillment_type": model, **_figures(stock), "warehouse_stocks": rows}


def images(urls: list[str]) -> list[dict[str, Any]]:
    """Pictures as answers show them."""
    return [{"id": None, "url": url, "path": url, "position": at} for at, url in enumerate(urls)]


def product_row(call: Call, product: Product, extras: set[str]) -> dict[str, Any]:
    """A product as answers show it; `inventory`, `attributes` and `seller` only when asked for."""
    row: dict[str, Any] = {
        "product_id": product.product_id,
        "sku": product.sku,
        "original_sku": product.original_sku,
        "name": product.name,
        "master_id": product.master_id,
        "master_sku": str(8_000_000_000_000 + product.master_id),
        "super_id": product.super_id,
        "super_sku": str(8_000_000_000_000 + product.super_id) if product.super_id else "",
        "active": int(product.status == ENABLED),
        "type": "simple",
        "entity_type": "seller_simple",
        "price": product.price,
        "market_price": product.market_price,
        "version": product.version,
        "created_at": printed(product.created_at),
        "updated_at": printed(product.updated_at),
        "thumbnail": product.images[0] if product.images else "",
        "images": images(product.images),
        "categories": [{"id": product.category_id, "name": taxonomy.name_of(product.category_id), "is_primary": True}],
        "attributes": {},
    }
    if "inventory" in extras:
        row["inventory"] = _inventory(call, product)
    if "attributes" in extras:
        found = {f"option{at}": value for at, value in enumerate(product.options, 1)}
        found |= {
            code: ", ".join(map(str, one)) if isinstance(one, list) else one for code, one in product.attributes.items()
        }
        found |= {"description": product.description, "barcode": product.barcode}
        row["attributes"] = {
            code: {"attribute_code": code, "value": value, "input_type": None} for code, value in found.items() if value
        }
    if "seller" in extras:
        row["seller"] = {"id": call.seller.seller_id, "name": call.seller.name}
    return row


def list_products(call: Call) -> Answer:
    """A page of products, the newest first."""
    created, updated = between(call, "created"), between(call, "updated")
    name, is_active = call.text("name", "").casefold(), flag(call, "active")
    category = call.number("category_id", 0)
    found = [
        product
        for product in reversed(call.market.seller_products.get(call.seller.seller_id, []))
        if name in product.name.casefold()
        and is_active in (None, product.status == ENABLED)
        and category in (0, product.category_id)
        and created(product.created_at)
        and updated(product.updated_at)
    ]
    extras = included(call)
    return page(call, found, lambda product: product_row(call, product, extras))


def own_product(call: Call, product_id: str | int) -> Product:
    """A product of the calling seller. Raises: Refused."""
    text = str(product_id)
    product = call.market.products.get(int(text)) if text.isdecimal() else None
    if product is None or product.seller_id != call.seller.seller_id:
        raise Refused("product not found", 404)
    return product


def get_product(call: Call) -> Answer:
    """One product."""
    return product_row(call, own_product(call, call.parts["product_id"]), included(call))


def find_by(call: Call) -> Answer:
    """The products with a code of the seller: one, or none."""
    product = call.market.by_sku.get((call.seller.seller_id, call.text("original_sku")))
    extras = included(call)
    return page(call, [product] if product else [], lambda one: product_row(call, one, extras))


def status_of(active: bool | int) -> int:
    """`active` of a write as a status."""
    return ENABLED if active else DISABLED
