"""Races on one stock: real threads, and real processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.inventory.contracts import Held, Short
from mekong.inventory.engine import engine, serve
from mekong.inventory.errors import HoldNotFound, ShortStock
from mekong.inventory.models import ControlSale, Hold, HoldBundle, StockControl, Transfer
from tests.support.buying import reserve_in_processes
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, asking, assert_sound, held, level, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sound_and_free_of_deadlocks() -> Iterator[None]:
    before = _deadlocks()
    yield
    assert _deadlocks() == before
    assert_sound()


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return int(cursor.fetchone()[0])


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each of these answers or raises, when they begin together, each in a thread of its own."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            gate.wait(30)
            return act()
        except Exception as raised:  # noqa: BLE001 - what is raised is the answer
            return raised
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result(60) for each in [pool.submit(run, act) for act in acts]]


def test_the_last_units_are_sold_exactly_once_by_64_threads() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 50)
    answers = at_once(*[lambda: [engine().call(asking((shirt, 1))) for _ in range(5)]] * 64)
    flat = [answer for each in answers for answer in each]
    assert sum(isinstance(each, Held) for each in flat) == 50
    assert sum(isinstance(each, Short) for each in flat) == 270
    assert level(shirt, here) == (50, 50)


@pytest.mark.parametrize("kind", ["cap", "slice"])
def test_64_threads_sell_a_bundle_to_its_cap_and_no_further_while_others_let_go(kind: str) -> None:
    """Every one of the holds goes to an end of its own, by the ledger, while the engine still sells."""
    gift = _a_capped_gift(kind, 50)

    def buy_and_let_go(number: int) -> None:
        for _ in range(5):
            answer = engine().call(asking((gift, 1), now=NOON if number % 4 else NOON - timedelta(days=1)))
            if isinstance(answer, Held):
                _end(number % 4, answer)

    # One in four took its hold yesterday: the engine gives those to whoever falls short.
    at_once(*[lambda number=number: buy_and_let_go(number) for number in range(64)])
    inventory.release_expired(now=NOON)
    assert StockControl.objects.get().used == _counted() <= 50
    while isinstance(engine().call(asking((gift, 1))), Held):
        pass
    assert StockControl.objects.get().used == _counted() == 50


def _end(way: int, hold: Held) -> None:
    """Left to expire, released by its owner, cancelled by its order, shipped."""
    from django.db import transaction

    if way == 1:
        inventory.release_hold(actor=SYSTEM, hold_id=UUID(hold.hold_id), now=NOON)
    if way in (2, 3):
        with transaction.atomic():
            inventory.claim({hold.hold_id: hold.hold_id})
        with transaction.atomic():
            if way == 2:
                inventory.give_back(hold_ids=[hold.hold_id], actor=SYSTEM, now=NOON)
            else:
                inventory.ship_holds(holds={hold.hold_id: "DH"}, actor=SYSTEM, now=NOON)


def _a_capped_gift(kind: str, amount: int) -> int:
    a_location("KHO")
    for part in ("XB", "KH"):
        stock(a_variant(part), "KHO", 1000)
    inventory.set_control(actor=SYSTEM, channel="web", scope="sku", kind=kind, target="QUA", amount=amount)
    return a_variant("QUA", parts={"XB": 2, "KH": 1})


def _counted() -> int:
    """Bundles that are held, and that have left."""
    live = sum(HoldBundle.objects.values_list("quantity", flat=True))
    return live + sum(ControlSale.objects.values_list("units", flat=True))


def test_64_threads_buy_exactly_as_many_bundles_as_the_cap_allows() -> None:
    gift = _a_capped_gift("cap", 50)
    answers = at_once(*[lambda: [engine().call(asking((gift, 1))) for _ in range(5)]] * 64)
    flat = [answer for each in answers for answer in each]
    assert sum(isinstance(each, Held) for each in flat) == 50
    assert sum(isinstance(each, Short) for each in flat) == 270
    assert StockControl.objects.get().used == 50 == _counted()


def test_24_connections_of_their_own_pass_no_cap_that_bundles_of_other_parts_share() -> None:
    """Each thread serves its own batch on its own connection, and no level is common to all: the cap's row must be."""
    gift = _a_capped_gift("cap", 100)
    stock(a_variant("TR"), "KHO", 1000)
    tea = a_variant("TRA", parts={"TR": 1})
    for row in queries.list_controls(actor=SYSTEM):
        inventory.remove_control(actor=SYSTEM, control_id=row.uid)
    inventory.set_control(actor=SYSTEM, channel="web", scope="channel", kind="cap", amount=10)
    answers = at_once(*[lambda number=number: serve([asking(((gift, tea)[number % 2], 1))])[0] for number in range(24)])
    assert sum(isinstance(each, Held) for each in answers) == 10
    assert sum(isinstance(each, Short) for each in answers) == 14
    assert StockControl.objects.get().used == 10 == _counted()


