"""The one price function: what a basket costs, for whom, where and when, and why.

Steps, in this order:

1. *Price lists.* Of the base lists that hold, the highest priority with a price for the units decides, else the retail price; the
   lowest sale price that holds replaces it where it is lower. A price set by hand stands instead of both.
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

from collections.abc import Collection, Iterable, Sequence

from mekong.foundation.money import share, tax_inside
from mekong.pricing.contracts.basket import Basket, BasketLine
from mekong.pricing.contracts.offers import (
    BasketAmount,
    BasketPercent,
    Bundle,
    BuyGet,
    DeliveryOff,
    Gift,
    Goods,
    NthItem,
    Offer,
    PointsTimes,
    PriceList,
    SetPrice,
)
from mekong.pricing.contracts.quote import GiftLine, Quote, QuoteLine, Reason, Used
from mekong.pricing.rules.amounts import WHOLE_BP, floor_of, off_unit, part, price_for, with_tax
from mekong.pricing.rules.book import Book, Entry, Moment, is_in
from mekong.pricing.rules.sets import Stock, choose_sets


class _Run:
    """Units of a line that came the same way so far, and what is left to pay for them."""

    __slots__ = ("left", "line", "taken", "units")

    def __init__(self, line: _Line, units: int, left: int) -> None:
        self.line, self.units, self.left = line, units, left
        self.taken = False


class _Line:
    __slots__ = (
        "article",
        "asked",
        "compare_at",
        "floor",
        "keys",
        "left",
        "place",
        "reasons",
        "runs",
        "total",
        "unit",
        "units",
    )

    def __init__(self, place: int, asked: BasketLine) -> None:
        self.place, self.asked, self.article = place, asked, asked.article
        self.keys, self.units = asked.article.keys, asked.units
        self.compare_at = self.unit = self.total = self.left = self.floor = 0
        self.reasons: list[Reason] = []
        self.runs: list[_Run] = []

    def begin(self) -> None:
        self.left = self.total
        self.runs = [_Run(self, self.units, self.total)]


class _Candidate:
    """An offer whose conditions the basket meets, and the lines of each of its roles."""

    __slots__ = ("entry", "lines", "offer", "roles")

    def __init__(self, entry: Entry, roles: list[list[_Line]]) -> None:
        self.entry, self.offer, self.lines, self.roles = entry, entry.offer, roles[0], roles


class _Plan:
    """What a choice of offers leads to. `off`: (line, offer) to what is taken off, in the order it was."""

    __slots__ = ("delivery", "fee", "gifts", "left", "off", "times")

    def __init__(self, fee: int) -> None:
        self.off: list[tuple[_Line, Offer, int]] = []
        self.gifts: list[GiftLine] = []
        self.delivery: list[tuple[Offer, int]] = []
        self.fee = fee
        self.times: tuple[int, Offer | None] = (WHOLE_BP, None)

    @property
    def benefit(self) -> int:
        return (
            sum(off for _, _, off in self.off)
            + sum(gift.units * gift.worth_minor for gift in self.gifts)
            + sum(off for _, off in self.delivery)
        )


def price(basket: Basket, book: Book, *, without: Collection[int] = ()) -> Quote:
    """What the basket costs, and every step on the way.

    Args:
        without: ids of offers that are left out: their budget is spent, or the person has had their share.

    The basket's lines must be in its currency, with units from 1 up and amounts by hand that are not negative.
    """
    moment = Moment(basket)
    lines = [_Line(place, asked) for place, asked in enumerate(basket.lines)]
    # In an order of the goods, not of the typing: what ties is settled by it.
    lines.sort(
        key=lambda line: (
            line.article.variant_id,
            _or(line.asked.hand_price_minor),
            line.asked.hand_off_minor,
            line.units,
        )
    )
    _price_lines(lines, basket, book, moment)
    candidates = _candidates(lines, basket, book, moment, without)
    plan = _apply(lines, [each for each in candidates if not each.offer.is_exclusive], basket.delivery_fee_minor)
    for alone in sorted((each for each in candidates if each.offer.is_exclusive), key=_rank, reverse=True):
        other = _apply(lines, [alone], basket.delivery_fee_minor)
        if other.benefit > plan.benefit:
            plan = other
    return _quote(lines, basket, book, plan, {each.offer.id for each in candidates})


def _or(amount: int | None) -> int:
    return -1 if amount is None else amount


# 1. Price lists


def _price_lines(lines: Sequence[_Line], basket: Basket, book: Book, moment: Moment) -> None:
    base = [each for each in book.base if each.currency == basket.currency and moment.meets(each.audience)]
    sales = [each for each in book.sales if each.currency == basket.currency and moment.meets(each.audience)]
    units: dict[int, int] = {}
    for line in lines:
        units[line.article.variant_id] = units.get(line.article.variant_id, 0) + line.units
    for line in lines:
        _price_line(line, units[line.article.variant_id], base, sales)
        if book.guard_bp is not None and line.article.cost_minor is not None and not basket.lifts_guard:
            line.floor = floor_of(line.article.cost_minor, book.guard_bp, line.units)


def _price_line(line: _Line, units: int, base: Sequence[PriceList], sales: Sequence[PriceList]) -> None:
    article = line.article
    unit = retail = article.price_minor
    for each in base:
        found = _listed(each, line, units)
        if found is not None:
            unit = found
            if unit != retail:
                line.reasons.append(Reason("list", line.place, (unit - retail) * line.units, each.id, each.name))
            break
    if sales:
        offered = [
            (found, -each.priority, each.id, each)
            for each in sales
            if (found := _listed(each, line, units)) is not None
        ]
        if offered and (lowest := min(offered)[0]) < unit:
            sale = min(offered)[3]
            line.reasons.append(Reason("sale", line.place, (lowest - unit) * line.units, sale.id, sale.name))
            line.compare_at, unit = unit, lowest
    hand = line.asked.hand_price_minor
    if hand is not None and hand != unit:
        line.reasons.append(Reason("hand_price", line.place, (hand - unit) * line.units))
        line.compare_at, unit = 0, hand
    line.unit, line.total = unit, unit * line.units


def _listed(each: PriceList, line: _Line, units: int) -> int | None:
    """A list's price for the line, with tax; None when it has none for so few units."""
    article = line.article
    steps = article.prices.get(each.id)
    found = price_for(steps, units) if steps else None
    if found is not None:
        return with_tax(found, article.tax_rate_bp) if each.is_net else found
    return None if each.adjust_bp is None else part(article.price_minor, each.adjust_bp)


