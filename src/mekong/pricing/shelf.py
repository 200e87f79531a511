"""What a process remembers of prices: the book of lists and offers, and what pricing knows of each variant.

Both are read from the database and kept until the edition moves (`models.Edition`, counted up by triggers with every
change). A process that listens hears of it at once (NOTIFY `mekong_pricing`, `mekong_catalog`); any other looks at the
number again after `LOOK_S`, and reads what it knows of variants anew after `GOODS_S`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.foundation.actor import SYSTEM
from mekong.foundation.text import fold
from mekong.pricing.contracts.basket import Article, Key, Step
from mekong.pricing.contracts.offers import Offer, PriceList
from mekong.pricing.models import Edition, PricePolicy, Promotion, PromotionState
from mekong.pricing.models import PriceList as PriceListRow
from mekong.pricing.rules.book import Book
from mekong.pricing.rules.forms import audience_from_json, effect_from_json, goods_from_json

LOOK_S, GOODS_S = 0.5, 30.0
_MOST = 200_000
_ENTRIES = """
    select e.variant_id, e.price_list_id, e.from_units, e.price_minor
      from pricing_priceentry e join pricing_pricelist l on l.id = e.price_list_id and l.is_active
     where e.variant_id = any(%s) order by e.variant_id, e.price_list_id, e.from_units
