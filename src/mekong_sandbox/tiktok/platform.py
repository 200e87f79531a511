"""TikTok Shop as the sandbox sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import Reply, Request
from mekong_sandbox.platform import ShownListing, ShownOrder, ShownVariant
from mekong_sandbox.tiktok import aftersale, auth, buying, control, fulfilment, gate, life, promotions
from mekong_sandbox.tiktok.consent import consent
from mekong_sandbox.tiktok.market import TikTokMarket
from mekong_sandbox.tiktok.model import Product
from mekong_sandbox.tiktok.products import image_url
from mekong_sandbox.tiktok.routes import OPERATIONS

if TYPE_CHECKING:
    from mekong_sandbox.buying import Purchase
    from mekong_sandbox.world import World


class TikTokPlatform:
    """TikTok Shop Partner API, 202309 and later. It stands before Shopee, which claims all of `/api/v2/`."""

    name = "tiktok"
    title = "TikTok Shop (thử)"
    control = control.ROUTES

    def __init__(self, world: World) -> None:
        self.world = world
        self.market = TikTokMarket(world)
        self.push = self.market.push

    def load(self) -> None:
        self.market.load()

    def resume(self) -> None:
        life.resume(self.market)
        aftersale.resume(self.market)

    def clear(self) -> None:
        self.market.clear()

    def claims(self, path: str) -> bool:
        return gate.claims(path) or path.startswith(fulfilment.LABELS)

    def answer(self, request: Request) -> Reply:
        if request.path in gate.TOKEN_PATHS:
            return auth.answer(self.market, request)
        if request.path.startswith(fulfilment.LABELS):
            return fulfilment.label(self.market, request)
        return gate.answer(self.market, OPERATIONS, request)

    def struck(self, kind: str) -> Reply:
        return gate.struck(kind)

    def shop_of(self, request: Request) -> str:
        return gate.shop_of(self.market, request)

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        return buying.buy(self.market, purchase)

    def purchase_line(self, item_id: str, variant: str, quantity: int) -> dict[str, Any]:
        return {"sku_id": int(variant), "quantity": quantity}

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
        return consent(self.market, request)

    def listings(self, owner: str) -> Sequence[ShownListing]:
        products = [one for one in self.market.products.values() if one.status == "ACTIVATE"]
        return [self._shown(one) for one in products if owner in ("", one.shop_id)]

    def listing(self, item_id: str) -> ShownListing | None:
        product = self.market.products.get(item_id)
        return self._shown(product) if product else None

    def _shown(self, product: Product) -> ShownListing:
        variants = [
            ShownVariant(
                one.sku_id,
                one.name() or product.title,
                one.seller_sku,
                promotions.current_price(self.market, product.product_id, one),
                one.available(),
                image_url(one.image) if one.image else "",
                one.price,
            )
            for one in product.skus
        ]
        currency, images = self.market.shops[product.shop_id].currency, [image_url(one) for one in product.images]
        return ShownListing(
            product.product_id,
            product.title,
            product.status,
            product.status == "ACTIVATE",
            currency,
            images,
            variants,
            product.description,
        )

    def order(self, order_id: str) -> ShownOrder | None:
        order = self.market.orders.get(order_id)
        if order is None:
            return None
        lines = [(f"{run.product_name} {run.sku_name}", run.count, run.sale_price, run.status) for run in order.units]
        return ShownOrder(order.buyer_name, order.currency, lines)
