"""Control of the stand-in of WooCommerce."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from mekong_sandbox.control import bodies
from mekong_sandbox.control.bodies import Amount, LimitBody, ListingsBody, NewListing, OfOwner, Routes, table
from mekong_sandbox.control.door import Wrong, body_of, number_in, query_of
from mekong_sandbox.http import Request
from mekong_sandbox.money import to_minor, to_number
from mekong_sandbox.woocommerce import life
from mekong_sandbox.woocommerce.gate import PREFIX
from mekong_sandbox.woocommerce.model import Key, Order, Product, Shop, Webhook
from mekong_sandbox.woocommerce.rows import full_name
from mekong_sandbox.woocommerce.webhooks import TOPIC

if TYPE_CHECKING:
    from mekong_sandbox.world import World

TOPICS = ("order.created", "order.updated", "product.created", "product.updated", "product.deleted")
STOCK = ("item_id", "model_id", "sku", "total", "held", "available", "price")
ORDERS = ("order_id", "status", "total", "currency", "created_at", "lines")


class ShopBody(bodies.NewOwner):
    """A shop with keys. With a `callback_url` its webhooks of `topics` are there too, signed with `secret`."""

    shop_id: str = ""
    utc_offset_h: float = 7.0
    shipping_fee: Amount = 0
    permissions: str = "read_write"
    topics: list[str] = msgspec.field(default_factory=lambda: list(TOPICS))
    secret: str = ""


class KeyBody(OfOwner):
    permissions: str = "read_write"


class RevokeBody(OfOwner):
    consumer_key: str = ""


class WebhooksBody(OfOwner, kw_only=True):
    callback_url: str
    topics: list[str] = msgspec.field(default_factory=lambda: list(TOPICS))
    secret: str = ""
    ping: bool = True


class MoveBody(OfOwner, kw_only=True):
    callback_url: str


class AdvanceBody(bodies.AdvanceBody):
    reason: str = "Khách đổi ý"


def _shop(world: World, shop_id: str) -> Shop:
    shop = world.woocommerce.shops.get(shop_id)
    if shop is None:
        raise Wrong(f"shop {shop_id} not found", 404)
    return shop


def _keys(world: World, shop: Shop, permissions: str) -> dict[str, Any]:
    if permissions not in ("read", "write", "read_write"):
        raise Wrong("permissions must be read, write or read_write")
    key = world.woocommerce.new_key(shop, permissions)
    return {"consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret}


def _hooks(world: World, shop: Shop, url: str, topics: list[str], secret: str, *, ping: bool) -> list[int]:
    """Webhooks of some topics to one URL, made by the shop's owner by hand."""
    stamp, made = world.clock.stamp(), []
    for topic in topics:
        if not TOPIC.fullmatch(topic):
            raise Wrong(f"topic {topic} is unknown")
        number = world.number("woocommerce.webhook", 12)
        hook = Webhook(number, shop.shop_id, f"Webhook {topic}", topic, url, secret, stamp, stamp)
        world.woocommerce.save_webhook(hook)
        if ping:
            world.woocommerce.push.ping(hook)
        made.append(number)
    return made


def add_shop(world: World, request: Request) -> object:
    """Make a shop; `base_path` is where its own host would begin."""
    body = body_of(request, ShopBody)
    shop_id = body.shop_id or f"cua-hang-{world.number('woocommerce.shop', 1)}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", shop_id):
        raise Wrong("shop_id must be lower-case letters, digits and hyphens")
    if shop_id in world.woocommerce.shops:
        raise Wrong(f"shop {shop_id} exists", 409)
    shop = Shop(shop_id, body.name, body.currency, body.utc_offset_h, to_minor(body.shipping_fee, body.currency))
    shop.rate, shop.burst = body.rate, body.burst
    keys = _keys(world, shop, body.permissions)
    world.woocommerce.save_shop(shop)
    secret = body.secret or secrets.token_hex(25)
    hooks = _hooks(world, shop, body.callback_url, body.topics, secret, ping=True) if body.callback_url else []
    base_path = PREFIX + shop_id
    return {"shop_id": shop_id, "base_path": base_path, **keys, "webhook_secret": secret, "webhooks": hooks}


def add_keys(world: World, request: Request) -> object:
    """Make another pair of keys."""
    body = body_of(request, KeyBody)
    return _keys(world, _shop(world, body.owner), body.permissions)


