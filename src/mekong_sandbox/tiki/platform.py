"""Tiki as the sandbox sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import Reply, Request
from mekong_sandbox.platform import ShownListing, ShownOrder, ShownVariant
from mekong_sandbox.tiki import auth, buying, control, gate, life, publishing
from mekong_sandbox.tiki.consent import PATH as CONSENT_PATH
from mekong_sandbox.tiki.consent import consent
from mekong_sandbox.tiki.market import TikiMarket
from mekong_sandbox.tiki.model import ENABLED, Product
from mekong_sandbox.tiki.routes import ROUTER

if TYPE_CHECKING:
    from mekong_sandbox.buying import Purchase
    from mekong_sandbox.world import World


class TikiPlatform:
    """Tiki Open API. It sends no notices: its events wait in queues."""

    name = "tiki"
    title = "Tiki (thử)"
    push = None
    control = control.ROUTES

    def __init__(self, world: World) -> None:
        self.world = world
        self.market = TikiMarket(world)

    def load(self) -> None:
        self.market.load()

    def resume(self) -> None:
        life.resume(self.market)
        publishing.resume(self.market)

    def clear(self) -> None:
        self.market.clear()

    def claims(self, path: str) -> bool:
        return path.startswith(gate.PREFIX) or path == auth.TOKEN_PATH

    def answer(self, request: Request) -> Reply:
        if request.path == auth.TOKEN_PATH:
            return auth.token(self.market, request)
        return gate.answer(self.market, ROUTER, request)

    def struck(self, kind: str) -> Reply:
        return gate.struck(self.world.settings, kind)

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
            "sellers": {str(seller.seller_id): seller.name for seller in self.market.sellers.values()},
            "products": len(self.market.products),
            "orders": len(self.market.orders),
        }

    def consent(self, request: Request) -> Reply | None:
        return consent(self.market, request) if request.path == CONSENT_PATH else None

    def listings(self, owner: str) -> Sequence[ShownListing]:
        shown = []
        for family in self.market.families.values():
            is_on_sale = any(product.status == ENABLED for product in family)
            if is_on_sale and owner in ("", str(family[0].seller_id)):
                shown.append(self._shown(family))
        return shown

    def listing(self, item_id: str) -> ShownListing | None:
        """By the super product, or by any product of it."""
        number = int(item_id) if item_id.isdecimal() else 0
        product = self.market.products.get(number)
        family = self.market.families.get(product.item_id if product else number)
        return self._shown(family) if family else None

    def _shown(self, family: Sequence[Product]) -> ShownListing:
        first, open_ones = family[0], [one for one in family if one.status == ENABLED]
        variants = [
            ShownVariant(
                str(one.product_id),
                one.name,
                one.original_sku,
                one.price,
                one.sellable(),
                next(iter(one.images), ""),
                one.market_price,
            )
            for one in open_ones
        ]
        status = "enabled" if open_ones else "disabled"
        return ShownListing(
            str(first.item_id),
            first.family,
            status,
            bool(open_ones),
            buying.CURRENCY,
            first.images,
            variants,
            first.description,
        )

    def order(self, order_id: str) -> ShownOrder | None:
        order = self.market.orders.get(order_id)
        if order is None:
            return None
        lines = [(one.name, one.quantity, one.price, order.status) for one in order.items]
        return ShownOrder(order.buyer_name, buying.CURRENCY, lines)