# 2. Offers


def _candidates(
    lines: list[_Line], basket: Basket, book: Book, moment: Moment, without: Collection[int]
) -> list[_Candidate]:
    """Offers whose conditions hold, with their lines; in the order of their ids."""
    met: dict[Entry, list[list[_Line]]] = {}
    for line in lines:
        for entry, role in book.on(line.article):
            roles = met.get(entry)
            if roles is None:
                roles = met[entry] = [[] for _ in entry.roles]
            roles[role].append(line)
    for entry in book.anywhere(basket):
        met[entry] = _roles(entry, lines)
    for entry in book.of_codes(basket):
        met[entry] = _roles(entry, lines)
    found = []
    for entry, roles in met.items():
        if entry.audience is not None and not moment.meets(entry.audience):
            continue
        mine = roles[0]
        if (entry.least_units and sum([line.units for line in mine]) < entry.least_units) or (
            entry.least_minor and sum([line.total for line in mine]) < entry.least_minor
        ):
            continue
        if entry.id not in without and all(roles):
            found.append(_Candidate(entry, roles))
    found.sort(key=_by_id)
    return found


def _by_id(candidate: _Candidate) -> int:
    return candidate.entry.id


def _rank(candidate: _Candidate) -> tuple[int, int]:
    return candidate.entry.rank


def _roles(entry: Entry, lines: list[_Line]) -> list[list[_Line]]:
    """The lines of each role of an offer that was not found by its goods."""
    if len(entry.roles) == 1 and entry.roles[0] == _ALL:
        return [lines]
    return [[line for line in lines if is_in(entry, role, line.keys)] for role in range(len(entry.roles))]


_ALL = Goods()


def _apply(lines: Sequence[_Line], candidates: Sequence[_Candidate], fee: int) -> _Plan:
    """Layer by layer, what saves most."""
    plan = _Plan(fee)
    for line in lines:
        line.begin()
    layers: dict[int, list[_Candidate]] = {}
    for candidate in candidates:
        layers.setdefault(candidate.entry.layer, []).append(candidate)
    for layer in sorted(layers):
        simple: list[_Candidate] = []
        sets: list[_Candidate] = []
        whole: list[_Candidate] = []
        for candidate in layers[layer]:
            entry = candidate.entry
            (simple if entry.is_item else sets if entry.is_set else whole).append(candidate)
        if simple or sets:
            _apply_items(lines, simple, sets, plan)
        if whole:
            _apply_whole(whole, plan)
    return plan


