"""A promotion rehearsed on baskets of the past: the book of today, with the promotion in force whenever they were bought."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from mekong.foundation.actor import Actor
from mekong.pricing.contracts.basket import Basket
from mekong.pricing.contracts.lists import PromotionView
from mekong.pricing.contracts.offers import Audience, Offer
from mekong.pricing.contracts.quote import Quote, Used
from mekong.pricing.queries.promotions import get_promotion
from mekong.pricing.rules.book import Book
from mekong.pricing.rules.pricing import price
from mekong.pricing.shelf import read_book

_ASSUMED = ("locations", "groups", "segments", "tiers", "payments", "deliveries", "birthday_days", "first_order_only")


class Rehearsal:
    """Prices baskets in the order they were bought, with the promotion and without, and keeps to its limits.

    The promotion's dates are left out, and so is what is not known of past baskets: `assumed` names those conditions
    (and `needs_code`), which are taken as met. What comes out is then the most that it would have cost.
    """

    def __init__(self, view: PromotionView) -> None:
        kept = read_book(also=[view.id])
        offer = kept.offers[view.id]
        audience = offer.audience
        self.assumed = tuple(
            name for name in (*_ASSUMED, "needs_code") if getattr(audience, name) != getattr(Audience(), name)
        )
        relaxed = replace(
            audience, starts_at=None, ends_at=None, **{name: getattr(Audience(), name) for name in self.assumed}
        )
        self.offer: Offer = replace(offer, audience=relaxed)
        others = [each for each in kept.offers.values() if each.id != view.id]
        self._book = Book((*kept.base, *kept.sales), [*others, self.offer], guard_bp=kept.guard_bp)
        self._view = view
        self._uses = self._spent = 0
        self._had: Counter[str] = Counter()

    def price(self, basket: Basket) -> tuple[Quote, Quote | None]:
        """What the basket costs, and what it would cost without the promotion; None where it has no part in it."""
        quote = price(basket, self._book)
        used = [each for each in quote.used if each.offer_id == self.offer.id]
        if not used:
            return quote, None
        without = price(basket, self._book, without=[self.offer.id])
        if not self._takes(basket.shopper.key, used):
            return without, None
        return quote, without

    def _takes(self, person: str, used: list[Used]) -> bool:
        """Whether its limits still let it, as the engine of limits decides."""
        view, benefit = self._view, sum(each.benefit_minor for each in used)
        if view.most_uses is not None and self._uses >= view.most_uses:
            return False
        if view.budget_minor is not None and self._spent + benefit > view.budget_minor:
            return False
        if view.most_per_person is not None and (not person or self._had[person] >= view.most_per_person):
            return False
        self._uses += 1
        self._spent += benefit
        self._had[person] += 1
        return True


def rehearsal(*, actor: Actor, promotion_id: int) -> Rehearsal:
    """Get ready to price baskets of the past with a promotion, running or not. Raises: MayNot, PromotionNotFound."""
    return Rehearsal(get_promotion(actor=actor, promotion_id=promotion_id))
