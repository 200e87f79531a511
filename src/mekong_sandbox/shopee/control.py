"""Control of the stand-in of Shopee."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from mekong_sandbox.control import bodies
from mekong_sandbox.control.bodies import Amount, Body, LimitBody, ListingsBody, NewListing, OfOwner, Routes, table
from mekong_sandbox.control.door import Wrong, body_of, number_in, query_of
from mekong_sandbox.http import Request
from mekong_sandbox.money import to_minor, to_number
from mekong_sandbox.shopee import aftersale, life, promotions
from mekong_sandbox.shopee.model import DEFAULT_LOCATION, App, Item, Model, Order, Return, Shop, Tier

if TYPE_CHECKING:
    from mekong_sandbox.world import World

MAX_MODELS = 50
STOCK = ("item_id", "model_id", "sku", "total", "reserved", "available", "price")
ORDERS = ("order_sn", "status", "total", "currency", "created_at", "lines")


class AppBody(Body):
    partner_id: int = 0
    partner_key: str = ""
    push_key: str = ""
    callback_url: str | None = None
    codes_on: list[int] | None = None


class ShopBody(bodies.NewOwner):
    """A shop; with `partner_id` 0 an app is made for it."""

    partner_id: int = 0
    partner_key: str = ""
    shop_id: int = 0
    region: str = "VN"
    locations: list[str] = msgspec.field(default_factory=lambda: [DEFAULT_LOCATION])


class TokenBody(OfOwner):
    partner_id: int = 0


class ReviewBody(bodies.Decision):
    item_id: int


class AdvanceBody(bodies.AdvanceBody):
    reason: str = "CHANGE_OF_MIND"
    tracking: str = ""
    lines: list[tuple[int, int, int]] = msgspec.field(default_factory=list)
    return_sn: str = ""
    amount: Amount | None = None


def _shop(world: World, shop_id: str) -> Shop:
    shop = world.shopee.shops.get(int(shop_id)) if shop_id.isdecimal() else None
    if shop is None:
        raise Wrong(f"shop {shop_id} not found", 404)
    return shop


def _partner(world: World, shop: Shop, partner_id: int) -> int:
    if partner_id:
        if partner_id not in world.shopee.apps:
            raise Wrong(f"app {partner_id} not found", 404)
        return partner_id
    if not shop.links:
        raise Wrong("the shop is linked with no app; name a partner_id")
    return next(iter(shop.links))


def put_app(world: World, request: Request) -> object:
    """Make an app, or change one (its callback URL, say)."""
    body = body_of(request, AppBody)
    app = world.shopee.apps.get(body.partner_id)
    if app is None:
        partner_id = body.partner_id or world.number("shopee.partner", 2_001_887)
        key = body.partner_key or "shpk" + secrets.token_hex(30)
        app = App(partner_id, key, body.push_key or key)
    if body.partner_key:
        app.partner_key = body.partner_key
        app.push_key = body.push_key or body.partner_key
    if body.push_key:
        app.push_key = body.push_key
    if body.callback_url is not None:
        app.callback_url = body.callback_url
    if body.codes_on is not None:
        app.codes_on = body.codes_on
    world.shopee.save_app(app)
    return app


def add_shop(world: World, request: Request) -> object:
    """Make a shop, linked with an app, with tokens to start at once."""
    body = body_of(request, ShopBody)
    market = world.shopee
    app = market.apps.get(body.partner_id)
    if app is None:
        partner_id = body.partner_id or world.number("shopee.partner", 2_001_887)
        key = body.partner_key or "shpk" + secrets.token_hex(30)
        app = market.save_app(App(partner_id, key, key))
    if body.callback_url is not None:
        app.callback_url = body.callback_url
        market.save_app(app)
    shop_id = body.shop_id or world.number("shopee.shop", 226_581_234)
    if shop_id in market.shops:
        raise Wrong(f"shop {shop_id} exists", 409)
    if not body.locations:
        raise Wrong("locations must hold at least one name")
    shop = Shop(shop_id, body.name, body.region, body.currency, locations=body.locations)
    shop.multi_warehouse = len(body.locations) > 1
    shop.rate, shop.burst = body.rate, body.burst
    market.save_shop(shop)
    answer: dict[str, Any] = {
        "shop_id": shop_id,
        "partner_id": app.partner_id,
        "partner_key": app.partner_key,
        "push_key": app.push_key,
        "callback_url": app.callback_url,
    }
    return answer | _tokens(world, app.partner_id, shop_id) if body.authorise else answer


def _tokens(world: World, partner_id: int, shop_id: int) -> dict[str, Any]:
    market = world.shopee
    code = market.authorise(partner_id, shop_id)
    code.used = True
    access, refresh = market.token_pair(partner_id, shop_id)
    return {
        "access_token": access.token,
        "refresh_token": refresh.token,
        "expire_in": world.settings.shopee_access_token_s,
    }


def add_tokens(world: World, request: Request) -> object:
    """Issue a fresh token pair without the walk through the consent page."""
    body = body_of(request, TokenBody)
    shop = _shop(world, body.owner)
    return _tokens(world, _partner(world, shop, body.partner_id), shop.shop_id)


def add_code(world: World, request: Request) -> object:
    """Issue a code, as the consent page would."""
    body = body_of(request, TokenBody)
    shop = _shop(world, body.owner)
    partner_id = _partner(world, shop, body.partner_id)
    return {"code": world.shopee.authorise(partner_id, shop.shop_id).token, "shop_id": shop.shop_id}


def set_limit(world: World, request: Request) -> object:
    """Set the call rate of a shop."""
    body = body_of(request, LimitBody)
    shop = _shop(world, body.owner)
    answer = bodies.limit(shop, body)
    world.shopee.save_shop(shop)
    return {"shop": shop.shop_id, **answer}


def _tiers(new: NewListing) -> list[Tier]:
    if not new.models:
        return []
    options: list[list[str]] = [[]]
    if all(model.options for model in new.models):
        options = [[] for _ in new.models[0].options]
    for number, model in enumerate(new.models):
        chosen = model.options if len(options[0]) or all(one.options for one in new.models) else []
        names = chosen or [model.name or f"Loại {number + 1}"]
        if len(names) != len(options) or len(options) > 2:
            raise Wrong(f"listing {new.sku or new.name}: models need the same one or two options")
        for tier, name in zip(options, names, strict=True):
            if name not in tier:
                tier.append(name)
    names = new.tiers or ["Loại", "Cỡ"][: len(options)]
    return [Tier(name, list(tier)) for name, tier in zip(names, options, strict=True)]


def _models(world: World, shop: Shop, new: NewListing, tiers: list[Tier]) -> list[Model]:
    def stock(units: int) -> dict[str, int]:
        return {name: units if number == 0 else 0 for number, name in enumerate(shop.locations)}

    models = []
    for number, one in enumerate(new.variants(MAX_MODELS)):
        price = to_minor(new.price_of(one), shop.currency)
        model = Model(0, one.sku, price, stock(one.stock), gtin=one.barcode)
        if tiers:
            options = one.options or [one.name or f"Loại {number + 1}"]
            model.model_id, model.name = world.number("shopee.model", 10_000_000_001), ",".join(options)
            model.tier_index = [tier.options.index(option) for tier, option in zip(tiers, options, strict=True)]
        models.append(model)
    return models


def add_listings(world: World, request: Request) -> object:
    """Make many listings; answers `[[item_id, [model_id, …]], …]` in the order sent."""
    body = body_of(request, ListingsBody[NewListing])
    shop, stamp, made = _shop(world, body.owner), world.clock.stamp(), []
    for new in body.listings:
        tiers = _tiers(new)
        models, number = _models(world, shop, new, tiers), world.number("shopee.item", 2_500_000_001)
        item = Item(number, shop.shop_id, new.name, new.sku, models, stamp, stamp, tiers=tiers)
        item.description, item.status, item.images = new.description, new.status or "NORMAL", new.images()
        world.shopee.add_item(item)
        made.append([item.item_id, [model.model_id for model in item.models]])
    return {"listings": made}


def _figures(item: Item, model: Model, currency: str) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "model_id": model.model_id,
        "sku": model.sku or item.sku,
        "total": model.total(),
        "reserved": model.reserved,
        "available": model.available(),
        "price": to_number(model.price, currency),
    }


def _sale(world: World, item: Item, model: Model, currency: str) -> dict[str, Any]:
    """What a unit costs now, and the discount a variant is in or will be in next."""
    found = promotions.coming(world.shopee, item.item_id, model.model_id)
    price = promotions.current_price(world.shopee, item, model)
    if found is None:
        return bodies.sale(currency, model.price, price)
    discount = found.discount
    dates = (discount.starts, discount.ends)
    return bodies.sale(currency, model.price, price, found.model.price, *dates, discount.discount_id)


def get_discounts(world: World, request: Request) -> object:
    """All discounts of a shop as kept, ended ones too."""
    shop, now = _shop(world, query_of(request).get("shop", "")), world.clock.now()
    own = [one for one in world.shopee.discounts.values() if one.shop_id == shop.shop_id]
    return {"discounts": [{"status": one.status(now), **msgspec.to_builtins(one)} for one in own]}


def get_listing(world: World, request: Request) -> object:
    """One variant, by `shop` and `sku`, or by `item_id` and `model_id`."""
    query, market = query_of(request), world.shopee
    if "sku" in query:
        found = market.by_sku.get((number_in(query, "shop"), query["sku"]))
    else:
        item = market.items.get(number_in(query, "item_id"))
        model = item.model(number_in(query, "model_id")) if item else None
        found = (item, model) if item and model else None
    if found is None:
        raise Wrong("listing not found", 404)
    item, model = found
    currency = market.shops[item.shop_id].currency
    row = {"shop": item.shop_id, "name": item.name, "status": item.status, "currency": currency, "stock": model.stock}
    more = _sale(world, item, model, currency)
    return row | _figures(item, model, currency) | more | {"updated_at": item.updated_at}


def get_stock(world: World, request: Request) -> object:
    """All variants of a shop."""
    shop = _shop(world, query_of(request).get("shop", ""))
    own = world.shopee.shop_items.get(shop.shop_id, [])
    return table(STOCK, (_figures(item, model, shop.currency) for item in own for model in item.models))


def decide_review(world: World, request: Request) -> object:
    """Let the platform approve an item, or ban it with a reason."""
    body = body_of(request, ReviewBody)
    item = world.shopee.items.get(body.item_id)
    if item is None:
        raise Wrong(f"item {body.item_id} not found", 404)
    if item.status not in ("REVIEWING", "NORMAL", "BANNED"):
        raise Wrong(f"item {body.item_id} is {item.status}", 409)
    item.status, item.reason = ("NORMAL", "") if body.state == "approved" else ("BANNED", body.reason)
    world.shopee.save_item(item, relisted=True)
    return {"item_id": item.item_id, "status": item.status, "reason": item.reason}


def get_published(world: World, request: Request) -> object:
    """All items of a shop as kept, withdrawn ones too."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return {"items": world.shopee.shop_items.get(shop.shop_id, [])}


