"""The price lists and offers in force, laid out so that a basket meets only those that could apply to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from mekong.pricing.contracts.basket import Article, Basket, Key
from mekong.pricing.contracts.offers import (
    AmountOff,
    Audience,
    Bundle,
    BuyGet,
    FixedPrice,
    Gift,
    Goods,
    NthItem,
    Offer,
    PercentOff,
    PriceList,
    SetPrice,
)

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
ANYWHERE = ""
ANYTHING = ""
"""The key of goods that are not named, in an offer with others that are."""


class Entry:
    """An offer laid out: what a basket asks of it, worked out once. `roles`: the goods of each role; the first is its own."""

    __slots__ = (
        "audience",
        "id",
        "is_item",
        "is_on_all",
        "is_set",
        "layer",
        "least_minor",
        "least_units",
        "offer",
        "rank",
        "roles",
    )

    def __init__(self, offer: Offer) -> None:
        self.offer, self.id, self.layer = offer, offer.id, offer.layer
        self.rank = (offer.priority, -offer.id)
        self.audience = None if offer.audience == _ANYBODY else offer.audience
        self.least_units, self.least_minor = offer.least_units, offer.least_minor
        effect = offer.effect
        self.is_item = isinstance(effect, PercentOff | AmountOff | FixedPrice)
        self.is_set = isinstance(effect, NthItem | SetPrice | Bundle | BuyGet)
        if isinstance(effect, Bundle):
            self.roles = tuple(goods for goods, _ in effect.parts)
        elif isinstance(effect, BuyGet):
            self.roles = (offer.goods, effect.get)
        else:
            self.roles = (offer.goods,)
        self.is_on_all = self.roles == (_ALL,)


class Listed(NamedTuple):
    """A unit's price under some lists. `compare_at_minor`: before the sale price, 0 when there is none. `floor_minor`: below
    it a unit may not be sold without a manager, 0 when there is no floor. `steps`: kind, change of a unit's price, list."""

    unit_minor: int
    compare_at_minor: int
    floor_minor: int
    steps: tuple[tuple[Literal["list", "sale"], int, PriceList], ...]


class Book:
    """An index over lists and offers. Reading it changes nothing that another reader sees, so many threads may share one.

    An offer on named goods is posted under their keys, of the narrowest kind that it names; one on all goods under the
    first of its tiers, segments, groups, locations or channels; one that needs a voucher is reached by the voucher alone. So
    the cost of a basket follows the offers that could apply, not those that exist. Which offers an article is in is
    remembered, for articles outlive many baskets.

    Args:
        guard_bp: the price floor, in basis points above cost; None: no floor.
    """

    def __init__(self, lists: Iterable[PriceList], offers: Iterable[Offer], *, guard_bp: int | None = None) -> None:
        self.guard_bp = guard_bp
        ordered = sorted(lists, key=lambda each: (-each.priority, each.id))
        self.base = tuple(each for each in ordered if not each.is_sale)
        self.sales = tuple(each for each in ordered if each.is_sale)
        self.offers = {offer.id: offer for offer in offers}
        audiences = [*(each.audience for each in ordered), *(offer.audience for offer in self.offers.values())]
        self.asks_who = any(
            each.tiers or each.groups or each.segments or each.first_order_only or each.birthday_days is not None
            for each in audiences
        )
        self.asks_first_order = any(each.first_order_only for each in audiences)
        self.has_gifts = any(isinstance(offer.effect, Gift) for offer in self.offers.values())
        self._coded: dict[int, Entry] = {}
        self._by_goods: dict[Key, list[tuple[Entry, int]]] = {}
        self._by_place: dict[str, list[Entry]] = {}
        self._of: dict[Article, tuple[tuple[Entry, int], ...]] = {}
        self._listed: dict[tuple[int, ...], dict[tuple[Article, int], Listed]] = {}
        for offer in self.offers.values():
            entry = Entry(offer)
            if offer.audience.needs_code:
                self._coded[offer.id] = entry
            elif any(goods.named for goods in entry.roles):
                self._post(entry)
            else:
                for name in _places(offer.audience):
                    self._by_place.setdefault(name, []).append(entry)

    def _post(self, entry: Entry) -> None:
        for role, goods in enumerate(entry.roles):
            for key in goods.named[0] if goods.named else (ANYTHING,):
                self._by_goods.setdefault(key, []).append((entry, role))

    def on(self, article: Article) -> tuple[tuple[Entry, int], ...]:
        """The offers on named goods that this article is in, each with its role."""
        found = self._of.get(article)
        if found is None:
            met: dict[tuple[Entry, int], None] = {}
            for key in (*article.keys, ANYTHING):
                for posted in self._by_goods.get(key, ()):
                    if is_in(*posted, article.keys):
                        met[posted] = None
            if len(self._of) >= _REMEMBERED:
                self._of.clear()
            found = self._of[article] = tuple(met)
        return found

    def remembered(self, base: Sequence[PriceList], sales: Sequence[PriceList]) -> dict[tuple[Article, int], Listed]:
        """What articles cost, in so many units, under these lists together, as far as it was worked out: to add to."""
        key = (*[each.id for each in base], 0, *[each.id for each in sales])
        found = self._listed.get(key)
        if found is None:
            if len(self._listed) >= _COMBINATIONS:
                self._listed.clear()
            found = self._listed[key] = {}
        if len(found) >= _REMEMBERED:
            found.clear()
        return found

    def anywhere(self, basket: Basket) -> Iterable[Entry]:
        """The offers on all goods that are posted where this basket is."""
        for name in places_of(basket):
            yield from self._by_place.get(name, ())

    def of_codes(self, basket: Basket) -> Iterable[Entry]:
        """The offers that the basket's vouchers open."""
        for offer_id in dict.fromkeys(offer_id for _, offer_id in basket.codes):
            if offer_id in self._coded:
                yield self._coded[offer_id]


