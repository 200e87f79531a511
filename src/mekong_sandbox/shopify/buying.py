"""A shopper buys in a Shopify shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mekong_sandbox.buying import Purchase, Refused, price_of
from mekong_sandbox.money import to_number
from mekong_sandbox.shopify import life

if TYPE_CHECKING:
    from mekong_sandbox.shopify.market import ShopifyMarket


def _address(purchase: Purchase) -> dict[str, str]:
    """Who gets the goods; Vietnamese names begin with the family's."""
    last, _, first = purchase.buyer.name.partition(" ")
    base = {"first_name": first or last, "last_name": last if first else "", "phone": purchase.buyer.phone}
    base |= {"name": purchase.buyer.name, "address1": "1 Lê Lợi", "address2": "", "city": "Hồ Chí Minh", "province": ""}
    return base | {"zip": "", "country": "Vietnam", "country_code": "VN", "company": ""} | purchase.buyer.address


def buy(market: ShopifyMarket, purchase: Purchase) -> dict[str, Any]:
    """Place an order. A line names a variant by `model_id`. Raises: Refused."""
    shop_id = str(purchase.shop or purchase.seller or "").removesuffix(".myshopify.com")
    first = market.variants.get(purchase.lines[0].model_id or purchase.lines[0].sku_id)
    if not shop_id and first is not None:
        shop_id = first[0].shop_id
    shop = market.shops.get(shop_id)
    if shop is None:
        raise Refused(404, "not_found", f"shop {shop_id} not found")
    currency = purchase.currency or shop.currency
    wanted = []
    for line in purchase.lines:
        number = line.model_id or line.sku_id
        found = market.by_sku.get((shop_id, line.sku)) if line.sku else market.variants.get(number)
        if found is None or found[0].shop_id != shop_id:
            raise Refused(404, "not_found", f"nothing on sale as {line.sku or number}")
        wanted.append(life.Wanted(*found, line.quantity, price_of(line, purchase, currency)))
    try:
        order = life.buy(
            market,
            shop_id,
            wanted,
            address=_address(purchase),
            cod=purchase.cod,
            unpaid=purchase.unpaid,
            note=purchase.note,
            currency=currency,
        )
    except life.SoldOut as short:
        raise Refused(409, "sold_out", str(short), model_id=short.variant.id, available=short.available) from None
    return {
        "order_id": order.id,
        "name": order.name,
        "shop": shop_id,
        "status": order.financial,
        "total": to_number(order.total(), order.currency),
        "currency": order.currency,
        "lines": len(order.lines),
        "units": sum(line.quantity for line in order.lines),
        "at": order.created_at,
    }
