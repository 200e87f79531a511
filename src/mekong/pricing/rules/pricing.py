"""The one price function: what a basket costs, for whom, where and when, and why.

Steps, in this order:

1. *Price lists.* Of the base lists that hold, the highest priority with a price for the units decides, else the retail price; the
   lowest sale price that holds replaces it where it is lower. A price set by hand stands instead of both, and no offer
   touches or counts its line.
2. *Offers*, layer by layer in ascending order; what one layer leaves to pay is what the next one starts from. Within a layer
   each unit takes part in at most one item or set offer, and the use of them that saves most is chosen; then at most one basket
   offer applies, the one that saves most. Equal savings go to the higher priority, then to the older offer. Conditions
   on units and values are counted before offers, so an offer never takes another's condition away.
3. *Exclusive offers* stand alone: each is tried by itself, and applies if it saves more than all the others together.
4. *Hands.* What was taken off by hand.
5. *Price floor.* What would take a line below cost and margin is not given, the last step first; it does not choose offers.
6. *Tax* contained in what is paid of each line, rounded half up per line.

Within these rules the choice is optimal: step 2's by `rules.sets`, and for baskets whose offers are on all goods the layers
together as well, because what is left to pay after a layer never falls when what was left before it rises. The order of lines
changes nothing: lines are looked at in the order of their goods.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from operator import attrgetter
from typing import Literal

from mekong.foundation.money import share
from mekong.pricing.contracts.basket import Article, Basket
from mekong.pricing.contracts.offers import (
    BasketAmount,
    BasketPercent,
    DeliveryOff,
    Gift,
    Offer,
    PointsTimes,
    PriceList,
)
from mekong.pricing.contracts.quote import GiftLine, Quote, Reason
from mekong.pricing.rules.amounts import floor_of, off_unit, part, price_for, with_tax
from mekong.pricing.rules.book import Book, Entry, Listed, Moment, is_in
from mekong.pricing.rules.plan import Candidate, Cut, Line, Plan, Run, new_tuple
from mekong.pricing.rules.quoting import make_quote
from mekong.pricing.rules.sets import Stock, choose_sets, could_save


def price(basket: Basket, book: Book, *, without: Collection[int] = ()) -> Quote:
    """What the basket costs, and every step on the way.

    Args:
        without: ids of offers that are left out: their budget is spent, or the person has had their share.

    The basket's lines must be in its currency, with units from 1 up and amounts by hand that are not negative.
    """
    moment = Moment(basket)
    lines = [Line(place, asked) for place, asked in enumerate(basket.lines)]
    # In an order of the goods, not of the typing: what ties is settled by it.
    is_apart = len(set(map(_variant, lines))) == len(lines)
    lines.sort(key=_variant if is_apart else _goods_order)
    _price_lines(lines, basket, book, moment, is_apart=is_apart)
    candidates = _candidates(
        [line for line in lines if line.asked.hand_price_minor is None], basket, book, moment, without
    )
    together = [each for each in candidates if not each.offer.is_exclusive]
    plan = last = _apply(lines, together, basket.delivery_fee_minor)
    if len(together) < len(candidates):
        for alone in sorted((each for each in candidates if each.offer.is_exclusive), key=_rank, reverse=True):
            last = _apply(lines, [alone], basket.delivery_fee_minor)
            if last.benefit > plan.benefit:
                plan = last
    if plan is not last:
        _replay(lines, plan)
    return make_quote(lines, basket, book, plan, {each.entry.id for each in candidates})


_variant = attrgetter("article.variant_id")


def _goods_order(line: Line) -> tuple[int, int, int, int]:
    asked = line.asked
    hand = -1 if asked.hand_price_minor is None else asked.hand_price_minor
    return line.article.variant_id, hand, asked.hand_off_minor, line.units


def _replay(lines: Sequence[Line], plan: Plan) -> None:
    """Leave the lines as this plan does, after others were tried."""
    for line in lines:
        line.left = line.total
    for cut in plan.cuts:
        for line, off in zip(cut.lines, cut.shares, strict=True):
            line.left -= off


# 1. Price lists


def _price_lines(lines: Sequence[Line], basket: Basket, book: Book, moment: Moment, *, is_apart: bool) -> None:
    """`is_apart`: no two lines are of one variant. The units of those that are count together for quantity breaks."""
    base = [each for each in book.base if each.currency == basket.currency and moment.meets(each.audience)]
    sales = [each for each in book.sales if each.currency == basket.currency and moment.meets(each.audience)]
    known = book.remembered(base, sales)
    units: dict[int, int] = {}
    for line in () if is_apart else lines:
        variant = line.article.variant_id
        units[variant] = units.get(variant, 0) + line.units
    for line in lines:
        article = line.article
        key = (article, line.units if is_apart else units[article.variant_id])
        listed = known.get(key)
        if listed is None:
            listed = known[key] = _listed(article, key[1], base, sales, book.guard_bp)
        line.unit, line.compare_at, floor, steps = listed
        if steps:
            line.reasons = [
                new_tuple(Reason, (kind, line.place, change * line.units, each.id, each.name))
                for kind, change, each in steps
            ]
        hand = line.asked.hand_price_minor
        if hand is not None and hand != line.unit:
            line.reasons.append(Reason("hand_price", line.place, (hand - line.unit) * line.units))
            line.compare_at, line.unit = 0, hand
        line.total = line.left = line.unit * line.units
        if not basket.lifts_guard:
            line.floor = floor * line.units


def _listed(
    article: Article, units: int, base: Sequence[PriceList], sales: Sequence[PriceList], guard_bp: int | None
) -> Listed:
    """A unit's price under the lists that hold, when so many are bought."""
    unit = retail = article.price_minor
    compare_at = 0
    steps: list[tuple[Literal["list", "sale"], int, PriceList]] = []
    for each in base:
        found = _price_in(each, article, units)
        if found is not None:
            unit = found
            if unit != retail:
                steps.append(("list", unit - retail, each))
            break
    offered = [
        (found, -each.priority, each.id, each)
        for each in sales
        if (found := _price_in(each, article, units)) is not None
    ]
    if offered and (lowest := min(offered))[0] < unit:
        steps.append(("sale", lowest[0] - unit, lowest[3]))
        compare_at, unit = unit, lowest[0]
    floor = 0 if guard_bp is None or article.cost_minor is None else floor_of(article.cost_minor, guard_bp)
    return Listed(unit, compare_at, floor, tuple(steps))