def get_orders(world: World, request: Request) -> object:
    """All orders of a shop; a line is `[item_id, model_id, sku, units, price]`."""
    shop = _shop(world, query_of(request).get("shop", ""))
    return table(ORDERS, (_row(order) for order in world.shopee.shop_orders.get(shop.shop_id, [])))


def _row(order: Order) -> dict[str, Any]:
    lines = [
        [one.item_id, one.model_id, one.model_sku or one.item_sku, one.quantity, to_number(one.price, order.currency)]
        for one in order.lines
    ]
    row = {"order_sn": order.order_sn, "status": order.status, "total": to_number(order.total(), order.currency)}
    return row | {"currency": order.currency, "created_at": order.created_at, "lines": lines}


def _return_of(world: World, order: Order, return_sn: str) -> Return:
    """The return named, or the latest of the order."""
    own = [one for one in world.shopee.returns.values() if one.order_sn == order.order_sn]
    found = [one for one in own if return_sn in ("", one.return_sn)]
    if not found:
        raise Wrong(f"order {order.order_sn} has no such return", 404 if return_sn else 409)
    return found[-1]


def _advance_return(world: World, order: Order, body: AdvanceBody) -> object:
    """Let the buyer, the carrier or the platform act on a return."""
    market, solutions = world.shopee, {"return": 0, "refund": 1}
    if body.to in solutions:
        one = aftersale.open_return(market, order, body.reason, body.lines, solution=solutions[body.to])
    else:
        one = _return_of(world, order, body.return_sn)
        if body.to == "counter_offer":
            amount = None if body.amount is None else to_minor(body.amount, order.currency)
            aftersale.propose(market, one, one.solution, amount, to="seller")
        else:
            aftersale.STEPS[body.to](market, one)
    return {"return_sn": one.return_sn, "return_status": one.status, "order_sn": order.order_sn, "status": order.status}


