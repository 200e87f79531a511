"""What the shop's discounts do to prices; moments are compared on the clock that can be skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mekong_sandbox.shopee.model import Discount, Item, Model, Promoted, PromotedItem

if TYPE_CHECKING:
    from mekong_sandbox.shopee.market import ShopeeMarket


class Promotion(NamedTuple):
    """A variant's place in a discount."""

    discount: Discount
    item: PromotedItem
    model: Promoted

    def left(self) -> int | None:
        """Units still to be had at the discount's price; None = no limit."""
        return max(0, self.model.stock - self.model.sold) if self.model.stock else None


def standing(market: ShopeeMarket, item_id: int) -> list[Discount]:
    """Discounts of an item that have not ended, the first to start first."""
    found = market.discounts_of.get(item_id)
    if not found:
        return []
    now = market.world.clock.now()
    return sorted((one for one in found.values() if now < one.ends), key=lambda one: one.starts)


def coming(market: ShopeeMarket, item_id: int, model_id: int) -> Promotion | None:
    """The discount a variant is in, or the next it will be in."""
    for discount in standing(market, item_id):
        item = discount.item(item_id)
        model = item.model(model_id) if item else None
        if item and model:
            return Promotion(discount, item, model)
    return None


def ongoing(market: ShopeeMarket, item_id: int, model_id: int) -> Promotion | None:
    """The discount a variant is sold in now; None too once the units set apart for it are sold."""
    found = coming(market, item_id, model_id)
    if found is None or market.world.clock.now() < found.discount.starts or found.left() == 0:
        return None
    return found


def current_price(market: ShopeeMarket, item: Item, model: Model) -> int:
    """What a buyer pays for a unit now, minor units."""
    found = ongoing(market, item.item_id, model.model_id)
    return found.model.price if found else model.price
