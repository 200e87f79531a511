"""Baskets, lists and offers for tests of prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mekong.pricing.contracts.basket import Article, Basket, BasketLine, Step
from mekong.pricing.contracts.offers import Effect, Goods, Offer

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""A Monday, 12:00 in Vietnam."""


def an_article(number: int = 1, price_minor: int = 100_000, **more: Any) -> Article:
    """Variant `number` of product `number`; `keys` are added to its own."""
    keys = frozenset({f"v{number}", f"p{number}", *more.pop("keys", ())})
    facts = {
        "product_id": number, "sku": f"SP-{number}", "name": f"Hàng {number}", "currency": "VND", "tax_rate_bp": 800,
        "cost_minor": None, **more,
    }  # fmt: skip
    return Article(variant_id=number, price_minor=price_minor, keys=keys, **facts)


def a_basket(*lines: tuple[Article, int] | BasketLine, **more: Any) -> Basket:
    asked = tuple(line if isinstance(line, BasketLine) else BasketLine(*line) for line in lines)
    return Basket(lines=asked, channel=more.pop("channel", "store"), at=more.pop("at", NOON), **more)


def an_offer(effect: Effect, number: int = 1, **more: Any) -> Offer:
    return Offer(id=number, code=f"KM-{number}", name=f"Ưu đãi {number}", effect=effect, **more)


def on(*keys: str, **more: Any) -> Goods:
    """These variants or products."""
    return Goods(items=frozenset(keys), **more)


def steps(prices: Mapping[int, int]) -> tuple[Step, ...]:
    return tuple(Step(units, amount) for units, amount in sorted(prices.items()))


def paid(quote: Any) -> Sequence[int]:
    return [line.paid_minor for line in quote.lines]
