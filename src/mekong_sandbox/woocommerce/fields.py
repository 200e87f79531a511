"""The fields of a product or variation that may be written, checked as the engine's schema has them."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.money import to_minor
from mekong_sandbox.woocommerce.gate import Call, Refused, listed, wrong_param
from mekong_sandbox.woocommerce.model import Product

STATUSES = ("draft", "pending", "private", "publish")
STOCK_STATUSES = ("instock", "outofstock", "onbackorder")


def text(sent: dict[str, Any], name: str) -> str | None:
    """A text; None when it was not sent. Raises: Refused."""
    value = sent.get(name)
    if value is not None and not isinstance(value, str):
        raise wrong_param(name, f"{name} is not of type string.")
    return value


def word(sent: dict[str, Any], name: str, choices: tuple[str, ...]) -> str | None:
    """One of several words; None when it was not sent. Raises: Refused."""
    value = text(sent, name)
    if value is not None and value not in choices:
        raise wrong_param(name, f"{name} is not one of {', '.join(choices)}.")
    return value


def price(call: Call, sent: dict[str, Any], name: str) -> int | None:
    """A price in minor units; None: sent empty, so that there is none. Raises: Refused."""
    value = text(sent, name)
    if not value:
        return None
    try:
        minor = to_minor(value, call.shop.currency)
    except ValueError:
        raise wrong_param(name, f"{name} is not an amount.") from None
    if minor < 0:
        raise wrong_param(name, f"{name} must not be negative.")
    return minor


def whole(sent: dict[str, Any], name: str) -> int:
    """A whole number, also as text. Raises: Refused."""
    value = str(sent[name])
    if isinstance(sent[name], bool) or not value.removeprefix("-").isdecimal():
        raise wrong_param(name, f"{name} is not of type integer.")
    return int(value)


def loose(item: Any) -> dict[str, Any]:
    """A row of a batch: there the engine checks no types, so prices may be numbers."""
    if not isinstance(item, dict):
        return {}
    names = ("regular_price", "sale_price")
    return item | {name: str(item[name]) for name in names if isinstance(item.get(name), int | float)}


def _quantity(product: Product, sent: dict[str, Any]) -> int:
    if "stock_quantity" in sent:
        return whole(sent, "stock_quantity")
    change = whole(sent, "inventory_delta") if "inventory_delta" in sent else 0
    return (product.stock_quantity or 0) + change


def _free_sku(call: Call, product: Product, sent: dict[str, Any]) -> str:
    sku = text(sent, "sku")
    if sku is None:
        return product.sku
    other = call.market.by_sku.get((call.shop.shop_id, sku))
    if other is not None and other is not product:
        raise Refused("product_invalid_sku", "Invalid or duplicated SKU.", 400, resource_id=other.id, unique_sku=sku)
    return sku


def _images(product: Product, sent: dict[str, Any]) -> list[str]:
    shown = listed(sent, "images") or [sent.get("image")]
    return [str(one.get("src", "")) for one in shown if isinstance(one, dict)] or product.images


def write(call: Call, product: Product, sent: dict[str, Any]) -> None:
    """Put the fields sent into a product. All are checked before the first is changed. Raises: Refused."""
    manage = sent.get("manage_stock", product.manage_stock)
    if manage not in (True, False, "parent"):
        raise wrong_param("manage_stock", "manage_stock is not of type boolean.")
    words = {
        "status": word(sent, "status", STATUSES),
        "stock_status": word(sent, "stock_status", STOCK_STATUSES),
        "backorders": word(sent, "backorders", ("no", "notify", "yes")),
        "name": text(sent, "name"),
        "description": text(sent, "description"),
        "barcode": text(sent, "global_unique_id"),
    }
    prices = {name: price(call, sent, name) for name in ("regular_price", "sale_price") if sent.get(name) is not None}
    quantity, sku = _quantity(product, sent), _free_sku(call, product, sent)
    attributes = [one for one in listed(sent, "attributes") if isinstance(one, dict)]
    images = _images(product, sent)
    product.meta_data = call.merged(product.meta_data, sent)

    for name, value in words.items():
        if value is not None:
            setattr(product, name, value)
    for name, minor in prices.items():
        setattr(product, name, minor)
    if sku != product.sku:
        call.market.rename_sku(product, sku)
    if "attributes" in sent:
        product.attributes = attributes
    product.images = images
    product.manage_stock = manage is True
    if product.manage_stock:
        call.market.put_quantity(product, quantity)
    else:
        product.stock_quantity, product.backorders = None, "no"
