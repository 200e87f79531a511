"""Shopify as the sandbox sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import Reply, Request
from mekong_sandbox.platform import ShownListing, ShownOrder, ShownVariant
from mekong_sandbox.shopify import auth, buying, control, gate, life, uploads
from mekong_sandbox.shopify.market import ShopifyMarket
from mekong_sandbox.shopify.model import Product
from mekong_sandbox.shopify.routes import REST, ROOTS

if TYPE_CHECKING:
    from mekong_sandbox.buying import Purchase
    from mekong_sandbox.world import World


class ShopifyPlatform:
    """Shopify Admin: one shop a host in life, one base path a shop here."""

    name = "shopify"
    title = "Shopify (thử)"
    control = control.ROUTES

    def __init__(self, world: World) -> None:
        self.world = world
        self.market = ShopifyMarket(world)
        self.push = self.market.push

    def load(self) -> None:
        self.market.load()

    def resume(self) -> None:
        life.resume(self.market)

    def clear(self) -> None:
        self.market.clear()

    def claims(self, path: str) -> bool:
        """All below a shop but the page of consent, which is for people."""
        if path.startswith(uploads.PREFIX):
            return True
        return path.startswith(gate.PREFIX) and not path.endswith(auth.AUTHORIZE)

    def answer(self, request: Request) -> Reply:
        if request.path.startswith(uploads.PREFIX):
            return uploads.take(self.market, request)
        if request.method == "POST" and gate.below(request) == auth.TOKEN:
            return auth.tokens(self.market, request)
        return gate.answer(self.market, ROOTS, REST, request)

    def struck(self, kind: str) -> Reply:
        return gate.struck(kind)

    def shop_of(self, request: Request) -> str:
        return gate.shop_of(request)

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        return buying.buy(self.market, purchase)

    def purchase_line(self, item_id: str, variant: str, quantity: int) -> dict[str, Any]:
        return {"model_id": int(variant), "quantity": quantity}

    def advance(self, request: Request, order_id: str) -> object:
        return control.advance(self.world, request, order_id)

    def summary(self) -> dict[str, object]:
        return {
            "apps": sorted(self.market.apps),
            "shops": {shop.shop_id: shop.name for shop in self.market.shops.values()},
            "products": len(self.market.products),
            "orders": len(self.market.orders),
        }

    def consent(self, request: Request) -> Reply | None:
        is_page = request.path.startswith(gate.PREFIX) and gate.below(request) == auth.AUTHORIZE
        return auth.consent(self.market, request) if is_page else None

    def listings(self, owner: str) -> Sequence[ShownListing]:
        products = [one for one in self.market.products.values() if one.status == "ACTIVE"]
        return [self._shown(one) for one in products if owner in ("", one.shop_id)]

    def listing(self, item_id: str) -> ShownListing | None:
        product = self.market.products.get(int(item_id)) if item_id.isdecimal() else None
        return self._shown(product) if product else None

    def _shown(self, product: Product) -> ShownListing:
        variants = [
            ShownVariant(
                str(one.id),
                product.title if one.title == "Default Title" else one.title,
                one.sku,
                one.price,
                life.sellable(product, one),
                one.image,
                one.compare_at_price,
            )
            for one in product.variants
        ]
        is_on_sale, currency = product.status == "ACTIVE", self.market.shops[product.shop_id].currency
        return ShownListing(
            str(product.id),
            product.title,
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
        status = "CANCELLED" if order.cancelled_at is not None else order.fulfilment()
        lines = [(f"{one.title} {one.variant_title}", one.quantity, one.price, status) for one in order.lines]
        return ShownOrder(order.address.get("name", ""), order.currency, lines)
