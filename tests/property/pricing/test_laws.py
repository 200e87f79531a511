"""Laws that hold for every basket, list and offer."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mekong.foundation.money import part_of, tax_inside
from mekong.pricing.contracts.basket import BasketLine, Shopper
from mekong.pricing.contracts.offers import (
    AmountOff,
    Audience,
    BasketAmount,
    BasketPercent,
    Bundle,
    BuyGet,
    DeliveryOff,
    FixedPrice,
    Gift,
    Goods,
    NthItem,
    PercentOff,
    PointsTimes,
    PriceList,
    SetPrice,
)
from mekong.pricing.rules.amounts import floor_of
from mekong.pricing.rules.book import Book
from mekong.pricing.rules.pricing import price
from tests.support.baskets import a_basket, an_article, an_offer, steps

PERCENTS = st.sampled_from([1, 333, 1000, 5000, 10_000])
MONEY = st.integers(0, 300_000)
KEYS = ["c1", "c2", "bacme", "amàu=đỏ"]


def _goods(categories: set[str], brands: set[str], excluded: set[str]) -> Goods:
    return Goods(categories=frozenset(categories), brands=frozenset(brands), excluded=frozenset(excluded))


GOODS = st.builds(
    _goods,
    st.sets(st.sampled_from(["c1", "c2"])),
    st.sets(st.just("bacme"), max_size=1),
    st.sets(st.sampled_from(["c2", "p1"]), max_size=1),
)
EFFECTS = st.one_of(
    st.builds(PercentOff, PERCENTS, st.sampled_from([1, 1000])),
    st.builds(AmountOff, MONEY),
    st.builds(FixedPrice, MONEY),
    st.builds(NthItem, st.just(3), st.integers(1, 2), PERCENTS, st.integers(0, 2)),
    st.builds(SetPrice, st.integers(1, 4), MONEY),
    st.builds(lambda one, two, amount: Bundle(((one, 1), (two, 2)), amount), GOODS, GOODS, MONEY),
    st.builds(BuyGet, st.integers(1, 3), GOODS, st.integers(1, 2), PERCENTS),
    st.builds(BasketPercent, PERCENTS, st.sampled_from([0, 20_000])),
    st.builds(BasketAmount, MONEY, st.sampled_from([0, 50_000])),
    st.builds(Gift, st.just(9), st.integers(1, 2), MONEY),
    st.builds(DeliveryOff, PERCENTS),
    st.builds(PointsTimes, st.integers(10_001, 50_000)),
)
AUDIENCES = st.one_of(
    st.just(Audience()),
    st.builds(
        lambda channels, tiers, minutes: Audience(channels=frozenset(channels), tiers=frozenset(tiers), minutes=minutes),
        st.sets(st.sampled_from(["store", "web"])), st.sets(st.just("gold")), st.sampled_from([(), ((0, 800),), ((800, 900),)]),
    ),
)  # fmt: skip


@st.composite
def shops(draw: Any) -> Any:
    lists = [
        PriceList(number, f"L{number}", f"Bảng {number}", priority=draw(st.integers(0, 2)), is_sale=draw(st.booleans()),
                  is_net=draw(st.booleans()), adjust_bp=draw(st.sampled_from([None, 9000])), audience=draw(AUDIENCES))
        for number in range(1, draw(st.integers(0, 3)) + 1)
    ]  # fmt: skip
    articles = [
        an_article(number, draw(MONEY), keys=draw(st.sets(st.sampled_from(KEYS))), cost_minor=draw(st.none() | MONEY),
                   tax_rate_bp=draw(st.sampled_from([0, 500, 800, 1000])),
                   prices={each.id: steps({draw(st.integers(1, 5)): draw(MONEY)}) for each in lists if draw(st.booleans())})
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]  # fmt: skip
    lines = [
        BasketLine(article, draw(st.integers(1, 12)), draw(st.none() | MONEY), draw(st.sampled_from([0, 0, 30_000])))
        for article in articles
    ]
    offers = [
        an_offer(draw(EFFECTS), number, goods=draw(GOODS), audience=draw(AUDIENCES), layer=draw(st.integers(1, 3)),
                 priority=draw(st.integers(0, 2)), is_exclusive=draw(st.sampled_from([False, False, False, True])),
                 least_units=draw(st.sampled_from([0, 0, 3])), least_minor=draw(st.sampled_from([0, 0, 100_000])))
        for number in range(1, draw(st.integers(0, 7)) + 1)
    ]  # fmt: skip
    basket = a_basket(
        *lines, channel=draw(st.sampled_from(["store", "web"])), shopper=Shopper(tier=draw(st.sampled_from(["", "gold"]))),
        delivery_fee_minor=draw(st.sampled_from([0, 30_000])), hand_off_minor=draw(st.sampled_from([0, 0, 10_000])),
        lifts_guard=draw(st.booleans()),
    )  # fmt: skip
    return basket, Book(lists, offers, guard_bp=draw(st.sampled_from([None, 0, 500])))


@settings(max_examples=200)
@given(shops())
def test_the_total_is_the_sum_of_its_parts(shop: Any) -> None:
    basket, book = shop
    quote = price(basket, book)
    for line in quote.lines:
        assert line.total_minor == line.unit_minor * line.units
        assert line.total_minor - line.discount_minor == line.paid_minor >= 0 <= line.discount_minor
        assert line.tax_minor == tax_inside(line.paid_minor, line.tax_rate_bp)
    assert quote.subtotal_minor == sum(line.total_minor for line in quote.lines)
    assert quote.discount_minor == sum(line.discount_minor for line in quote.lines)
    assert quote.tax_minor == sum(line.tax_minor for line in quote.lines)
    assert quote.total_minor == sum(line.paid_minor for line in quote.lines) + quote.delivery_minor
    assert 0 <= quote.delivery_minor <= basket.delivery_fee_minor


@settings(max_examples=200)
@given(shops())
def test_the_reasons_tell_the_whole_way(shop: Any) -> None:
    """From retail prices, step by step, to what is paid."""
    basket, book = shop
    quote = price(basket, book)
    # A discount is told as it is given; what the guard kept back of it is told beside it.
    told = sum(reason.amount_minor for reason in quote.reasons if reason.kind != "guard")
    assert (
        sum(asked.article.price_minor * asked.units for asked in basket.lines) + basket.delivery_fee_minor + told
        == quote.total_minor
    )
    for place, (asked, line) in enumerate(zip(basket.lines, quote.lines, strict=True)):
        mine = [reason for reason in quote.reasons if reason.line == place]
        before = sum(reason.amount_minor for reason in mine if reason.kind in ("list", "sale", "hand_price"))
        assert asked.article.price_minor * asked.units + before == line.total_minor
        own = -sum(reason.amount_minor for reason in mine if reason.kind in ("offer", "hand"))
        assert 0 <= own <= line.discount_minor
    by_offer = sum(-reason.amount_minor for reason in quote.reasons if reason.kind == "offer")
    assert by_offer == sum(used.benefit_minor for used in quote.used) - sum(
        gift.units * gift.worth_minor for gift in quote.gifts
    )
    assert quote.guarded_minor == sum(reason.amount_minor for reason in quote.reasons if reason.kind == "guard")


@settings(max_examples=200)
@given(shops())
def test_nothing_is_discounted_below_its_floor(shop: Any) -> None:
    basket, book = shop
    quote = price(basket, book)
    for asked, line in zip(basket.lines, quote.lines, strict=True):
        if book.guard_bp is None or asked.article.cost_minor is None or basket.lifts_guard:
            assert line.floor_minor == 0
        else:
            assert line.floor_minor == line.units * floor_of(asked.article.cost_minor, book.guard_bp)
            assert line.paid_minor >= min(line.floor_minor, line.total_minor)


@settings(max_examples=120)
@given(shops(), st.randoms())
def test_the_order_of_lines_changes_nothing(shop: Any, chance: Any) -> None:
    basket, book = shop
    order = list(range(len(basket.lines)))
    chance.shuffle(order)
    mixed = a_basket(
        *(basket.lines[place] for place in order), channel=basket.channel, shopper=basket.shopper,
        hand_off_minor=basket.hand_off_minor, delivery_fee_minor=basket.delivery_fee_minor, lifts_guard=basket.lifts_guard,
    )  # fmt: skip
    one, other = price(basket, book), price(mixed, book)
    assert [one.lines[place] for place in order] == list(other.lines)
    assert (one.total_minor, one.tax_minor, one.used, one.gifts) == (
        other.total_minor,
        other.tax_minor,
        other.used,
        other.gifts,
    )


@settings(max_examples=120)
@given(shops())
def test_an_offer_more_never_makes_it_dearer_and_one_less_never_cheaper(shop: Any) -> None:
    """Of offers on all goods: what buyers save, gifts at their price, can only grow with what there is to choose from."""
    basket, book = shop
    plain = [
        offer for offer in book.offers.values() if not isinstance(offer.effect, Bundle | BuyGet | NthItem | SetPrice)
    ]
    plain = [an_offer(each.effect, each.id, layer=each.layer, is_exclusive=each.is_exclusive) for each in plain]
    plain = [
        each for each in plain if not isinstance(each.effect, Gift | AmountOff | FixedPrice | PercentOff | DeliveryOff)
    ]
    all_of_them = price(basket, Book(book.base + book.sales, plain))
    for offer in plain:
        fewer = price(basket, Book(book.base + book.sales, plain), without={offer.id})
        assert fewer.total_minor >= all_of_them.total_minor


@given(MONEY, st.lists(st.integers(1, 9), min_size=1, max_size=8), st.randoms())
def test_parts_given_back_add_up_to_what_was_paid(amount: int, parts: list[int], chance: Any) -> None:
    units, before, total = sum(parts), 0, 0
    chance.shuffle(parts)
    for now in parts:
        total += part_of(amount, units, before, now)
        before += now
    assert total == amount
