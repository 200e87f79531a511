"""The order book under duplicated, late, reordered and crossing words, by random histories on the real database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Rejected
from mekong.inventory.models import OversellEntry
from mekong.orders import commands as orders
from mekong.orders.contracts import GradedReturn
from mekong.orders.models import SalesOrder, TimelineEntry
from mekong.orders.rules import LEFT, RESERVED, OrderState
from tests.support.orders import a_draft, accept, asked, seen, told
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, assert_sound, level, stock
from tests.support.wiping import wipe

pytestmark = pytest.mark.django_db(transaction=True)

names = st.sampled_from(["S1", "S2", "S3"])
moments = st.integers(0, 9)
WORDS = ("pending_confirmation", "confirmed", "packed", "shipped", "delivery_failed", "delivered", "completed", "returning",
         "returned", "cancelled")  # fmt: skip


class Orders(RuleBasedStateMachine):
    """Three orders of a marketplace and those of a web shop, on ten shirts; our people and the channels both act."""

    @initialize()
    def open(self) -> None:
        wipe()
        self.place, self.shirt = a_location("KHO"), a_variant("AO")
        stock(self.shirt, "KHO", 10)
        self.shelf = 10
        self.codes: dict[str, str] = {}
        self.newest: dict[str, int] = {}

    @rule(name=names, count=st.integers(1, 4), moment=moments)
    def see(self, name: str, count: int, moment: int) -> None:
        """The same order is seen again, whatever the notice says of it by now."""
        placed = accept(a_draft((self.shirt, count), external_id=name, at=NOON + timedelta(minutes=moment)))[0]
        assert placed.is_new == (name not in self.codes)
        assert self.codes.setdefault(name, placed.code) == placed.code
        self.newest.setdefault(name, moment)

    @rule(name=names, word=st.sampled_from(WORDS), moment=moments)
    def hear(self, name: str, word: str, moment: int) -> None:
        before = seen(self.codes[name]) if name in self.codes else None
        changed = told(name, word, at=NOON + timedelta(minutes=moment))
        if before is None:
            assert not changed
            return
        after = seen(self.codes[name])
        if moment < self.newest[name]:
            assert not changed
            assert after == before
        self.newest[name] = max(moment, self.newest[name])
        if before.state in LEFT:
            assert after.state in LEFT
        if before.state in ("cancelled", "returned"):
            assert after.state == before.state
        assert not told(name, word, at=NOON + timedelta(minutes=moment)), "a repeat changed something"

    @rule(number=st.integers(0, 2), count=st.integers(1, 4))
    def buy(self, number: int, count: int) -> None:
        name = f"W{number}"
        try:
            placed = orders.place_order(actor=SYSTEM, asked=asked(("AO", count), external_id=name), now=NOON)
        except Rejected as refused:
            assert name not in self.codes or refused.code in ("inventory.short_stock", "idempotency_mismatch")
            return
        assert self.codes.setdefault(name, placed.code) == placed.code

    @rule(
        name=st.sampled_from(["S1", "S2", "S3", "W0", "W1", "W2"]),
        step=st.sampled_from(["confirm", "pick", "ship", "deliver", "complete", "cancel", "return", "receive"]),
    )
    def act(self, name: str, step: str) -> None:
        code = self.codes.get(name)
        if code is None:
            return
        before = seen(code)
        try:
            self._act(code, step)
        except Rejected:
            assert seen(code) == before

    def _act(self, code: str, step: str) -> None:
        if step == "confirm":
            orders.confirm_order(actor=SYSTEM, code=code, now=NOON)
        elif step == "pick":
            orders.move_order(actor=SYSTEM, code=code, to="picking", now=NOON)
        elif step == "ship":
            orders.ship_order(actor=SYSTEM, code=code, now=NOON)
        elif step == "deliver":
            orders.deliver_order(actor=SYSTEM, code=code, now=NOON)
        elif step == "complete":
            orders.complete_order(actor=SYSTEM, code=code, now=NOON)
        elif step == "cancel":
            orders.cancel_order(actor=SYSTEM, code=code, reason="x", now=NOON)
        elif step == "return":
            orders.request_return(actor=SYSTEM, code=code, reason="x", now=NOON)
        else:
            back = [GradedReturn(line.line, 1, "resellable") for line in seen(code).lines]
            orders.receive_return(actor=SYSTEM, code=code, location="KHO", lines=back, now=NOON)

    @rule()
    def restock(self) -> None:
        stock(self.shirt, "KHO", 2)
        self.shelf += 2
        orders.retry_awaiting_stock(now=NOON)

    @invariant()
    def goods_stand_where_their_orders_are(self) -> None:
        if not hasattr(self, "shelf"):
            return
        on_hand, reserved = level(self.shirt, self.place)
        promised = gone = back = 0
        for order in SalesOrder.objects.all():
            held = sum(count for _, _, count in order.allocation)
            if OrderState(order.state) in RESERVED | {OrderState.AWAITING_STOCK}:
                promised += held
            elif OrderState(order.state) in LEFT:
                gone += held
                back += sum(line.returned for line in seen(order.code).lines)
        # What a platform shipped beyond stock was never on the shelf.
        unknown = sum(OversellEntry.objects.values_list("quantity", flat=True))
        assert (on_hand, reserved) == (self.shelf + unknown - gone + back, promised)

    @invariant()
    def every_order_is_in_once(self) -> None:
        if hasattr(self, "codes"):
            assert set(SalesOrder.objects.values_list("code", flat=True)) == set(self.codes.values())
            assert TimelineEntry.objects.filter(kind="placed").count() == len(self.codes)

    def teardown(self) -> None:
        if hasattr(self, "shelf"):
            assert_sound()


@pytest.mark.timeout(900)
def test_every_history_of_orders_keeps_goods_and_states_together() -> None:
    limits = settings(max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Orders, settings=limits)  # type: ignore[no-untyped-call]  # Hypothesis does not say
