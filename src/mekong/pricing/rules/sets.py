"""Which units take part in which set offer, so that the goods cost least: an exact search.

A *set offer* gives something for several units together (buy two get one, three for a price, a bundle). Each unit takes part in
at most one offer of a layer, so units that a set offer takes are lost to the others. The choice is made by dynamic
programming over the units, dearest first. What the units seen so far mean for the rest is only how full the open group
of each set offer is, so that is the state, and of all ways to one state the one that saves most is kept.

That order loses nothing. Of the units given to “every third is free” the groups that save most are consecutive ones of the
dearest-first order: exchanging a unit of an earlier group for a dearer one of a later group never lowers the unit that is
free. For the others, what a group saves depends on what is in it and not on the order. `tests/property/pricing` compares
with an exhaustive search over all ways to form groups.

Work is bounded by two rules that are part of what offers mean: at most `MOST_COMPETING` set offers compete for the same goods
(those of the highest priority), and set offers see the dearest `MOST_UNITS` units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from mekong.foundation.money import share
from mekong.pricing.contracts.offers import Bundle, BuyGet, NthItem, Offer, SetPrice
from mekong.pricing.rules.amounts import part

MOST_COMPETING = 4
MOST_UNITS = 500

State = Any
"""How full the open group of a set offer is: hashable, and nothing else is asked of it."""


class _Rule(Protocol):
    """A set offer as an automaton over units, dearest first."""

    start: State

    def take(self, state: State, role: int, price: int) -> tuple[State, int] | None:
        """The state after taking a unit in a role, and what that saves; None when it may not be taken."""

    def is_whole(self, state: State) -> bool:
        """Whether the search may end here."""

    def groups(self, taken: Sequence[tuple[int, int, int]]) -> list[tuple[list[tuple[int, int]], int]]:
        """Units taken, (unit, role, price) in order, as groups: ([(unit, price), …], what the group saves)."""


class _Nth:
    start = 0

    def __init__(self, effect: NthItem) -> None:
        self.effect = effect
        self.most = effect.most_times * effect.group

    def take(self, state: int, _role: int, price: int) -> tuple[int, int] | None:
        effect = self.effect
        if self.most and state == self.most:
            return None
        is_cheaper = state % effect.group >= effect.group - effect.last
        after = state + 1 if self.most else (state + 1) % effect.group
        return after, part(price, effect.off_bp) if is_cheaper else 0

    def is_whole(self, _state: int) -> bool:
        return True

    def groups(self, taken: Sequence[tuple[int, int, int]]) -> list[tuple[list[tuple[int, int]], int]]:
        size, full = self.effect.group, self.effect.group - self.effect.last
        found = []
        for start in range(0, len(taken), size):
            group = [(unit, price) for unit, _, price in taken[start : start + size]]
            found.append((group, sum(part(price, self.effect.off_bp) for _, price in group[full:])))
        return found


class _Priced:
    start = 0

    def __init__(self, effect: SetPrice) -> None:
        self.effect = effect
        self.most = effect.most_times * effect.units

    def take(self, state: int, _role: int, price: int) -> tuple[int, int] | None:
        if self.most and state == self.most:
            return None
        after = state + 1
        gain = price - (self.effect.price_minor if after % self.effect.units == 0 else 0)
        return (after if self.most else after % self.effect.units), gain

    def is_whole(self, state: int) -> bool:
        return state % self.effect.units == 0

    def groups(self, taken: Sequence[tuple[int, int, int]]) -> list[tuple[list[tuple[int, int]], int]]:
        size = self.effect.units
        cut = [taken[start : start + size] for start in range(0, len(taken), size)]
        return [_group(each, self.effect.price_minor) for each in cut if len(each) == size]


class _Bundled:
    def __init__(self, effect: Bundle) -> None:
        self.effect = effect
        self.needs = tuple(units for _, units in effect.parts)
        self.start: tuple[tuple[int, ...], int] = ((0,) * len(self.needs), 0)

    def take(self, state: tuple[tuple[int, ...], int], role: int, price: int) -> tuple[State, int] | None:
        counts, times = state
        most = self.effect.most_times
        if most and counts[role] >= (most - times) * self.needs[role]:
            return None
        after = (*counts[:role], counts[role] + 1, *counts[role + 1 :])
        if all(count >= need for count, need in zip(after, self.needs, strict=True)):
            after = tuple(count - need for count, need in zip(after, self.needs, strict=True))
            return (after, times + 1 if most else 0), price - self.effect.price_minor
        return (after, times), price

    def is_whole(self, state: tuple[tuple[int, ...], int]) -> bool:
        return not any(state[0])

    def groups(self, taken: Sequence[tuple[int, int, int]]) -> list[tuple[list[tuple[int, int]], int]]:
        queues: list[list[tuple[int, int, int]]] = [[] for _ in self.needs]
        for each in taken:
            queues[each[1]].append(each)
        times = min(len(queue) // need for queue, need in zip(queues, self.needs, strict=True))
        return [
            _group(
                [
                    each
                    for queue, need in zip(queues, self.needs, strict=True)
                    for each in queue[n * need : (n + 1) * need]
                ],
                self.effect.price_minor,
            )
            for n in range(times)
        ]


class _Bought:
    """State: units bought since the last reward, rewards earned and not taken (below zero: taken in advance), times."""

    start = (0, 0, 0)

    def __init__(self, effect: BuyGet) -> None:
        self.effect = effect

    def take(self, state: tuple[int, int, int], role: int, price: int) -> tuple[State, int] | None:
        bought, earned, times = state
        effect = self.effect
        if role == 1:
            if effect.most_times and earned - 1 < -(effect.most_times - times) * effect.get_units:
                return None
            return (bought, earned - 1, times), part(price, effect.off_bp)
        if effect.most_times and times == effect.most_times:
            return None
        if bought + 1 < effect.buy:
            return (bought + 1, earned, times), 0
        return (0, earned + effect.get_units, times + 1 if effect.most_times else 0), 0

    def is_whole(self, state: tuple[int, int, int]) -> bool:
        return state[1] >= 0

    def groups(self, taken: Sequence[tuple[int, int, int]]) -> list[tuple[list[tuple[int, int]], int]]:
        buys = [each for each in taken if each[1] == 0]
        gets = [each for each in taken if each[1] == 1]
        found = []
        for n in range(len(buys) // self.effect.buy):
            given = gets[n * self.effect.get_units : (n + 1) * self.effect.get_units]
            whole = [*buys[n * self.effect.buy : (n + 1) * self.effect.buy], *given]
            saved = sum(part(price, self.effect.off_bp) for _, _, price in given)
            found.append(([(unit, price) for unit, _, price in whole], saved))
        return found


def _group(taken: Sequence[tuple[int, int, int]], price_minor: int) -> tuple[list[tuple[int, int]], int]:
    return [(unit, price) for unit, _, price in taken], sum(price for _, _, price in taken) - price_minor


def _rule(offer: Offer) -> _Rule:
    effect = offer.effect
    if isinstance(effect, NthItem):
        return _Nth(effect)
    if isinstance(effect, SetPrice):
        return _Priced(effect)
    if isinstance(effect, Bundle):
        return _Bundled(effect)
    assert isinstance(effect, BuyGet)  # noqa: S101 - for the type checker
    return _Bought(effect)


_Options = dict[int, list[tuple[int, int]]]
"""Stock to the (rule, role) that may take it."""


class Stock(NamedTuple):
    """Units alike: `simple_minor` is what the best other offer of the layer saves on one of them."""

    units: int
    price_minor: int
    simple_minor: int


def could_save(effect: object, roles: Sequence[Sequence[tuple[int, int]]]) -> bool:
    """Whether one group could save anything at all; cheap, and never wrong when it says no.

    `roles`: (price, units) of what may take each role, at prices before offers.
    """
    if isinstance(effect, SetPrice):
        return _dearest(roles[0], effect.units) > effect.price_minor
    if isinstance(effect, Bundle):
        parts = [_dearest(role, need) for role, (_, need) in zip(roles, effect.parts, strict=True)]
        return all(parts) and sum(parts) > effect.price_minor
    there = sum(units for _, units in roles[0])
    if isinstance(effect, NthItem):
        return there > effect.group - effect.last
    assert isinstance(effect, BuyGet)  # noqa: S101 - for the type checker
    return there >= effect.buy


def _dearest(stock: Sequence[tuple[int, int]], units: int) -> int:
    """What the dearest so many units cost; 0 when there are not as many."""
    total = 0
    for price, there in sorted(stock, reverse=True):
        total += price * min(there, units)
        units -= there
        if units <= 0:
            return total
    return 0


class Taken(NamedTuple):
    """Units of a stock that take part in an offer (its position), and what comes off them together."""

    stock: int
    offer: int
    units: int
    off_minor: int


def choose_sets(stocks: Sequence[Stock], offers: Sequence[tuple[Offer, Sequence[Sequence[int]]]]) -> list[Taken]:
    """The use of set offers under which the stocks cost least.

    Args:
        stocks: in an order of their own that does not depend on how the basket was typed; ties go to the earlier.
        offers: each with the stocks (positions) that may take each of its roles.
    """
    found: list[Taken] = []
    for members in _competing(offers):
        chosen = sorted(members, key=lambda place: (-offers[place][0].priority, offers[place][0].id))[:MOST_COMPETING]
        found += _search(stocks, [(place, *offers[place]) for place in chosen])
    return found


def _competing(offers: Sequence[tuple[Offer, Sequence[Sequence[int]]]]) -> list[list[int]]:
    """Offers (positions) that want the same stocks, together; directly or by way of others."""
    rooms: list[tuple[set[int], list[int]]] = []
    for place, (_, roles) in enumerate(offers):
        wanted = {stock for role in roles for stock in role}
        members = [place]
        apart = []
        for stocks, others in rooms:
            if stocks.isdisjoint(wanted):
                apart.append((stocks, others))
            else:
                wanted |= stocks
                members = others + members
        rooms = [*apart, (wanted, members)]
    return [members for _, members in rooms]


def _search(stocks: Sequence[Stock], offers: Sequence[tuple[int, Offer, Sequence[Sequence[int]]]]) -> list[Taken]:
    rules = [_rule(offer) for _, offer, _ in offers]
    options: _Options = {}
    for k, (_, _, roles) in enumerate(offers):
        for role, members in enumerate(roles):
            for stock in members:
                options.setdefault(stock, []).append((k, role))
    order = sorted(options, key=lambda stock: (-stocks[stock].price_minor, stock))
    units = [stock for stock in order for _ in range(min(stocks[stock].units, MOST_UNITS))][:MOST_UNITS]

    way = _one(stocks, rules[0], options, units) if len(rules) == 1 else _several(stocks, rules, options, units)
    return _read(stocks, offers, rules, units, way)


Way = Any
"""The way to a state: None at the start, else (way before, place of the unit, rule, role) of the last unit taken."""


def _one(stocks: Sequence[Stock], rule: _Rule, options: _Options, units: Sequence[int]) -> Way:
    """As `_several`, of one rule alone, which is most often the case."""
    take = rule.take
    ways: dict[State, tuple[int, Way]] = {rule.start: (0, None)}
    for number, stock in enumerate(units):
        _, price, simple = stocks[stock]
        after = {state: (saved + simple, way) for state, (saved, way) in ways.items()} if simple else dict(ways)
        for _, role in options[stock]:
            for state, (saved, way) in ways.items():
                step = take(state, role, price)
                if step is not None:
                    then, gain = step
                    there = after.get(then)
                    if there is None or saved + gain > there[0]:
                        after[then] = (saved + gain, (way, number, 0, role))
        ways = after
    return max((end for state, end in ways.items() if rule.is_whole(state)), key=_saved)[1]


def _several(stocks: Sequence[Stock], rules: Sequence[_Rule], options: _Options, units: Sequence[int]) -> Way:
    """The way that saves most, by the states of all rules together."""
    ways: dict[State, tuple[int, Way]] = {tuple(rule.start for rule in rules): (0, None)}
    for number, stock in enumerate(units):
        _, price, simple = stocks[stock]
        after: dict[State, tuple[int, Way]] = {state: (saved + simple, way) for state, (saved, way) in ways.items()}
        for state, (saved, way) in ways.items():
            for k, role in options[stock]:
                step = rules[k].take(state[k], role, price)
                if step is not None:
                    then = (*state[:k], step[0], *state[k + 1 :])
                    there = after.get(then)
                    if there is None or saved + step[1] > there[0]:
                        after[then] = (saved + step[1], (way, number, k, role))
        ways = after
    whole = (
        end for state, end in ways.items() if all(rule.is_whole(each) for rule, each in zip(rules, state, strict=True))
    )
    return max(whole, key=_saved)[1]


def _saved(end: tuple[int, Way]) -> int:
    return end[0]


def _read(
    stocks: Sequence[Stock],
    offers: Sequence[tuple[int, Offer, Sequence[Sequence[int]]]],
    rules: Sequence[_Rule],
    units: Sequence[int],
    way: Way,
) -> list[Taken]:
    """The chosen way as what each stock gives to each offer; what a group saves is shared by its units' prices."""
    taken: list[list[tuple[int, int, int]]] = [[] for _ in rules]
    while way is not None:
        way, number, k, role = way
        taken[k].append((units[number], role, stocks[units[number]].price_minor))
    found = []
    for k, rule in enumerate(rules):
        sums: dict[int, list[int]] = {}
        for group, saved in rule.groups(taken[k][::-1]):
            if saved <= 0:
                continue
            for (stock, _), off in zip(group, share(saved, [price for _, price in group]), strict=True):
                mine = sums.setdefault(stock, [0, 0])
                mine[0] += 1
                mine[1] += off
        found += [Taken(stock, offers[k][0], count, off) for stock, (count, off) in sorted(sums.items())]
    return found
