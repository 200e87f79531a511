"""Buying as a shopper: `POST /shopee/buy` and `POST /lazada/buy`."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.http import Reply, Request, json_reply
from mekong_sandbox.lazada import life as lazada_life
from mekong_sandbox.money import to_minor, to_number
from mekong_sandbox.shopee import life as shopee_life
from mekong_sandbox.world import World

MAX_LINES = 2000
MAX_QUANTITY = 1_000_000
Amount = int | float | str | None


class Refused(Exception):
    """A purchase that cannot be; carries the HTTP status and the answer."""

    def __init__(self, status: int, error: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.answer = {"error": error, "message": message, **more}


class BuyLine(msgspec.Struct, forbid_unknown_fields=True):
    """What and how many. Named by `sku`, or by `item_id` (Shopee, with `model_id`) or `sku_id` (Lazada)."""

    quantity: int = 1
    sku: str = ""
    item_id: int = 0
    model_id: int = 0
    sku_id: int = 0
    unit_price: Amount = None
    unit_price_minor: int | None = None


class Buyer(msgspec.Struct):
    """The shopper; `address` overrides address fields of the platform's order."""

    name: str = "Nguyễn Văn An"
    phone: str = "0901234567"
    address: dict[str, str] = {}


class Purchase(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a purchase. `unit_price` (major units) and `currency` default to the listing's."""

    lines: list[BuyLine]
    shop: int | str = 0
    seller: int | str = ""
    buyer: Buyer = msgspec.field(default_factory=Buyer)
    cod: bool = False
    unpaid: bool = False
    unit_price: Amount = None
    note: str = ""
    currency: str = ""


def _price(line: BuyLine, purchase: Purchase, currency: str) -> int | None:
    if line.unit_price_minor is not None:
        return line.unit_price_minor
    value = line.unit_price if line.unit_price is not None else purchase.unit_price
    return None if value is None else to_minor(value, currency)


def _checked(purchase: Purchase) -> None:
    if not 1 <= len(purchase.lines) <= MAX_LINES:
        raise Refused(422, "invalid", f"lines must hold 1 to {MAX_LINES} lines")
    for line in purchase.lines:
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise Refused(422, "invalid", f"quantity must be between 1 and {MAX_QUANTITY}")


def buy_shopee(world: World, purchase: Purchase) -> dict[str, Any]:
    """Place an order. Raises: Refused."""
    _checked(purchase)
    market = world.shopee
    shop_id = int(purchase.shop or 0) if str(purchase.shop or 0).isdecimal() else 0
    if not shop_id and purchase.lines[0].item_id in market.items:
        shop_id = market.items[purchase.lines[0].item_id].shop_id
    shop = market.shops.get(shop_id)
    if shop is None:
        raise Refused(404, "not_found", f"shop {purchase.shop} not found")
    currency = purchase.currency or shop.currency
    wanted = []
    for line in purchase.lines:
        if line.sku:
            found = market.by_sku.get((shop_id, line.sku))
        else:
            item = market.items.get(line.item_id)
            model = item.model(line.model_id) if item and item.shop_id == shop_id else None
            found = (item, model) if item and model else None
        if found is None:
            raise Refused(404, "not_found", f"no listing for {line.sku or f'{line.item_id}/{line.model_id}'}")
        wanted.append(shopee_life.Wanted(found[0], found[1], line.quantity, _price(line, purchase, currency)))
    try:
        order = shopee_life.buy(
            market,
            shop_id,
            wanted,
            buyer_name=purchase.buyer.name,
            buyer_phone=purchase.buyer.phone,
            cod=purchase.cod,
            unpaid=purchase.unpaid,
            note=purchase.note,
            currency=currency,
            address=purchase.buyer.address,
        )
    except shopee_life.SoldOut as short:
        line_of = {"item_id": short.item_id, "model_id": short.model_id, "available": short.available}
        raise Refused(409, "sold_out", str(short), **line_of) from None
    return {
        "order_sn": order.order_sn,
        "order_id": order.order_sn,
        "shop": shop_id,
        "status": order.status,
        "total": to_number(order.total(), order.currency),
        "currency": order.currency,
        "lines": len(order.lines),
        "units": sum(line.quantity for line in order.lines),
        "at": order.created_at,
    }


def buy_lazada(world: World, purchase: Purchase) -> dict[str, Any]:
    """Place an order. Raises: Refused."""
    _checked(purchase)
    market = world.lazada
    seller_id = str(purchase.seller or purchase.shop or "")
    if not seller_id and purchase.lines[0].sku_id in market.skus:
        seller_id = market.skus[purchase.lines[0].sku_id][0].seller_id
    seller = market.sellers.get(seller_id)
    if seller is None:
        raise Refused(404, "not_found", f"seller {seller_id} not found")
    currency = purchase.currency or seller.currency
    wanted = []
    for line in purchase.lines:
        found = market.by_seller_sku.get((seller_id, line.sku)) if line.sku else market.skus.get(line.sku_id)
        if found is None or found[0].seller_id != seller_id:
            raise Refused(404, "not_found", f"no listing for {line.sku or line.sku_id}")
        wanted.append(lazada_life.Wanted(found[0], found[1], line.quantity, _price(line, purchase, currency)))
    try:
        order = lazada_life.buy(
            market,
            seller_id,
            wanted,
            buyer_name=purchase.buyer.name,
            buyer_phone=purchase.buyer.phone,
            cod=purchase.cod,
            unpaid=purchase.unpaid,
            note=purchase.note,
            currency=currency,
            address=purchase.buyer.address,
        )
    except lazada_life.SoldOut as short:
        raise Refused(409, "sold_out", str(short), sku_id=short.sku_id, available=short.sellable) from None
    return {
        "order_id": order.order_id,
        "seller": seller_id,
        "status": order.statuses()[0],
        "total": to_number(order.price(), order.currency),
        "currency": order.currency,
        "units": order.count(),
        "at": order.created_at,
    }


def answer(world: World, market: str, request: Request) -> Reply:
    """Answer a purchase: 201 with the order, 409 when sold out, 404 or 422 else. On disk before the reply."""
    try:
        purchase = msgspec.json.decode(request.body, type=Purchase, strict=True)
        made = buy_shopee(world, purchase) if market == "shopee" else buy_lazada(world, purchase)
    except (msgspec.DecodeError, ValueError) as bad:
        return json_reply({"error": "invalid", "message": str(bad)}, 422)
    except Refused as refused:
        return json_reply(refused.answer, refused.status)
    world.store.flush()
    return json_reply(made, 201)
