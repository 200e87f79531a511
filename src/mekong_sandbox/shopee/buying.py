"""A shopper buys on Shopee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mekong_sandbox.buying import Purchase, Refused, price_of
from mekong_sandbox.money import to_number
from mekong_sandbox.shopee import life

if TYPE_CHECKING:
    from mekong_sandbox.shopee.market import ShopeeMarket


def buy(market: ShopeeMarket, purchase: Purchase) -> dict[str, Any]:
    """Place an order. Raises: Refused."""
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
        wanted.append(life.Wanted(found[0], found[1], line.quantity, price_of(line, purchase, currency)))
    try:
        order = life.buy(
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
    except life.OverLimit as over:
        raise Refused(422, "purchase_limit", str(over), item_id=over.item_id, limit=over.limit) from None
    except life.SoldOut as short:
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
