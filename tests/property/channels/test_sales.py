"""Laws of covering a sale by promotions: whatever stands there, it ends up on sale when it should and at no other time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mekong.channels.socket import SalePrice
from mekong.channels.socket.sales import MINUTE, Plan, Promotion, Terms, plan

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
TERMS = Terms(lead=timedelta(minutes=65), shortest=timedelta(hours=1), longest=timedelta(days=180) - MINUTE)
HOUR = timedelta(hours=1)


@dataclass
class World:
    """A platform's promotions, and the prices of one listing in them."""

    promotions: dict[str, Promotion] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)

    def asked(self, sale: SalePrice | None, now: datetime) -> Plan:
        return plan(sale, self.prices, [each for each in self.promotions.values() if each.ends_at > now], TERMS, now)

    def do(self, wanted: Plan, sale: SalePrice | None) -> None:
        for number in wanted.leave:
            del self.prices[number]
        for number in wanted.reprice:
            assert sale is not None
            self.prices[number] = sale.price_minor
        for part in wanted.enter:
            assert sale is not None
            number = part.promotion_id or str(100 + len(self.promotions))
            if not part.promotion_id:
                assert part.starts_at >= NOW + TERMS.lead
                assert TERMS.shortest <= part.ends_at - part.starts_at <= TERMS.longest
                self.promotions[number] = Promotion(number, part.starts_at, part.ends_at)
            self.prices[number] = sale.price_minor

    def stretches(self, now: datetime) -> list[tuple[datetime, datetime]]:
        return sorted(
            (max(self.promotions[each].starts_at, now), self.promotions[each].ends_at) for each in self.prices
        )


minutes = st.integers(-60 * 24 * 20, 60 * 24 * 400).map(lambda count: NOW.replace(second=0) + count * MINUTE)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """The listing is in promotions that do not overlap; others that do are there too."""
    world = World()
    at = NOW.replace(second=0) - timedelta(days=20)
    for number in range(draw(st.integers(0, 5))):
        at += draw(st.integers(0, 60 * 24 * 30)) * MINUTE
        ends = at + draw(st.integers(60, 60 * 24 * 60)) * MINUTE
        if ends > NOW:
            world.promotions[str(number)] = Promotion(str(number), at, ends)
            if draw(st.booleans()):
                world.prices[str(number)] = draw(st.sampled_from([79_000, 99_000]))
        at = ends
    for number in range(10, 10 + draw(st.integers(0, 4))):
        begins = draw(minutes)
        ends = begins + draw(st.integers(60, 60 * 24 * 60)) * MINUTE
        if ends > NOW:
            world.promotions[str(number)] = Promotion(str(number), begins, ends)
    return world


@st.composite
def sales(draw: st.DrawFn) -> SalePrice:
    begins = draw(st.none() | minutes)
    length = draw(st.none() | st.integers(1, 60 * 24 * 1000))
    ends = None if length is None else max(begins or NOW, NOW) + length * MINUTE
    return SalePrice(79_000, begins, ends)


@given(worlds(), sales())
def test_done_once_there_is_nothing_left_to_do(world: World, sale: SalePrice) -> None:
    world.do(world.asked(sale, NOW), sale)
    again = world.asked(sale, NOW)
    assert (again.leave, again.reprice, again.enter) == ((), (), ())


@given(worlds(), sales())
def test_it_is_on_sale_within_the_wanted_time_alone_and_never_twice(world: World, sale: SalePrice) -> None:
    world.do(world.asked(sale, NOW), sale)
    stretches = world.stretches(NOW)
    for begins, ends in stretches:
        assert sale.starts_at is None or begins >= sale.starts_at - MINUTE
        assert sale.ends_at is None or ends <= sale.ends_at
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(stretches))
    assert set(world.prices.values()) <= {79_000}


@given(worlds(), sales())
def test_the_wanted_time_is_covered_from_the_soonest_moment_on(world: World, sale: SalePrice) -> None:
    world.do(world.asked(sale, NOW), sale)
    at = soonest = max(sale.starts_at or NOW, NOW + TERMS.lead + timedelta(minutes=5))
    for begins, ends in world.stretches(NOW):
        if begins > at + HOUR + TERMS.lead + timedelta(minutes=5):
            break  # a stretch too short for a promotion of its own may stay open between two that are there
        at = max(at, ends)
    until = soonest + timedelta(days=29) if sale.ends_at is None else min(sale.ends_at, soonest + timedelta(days=729))
    assert at >= until - HOUR - MINUTE


@given(worlds(), sales())
def test_what_stands_within_the_wanted_time_is_not_interrupted(world: World, sale: SalePrice) -> None:
    before = dict(world.prices)
    wanted = world.asked(sale, NOW)
    begins, ends = max(sale.starts_at or NOW, NOW), sale.ends_at
    for number in before:
        each = world.promotions[number]
        if max(each.starts_at, NOW) >= begins and (ends is None or each.ends_at <= ends - MINUTE):
            assert number not in wanted.leave


@given(worlds())
def test_where_no_sale_is_wanted_it_leaves_them_all(world: World) -> None:
    for nothing in (None, SalePrice(1, None, NOW)):
        wanted = world.asked(nothing, NOW)
        assert set(wanted.leave) == set(world.prices)
        assert not wanted.enter
        assert not wanted.reprice
        assert not wanted.is_too_late
