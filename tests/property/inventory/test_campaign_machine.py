"""Campaigns, carts and orders against a model in memory: nothing is promised twice, and what is set aside adds up.

At any time, for each SKU: pool + what campaigns have left + what carts and orders hold = on hand.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from mekong.inventory.contracts import Held, WantedLine
from mekong.inventory.engine import engine
from mekong.inventory.errors import CampaignOver, HoldNotFound, NothingSetAside
from mekong.inventory.models import HoldLine, StockLevel
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, asking, assert_sound, stock
from tests.support.wiping import wipe

pytestmark = pytest.mark.django_db(transaction=True)

CHANNELS = ("shopee-1", "lazada-1", "web")
which = st.integers(0, 1)
units = st.integers(1, 6)
channels = st.sampled_from(CHANNELS)


@dataclass
class Campaign:
    """`starts`, `ends`; units wanted by variant; `left` and `sold` of those set aside."""

    channel: str
    starts: datetime
    ends: datetime
    wanted: dict[int, int]
    state: str = "planned"
    left: Counter[int] = field(default_factory=Counter)
    sold: Counter[int] = field(default_factory=Counter)
    aside: Counter[int] = field(default_factory=Counter)


@dataclass
class Taken:
    """A cart or order: units by variant, and how many of them came from each campaign."""

    lines: dict[int, int]
    of: dict[str, Counter[int]]
    until: datetime | None


class Campaigns(RuleBasedStateMachine):
    """Two places, two SKUs, three channels."""

    holds: Bundle[Any] = Bundle("holds")
    plans: Bundle[Any] = Bundle("plans")

    @initialize()
    def open(self) -> None:
        wipe()
        a_location("A", priority=1)
        a_location("B", priority=2)
        self.variants = [a_variant(f"V{number}") for number in range(2)]
        self.on_hand: Counter[int] = Counter()
        self.campaigns: dict[str, Campaign] = {}
        self.taken: dict[str, Taken] = {}
        self.now = NOON

    # --- the model -----------------------------------------------------------------------------------------------

    def running(self, channel: str, variant: int) -> list[str]:
        found = [
            code
            for code, each in self.campaigns.items()
            if each.state == "running" and each.ends > self.now and each.channel == channel and each.left[variant]
        ]
        return sorted(found, key=lambda code: (self.campaigns[code].ends, code))

    def pool(self, variant: int) -> int:
        """Free for all: on hand, less what campaigns have left, less what is held. What is over is over by the clock."""
        left = sum(
            each.left[variant] for each in self.campaigns.values() if each.state == "running" and each.ends > self.now
        )
        held = sum(
            each.lines.get(variant, 0) for each in self.taken.values() if each.until is None or each.until > self.now
        )
        # Units of expired carts that belong to a running campaign are the campaign's again.
        dead = [each for each in self.taken.values() if each.until is not None and each.until <= self.now]
        owed = sum(
            count[variant] for each in dead for code, count in each.of.items() if self.is_live(code)
        )  # fmt: skip
        return self.on_hand[variant] - left - held - owed

    def is_live(self, code: str) -> bool:
        each = self.campaigns[code]
        return each.state == "running" and each.ends > self.now

    def let_go(self, hold: str) -> None:
        gone = self.taken.pop(hold)
        for code, count in gone.of.items():
            if self.is_live(code):
                self.campaigns[code].left.update(count)
                self.campaigns[code].sold.subtract(count)

    def sweep_model(self) -> None:
        for hold in [hold for hold, each in self.taken.items() if each.until is not None and each.until <= self.now]:
            self.let_go(hold)

    # --- the rules -----------------------------------------------------------------------------------------------

    @rule(number=which, place=st.sampled_from("AB"), count=units)
    def receive(self, number: int, place: str, count: int) -> None:
        stock(self.variants[number], place, count)
        self.on_hand[self.variants[number]] += count

    @rule(
        target=plans,
        channel=channels,
        wanted=st.dictionaries(which, units, min_size=1),
        starts=st.integers(0, 2),
        lasts=st.integers(1, 6),
    )
    def plan(self, channel: str, wanted: dict[int, int], starts: int, lasts: int) -> Any:
        self.sweep()
        lines = {self.variants[number]: count for number, count in wanted.items()}
        begins = self.now + timedelta(minutes=starts)
        fits = {variant: self.pool(variant) >= count for variant, count in lines.items()}
        try:
            view = inventory.plan_campaign(
                actor=SYSTEM, channel=channel, name="x", starts_at=begins, ends_at=begins + timedelta(minutes=lasts),
                lines=[WantedLine(variant, count) for variant, count in lines.items()], now=self.now,
            )  # fmt: skip
        except NothingSetAside:
            assert not starts
            assert not any(fits.values())
            return None
        made = Campaign(channel, begins, view.ends_at, lines)
        self.campaigns[view.code] = made
        if not starts:
            assert {line.variant_id: line.state == "aside" for line in view.lines} == fits
            self.begin(made, fits)
        return view.code

    def begin(self, made: Campaign, fits: dict[int, bool]) -> None:
        made.state = "running"
        for variant, count in made.wanted.items():
            if fits[variant]:
                made.left[variant] = made.aside[variant] = count

    @rule(code=plans, minutes=st.integers(1, 5))
    def extend(self, code: str | None, minutes: int) -> None:
        if code is None:
            return
        made, until = self.campaigns[code], self.now + timedelta(minutes=minutes)
        if until <= made.starts:
            return
        try:
            inventory.extend_campaign(actor=SYSTEM, code=code, ends_at=until, now=self.now)
        except CampaignOver:
            assert made.state not in ("planned", "running") or made.ends <= self.now
        else:
            made.ends = until

    @rule(code=plans)
    def end(self, code: str | None) -> None:
        if code is None:
            return
        inventory.end_campaign(actor=SYSTEM, code=code, now=self.now)
        made = self.campaigns[code]
        made.state = {"running": "ended", "planned": "cancelled"}.get(made.state, made.state)

    @rule()
    def turn(self) -> None:
        self.sweep()
        for made in sorted(self.campaigns.values(), key=lambda each: each.starts):
            if made.state == "planned" and made.starts <= self.now:
                if made.ends <= self.now:
                    made.state = "cancelled"
                else:
                    self.begin(made, {variant: self.pool(variant) >= count for variant, count in made.wanted.items()})
        for made in self.campaigns.values():
            if made.state == "running" and made.ends <= self.now:
                made.state = "ended"
        inventory.turn_campaigns(now=self.now)

    @rule(target=holds, channel=channels, lines=st.dictionaries(which, units, min_size=1), sold=st.booleans())
    def buy(self, channel: str, lines: dict[int, int], sold: bool) -> Any:
        self.sweep()
        wanted = {self.variants[number]: count for number, count in lines.items()}
        have = {
            variant: self.pool(variant)
            + sum(self.campaigns[code].left[variant] for code in self.running(channel, variant))
            for variant in wanted
        }
        answer = engine().call(asking(*wanted.items(), channel=channel, now=self.now, ttl_s=120, is_sold=sold))
        assert isinstance(answer, Held) == all(have[each] >= count for each, count in wanted.items()), (have, wanted)
        if not isinstance(answer, Held):
            assert {each: there for each, _, there in answer.lines} == {
                each: have[each] for each, count in wanted.items() if have[each] < count
            }
            return None
        of: dict[str, Counter[int]] = {}
        for variant, count in wanted.items():
            for code in self.running(channel, variant):
                from_it = min(count, self.campaigns[code].left[variant])
                self.campaigns[code].left[variant] -= from_it
                self.campaigns[code].sold[variant] += from_it
                of.setdefault(code, Counter())[variant] += from_it
                count -= from_it
        self.taken[answer.hold_id] = Taken(wanted, of, self.now + timedelta(minutes=2))
        return answer.hold_id

    @rule(hold=holds)
    def claim(self, hold: str | None) -> None:
        if hold in self.taken:
            with transaction.atomic():
                if inventory.claim({hold: "order"}):
                    self.taken[hold].until = None

    @rule(hold=consumes(holds))
    def ship(self, hold: str | None) -> None:
        if hold in self.taken and self.taken[hold].until is None:
            with transaction.atomic():
                inventory.ship_holds(holds={hold: "DH"}, actor=SYSTEM, now=self.now)
            self.on_hand.subtract(self.taken.pop(hold).lines)

    @rule(hold=holds)
    def cancel(self, hold: str | None) -> None:
        if hold in self.taken and self.taken[hold].until is None:
            with transaction.atomic():
                inventory.give_back(hold_ids=[hold], actor=SYSTEM, now=self.now)
            self.let_go(hold)

    @rule(hold=holds)
    def drop(self, hold: str | None) -> None:
        if hold in self.taken and self.taken[hold].until is not None:
            try:
                inventory.release_hold(actor=SYSTEM, hold_id=UUID(hold), now=self.now)
            except HoldNotFound:  # pragma: no cover - the model says it is there
                raise AssertionError(hold) from None
            self.let_go(hold)

    @rule(minutes=st.integers(1, 3))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        inventory.release_expired(now=self.now)
        self.sweep_model()

    # --- the laws ------------------------------------------------------------------------------------------------

    @invariant()
    def every_unit_is_somewhere_once(self) -> None:
        if not hasattr(self, "variants"):
            return
        views = {code: queries.get_campaign(actor=SYSTEM, code=code) for code in self.campaigns}
        for variant in self.variants:
            levels = StockLevel.objects.filter(variant_id=variant)
            on_hand, reserved = sum(each.on_hand for each in levels), sum(each.reserved for each in levels)
            assert on_hand == self.on_hand[variant]
            held = sum(HoldLine.objects.filter(variant_id=variant).values_list("quantity", flat=True))
            assert reserved == held, "what is reserved is what is held: for orders, carts and campaigns"
            assert 0 <= reserved <= on_hand
        for code, view in views.items():
            made = self.campaigns[code]
            assert view.state == made.state, code
            for line in view.lines:
                if made.ends > self.now or made.state == "ended":
                    assert line.set_aside == made.aside[line.variant_id]
                    assert line.sold == made.sold[line.variant_id], (code, line, made)
                assert line.set_aside == line.sold + line.left + line.returned

    def teardown(self) -> None:
        if hasattr(self, "variants"):
            assert_sound(besides=["orders.hold_their_goods", "inventory.campaigns_keep_their_units"])


@pytest.mark.timeout(900)
def test_every_history_of_campaigns_agrees_with_the_model() -> None:
    limits = settings(max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Campaigns, settings=limits)  # type: ignore[no-untyped-call]  # Hypothesis does not say
