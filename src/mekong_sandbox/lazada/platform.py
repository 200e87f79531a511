"""Lazada as the sandbox sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import Reply, Request
from mekong_sandbox.lazada import buying, control, gate, life, reverse
from mekong_sandbox.lazada.consent import consent
from mekong_sandbox.lazada.market import LazadaMarket
from mekong_sandbox.lazada.model import Product
from mekong_sandbox.lazada.routes import ENDPOINTS
from mekong_sandbox.platform import ShownListing, ShownOrder, ShownVariant

if TYPE_CHECKING:
    from mekong_sandbox.buying import Purchase
    from mekong_sandbox.world import World


class LazadaPlatform:
    """Lazada Open Platform."""

    name = "lazada"
    title = "Lazada (thử)"
    control = control.ROUTES

    def __init__(self, world: World) -> None:
        self.world = world
        self.market = LazadaMarket(world)
        self.push = self.market.push

    def load(self) -> None:
        self.market.load()

    def resume(self) -> None:
        life.resume(self.market)
        reverse.resume(self.market)

    def clear(self) -> None:
        self.market.clear()

    def claims(self, path: str) -> bool:
        return path.startswith(gate.PREFIX + "/")

    def answer(self, request: Request) -> Reply:
        return gate.answer(self.market, ENDPOINTS, request)

    def struck(self, kind: str) -> Reply:
        return gate.struck(kind)

    def shop_of(self, request: Request) -> str:
        return gate.seller_of(self.market, request)

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        return buying.buy(self.market, purchase)

    def purchase_line(self, item_id: str, variant: str, quantity: int) -> dict[str, Any]:
        return {"sku_id": int(variant), "quantity": quantity}

    def advance(self, request: Request, order_id: str) -> object:
        return control.advance(self.world, request, order_id)

    def summary(self) -> dict[str, object]:
        return {
            "apps": sorted(self.market.apps),
            "sellers": {seller.seller_id: seller.name for seller in self.market.sellers.values()},
            "products": len(self.market.products),
            "orders": len(self.market.orders),
        }

    def consent(self, request: Request) -> Reply | None:
        return consent(self.market, request) if request.path == "/oauth/authorize" else None

    def listings(self, owner: str) -> Sequence[ShownListing]:
        products = [one for one in self.market.products.values() if one.status == "Active"]
        return [self._shown(one) for one in products if owner in ("", one.seller_id)]

    def listing(self, item_id: str) -> ShownListing | None:
        product = self.market.products.get(int(item_id)) if item_id.isdecimal() else None
        return self._shown(product) if product else None

    def _shown(self, product: Product) -> ShownListing:
        now = self.world.clock.now()
        variants = [
            ShownVariant(
                str(one.sku_id),
                one.name or product.name,
                one.seller_sku,
                one.selling_price(now),
                one.sellable(),
                next(iter(one.images), ""),
                one.price,
            )
            for one in product.skus
            if one.status == "active"
        ]
        currency = self.market.sellers[product.seller_id].currency
        return ShownListing(
            str(product.item_id), product.name, product.status, product.status == "Active", currency, product.images,
            variants, product.description,
        )  # fmt: skip

    def order(self, order_id: str) -> ShownOrder | None:
        order = self.market.orders.get(int(order_id)) if order_id.isdecimal() else None
        if order is None:
            return None
        lines = [(f"{run.name} {run.variation}", run.count, run.paid_price, run.status) for run in order.units]
        return ShownOrder(order.buyer_name, order.currency, lines)
