"""Orders come in exactly once and end as the platform has them, whatever becomes of notices."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connections
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

from mekong.channels import commands, registry
from mekong.channels.commands.notices import forget_readers
from mekong.channels.matching import skus as ids_of
from mekong.channels.models import Channel
from mekong.channels.socket import RemoteState, Secrets
from mekong.channels.sync.intake import Intake
from mekong.channels.sync.line import Line
from mekong.channels.sync.threads import Threads
from mekong.channels.transport import Wires
from mekong.foundation import health
from mekong.foundation.actor import SYSTEM
from mekong.inventory.queries import availability
from mekong.orders.models import OrderLine, SalesOrder
from tests.support.bazaar import Platform, plug
from tests.support.marketplaces import HURRY, a_catalogue, close_all

SKUS = ("AO-1", "AO-2")
UNITS = 500
_numbers = itertools.count(1)
_platform = Platform()


class _NoPusher:
    """Takes what intake tells of listings; there are none here to push."""

    def __init__(self) -> None:
        self.held = 0

    def hold(self, _keys: object) -> None:
        self.held += 1

    def release(self, _keys: object) -> None:
        self.held -= 1

    def look(self, _listings: object) -> None:
        assert self.held == 0


class OrdersComeIn(RuleBasedStateMachine):
    """One channel of its own for each run; stock is shared, and only ever grows short by what stays sold."""

    notices = Bundle("notices")
    orders = Bundle("orders")

    @initialize()
    def open_shop(self) -> None:
        self.platform = Platform()
        _platform.__dict__.update(self.platform.__dict__)  # the plug that is registered speaks for this one
        self.platform = _platform
        self.code = f"bz-{next(_numbers)}"
        now = datetime.now(UTC)
        commands.create_channel(actor=SYSTEM, code=self.code, name="Bazaar", kind="bazaar", shop_id="1", now=now)
        commands.connect(actor=SYSTEM, code=self.code, secrets=Secrets("k", "s", "t", "r"), now=now)
        forget_readers()
        self.before = self.free()
        self.loop = asyncio.new_event_loop()
        self.threads = Threads("property", 1)
        self.stale: dict[str, object] = {}
        self.past: list[str] = []
        self.start()

    def start(self) -> None:
        """A worker begins, knowing nothing but what is in the database."""
        row = Channel.objects.get(code=self.code)
        self.client = Wires()
        self.pusher = _NoPusher()
        line = Line(row, self.client, replace(HURRY, poll_s=0.0))
        self.intake = Intake(line, self.pusher, self.threads, row.order_cursor, well=lambda: None)  # type: ignore[arg-type]

    def free(self) -> dict[str, int]:
        ids = ids_of(SKUS)
        found = availability(channel=self.code, variant_ids=ids.values())
        return {sku: found[variant].quantity for sku, variant in ids.items()}

    # --- the platform's life ---------------------------------------------------------------------------------------

    @rule(target=orders, lines=st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 3)), min_size=1, max_size=2),
          is_paid=st.booleans())  # fmt: skip
    def buy(self, lines: list[tuple[str, int]], is_paid: bool) -> str:
        merged: dict[str, int] = {}
        for sku, units in lines:
            merged[sku] = merged.get(sku, 0) + units
        state = RemoteState.PLACED if is_paid else RemoteState.UNPAID
        return self.platform.buy(*merged.items(), state=state)

    @rule(order=orders, to=st.sampled_from([RemoteState.PLACED, RemoteState.PACKED, RemoteState.SHIPPED,
                                            RemoteState.DELIVERED, RemoteState.CANCELLED]))  # fmt: skip
    def goes_on(self, order: str, to: RemoteState) -> None:
        was = self.platform.orders[order].state
        line = [RemoteState.UNPAID, RemoteState.PLACED, RemoteState.PACKED, RemoteState.SHIPPED, RemoteState.DELIVERED]
        if (to is RemoteState.CANCELLED and was in line[:3]) or (
            was in line and to in line and line.index(to) > line.index(was)
        ):
            self.platform.move(order, to)

    @rule(target=notices, order=orders)
    def is_announced(self, order: str) -> str:
        updated = self.platform.orders[order].updated_at
        return json.dumps({"order": order, "id": f"{order}@{updated.isoformat()}"})

    # --- the way here ----------------------------------------------------------------------------------------------

    @rule(notice=consumes(notices))
    def arrives(self, notice: str) -> None:
        self.past.append(notice)
        self.take(notice)

    @rule(notice=notices)
    def arrives_and_will_again(self, notice: str) -> None:
        self.take(notice)

    @rule(notice=consumes(notices))
    def is_lost(self, notice: str) -> None:
        self.past.append(notice)

    @rule(data=st.data())
    def is_replayed(self, data: st.DataObject) -> None:
        if self.past:
            self.take(data.draw(st.sampled_from(self.past)))

    @rule(order=orders)
    def is_read_stale(self, order: str) -> None:
        """The platform will answer for this order once more as it stands now, whatever happens to it."""
        self.stale[order] = self.platform.orders[order]

    def take(self, notice: str) -> None:
        status = commands.receive_notice(channel=self.code, headers={}, body=notice.encode(), now=datetime.now(UTC))
        assert status == 200

    @rule()
    def worker_follows_notices(self) -> None:
        now, self.platform.orders = self.platform.orders, {**self.platform.orders, **self.stale}  # type: ignore[dict-item]
        try:
            self.loop.run_until_complete(self.intake._some_notices())
        finally:
            self.platform.orders, self.stale = now, {}

    @rule()
    def worker_polls(self) -> None:
        self.loop.run_until_complete(self.intake._poll_once())

    @rule()
    def worker_begins_anew(self) -> None:
        self.loop.run_until_complete(self.client.aclose())
        self.start()

    # --- what holds ------------------------------------------------------------------------------------------------

    @invariant()
    def no_order_is_here_twice_or_out_of_nowhere(self) -> None:
        if hasattr(self, "code"):
            ids = list(SalesOrder.objects.filter(channel=self.code).values_list("external_id", flat=True))
            assert len(ids) == len(set(ids))
            assert set(ids) <= set(self.platform.orders)

    def teardown(self) -> None:
        if not hasattr(self, "code"):
            return
        try:
            self.stale = {}
            self.worker_follows_notices()
            self.worker_polls()
            self.agrees()
        finally:
            self.loop.run_until_complete(self.client.aclose())
            self.loop.close()
            self.threads.close()
            Channel.objects.filter(code=self.code).update(is_active=False)

    def agrees(self) -> None:
        expected = {
            RemoteState.UNPAID: "pending_confirmation", RemoteState.PLACED: "confirmed", RemoteState.PACKED: "packed",
            RemoteState.SHIPPED: "shipped", RemoteState.DELIVERED: "delivered", RemoteState.CANCELLED: "cancelled",
        }  # fmt: skip
        here = {order.external_id: order for order in SalesOrder.objects.filter(channel=self.code)}
        assert here.keys() == self.platform.orders.keys()
        taken = dict.fromkeys(SKUS, 0)
        for external_id, there in self.platform.orders.items():
            assert here[external_id].state == expected[there.state]
            lines = dict(OrderLine.objects.filter(order=here[external_id]).values_list("sku", "quantity"))
            assert lines == {line.sku: line.quantity for line in there.lines}
            if there.state is not RemoteState.CANCELLED:
                for sku, units in lines.items():
                    taken[sku] += units
        assert self.free() == {sku: self.before[sku] - units for sku, units in taken.items()}
        broken = [each for each in health.run_all(datetime.now(UTC)) if not each[1].ok]
        assert not broken


@pytest.fixture
def town(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "connectors", lambda: {"bazaar": plug(_platform)})
    a_catalogue(SKUS, UNITS)
    yield
    close_all()
    connections.close_all()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_orders_come_in_exactly_once(town: None):
    run_state_machine_as_test(
        OrdersComeIn,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
