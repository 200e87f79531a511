"""Control of the stand-in of Shopify."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from mekong_sandbox.control import bodies
from mekong_sandbox.control.bodies import Amount, Body, LimitBody, ListingsBody, NewVariant, OfOwner, Routes, table
from mekong_sandbox.control.door import Wrong, body_of, number_in, query_of
from mekong_sandbox.http import Request
from mekong_sandbox.money import to_minor, to_number
from mekong_sandbox.shopify import auth, life
from mekong_sandbox.shopify.gate import LATEST, PREFIX
from mekong_sandbox.shopify.market import SCOPES
from mekong_sandbox.shopify.model import App, Hook, Level, Order, Place, Product, Shop, Variant
from mekong_sandbox.shopify.push import TOPICS

if TYPE_CHECKING:
    from mekong_sandbox.world import World

STOCK = ("item_id", "model_id", "inventory_item_id", "sku", "total", "committed", "available", "price")
ORDERS = ("order_id", "name", "financial", "fulfilment", "cancelled", "total", "currency", "created_at", "lines")
ROTATION_S = 3600.0
"""So long webhooks may still be signed with the secret from before a rotation."""


class AppBody(Body):
    client_id: str = ""
    client_secret: str = ""


class ShopBody(bodies.NewOwner):
    """A shop; without `client_id` an app is made for it. A `callback_url` subscribes that app to `topics`."""

    client_id: str = ""
    client_secret: str = ""
    shop_id: str = ""
    utc_offset_h: float = 7.0
    shipping_fee: Amount = 0
    locations: list[str] = msgspec.field(default_factory=lambda: ["Kho chính"])
    scope: str = SCOPES
    expiring: bool = False
    topics: list[str] = msgspec.field(default_factory=lambda: list(TOPICS))


class TokenBody(OfOwner):
    client_id: str = ""
    scope: str = SCOPES
    expiring: bool = False


class WebhooksBody(OfOwner, kw_only=True):
    callback_url: str
    client_id: str = ""
    topics: list[str] = msgspec.field(default_factory=lambda: list(TOPICS))


class NewListing(bodies.NewListing):
    """A product. `stock` stands at the first location; `everywhere` stocks it at the others too, with nothing."""

    everywhere: bool = True


class AdvanceBody(bodies.AdvanceBody):
    reason: str = "CUSTOMER"
    tracking: str = ""


def _shop(world: World, shop_id: str) -> Shop:
    shop = world.shopify.shops.get(shop_id.removesuffix(".myshopify.com"))
    if shop is None:
        raise Wrong(f"shop {shop_id} not found", 404)
    return shop


def _app_of(world: World, shop: Shop, client_id: str) -> App:
    app = world.shopify.apps.get(client_id or (shop.apps[0] if shop.apps else ""))
    if app is None:
        raise Wrong(f"app {client_id or 'of the shop'} not found", 404)
    return app


def _new_app(world: World, client_id: str, client_secret: str) -> App:
    return world.shopify.save_app(
        App(client_id or secrets.token_hex(16), client_secret or f"shpss_{secrets.token_hex(16)}")
    )


def put_app(world: World, request: Request) -> object:
    """Make an app, or give one another secret; webhooks keep the former one for an hour."""
    body = body_of(request, AppBody)
    app = world.shopify.apps.get(body.client_id)
    if app is None:
        return _new_app(world, body.client_id, body.client_secret)
    app.former_secret, app.former_until = app.client_secret, world.clock.now() + ROTATION_S
    app.client_secret = body.client_secret or f"shpss_{secrets.token_hex(16)}"
    return world.shopify.save_app(app)


def add_shop(world: World, request: Request) -> object:
    """Make a shop with an app installed; `base_path` is where its own host would begin."""
    body = body_of(request, ShopBody)
    market = world.shopify
    number = world.number("shopify.shop", 1)
    shop_id = body.shop_id or f"cua-hang-{number}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", shop_id):
        raise Wrong("shop_id must be lower-case letters, digits and hyphens")
    if shop_id in market.shops:
        raise Wrong(f"shop {shop_id} exists", 409)
    if not body.locations:
        raise Wrong("locations must hold at least one name")
    app = market.apps.get(body.client_id) or _new_app(world, body.client_id, body.client_secret)
    fee = to_minor(body.shipping_fee, body.currency)
    shop = Shop(shop_id, 548_380_000 + number, body.name, body.currency, body.utc_offset_h, fee)
    shop.places = [Place(world.number("shopify.place", 124_656_943), name) for name in body.locations]
    shop.rate, shop.burst = body.rate, body.burst
    market.save_shop(shop)
    answer: dict[str, Any] = {
        "shop_id": shop_id,
        "shop_domain": shop.domain,
        "base_path": PREFIX + shop_id,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "locations": [place.id for place in shop.places],
    }
    if body.authorise:
        answer |= _tokens(world, shop, app, body.scope, expiring=body.expiring)
    if body.callback_url:
        answer["webhooks"] = _subscribe(world, shop, app, body.callback_url, body.topics)
    return answer


def _tokens(world: World, shop: Shop, app: App, scope: str, *, expiring: bool) -> dict[str, Any]:
    code = world.shopify.install(app.client_id, shop.shop_id, scope)
    code.used = True
    return auth.issue(world.shopify, code, expiring=expiring)


def add_tokens(world: World, request: Request) -> object:
    """Issue fresh tokens without the walk through the consent page."""
    body = body_of(request, TokenBody)
    shop = _shop(world, body.owner)
    return _tokens(world, shop, _app_of(world, shop, body.client_id), body.scope, expiring=body.expiring)


def add_code(world: World, request: Request) -> object:
    """Issue a code, as the consent page would."""
    body = body_of(request, TokenBody)
    shop = _shop(world, body.owner)
    app = _app_of(world, shop, body.client_id)
    return {"code": world.shopify.install(app.client_id, shop.shop_id, body.scope).token, "shop": shop.domain}


def uninstall(world: World, request: Request) -> object:
    """The merchant takes an app out: its tokens end, and it is told so."""
    body = body_of(request, TokenBody)
    shop = _shop(world, body.owner)
    app = _app_of(world, shop, body.client_id)
    world.shopify.drop(lambda one: (one.client_id, one.shop_id) == (app.client_id, shop.shop_id))
    shop.apps = [one for one in shop.apps if one != app.client_id]
    world.shopify.save_shop(shop)
    world.shopify.push.uninstalled(shop.shop_id, app.client_id)
    return {"shop": shop.shop_id, "apps": shop.apps}


def _subscribe(world: World, shop: Shop, app: App, url: str, topics: list[str]) -> list[int]:
    unknown = [topic for topic in topics if topic not in TOPICS]
    if unknown:
        raise Wrong(f"topic {unknown[0]} is unknown")
    stamp, made = world.clock.stamp(), []
    for topic in topics:
        number = world.number("shopify.hook", 1_760_001)
        hook = Hook(number, shop.shop_id, app.client_id, topic, url, LATEST, stamp, stamp)
        made.append(world.shopify.save_hook(hook).id)
    return made


def add_webhooks(world: World, request: Request) -> object:
    """Subscribe an app, without the API."""
    body = body_of(request, WebhooksBody)
    shop = _shop(world, body.owner)
    app = _app_of(world, shop, body.client_id)
    return {"webhooks": _subscribe(world, shop, app, body.callback_url, body.topics)}


def get_webhooks(world: World, request: Request) -> object:
    """The subscriptions at a shop with their failures in a row."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return {"webhooks": [one for one in world.shopify.hooks.values() if one.shop_id == shop.shop_id]}