def test_engines_of_two_processes_pass_no_cap_of_a_bundle() -> None:
    gift = _a_capped_gift("cap", 60)
    sold = reserve_in_processes([asking((gift, 1))] * 80, [asking((gift, 1))] * 80)
    assert sum(bool(hold) for each in sold for hold in each) == 60
    assert StockControl.objects.get().used == 60 == _counted()


def test_engines_of_two_processes_sell_the_last_units_once() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 100)
    sold = reserve_in_processes([asking((shirt, 1))] * 80, [asking((shirt, 1))] * 80)
    holds = [hold for each in sold for hold in each if hold]
    assert len(holds) == len(set(holds)) == 100
    assert level(shirt, here) == (100, 100)


def test_two_processes_with_the_same_keys_take_one_hold_each_key() -> None:
    here, shirt, hat = a_location("KHO"), a_variant(), a_variant(backorder=True)
    stock(shirt, "KHO", 100)
    forth = [asking((shirt, 1), key=f"K{n}") for n in range(30)] + [asking((hat, 1), key=f"B{n}") for n in range(30)]
    one, other = reserve_in_processes(forth, forth[::-1])
    assert set(one) == set(other)
    assert len(set(one)) == 60
    assert level(shirt, here) == (100, 30)
    assert Hold.objects.count() == 60


def test_a_hold_is_claimed_or_given_to_others_never_both() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 1)
    late = NOON + timedelta(hours=1)
    for number in range(15):
        hold = held(engine().call(asking((shirt, 1), ttl_s=60)))

        def claim(hold: Held = hold, number: int = number) -> set[str]:
            from django.db import transaction

            with transaction.atomic():
                return inventory.claim({hold.hold_id: f"order-{number}"})

        claimed, other, _ = at_once(
            claim, lambda: engine().call(asking((shirt, 1), now=late)), lambda: inventory.release_expired(now=late)
        )
        assert bool(claimed) + isinstance(other, Held) <= 1
        assert level(shirt, here)[1] == bool(claimed) + isinstance(other, Held)
        live = Hold.objects.filter(state__in=["held", "claimed"]).values_list("id", flat=True)
        _give_back([str(each) for each in live])


def _give_back(holds: Sequence[str]) -> None:
    from django.db import transaction

    with transaction.atomic():
        inventory.give_back(hold_ids=holds, actor=SYSTEM, now=NOON)


def test_a_hold_is_claimed_or_released_by_its_owner_never_both() -> None:
    here, shirt = a_location("KHO"), a_variant()
    stock(shirt, "KHO", 1)
    for number in range(15):
        hold = held(engine().call(asking((shirt, 1))))

        def claim(hold: Held = hold, number: int = number) -> set[str]:
            from django.db import transaction

            with transaction.atomic():
                return inventory.claim({hold.hold_id: f"order-{number}"})

        def let_go(hold: Held = hold) -> None:
            inventory.release_hold(actor=SYSTEM, hold_id=UUID(hold.hold_id), now=NOON)

        claimed, released = at_once(claim, let_go)
        assert bool(claimed) == isinstance(released, HoldNotFound)
        assert level(shirt, here)[1] == bool(claimed)
        _give_back([hold.hold_id])


