"""WooCommerce as the sandbox sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import Reply, Request
from mekong_sandbox.platform import ShownListing, ShownOrder, ShownVariant
from mekong_sandbox.woocommerce import buying, control, gate, life, rows, sales
from mekong_sandbox.woocommerce.market import WooMarket
from mekong_sandbox.woocommerce.model import Product
from mekong_sandbox.woocommerce.routes import ENDPOINTS

if TYPE_CHECKING:
    from mekong_sandbox.buying import Purchase
    from mekong_sandbox.world import World


class WooCommercePlatform:
    """WooCommerce REST v3: one shop a host in life, one base path a shop here."""

    name = "woocommerce"
    title = "WooCommerce (thử)"
    control = control.ROUTES

    def __init__(self, world: World) -> None:
        self.world = world
        self.market = WooMarket(world)
        self.push = self.market.push

    def load(self) -> None:
        self.market.load()

    def resume(self) -> None:
        life.resume(self.market)
        sales.resume(self.market)

    def clear(self) -> None:
        self.market.clear()

    def claims(self, path: str) -> bool:
        return path.startswith(gate.PREFIX)

    def answer(self, request: Request) -> Reply:
        return gate.answer(self.market, ENDPOINTS, request)

    def struck(self, kind: str) -> Reply:
        return gate.struck(kind)

    def shop_of(self, request: Request) -> str:
        return gate.shop_of(request)

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        return buying.buy(self.market, purchase)

    def purchase_line(self, item_id: str, variant: str, quantity: int) -> dict[str, Any]:
        return {"item_id": int(item_id), "model_id": int(variant), "quantity": quantity}

    def advance(self, request: Request, order_id: str) -> object:
        return control.advance(self.world, request, order_id)

    def summary(self) -> dict[str, object]:
        return {
            "shops": {shop.shop_id: shop.name for shop in self.market.shops.values()},
            "products": len(self.market.products),
            "orders": len(self.market.orders),
        }

    def consent(self, request: Request) -> Reply | None:
        """Keys are made by hand in the shop: there is no page that lets an app in."""
        return None

    def listings(self, owner: str) -> Sequence[ShownListing]:
        own = self.market.products.values()
        shown = [one for one in own if one.type != "variation" and one.status == "publish"]
        return [self._shown(one) for one in shown if owner in ("", one.shop_id)]

    def listing(self, item_id: str) -> ShownListing | None:
        product = self.market.products.get(int(item_id)) if item_id.isdecimal() else None
        return self._shown(product) if product and product.type != "variation" else None

    def _shown(self, product: Product) -> ShownListing:
        family, now = self.market.family(product), self.world.clock.now()
        variants = [
            ShownVariant(
                str(one.id),
                rows.full_name(self.market, one),
                one.sku,
                one.price(now) or 0,
                self.market.available(one),
                next(iter(one.images), "") if one is not product else "",
                one.regular_price,
            )
            for one in family
        ]
        is_on_sale, currency = product.status == "publish", self.market.shops[product.shop_id].currency
        return ShownListing(
            str(product.id),
            product.name,
            product.status,
            is_on_sale,
            currency,
            product.images,
            variants,
            product.description,
        )

    def order(self, order_id: str) -> ShownOrder | None:
        order = self.market.orders.get(int(order_id)) if order_id.isdecimal() else None
        if order is None:
            return None
        lines = [(one.name, one.quantity, one.price, order.status) for one in order.lines]
        name = f"{order.billing['last_name']} {order.billing['first_name']}".strip()
        return ShownOrder(name, order.currency, lines)