def set_limit(world: World, request: Request) -> object:
    """Set the points a second of a shop, and how many at once."""
    body = body_of(request, LimitBody)
    shop = _shop(world, body.owner)
    answer = bodies.limit(shop, body, times=20)
    world.shopify.save_shop(shop)
    return {"shop": shop.shop_id, **answer}


def _variant(world: World, shop: Shop, new: NewListing, row: NewVariant, at: int) -> Variant:
    stamp = world.clock.stamp()
    places = shop.places if new.everywhere else shop.places[:1]
    levels = {place.id: Level(row.stock if place is shop.places[0] else 0, 0, stamp) for place in places}
    price = to_minor(new.price_of(row), shop.currency)
    number = world.number("shopify.variant", 43_729_076)
    item = world.number("shopify.item", 30_322_695)
    variant = Variant(number, item, row.sku, price, levels, barcode=row.barcode)
    if new.models:
        variant.options = row.options or [row.name or f"Loại {at + 1}"]
        variant.title = " / ".join(variant.options)
    return variant


def add_listings(world: World, request: Request) -> object:
    """Make many products; answers `[[product id, [variant id, …]], …]` in the order sent."""
    body = body_of(request, ListingsBody[NewListing])
    shop, stamp, made = _shop(world, body.owner), world.clock.stamp(), []
    for new in body.listings:
        if new.status not in ("", "ACTIVE", "DRAFT", "ARCHIVED"):
            raise Wrong(f"listing {new.sku or new.name}: status must be ACTIVE, DRAFT or ARCHIVED")
        variants = [_variant(world, shop, new, row, at) for at, row in enumerate(new.variants())]
        product = Product(world.number("shopify.product", 9_072_001), shop.shop_id, new.name, variants, stamp, stamp)
        product.status, product.description, product.images = new.status or "ACTIVE", new.description, new.images()
        if new.models:
            product.option_names = (new.tiers or ["Phân loại", "Cỡ"])[: max(len(one.options) for one in variants)]
        world.shopify.add_product(product)
        world.shopify.push.product(product, "create")
        made.append([product.id, [one.id for one in variants]])
    return {"listings": made}