def test_transfers_that_cross_do_not_wait_for_each_other() -> None:
    a_location("A")
    a_location("B")
    variants = [a_variant() for _ in range(4)]
    for variant in variants:
        stock(variant, "A", 40)
        stock(variant, "B", 40)

    def send(source: str, target: str, order: int) -> None:
        for _ in range(6):
            lines = [(each, 1) for each in variants[::order]]
            sent, _ = inventory.ship_transfer(actor=SYSTEM, from_code=source, to_code=target, lines=lines, now=NOON)
            inventory.receive_transfer(actor=SYSTEM, transfer_id=sent, now=NOON)

    answers = at_once(*[lambda: send("A", "B", 1), lambda: send("B", "A", -1)] * 4)
    assert answers == [None] * 8
    assert Transfer.objects.filter(state="received").count() == 48


def test_a_transfer_is_received_once() -> None:
    a_location("A")
    there, shirt = a_location("B"), a_variant()
    stock(shirt, "A", 5)
    sent, _ = inventory.ship_transfer(actor=SYSTEM, from_code="A", to_code="B", lines=[(shirt, 5)], now=NOON)
    at_once(*[lambda: inventory.receive_transfer(actor=SYSTEM, transfer_id=sent, now=NOON)] * 6)
    assert level(shirt, there) == (5, 0)


def test_new_levels_made_by_many_at_once_are_made_once() -> None:
    here = a_location("KHO")
    variants = [a_variant() for _ in range(6)]

    def receive(order: int) -> None:
        for variant in variants[::order]:
            stock(variant, "KHO", 1)

    def sell(order: int) -> None:
        inventory.sell_below_zero(
            actor=SYSTEM, channel="till", location="KHO", lines=[(each, 1) for each in variants[::order]], reference="r",
            now=NOON,
        )  # fmt: skip

    answers = at_once(*[lambda: receive(1), lambda: sell(-1), lambda: receive(-1), lambda: sell(1)] * 3)
    assert answers == [None] * 12
    assert all(level(each, here)[0] >= 6 for each in variants)


def test_taking_away_what_is_sold_meanwhile_is_refused() -> None:
    from mekong.inventory.contracts import AdjustmentLine

    here, shirt = a_location("KHO"), a_variant()
    for _ in range(10):
        stock(shirt, "KHO", 1)

        def lose() -> object:
            return inventory.adjust_stock(
                actor=SYSTEM, location="KHO", reason="scrap", lines=[AdjustmentLine(shirt, -1)], now=NOON
            )

        lost, sold = at_once(lose, lambda: engine().call(asking((shirt, 1))))
        assert isinstance(lost, ShortStock) == isinstance(sold, Held)
        if isinstance(sold, Held):
            _give_back([sold.hold_id])
            lose()
    assert level(shirt, here) == (0, 0)


def test_controls_counted_from_two_channels_do_not_wait_for_each_other() -> None:
    a_location("KHO")
    variants = [a_variant() for _ in range(4)]
    for variant in variants:
        stock(variant, "KHO", 400)
    for channel in ("web", "till"):
        inventory.set_control(actor=SYSTEM, channel=channel, scope="channel", kind="cap", amount=10_000)

    def sell(channel: str, variant: int) -> None:
        for _ in range(8):
            answer = held(engine().call(asking((variant, 1), channel=channel)))
            _give_back([answer.hold_id])

    acts = [lambda v=v, c=c: sell(c, v) for v in variants for c in ("web", "till")]
    assert at_once(*acts) == [None] * 8
    from mekong.inventory.models import StockControl

    assert list(StockControl.objects.values_list("used", flat=True)) == [0, 0]
