"""A promotion tried on a basket before it goes live: what the basket would cost with it, and without."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.pricing.contracts.basket import Basket, BasketLine, Shopper
from mekong.pricing.contracts.lists import PromotionDraft
from mekong.pricing.contracts.offers import Audience, Offer
from mekong.pricing.contracts.quote import Quote
from mekong.pricing.errors import CurrencyDiffers, PromotionInvalid
from mekong.pricing.models import Promotion
from mekong.pricing.queries.prices import articles
from mekong.pricing.rules.book import Book
from mekong.pricing.rules.checking import check_offer
from mekong.pricing.rules.forms import Malformed
from mekong.pricing.rules.pricing import price
from mekong.pricing.shelf import offer_of, read_book

NEW = 2**62
"""The id of an offer that is not kept yet: the youngest of all."""
MOST_LINES = 100
CODE = "TEST"


class TryLine(NamedTuple):
    sku: str
    units: int


class Tried(NamedTuple):
    """`benefit_minor`: what the buyer saves by the offer itself; `other`: offers that would apply without it."""

    quote: Quote
    without: Quote
    offer_id: int
    applies: bool
    benefit_minor: int


def try_promotion(
    *, actor: Actor, draft: PromotionDraft, promotion_id: int | None = None, lines: Sequence[TryLine],
    channel: str = "", at: datetime, delivery_fee_minor: int = 0,
) -> Tried:  # fmt: skip
    """Price a basket with a promotion as it is written, kept or not, beside all that is in force, and without it.

    The buyer is one whom the promotion is meant for, at its first channel unless `channel` is named, paying and taking
    delivery as it asks; a voucher it needs is shown. Changes nothing, takes nothing of any limit.
    Raises: MayNot, PromotionInvalid naming the field, CurrencyDiffers.
    """
    actor.require("pricing.view")
    offer = _offer(draft, promotion_id)
    basket = _basket(offer, lines, channel, at, delivery_fee_minor)
    kept = read_book()
    others = [each for each in kept.offers.values() if each.id != promotion_id]
    lists = (*kept.base, *kept.sales)
    without = price(basket, Book(lists, others, guard_bp=kept.guard_bp))
    quote = price(basket, Book(lists, [*others, offer], guard_bp=kept.guard_bp))
    used = [each for each in quote.used if each.offer_id == offer.id]
    return Tried(quote, without, offer.id, bool(used), sum(each.benefit_minor for each in used))


def _offer(draft: PromotionDraft, promotion_id: int | None) -> Offer:
    row = Promotion(
        id=promotion_id or NEW, **{each.name: getattr(draft, each.name) for each in dataclasses.fields(PromotionDraft)}
    )
    try:
        offer = offer_of(row)
        check_offer(
            offer, most_uses=draft.most_uses, most_per_person=draft.most_per_person, budget_minor=draft.budget_minor
        )
    except Malformed as wrong:
        raise PromotionInvalid(field=wrong.field, problem=wrong.problem, **wrong.params) from wrong
    return offer


def _basket(offer: Offer, lines: Sequence[TryLine], channel: str, at: datetime, fee_minor: int) -> Basket:
    if not 1 <= len(lines) <= MOST_LINES:
        raise PromotionInvalid(field="lines", problem="From {least} to {most}.", least=1, most=MOST_LINES)
    views = catalog.variants_by_sku(actor=SYSTEM, skus={line.sku for line in lines})
    for place, line in enumerate(lines):
        if line.sku not in views:
            raise PromotionInvalid(
                field=f"lines[{place}].sku", problem="There is no SKU {name}. Check it in the catalogue.", name=line.sku
            )
        if not 1 <= line.units <= 100_000:
            raise PromotionInvalid(
                field=f"lines[{place}].units", problem="From {least} to {most}.", least=1, most=100_000
            )
    currency = views[lines[0].sku].currency
    for place, line in enumerate(lines):
        if (its := views[line.sku].currency) != currency:
            raise CurrencyDiffers(field=f"lines[{place}].sku", sku=line.sku, its=its, currency=currency)
    known = articles(list({view.id: view for view in views.values()}.values()))
    audience = offer.audience
    return Basket(
        tuple(BasketLine(known[views[line.sku].id], line.units) for line in lines),
        channel or min(audience.channels, default="store"), at, min(audience.locations, default=""), _shopper(audience),
        currency, ((CODE, offer.id),) if audience.needs_code else (), min(audience.payments, default=""),
        min(audience.deliveries, default=""), fee_minor,
    )  # fmt: skip


def _shopper(audience: Audience) -> Shopper:
    return Shopper(
        "+84900000000", audience.groups, audience.segments, min(audience.tiers, default=""),
        audience.first_order_only or None, 0 if audience.birthday_days is not None else None,
    )  # fmt: skip
