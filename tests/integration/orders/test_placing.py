"""Placing orders: once each, with goods held, priced and numbered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.db import connection

from mekong.catalog.commands import set_prices
from mekong.catalog.contracts import PriceLine
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import IdempotencyMismatch, Invalid, MayNot
from mekong.inventory.engine import engine
from mekong.inventory.errors import HoldExpired, HoldNotFound, ShortStock
from mekong.inventory.models import Hold, OversellEntry
from mekong.orders import book as book_room
from mekong.orders import commands as orders
from mekong.orders.errors import BadLine, BadPhone, EmptyOrder, ReservationDiffers, UnknownSku
from mekong.orders.models import SalesOrder, TimelineEntry
from mekong.orders.queries import units_beyond_stock
from tests.support.buying import order_in_processes
from tests.support.orders import a_draft, accept, an_order, asked, events_of, seen, told
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, asking, assert_sound, held, level, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


@pytest.fixture
def kho() -> int:
    return a_location("KHO")


def place(*lines: tuple[str, int], **more: Any) -> orders.Asked:
    return asked(*lines, **more)


def put(wanted: orders.Asked, **more: Any) -> Any:
    return orders.place_order(actor=SYSTEM, asked=wanted, now=more.get("now", NOON))


def test_an_order_is_booked_with_its_money_goods_timeline_and_fact(kho: int) -> None:
    shirt, hat = a_variant("AO", price=110_000), a_variant("MU", price=55_000)
    stock(shirt, "KHO", 5)
    stock(hat, "KHO", 5)
    placed = put(place(("ao", 2), ("MU", 1), customer_name="Lan", customer_phone="0901 234 567", shipping_fee_minor=20_000,
                       discount_minor=27_500))  # fmt: skip
    order = seen(placed.code)
    assert order.code == "DH-261122-0001"
    assert (order.subtotal_minor, order.discount_minor, order.total_minor) == (275_000, 27_500, 267_500)
    assert order.tax_minor == sum(line.tax_minor for line in order.lines) == 22_500
    assert (order.customer_phone, order.state) == ("+84901234567", "pending_confirmation")
    assert sorted(order.allocation) == sorted([(shirt, kho, 2), (hat, kho, 1)])
    assert [each.kind for each in order.timeline] == ["placed"]
    assert events_of("orders.order_placed") == 1
    assert (level(shirt, kho), Hold.objects.get().state) == ((5, 2), "claimed")


def test_too_much_is_refused_and_nothing_is_booked(kho: int) -> None:
    stock(a_variant("AO"), "KHO", 1)
    a_variant("MU")
    with pytest.raises(ShortStock) as refused:
        put(place(("AO", 2), ("MU", 1)))
    assert refused.value.params["lines"] == [
        {"sku": "AO", "requested": 2, "available": 1}, {"sku": "MU", "requested": 1, "available": 0},
    ]  # fmt: skip
    assert not SalesOrder.objects.exists()
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"lines": []}, EmptyOrder, "lines"),
        ({"lines": [orders.AskedLine("LA", 1)]}, UnknownSku, "lines[0].sku"),
        ({"lines": [orders.AskedLine("AO", 0)]}, Invalid, "lines[0].quantity"),
        ({"lines": [orders.AskedLine("AO", -1)]}, Invalid, "lines[0].quantity"),
        ({"lines": [orders.AskedLine("AO", 1, -1)]}, BadLine, "lines[0].unit_price_minor"),
        ({"lines": [orders.AskedLine("AO", 10**12, 10**13)]}, Invalid, "lines[0].quantity"),
        ({"customer_phone": "abc"}, BadPhone, "customer.phone"),
        ({"discount_minor": -1}, BadLine, "discount_minor"),
        ({"shipping_fee_minor": 2**63}, BadLine, "shipping_fee_minor"),
        ({"external_id": "x" * 81}, BadLine, "external_id"),
        ({"customer_name": "a\0b"}, BadLine, "customer.name"),
        ({"customer_name": "a\ud800b"}, BadLine, "customer.name"),
        ({"note": "x" * 5001}, BadLine, "note"),
        ({"shipping_address": {"full": "\0"}}, BadLine, "shipping_address.full"),
    ],
)  # fmt: skip
def test_a_bad_order_names_its_field_and_books_nothing(
    kho: int, change: dict[str, Any], error: type[Invalid], field: str
) -> None:
    stock(a_variant("AO"), "KHO", 9)
    with pytest.raises(error) as refused:
        put(replace(place(("AO", 1)), **change))
    assert refused.value.params["field"] == field
    assert not SalesOrder.objects.exists()
    assert not Hold.objects.exists()


def test_placing_needs_both_rights(kho: int) -> None:
    stock(a_variant("AO"), "KHO", 9)
    for right in ("orders.place", "inventory.reserve"):
        with pytest.raises(MayNot):
            orders.place_order(actor=an_actor(right), asked=place(("AO", 1)), now=NOON)
    assert not Hold.objects.exists()


@pytest.mark.parametrize("named", [{"external_id": "W1"}, {"idempotency_key": "K1"}])
def test_the_same_order_again_is_answered_and_takes_nothing(kho: int, named: dict[str, str]) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 1)
    first = put(place(("AO", 1), **named))
    for step in (None, orders.confirm_order, orders.ship_order):
        if step:
            step(actor=SYSTEM, code=first.code, now=NOON)
        if step is orders.ship_order:
            stock(shirt, "KHO", 1)
        again = put(place(("AO", 1), **named))
        assert (again.code, again.is_new) == (first.code, False)
    assert SalesOrder.objects.count() == TimelineEntry.objects.filter(kind="placed").count() == 1
    assert level(shirt, kho) == (1, 0)


def test_a_key_used_for_another_order_is_refused(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 9)
    put(place(("AO", 1), idempotency_key="K"))
    with pytest.raises(IdempotencyMismatch):
        put(place(("AO", 2), idempotency_key="K"))
    assert level(shirt, kho) == (9, 1)


def test_a_repeat_is_the_same_order_though_the_catalogues_price_has_changed(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 9)
    first = put(place(("AO", 1), idempotency_key="K"))
    set_prices(actor=SYSTEM, lines=[PriceLine("AO", 90_000)], now=NOON)
    again = put(place(("AO", 1), idempotency_key="K"))
    assert (again.code, again.is_new, again.total_minor) == (first.code, False, first.total_minor)
    assert level(shirt, kho) == (9, 1)


def test_orders_sent_again_from_many_threads_are_one(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 9)
    gate = threading.Barrier(8)

    def send(_: int) -> Any:
        gate.wait(60)
        try:
            return put(place(("AO", 1), external_id="W1"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        placed = list(pool.map(send, range(8)))
    assert len({each.code for each in placed}) == 1
    assert sum(each.is_new for each in placed) == 1
    assert level(shirt, kho) == (9, 1)


def test_orders_sent_again_to_two_processes_are_one_each(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 20)
    work = [("AO", f"W{number}", NOON) for number in range(30)]
    one, other = order_in_processes(work, work[::-1])
    codes = {each for each in (*one, *other) if each.startswith("DH-")}
    assert SalesOrder.objects.count() == len(codes) == 20
    assert set(one) - codes <= {"inventory.short_stock"}
    assert level(shirt, kho) == (20, 20)


def test_an_order_placed_elsewhere_between_our_look_and_our_claim_is_answered(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 9)
    asks = book_room._Batch._ask
    done: list[str] = []
    request = asking((shirt, 1), key="order:web:W1")

    def lose(batch: Any, cursor: Any, fresh: Any, ids: Any) -> Any:
        if not done:
            done.append("now")
            hold = held(engine().call(request))

            def elsewhere() -> Any:
                try:
                    draft = replace(a_draft((shirt, 1), channel="web", external_id="W1"), hold_id=hold.hold_id,
                                    allocation=hold.lines)  # fmt: skip
                    return book_room.serve([(SYSTEM, draft, NOON)])
                finally:
                    connection.close()

            with ThreadPoolExecutor(1) as pool:
                done.append(pool.submit(elsewhere).result(20)[0].code)
        return asks(batch, cursor, fresh, ids)

    with mock.patch.object(book_room._Batch, "_ask", lose):
        placed = put(place(("AO", 1), external_id="W1"))
    assert (placed.code, placed.is_new) == (done[1], False)
    assert level(shirt, kho) == (9, 1)


def test_two_orders_of_one_batch_do_not_share_a_hold(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 9)
    hold = held(engine().call(asking((shirt, 1))))
    drafts = [
        (SYSTEM, replace(a_draft((shirt, 1), external_id=name), hold_id=hold.hold_id, allocation=hold.lines), NOON)
        for name in ("S1", "S2")
    ]
    one, other = book_room.serve(drafts)
    assert isinstance(other, HoldExpired)
    assert one.is_new  # type: ignore[union-attr]  # placed
    assert SalesOrder.objects.count() == 1


# --- reservations made before -------------------------------------------------------------------------------------------


def test_an_order_uses_a_reservation_made_before(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 2)
    hold = held(engine().call(asking((shirt, 2))))
    order = seen(put(place(("AO", 2), reservation_id=hold.hold_id)).code)
    assert list(order.allocation) == [(shirt, kho, 2)]
    orders.confirm_order(actor=SYSTEM, code=order.code, now=NOON)
    orders.ship_order(actor=SYSTEM, code=order.code, now=NOON)
    orders.deliver_order(actor=SYSTEM, code=order.code, now=NOON)
    assert level(shirt, kho) == (0, 0)


@pytest.mark.parametrize("lines", [[("AO", 3)], [("AO", 1)], [("MU", 2)], [("AO", 2), ("MU", 1)]])
def test_a_reservation_of_other_goods_is_refused_and_stays(kho: int, lines: list[tuple[str, int]]) -> None:
    shirt, hat = a_variant("AO"), a_variant("MU")
    stock(shirt, "KHO", 9)
    stock(hat, "KHO", 9)
    hold = held(engine().call(asking((shirt, 2))))
    with pytest.raises(ReservationDiffers):
        put(place(*lines, reservation_id=hold.hold_id))
    assert Hold.objects.get().state == "held"
    assert not SalesOrder.objects.exists()


def test_a_reservation_given_to_others_is_refused(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 1)
    hold = held(engine().call(asking((shirt, 1), ttl_s=60)))
    late = NOON + timedelta(hours=1)
    held(engine().call(asking((shirt, 1), now=late)))
    with pytest.raises(HoldExpired):
        put(place(("AO", 1), reservation_id=hold.hold_id), now=late)
    with pytest.raises(HoldNotFound):
        put(place(("AO", 1), reservation_id="no such thing"))


# --- what else ----------------------------------------------------------------------------------------------------------


def test_a_second_order_of_the_same_basket_is_pointed_out_even_in_one_batch(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 9)
    first = put(place(("AO", 1), customer_phone="0901234567"))
    second = put(place(("AO", 1), customer_phone="+84 901 234 567"), now=NOON + timedelta(hours=1))
    assert (first.duplicate_of, second.duplicate_of) == ("", first.code)
    assert put(place(("AO", 1), customer_phone="0901234567"), now=NOON + timedelta(days=3)).duplicate_of == ""
    assert put(place(("AO", 2), customer_phone="0901234567")).duplicate_of == ""
    drafts = [
        (SYSTEM, a_draft((None, 7), customer_phone="+84900000001", external_id=number), NOON) for number in ("9", "10")
    ]
    one, other = book_room.serve(drafts)
    assert (one.duplicate_of, other.duplicate_of) == ("", one.code)  # type: ignore[union-attr]  # placed


def test_a_bundle_holds_and_ships_its_parts(kho: int) -> None:
    soap, towel = a_variant("XB"), a_variant("KH")
    a_variant("QUA", parts={"XB": 2, "KH": 1})
    stock(soap, "KHO", 4)
    stock(towel, "KHO", 4)
    code = an_order(("QUA", 2), state="delivered")
    assert (level(soap, kho), level(towel, kho)) == ((0, 0), (2, 0))
    assert [(line.sku, line.quantity) for line in seen(code).lines] == [("QUA", 2)]


def test_a_back_order_waits_for_its_stock_and_goes_on_when_it_comes(kho: int) -> None:
    shirt = a_variant("AO", backorder=True)
    stock(shirt, "KHO", 1)
    code = an_order(("AO", 3))
    assert (seen(code).state, seen(code).issues) == ("awaiting_stock", ["stock"])
    assert_sound()
    assert orders.retry_awaiting_stock(now=NOON) == 0
    stock(shirt, "KHO", 2)
    assert orders.retry_awaiting_stock(now=NOON) == 1
    assert (seen(code).state, seen(code).issues, level(shirt, kho)) == ("confirmed", [], (3, 3))
    orders.ship_order(actor=SYSTEM, code=code, now=NOON)
    assert level(shirt, kho) == (0, 0)


def test_one_bad_draft_does_not_spoil_its_batch(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 9)
    bad = replace(a_draft((shirt, 1), external_id="BAD"), note="\0")
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(put, place(("AO", 1), external_id=f"W{n}")) for n in range(5)]
        spoilt = pool.submit(book_room.book().call, (SYSTEM, bad, NOON))
        assert len({each.result(20).code for each in calls}) == 5
        assert spoilt.exception(20) is not None
    assert level(shirt, kho)[1] == 5


def test_a_batch_whose_backend_dies_answers_everyone_and_a_repeat_is_safe(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 50)
    wrote = book_room._Batch._write
    killed: list[int] = []
    there = connection.settings_dict
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    parameters = {name: there[key] for name, key in names.items() if there[key]}

    def die(batch: Any, cursor: Any) -> None:
        wrote(batch, cursor)
        if not killed:
            killed.append(connection.connection.info.backend_pid)  # of this thread, the book's
            with psycopg.connect(**parameters, autocommit=True) as killer:
                killer.execute("select pg_terminate_backend(%s, 5000)", killed)

    with mock.patch.object(book_room._Batch, "_write", die), ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(put, place(("AO", 1), external_id=f"W{n}")) for n in range(8)]
        failed = sum(each.exception(20) is not None for each in calls)
    assert killed
    assert failed
    codes = {put(place(("AO", 1), external_id=f"W{n}")).code for n in range(8)}
    assert len(codes) == SalesOrder.objects.count() == 8
    assert level(shirt, kho)[1] == 8


# --- orders of channels ---------------------------------------------------------------------------------------------------


def test_a_channel_order_is_booked_once_however_often_it_is_seen(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 5)
    draft = a_draft((shirt, 2), external_id="S1")
    first = accept(draft)[0]
    again = accept(draft, draft, a_draft((shirt, 1), external_id="S2"))
    assert [each.is_new for each in (first, *again)] == [True, False, False, True]
    assert level(shirt, kho) == (5, 3)


def test_a_channel_sale_beyond_stock_is_kept_and_held(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 1)
    order = seen(accept(a_draft((shirt, 2)))[0].code)
    assert (order.state, order.issues, level(shirt, kho)) == ("awaiting_stock", ["stock"], (1, 0))
    stock(shirt, "KHO", 1)
    assert orders.retry_awaiting_stock(now=NOON) == 1
    assert (seen(order.code).state, level(shirt, kho)) == ("confirmed", (2, 2))


def test_units_sold_beyond_stock_are_counted_until_goods_have_come(kho: int) -> None:
    shirt = a_variant("AO")
    stock(shirt, "KHO", 1)
    accept(a_draft((shirt, 1), external_id="S1"), a_draft((shirt, 2), external_id="S2"))
    assert units_beyond_stock(channels=["shopee-1"]) == 2
    assert units_beyond_stock(channels=["lazada-1"]) == 0
    told("S2", "cancelled")
    assert units_beyond_stock(channels=["shopee-1"]) == 2
    accept(a_draft((shirt, 3), external_id="S3"))
    stock(shirt, "KHO", 3)
    assert orders.retry_awaiting_stock(now=NOON) == 1
    assert units_beyond_stock(channels=["shopee-1"]) == 2


def test_what_a_platform_shipped_beyond_stock_has_left_and_is_on_the_list(kho: int) -> None:
    shirt, hat = a_variant("AO"), a_variant("MU")
    stock(shirt, "KHO", 3)
    stock(hat, "KHO", 1)
    code = accept(a_draft((shirt, 5), (hat, 1), external_id="S1"))[0].code
    stock(shirt, "KHO", 1)
    assert told("S1", "shipped")
    order = seen(code)
    assert (order.state, list(order.issues)) == ("shipped", [])
    assert (level(shirt, kho), level(hat, kho)) == ((0, 0), (0, 0)), "what came in meanwhile left with it"
    entry = OversellEntry.objects.get()
    assert (entry.variant_id, entry.quantity, entry.reference, entry.channel) == (shirt, 1, code, "shopee-1")
    assert units_beyond_stock(channels=["shopee-1"]) == 0, "counted once, on the list"
    assert told("S1", "delivered")
    assert sum(units for _, _, units in seen(code).allocation) == 6


def test_a_shipped_order_takes_only_what_others_do_not_hold(kho: int) -> None:
    shirt = a_variant("AO")
    accept(a_draft((shirt, 2), external_id="S1"))
    stock(shirt, "KHO", 3)
    accept(a_draft((shirt, 2), external_id="S2"))
    assert told("S1", "shipped")
    assert level(shirt, kho) == (2, 2)
    assert OversellEntry.objects.get().quantity == 1


def test_a_line_that_matches_nothing_holds_the_order_until_it_is_matched(kho: int) -> None:
    shirt, hat = a_variant("AO"), a_variant("MU")
    stock(shirt, "KHO", 1)
    stock(hat, "KHO", 1)
    code = accept(a_draft((shirt, 1), (None, 1)))[0].code
    assert seen(code).issues == ["unmatched_line"]
    order = orders.match_line(actor=SYSTEM, code=code, line=1, sku="MU", now=NOON)
    assert (list(order.issues), order.state) == ([], "confirmed")
    assert sorted(order.allocation) == sorted([(shirt, kho, 1), (hat, kho, 1)])
    orders.ship_order(actor=SYSTEM, code=code, now=NOON)
    assert (level(shirt, kho), level(hat, kho)) == ((0, 0), (0, 0))


def test_an_order_first_seen_on_its_way_still_takes_its_goods_off_the_shelf(kho: int) -> None:
    from tests.support.orders import told

    shirt = a_variant("AO")
    stock(shirt, "KHO", 5)
    code = accept(a_draft((shirt, 2), external_id="S1", state="shipped"))[0].code
    assert told("S1", "shipped", at=NOON)
    assert (seen(code).state, level(shirt, kho)) == ("shipped", (3, 0))