"""


def _deaf() -> bool:
    return False


class Prices(NamedTuple):
    """The book, and what pricing knows of some goods by variant: all that `rules.pricing.price` needs, at one moment."""

    book: Book
    articles: Mapping[int, Article]


class _Kept(NamedTuple):
    view: VariantView
    article: Article


class Shelf:
    """`hears`: whether somebody tells this process of changes at this moment, so that the number need not be looked at."""

    def __init__(self) -> None:
        self.hears: Callable[[], bool] = _deaf
        self._lock = threading.Lock()
        self._edition = 0
        self._looked_at = 0.0
        self._book: Book | None = None
        self._articles: dict[int, _Kept] = {}
        self._categories: dict[int, frozenset[Key]] = {}
        self._goods_at = 0.0

    def forget(self) -> None:
        """Look again at the next question."""
        self._looked_at = 0.0

    def forget_goods(self) -> None:
        """Read categories, attributes and prices of variants anew."""
        self._articles, self._categories = {}, {}

    def clear(self) -> None:
        """Remember nothing."""
        with self._lock:
            self._edition, self._looked_at, self._book = 0, 0.0, None
            self._articles, self._categories = {}, {}

    def book(self) -> Book:
        """The lists and offers that are in force or will be. At most two small statements, and most often none."""
        book = self._book_at_hand()
        if book is not None:
            return book
        with self._lock:
            return self._read()

    def _book_at_hand(self) -> Book | None:
        looked_at = self._looked_at
        is_fresh = (looked_at > 0 and self.hears()) or time.monotonic() - looked_at < LOOK_S
        return self._book if is_fresh else None

    def _read(self) -> Book:
        at = time.monotonic()
        edition = Edition.objects.values_list("number", flat=True).get()
        if self._book is None or edition != self._edition:
            self._book, self._edition = read_book(), edition
            self._articles = {}
        self._looked_at = at
        return self._book

    def at_hand(self, views: Collection[VariantView]) -> Prices | None:
        """The book and these variants where no statement is needed for them, as an event loop may not wait for one."""
        book, kept = self._book_at_hand(), self._articles
        if book is None or self._has_stale_goods():
            return None
        found: dict[int, Article] = {}
        for view in views:
            one = kept.get(view.id)
            if one is None or one.view is not view:
                return None
            found[view.id] = one.article
        return Prices(book, found)

    def _has_stale_goods(self) -> bool:
        return not self.hears() and time.monotonic() - self._goods_at > GOODS_S

    def articles(self, views: Collection[VariantView]) -> dict[int, Article]:
        """What pricing knows of these variants. One statement for those not met before, a second for their products."""
        if self._has_stale_goods():
            self.forget_goods()
            self._goods_at = time.monotonic()
        kept = self._articles
        found: dict[int, Article] = {}
        missing: list[VariantView] = []
        for view in views:
            one = kept.get(view.id)
            if one is not None and (one.view is view or one.view == view):
                found[view.id] = one.article
            else:
                missing.append(view)
        if missing:
            if len(kept) > _MOST:
                self._articles = kept = {}
            for view, article in zip(missing, self._made(missing), strict=True):
                kept[view.id] = _Kept(view, article)
                found[view.id] = article
        return found

    def _made(self, views: list[VariantView]) -> list[Article]:
        prices: dict[int, dict[int, list[Step]]] = {}
        with connection.cursor() as cursor:
            cursor.execute(_ENTRIES, [[view.id for view in views]])
            for variant, price_list, units, amount in cursor.fetchall():
                prices.setdefault(variant, {}).setdefault(price_list, []).append(Step(units, amount))
        traits = catalog.product_traits(actor=SYSTEM, product_ids={view.product_id for view in views})
        unknown = {view.category_id for view in views if view.category_id} - self._categories.keys()
        for category, above in catalog.category_ancestors(actor=SYSTEM, category_ids=unknown).items():
            self._categories[category] = frozenset(f"c{each}" for each in above)
        costs = {view.id: view.cost_minor for view in views}
        return [
            Article(
                view.id, view.product_id, view.sku, view.full_name, view.price_minor, view.currency, view.tax_rate_bp,
                costs[view.id], keys_of(view, self._categories.get(view.category_id or 0, frozenset()), traits),
                {each: tuple(steps) for each, steps in prices.get(view.id, {}).items()},
            )
            for view in views
        ]  # fmt: skip


def keys_of(view: VariantView, categories: frozenset[Key], traits: Mapping[int, Mapping[str, Any]]) -> frozenset[Key]:
    """The keys by which lists and offers name a variant."""
    keys = {f"v{view.id}", f"p{view.product_id}", *categories}
    if view.brand:
        keys.add(brand_key(view.brand))
    keys |= {attribute_key(code, value) for code, value in traits.get(view.product_id, {}).items()}
    return frozenset(keys)


def brand_key(brand: str) -> Key:
    return f"b{fold(brand)}"


def attribute_key(code: str, value: object) -> Key:
    return f"a{code}={value}"


def read_book(also: Collection[int] = (), only: Collection[int] | None = None) -> Book:
    """The book as the database has it. `also`: promotions in other states, `only`: no others than these (a preview)."""
    guard = PricePolicy.objects.values_list("guard_bp", flat=True).get()
    rows = Promotion.objects.filter(state=PromotionState.ACTIVE) | Promotion.objects.filter(id__in=list(also))
    if only is not None:
        rows = Promotion.objects.filter(id__in=list(only))
    return Book(
        [list_of(row) for row in PriceListRow.objects.filter(is_active=True)],
        [offer_of(row) for row in rows],
        guard_bp=guard,
    )


def list_of(row: PriceListRow) -> PriceList:
    return PriceList(
        row.id, row.code, row.name, row.currency, row.priority, row.is_sale, row.is_net, row.adjust_bp,
        audience_from_json(row.audience, starts_at=row.starts_at, ends_at=row.ends_at),
    )  # fmt: skip


def offer_of(row: Promotion) -> Offer:
    return Offer(
        id=row.id, code=row.code, name=row.name, effect=effect_from_json(row.effect), goods=goods_from_json(row.goods),
        audience=audience_from_json(
            row.audience, starts_at=row.starts_at, ends_at=row.ends_at, needs_code=row.needs_code
        ),
        layer=row.layer, priority=row.priority, is_exclusive=row.is_exclusive, least_units=row.least_units,
        least_minor=row.least_minor,
    )  # fmt: skip


def is_over(row: Promotion, now: datetime) -> bool:
    return row.state == PromotionState.ENDED or (row.ends_at is not None and row.ends_at <= now)


shelf = Shelf()
"""This process's."""