def _price_in(each: PriceList, article: Article, units: int) -> int | None:
    """A list's price of a unit, with tax; None when it has none for so few units."""
    steps = article.prices.get(each.id)
    found = price_for(steps, units) if steps else None
    if found is not None:
        return with_tax(found, article.tax_rate_bp) if each.is_net else found
    return None if each.adjust_bp is None else part(article.price_minor, each.adjust_bp)


# 2. Offers


def _candidates(
    lines: list[Line], basket: Basket, book: Book, moment: Moment, without: Collection[int]
) -> list[Candidate]:
    """Offers whose conditions hold, with their lines; in the order of their ids."""
    met: dict[Entry, list[list[Line]] | None] = {}
    for line in lines:
        for entry, role in book.on(line.article):
            if entry in met:
                roles = met[entry]
            else:
                is_for_them = entry.audience is None or moment.meets(entry.audience)
                roles = met[entry] = [[] for _ in entry.roles] if is_for_them else None
            if roles is not None:
                roles[role].append(line)
    found = [
        Candidate(entry, roles) for entry, roles in met.items() if roles and all(roles) and _is_enough(entry, roles[0])
    ]
    units, total = sum([line.units for line in lines]), sum([line.total for line in lines])
    for entry in chain(book.anywhere(basket), book.of_codes(basket)) if lines else ():
        if entry.is_on_all:
            # Most offers on the basket, and most of them are not met: what they ask is reckoned once.
            is_met = units >= entry.least_units and total >= entry.least_minor
            if is_met and (entry.audience is None or moment.meets(entry.audience)):
                found.append(Candidate(entry, [lines]))
        else:
            if entry.audience is not None and not moment.meets(entry.audience):
                continue
            roles = _roles(entry, lines)
            if all(roles) and _is_enough(entry, roles[0]):
                found.append(Candidate(entry, roles))
    if without:
        found = [each for each in found if each.entry.id not in without]
    found.sort(key=_by_id)
    return found


def _is_enough(entry: Entry, mine: Sequence[Line]) -> bool:
    """Whether an offer's lines have the units and the value that it asks for."""
    if entry.least_units and sum([line.units for line in mine]) < entry.least_units:
        return False
    return not entry.least_minor or sum([line.total for line in mine]) >= entry.least_minor


_by_id, _rank = attrgetter("entry.id"), attrgetter("entry.rank")


def _roles(entry: Entry, lines: list[Line]) -> list[list[Line]]:
    """The lines of each role of an offer that was not found by its goods."""
    return [[line for line in lines if is_in(entry, role, line.article.keys)] for role in range(len(entry.roles))]


def _apply(lines: Sequence[Line], candidates: Sequence[Candidate], fee: int) -> Plan:
    """Layer by layer, what saves most. The lines are left as the plan leaves them."""
    plan = Plan(fee)
    for line in lines:
        line.left, line.runs = line.total, ()
    layers: dict[int, tuple[list[Candidate], list[Candidate], list[Candidate]]] = {}
    for candidate in candidates:
        entry = candidate.entry
        kinds = layers.setdefault(entry.layer, ([], [], []))
        kinds[0 if entry.is_item else 1 if entry.is_set else 2].append(candidate)
    for layer in sorted(layers):
        simple, sets, whole = layers[layer]
        if simple or sets:
            _apply_items(simple, sets, plan)
        if whole:
            _apply_whole(whole, plan)
    return plan


_Best = dict[Run, tuple[int, "Offer"]]
"""The item offer that saves most on a unit of a run."""


