"""Control of the stand-in of TikTok Shop. Ids are text in answers and may be text or numbers in bodies."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from mekong_sandbox.control import bodies
from mekong_sandbox.control.bodies import Id, LimitBody, ListingsBody, NewListing, Routes, TokenBody, table
from mekong_sandbox.control.door import Wrong, body_of, query_of
from mekong_sandbox.http import Request
from mekong_sandbox.money import to_minor, to_number
from mekong_sandbox.tiktok import aftersale, life, promotions
from mekong_sandbox.tiktok.auth import token_data
from mekong_sandbox.tiktok.model import Aftersale, App, Held, Order, Product, Shop, Sku, Warehouse

if TYPE_CHECKING:
    from mekong_sandbox.world import World

STOCK = ("item_id", "sku_id", "sku", "total", "committed", "available", "price")
ORDERS = ("order_id", "status", "total", "currency", "created_at", "lines")
WORDS = {"pay": "paid", "release": "released", "arrange": "arranged", "pickup": "shipped", "deliver": "delivered"}
WORDS |= {"complete": "completed", "fail_delivery": "failed_delivery"}
"""A step may be named by what is to be done, or by what then is."""


class AppBody(bodies.AppBody):
    service_id: str = ""
    redirect_url: str | None = None
    types_on: list[int] | None = None


class ShopBody(bodies.NewOwner):
    """A shop; with `app_key` empty an app is made for it. `shipping_type` SELLER: its parcels go by its own carrier."""

    app_key: str = ""
    app_secret: str = ""
    redirect_url: str | None = None
    shop_id: Id = ""
    region: str = "VN"
    warehouses: list[str] = msgspec.field(default_factory=lambda: ["Kho chính"])
    shipping_type: Literal["TIKTOK", "SELLER"] = "TIKTOK"


class ReviewBody(bodies.Decision):
    product_id: str


class AdvanceBody(bodies.AdvanceBody):
    order_line_item_ids: list[Id] = msgspec.field(default_factory=list)
    return_id: str = ""


def _shop(world: World, shop_id: str) -> Shop:
    shop = world.tiktok.shops.get(shop_id)
    if shop is None:
        raise Wrong(f"shop {shop_id} not found", 404)
    return shop


def _app_of(world: World, shop: Shop, app_key: str) -> App:
    app = world.tiktok.apps.get(app_key or (shop.apps[0] if shop.apps else ""))
    if app is None:
        raise Wrong(f"app {app_key or 'of the shop'} not found", 404)
    return app


def _app(world: World, app_key: str, app_secret: str, service_id: str = "") -> App:
    """The app of this key, made when there is none."""
    app = world.tiktok.apps.get(app_key)
    if app is not None:
        return app
    number = world.number("tiktok.app", 7_360_000_000_000_000_001)
    key = app_key or f"6g{number % 10**11:011d}"
    return App(key, app_secret or secrets.token_hex(20), service_id or str(number))


def put_app(world: World, request: Request) -> object:
    """Make an app, or change one (its callback URL, say)."""
    body = body_of(request, AppBody)
    app = _app(world, body.app_key, body.app_secret, body.service_id)
    if body.app_secret:
        app.app_secret = body.app_secret
    if body.service_id:
        app.service_id = body.service_id
    if body.callback_url is not None:
        app.callback_url = body.callback_url
    if body.redirect_url is not None:
        app.redirect_url = body.redirect_url
    if body.types_on is not None:
        app.types_on = body.types_on
    return world.tiktok.save_app(app)


def add_shop(world: World, request: Request) -> object:
    """Make a shop whose seller has let an app in, with tokens to start at once."""
    body, market = body_of(request, ShopBody), world.tiktok
    number = world.number("tiktok.shop", 7_494_049_642_642_441_621)
    shop_id = str(body.shop_id or number)
    if shop_id in market.shops:
        raise Wrong(f"shop {shop_id} exists", 409)
    if not body.warehouses:
        raise Wrong("warehouses must hold at least one name")
    app = _app(world, body.app_key, body.app_secret)
    if body.callback_url is not None:
        app.callback_url = body.callback_url
    if body.redirect_url is not None:
        app.redirect_url = body.redirect_url
    market.save_app(app)
    first = world.number("tiktok.warehouse", 7_068_517_275_539_719_942, len(body.warehouses) + 1)
    shop = Shop(
        shop_id,
        body.name,
        f"{body.region}LC{number % 10**6:06d}",
        f"ROW_{secrets.token_urlsafe(20)}",
        str(world.number("tiktok.seller", 7_010_000_000_000_000_001)),
        [Warehouse(str(first + at), name) for at, name in enumerate(body.warehouses)],
        str(first + len(body.warehouses)),
        body.region,
        body.currency,
        body.shipping_type,
        rate=body.rate,
        burst=body.burst,
    )
    market.save_shop(shop)
    answer: dict[str, Any] = {
        "shop_id": shop_id,
        "shop_cipher": shop.cipher,
        "warehouse_ids": [one.warehouse_id for one in shop.warehouses],
        "app_key": app.app_key,
        "app_secret": app.app_secret,
        "service_id": app.service_id,
        "callback_url": app.callback_url,
    }
    return answer | _tokens(world, app, shop_id) if body.authorise else answer


def _tokens(world: World, app: App, shop_id: str) -> dict[str, Any]:
    """As the platform answers, and the lives in seconds."""
    market, now = world.tiktok, world.clock.now()
    market.authorise(app.app_key, shop_id).used = True
    access, refresh = market.token_pair(app.app_key, shop_id)
    lives = {"expires_in": round(access.ends - now), "refresh_expires_in": round(refresh.ends - now)}
    return token_data(market, access, refresh) | lives


def add_tokens(world: World, request: Request) -> object:
    """Issue a fresh token pair without the walk through the consent page."""
    body = body_of(request, TokenBody)
    shop = _shop(world, body.owner)
    return _tokens(world, _app_of(world, shop, body.app_key), shop.shop_id)


def add_code(world: World, request: Request) -> object:
    """Issue a code, as the consent page would."""
    body = body_of(request, TokenBody)
    shop = _shop(world, body.owner)
    app = _app_of(world, shop, body.app_key)
    return {"code": world.tiktok.authorise(app.app_key, shop.shop_id).token, "shop_id": shop.shop_id}


def end_authorisation(world: World, request: Request) -> object:
    """The seller shuts an app out."""
    body = body_of(request, TokenBody)
    shop = _shop(world, body.owner)
    app = _app_of(world, shop, body.app_key)
    if app.app_key not in shop.apps:
        raise Wrong("the seller has not let this app in", 409)
    world.tiktok.deauthorise(app.app_key, shop.shop_id)
    return {"shop_id": shop.shop_id, "apps": shop.apps}


def set_limit(world: World, request: Request) -> object:
    """Set the call rate of a shop."""
    body = body_of(request, LimitBody)
    shop = _shop(world, body.owner)
    answer = bodies.limit(shop, body)
    world.tiktok.save_shop(shop)
    return {"shop": shop.shop_id, **answer}


def add_listings(world: World, request: Request) -> object:
    """Make many listings; answers `[[product_id, [sku_id, …]], …]` in the order sent. Stock goes to the first warehouse."""
    body = body_of(request, ListingsBody[NewListing])
    shop, stamp, made = _shop(world, body.owner), world.clock.stamp(), []
    for new in body.listings:
        rows = new.variants()
        product_id = world.number("tiktok.product", 1_729_500_000_000_000_001, 1 + len(rows))
        skus = []
        for at, row in enumerate(rows, 1):
            stock = {one.warehouse_id: Held(row.stock if n == 0 else 0) for n, one in enumerate(shop.warehouses)}
            price = to_minor(new.price_of(row), shop.currency)
            options = row.options or ([row.name] if row.name else [])
            attributes = dict(zip(new.tiers or ["Màu sắc", "Kích cỡ"], options, strict=False))
            skus.append(Sku(str(product_id + at), row.sku, price, stock, attributes, row.barcode))
        product = Product(str(product_id), shop.shop_id, new.name, skus, stamp, stamp, new.status or "ACTIVATE")
        product.description, product.images = new.description, new.images()
        world.tiktok.add_product(product)
        made.append([product.product_id, [sku.sku_id for sku in skus]])
    return {"listings": made}


def _figures(product: Product, sku: Sku, currency: str) -> dict[str, Any]:
    return {
        "item_id": product.product_id,
        "sku_id": sku.sku_id,
        "sku": sku.seller_sku,
        "total": sku.available() + sku.committed(),
        "committed": sku.committed(),
        "available": sku.available(),
        "price": to_number(sku.price, currency),
    }


def _sale(world: World, product: Product, sku: Sku, currency: str) -> dict[str, Any]:
    """What a unit costs now, and the activity a SKU is in or will be in next."""
    price = promotions.current_price(world.tiktok, product.product_id, sku)
    found = promotions.coming(world.tiktok, product.product_id, sku)
    if found is None:
        return bodies.sale(currency, sku.price, price)
    one = found.activity
    return bodies.sale(currency, sku.price, price, found.price, one.begins, one.ends, one.activity_id)


def get_activities(world: World, request: Request) -> object:
    """All activities of a shop as kept, ended ones too."""
    shop, now = _shop(world, query_of(request).get("shop", "")), world.clock.now()
    own = [one for one in world.tiktok.activities.values() if one.shop_id == shop.shop_id]
    return {"activities": [{"status": one.status(now), **msgspec.to_builtins(one)} for one in own]}


def get_listing(world: World, request: Request) -> object:
    """One SKU, by `shop` and `sku`, or by `sku_id`."""
    query, market = query_of(request), world.tiktok
    if "sku" in query:
        found = market.by_seller_sku.get((query.get("shop", ""), query["sku"]))
    else:
        found = market.skus.get(query.get("sku_id", ""))
    if found is None:
        raise Wrong("listing not found", 404)
    product, sku = found
    currency = market.shops[product.shop_id].currency
    row = {"shop": product.shop_id, "name": product.title, "status": product.status, "currency": currency}
    more = {**_sale(world, product, sku, currency), "updated_at": product.updated_at}
    return {**row, "stock": sku.stock, **_figures(product, sku, currency), **more}


def get_stock(world: World, request: Request) -> object:
    """All SKUs of a shop."""
    shop = _shop(world, query_of(request).get("shop", ""))
    own = world.tiktok.shop_products.get(shop.shop_id, [])
    return table(STOCK, (_figures(product, sku, shop.currency) for product in own for sku in product.skus))


def decide_review(world: World, request: Request) -> object:
    """Let the audit of a product pass, or fail with a reason."""
    body = body_of(request, ReviewBody)
    product = world.tiktok.products.get(body.product_id)
    if product is None:
        raise Wrong(f"product {body.product_id} not found", 404)
    if product.status not in ("PENDING", "ACTIVATE", "FAILED"):
        raise Wrong(f"product {body.product_id} is {product.status}", 409)
    product.status, product.reasons = ("ACTIVATE", []) if body.state == "approved" else ("FAILED", [body.reason])
    world.tiktok.save_product(product)
    world.tiktok.push.product_status(product)
    return {"product_id": product.product_id, "status": product.status, "reasons": product.reasons}


def get_published(world: World, request: Request) -> object:
    """All products of a shop as kept, deleted ones too."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return {"items": world.tiktok.shop_products.get(shop.shop_id, [])}


