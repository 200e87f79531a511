"""The stock engine on a real database: all or nothing, once per key, expired holds in nobody's way, no batch poisoned."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest import mock
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import IdempotencyMismatch, Unavailable
from mekong.inventory import commands as inventory
from mekong.inventory import engine as engine_room
from mekong.inventory.contracts import Held, Short
from mekong.inventory.engine import batch as batch_room
from mekong.inventory.engine import engine, serve
from mekong.inventory.models import Hold, HoldLine
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, asking, assert_sound, held, level, short, stock

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


def test_what_is_free_is_held_and_no_more() -> None:
    here, shirt = a_location("KHO"), a_variant("AO")
    stock(shirt, "KHO", 5)
    taken = held(engine().call(asking((shirt, 3))))
    assert taken.lines == ((shirt, here, 3),)
    assert short(engine().call(asking((shirt, 3)))).lines == ((shirt, 3, 2),)
    assert level(shirt, here) == (5, 3)


def test_one_short_line_refuses_all_of_them() -> None:
    here, shirt, hat = a_location("KHO"), a_variant(), a_variant()
    stock(shirt, "KHO", 5)
    assert short(engine().call(asking((shirt, 1), (hat, 1)))).lines == ((hat, 1, 0),)
    assert level(shirt, here) == (5, 0)
    assert not Hold.objects.exists()


def test_one_bad_request_does_not_spoil_its_batch() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 5)
    with pytest.raises(UnicodeEncodeError):
        engine().call(asking((shirt, 1), owner="\ud800"))
    entered, go = threading.Event(), threading.Event()
    waits = engine_room.Batch.lock

    def slow(batch: engine_room.Batch) -> bool:
        entered.set()
        assert go.wait(60)
        return waits(batch)

    with mock.patch.object(engine_room.Batch, "lock", slow), ThreadPoolExecutor(5) as pool:
        first = pool.submit(engine().call, asking((shirt, 1)))
        assert entered.wait(60)
        good = [pool.submit(engine().call, asking((shirt, 1))) for _ in range(2)]
        bad = pool.submit(engine().call, asking((shirt, 1), owner="\0"))
        while len(engine()._waiting) < 3:
            time.sleep(0.005)
        go.set()
        assert all(isinstance(each.result(10), Held) for each in (first, *good))
        assert bad.exception(10) is not None
    assert level(shirt, here) == (5, 3)


def test_a_statement_that_fails_last_leaves_the_next_batch_clean() -> None:
    """The write is only heard of when the pipeline ends; the connection must not stay in a failed transaction."""
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 5)
    broken = batch_room._WRITE.replace("select pg_notify", "select 1 / 0, pg_notify")
    with mock.patch.object(batch_room, "_WRITE", broken), pytest.raises(psycopg.errors.DivisionByZero):
        engine().call(asking((shirt, 1)))
    held(engine().call(asking((shirt, 1))))
    assert level(shirt, here) == (5, 1)


def test_a_key_taken_meanwhile_by_another_process_is_answered_with_its_hold() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 5)
    looked = engine_room.Batch.repeats
    other: list[Held] = []

    def take() -> Held:
        hold = Hold.objects.create(
            channel="web", owner="x", expires_at=LATER, idempotency_key="K", created_at=NOON, state="held"
        )
        connection.close()
        return Held(str(hold.id), ())

    def look_then_lose(batch: engine_room.Batch) -> object:
        found = looked(batch)
        if not other:
            # What a batch elsewhere does between our look and our write: levels are not locked here.
            with ThreadPoolExecutor(1) as elsewhere:
                other.append(elsewhere.submit(take).result(10))
        return found

    with mock.patch.object(engine_room.Batch, "repeats", look_then_lose), pytest.raises(IdempotencyMismatch):
        engine().call(asking((shirt, 1), key="K"))  # the other hold is of nothing, so it is not ours
    held(engine().call(asking((shirt, 2), key="L")))
    assert level(shirt, here) == (5, 2)


def test_a_repeat_with_its_key_gets_the_same_hold() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 2)
    first = held(engine().call(asking((shirt, 2), key="K")))
    again = held(engine().call(asking((shirt, 2), key="K")))
    assert (again.hold_id, again.lines, again.is_repeat, first.is_repeat) == (first.hold_id, first.lines, True, False)
    assert level(shirt, here) == (2, 2)


def test_a_repeat_in_the_same_batch_gets_the_same_hold() -> None:
    a_location("KHO")
    shirt = a_variant()
    stock(shirt, "KHO", 2)
    one, other = serve([asking((shirt, 2), key="K"), asking((shirt, 2), key="K")])
    assert held(one).hold_id == held(other).hold_id


def test_a_key_of_other_goods_is_refused_and_takes_nothing() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 5)
    held(engine().call(asking((shirt, 1), key="K")))
    with pytest.raises(IdempotencyMismatch):
        engine().call(asking((shirt, 2), key="K"))
    assert level(shirt, here) == (5, 1)


def test_a_repeated_back_order_still_says_what_is_missing() -> None:
    a_location("KHO")
    shirt = a_variant(backorder=True)
    stock(shirt, "KHO", 2)
    first = held(engine().call(asking((shirt, 5), key="K")))
    again = held(engine().call(asking((shirt, 5), key="K")))
    assert first.missing == again.missing == {shirt: 3}


def test_a_back_order_needs_no_stock_at_all() -> None:
    here, shirt = a_location("KHO"), a_variant(backorder=True)
    answer = held(engine().call(asking((shirt, 2))))
    assert (answer.lines, answer.missing) == ((), {shirt: 2})
    assert level(shirt, here) == (0, 0)


# --- expiry ------------------------------------------------------------------------------------------------------------


def test_an_expired_hold_does_not_block_a_sale() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 1)
    gone = held(engine().call(asking((shirt, 1), ttl_s=60)))
    short(engine().call(asking((shirt, 1), now=NOON + timedelta(seconds=59))))
    new = held(engine().call(asking((shirt, 1), now=NOON + timedelta(seconds=60))))
    assert level(shirt, here) == (1, 1)
    assert Hold.objects.get(id=gone.hold_id).state == "released"
    assert Hold.objects.get(id=gone.hold_id).expires_at is None
    assert new.hold_id != gone.hold_id


def test_an_expired_hold_that_spans_other_variants_blocks_none_of_them() -> None:
    here, shirt, hat = a_location("KHO"), a_variant(), a_variant()
    stock(shirt, "KHO", 1)
    stock(hat, "KHO", 1)
    gone = held(engine().call(asking((shirt, 1), (hat, 1), ttl_s=60)))
    held(engine().call(asking((shirt, 1), now=LATER)))
    assert level(hat, here) == (1, 1)
    assert HoldLine.objects.filter(hold_id=gone.hold_id).count() == 1
    assert_sound()
    held(engine().call(asking((hat, 1), now=LATER)))
    assert level(hat, here) == (1, 1)
    assert not HoldLine.objects.filter(hold_id=gone.hold_id).exists()


def test_the_sweep_releases_expired_holds_and_lines_left_behind() -> None:
    here, shirt, hat = a_location("KHO"), a_variant(), a_variant()
    stock(shirt, "KHO", 2)
    stock(hat, "KHO", 1)
    held(engine().call(asking((shirt, 1), (hat, 1), ttl_s=60)))
    held(engine().call(asking((shirt, 2), now=LATER)))
    assert inventory.release_expired(now=LATER) == 1
    assert level(hat, here) == (1, 0)
    assert level(shirt, here) == (2, 2)
    assert inventory.release_expired(now=LATER) == 0


def test_released_holds_are_forgotten_after_a_month_and_no_others() -> None:
    a_location("KHO")
    shirt = a_variant()
    stock(shirt, "KHO", 5)
    gone, kept = held(engine().call(asking((shirt, 1)))), held(engine().call(asking((shirt, 2))))
    inventory.release_hold(actor=SYSTEM, hold_id=UUID(gone.hold_id), now=NOON)
    Hold.objects.update(created_at=NOON - timedelta(days=31))
    late = held(engine().call(asking((shirt, 1))))
    inventory.release_hold(actor=SYSTEM, hold_id=UUID(late.hold_id), now=NOON)
    assert inventory.forget_released(now=NOON) == 1
    assert {str(each) for each in Hold.objects.values_list("id", flat=True)} == {kept.hold_id, late.hold_id}


def test_a_thousand_expired_holds_do_not_hide_what_is_behind_them() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 1500)
    serve([asking((shirt, 1), ttl_s=60) for _ in range(1500)])
    held(engine().call(asking((shirt, 1450), now=LATER)))
    inventory.release_expired(now=LATER)
    assert level(shirt, here) == (1500, 1450)


def test_a_hold_that_was_found_not_to_be_there_is_found_when_it_expires_a_moment_later() -> None:
    a_location("KHO")
    shirt = a_variant()
    stock(shirt, "KHO", 1)
    held(engine().call(asking((shirt, 1), ttl_s=1)))
    short(engine().call(asking((shirt, 1))))
    held(engine().call(asking((shirt, 1), now=NOON + timedelta(seconds=1))))


def test_units_freed_are_told_to_the_channels_even_when_nothing_was_sold() -> None:
    a_location("KHO")
    shirt = a_variant()
    stock(shirt, "KHO", 3)
    held(engine().call(asking((shirt, 3), ttl_s=60)))
    with psycopg.connect(**_parameters(), autocommit=True) as listener:
        listener.execute("listen mekong_stock")
        short(engine().call(asking((shirt, 9), now=LATER)))
        assert [note.payload for note in listener.notifies(timeout=30, stop_after=1)] == [str(shirt)]


def _parameters() -> dict[str, str]:
    there = connection.settings_dict
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    return {name: there[key] for name, key in names.items() if there[key]}


def test_releasing_twice_gives_back_once() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 3)
    hold = UUID(held(engine().call(asking((shirt, 3)))).hold_id)
    for _ in range(2):
        inventory.release_hold(actor=SYSTEM, hold_id=hold, now=NOON)
    assert level(shirt, here) == (3, 0)


# --- places ------------------------------------------------------------------------------------------------------------


def test_a_channel_takes_from_its_places_in_their_order() -> None:
    near, far = a_location("GAN"), a_location("XA")
    shirt = a_variant()
    stock(shirt, "GAN", 2)
    stock(shirt, "XA", 9)
    inventory.set_channel_supply(actor=SYSTEM, channel="web", location_codes=["XA", "GAN"])
    assert held(engine().call(asking((shirt, 2)))).lines == ((shirt, far, 2),)
    assert held(engine().call(asking((shirt, 2), channel="till"))).lines == ((shirt, near, 2),)
    inventory.set_channel_supply(actor=SYSTEM, channel="web", location_codes=["GAN"])
    assert short(engine().call(asking((shirt, 1)))).lines == ((shirt, 1, 0),)


def test_a_till_sells_from_its_own_store() -> None:
    store = a_location("CH1", kind="store")
    a_location("KHO")
    shirt = a_variant()
    stock(shirt, "KHO", 5)
    assert isinstance(engine().call(asking((shirt, 1), location_ids=(store,))), Short)


def test_a_closed_place_sells_nothing() -> None:
    a_location("KHO")
    shirt = a_variant()
    stock(shirt, "KHO", 5)
    held(engine().call(asking((shirt, 1))))
    inventory.update_location(actor=SYSTEM, code="kho", is_active=False)
    short(engine().call(asking((shirt, 1))))


def test_bundles_reserve_their_parts() -> None:
    here = a_location("KHO")
    soap, towel = a_variant("XB"), a_variant("KH")
    gift = a_variant("QUA", parts={"XB": 2, "KH": 1})
    stock(soap, "KHO", 5)
    stock(towel, "KHO", 5)
    assert sorted(held(engine().call(asking((gift, 2), (towel, 1)))).lines) == [(soap, here, 4), (towel, here, 3)]
    assert short(engine().call(asking((gift, 1)))).lines == ((soap, 2, 1),)


# --- a lost database ---------------------------------------------------------------------------------------------------


def test_a_batch_whose_backend_dies_answers_everyone_and_a_repeat_is_safe() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 100)
    held(engine().call(asking((shirt, 1))))
    wrote = engine_room.Batch.write
    killed: list[int] = []

    def die(batch: engine_room.Batch) -> None:
        wrote(batch)
        if not killed:
            killed.append(connection.connection.info.backend_pid)  # of this thread, the engine's
            with psycopg.connect(**_parameters(), autocommit=True) as killer:
                killer.execute("select pg_terminate_backend(%s, 5000)", killed)

    with mock.patch.object(engine_room.Batch, "write", die), ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(engine().call, asking((shirt, 1), key=f"K{number}")) for number in range(16)]
        lost = sum(isinstance(each.exception(20), Unavailable) for each in calls)
        heard = sum(each.exception() is None for each in calls)
    assert killed
    assert lost
    assert lost + heard == 16
    holds = {held(engine().call(asking((shirt, 1), key=f"K{number}"))).hold_id for number in range(16)}
    assert len(holds) == 16
    assert level(shirt, here) == (100, 17)
