"""The price of a basket: twenty lines, two hundred offers in force, one core."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.installation import Installation
from benchmarks.result import Result, median, summary
from mekong.pricing.contracts.basket import Article, Basket, BasketLine, Shopper, Step
from mekong.pricing.contracts.offers import (
    AmountOff,
    Audience,
    BasketAmount,
    BasketPercent,
    Bundle,
    BuyGet,
    DeliveryOff,
    Effect,
    FixedPrice,
    Gift,
    Goods,
    NthItem,
    Offer,
    PercentOff,
    PointsTimes,
    PriceList,
    SetPrice,
)
from mekong.pricing.rules.book import Book
from mekong.pricing.rules.pricing import price

_PER_S = 3000
_P99_MS = 2.0
_GROWTH = 1.5
_VARIANTS, _CATEGORIES, _BRANDS = 5000, 60, 80
_BASKETS, _LINES = 2000, 20
_AT = datetime(2026, 11, 11, 5, tzinfo=UTC)


def measure(_installation: Installation) -> Result:
    """Baskets a second in one thread, and what ten thousand offers more cost those that cannot apply."""
    chance = random.Random(11)
    articles = [_article(chance, number) for number in range(1, _VARIANTS + 1)]
    baskets = [_basket(chance, articles) for _ in range(_BASKETS)]
    lists = [
        PriceList(1, "SI", "Giá sỉ", priority=2, audience=Audience(groups=frozenset({"si"}))),
        PriceList(2, "CH1", "Giá cửa hàng", priority=1, audience=Audience(channels=frozenset({"store"}))),
        PriceList(3, "SALE", "Giá giảm", is_sale=True),
    ]
    book = Book(lists, [_offer(chance, number) for number in range(1, 201)], guard_bp=500)
    took, applied = _run(book, baskets)
    rate = len(took) / sum(took)
    figures = summary([each * 1000 for each in took])

    few = [_offer(chance, number, _everywhere) for number in range(1, 21)]
    many = few + [_offer(chance, number, _elsewhere) for number in range(21, 10_001)]
    growth = median([_ratio(few, many, baskets) for _ in range(5)])
    is_met = rate >= _PER_S and figures["p99_ms"] <= _P99_MS and growth <= _GROWTH
    return Result(
        value=rate,
        unit="baskets/s",
        limit=_PER_S,
        ratio=rate / _PER_S,
        **figures,
        notes=[
            (
                f"{_LINES} lines, 200 offers in force of all kinds on {_VARIANTS:,} variants, one thread; "
                f"{applied:.1f} offers apply to a basket, target p99 {_P99_MS:.0f} ms"
            ),
            f"10,000 offers defined of which 20 could apply: {growth:.2f} × the time of 20 defined (target {_GROWTH} ×)",
        ],
        figures={"growth": growth, "applied": applied},
        passed=is_met,
    )


def _run(book: Book, baskets: Sequence[Basket]) -> tuple[list[float], float]:
    """Seconds of each basket after a round to warm up, and how many offers applied to one."""
    applied = sum(len(price(basket, book).used) for basket in baskets) / len(baskets)
    gc.collect()
    took = []
    for _ in range(3):
        for basket in baskets:
            began = time.perf_counter()
            price(basket, book)
            took.append(time.perf_counter() - began)
    return took, applied


def _ratio(few: Sequence[Offer], many: Sequence[Offer], baskets: Sequence[Basket]) -> float:
    short, _ = _run(Book([], few), baskets[:300])
    long, _ = _run(Book([], many), baskets[:300])
    return sum(long) / sum(short)


def _article(chance: random.Random, number: int) -> Article:
    cost = chance.randrange(20, 900) * 500
    category = chance.randrange(_CATEGORIES)
    keys = {f"v{number}", f"p{number // 2}", f"c{category}", f"c{1000 + category // 6}", f"b{chance.randrange(_BRANDS)}"}
    retail = cost * chance.randrange(130, 220) // 100
    prices = {2: (Step(1, retail - 1000),)} if chance.random() < 0.3 else {}
    if chance.random() < 0.2:
        prices[3] = (Step(1, retail * 9 // 10),)
    return Article(
        number, number // 2, f"SP-{number}", f"Hàng {number}", retail, "VND", chance.choice([800, 1000]), cost,
        frozenset(keys), prices,
    )  # fmt: skip


def _basket(chance: random.Random, articles: Sequence[Article]) -> Basket:
    lines = tuple(BasketLine(article, chance.choice([1, 1, 1, 2, 3])) for article in chance.sample(articles, _LINES))
    shopper = Shopper(tier=chance.choice(["", "bac", "vang"]), segments=frozenset(chance.sample(["s1", "s2", "s3", "s4"], 2)))
    return Basket(
        lines, chance.choice(["store", "web"]), _AT, location="CH-1", shopper=shopper, delivery_fee_minor=30_000,
        payment=chance.choice(["cash", "qr", "cod"]),
    )  # fmt: skip


def _products(chance: random.Random, count: int) -> Goods:
    return Goods(items=frozenset(f"p{number}" for number in chance.sample(range(_VARIANTS // 2), count)))


def _category(chance: random.Random) -> Goods:
    return Goods(categories=frozenset({f"c{chance.randrange(_CATEGORIES)}"}))


def _offer(chance: random.Random, number: int, goods_of: object = None) -> Offer:
    """Half on named products, a quarter on categories and brands, a tenth for several together, the rest on the basket."""
    if callable(goods_of):
        return Offer(number, f"KM{number}", f"Ưu đãi {number}", PercentOff(chance.randrange(500, 2000)), goods_of(number))
    kind = chance.random()
    goods, effect, audience, least = Goods(), _item(chance), Audience(), 0
    if kind < 0.5:
        goods = _products(chance, chance.randrange(10, 40))
    elif kind < 0.65:
        goods = _category(chance)
    elif kind < 0.75:
        goods = Goods(brands=frozenset({f"b{chance.randrange(_BRANDS)}"}))
    elif kind < 0.85:
        goods, effect = chance.choice([_products(chance, 30), _category(chance)]), _set(chance)
    else:
        effect, least = _whole(chance), chance.randrange(1, 20) * 100_000
        audience = chance.choice([
            Audience(), Audience(channels=frozenset({"web"})), Audience(tiers=frozenset({"vang"})),
            Audience(segments=frozenset({"s1"})), Audience(payments=frozenset({"qr"})),
        ])  # fmt: skip
    layer = 1 if least == 0 else chance.choice([2, 3])
    return Offer(number, f"KM{number}", f"Ưu đãi {number}", effect, goods, audience, layer=layer, least_minor=least)


def _item(chance: random.Random) -> Effect:
    return chance.choice([PercentOff(1500, 1000), PercentOff(800), AmountOff(15_000), FixedPrice(99_000)])


def _set(chance: random.Random) -> Effect:
    return chance.choice(
        [NthItem(3, 1, 10_000), NthItem(2, 1, 5000), SetPrice(3, 299_000), BuyGet(1, _category(chance), 1, 5000),
         Bundle(((_category(chance), 1), (_category(chance), 1)), 350_000)]
    )  # fmt: skip


def _whole(chance: random.Random) -> Effect:
    return chance.choice(
        [BasketPercent(500, 100_000), BasketAmount(50_000), BasketAmount(20_000, 500_000, 3), Gift(7, 1, 45_000),
         DeliveryOff(10_000, 30_000), PointsTimes(20_000)]
    )  # fmt: skip


def _everywhere(number: int) -> Goods:
    return Goods(categories=frozenset({f"c{number}"}))


def _elsewhere(number: int) -> Goods:
    return Goods(items=frozenset({f"p{_VARIANTS + number}"}))
