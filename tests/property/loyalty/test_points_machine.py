"""Membership against a model in memory, by random histories on the real database: no point appears and none vanishes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mekong.foundation.actor import SYSTEM
from mekong.loyalty import commands, queries
from mekong.loyalty.errors import (
    AlreadyShares,
    HoldClaimed,
    HoldEnded,
    LaterMerge,
    MemberMerged,
    MergeInvalid,
    NotEnoughPoints,
    NotShared,
    OwnerStays,
    PointsHeld,
)
from mekong.loyalty.models import Account, Entry, Lot
from tests.support.loyalty import a_member, a_programme, assert_points_sound, earn, hold
from tests.support.people import NOON
from tests.support.wiping import wipe

pytestmark = pytest.mark.django_db(transaction=True)

who = st.integers(0, 3)
which = st.integers(0, 20)
PEOPLE = 4


class Membership(RuleBasedStateMachine):
    """Four people, what they bought, what they set aside, and time.

    The model keeps what came in and went out by documents alone: points in lots less debts are always their difference,
    whoever has them, whatever was merged, shared, parted and undone in between.
    """

    @initialize()
    def open(self) -> None:
        wipe()
        a_programme(validity_months=1)
        self.now = NOON
        self.members = [a_member(f"090312345{n}", f"Khách {n}") for n in range(PEOPLE)]
        self.bought: list[tuple[str, int]] = []
        self.returned: dict[str, int] = {}
        self.holds: list[tuple[UUID, int]] = []
        self.paid: list[str] = []
        self.spent: dict[str, int] = {}
        self.refunded: dict[str, int] = {}
        self.merges: list[UUID] = []
        self.count = 0
        self.net = 0

    def _next(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    @rule(person=who, amount=st.integers(0, 300_000))
    def buy(self, person: int, amount: int) -> None:
        reference = self._next("HD")
        got = earn(self.members[person], reference, amount, now=self.now)
        assert earn(self.members[person], reference, amount, now=self.now) == got
        self.bought.append((reference, amount))
        self.returned[reference] = 0
        self._lapse()
        self.net += got.points

    @rule(document=which, part=st.integers(1, 4))
    def send_back(self, document: int, part: int) -> None:
        if not self.bought:
            return
        reference, amount = self.bought[document % len(self.bought)]
        left = amount - self.returned[reference]
        some, name = left if part == 4 else left * part // 4, self._next("TH")
        lapsed = sum(Lot.objects.values_list("lapsed", flat=True))
        told = {"actor": SYSTEM, "reference": reference, "part": name, "part_minor": some, "now": self.now}
        back = commands.take_back_for(**told)
        assert commands.take_back_for(**told) == back
        self.returned[reference] += some
        # What ended unspent, in the same step or before, has left the sum already.
        self._lapse()
        set_off = lapsed + self.lapsed_now - sum(Lot.objects.values_list("lapsed", flat=True))
        self.net -= back.points - set_off

    def _lapse(self) -> None:
        """Points that a command ended on its way leave the model's sum."""
        ended = -sum(Entry.objects.filter(kind="expire").values_list("points", flat=True))
        self.lapsed_now = ended - getattr(self, "ended", 0)
        self.ended = ended
        self.net -= self.lapsed_now

    @rule(person=who, points=st.integers(1, 30), minutes=st.integers(1, 60))
    def set_aside(self, person: int, points: int, minutes: int) -> None:
        member = self.members[person]
        free = queries.get_member(actor=SYSTEM, member_id=self._standing(member.id), now=self.now).free
        try:
            held = hold(member, points, self._next("B"), self.now, ttl=timedelta(minutes=minutes))
        except NotEnoughPoints:
            assert points > free
            return
        finally:
            self._lapse()
        assert points <= free
        self.holds.append((held.id, points))

    def _standing(self, member_id: UUID) -> UUID:
        seen = queries.get_member(actor=SYSTEM, member_id=member_id, now=self.now)
        while seen.merged_into is not None:
            seen = queries.get_member(actor=SYSTEM, member_id=seen.merged_into, now=self.now)
        return seen.id

    @rule(number=which)
    def pay(self, number: int) -> None:
        if not self.holds:
            return
        hold_id, points = self.holds[number % len(self.holds)]
        reference = f"DH-{hold_id}"
        try:
            commands.claim_hold(actor=SYSTEM, hold_id=hold_id, reference=reference, now=self.now)
        except HoldEnded:
            return
        finally:
            self._lapse()
        if reference not in self.spent:
            self.paid.append(reference)
            self.spent[reference], self.refunded[reference] = points, 0
            self.net -= points

    @rule(number=which)
    def put_back(self, number: int) -> None:
        if not self.holds:
            return
        hold_id, _ = self.holds[number % len(self.holds)]
        try:
            commands.release_hold(actor=SYSTEM, hold_id=hold_id, now=self.now)
        except HoldClaimed:
            assert f"DH-{hold_id}" in self.spent
        self._lapse()

    @rule(number=which, part=st.integers(1, 4))
    def refund(self, number: int, part: int) -> None:
        if not self.paid:
            return
        reference = self.paid[number % len(self.paid)]
        left = self.spent[reference] * 100 - self.refunded[reference]
        some = left if part == 4 else left * part // 4
        told = {"actor": SYSTEM, "reference": reference, "part": self._next("TH"), "part_minor": some, "now": self.now}
        back = commands.give_back_for(**told)
        assert commands.give_back_for(**told) == back
        self.refunded[reference] += some
        if self.refunded[reference] == self.spent[reference] * 100:
            self.paid.remove(reference)
        self._lapse()
        self.net += back

    @rule(person=who, points=st.integers(-20, 20).filter(bool))
    def adjust(self, person: int, points: int) -> None:
        try:
            commands.adjust_points(
                actor=SYSTEM, member_id=self.members[person].id, points=points, note="bằng tay", now=self.now
            )
        except NotEnoughPoints:
            assert points < 0
            return
        finally:
            self._lapse()
        self.net += points

    @rule(days=st.sampled_from([0, 1, 10, 40]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days, minutes=7)

    @rule()
    def sweep(self) -> None:
        commands.expire_points(actor=SYSTEM, now=self.now)
        self._lapse()

    @rule(survivor=who, merged=who)
    def merge(self, survivor: int, merged: int) -> None:
        try:
            made = commands.merge_members(
                actor=SYSTEM, survivor_id=self.members[survivor].id, merged_id=self.members[merged].id, now=self.now
            )
        except (MergeInvalid, MemberMerged, AlreadyShares):
            return
        finally:
            self._lapse()
        if made.id not in self.merges:
            self.merges.append(made.id)

    @rule(number=which)
    def undo(self, number: int) -> None:
        if not self.merges:
            return
        try:
            commands.undo_merge(actor=SYSTEM, merge_id=self.merges[number % len(self.merges)], now=self.now)
        except (LaterMerge, PointsHeld):
            return
        finally:
            self._lapse()

    @rule(owner=who, member=who, leaves=st.booleans(), split=st.integers(0, 5))
    def share_or_leave(self, owner: int, member: int, leaves: bool, split: int) -> None:
        one, other = self.members[owner].id, self.members[member].id
        try:
            if leaves:
                commands.leave_account(actor=SYSTEM, member_id=other, split_points=split, now=self.now)
            else:
                commands.open_shared_account(actor=SYSTEM, owner_id=one, kind="family", name="Nhà", now=self.now)
                commands.share_account(actor=SYSTEM, owner_id=one, member_id=other, now=self.now)
        except (AlreadyShares, NotShared, OwnerStays, NotEnoughPoints):
            return
        finally:
            self._lapse()

    @invariant()
    def no_point_appears_and_none_vanishes(self) -> None:
        if not hasattr(self, "members"):
            return
        assert_points_sound()
        accounts: list[Any] = list(Account.objects.values_list("balance", "owed"))
        assert sum(balance - owed for balance, owed in accounts) == self.net


@pytest.mark.timeout(900)
def test_every_history_of_membership_agrees_with_the_model() -> None:
    limits = settings(max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Membership, settings=limits)  # type: ignore[no-untyped-call]  # Hypothesis does not say
