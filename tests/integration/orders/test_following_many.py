"""Many words at once are what the same words are one by one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from mekong.channels.sync import booking
from mekong.foundation.actor import channel_actor
from mekong.foundation.models import OutboxEvent
from mekong.inventory.models import StockMovement
from mekong.orders import commands as orders
from mekong.orders.contracts import ChannelWord
from mekong.orders.models import SalesOrder, TimelineEntry
from tests.support.orders import a_draft, accept, told
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, assert_sound, level, stock

pytestmark = pytest.mark.django_db(transaction=True)

BEGUN = (
    "pending_confirmation",
    "confirmed",
    "packed",
    "shipped",
    "delivery_failed",
    "delivered",
    "returning",
    "cancelled",
)
SAID = (
    "pending_confirmation", "confirmed", "packed", "ready_to_ship", "shipped", "delivery_failed", "delivered",
    "completed", "returning", "returned", "cancelled",
)  # fmt: skip
LATER, EARLIER = NOON + timedelta(hours=1), NOON - timedelta(hours=1)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


@pytest.fixture
def shirt() -> tuple[int, int]:
    """Enough of one shirt, and where it lies."""
    here, variant = a_location("KHO"), a_variant("AO")
    stock(variant, "KHO", 5000)
    return variant, here


def tell(words: Sequence[ChannelWord]) -> None:
    booking._follow(booking.Booked(), channel_actor("shopee-1"), 1, "shopee-1", words, NOON)


def story(external_id: str) -> tuple[Any, ...]:
    """All that is known of an order, but its own ids."""
    order = SalesOrder.objects.get(external_id=external_id)
    told_of = TimelineEntry.objects.filter(order=order).order_by("id").values_list("kind", "data", "actor")
    moved = (
        StockMovement.objects.filter(reference=order.code)
        .order_by("id")
        .values_list("variant_id", "from_location_id", "to_location_id", "quantity", "reason")
    )
    facts = OutboxEvent.objects.filter(key=str(order.id)).order_by("id").values_list("name", flat=True)
    return (
        order.state, order.remote_state, order.remote_updated_at, order.payment_state, order.tracking_no, order.issues,
        bool(order.shipped_at), bool(order.delivered_at), bool(order.cancelled_at), bool(order.confirmed_at),
        list(told_of), list(moved), list(facts),
    )  # fmt: skip


def test_whatever_is_said_to_whomever_a_batch_books_what_single_words_would(shirt: tuple[int, int]) -> None:
    """Every state an order can be in, with every word, newer, older and undated; whole, short of stock and unmatched."""
    cases = [
        *itertools.product(BEGUN, SAID, (LATER, None), ("whole",)),
        *itertools.product(BEGUN, ("shipped", "cancelled"), (EARLIER,), ("whole",)),
        *itertools.product(("pending_confirmation", "confirmed"), SAID, (LATER,), ("short", "unmatched")),
    ]
    lines: dict[str, tuple[tuple[int | None, int], ...]] = {
        "whole": ((shirt[0], 1),), "short": ((a_variant("HET"), 1),), "unmatched": ((shirt[0], 1), (None, 1)),
    }  # fmt: skip
    drafts = [
        a_draft(
            *lines[kind], external_id=f"{way}{number}", state="confirmed" if begun != "pending_confirmation" else begun
        )
        for number, (begun, _, _, kind) in enumerate(cases)
        for way in ("one-", "many-")
    ]
    accept(*drafts)
    for number, (begun, *_rest) in enumerate(cases):
        if begun not in ("pending_confirmation", "confirmed"):
            for way in ("one-", "many-"):
                told(f"{way}{number}", begun, at=NOON)

    words = [
        ChannelWord(f"many-{number}", said, said.upper(), at, "VN1" if number % 2 else "", is_paid=bool(number % 3))
        for number, (_, said, at, _) in enumerate(cases)
    ]
    tell(words)
    for number, (_, said, at, _) in enumerate(cases):
        word = words[number]
        orders.advance_channel_order(
            actor=channel_actor("shopee-1"), channel="shopee-1", external_id=f"one-{number}", state=said,
            remote_state=word.remote_state, remote_updated_at=at, now=NOON, tracking_no=word.tracking_no,
            is_paid=word.is_paid,
        )  # fmt: skip

    differing = [case for number, case in enumerate(cases) if story(f"one-{number}") != story(f"many-{number}")]
    assert differing == []


def test_a_word_heard_before_costs_one_read_however_many_there_are(
    shirt: tuple[int, int], django_assert_num_queries: Any
) -> None:
    accept(*(a_draft((shirt[0], 1), external_id=f"S{number}") for number in range(30)))
    words = [ChannelWord(f"S{number}", "delivered", "DELIVERED", LATER) for number in range(30)]
    tell(words)
    assert SalesOrder.objects.filter(state="delivered").count() == 30

    with django_assert_num_queries(1):
        tell(words)

    assert level(*shirt) == (4970, 0)


def test_a_hundred_go_out_in_a_number_of_statements_that_does_not_grow(shirt: tuple[int, int]) -> None:
    def statements(count: int, name: str) -> int:
        accept(*(a_draft((shirt[0], 1), external_id=f"{name}{number}") for number in range(count)))
        with connection.execute_wrapper(counting := Counting()):
            tell([ChannelWord(f"{name}{number}", "completed", "COMPLETED", LATER) for number in range(count)])
        return counting.count

    statements(2, "A")  # system places are looked up once a process
    assert statements(100, "B") == statements(2, "C")


class Counting:
    count = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += 1
        return execute(sql, params, many, context)


def test_two_who_hear_the_same_words_book_them_once(shirt: tuple[int, int]) -> None:
    accept(*(a_draft((shirt[0], 2), external_id=f"S{number}") for number in range(40)))
    words = [ChannelWord(f"S{number}", "delivered", "DELIVERED", LATER) for number in range(40)]

    def hear(order: Sequence[ChannelWord]) -> None:
        try:
            tell(order)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(hear, each) for each in (words, words[::-1], words[:20], words[20:])]:
            done.result(timeout=60)

    assert level(*shirt) == (5000 - 80, 0)
    assert OutboxEvent.objects.filter(name="orders.order_shipped").count() == 40
    assert TimelineEntry.objects.filter(kind="delivered").count() == 40


def test_one_order_that_cannot_be_booked_does_not_hold_up_the_others(
    shirt: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(a_draft((shirt[0], 1), external_id="S1"), a_draft((shirt[0], 1), external_id="S2"))
    # A hand in the database: the hold of one order is gone, so the set's reservations no longer add up.
    broken = SalesOrder.objects.get(external_id="S1")
    with connection.cursor() as cursor:
        cursor.execute("update inventory_stocklevel set reserved = 1, version = version + 1")
        cursor.execute("delete from inventory_holdline where hold_id = %s", [broken.hold_id])
        cursor.execute("update inventory_holdline set quantity = 1")

    tell([ChannelWord(each, "shipped", "SHIPPED", LATER) for each in ("S1", "S2")])

    assert SalesOrder.objects.get(external_id="S2").state == "shipped"


def test_orders_of_one_export_share_the_engines_batches(shirt: tuple[int, int]) -> None:
    from mekong.inventory.engine import engine

    before = engine().batches

    accept(*(a_draft((shirt[0], 1), external_id=f"S{number}") for number in range(200)))

    assert engine().batches - before <= 3
    assert level(*shirt) == (5000, 200)
