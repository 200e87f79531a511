"""Shopee as the sandbox sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import Reply, Request
from mekong_sandbox.platform import ShownListing, ShownOrder, ShownVariant
from mekong_sandbox.shopee import aftersale, buying, control, gate, life, promotions
from mekong_sandbox.shopee.consent import consent
from mekong_sandbox.shopee.market import ShopeeMarket
from mekong_sandbox.shopee.model import Item, Model
from mekong_sandbox.shopee.routes import ENDPOINTS

if TYPE_CHECKING:
    from mekong_sandbox.buying import Purchase
    from mekong_sandbox.world import World


class ShopeePlatform:
    """Shopee Open Platform v2."""

    name = "shopee"
    title = "Shopee (thử)"
    control = control.ROUTES

    def __init__(self, world: World) -> None:
        self.world = world
        self.market = ShopeeMarket(world)
        self.push = self.market.push

    def load(self) -> None:
        self.market.load()

    def resume(self) -> None:
        life.resume(self.market)
        aftersale.resume(self.market)

    def clear(self) -> None:
        self.market.clear()

    def claims(self, path: str) -> bool:
        return path.startswith(gate.PREFIX + "/")

    def answer(self, request: Request) -> Reply:
        return gate.answer(self.market, ENDPOINTS, request)

    def struck(self, kind: str) -> Reply:
        return gate.struck(self.world, kind)

    def shop_of(self, request: Request) -> str:
        return dict(request.pairs()).get("shop_id", "")

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        return buying.buy(self.market, purchase)

    def purchase_line(self, item_id: str, variant: str, quantity: int) -> dict[str, Any]:
        return {"item_id": int(item_id), "model_id": int(variant), "quantity": quantity}

    def advance(self, request: Request, order_id: str) -> object:
        return control.advance(self.world, request, order_id)

    def summary(self) -> dict[str, object]:
        return {
            "apps": sorted(self.market.apps),
            "shops": {shop.shop_id: shop.name for shop in self.market.shops.values()},
            "items": len(self.market.items),
            "orders": len(self.market.orders),
        }

    def consent(self, request: Request) -> Reply | None:
        return consent(self.market, request) if request.path in ("/shopee/consent", "/auth") else None

    def listings(self, owner: str) -> Sequence[ShownListing]:
        items = [item for item in self.market.items.values() if item.status == "NORMAL"]
        return [self._shown(item) for item in items if owner in ("", str(item.shop_id))]

    def listing(self, item_id: str) -> ShownListing | None:
        item = self.market.items.get(int(item_id)) if item_id.isdecimal() else None
        return self._shown(item) if item else None

    def _shown(self, item: Item) -> ShownListing:
        variants = [
            ShownVariant(
                str(one.model_id),
                one.name or item.name,
                one.sku or item.sku,
                promotions.current_price(self.market, item, one),
                one.available(),
                self._picture(item, one),
                one.price,
            )
            for one in item.models
        ]
        currency = self.market.shops[item.shop_id].currency
        return ShownListing(
            str(item.item_id),
            item.name,
            item.status,
            item.status == "NORMAL",
            currency,
            item.images,
            variants,
            item.description,
        )

    def _picture(self, item: Item, model: Model) -> str:
        """The picture of the first choice of a variant."""
        images = item.tiers[0].images if item.tiers and model.tier_index else []
        picture = self.world.pictures.get(images[model.tier_index[0]], self.name) if images else None
        return picture.path if picture else ""

    def order(self, order_id: str) -> ShownOrder | None:
        order = self.market.orders.get(order_id)
        if order is None:
            return None
        lines = [(f"{one.item_name} {one.model_name}", one.quantity, one.price, order.status) for one in order.lines]
        return ShownOrder(order.buyer_name, order.currency, lines)
