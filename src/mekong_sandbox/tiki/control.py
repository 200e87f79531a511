"""Control of the stand-in of Tiki."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from mekong_sandbox.control import bodies
from mekong_sandbox.control.bodies import Amount, Body, Id, ListingsBody, Routes, table
from mekong_sandbox.control.door import Wrong, body_of, number_in, query_of
from mekong_sandbox.http import Request
from mekong_sandbox.money import to_minor
from mekong_sandbox.tiki import life, publishing
from mekong_sandbox.tiki.buying import CURRENCY
from mekong_sandbox.tiki.model import CATEGORY, DISABLED, ENABLED, SCOPES, App, Held, Order, Product, Seller, Warehouse

if TYPE_CHECKING:
    from mekong_sandbox.world import World

MAX_MODELS = 50
STOCK = ("item_id", "sku_id", "sku", "total", "reserved", "available", "price")
ORDERS = ("order_id", "status", "total", "currency", "created_at", "lines")
VERBS = {"pay": "paid", "pickup": "picked_up", "deliver": "delivered", "complete": "completed"}
"""Steps of an order that may also be called by what is done."""


class AppBody(bodies.AppBody):
    """`seller_id` names the owner of an in-house app; 0 = a public app. Nothing is sent to a `callback_url`."""

    seller_id: Id = 0
    auth_method: Literal["", "client_secret_basic", "client_secret_post"] | None = None
    redirect_uris: list[str] | None = None
    scopes: list[str] | None = None


class SellerBody(bodies.NewOwner):
    """A seller; with `app_key` empty an app is made for it, in-house when asked for.

    `rate` and `burst` are of the app. `callback_url` is taken as on the other platforms and not used: nothing is sent.
    """

    app_key: str = ""
    app_secret: str = ""
    seller_id: Id = 0
    warehouses: list[str] = msgspec.field(default_factory=lambda: ["Kho Quận 3"])
    operation_models: list[str] = msgspec.field(default_factory=lambda: ["dropship"])
    in_house: bool = False


class NewListing(bodies.NewListing):
    """`market_price` is the price when not given. `status`: enabled or disabled."""

    market_price: Amount | None = None
    category_id: int = CATEGORY


class TokenBody(bodies.TokenBody):
    scopes: list[str] | None = None


class LimitBody(bodies.LimitBody):
    app_key: str = ""


class ReviewBody(Body):
    track_id: str
    state: Literal["approved", "rejected"]
    reason: str = ""


class AdvanceBody(bodies.AdvanceBody):
    reason: str = "change_of_mind"


def _seller(world: World, seller_id: str) -> Seller:
    seller = world.tiki.sellers.get(int(seller_id)) if seller_id.isdecimal() else None
    if seller is None:
        raise Wrong(f"seller {seller_id} not found", 404)
    return seller


def _app_of(world: World, seller: Seller, app_key: str) -> App:
    app = world.tiki.apps.get(app_key or (seller.apps[0] if seller.apps else ""))
    if app is None:
        raise Wrong(f"app {app_key or 'of the seller'} not found", 404)
    return app


def _app(world: World, app_key: str, app_secret: str) -> App:
    """The app of that key, or a new one."""
    app = world.tiki.apps.get(app_key)
    if app is None:
        key = app_key or str(world.number("tiki.app", 7_590_139_168_389_961))
        app = App(key, app_secret or secrets.token_urlsafe(24))
    app.app_secret = app_secret or app.app_secret
    return app


def put_app(world: World, request: Request) -> object:
    """Make an app, or change one."""
    body = body_of(request, AppBody)
    if body.scopes is not None and not set(body.scopes) <= set(SCOPES):
        raise Wrong(f"scopes are among {', '.join(SCOPES)}")
    app = _app(world, body.app_key, body.app_secret)
    if body.seller_id:
        app.owner = _seller(world, str(body.seller_id)).seller_id
    if body.auth_method is not None:
        app.auth_method = body.auth_method
    if body.redirect_uris is not None:
        app.redirect_uris = body.redirect_uris
    if body.scopes is not None:
        app.scopes = body.scopes
    return world.tiki.save_app(app)


def add_seller(world: World, request: Request) -> object:
    """Make a seller that has consented to an app, with tokens to start at once."""
    body, market = body_of(request, SellerBody), world.tiki
    if not body.warehouses or not body.operation_models:
        raise Wrong("warehouses and operation_models must hold at least one name")
    text = str(body.seller_id or world.number("tiki.seller", 145_228))
    if not text.isdecimal():
        raise Wrong("seller_id must be a whole number")
    if int(text) in market.sellers:
        raise Wrong(f"seller {text} exists", 409)
    app = _app(world, body.app_key, body.app_secret)
    app.owner = int(text) if body.in_house else app.owner
    if body.rate is not None:
        app.rate, app.burst = body.rate, body.burst
    market.save_app(app)
    places = [Warehouse(world.number("tiki.warehouse", 1034), name) for name in body.warehouses]
    sid = secrets.token_hex(20).upper()
    stamp = world.clock.stamp()
    seller = market.save_seller(Seller(int(text), sid, body.name, body.operation_models, places, stamp))
    answer: dict[str, Any] = {
        "seller_id": text,
        "sid": sid,
        "app_key": app.app_key,
        "app_secret": app.app_secret,
        "warehouses": places,
    }
    return answer | _tokens(world, app, seller, None) if body.authorise else answer


def _scopes(app: App, asked: list[str] | None) -> list[str]:
    scopes = app.scopes if asked is None else asked
    if not set(scopes) <= set(app.scopes):
        raise Wrong(f"the app may ask for {', '.join(app.scopes)}")
    return scopes


def _tokens(world: World, app: App, seller: Seller, asked: list[str] | None) -> dict[str, Any]:
    market, scopes = world.tiki, _scopes(app, asked)
    code = market.authorise(app.app_key, seller.seller_id, scopes)
    code.used = True
    access, refresh = market.tokens(app.app_key, seller.seller_id, scopes)
    return {
        "access_token": access.token,
        "refresh_token": refresh.token if refresh else "",
        "expires_in": world.settings.tiki_access_token_s,
        "refresh_expires_in": world.settings.tiki_refresh_token_s,
        "scope": " ".join(scopes),
    }


def add_tokens(world: World, request: Request) -> object:
    """Issue a fresh token pair without the walk through the consent page."""
    body = body_of(request, TokenBody)
    seller = _seller(world, body.owner)
    return _tokens(world, _app_of(world, seller, body.app_key), seller, body.scopes)


def add_code(world: World, request: Request) -> object:
    """Issue a code, as the consent page would; it goes with any redirect_uri."""
    body = body_of(request, TokenBody)
    seller = _seller(world, body.owner)
    app = _app_of(world, seller, body.app_key)
    code = world.tiki.authorise(app.app_key, seller.seller_id, _scopes(app, body.scopes))
    return {"code": code.token, "seller_id": str(seller.seller_id)}


def set_limit(world: World, request: Request) -> object:
    """Set the call rate of the seller's app; null = as in the settings, 0 = no limit."""
    body = body_of(request, LimitBody)
    app = _app_of(world, _seller(world, body.owner), body.app_key)
    answer = bodies.limit(app, body)
    world.tiki.save_app(app)
    return {"app_key": app.app_key, **answer}


