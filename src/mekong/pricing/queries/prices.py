"""What things cost: a basket, and what a channel shows for its listings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.foundation.actor import SYSTEM
from mekong.pricing.contracts.basket import Article, Basket, BasketLine
from mekong.pricing.contracts.offers import PriceList
from mekong.pricing.contracts.quote import Quote
from mekong.pricing.rules.book import Book
from mekong.pricing.rules.pricing import price
from mekong.pricing.shelf import Prices, shelf


class Shown(NamedTuple):
    """What a shop window says of one unit: the price, and the sale price with its dates where one stands or will.

    `price_minor` is what is struck through while the sale lasts. Prices for several units and offers on baskets are no
    part of it: a window does not know the basket.
    """

    price_minor: int
    sale_minor: int | None = None
    sale_from: datetime | None = None
    sale_to: datetime | None = None

    def at(self, now: datetime) -> int:
        """What a unit costs at this moment."""
        stands = self.sale_minor is not None and (
            (self.sale_from is None or self.sale_from <= now) and (self.sale_to is None or now < self.sale_to)
        )
        return self.sale_minor if stands and self.sale_minor is not None else self.price_minor


def book() -> Book:
    """The lists and offers of this moment."""
    return shelf.book()


def prices(views: Collection[VariantView]) -> Prices:
    """The lists and offers of this moment, and what pricing knows of these variants (read with costs, by the system)."""
    return Prices(shelf.book(), shelf.articles(views))


def prices_at_hand(views: Collection[VariantView]) -> Prices | None:
    """As `prices`, where no statement is needed; else None."""
    return shelf.at_hand(views)


def articles(views: Collection[VariantView]) -> dict[int, Article]:
    """What pricing knows of these variants, by id. They must have been read with costs (by the system)."""
    return shelf.articles(views)


def quote(basket: Basket, prices: Prices, *, without: Collection[int] = ()) -> Quote:
    """What a basket costs and why, offers `without` these left out (`rules.pricing.price`)."""
    return price(basket, prices.book, without=without)


def gift_variants(priced: Quote) -> dict[int, VariantView]:
    """The variants of a quote's gifts. One SQL statement."""
    return catalog.variants_by_id(actor=SYSTEM, ids={gift.variant_id for gift in priced.gifts})


def shown_prices(*, views: Sequence[VariantView], channel: str, currency: str, now: datetime) -> Mapping[int, Shown]:
    """What a channel shows for each variant: by the same function that prices baskets, so that both always agree.

    Variants priced in another currency are left out.
    """
    read = shelf.book()
    if not read.base and not read.sales:
        return {view.id: Shown(view.price_minor) for view in views if view.currency == currency}
    known = shelf.articles(views)
    moments = _turns(read.sales, now)
    found: dict[int, Shown] = {}
    for view in views:
        if view.currency == currency:
            found[view.id] = _shown(known[view.id], read, channel, currency, now, moments)
    return found


def _turns(sales: Sequence[PriceList], now: datetime) -> list[datetime]:
    """The next moments at which a sale begins or ends, so that a window can say it beforehand."""
    turns = {
        at for each in sales for at in (each.audience.starts_at, each.audience.ends_at) if at is not None and at > now
    }
    return sorted(turns)[:_AHEAD]


_AHEAD = 12


def _shown(
    article: Article, read: Book, channel: str, currency: str, now: datetime, moments: Sequence[datetime]
) -> Shown:
    def at(moment: datetime) -> tuple[int, int]:
        line = price(Basket((BasketLine(article, 1),), channel, moment, currency=currency), _bare(read)).lines[0]
        return line.compare_at_minor or line.unit_minor, line.unit_minor if line.compare_at_minor else 0

    base, sale = at(now)
    if not _has_sale(article, read):
        return Shown(base)
    if sale:
        ends = next((moment for moment in moments if at(moment)[1] != sale), None)
        return Shown(base, sale, None, ends)
    begins = next((moment for moment in moments if at(moment)[1]), None)
    if begins is None:
        return Shown(base)
    coming = at(begins)[1]
    ends = next((moment for moment in moments if moment > begins and at(moment)[1] != coming), None)
    return Shown(base, coming, begins, ends)


def _has_sale(article: Article, read: Book) -> bool:
    return any(each.id in article.prices or each.adjust_bp is not None for each in read.sales)


def _bare(read: Book) -> Book:
    """The lists alone: offers are no part of a window's price."""
    bare = _bares.get(id(read))
    if bare is None or bare[0] is not read:
        _bares.clear()
        bare = _bares[id(read)] = (read, Book((*read.base, *read.sales), ()))
    return bare[1]


_bares: dict[int, tuple[Book, Book]] = {}
