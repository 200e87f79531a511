"""Ledger and reservations against a model in memory, by random histories on the real database."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.inventory.contracts import AdjustmentLine, Held, Short
from mekong.inventory.engine import engine
from mekong.inventory.errors import HoldNotFound, ShortStock
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, asking, assert_sound, level, stock
from tests.support.wiping import wipe

pytestmark = pytest.mark.django_db(transaction=True)

which = st.integers(0, 2)
GIFT = 3
PARTS = {0: 2, 1: 1}
"""Number 3 is a bundle of two of the first and one of the second."""
RULES: dict[str, tuple[str, str, str]] = {
    "none": ("", "", ""), "cap": ("cap", "sku", "V3"), "slice": ("slice", "sku", "V3"), "all": ("cap", "channel", ""),
}  # fmt: skip
"""Kind, scope and target of what the channel web goes by."""
units = st.integers(1, 6)


class Stock(RuleBasedStateMachine):
    """Two places, three variants and a bundle; holds that live, expire, are claimed, split, shipped and released.

    One of two channels may have a cap or a slice of the bundle, or a cap of all it sells. What a hold counts there is kept
    beside it: bundles as bundles.
    """

    holds: Bundle[Any] = Bundle("holds")

    @initialize(ruled=st.sampled_from(sorted(RULES)), most=st.integers(2, 9))
    def open(self, ruled: str, most: int) -> None:
        wipe()
        self.places = {"A": a_location("A"), "B": a_location("B")}
        self.variants = [a_variant(f"V{number}") for number in range(3)]
        self.gift = a_variant("V3", parts={f"V{number}": each for number, each in PARTS.items()})
        self.ruled, self.most, self.shipped = ruled, most, 0
        if ruled != "none":
            kind, scope, target = RULES[ruled]
            inventory.set_control(
                actor=SYSTEM, channel="web", scope=scope, kind=kind, target=target, amount=most
            )  # fmt: skip
        self.counts: dict[str, int] = {}
        self.on_hand: Counter[tuple[int, int]] = Counter()
        self.live: dict[str, tuple[Held, Any]] = {}
        self.claimed: dict[str, Held] = {}
        self.keys: dict[str, str] = {}
        self.now = NOON

    def promised(self, variant: int) -> int:
        """Units of a variant that nobody else may have: of orders, and of holds whose time is not up."""
        standing = [held for held, until in self.live.values() if until > self.now] + list(self.claimed.values())
        return sum(count for held in standing for each, _, count in held.lines if each == variant)

    def free(self, variant: int) -> int:
        return sum(self.on_hand[variant, place] for place in self.places.values()) - self.promised(variant)

    def used(self) -> int:
        """What counts against the channel's rule: sold, of orders, and of holds whose time is not up."""
        standing = [hold for hold, (_, until) in self.live.items() if until > self.now] + list(self.claimed)
        return self.shipped + sum(self.counts.get(hold, 0) for hold in standing)

    def counted(self, channel: str, lines: dict[int, int]) -> int:
        if channel != "web" or self.ruled == "none":
            return 0
        return sum(lines.values()) if self.ruled == "all" else lines.get(GIFT, 0)

    def allows(self, channel: str, lines: dict[int, int]) -> bool:
        parts = Counter({number: count for number, count in lines.items() if number != GIFT})
        for number, each in PARTS.items():
            parts[number] += each * lines.get(GIFT, 0)
        kept = max(0, self.most - self.used()) if self.ruled == "slice" and channel != "web" else 0
        fits = all(
            count <= self.free(self.variants[number]) - kept * PARTS.get(number, 0) for number, count in parts.items() if count
        )  # fmt: skip
        counted = self.counted(channel, lines)
        return fits and (not counted or self.used() + counted <= self.most)

    @rule(number=which, place=st.sampled_from("AB"), count=units)
    def receive(self, number: int, place: str, count: int) -> None:
        stock(self.variants[number], place, count)
        self.on_hand[self.variants[number], self.places[place]] += count

    @rule(number=which, place=st.sampled_from("AB"), count=units)
    def lose(self, number: int, place: str, count: int) -> None:
        variant, here = self.variants[number], self.places[place]
        on_hand, reserved = level(variant, here)
        try:
            inventory.adjust_stock(
                actor=SYSTEM, location=place, reason="scrap", lines=[AdjustmentLine(variant, -count)], now=self.now
            )
        except ShortStock:
            assert count > on_hand - reserved
        else:
            assert count <= on_hand - reserved
            self.on_hand[variant, here] -= count

    @rule(
        target=holds,
        lines=st.dictionaries(st.integers(0, GIFT), units, min_size=1),
        channel=st.sampled_from(["web", "live"]),
        ttl=st.integers(1, 3),
        key=st.none() | st.integers(0, 3),
    )
    def reserve(self, lines: dict[int, int], channel: str, ttl: int, key: int | None) -> Any:
        wanted = [((*self.variants, self.gift)[number], count) for number, count in lines.items()]
        named = f"{key}:{channel}:{sorted(wanted)}" if key is not None else None
        repeated = self.keys.get(named or "")
        known = repeated in self.live or repeated in self.claimed
        enough = self.allows(channel, lines)
        answer = engine().call(asking(*wanted, channel=channel, now=self.now, ttl_s=ttl * 60, key=named))
        if isinstance(answer, Held) and answer.is_repeat:
            assert answer.hold_id == repeated
            return answer.hold_id
        if known and self.live.get(str(repeated), (None, self.now))[1] > self.now:
            raise AssertionError(f"{named} was forgotten")
        assert isinstance(answer, Held) == enough, (lines, [self.free(variant) for variant in self.variants], answer)
        if isinstance(answer, Short):
            return None
        assert wanted_units(answer) == self.apart(lines)
        self.counts[answer.hold_id] = self.counted(channel, lines)
        self.live[answer.hold_id] = (answer, self.now + timedelta(minutes=ttl))
        if named:
            self.keys[named] = answer.hold_id
        return answer.hold_id

    def apart(self, lines: dict[int, int]) -> dict[int, int]:
        units = Counter({self.variants[number]: count for number, count in lines.items() if number != GIFT})
        for number, each in PARTS.items():
            units[self.variants[number]] += each * lines.get(GIFT, 0)
        return {variant: count for variant, count in units.items() if count}

    @rule(hold=holds)
    def claim(self, hold: str | None) -> None:
        if hold is None:
            return
        with transaction.atomic():
            got = inventory.claim({hold: "order"})
        if hold in self.live and self.live[hold][1] > self.now:
            assert got == {hold}
        if got:
            self.claimed[hold] = self.live.pop(hold)[0]

    @rule(hold=consumes(holds))
    def ship(self, hold: str | None) -> None:
        if hold in self.claimed:
            with transaction.atomic():
                inventory.ship_holds(holds={hold: "DH"}, actor=SYSTEM, now=self.now)
            self.shipped += self.counts.get(hold, 0)
            for variant, place, count in self.claimed.pop(hold).lines:
                self.on_hand[variant, place] -= count

    @rule(hold=holds)
    def let_go(self, hold: str | None) -> None:
        if hold is None:
            return
        try:
            inventory.release_hold(actor=SYSTEM, hold_id=UUID(hold), now=self.now)
        except HoldNotFound:
            assert hold not in self.live
        self.live.pop(hold, None)

    @rule(hold=holds)
    def cancel(self, hold: str | None) -> None:
        if hold in self.claimed:
            with transaction.atomic():
                inventory.give_back(hold_ids=[hold], actor=SYSTEM, now=self.now)
            del self.claimed[hold]

    @rule(target=holds, hold=holds, count=units)
    def split(self, hold: str | None, count: int) -> Any:
        """Bundles go to another order, and what they count with them."""
        if hold not in self.claimed or self.ruled not in ("cap", "slice") or count >= self.counts[hold]:
            return None
        away = self.apart({GIFT: count})
        with transaction.atomic():
            made, moved = inventory.split_hold(
                hold_id=hold, claimed_by="other", units=away, sold={self.gift: count}, now=self.now
            )
        assert made is not None
        assert wanted_units(Held(made, tuple(moved))) == away
        left = Counter({(variant, place): units for variant, place, units in self.claimed[hold].lines})
        left.subtract({(variant, place): units for variant, place, units in moved})
        self.claimed[hold] = Held(hold, tuple((*pair, units) for pair, units in left.items() if units))
        self.claimed[made] = Held(made, tuple(moved))
        self.counts[hold] -= count
        self.counts[made] = count
        return made

    @rule(minutes=st.integers(1, 3))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        inventory.release_expired(now=self.now)
        self.live = {hold: each for hold, each in self.live.items() if each[1] > self.now}
        for variant in self.variants:
            assert sum(level(variant, place)[1] for place in self.places.values()) == self.promised(variant)
        assert [row.used for row in queries.list_controls(actor=SYSTEM)] in ([], [self.used()])

    @rule(number=which, count=units, source=st.sampled_from("AB"))
    def move(self, number: int, count: int, source: str) -> None:
        target = "B" if source == "A" else "A"
        variant = self.variants[number]
        on_hand, reserved = level(variant, self.places[source])
        try:
            sent, _ = inventory.ship_transfer(
                actor=SYSTEM, from_code=source, to_code=target, lines=[(variant, count)], now=self.now
            )
        except ShortStock:
            assert count > on_hand - reserved
            return
        inventory.receive_transfer(actor=SYSTEM, transfer_id=sent, now=self.now)
        self.on_hand[variant, self.places[source]] -= count
        self.on_hand[variant, self.places[target]] += count

    @invariant()
    def shelves_are_as_in_the_model(self) -> None:
        for variant in getattr(self, "variants", ()):
            for place in self.places.values():
                on_hand, reserved = level(variant, place)
                assert on_hand == self.on_hand[variant, place]
                assert 0 <= reserved <= on_hand
        for row in queries.list_controls(actor=SYSTEM) if hasattr(self, "variants") else ():
            assert self.used() <= row.used <= self.most

    def teardown(self) -> None:
        if hasattr(self, "variants"):
            assert_sound(besides=["orders.hold_their_goods"])  # claimed here without an order


def wanted_units(held: Held) -> dict[int, int]:
    found: Counter[int] = Counter()
    for variant, _, count in held.lines:
        found[variant] += count
    return dict(found)


@pytest.mark.timeout(900)
def test_every_history_of_stock_agrees_with_the_model() -> None:
    limits = settings(max_examples=16, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Stock, settings=limits)  # type: ignore[no-untyped-call]  # Hypothesis does not say
