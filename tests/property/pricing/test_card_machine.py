"""Gift cards against a model in memory, by random histories: what is on a card is what went in and was not used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mekong.foundation.actor import SYSTEM
from mekong.pricing import checks, commands
from mekong.pricing.errors import (
    CardBlocked,
    CardExpired,
    CardHoldOver,
    CardHoldUsed,
    CardInvalid,
    CardReferenceTaken,
    CardShort,
    CardUsedUp,
)
from tests.support.cards import a_card, seen, wanting
from tests.support.people import NOON
from tests.support.wiping import wipe

pytestmark = pytest.mark.django_db(transaction=True)

amounts = st.integers(1, 120)
TTL = timedelta(minutes=10)


class Cards(RuleBasedStateMachine):
    """Two cards, one with an end; baskets, orders, refunds, and time that goes on."""

    holds: Bundle[Any] = Bundle("holds")

    @initialize()
    def open(self) -> None:
        wipe()
        self.now = NOON
        self.end = NOON + timedelta(minutes=40)
        self.cards = [a_card(100).id, a_card(100, expires_at=self.end).id]
        self.balance = dict.fromkeys(self.cards, 100)
        self.lost = dict.fromkeys(self.cards, 0)
        self.held: dict[UUID, tuple[UUID, int, Any]] = {}
        self.used: dict[UUID, tuple[UUID, int]] = {}
        self.asked: dict[tuple[UUID, str], int] = {}
        self.blocked: set[UUID] = set()
        self.references = 0

    def free(self, card: UUID) -> int:
        """What nobody holds whose time is not up."""
        return self.balance[card] - sum(
            amount for of, amount, until in self.held.values() if of == card and until > self.now
        )

    def drop_expired(self, card: UUID) -> None:
        """As a card is touched, its holds whose time is up are given free."""
        self.held = {key: each for key, each in self.held.items() if each[0] != card or each[2] > self.now}

    @rule(minutes=st.integers(1, 60))
    def time_goes_on(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(target=holds, which=st.integers(0, 1), amount=amounts, is_partial=st.booleans())
    def hold(self, which: int, amount: int, is_partial: bool) -> UUID | None:
        card = self.cards[which]
        self.references += 1
        wanted = [wanting(card, amount, is_partial=is_partial, now=self.now)]
        try:
            (made,) = commands.hold_cards(
                actor=SYSTEM,
                wanted=wanted,
                reference=f"c{self.references}",
                ttl_s=int(TTL.total_seconds()),
                now=self.now,
            )
        except (CardBlocked, CardExpired, CardUsedUp):
            view = seen(card, self.now)
            assert not view.available_minor
            return None
        except CardShort:
            assert amount > self.free(card)
            return None
        self.drop_expired(card)
        assert made.amount_minor == (min(amount, self.free(card)) if is_partial else amount)
        self.held[made.id] = (card, made.amount_minor, self.now + TTL)
        return made.id

    @rule(hold=holds, order=st.integers(1, 2), less=st.integers(0, 3))
    def claim(self, hold: UUID | None, order: int, less: int) -> None:
        if hold is None:
            return
        known = self.held.get(hold)
        amount = max(1, known[1] - less) if known else 1
        try:
            commands.claim_card_holds(
                actor=SYSTEM, hold_ids=[hold], used_by=f"DH-{order}", amounts={hold: amount}, now=self.now
            )
        except (CardHoldOver, CardHoldUsed):
            assert known is None
            return
        if known is not None:
            del self.held[hold]
            self.balance[known[0]] -= amount
            self.used[hold] = (known[0], amount)

    @rule(hold=holds)
    def release(self, hold: UUID | None) -> None:
        if hold is None:
            return
        try:
            commands.release_card_holds(actor=SYSTEM, hold_ids=[hold], now=self.now)
        except CardHoldUsed:
            assert hold in self.used
            return
        self.held.pop(hold, None)

    @rule(hold=holds, amount=amounts, reference=st.integers(1, 6))
    def give_back(self, hold: UUID | None, amount: int, reference: int) -> None:
        if hold is None:
            return
        card, left = self.used.get(hold, (None, 0))
        try:
            commands.give_back(
                actor=SYSTEM, hold_id=hold, amount_minor=amount, reference=f"TH-{reference}", now=self.now
            )
        except (CardInvalid, CardReferenceTaken):
            return
        assert card is not None or (amount in self.asked.values())
        owner = card or next(of for (of, name), _ in self.asked.items() if name == f"TH-{reference}")
        if self.asked.setdefault((owner, f"TH-{reference}"), -1) == amount:
            return  # a repeat
        self.asked[owner, f"TH-{reference}"] = amount
        assert amount <= left
        self.used[hold] = (owner, left - amount)
        self.balance[owner] += amount

    @rule(which=st.integers(0, 1))
    def block_or_unblock(self, which: int) -> None:
        card = self.cards[which]
        if card in self.blocked:
            commands.unblock_card(actor=SYSTEM, card_id=card, now=self.now)
            self.blocked.discard(card)
            return
        try:
            commands.block_card(actor=SYSTEM, card_id=card, reason="x", now=self.now)
        except CardExpired:
            return
        self.blocked.add(card)
        self.held = {key: each for key, each in self.held.items() if each[0] != card}

    @rule()
    def housekeeping(self) -> None:
        commands.release_due(now=self.now)
        for card in self.cards:
            self.drop_expired(card)
        commands.expire_cards(now=self.now)
        for card in self.cards:
            view = seen(card, self.now)
            if view.state == "expired" and self.balance[card]:
                assert view.balance_minor == 0
                assert view.expires_at is not None
                assert view.expires_at <= self.now
                self.lost[card] = self.balance[card]
                self.balance[card] = 0

    @rule(minutes=st.integers(20, 90))
    def extend(self, minutes: int) -> None:
        card = self.cards[1]
        was = seen(card, self.now).state
        commands.extend_card(actor=SYSTEM, card_id=card, expires_at=self.now + timedelta(minutes=minutes), now=self.now)
        if was == "expired":
            self.balance[card] += self.lost[card]
            self.lost[card] = 0

    @invariant()
    def the_card_says_what_the_model_says(self) -> None:
        for card in getattr(self, "cards", ()):
            view = seen(card, self.now)
            assert view.balance_minor == self.balance[card]
            assert view.held_minor == sum(amount for of, amount, _ in self.held.values() if of == card)
            assert 0 <= view.held_minor <= view.balance_minor

    def teardown(self) -> None:
        if hasattr(self, "cards"):
            found = checks.cards_add_up(self.now)
            assert found.ok, found.found


@pytest.mark.timeout(900)
def test_every_history_of_gift_cards_agrees_with_the_model() -> None:
    limits = settings(max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Cards, settings=limits)  # type: ignore[no-untyped-call]  # Hypothesis does not say
