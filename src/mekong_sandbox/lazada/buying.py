"""A shopper buys on Lazada."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mekong_sandbox.buying import Purchase, Refused, price_of
from mekong_sandbox.lazada import life
from mekong_sandbox.money import to_number

if TYPE_CHECKING:
    from mekong_sandbox.lazada.market import LazadaMarket


def buy(market: LazadaMarket, purchase: Purchase) -> dict[str, Any]:
    """Place an order. Raises: Refused."""
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
        wanted.append(life.Wanted(found[0], found[1], line.quantity, price_of(line, purchase, currency)))
    try:
        order = life.buy(
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
    except life.SoldOut as short:
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
