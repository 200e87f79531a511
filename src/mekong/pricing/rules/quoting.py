"""The last steps of the price function, 4 to 6: hands, floor and tax, and the way of each line told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

from mekong.foundation.money import share, tax_inside
from mekong.pricing.contracts.basket import Basket
from mekong.pricing.contracts.offers import BasketAmount, BasketPercent, Offer
from mekong.pricing.contracts.quote import Quote, QuoteLine, Reason, Used
from mekong.pricing.rules.book import Book
from mekong.pricing.rules.plan import Cut, Line, Plan, new_tuple

_place = attrgetter("place")


def make_quote(lines: Sequence[Line], basket: Basket, book: Book, plan: Plan, met: Collection[int]) -> Quote:
    """What a plan comes to. The lines are as it left them. `met`: ids of the offers whose conditions held."""
    cuts = plan.cuts
    _by_hand(lines, basket, cuts)
    guarded = _guard(lines, cuts)
    made: list[Any] = [None] * len(lines)
    subtotal = paid = tax = 0
    for line in lines:
        article, total, left = line.article, line.total, line.left
        mine = tax_inside(left, article.tax_rate_bp)
        made[line.place] = new_tuple(QuoteLine, (
            article.variant_id, article.sku, line.units, line.compare_at, line.unit, total, total - left, left,
            article.tax_rate_bp, mine, line.floor,
        ))  # fmt: skip
        subtotal += total
        paid += left
        tax += mine
    used = _used(cuts, plan)
    return Quote(
        basket.currency, tuple(made), tuple(plan.gifts), subtotal, subtotal - paid, plan.fee, tax, paid + plan.fee,
        sum([kept for _, kept in guarded]), plan.times[0], used, _reasons(lines, cuts, plan, guarded),
        _idle(basket, met, used, book) if basket.codes else (),
    )  # fmt: skip


def _by_hand(lines: Sequence[Line], basket: Basket, cuts: list[Cut]) -> None:
    """Take off what was given by hand; no line falls below nothing."""
    for line in lines:
        if line.asked.hand_off_minor and line.left:
            off = min(line.asked.hand_off_minor, line.left)
            line.left -= off
            cuts.append(Cut(None, (line,), (off,)))
    if basket.hand_off_minor and (left := sum(line.left for line in lines)):
        shares = share(min(basket.hand_off_minor, left), [line.left for line in lines])
        for line, off in zip(lines, shares, strict=True):
            line.left -= off
        cuts.append(Cut(None, lines, shares))


def _guard(lines: Sequence[Line], cuts: list[Cut]) -> list[tuple[Line, int]]:
    """Put back what took a line below its floor, the last step first; answers with what was put back."""
    guarded = [
        (line, min(line.floor, line.total) - line.left)
        for line in lines
        if line.left < line.floor and line.left < line.total
    ]
    missing = dict(guarded)
    for line, short in guarded:
        line.left += short
    for number in range(len(cuts) - 1, -1, -1) if guarded else ():
        offer, mine, shares = cuts[number]
        kept: list[int] | None = None
        for place, line in enumerate(mine):
            if line in missing and (back := min(shares[place], missing[line])):
                kept = kept or list(shares)
                kept[place] -= back
                missing[line] -= back
        if kept is not None:
            cuts[number] = Cut(offer, mine, kept)
    return guarded


def _reasons(
    lines: Sequence[Line], cuts: Sequence[Cut], plan: Plan, guarded: Sequence[tuple[Line, int]]
) -> tuple[Reason, ...]:
    """The way of each line in the order of the basket, then what is on the whole."""
    whole: list[Reason] = []
    for offer, mine, shares in cuts:
        if off := sum(shares):
            place = mine[0].place if len(mine) == 1 and _is_on_lines(offer) else None
            reason = (
                Reason("hand", place, -off)
                if offer is None
                else new_tuple(Reason, ("offer", place, -off, offer.id, offer.name))
            )
            (whole if place is None else mine[0].reasons).append(reason)
    for offer, off in plan.delivery:
        whole.append(Reason("offer", None, -off, offer.id, offer.name))
    for line, kept in guarded:
        line.reasons.append(Reason("guard", line.place, kept))
    ways = [line.reasons for line in sorted(lines, key=_place)]
    return (*chain.from_iterable(ways), *whole)


def _is_on_lines(offer: Offer | None) -> bool:
    return offer is None or not isinstance(offer.effect, BasketPercent | BasketAmount)


def _used(cuts: Iterable[Cut], plan: Plan) -> tuple[Used, ...]:
    """Offers that apply, and what each saves, in the order in which they came."""
    saved: dict[Offer, int] = {}
    for offer, _, shares in cuts:
        if offer is not None and (off := sum(shares)):
            saved[offer] = saved.get(offer, 0) + off
    for offer, off in plan.delivery:
        saved[offer] = saved.get(offer, 0) + off
    if plan.times[1] is not None:
        saved.setdefault(plan.times[1], 0)
    return (
        *[new_tuple(Used, (offer.id, offer.code, offer.name, off)) for offer, off in saved.items()],
        *[Used(gift.offer_id, gift.code, gift.name, gift.units * gift.worth_minor) for gift in plan.gifts],
    )


def _idle(basket: Basket, met: Collection[int], used: Iterable[Used], book: Book) -> tuple[tuple[str, str], ...]:
    applied = {each.offer_id for each in used}
    idle = []
    for code, offer_id in basket.codes:
        if offer_id not in applied:
            reason = "unknown" if offer_id not in book.offers else "better" if offer_id in met else "conditions"
            idle.append((code, reason))
    return tuple(sorted(idle))