def decide_review(world: World, request: Request) -> object:
    """Decide on a request for a product, as the platform's people do."""
    body = body_of(request, ReviewBody)
    review = world.tiki.reviews.get(body.track_id)
    if review is None:
        raise Wrong(f"request {body.track_id} not found", 404)
    if review.state in publishing.ENDED:
        raise Wrong(f"request {body.track_id} is {review.state}", 409)
    publishing.decide(world.tiki, review, body.state, body.reason)
    return {"track_id": review.track_id, "state": review.state, "product_ids": review.product_ids}


def get_published(world: World, request: Request) -> object:
    """All products of a seller as kept."""
    seller = _seller(world, query_of(request).get("seller", ""))
    return {"items": world.tiki.seller_products.get(seller.seller_id, [])}


def _add_listing(world: World, seller: Seller, new: NewListing) -> list[Product]:
    if new.status not in ("", "enabled", "disabled"):
        raise Wrong(f"listing {new.sku or new.name}: status must be enabled or disabled")
    stamp, made = world.clock.stamp(), []
    rows = new.variants(MAX_MODELS, need_sku=True)
    super_id = world.number("tiki.product", 2_071_000) if new.models else 0
    for row in rows:
        price = to_minor(new.price_of(row), CURRENCY)
        market_price = price if new.market_price is None else to_minor(new.market_price, CURRENCY)
        stock = {place.id: Held(0) for place in seller.warehouses}
        stock[seller.warehouses[0].id] = Held(row.stock)
        master_id = world.number("tiki.product", 2_071_000, 2)
        product = Product(
            master_id + 1,
            seller.seller_id,
            master_id,
            row.sku,
            new.name,
            price,
            market_price,
            stock,
            stamp,
            stamp,
            super_id,
            options=row.options or ([row.name] if row.name else []),
            barcode=row.barcode,
            description=new.description,
            status=DISABLED if new.status == "disabled" else ENABLED,
            category_id=new.category_id,
            images=new.images(),
        )
        made.append(world.tiki.add_product(product))
    return made


