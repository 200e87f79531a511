"""What the shop's activities do to prices; moments are compared on the clock that can be skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mekong_sandbox.tiktok.model import Activity, Sku, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mekong_sandbox.tiktok.market import TikTokMarket


class Promotion(NamedTuple):
    """A SKU's place in an activity."""

    activity: Activity
    terms: Terms
    price: int


def standing(market: TikTokMarket, product_id: str) -> list[Activity]:
    """Activities of a product that are neither over nor deactivated, the first to begin first."""
    now, found = market.world.clock.now(), market.activities_of.get(product_id, {}).values()
    alive = [one for one in found if one.status(now) in ("NOT_START", "ONGOING")]
    return sorted(alive, key=lambda one: one.begins)


def _places(market: TikTokMarket, product_id: str, sku: Sku) -> Iterator[Promotion]:
    for activity in standing(market, product_id):
        terms = activity.products[product_id].of(sku.sku_id)
        if terms is not None:
            yield Promotion(activity, terms, terms.of(sku.price))


def coming(market: TikTokMarket, product_id: str, sku: Sku) -> Promotion | None:
    """The activity a SKU is in, or the next it will be in."""
    return next(_places(market, product_id, sku), None)


def ongoing(market: TikTokMarket, product_id: str, sku: Sku) -> Promotion | None:
    """The activity a SKU is sold in now.

    None too once the units set apart are sold, and where the listed price has since fallen below the activity's.
    """
    found = coming(market, product_id, sku)
    if found is None or market.world.clock.now() < found.activity.begins:
        return None
    return found if found.terms.left() != 0 and found.price < sku.price else None


def current_price(market: TikTokMarket, product_id: str, sku: Sku) -> int:
    """What a buyer pays for a unit now, minor units."""
    found = ongoing(market, product_id, sku)
    return found.price if found else sku.price