def revoke_keys(world: World, request: Request) -> object:
    """Take one pair of keys back, or all of a shop."""
    body = body_of(request, RevokeBody)
    shop = _shop(world, body.owner)

    def taken(key: Key) -> bool:
        return key.shop_id == shop.shop_id and body.consumer_key in ("", key.consumer_key)

    gone = [key for key in world.woocommerce.keys.values() if taken(key)]
    for key in gone:
        world.woocommerce.revoke(key)
    return {"revoked": len(gone)}


def add_webhooks(world: World, request: Request) -> object:
    """Make webhooks as the shop's owner would, without the API."""
    body = body_of(request, WebhooksBody)
    shop, secret = _shop(world, body.owner), body.secret or secrets.token_hex(25)
    return {"webhooks": _hooks(world, shop, body.callback_url, body.topics, secret, ping=body.ping), "secret": secret}


def move_webhooks(world: World, request: Request) -> object:
    """Have all webhooks of a shop tell another URL, as its owner would change them one by one; secrets stay."""
    body = body_of(request, MoveBody)
    shop, stamp = _shop(world, body.owner), world.clock.stamp()
    own = [one for one in world.woocommerce.webhooks.values() if one.shop_id == shop.shop_id]
    for hook in own:
        hook.delivery_url, hook.status, hook.failures, hook.modified_at = body.callback_url, "active", 0, stamp
        world.woocommerce.save_webhook(hook)
    return {"webhooks": [one.id for one in own]}


def get_webhooks(world: World, request: Request) -> object:
    """The webhooks of a shop with their secrets and failures in a row."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return {"webhooks": [one for one in world.woocommerce.webhooks.values() if one.shop_id == shop.shop_id]}


def set_limit(world: World, request: Request) -> object:
    """Set the call rate of a shop's host."""
    body = body_of(request, LimitBody)
    shop = _shop(world, body.owner)
    answer = bodies.limit(shop, body)
    world.woocommerce.save_shop(shop)
    return {"shop": shop.shop_id, **answer}


def _product(world: World, shop: Shop, new: NewListing, stamp: float) -> Product:
    price = to_minor(new.price, shop.currency)
    made = Product(world.woocommerce.number(), shop.shop_id, new.name, new.sku, stamp, stamp, regular_price=price)
    made.status, made.description, made.barcode = new.status or "publish", new.description, new.barcode
    made.images = new.images()
    counted = None if new.models else new.stock
    made.manage_stock, made.stock_quantity = counted is not None, counted
    made.stock_status = "outofstock" if counted is not None and counted <= 0 else "instock"
    return made


def _variations(world: World, shop: Shop, parent: Product, new: NewListing, stamp: float) -> list[Product]:
    """The variations of a variable product, which gets their attributes."""
    made: list[Product] = []
    names = new.tiers or ["Phân loại", "Cỡ"]
    values: dict[str, list[str]] = {}
    for at, one in enumerate(new.variants()):
        options = one.options or [one.name or f"Loại {at + 1}"]
        chosen = [{"id": 0, "name": name, "option": value} for name, value in zip(names, options, strict=False)]
        for row in chosen:
            values.setdefault(str(row["name"]), []).append(str(row["option"]))
        price = to_minor(new.price_of(one), shop.currency)
        number = world.woocommerce.number()
        product = Product(number, shop.shop_id, new.name, one.sku, stamp, stamp, "variation", parent.id)
        product.regular_price, product.stock_quantity, product.barcode = price, one.stock, one.barcode
        product.stock_status = "instock" if one.stock > 0 else "outofstock"
        product.attributes = chosen
        made.append(product)
    parent.type, parent.variations, parent.regular_price = "variable", [one.id for one in made], None
    parent.attributes = [
        {
            "id": 0,
            "name": name,
            "position": at,
            "visible": True,
            "variation": True,
            "options": list(dict.fromkeys(seen)),
        }
        for at, (name, seen) in enumerate(values.items())
    ]
    return made


def add_listings(world: World, request: Request) -> object:
    """Make many products; answers `[[product id, [variation id, …]], …]` in the order sent.

    A simple product stands as its own only variation.
    """
    body = body_of(request, ListingsBody[NewListing])
    shop, stamp, rows = _shop(world, body.owner), world.clock.stamp(), []
    for new in body.listings:
        product = _product(world, shop, new, stamp)
        variations = _variations(world, shop, product, new, stamp) if new.models else []
        for one in (product, *variations):
            world.woocommerce.add_product(one)
        for one in (product, *variations):  # told of when all of them are there
            world.woocommerce.push.product(one, "created")
        rows.append([product.id, [one.id for one in variations] or [product.id]])
    return {"listings": rows}


