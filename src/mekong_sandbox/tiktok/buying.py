"""A shopper buys on TikTok Shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mekong_sandbox.buying import BuyLine, Purchase, Refused, price_of
from mekong_sandbox.money import to_number
from mekong_sandbox.tiktok import life
from mekong_sandbox.tiktok.model import Product, Sku

if TYPE_CHECKING:
    from mekong_sandbox.tiktok.market import TikTokMarket


def _listed(market: TikTokMarket, line: BuyLine) -> tuple[Product, Sku] | None:
    """What a line names by id: a SKU, or a product that has but one."""
    product = market.products.get(str(line.item_id))
    if line.sku_id or product is None:
        return market.skus.get(str(line.sku_id))
    return (product, product.skus[0]) if len(product.skus) == 1 else None


def buy(market: TikTokMarket, purchase: Purchase) -> dict[str, Any]:
    """Place an order. Raises: Refused."""
    shop_id = str(purchase.shop or purchase.seller or "")
    first = _listed(market, purchase.lines[0])
    if not shop_id and first is not None:
        shop_id = first[0].shop_id
    shop = market.shops.get(shop_id)
    if shop is None:
        raise Refused(404, "not_found", f"shop {shop_id} not found")
    currency = purchase.currency or shop.currency
    wanted = []
    for line in purchase.lines:
        found = market.by_seller_sku.get((shop_id, line.sku)) if line.sku else _listed(market, line)
        if found is None or found[0].shop_id != shop_id:
            raise Refused(404, "not_found", f"no listing for {line.sku or line.sku_id or line.item_id}")
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
        raise Refused(422, "purchase_limit", str(over), sku_id=over.sku_id, limit=over.limit) from None
    except life.SoldOut as short:
        raise Refused(409, "sold_out", str(short), sku_id=short.sku_id, available=short.available) from None
    return {
        "order_id": order.order_id,
        "shop": shop_id,
        "status": order.status(),
        "total": to_number(order.total(), order.currency),
        "currency": order.currency,
        "units": order.count(),
        "at": order.created_at,
    }
