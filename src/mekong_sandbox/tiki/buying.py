"""A shopper buys on Tiki."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mekong_sandbox.buying import Purchase, Refused, price_of
from mekong_sandbox.tiki import life

if TYPE_CHECKING:
    from mekong_sandbox.tiki.market import TikiMarket

CURRENCY = "VND"


def _seller_of(market: TikiMarket, purchase: Purchase) -> int:
    """The seller named, or the one whose product is named by its id."""
    named = str(purchase.seller or purchase.shop or "")
    if named:
        return int(named) if named.isdecimal() else 0
    product = market.products.get(purchase.lines[0].sku_id)
    return product.seller_id if product else 0


def buy(market: TikiMarket, purchase: Purchase) -> dict[str, Any]:
    """Place an order. A line names its product by `sku`, or by `sku_id` (the product id). Raises: Refused."""
    seller_id = _seller_of(market, purchase)
    if seller_id not in market.sellers:
        raise Refused(404, "not_found", f"seller {purchase.seller or purchase.shop} not found")
    if purchase.currency not in ("", CURRENCY):
        raise Refused(422, "invalid", f"prices on Tiki are in {CURRENCY}")
    wanted = []
    for line in purchase.lines:
        product = market.by_sku.get((seller_id, line.sku)) if line.sku else market.products.get(line.sku_id)
        if product is None or product.seller_id != seller_id:
            raise Refused(404, "not_found", f"no listing for {line.sku or line.sku_id}")
        wanted.append(life.Wanted(product, line.quantity, price_of(line, purchase, CURRENCY)))
    buyer = purchase.buyer
    shopper = life.Shopper(
        buyer.name, buyer.phone, buyer.address, cod=purchase.cod, unpaid=purchase.unpaid, note=purchase.note
    )
    try:
        order = life.buy(market, seller_id, wanted, shopper)
    except life.SoldOut as short:
        raise Refused(409, "sold_out", str(short), sku_id=short.product_id, available=short.sellable) from None
    return {
        "order_id": order.code,
        "seller": str(seller_id),
        "status": order.status,
        "total": order.total(),
        "currency": CURRENCY,
        "units": sum(item.quantity for item in order.items),
        "at": order.created_at,
    }
