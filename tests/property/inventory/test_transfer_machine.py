"""Transfers against a model in memory, by random histories on the real database: nothing appears and nothing vanishes."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.inventory.contracts import Settlement, TransferView
from mekong.inventory.errors import NothingOpen, ShortStock, TransferMoved
from mekong.inventory.models import LocationKind
from mekong.inventory.rules import CAUSES
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, assert_sound, level, stock
from tests.support.wiping import wipe

pytestmark = pytest.mark.django_db(transaction=True)

which = st.integers(0, 2)
FROM = {"request": {"draft"}, "approve": {"draft", "requested"}, "send_back": {"requested", "ready"},
        "cancel": {"draft", "requested", "ready"}}  # fmt: skip
AFTER = {"request": "requested", "approve": "ready", "send_back": "draft", "cancel": "cancelled"}
ORDER = ("draft", "requested", "ready", "in_transit", "received", "differs", "settled")


class Transfers(RuleBasedStateMachine):
    """Two places and three variants, one of them kept by lot; transfers in every state, and who counts wrongly."""

    transfers: Bundle[Any] = Bundle("transfers")

    @initialize()
    def open(self) -> None:
        wipe()
        self.places = {"A": a_location("A"), "B": a_location("B")}
        self.variants = [a_variant("V0"), a_variant("V1"), a_variant("V2", tracks_lots=True)]
        self.shelf: Counter[tuple[int, int]] = Counter()
        self.state: dict[UUID, str] = {}
        self.lines: dict[UUID, dict[int, int]] = {}
        self.route: dict[UUID, tuple[str, str]] = {}
        self.still: dict[UUID, Counter[int]] = {}
        self.lost: Counter[int] = Counter()
        self.put: Counter[int] = Counter()
        self.lots = 0

    @rule(number=which, place=st.sampled_from("AB"), count=st.integers(1, 9))
    def receive_goods(self, number: int, place: str, count: int) -> None:
        self.lots += 1
        stock(self.variants[number], place, count, lot=f"L{self.lots % 3}" if number == 2 else "")
        self.shelf[self.variants[number], self.places[place]] += count
        self.put[self.variants[number]] += count

    @rule(target=transfers, source=st.sampled_from("AB"), lines=st.dictionaries(which, st.integers(1, 6), min_size=1))
    def draft(self, source: str, lines: dict[int, int]) -> UUID:
        to = "B" if source == "A" else "A"
        wanted = {self.variants[number]: count for number, count in lines.items()}
        made = inventory.draft_transfer(
            actor=SYSTEM, from_code=source, to_code=to, lines=list(wanted.items()), now=NOON
        )
        self.state[made.id], self.lines[made.id], self.route[made.id] = "draft", wanted, (source, to)
        return made.id

    @rule(transfer=transfers, step=st.sampled_from(sorted(FROM)))
    def step(self, transfer: UUID, step: str) -> None:
        before = self.state[transfer]
        try:
            now = getattr(inventory, f"{step}_transfer")(actor=SYSTEM, transfer_id=transfer, now=NOON)
        except TransferMoved:
            assert before not in FROM[step]
            assert before != AFTER[step]
            return
        if before in FROM[step]:
            self.state[transfer] = AFTER[step]
        assert now.state == self.state[transfer]

    @rule(transfer=transfers, fewer=st.dictionaries(which, st.integers(0, 6)))
    def ship(self, transfer: UUID, fewer: dict[int, int]) -> None:
        lines = self.lines[transfer]
        shipped = {
            variant: min(fewer.get(at, 6), lines[variant])
            for at, variant in enumerate(self.variants)
            if variant in lines
        }
        before, source = self.state[transfer], self.places[self.route[transfer][0]]
        try:
            now = inventory.send_transfer(actor=SYSTEM, transfer_id=transfer, now=NOON, shipped=shipped)
        except ShortStock:
            assert any(self.shelf[variant, source] < count for variant, count in shipped.items())
            return
        except TransferMoved:
            assert before not in ("ready", *ORDER[3:])
            return
        except MekongError:
            assert before == "ready"
            assert not any(shipped.values())
            return
        if before == "ready":
            self.state[transfer], self.lines[transfer] = "in_transit", shipped
            self.still[transfer] = Counter(shipped)
            for variant, count in shipped.items():
                self.shelf[variant, source] -= count
        assert now.state == self.state[transfer]

    @rule(transfer=transfers, missing=st.dictionaries(which, st.integers(0, 3)))
    def receive(self, transfer: UUID, missing: dict[int, int]) -> None:
        lines, before = self.lines[transfer], self.state[transfer]
        counts = {
            variant: max(0, lines[variant] - missing.get(at, 0))
            for at, variant in enumerate(self.variants)
            if variant in lines
        }
        try:
            inventory.receive_transfer(actor=SYSTEM, transfer_id=transfer, now=NOON, received=counts)
        except TransferMoved:
            assert before != "in_transit"
            return
        if before != "in_transit":
            return
        target = self.places[self.route[transfer][1]]
        for variant, count in counts.items():
            self.shelf[variant, target] += count
            self.still[transfer][variant] -= count
        self.state[transfer] = "differs" if any(self.still[transfer].values()) else "received"

    @rule(
        transfer=transfers,
        number=which,
        cause=st.sampled_from(CAUSES),
        units=st.none() | st.integers(1, 3),
        other=which,
    )
    def settle(self, transfer: UUID, number: int, cause: str, units: int | None, other: int) -> None:
        variant, instead = self.variants[number], self.variants[other]
        line = Settlement(variant, cause, units, instead if cause == "wrong_item" else None)
        before, still = self.state[transfer], self.still.get(transfer, Counter())[variant]
        source, target = (self.places[each] for each in self.route[transfer])
        booked = still if units is None else units
        try:
            now: TransferView = inventory.settle_transfer(actor=SYSTEM, transfer_id=transfer, lines=[line], now=NOON)
        except (TransferMoved, NothingOpen):
            assert before != "differs" or still == 0
            return
        except ShortStock:
            assert cause == "wrong_item"
            assert self.shelf[instead, source] < booked
            return
        except MekongError:
            assert booked > still or variant == instead or variant not in self.lines[transfer]
            return
        if before != "differs":
            return
        self.still[transfer][variant] -= booked
        if cause == "lost":
            self.lost[variant] += booked
        else:
            self.shelf[variant, target if cause == "late" else source] += booked
        if cause == "wrong_item":
            self.shelf[instead, source] -= booked
            self.shelf[instead, target] += booked
        self.state[transfer] = "differs" if any(self.still[transfer].values()) else "settled"
        assert now.state == self.state[transfer]

    @invariant()
    def nothing_appears_and_nothing_vanishes(self) -> None:
        transit = queries.virtual_location(LocationKind.TRANSIT) if getattr(self, "variants", ()) else 0
        for variant in getattr(self, "variants", ()):
            under_way = sum(each[variant] for each in self.still.values())
            assert level(variant, transit) == (under_way, 0)
            for place in self.places.values():
                assert level(variant, place)[0] == self.shelf[variant, place]
            whole = sum(self.shelf[variant, place] for place in self.places.values())
            assert whole + under_way + self.lost[variant] == self.put[variant]

    def teardown(self) -> None:
        if hasattr(self, "variants"):
            assert_sound()


@pytest.mark.timeout(900)
def test_every_history_of_transfers_agrees_with_the_model() -> None:
    limits = settings(max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Transfers, settings=limits)  # type: ignore[no-untyped-call]  # Hypothesis does not say