def get_orders(world: World, request: Request) -> object:
    """All orders of a shop; a line is `[item_id, sku_id, sku, units, price, status]`."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return table(ORDERS, (_row(order) for order in world.tiktok.shop_orders.get(shop.shop_id, [])))


def _row(order: Order) -> dict[str, Any]:
    lines = [
        [run.product_id, run.sku_id, run.seller_sku, run.count, to_number(run.sale_price, order.currency), run.status]
        for run in order.units
    ]
    row = {"order_id": order.order_id, "status": order.status(), "total": to_number(order.total(), order.currency)}
    return {**row, "currency": order.currency, "created_at": order.created_at, "lines": lines}


def _return_of(world: World, order: Order, return_id: str) -> Aftersale:
    """The return named, or the latest of the order."""
    own = [one for one in world.tiktok.aftersales.values() if one.order_id == order.order_id]
    found = [one for one in own if not one.is_cancellation() and return_id in ("", one.aftersale_id)]
    if not found:
        raise Wrong(f"order {order.order_id} has no such return", 404 if return_id else 409)
    return found[-1]


def advance(world: World, request: Request, order_id: str) -> object:
    """Let the buyer or the carrier act on an order; a buyer's wish may be for some of its line items."""
    body, market = body_of(request, AdvanceBody), world.tiktok
    order = market.orders.get(order_id)
    if order is None:
        raise Wrong(f"order {order_id} not found", 404)
    unit_ids = [int(one) for one in body.order_line_item_ids if str(one).isdecimal()]
    kinds = {"return": "RETURN_AND_REFUND", "refund": "REFUND"}
    opened = None
    try:
        if body.to == "buyer_cancel":
            opened = aftersale.cancel(market, order, unit_ids, role="BUYER", reason=body.reason)
        elif body.to == "buyer_cancel_request":
            opened = aftersale.wish_to_cancel(market, order, unit_ids, body.reason)
        elif body.to in kinds:
            opened = aftersale.wish_to_return(market, order, kinds[body.to], unit_ids, body.reason)
        elif body.to in aftersale.STEPS:
            opened = _return_of(world, order, body.return_id)
            aftersale.STEPS[body.to](market, opened)
        else:
            life.advance(market, order, WORDS.get(body.to, body.to))
    except life.WrongStep as wrong:
        raise Wrong(str(wrong), 409) from None
    answer = {"order_id": order.order_id, "status": order.status()}
    if opened is not None:
        name = "cancel_id" if opened.is_cancellation() else "return_id"
        answer |= {name: opened.aftersale_id, "aftersale_status": opened.status}
    return answer


ROUTES: Routes = {
    ("POST", "/apps"): put_app,
    ("POST", "/shops"): add_shop,
    ("POST", "/tokens"): add_tokens,
    ("POST", "/codes"): add_code,
    ("POST", "/deauthorise"): end_authorisation,
    ("POST", "/limits"): set_limit,
    ("POST", "/listings"): add_listings,
    ("POST", "/reviews"): decide_review,
    ("GET", "/published"): get_published,
    ("GET", "/listing"): get_listing,
    ("GET", "/stock"): get_stock,
    ("GET", "/activities"): get_activities,
    ("GET", "/orders"): get_orders,
}
