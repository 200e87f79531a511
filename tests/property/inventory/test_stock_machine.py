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
from mekong.inventory.contracts import AdjustmentLine, Held, Short
from mekong.inventory.engine import engine
from mekong.inventory.errors import HoldNotFound, ShortStock
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, asking, assert_sound, level, stock
from tests.support.wiping import wipe

pytestmark = pytest.mark.django_db(transaction=True)

which = st.integers(0, 2)
units = st.integers(1, 6)


class Stock(RuleBasedStateMachine):
    """Two places, three variants; holds that live, expire, are claimed, shipped and released."""

    holds: Bundle[Any] = Bundle("holds")

    @initialize()
    def open(self) -> None:
        wipe()
        self.places = {"A": a_location("A"), "B": a_location("B")}
        self.variants = [a_variant(f"V{number}") for number in range(3)]
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
        lines=st.dictionaries(which, units, min_size=1),
        ttl=st.integers(1, 3),
        key=st.none() | st.integers(0, 3),
    )
    def reserve(self, lines: dict[int, int], ttl: int, key: int | None) -> Any:
        wanted = [(self.variants[number], count) for number, count in lines.items()]
        named = f"{key}:{sorted(wanted)}" if key is not None else None
        repeated = self.keys.get(named or "")
        known = repeated in self.live or repeated in self.claimed
        enough = all(count <= self.free(variant) for variant, count in wanted)
        answer = engine().call(asking(*wanted, now=self.now, ttl_s=ttl * 60, key=named))
        if isinstance(answer, Held) and answer.is_repeat:
            assert answer.hold_id == repeated
            return answer.hold_id
        if known and self.live.get(str(repeated), (None, self.now))[1] > self.now:
            raise AssertionError(f"{named} was forgotten")
        assert isinstance(answer, Held) == enough, (wanted, [self.free(variant) for variant, _ in wanted], answer)
        if isinstance(answer, Short):
            return None
        assert Counter(wanted_units(answer)) == Counter(dict(wanted))
        self.live[answer.hold_id] = (answer, self.now + timedelta(minutes=ttl))
        if named:
            self.keys[named] = answer.hold_id
        return answer.hold_id

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

    @rule(minutes=st.integers(1, 3))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        inventory.release_expired(now=self.now)
        self.live = {hold: each for hold, each in self.live.items() if each[1] > self.now}
        for variant in self.variants:
            assert sum(level(variant, place)[1] for place in self.places.values()) == self.promised(variant)

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

    def teardown(self) -> None:
        if hasattr(self, "variants"):
            assert_sound(besides=["orders.hold_their_goods"])  # claimed here without an order


def wanted_units(held: Held) -> dict[int, int]:
    found: Counter[int] = Counter()
    for variant, _, count in held.lines:
        found[variant] += count
    return found


@pytest.mark.timeout(900)
def test_every_history_of_stock_agrees_with_the_model() -> None:
    limits = settings(max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Stock, settings=limits)  # type: ignore[no-untyped-call]  # Hypothesis does not say