def _figures(world: World, product: Product) -> dict[str, Any]:
    market = world.woocommerce
    holder, currency = market.holder(product), market.shops[product.shop_id].currency
    price = product.price(world.clock.now())
    return {
        "item_id": product.parent_id or product.id,
        "model_id": product.id,
        "sku": product.sku,
        "total": holder.stock_quantity if holder else None,
        "held": holder.held if holder else 0,
        "available": market.available(product),
        "price": None if price is None else to_number(price, currency),
    }


def _sale(world: World, product: Product) -> dict[str, Any]:
    """What it costs without and with its sale price, and when that holds; none that is over or not lower."""
    now, currency = world.clock.now(), world.woocommerce.shops[product.shop_id].currency
    listed, current = product.regular_price, product.price(now)
    is_over = product.sale_to is not None and product.sale_to < now
    if product.sale_price is None or listed is None or product.sale_price >= listed or is_over:
        return bodies.sale(currency, listed, current)
    return bodies.sale(currency, listed, current, product.sale_price, product.sale_from, product.sale_to)


def get_listing(world: World, request: Request) -> object:
    """One product or variation, by `shop` and `sku`, or by `model_id` (`item_id` for a simple one)."""
    query, market = query_of(request), world.woocommerce
    if "sku" in query:
        product = market.by_sku.get((query.get("shop", ""), query["sku"]))
    else:
        product = market.products.get(number_in(query, "model_id") or number_in(query, "item_id"))
    if product is None:
        raise Wrong("listing not found", 404)
    return {
        "shop": product.shop_id,
        **_figures(world, product),
        "name": full_name(market, product),
        "status": product.status,
        "currency": market.shops[product.shop_id].currency,
        "stock_status": product.stock_status,
        **_sale(world, product),
        "updated_at": product.modified_at,
    }


def get_stock(world: World, request: Request) -> object:
    """All that can be bought of a shop."""
    shop = _shop(world, query_of(request).get("shop", ""))
    own = world.woocommerce.shop_products.get(shop.shop_id, {}).values()
    return table(STOCK, (_figures(world, one) for one in own if one.type != "variable"))


def get_published(world: World, request: Request) -> object:
    """All products of a shop as kept."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return {"items": list(world.woocommerce.shop_products.get(shop.shop_id, {}).values())}


def get_orders(world: World, request: Request) -> object:
    """All orders of a shop; a line is `[item_id, model_id, sku, units, price]`."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return table(ORDERS, (_row(order) for order in world.woocommerce.shop_orders.get(shop.shop_id, [])))


def _row(order: Order) -> dict[str, Any]:
    lines = [
        [one.product_id, one.sold(), one.sku, one.quantity, to_number(one.price, order.currency)] for one in order.lines
    ]
    row = {"order_id": order.id, "status": order.status, "total": to_number(order.total(), order.currency)}
    return {**row, "currency": order.currency, "created_at": order.created_at, "lines": lines}


def advance(world: World, request: Request, order_id: str) -> object:
    """Let the buyer, the bank or the shop's own staff act on an order."""
    body = body_of(request, AdvanceBody)
    market = world.woocommerce
    order = market.orders.get(int(order_id)) if order_id.isdecimal() else None
    if order is None:
        raise Wrong(f"order {order_id} not found", 404)
    try:
        if body.to == "buyer_cancel":
            life.cancel(market, order, body.reason)
        elif body.to in ("return", "refund"):
            lines = [(line.id, line.quantity, line.price * line.quantity) for line in order.lines]
            left = order.total() - order.refunded()
            life.refund(market, order, left, lines, reason=body.reason, restock=body.to == "return")
        else:
            life.advance(market, order, body.to)
    except life.WrongStep as wrong:
        raise Wrong(str(wrong), 409) from None
    return {"order_id": order.id, "status": order.status}


ROUTES: Routes = {
    ("POST", "/shops"): add_shop,
    ("POST", "/tokens"): add_keys,
    ("POST", "/revoke"): revoke_keys,
    ("POST", "/webhooks"): add_webhooks,
    ("POST", "/webhooks/move"): move_webhooks,
    ("GET", "/webhooks"): get_webhooks,
    ("POST", "/limits"): set_limit,
    ("POST", "/listings"): add_listings,
    ("GET", "/listing"): get_listing,
    ("GET", "/stock"): get_stock,
    ("GET", "/orders"): get_orders,
    ("GET", "/published"): get_published,
}