_REMEMBERED, _COMBINATIONS = 100_000, 64
_ANYBODY, _ALL = Audience(), Goods()


def is_in(entry: Entry, role: int, keys: frozenset[Key]) -> bool:
    """Whether goods with these keys may take this role in the offer. What could be bought or got counts as bought."""
    if not entry.roles[role].fit(keys):
        return False
    return not (role and isinstance(entry.offer.effect, BuyGet) and entry.roles[0].fit(keys))


def _places(audience: Audience) -> Iterable[str]:
    for kind, names in (
        ("tier", audience.tiers), ("segment", audience.segments), ("group", audience.groups),
        ("location", audience.locations), ("channel", audience.channels),
    ):  # fmt: skip
        if names:
            return [f"{kind}:{name}" for name in names]
    return [ANYWHERE]


def places_of(basket: Basket) -> list[str]:
    """The names under which offers on all goods are found for this basket."""
    shopper = basket.shopper
    found = [ANYWHERE, f"channel:{basket.channel}"]
    if basket.location:
        found.append(f"location:{basket.location}")
    if shopper.tier:
        found.append(f"tier:{shopper.tier}")
    found += [f"group:{name}" for name in shopper.groups]
    found += [f"segment:{name}" for name in shopper.segments]
    return found


class Moment:
    """A basket's circumstances, with the local time worked out once."""

    __slots__ = ("at", "basket", "minute", "shopper", "weekday")

    def __init__(self, basket: Basket) -> None:
        self.basket, self.shopper, self.at = basket, basket.shopper, basket.at
        local = basket.at.astimezone(LOCAL)
        self.weekday, self.minute = local.weekday(), local.hour * 60 + local.minute

    def meets(self, audience: Audience) -> bool:
        """Whether all that an audience asks for holds."""
        basket, shopper = self.basket, self.shopper
        if (audience.starts_at and self.at < audience.starts_at) or (audience.ends_at and self.at >= audience.ends_at):
            return False
        if audience.channels and basket.channel not in audience.channels:
            return False
        if audience.locations and basket.location not in audience.locations:
            return False
        if audience.tiers and shopper.tier not in audience.tiers:
            return False
        if audience.groups and audience.groups.isdisjoint(shopper.groups):
            return False
        if audience.segments and audience.segments.isdisjoint(shopper.segments):
            return False
        return self._meets_rarer(audience)

    def _meets_rarer(self, audience: Audience) -> bool:
        basket, shopper = self.basket, self.shopper
        if audience.payments and basket.payment not in audience.payments:
            return False
        if audience.deliveries and basket.delivery not in audience.deliveries:
            return False
        if audience.first_order_only and not shopper.is_first_order:
            return False
        if audience.birthday_days is not None and (
            shopper.days_to_birthday is None or abs(shopper.days_to_birthday) > audience.birthday_days
        ):
            return False
        if audience.weekdays and self.weekday not in audience.weekdays:
            return False
        return not audience.minutes or any(start <= self.minute < end for start, end in audience.minutes)
