"""No other use of the offers leaves less to pay: compared with every possible one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mekong.pricing.contracts.offers import (
    AmountOff,
    BasketAmount,
    BasketPercent,
    Bundle,
    BuyGet,
    FixedPrice,
    Goods,
    NthItem,
    PercentOff,
    SetPrice,
)
from mekong.pricing.rules.amounts import off_unit, part
from mekong.pricing.rules.book import Book
from mekong.pricing.rules.pricing import price
from mekong.pricing.rules.sets import Stock, choose_sets
from tests.support.baskets import a_basket, an_article, an_offer, on

PERCENTS = st.sampled_from([1000, 2500, 3333, 5000, 10_000])
FEW = st.integers(1, 2)
TIMES = st.sampled_from([0, 0, 0, 1, 2])
SETS = st.one_of(
    st.builds(lambda last, more, bp, times: NthItem(last + more, last, bp, times), FEW, FEW, PERCENTS, TIMES),
    st.builds(SetPrice, st.integers(1, 3), st.integers(0, 60), TIMES),
    st.builds(lambda needs, amount, times: Bundle(tuple((Goods(), need) for need in needs), amount, times),
              st.lists(st.integers(1, 2), min_size=2, max_size=3), st.integers(0, 60), TIMES),
    st.builds(lambda buy, get, bp, times: BuyGet(buy, Goods(), get, bp, times), FEW, FEW, PERCENTS, TIMES),
)  # fmt: skip


@st.composite
def puzzles(draw: Any) -> Any:
    stocks = draw(
        st.lists(st.builds(lambda units, price, bp: Stock(units, price, part(price, bp)), st.integers(1, 3), st.integers(1, 40),
                           st.sampled_from([0, 0, 500, 2000, 6000])), min_size=1, max_size=4)
    )  # fmt: skip
    while sum(stock.units for stock in stocks) > 7:
        stocks.pop()
    offers = []
    for number, effect in enumerate(draw(st.lists(SETS, min_size=1, max_size=3)), 1):
        everywhere = list(range(len(stocks)))
        roles = [draw(st.lists(st.sampled_from(everywhere), unique=True, min_size=1))]
        if isinstance(effect, Bundle):
            roles += [draw(st.lists(st.sampled_from(everywhere), unique=True, min_size=1)) for _ in effect.parts[1:]]
        if isinstance(effect, BuyGet):
            roles.append([stock for stock in everywhere if stock not in roles[0]])
        offers.append((an_offer(effect, number), roles))
    return stocks, offers


Units = tuple[int, ...]


class Exhaustive:
    """The most that can be saved, by trying every way to form groups of units, one unit after the other."""

    def __init__(self, stocks: list[Stock], offers: list[Any]) -> None:
        self.prices = [stock.price_minor for stock in stocks for _ in range(stock.units)]
        self.simple = [stock.simple_minor for stock in stocks for _ in range(stock.units)]
        self.stock_of = [number for number, stock in enumerate(stocks) for _ in range(stock.units)]
        self.offers = offers
        self.best = lru_cache(None)(self._best)

    def answer(self) -> int:
        return self.best(frozenset(range(len(self.prices))), (0,) * len(self.offers))

    def _best(self, free: frozenset[int], times: Units) -> int:
        if not free:
            return 0
        first = min(free)
        found = self.simple[first] + self.best(free - {first}, times)
        for place, (offer, _) in enumerate(self.offers):
            if offer.effect.most_times and times[place] == offer.effect.most_times:
                continue
            after = (*times[:place], times[place] + 1, *times[place + 1 :])
            for group, saved in self._groups(place, free):
                if first in group:
                    found = max(found, saved + self.best(free - set(group), after))
        return found

    def _groups(self, place: int, free: frozenset[int]) -> Iterator[tuple[Units, int]]:
        """(units, what they save) of every group that the offer could make."""
        effect = self.offers[place][0].effect
        ways = {NthItem: self._nth, SetPrice: self._priced, Bundle: self._bundled, BuyGet: self._bought}
        return ways[type(effect)](effect, lambda role: self._in_role(place, role, free))

    def _in_role(self, place: int, role: int, free: frozenset[int]) -> list[int]:
        return [unit for unit in free if self.stock_of[unit] in self.offers[place][1][role]]

    def _worth(self, units: Units) -> int:
        return sum(self.prices[unit] for unit in units)

    def _nth(self, effect: NthItem, units_of: Any) -> Iterator[tuple[Units, int]]:
        for size in range(effect.group - effect.last + 1, effect.group + 1):
            for group in itertools.combinations(units_of(0), size):
                cheap = sorted(self.prices[unit] for unit in group)[: size - effect.group + effect.last]
                yield group, sum(part(each, effect.off_bp) for each in cheap)

    def _priced(self, effect: SetPrice, units_of: Any) -> Iterator[tuple[Units, int]]:
        for group in itertools.combinations(units_of(0), effect.units):
            yield group, self._worth(group) - effect.price_minor

    def _bundled(self, effect: Bundle, units_of: Any) -> Iterator[tuple[Units, int]]:
        chosen = (itertools.combinations(units_of(role), need) for role, (_, need) in enumerate(effect.parts))
        for parts in itertools.product(*chosen):
            group = tuple(itertools.chain(*parts))
            if len(set(group)) == len(group):
                yield group, self._worth(group) - effect.price_minor

    def _bought(self, effect: BuyGet, units_of: Any) -> Iterator[tuple[Units, int]]:
        for bought in itertools.combinations(units_of(0), effect.buy):
            for size in range(1, effect.get_units + 1):
                for got in itertools.combinations(units_of(1), size):
                    yield bought + got, sum(part(self.prices[unit], effect.off_bp) for unit in got)


@settings(max_examples=200)
@given(puzzles())
def test_no_way_to_form_groups_saves_more(puzzle: Any) -> None:
    stocks, offers = puzzle
    taken = choose_sets(stocks, offers)
    used = [0] * len(stocks)
    saved = 0
    for each in taken:
        used[each.stock] += each.units
        saved += each.off_minor
        assert 0 <= each.off_minor <= each.units * stocks[each.stock].price_minor
    assert all(count <= stock.units for count, stock in zip(used, stocks, strict=True))
    saved += sum((stock.units - count) * stock.simple_minor for count, stock in zip(used, stocks, strict=True))
    assert saved == Exhaustive(stocks, offers).answer()


ITEM = st.one_of(
    st.builds(PercentOff, PERCENTS),
    st.builds(AmountOff, st.integers(1, 5000)),
    st.builds(FixedPrice, st.integers(0, 9000)),
)
WHOLE = st.one_of(
    st.builds(BasketPercent, PERCENTS, st.sampled_from([0, 700, 4000])),
    st.builds(BasketAmount, st.integers(1, 9000), st.sampled_from([0, 3000]), st.sampled_from([0, 2])),
)


@st.composite
def shops(draw: Any) -> Any:
    count = draw(st.integers(1, 3))
    articles = [an_article(number, draw(st.integers(1, 9999))) for number in range(1, count + 1)]
    lines = [(article, draw(st.integers(1, 4))) for article in articles]
    offers = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        goods = on(*draw(st.sets(st.sampled_from([f"v{n}" for n in range(1, count + 1)]), min_size=1)))
        offers.append(an_offer(draw(ITEM), number, goods=goods, layer=1, priority=draw(st.integers(0, 2))))
    for number in range(11, 11 + draw(st.integers(0, 4))):
        least = draw(st.sampled_from([0, 0, 5000, 20_000]))
        offers.append(
            an_offer(
                draw(WHOLE), number, layer=draw(st.integers(2, 3)), least_minor=least, is_exclusive=draw(st.booleans())
            )
        )
    return lines, offers


def least_to_pay(lines: Any, offers: Any) -> int:
    """Every line with any of its offers or none, and then any basket offer of each layer or none; exclusive ones alone."""
    total = sum(article.price_minor * units for article, units in lines)
    met = [offer for offer in offers if offer.id > 10 and total >= offer.least_minor]

    def after(left: int, offer: Any) -> int:
        if offer is None:
            return left
        effect = offer.effect
        if isinstance(effect, BasketPercent):
            off = part(left, effect.off_bp)
            return left - (min(off, effect.most_minor) if effect.most_minor else off)
        times = total // effect.per_minor if effect.per_minor else 1
        times = min(times, effect.most_times) if effect.most_times and effect.per_minor else times
        return left - min(effect.off_minor * times, left)

    found = [total, *(after(total, offer) for offer in met if offer.is_exclusive)]
    choices = []
    for article, units in lines:
        mine = [offer for offer in offers if offer.id <= 10 and offer.goods.fit(article.keys)]
        choices.append(
            [
                article.price_minor * units,
                *((article.price_minor - off_unit(offer.effect, article.price_minor)) * units for offer in mine),
            ]
        )
    by_layer = [
        [None, *(offer for offer in met if offer.layer == layer and not offer.is_exclusive)] for layer in (2, 3)
    ]
    for lefts in itertools.product(*choices):
        for second, third in itertools.product(*by_layer):
            found.append(after(after(sum(lefts), second), third))
    return min(found)


@settings(max_examples=120)
@given(shops())
def test_no_combination_of_offers_leaves_less_to_pay(shop: Any) -> None:
    lines, offers = shop
    assert price(a_basket(*lines), Book([], offers)).total_minor == least_to_pay(lines, offers)


def test_fifty_lines_and_four_rivals_are_solved_exactly_and_soon() -> None:
    """A bundle, a third one free, three for a price and a buy-and-get want the same fifty lines."""
    articles = [an_article(n, 10_000 + 997 * n % 40_000, keys={"call", f"c{n % 3}"}) for n in range(1, 51)]
    everything = Goods(categories=frozenset({"call"}))
    kinds = [Goods(categories=frozenset({f"c{n}"})) for n in range(3)]
    offers = [
        an_offer(NthItem(3, 1, 10_000), 1, goods=everything),
        an_offer(SetPrice(3, 60_000), 2, goods=everything),
        an_offer(Bundle(((kinds[0], 1), (kinds[1], 1)), 45_000), 3),
        an_offer(BuyGet(2, kinds[2], 1, 5000), 4, goods=kinds[1]),
    ]
    quote = price(a_basket(*((article, 1) for article in articles)), Book([], offers))
    assert quote.discount_minor == sum(used.benefit_minor for used in quote.used) > 0
    again = price(a_basket(*((article, 1) for article in reversed(articles))), Book([], offers))
    assert again.total_minor == quote.total_minor
