"""Events reach each subscriber at least once, in order per key, and one that fails holds up its own key alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction

from mekong.foundation import events
from mekong.foundation.actor import SYSTEM
from mekong.foundation.delivery import PARKED_AFTER, deliver_due
from mekong.foundation.events import Heard, emit, emit_many, subscribe
from mekong.foundation.models import Delivery, DocumentCounter, OutboxEvent
from tests.support.people import NOON

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Happened:
    name: ClassVar[str] = "tests.happened"
    version: ClassVar[int] = 1
    number: int


@pytest.fixture
def hears(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Subscribes for one test; answers with the list of what was heard."""
    monkeypatch.setattr(events, "_by_event", {})
    monkeypatch.setattr(events, "_by_subscriber", {})
    monkeypatch.setattr(events, "_conditions", {})

    def register(name: str = "tests.listener", fails: Callable[[int], bool] = lambda number: False) -> list[int]:
        heard: list[int] = []

        def handler(event: Happened, _: Heard) -> None:
            if fails(event.number):
                raise ZeroDivisionError(event.number)
            heard.append(event.number)

        subscribe(Happened, name)(handler)
        return heard

    return register


def tell(*numbers: int, key: object = "one") -> None:
    emit_many(SYSTEM, [(Happened(number), key) for number in numbers], now=NOON)


def test_each_subscriber_hears_each_event_once_and_in_order(hears: Callable[..., list[int]]) -> None:
    one, other = hears("tests.one"), hears("tests.other")
    tell(1, 2)
    tell(3, key="another")
    assert deliver_due(now=NOON) == 6
    assert deliver_due(now=NOON) == 0
    assert (one, other) == ([1, 2, 3], [1, 2, 3])
    assert OutboxEvent.objects.count() == 3


def test_what_was_rolled_back_is_never_told(hears: Callable[..., list[int]]) -> None:
    heard = hears()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        emit(SYSTEM, Happened(1), key="x", now=NOON)
        raise ZeroDivisionError
    assert deliver_due(now=NOON) == 0
    assert heard == []


def test_a_failure_waits_and_holds_up_its_own_key_alone(hears: Callable[..., list[int]]) -> None:
    broken = {1}
    heard = hears(fails=lambda number: number in broken)
    tell(1, 2)
    tell(3, key="another")
    assert deliver_due(now=NOON) == 1
    assert heard == [3]
    waiting = Delivery.objects.order_by("id").first()
    assert waiting is not None
    assert (waiting.attempts, waiting.error, waiting.next_at) == (
        1,
        "ZeroDivisionError: 1",
        NOON + timedelta(seconds=2),
    )
    assert deliver_due(now=NOON + timedelta(seconds=1)) == 0
    broken.clear()
    assert deliver_due(now=NOON + timedelta(seconds=2)) == 2
    assert heard == [3, 1, 2]


def test_a_failing_handler_leaves_nothing_half_done(
    hears: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(event: Happened, _: Heard) -> None:
        OutboxEvent.objects.filter(key="one").update(actor="half")
        raise ZeroDivisionError

    subscribe(Happened, "tests.half")(half)
    heard = hears("tests.whole")
    tell(1)
    deliver_due(now=NOON)
    assert OutboxEvent.objects.get().actor == "system"
    assert heard == [1]


def test_after_many_failures_a_delivery_waits_for_a_person(hears: Callable[..., list[int]]) -> None:
    hears(fails=lambda number: True)
    tell(1)
    Delivery.objects.update(attempts=PARKED_AFTER - 1)
    deliver_due(now=NOON)
    parked = Delivery.objects.get()
    assert parked.attempts == PARKED_AFTER
    assert parked.next_at > NOON + timedelta(days=3000)


def test_workers_side_by_side_keep_the_order_of_a_key(hears: Callable[..., list[int]]) -> None:
    heard = hears()
    for number in range(60):
        tell(number)
    gate = threading.Barrier(4)

    def work(_: int) -> None:
        try:
            gate.wait(60)
            for _ in range(30):
                deliver_due(now=NOON, limit=3)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    while deliver_due(now=NOON):
        pass
    assert heard == list(range(60))


def test_a_condition_decides_when_the_fact_is_published(hears: Callable[..., list[int]]) -> None:
    everyone, somebody = hears("tests.everyone"), []

    def handler(event: Happened, _: Heard) -> None:
        somebody.append(event.number)

    wanted = "d.name = 'tests.happened' and exists (select 1 from foundation_documentcounter where series = 'wanted')"
    subscribe(Happened, "tests.somebody", heard_if=wanted)(handler)
    tell(1)
    DocumentCounter.objects.create(series="wanted")
    tell(2)
    DocumentCounter.objects.all().delete()
    while deliver_due(now=NOON):
        pass
    assert (everyone, somebody) == ([1, 2], [2])
    assert OutboxEvent.objects.count() == 2


def test_an_event_keeps_its_id_at_every_repeat(hears: Callable[..., list[int]]) -> None:
    ids: list[Any] = []

    def handler(event: Happened, heard: Heard) -> None:
        ids.append((heard.event_id, heard.key, heard.actor, heard.occurred_at))
        if len(ids) == 1:
            raise ZeroDivisionError

    subscribe(Happened, "tests.again")(handler)
    tell(1)
    deliver_due(now=NOON)
    deliver_due(now=NOON + timedelta(minutes=1))
    assert len(ids) == 2
    assert ids[0] == ids[1] == (OutboxEvent.objects.get().id, "one", "system", NOON)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    Delivery.objects.all().delete()
