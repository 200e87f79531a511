"""Control of the stand-in of Lazada."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from mekong_sandbox.control import bodies
from mekong_sandbox.control.bodies import LimitBody, ListingsBody, NewListing, Routes, TokenBody, table
from mekong_sandbox.control.door import Wrong, body_of, number_in, query_of
from mekong_sandbox.http import Request
from mekong_sandbox.lazada import life, reverse
from mekong_sandbox.lazada.model import DEFAULT_WAREHOUSE, App, Held, Order, Product, Reverse, Seller, Sku
from mekong_sandbox.money import to_minor, to_number

if TYPE_CHECKING:
    from mekong_sandbox.world import World

MAX_MODELS = 50
STOCK = ("item_id", "sku_id", "sku", "total", "withhold", "occupy", "available", "price")
ORDERS = ("order_id", "statuses", "total", "currency", "created_at", "lines")


class AppBody(bodies.AppBody):
    types_on: list[int] | None = None
    test: bool | None = None


class SellerBody(bodies.NewOwner):
    """A seller; with `app_key` empty an app is made for it."""

    app_key: str = ""
    app_secret: str = ""
    seller_id: str = ""
    country: str = "vn"
    email: str = "shop@example.vn"
    warehouses: list[str] = msgspec.field(default_factory=lambda: [DEFAULT_WAREHOUSE])


class ReviewBody(bodies.Decision):
    item_id: int


class AdvanceBody(bodies.AdvanceBody):
    order_item_ids: list[int] = msgspec.field(default_factory=list)
    reverse_order_id: int = 0
    to_warehouse: bool = False


def _seller(world: World, seller_id: str) -> Seller:
    seller = world.lazada.sellers.get(seller_id)
    if seller is None:
        raise Wrong(f"seller {seller_id} not found", 404)
    return seller


def _app_of(world: World, seller: Seller, app_key: str) -> App:
    app = world.lazada.apps.get(app_key or (seller.apps[0] if seller.apps else ""))
    if app is None:
        raise Wrong(f"app {app_key or 'of the seller'} not found", 404)
    return app


def put_app(world: World, request: Request) -> object:
    """Make an app, or change one (its callback URL, say)."""
    body = body_of(request, AppBody)
    app = world.lazada.apps.get(body.app_key)
    if app is None:
        app = App(body.app_key or str(world.number("lazada.app", 100_240)), body.app_secret or secrets.token_hex(16))
    if body.app_secret:
        app.app_secret = body.app_secret
    if body.callback_url is not None:
        app.callback_url = body.callback_url
        world.lazada.push.resume(app.app_key)
    if body.types_on is not None:
        app.types_on = body.types_on
    if body.test is not None:
        app.test = body.test
    world.lazada.save_app(app)
    return app


def add_seller(world: World, request: Request) -> object:
    """Make a seller that has consented to an app, with tokens to start at once."""
    body = body_of(request, SellerBody)
    market = world.lazada
    app = market.apps.get(body.app_key)
    if app is None:
        key = body.app_key or str(world.number("lazada.app", 100_240))
        app = market.save_app(App(key, body.app_secret or secrets.token_hex(16)))
    if body.callback_url is not None:
        app.callback_url = body.callback_url
        market.save_app(app)
    number = world.number("lazada.seller", 200_012_345)
    seller_id = body.seller_id or str(number)
    if seller_id in market.sellers:
        raise Wrong(f"seller {seller_id} exists", 409)
    if not body.warehouses:
        raise Wrong("warehouses must hold at least one code")
    seller = Seller(seller_id, body.name, f"VN{number:X}", body.email, body.country, body.currency)
    seller.warehouses, seller.rate, seller.burst = body.warehouses, body.rate, body.burst
    market.save_seller(seller)
    answer: dict[str, Any] = {
        "seller_id": seller_id,
        "short_code": seller.short_code,
        "app_key": app.app_key,
        "app_secret": app.app_secret,
        "callback_url": app.callback_url,
    }
    return answer | _tokens(world, app, seller_id) if body.authorise else answer


def _tokens(world: World, app: App, seller_id: str) -> dict[str, Any]:
    market = world.lazada
    market.authorise(app.app_key, seller_id).used = True
    access, refresh = market.token_pair(app, seller_id)
    lives = market.lives(app)
    return {
        "access_token": access.token,
        "refresh_token": refresh.token,
        "expires_in": lives[0],
        "refresh_expires_in": lives[1],
    }


def add_tokens(world: World, request: Request) -> object:
    """Issue a fresh token pair without the walk through the consent page."""
    body = body_of(request, TokenBody)
    seller = _seller(world, body.owner)
    return _tokens(world, _app_of(world, seller, body.app_key), seller.seller_id)


def add_code(world: World, request: Request) -> object:
    """Issue a code, as the consent page would."""
    body = body_of(request, TokenBody)
    seller = _seller(world, body.owner)
    app = _app_of(world, seller, body.app_key)
    return {"code": world.lazada.authorise(app.app_key, seller.seller_id).token, "seller_id": seller.seller_id}


def set_limit(world: World, request: Request) -> object:
    """Set the write rate of a seller."""
    body = body_of(request, LimitBody)
    seller = _seller(world, body.owner)
    answer = bodies.limit(seller, body)
    world.lazada.save_seller(seller)
    return {"seller": seller.seller_id, **answer}


def add_listings(world: World, request: Request) -> object:
    """Make many listings; answers `[[item_id, [sku_id, …]], …]` in the order sent."""
    body = body_of(request, ListingsBody[NewListing])
    seller, stamp, made = _seller(world, body.owner), world.clock.stamp(), []
    for new in body.listings:
        skus = []
        for row in new.variants(MAX_MODELS, need_sku=True):
            stock = {code: Held(row.stock if number == 0 else 0) for number, code in enumerate(seller.warehouses)}
            price = to_minor(new.price_of(row), seller.currency)
            options = row.options or ([row.name] if row.name else [])
            sku_id = world.number("lazada.sku", 7_654_321)
            sku = Sku(sku_id, row.sku, price, stock, name=",".join(options), barcode=row.barcode, image=new.image)
            sku.sale_prop = dict(zip(new.tiers or ["color_family", "size"], options, strict=False))
            skus.append(sku)
        product = Product(world.number("lazada.item", 1_234_567), seller.seller_id, new.name, skus, stamp, stamp)
        product.status, product.description, product.images = new.status or "Active", new.description, new.images()
        world.lazada.add_product(product)
        made.append([product.item_id, [sku.sku_id for sku in skus]])
    return {"listings": made}


def _figures(product: Product, sku: Sku, currency: str) -> dict[str, Any]:
    return {
        "item_id": product.item_id,
        "sku_id": sku.sku_id,
        "sku": sku.seller_sku,
        "total": sum(held.total for held in sku.stock.values()),
        "withhold": sum(held.withhold for held in sku.stock.values()),
        "occupy": sum(held.occupy for held in sku.stock.values()),
        "available": sku.sellable(),
        "price": to_number(sku.price, currency),
    }


def _sale(world: World, sku: Sku, currency: str) -> dict[str, Any]:
    """What a unit costs now, and its special price with its dates; none that is over."""
    now = world.clock.now()
    if not sku.special_price or 0 < sku.special_ends <= now:
        return bodies.sale(currency, sku.price, sku.price)
    starts, ends = sku.special_starts or None, sku.special_ends or None
    return bodies.sale(currency, sku.price, sku.selling_price(now), sku.special_price, starts, ends)


def get_listing(world: World, request: Request) -> object:
    """One SKU, by `seller` and `sku`, or by `sku_id`."""
    query = query_of(request)
    if "sku" in query:
        found = world.lazada.by_seller_sku.get((query.get("seller", ""), query["sku"]))
    else:
        found = world.lazada.skus.get(number_in(query, "sku_id"))
    if found is None:
        raise Wrong("listing not found", 404)
    product, sku = found
    currency = world.lazada.sellers[product.seller_id].currency
    row = {"seller": product.seller_id, "name": product.name, "status": product.status, "currency": currency}
    more = {"special_price": to_number(sku.special_price, currency), "stock": sku.stock}
    sale = _sale(world, sku, currency)
    return {**row, **more, **_figures(product, sku, currency), **sale, "updated_at": product.updated_at}


def get_stock(world: World, request: Request) -> object:
    """All SKUs of a seller."""
    seller = _seller(world, query_of(request).get("seller", ""))
    own = world.lazada.seller_products.get(seller.seller_id, [])
    return table(STOCK, (_figures(product, sku, seller.currency) for product in own for sku in product.skus))


def decide_review(world: World, request: Request) -> object:
    """Let the platform approve a product, or reject it with a reason; its apps are told (message 1)."""
    body = body_of(request, ReviewBody)
    product = world.lazada.products.get(body.item_id)
    if product is None:
        raise Wrong(f"product {body.item_id} not found", 404)
    if product.status not in ("Pending", "Active", "Rejected"):
        raise Wrong(f"product {body.item_id} is {product.status}", 409)
    approved = body.state == "approved"
    product.status, product.reason = ("Active", "") if approved else ("Rejected", body.reason)
    world.lazada.save_product(product)
    world.lazada.push.product_checked(product, "APPROVED" if approved else "REJECTED")
    return {"item_id": product.item_id, "status": product.status, "reason": product.reason}


def get_published(world: World, request: Request) -> object:
    """All products of a seller as kept, withdrawn ones too."""
    seller = _seller(world, query_of(request).get("seller", ""))
    return {"items": world.lazada.seller_products.get(seller.seller_id, [])}


def get_orders(world: World, request: Request) -> object:
    """All orders of a seller; a line is `[item_id, sku_id, sku, units, price, status]`."""
    seller = _seller(world, query_of(request).get("seller", ""))
    return table(ORDERS, (_row(order) for order in world.lazada.seller_orders.get(seller.seller_id, [])))


def _row(order: Order) -> dict[str, Any]:
    lines = [
        [run.item_id, run.sku_id, run.seller_sku, run.count, to_number(run.paid_price, order.currency), run.status]
        for run in order.units
    ]
    row = {"order_id": order.order_id, "statuses": order.statuses(), "total": to_number(order.price(), order.currency)}
    return row | {"currency": order.currency, "created_at": order.created_at, "lines": lines}


WISHES = {"buyer_cancel_request": "CANCEL", "return": "RETURN", "refund": "ONLY_REFUND"}


def _reverse_of(world: World, order: Order, reverse_id: int) -> Reverse:
    """The reverse order named, or the latest of the order."""
    own = [one for one in world.lazada.reverses.values() if one.order_id == order.order_id]
    found = [one for one in own if reverse_id in (0, one.reverse_id)]
    if not found:
        raise Wrong(f"order {order.order_id} has no such reverse order", 404 if reverse_id else 409)
    return found[-1]


def advance(world: World, request: Request, order_id: str) -> object:
    """Let the buyer, the carrier or the platform act on an order, some of its lines, or a reverse order of it."""
    body = body_of(request, AdvanceBody)
    market = world.lazada
    order = market.orders.get(int(order_id)) if order_id.isdecimal() else None
    if order is None:
        raise Wrong(f"order {order_id} not found", 404)
    one = None
    try:
        if body.to in WISHES:
            one = reverse.open_reverse(
                market, order, WISHES[body.to], body.order_item_ids, body.reason, to_seller=not body.to_warehouse
            )
        elif body.to in reverse.STEPS:
            one = _reverse_of(world, order, body.reverse_order_id)
            reverse.STEPS[body.to](market, one)
        elif body.to == "buyer_cancel":
            life.cancel(market, order, body.order_item_ids, body.reason)
        else:
            life.advance(market, order, body.to, body.order_item_ids)
    except life.WrongStep as wrong:
        raise Wrong(str(wrong), 409) from None
    answer: dict[str, Any] = {"order_id": order.order_id, "statuses": order.statuses()}
    if one is not None:
        answer |= {"reverse_order_id": one.reverse_id, "line_ids": list(one.line_ids()), "status": one.status}
    return answer


ROUTES: Routes = {
    ("POST", "/apps"): put_app,
    ("POST", "/sellers"): add_seller,
    ("POST", "/tokens"): add_tokens,
    ("POST", "/codes"): add_code,
    ("POST", "/limits"): set_limit,
    ("POST", "/listings"): add_listings,
    ("GET", "/listing"): get_listing,
    ("GET", "/stock"): get_stock,
    ("GET", "/orders"): get_orders,
    ("POST", "/reviews"): decide_review,
    ("GET", "/published"): get_published,
}
