"""A shopper buys in a WooCommerce shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mekong_sandbox.buying import Purchase, Refused, price_of
from mekong_sandbox.money import to_number
from mekong_sandbox.woocommerce import life

if TYPE_CHECKING:
    from mekong_sandbox.woocommerce.market import WooMarket


def _address(purchase: Purchase) -> dict[str, str]:
    """Who gets the goods, in the fields of a billing address; Vietnamese names begin with the family's."""
    last, _, first = purchase.buyer.name.partition(" ")
    base = {"first_name": first or last, "last_name": last if first else "", "company": "", "address_1": "1 Lê Lợi"}
    base |= {"address_2": "", "city": "Hồ Chí Minh", "state": "", "postcode": "", "country": "VN"}
    return base | {"email": "khach@example.vn", "phone": purchase.buyer.phone} | purchase.buyer.address


def buy(market: WooMarket, purchase: Purchase) -> dict[str, Any]:
    """Place an order. A line names a variation by `model_id`, or a simple product by `item_id`. Raises: Refused."""
    shop_id = str(purchase.shop or purchase.seller or "")
    first = market.products.get(purchase.lines[0].model_id or purchase.lines[0].item_id)
    if not shop_id and first is not None:
        shop_id = first.shop_id
    shop = market.shops.get(shop_id)
    if shop is None:
        raise Refused(404, "not_found", f"shop {shop_id} not found")
    currency = purchase.currency or shop.currency
    wanted = []
    for line in purchase.lines:
        number = line.model_id or line.sku_id or line.item_id
        product = market.by_sku.get((shop_id, line.sku)) if line.sku else market.products.get(number)
        if product is None or product.shop_id != shop_id or product.type == "variable":
            raise Refused(404, "not_found", f"nothing on sale as {line.sku or number}")
        wanted.append(life.Wanted(product, line.quantity, price_of(line, purchase, currency)))
    try:
        order = life.buy(
            market,
            shop_id,
            wanted,
            billing=_address(purchase),
            cod=purchase.cod,
            unpaid=purchase.unpaid,
            note=purchase.note,
            currency=currency,
        )
    except life.SoldOut as short:
        named = {"item_id": short.product.parent_id or short.product.id, "model_id": short.product.id}
        raise Refused(409, "sold_out", str(short), **named, available=short.available) from None
    return {
        "order_id": order.id,
        "shop": shop_id,
        "status": order.status,
        "total": to_number(order.total(), order.currency),
        "currency": order.currency,
        "lines": len(order.lines),
        "units": sum(line.quantity for line in order.lines),
        "at": order.created_at,
    }