def advance(world: World, request: Request, order_sn: str) -> object:
    """Let the buyer, the carrier or the platform act on an order, or on a return of it (`return_sn`; else the latest)."""
    body = body_of(request, AdvanceBody)
    order = world.shopee.orders.get(order_sn)
    if order is None:
        raise Wrong(f"order {order_sn} not found", 404)
    market = world.shopee
    try:
        if body.to in ("return", "refund", "counter_offer", *aftersale.STEPS):
            return _advance_return(world, order, body)
        if body.to == "buyer_cancel_request":
            life.request_cancel(market, order, body.reason)
        elif body.to == "buyer_cancel":
            life.cancel(market, order, by="buyer", reason=body.reason)
        elif body.to == "arranged":
            life.arrange(market, order, body.tracking)
        else:
            life.advance(market, order, body.to)
    except life.WrongStep as wrong:
        raise Wrong(str(wrong), 409) from None
    return {"order_sn": order.order_sn, "status": order.status}


ROUTES: Routes = {
    ("POST", "/apps"): put_app,
    ("POST", "/shops"): add_shop,
    ("POST", "/tokens"): add_tokens,
    ("POST", "/codes"): add_code,
    ("POST", "/limits"): set_limit,
    ("POST", "/listings"): add_listings,
    ("GET", "/listing"): get_listing,
    ("GET", "/discounts"): get_discounts,
    ("GET", "/stock"): get_stock,
    ("GET", "/orders"): get_orders,
    ("POST", "/reviews"): decide_review,
    ("GET", "/published"): get_published,
}
