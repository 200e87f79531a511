"""What a shop sorts its products by: the categories and attributes it has from the start, and its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mekong_sandbox.catalogue.attributes import SALE
from mekong_sandbox.catalogue.tree import CATEGORIES
from mekong_sandbox.woocommerce.model import Term

if TYPE_CHECKING:
    from mekong_sandbox.woocommerce.market import WooMarket

DEFAULT = 15
FIRST_CATEGORY, FIRST_ATTRIBUTE, FIRST_VALUE = 100, 1, 300
CATEGORY, ATTRIBUTE = "category", "attribute"


def value_kind(attribute_id: int) -> str:
    return f"value.{attribute_id}"


def _given(shop_id: str, kind: str) -> list[Term]:
    """What every shop has from the start."""
    if kind == CATEGORY:
        places = {one.key: FIRST_CATEGORY + one.place for one in CATEGORIES.values()}
        tree = [
            Term(places[one.key], shop_id, kind, one.name, places.get(one.parent, 0)) for one in CATEGORIES.values()
        ]
        return [Term(DEFAULT, shop_id, kind, "Chưa phân loại"), *tree]
    if kind == ATTRIBUTE:
        return [Term(FIRST_ATTRIBUTE + at, shop_id, kind, one.name) for at, one in enumerate(SALE)]
    at = int(kind.partition(".")[2]) - FIRST_ATTRIBUTE
    values = SALE[at].values if 0 <= at < len(SALE) else ()
    return [Term(FIRST_VALUE + at * 50 + place, shop_id, kind, name) for place, (name, _) in enumerate(values)]


def all_of(market: WooMarket, shop_id: str, kind: str) -> dict[int, Term]:
    """The terms of a kind, by number; those written by the shop take the place of given ones."""
    found = {one.id: one for one in _given(shop_id, kind)}
    found |= {one.id: one for one in market.terms.values() if (one.shop_id, one.kind) == (shop_id, kind)}
    return {number: one for number, one in found.items() if not one.is_gone}


def categories(market: WooMarket, shop_id: str, numbers: list[int]) -> list[Term]:
    """The categories of a product; without any it is in the default one."""
    known = all_of(market, shop_id, CATEGORY)
    return [known[number] for number in numbers if number in known] or [known[DEFAULT]]