def add_listings(world: World, request: Request) -> object:
    """Make many listings; answers `[[item_id, [product_id, …]], …]` in the order sent.

    The item is the super product, or the product itself when it has no variants.
    """
    body = body_of(request, ListingsBody[NewListing])
    seller = _seller(world, body.owner)
    made = [_add_listing(world, seller, new) for new in body.listings]
    return {"listings": [[row[0].item_id, [product.product_id for product in row]] for row in made]}


def _figures(product: Product) -> dict[str, Any]:
    """`total` is the platform's `quantity_available`, `available` what buyers can order."""
    return {
        "item_id": product.item_id,
        "sku_id": product.product_id,
        "sku": product.original_sku,
        "total": sum(held.available for held in product.stock.values()),
        "reserved": sum(held.reserved for held in product.stock.values()),
        "available": product.sellable(),
        "price": product.price,
    }


def _sale(product: Product) -> dict[str, Any]:
    """A price below the market price is a sale; it has no dates."""
    price, listed = product.price, product.market_price
    return bodies.sale(CURRENCY, listed, price, price) if price < listed else bodies.sale(CURRENCY, price, price)


def get_listing(world: World, request: Request) -> object:
    """One product, by `seller` and `sku`, or by `sku_id`."""
    query = query_of(request)
    if "sku" in query:
        found = world.tiki.by_sku.get((number_in(query, "seller"), query["sku"]))
    else:
        found = world.tiki.products.get(number_in(query, "sku_id"))
    if found is None:
        raise Wrong("listing not found", 404)
    row = {"seller": str(found.seller_id), "name": found.name, "status": found.status, "currency": CURRENCY}
    more = {"market_price": found.market_price, "stock": found.stock, "updated_at": found.updated_at}
    return {**row, **_figures(found), **_sale(found), **more}


def get_stock(world: World, request: Request) -> object:
    """All products of a seller."""
    seller = _seller(world, query_of(request).get("seller", ""))
    return table(STOCK, (_figures(one) for one in world.tiki.seller_products.get(seller.seller_id, [])))


def get_orders(world: World, request: Request) -> object:
    """All orders of a seller; a line is `[item_id, sku_id, sku, units, price, confirmation]`."""
    seller = _seller(world, query_of(request).get("seller", ""))
    return table(ORDERS, (_row(world, order) for order in world.tiki.seller_orders.get(seller.seller_id, [])))


def _row(world: World, order: Order) -> dict[str, Any]:
    items = {one.product_id: world.tiki.products[one.product_id].item_id for one in order.items}
    lines = [
        [items[one.product_id], one.product_id, one.original_sku, one.quantity, one.price, one.confirmation]
        for one in order.items
    ]
    row = {"order_id": order.code, "status": order.status, "total": order.total(), "currency": CURRENCY}
    return {**row, "created_at": order.created_at, "lines": lines}


def advance(world: World, request: Request, code: str) -> object:
    """Let the buyer or the carrier act on an order; `arranged` acts for the seller."""
    body, market = body_of(request, AdvanceBody), world.tiki
    order = market.orders.get(code)
    if order is None:
        raise Wrong(f"order {code} not found", 404)
    try:
        if body.to == "buyer_cancel":
            life.cancel(market, order, by="customer", reason=body.reason)
        elif body.to == "arranged":
            life.arrange(market, order)
        else:
            life.advance(market, order, VERBS.get(body.to, body.to))
    except life.WrongStep as wrong:
        raise Wrong(str(wrong), 409) from None
    return {"order_id": order.code, "status": order.status}


ROUTES: Routes = {
    ("POST", "/apps"): put_app,
    ("POST", "/sellers"): add_seller,
    ("POST", "/tokens"): add_tokens,
    ("POST", "/codes"): add_code,
    ("POST", "/limits"): set_limit,
    ("POST", "/listings"): add_listings,
    ("POST", "/reviews"): decide_review,
    ("GET", "/published"): get_published,
    ("GET", "/listing"): get_listing,
    ("GET", "/stock"): get_stock,
    ("GET", "/orders"): get_orders,
}