def _apply_items(simple: list[Candidate], sets: Sequence[Candidate], plan: Plan) -> None:
    best: _Best = {}
    simple.sort(key=_rank, reverse=True)
    for candidate in simple:
        offer = candidate.offer
        for line in candidate.lines:
            for run in line.runs or (line,):
                off = off_unit(offer.effect, run.left // run.units)  # type: ignore[arg-type]  # sorted by kind in _apply
                if off > 0 and (run not in best or off > best[run][0]):
                    best[run] = (off, offer)
    if sets:
        _take_sets(sets, best, plan)
    for run, (off, offer) in best.items():
        _take(run, offer, off * run.units, plan)


def _take_sets(sets: Sequence[Candidate], best: _Best, plan: Plan) -> None:
    """Split off the units that set offers take. `best` is of the others afterwards."""
    useful = [
        candidate
        for candidate in sets
        if could_save(candidate.offer.effect, [[(line.unit, line.units) for line in role] for role in candidate.roles])
    ]
    if not useful:
        return
    wanted = {line for candidate in useful for role in candidate.roles for line in role}
    runs = [run for line in sorted(wanted, key=_goods_order) for run in line.runs or (line,)]
    stocks = [Stock(run.units, run.left // run.units, best[run][0] if run in best else 0) for run in runs]
    of_line: dict[Line, list[int]] = {}
    for number, run in enumerate(runs):
        of_line.setdefault(run.line, []).append(number)
    offers = [
        (candidate.offer, [[number for line in role for number in of_line[line]] for role in candidate.roles])
        for candidate in useful
    ]
    for stock, place, units, off in choose_sets(stocks, offers):
        run = runs[stock]
        if run is run.line:
            run = runs[stock] = Run(run.line, run.units, run.left)
            run.line.runs = (run,)
            if run.line in best:
                best[run] = best.pop(run.line)
        # What division left over stays with the units that stay.
        mine = Run(run.line, units, run.left if units == run.units else stocks[stock].price_minor * units)
        run.units -= units
        run.left -= mine.left
        if not run.units:
            best.pop(run, None)
        run.line.runs = [each for each in (*run.line.runs, mine) if each.units]
        _take(mine, offers[place][0], off, plan)


def _take(run: Run, offer: Offer, off: int, plan: Plan) -> None:
    line = run.line
    line.left -= off
    if run is not line:
        run.left -= off
    plan.cuts.append(Cut(offer, (line,), (off,)))


def _apply_whole(candidates: Sequence[Candidate], plan: Plan) -> None:
    """The one basket offer of a layer that saves most; points are multiplied beside it."""
    best: tuple[int, tuple[int, int]] = (0, (0, 0))
    chosen: Candidate | None = None
    sums: dict[int, int] = {}
    for candidate in candidates:
        effect = candidate.offer.effect
        if isinstance(effect, PointsTimes):
            if effect.times_bp > plan.times[0]:
                plan.times = (effect.times_bp, candidate.offer)
            continue
        saved = _saved(candidate, plan, sums)
        if saved > 0 and (chosen is None or (saved, candidate.entry.rank) > best):
            best, chosen = (saved, candidate.entry.rank), candidate
    if chosen is None:
        return
    saved, effect = best[0], chosen.offer.effect
    if isinstance(effect, Gift):
        offer = chosen.offer
        plan.gifts.append(
            GiftLine(effect.variant_id, effect.units, effect.worth_minor, offer.id, offer.code, offer.name)
        )
    elif isinstance(effect, DeliveryOff):
        plan.fee -= saved
        plan.delivery.append((chosen.offer, saved))
    else:
        lines = chosen.lines
        shares = share(saved, [line.left for line in lines])
        for line, off in zip(lines, shares, strict=True):
            if line.runs and off:
                for run, part_off in zip(line.runs, share(off, [run.left for run in line.runs]), strict=True):
                    run.left -= part_off
            line.left -= off
        plan.cuts.append(Cut(chosen.offer, lines, shares))


def _saved(candidate: Candidate, plan: Plan, sums: dict[int, int]) -> int:
    """What a basket offer would save now. `sums`: of what is left of lines, for most offers are on the same ones."""
    effect = candidate.offer.effect
    if isinstance(effect, Gift):
        return effect.units * effect.worth_minor
    if isinstance(effect, DeliveryOff):
        off = part(plan.fee, effect.off_bp)
        return min(off, effect.most_minor) if effect.most_minor else off
    lines = candidate.lines
    left = sums.get(id(lines))
    if left is None:
        left = sums[id(lines)] = sum([line.left for line in lines])
    if isinstance(effect, BasketPercent):
        off = part(left, effect.off_bp)
        return min(off, effect.most_minor) if effect.most_minor else off
    assert isinstance(effect, BasketAmount)  # noqa: S101 - for the type checker
    times = 1
    if effect.per_minor:
        times = sum([line.total for line in lines]) // effect.per_minor
        times = min(times, effect.most_times) if effect.most_times else times
    return min(effect.off_minor * times, left)