def _figures(product: Product, variant: Variant, currency: str) -> dict[str, Any]:
    levels = variant.levels.values()
    return {
        "item_id": product.id,
        "model_id": variant.id,
        "inventory_item_id": variant.item_id,
        "sku": variant.sku,
        "total": sum(level.on_hand() for level in levels),
        "committed": sum(level.committed for level in levels),
        "available": variant.available(),
        "price": to_number(variant.price, currency),
    }


def _sale(variant: Variant, currency: str) -> dict[str, Any]:
    """A price below the one it is compared with is a sale; it has no dates."""
    compared = variant.compare_at_price
    if compared is None or compared <= variant.price:
        return bodies.sale(currency, variant.price, variant.price)
    return bodies.sale(currency, compared, variant.price, variant.price)


def get_listing(world: World, request: Request) -> object:
    """One variant, by `shop` and `sku`, or by `model_id`."""
    query, market = query_of(request), world.shopify
    if "sku" in query:
        found = market.by_sku.get((query.get("shop", "").removesuffix(".myshopify.com"), query["sku"]))
    else:
        found = market.variants.get(number_in(query, "model_id"))
    if found is None:
        raise Wrong("listing not found", 404)
    product, variant = found
    currency = market.shops[product.shop_id].currency
    return {
        "shop": product.shop_id,
        **_figures(product, variant, currency),
        "name": product.title,
        "status": product.status,
        "currency": currency,
        "stock": {str(place_id): level for place_id, level in variant.levels.items()},
        **_sale(variant, currency),
        "updated_at": product.updated_at,
    }


def get_stock(world: World, request: Request) -> object:
    """All variants of a shop."""
    shop = _shop(world, query_of(request).get("shop", ""))
    own = world.shopify.shop_products.get(shop.shop_id, {}).values()
    return table(STOCK, (_figures(product, one, shop.currency) for product in own for one in product.variants))


def get_published(world: World, request: Request) -> object:
    """All products of a shop as kept."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return {"items": list(world.shopify.shop_products.get(shop.shop_id, {}).values())}


def get_orders(world: World, request: Request) -> object:
    """All orders of a shop; a line is `[item_id, model_id, sku, units, price]`."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return table(ORDERS, (_row(order) for order in world.shopify.shop_orders.get(shop.shop_id, [])))


def _row(order: Order) -> dict[str, Any]:
    lines = [
        [one.product_id, one.variant_id, one.sku, one.quantity, to_number(one.price, order.currency)]
        for one in order.lines
    ]
    row = {"order_id": order.id, "name": order.name, "financial": order.financial, "fulfilment": order.fulfilment()}
    row |= {"cancelled": order.cancelled_at is not None, "total": to_number(order.total(), order.currency)}
    return {**row, "currency": order.currency, "created_at": order.created_at, "lines": lines}


def advance(world: World, request: Request, order_id: str) -> object:
    """Let the buyer, the merchant's staff or the carrier act on an order.

    `arranged` sends everything that is left, without the API; the other steps are those of the buyer and the carrier.
    """
    body = body_of(request, AdvanceBody)
    market = world.shopify
    order = market.orders.get(int(order_id)) if order_id.isdecimal() else None
    if order is None:
        raise Wrong(f"order {order_id} not found", 404)
    try:
        if body.to == "buyer_cancel":
            life.cancel(market, order, body.reason)
        elif body.to in ("return", "refund"):
            life.give_back(market, order, restock=body.to == "return")
        elif body.to == "arranged":
            open_work = [work for work in order.work if work.status in life.FULFILLABLE]
            if not open_work:
                raise life.WrongStep("nothing is left to send")
            for work in open_work:
                life.fulfil(market, order, [(work, {})], company="GHN", number=body.tracking)
        else:
            life.advance(market, order, body.to)
    except life.WrongStep as wrong:
        raise Wrong(str(wrong), 409) from None
    return {"order_id": order.id, "status": order.financial, "fulfilment": order.fulfilment()}


ROUTES: Routes = {
    ("POST", "/apps"): put_app,
    ("POST", "/shops"): add_shop,
    ("POST", "/tokens"): add_tokens,
    ("POST", "/codes"): add_code,
    ("POST", "/uninstall"): uninstall,
    ("POST", "/webhooks"): add_webhooks,
    ("GET", "/webhooks"): get_webhooks,
    ("POST", "/limits"): set_limit,
    ("POST", "/listings"): add_listings,
    ("GET", "/listing"): get_listing,
    ("GET", "/stock"): get_stock,
    ("GET", "/orders"): get_orders,
    ("GET", "/published"): get_published,
}