def _apply_items(lines: Sequence[_Line], simple: Sequence[_Candidate], sets: Sequence[_Candidate], plan: _Plan) -> None:
    best: dict[int, tuple[int, Offer]] = {}
    on_line: dict[int, list[_Candidate]] = {}
    for candidate in sorted(simple, key=_rank, reverse=True):
        for line in candidate.lines:
            on_line.setdefault(line.place, []).append(candidate)
    runs = [run for line in lines for run in line.runs]
    for number, run in enumerate(runs):
        unit = run.left // run.units
        for candidate in on_line.get(run.line.place, ()):
            off = off_unit(candidate.offer.effect, unit)  # type: ignore[arg-type]  # sorted by kind in _apply
            if off > best.get(number, (0,))[0]:
                best[number] = (off, candidate.offer)
    if sets:
        _take_sets(runs, sets, best, plan)
    for number, (off, offer) in best.items():
        run = runs[number]
        if run.units:
            _take(run, offer, off * run.units, plan)


def _take_sets(
    runs: Sequence[_Run], sets: Sequence[_Candidate], best: dict[int, tuple[int, Offer]], plan: _Plan
) -> None:
    of_line: dict[int, list[int]] = {}
    for number, run in enumerate(runs):
        of_line.setdefault(run.line.place, []).append(number)
    offers = []
    for candidate in sets:
        roles = [[number for line in role for number in of_line[line.place]] for role in candidate.roles]
        if _enough(candidate.offer, [sum(runs[number].units for number in role) for role in roles]):
            offers.append((candidate.offer, roles))
    if not offers:
        return
    stocks = [
        Stock(run.units, run.left // run.units, best[number][0] if number in best else 0)
        for number, run in enumerate(runs)
    ]
    for stock, place, units, off in choose_sets(stocks, offers):
        run = runs[stock]
        left = stocks[stock].price_minor * units
        # What division left over stays with the units that stay.
        if units == run.units:
            left = run.left
        mine = _Run(run.line, units, left)
        run.units -= units
        run.left -= left
        run.line.runs.append(mine)
        _take(mine, offers[place][0], off, plan)
    for line in {run.line.place: run.line for run in runs}.values():
        line.runs = [run for run in line.runs if run.units]


def _enough(offer: Offer, units: Sequence[int]) -> bool:
    """Whether the basket has what one group takes."""
    effect = offer.effect
    if isinstance(effect, NthItem):
        return units[0] > effect.group - effect.last
    if isinstance(effect, SetPrice):
        return units[0] >= effect.units
    if isinstance(effect, Bundle):
        return all(there >= needed for there, (_, needed) in zip(units, effect.parts, strict=True))
    assert isinstance(effect, BuyGet)  # noqa: S101 - for the type checker
    return units[0] >= effect.buy and units[1] > 0


def _take(run: _Run, offer: Offer, off: int, plan: _Plan) -> None:
    if off <= 0:
        return
    run.left -= off
    run.line.left -= off
    plan.off.append((run.line, offer, off))


def _apply_whole(candidates: Sequence[_Candidate], plan: _Plan) -> None:
    """The one basket offer of a layer that saves most; points are multiplied beside it."""
    best: tuple[int, tuple[int, int], _Candidate] | None = None
    for candidate in candidates:
        effect = candidate.offer.effect
        if isinstance(effect, PointsTimes):
            if effect.times_bp > plan.times[0]:
                plan.times = (effect.times_bp, candidate.offer)
            continue
        saved = _saved(candidate, plan)
        if saved > 0 and (best is None or (saved, candidate.entry.rank) > best[:2]):
            best = (saved, candidate.entry.rank, candidate)
    if best is None:
        return
    saved, _, chosen = best
    effect = chosen.offer.effect
    if isinstance(effect, Gift):
        plan.gifts.append(GiftLine(effect.variant_id, effect.units, effect.worth_minor, chosen.offer.id))
    elif isinstance(effect, DeliveryOff):
        plan.fee -= saved
        plan.delivery.append((chosen.offer, saved))
    else:
        runs = [run for line in chosen.lines for run in line.runs]
        for run, off in zip(runs, share(saved, [run.left for run in runs]), strict=True):
            _take(run, chosen.offer, off, plan)


def _saved(candidate: _Candidate, plan: _Plan) -> int:
    """What a basket offer would save now."""
    effect = candidate.offer.effect
    if isinstance(effect, Gift):
        return effect.units * effect.worth_minor
    if isinstance(effect, DeliveryOff):
        off = part(plan.fee, effect.off_bp)
        return min(off, effect.most_minor) if effect.most_minor else off
    left = sum(line.left for line in candidate.lines)
    if isinstance(effect, BasketPercent):
        off = part(left, effect.off_bp)
        return min(off, effect.most_minor) if effect.most_minor else off
    assert isinstance(effect, BasketAmount)  # noqa: S101 - for the type checker
    times = 1
    if effect.per_minor:
        times = sum(line.total for line in candidate.lines) // effect.per_minor
        times = min(times, effect.most_times) if effect.most_times else times
    return min(effect.off_minor * times, left)


# 4 to 6. Hands, floor, tax


def _quote(lines: Sequence[_Line], basket: Basket, book: Book, plan: _Plan, met: Collection[int]) -> Quote:
    offs = _by_hand(lines, basket, plan)
    guarded = _guard(lines, offs)
    made = {line.place: _quote_line(line) for line in lines}
    reasons = [reason for line in lines for reason in line.reasons]
    reasons += [
        Reason("offer" if offer else "hand", line.place, -off, offer.id if offer else 0, offer.name if offer else "")
        for line, offer, off in offs
        if off
    ]
    reasons += [Reason("offer", None, -off, offer.id, offer.name) for offer, off in plan.delivery]
    reasons += [Reason("guard", line.place, kept) for line, kept in guarded]
    ordered = tuple(made[place] for place in range(len(lines)))
    used = _used(offs, plan, book)
    subtotal, discount = sum(line.total_minor for line in ordered), sum(line.discount_minor for line in ordered)
    reasons.sort(key=lambda each: -1 if each.line is None else each.line)  # stable: within a line, as it came about
    return Quote(
        currency=basket.currency, lines=ordered, gifts=tuple(plan.gifts), subtotal_minor=subtotal,
        discount_minor=discount, delivery_minor=plan.fee, tax_minor=sum(line.tax_minor for line in ordered),
        total_minor=subtotal - discount + plan.fee, guarded_minor=sum(kept for _, kept in guarded),
        points_times_bp=plan.times[0], used=used, reasons=tuple(reasons),
        idle_codes=_idle(basket, met, {each.offer_id for each in used}, book),
    )  # fmt: skip


_Off = tuple[_Line, "Offer | None", int]


def _by_hand(lines: Sequence[_Line], basket: Basket, plan: _Plan) -> list[_Off]:
    """All that is taken off, offers first, then by hand; no line below nothing."""
    offs: list[_Off] = []
    left: dict[int, int] = {line.place: line.total for line in lines}
    for line, offer, off in plan.off:
        offs.append((line, offer, off))
        left[line.place] -= off
    for line in lines:
        if line.asked.hand_off_minor:
            off = min(line.asked.hand_off_minor, left[line.place])
            offs.append((line, None, off))
            left[line.place] -= off
    whole = min(basket.hand_off_minor, sum(left.values()))
    if whole > 0:
        for line, off in zip(lines, share(whole, [left[line.place] for line in lines]), strict=True):
            offs.append((line, None, off))
            left[line.place] -= off
    for line in lines:
        line.left = left[line.place]
    return offs


def _guard(lines: Sequence[_Line], offs: list[_Off]) -> list[tuple[_Line, int]]:
    """Put back what took a line below its floor, the last step first; answers with what was put back."""
    guarded = [(line, short) for line in lines if (short := min(line.floor, line.total) - line.left) > 0]
    missing = {line.place: short for line, short in guarded}
    for line, short in guarded:
        line.left += short
    for number in range(len(offs) - 1, -1, -1) if guarded else ():
        line, offer, off = offs[number]
        if short := missing.get(line.place, 0):
            kept = min(off, short)
            offs[number] = (line, offer, off - kept)
            missing[line.place] = short - kept
    return guarded


def _quote_line(line: _Line) -> QuoteLine:
    rate = line.article.tax_rate_bp
    return QuoteLine(
        line.article.variant_id, line.article.sku, line.units, line.compare_at, line.unit, line.total,
        line.total - line.left, line.left, rate, tax_inside(line.left, rate), line.floor,
    )  # fmt: skip


def _used(offs: Iterable[_Off], plan: _Plan, book: Book) -> tuple[Used, ...]:
    """Offers that apply, and what each saves, in the order in which they came."""
    saved: dict[int, int] = {}
    for _, offer, off in offs:
        if offer is not None and off:
            saved[offer.id] = saved.get(offer.id, 0) + off
    for gift in plan.gifts:
        saved[gift.offer_id] = saved.get(gift.offer_id, 0) + gift.units * gift.worth_minor
    for offer, off in plan.delivery:
        saved[offer.id] = saved.get(offer.id, 0) + off
    if plan.times[1] is not None:
        saved.setdefault(plan.times[1].id, 0)
    return tuple(
        Used(offer_id, book.offers[offer_id].code, book.offers[offer_id].name, off) for offer_id, off in saved.items()
    )


def _idle(basket: Basket, met: Collection[int], used: Collection[int], book: Book) -> tuple[tuple[str, str], ...]:
    idle = []
    for code, offer_id in basket.codes:
        if offer_id in used:
            continue
        reason = "unknown" if offer_id not in book.offers else "better" if offer_id in met else "conditions"
        idle.append((code, reason))
    return tuple(sorted(idle))
