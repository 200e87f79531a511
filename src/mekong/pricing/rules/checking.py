"""What makes no sense as an offer or a list, found before it is kept: the field, and the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mekong.pricing.contracts.offers import (
    AmountOff,
    Audience,
    BasketAmount,
    BasketPercent,
    Bundle,
    BuyGet,
    DeliveryOff,
    Effect,
    Gift,
    Goods,
    NthItem,
    Offer,
    PercentOff,
    PointsTimes,
    PriceList,
    SetPrice,
)
from mekong.pricing.rules.amounts import WHOLE_BP
from mekong.pricing.rules.forms import Malformed

LAYERS = range(1, 10)
MOST_IN_GROUP = 100
MOST_TIMES_BP = 100 * WHOLE_BP


def check_offer(offer: Offer, *, most_uses: int | None, most_per_person: int | None, budget_minor: int | None) -> None:
    """Raises: Malformed, for the first thing that cannot be meant."""
    for problem in (
        *_dates(offer.audience),
        *_audience(offer.audience),
        *_goods(offer.goods, "goods"),
        *_effect(offer.effect),
        *_together(offer),
        *_limits(most_uses, most_per_person, budget_minor),
    ):
        raise problem


def check_list(given: PriceList) -> None:
    """Raises: Malformed."""
    for problem in (*_dates(given.audience), *_audience(given.audience)):
        raise problem
    if given.audience.needs_code:
        raise Malformed("needs_code", "A price list needs no voucher. Make an offer for it.")
    if given.adjust_bp is not None and not 0 < given.adjust_bp <= 10 * WHOLE_BP:
        raise Malformed("adjust_bp", "From {least} to {most}.", least=1, most=10 * WHOLE_BP)


def _dates(audience: Audience) -> Iterator[Malformed]:
    starts_at, ends_at = audience.starts_at, audience.ends_at
    for field, at in (("starts_at", starts_at), ("ends_at", ends_at)):
        if isinstance(at, datetime) and at.tzinfo is None:
            yield Malformed(field, "Say the time zone.")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        yield Malformed("ends_at", "It ends before it begins. Choose a later end.")


def _audience(audience: Audience) -> Iterator[Malformed]:
    if any(not 0 <= day <= 6 for day in audience.weekdays):
        yield Malformed("audience.weekdays", "From {least} to {most}.", least=0, most=6)
    for place, (start, end) in enumerate(audience.minutes):
        if not 0 <= start < end <= 24 * 60:
            yield Malformed(
                f"audience.minutes[{place}]", "The hours end before they begin. Past midnight, give two spans."
            )
    if audience.birthday_days is not None and audience.birthday_days > 31:
        yield Malformed("audience.birthday_days", "From {least} to {most}.", least=0, most=31)


def _goods(goods: Goods, field: str) -> Iterator[Malformed]:
    if goods.items and goods.items <= goods.excluded:
        yield Malformed(f"{field}.excluded", "All its goods are excluded, so it would never apply. Exclude fewer.")
    if goods.categories and goods.categories <= goods.excluded:
        yield Malformed(f"{field}.excluded", "All its categories are excluded, so it would never apply. Exclude fewer.")


def _effect(effect: Effect) -> Iterator[Malformed]:
    off_bp = getattr(effect, "off_bp", None)
    if off_bp is not None and not 0 < off_bp <= WHOLE_BP:
        yield Malformed("effect.off_bp", "Choose more than 0 % and at most 100 %.")
    if isinstance(effect, AmountOff | BasketAmount) and effect.off_minor < 1:
        yield Malformed("effect.off_minor", "Choose an amount above 0.")
    if isinstance(effect, PercentOff) and not 1 <= effect.price_step_minor <= 1_000_000:
        yield Malformed("effect.price_step_minor", "From {least} to {most}.", least=1, most=1_000_000)
    yield from _sets(effect)
    if isinstance(effect, BasketAmount) and effect.per_minor and effect.off_minor > effect.per_minor:
        yield Malformed("effect.off_minor", "It takes off more than the value it asks for. Choose less.")
    if isinstance(effect, BasketAmount) and effect.most_times and not effect.per_minor:
        yield Malformed("effect.per_minor", "Say for every what value it repeats, or leave most_times at 0.")
    if isinstance(effect, Gift) and effect.units < 1:
        yield Malformed("effect.units", "Choose 1 or more.")
    if isinstance(effect, PointsTimes) and not WHOLE_BP < effect.times_bp <= MOST_TIMES_BP:
        yield Malformed(
            "effect.times_bp", "Choose more than 1 time and at most {most} times.", most=MOST_TIMES_BP // WHOLE_BP
        )


def _sets(effect: Effect) -> Iterator[Malformed]:
    if isinstance(effect, NthItem):
        yield from _between("effect.group", effect.group, 2)
        if not 1 <= effect.last < effect.group:
            yield Malformed("effect.last", "Fewer than the whole group must be cheaper, and at least one.")
    elif isinstance(effect, SetPrice):
        yield from _between("effect.units", effect.units, 1)
    elif isinstance(effect, Bundle):
        if not 2 <= len(effect.parts) <= 6:
            yield Malformed("effect.parts", "A bundle has 2 to 6 parts.")
        for place, (goods, units) in enumerate(effect.parts):
            yield from _between(f"effect.parts[{place}].units", units, 1)
            if not goods.named:
                yield Malformed(f"effect.parts[{place}].goods", "Name the goods of this part.")
            yield from _goods(goods, f"effect.parts[{place}].goods")
    elif isinstance(effect, BuyGet):
        yield from _between("effect.buy", effect.buy, 1)
        yield from _between("effect.get_units", effect.get_units, 1)
        yield from _goods(effect.get, "effect.get")


def _between(field: str, value: int, least: int) -> Iterator[Malformed]:
    if not least <= value <= MOST_IN_GROUP:
        yield Malformed(field, "From {least} to {most}.", least=least, most=MOST_IN_GROUP)


def _together(offer: Offer) -> Iterator[Malformed]:
    """What only makes no sense of two fields at once."""
    effect = offer.effect
    if offer.layer not in LAYERS:
        yield Malformed("layer", "From {least} to {most}.", least=LAYERS[0], most=LAYERS[-1])
    if isinstance(effect, Bundle) and (offer.goods != Goods() or offer.least_units or offer.least_minor):
        yield Malformed("goods", "A bundle's goods are those of its parts. Leave goods and least amounts empty.")
    if isinstance(effect, BuyGet) and not effect.get.named:
        yield Malformed("effect.get", "Name what can be got. For the same goods, use nth_item.")
    if isinstance(effect, BuyGet) and (
        effect.get == offer.goods or (effect.get.items and effect.get.items <= offer.goods.items)
    ):
        yield Malformed("effect.get", "What is got is what is bought, which would go round in a circle. Use nth_item.")
    if isinstance(effect, Gift) and offer.goods.items == {f"v{effect.variant_id}"}:
        yield Malformed(
            "effect.variant_id", "The gift is what must be bought, which would go round in a circle. Use nth_item."
        )
    if isinstance(effect, Gift) and not (
        offer.least_units or offer.least_minor or offer.goods.named or offer.audience.needs_code
    ):
        yield Malformed(
            "least_minor",
            "Every basket would get this gift. Say from what value, for which goods or with which voucher.",
        )
    if isinstance(effect, BasketPercent | DeliveryOff | BasketAmount) and offer.least_units > 10_000:
        yield Malformed("least_units", "From {least} to {most}.", least=0, most=10_000)


def _limits(most_uses: int | None, most_per_person: int | None, budget_minor: int | None) -> Iterator[Malformed]:
    for field, value in (
        ("most_uses", most_uses),
        ("most_per_person", most_per_person),
        ("budget_minor", budget_minor),
    ):
        if value is not None and value < 1:
            yield Malformed(field, "With 0 nobody could use it. Choose 1 or more, or leave it empty for no limit.")
    if most_uses and most_per_person and most_per_person > most_uses:
        yield Malformed("most_per_person", "One person may have more than there is altogether. Choose less.")
