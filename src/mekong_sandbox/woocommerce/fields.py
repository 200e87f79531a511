"""The fields of a product or variation that may be written, checked as the engine's schema has them."""

from __future__ import annotations

from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from mekong_sandbox.money import to_minor
from mekong_sandbox.woocommerce import sales
from mekong_sandbox.woocommerce.gate import Call, Refused, listed, wrong_param
from mekong_sandbox.woocommerce.model import Product

FETCH_S, MAX_BYTES = 3.0, 10 * 1024 * 1024
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


def _images(call: Call, product: Product, sent: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Addresses and texts of pictures: by number those it has, by `src` new ones, which are fetched. Raises: Refused."""
    if "images" not in sent and "image" not in sent:
        return product.images, product.alts
    shown = listed(sent, "images") or [sent.get("image")]
    wanted = [one for one in shown if isinstance(one, dict)]
    had = {product.id * 10 + at: url for at, url in enumerate(product.images)} | {
        product.id: next(iter(product.images), "")
    }
    urls = []
    for one in wanted:
        url = str(one.get("src") or "") or had.get(one.get("id", 0), "")
        if not url:
            text = f"#{one.get('id', 0)} is an invalid image ID."
            raise Refused("woocommerce_product_invalid_image_id", text, 400)
        urls.append(url if url in product.images else fetched(call, url))
    return urls, [str(one.get("alt") or "") for one in wanted]


def fetched(call: Call, url: str) -> str:
    """Where a picture is kept after it was fetched from its address. Raises: Refused.

    Addresses under .example, which nobody serves, are kept as they are written.
    """
    pictures = call.world.pictures
    host = urlsplit(url).hostname or ""
    if host.endswith(".example") or not call.world.settings.woocommerce_fetch_images:
        return url
    own = pictures.at(url)
    try:
        content = pictures.content(own) if own else None
        if content is None:
            if not url.startswith(("http://", "https://")):
                raise ValueError("A valid URL was not provided.")
            with urlopen(url, timeout=FETCH_S) as reply:  # noqa: S310 - http and https alone, checked above
                content = bytes(reply.read(MAX_BYTES))
        number = f"woo-{call.world.number('woocommerce.image', 5_001)}"
        return pictures.keep(number, "woocommerce", call.shop.shop_id, content, url).path
    except (URLError, OSError, ValueError) as bad:
        said = f"Error getting remote image {url}. Error: {bad}"
        raise Refused("woocommerce_product_image_upload_error", said, 400) from None


def _attributes(product: Product, parent: Product | None, sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes of a product with their values; of a variation, those its product varies by. Raises: Refused."""
    found = [one for one in listed(sent, "attributes") if isinstance(one, dict)]
    if parent is None:
        return [_product_attribute(at, one) for at, one in enumerate(found)]
    varies = {_key(one): one for one in parent.attributes if one.get("variation")}
    kept = []
    for one in found:
        known = varies.get(_key(one)) or next(
            (each for each in varies.values() if each["name"] == one.get("name")), None
        )
        if known is not None or not varies:
            name = str((known or one).get("name", ""))
            kept.append({"id": (known or one).get("id", 0), "name": name, "option": str(one.get("option", ""))})
    return kept


def _key(one: dict[str, Any]) -> str:
    return f"#{one['id']}" if one.get("id") else str(one.get("name", ""))


def _product_attribute(at: int, one: dict[str, Any]) -> dict[str, Any]:
    options = one.get("options", [])
    if not isinstance(options, list):
        raise wrong_param("attributes", f"attributes[{at}][options] is not of type array.")
    return {
        "id": one.get("id", 0),
        "name": str(one.get("name", "")),
        "slug": str(one.get("name", "")),
        "position": one.get("position", at),
        "visible": bool(one.get("visible", False)),
        "variation": bool(one.get("variation", False)),
        "options": [str(each) for each in options],
    }


def _categories(sent: dict[str, Any]) -> list[int]:
    return [
        int(one["id"]) for one in listed(sent, "categories") if isinstance(one, dict) and str(one.get("id")).isdecimal()
    ]


def write(call: Call, product: Product, sent: dict[str, Any], parent: Product | None = None) -> None:
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
        "short_description": text(sent, "short_description"),
        "weight": text(sent, "weight"),
    }
    prices = {name: price(call, sent, name) for name in ("regular_price", "sale_price") if sent.get(name) is not None}
    sale_from, sale_to = sales.dates(call, product, sent)
    quantity, sku = _quantity(product, sent), _free_sku(call, product, sent)
    attributes = _attributes(product, parent or call.market.products.get(product.parent_id), sent)
    categories, sizes = _categories(sent), sent.get("dimensions")
    images, alts = _images(call, product, sent)
    product.meta_data = call.merged(product.meta_data, sent)

    for name, value in words.items():
        if value is not None:
            setattr(product, name, value)
    for name, minor in prices.items():
        setattr(product, name, minor)
    product.sale_from, product.sale_to = sale_from, sale_to
    if sku != product.sku:
        call.market.rename_sku(product, sku)
    if "attributes" in sent:
        product.attributes = attributes
    if "categories" in sent:
        product.categories = categories
    if isinstance(sizes, dict):
        product.dimensions = product.dimensions | {name: str(value) for name, value in sizes.items()}
    product.images, product.alts = images, alts
    product.manage_stock = manage is True
    if product.manage_stock:
        call.market.put_quantity(product, quantity)
    else:
        product.stock_quantity, product.backorders = None, "no"
