"""What happens to orders after they are placed: every step, every refusal, every repeat."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot, MekongError
from mekong.inventory.models import StockMovement
from mekong.orders import commands as orders
from mekong.orders.contracts import GradedReturn
from mekong.orders.errors import (
    AlreadyShipped,
    BadLine,
    IllegalStep,
    LineMatched,
    OnHold,
    OrderNotFound,
    TooManyReturned,
)
from mekong.orders.models import TimelineEntry
from tests.support.orders import a_draft, accept, an_order, events_of, seen, told
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, assert_sound, level, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


@pytest.fixture
def shop() -> tuple[int, int]:
    """A place with ten shirts."""
    here, shirt = a_location("KHO"), a_variant("AO")
    stock(shirt, "KHO", 10)
    return here, shirt


def balance(kind: str) -> int:
    """Units at a system place, by the ledger."""
    moves = StockMovement.objects.values_list("quantity", "from_location__kind", "to_location__kind")
    return sum(units * ((to == kind) - (source == kind)) for units, source, to in moves)


def test_a_straight_life_moves_goods_from_shelf_to_buyer(shop: tuple[int, int]) -> None:
    here, shirt = shop
    code = an_order(("AO", 3))
    orders.confirm_order(actor=SYSTEM, code=code.lower(), now=NOON)
    for state in ("picking", "packed", "ready_to_ship"):
        orders.move_order(actor=SYSTEM, code=code, to=state, now=NOON)
    assert level(shirt, here) == (10, 3)
    orders.ship_order(actor=SYSTEM, code=code, now=NOON, tracking_no="VN1")
    assert (level(shirt, here), balance("delivery")) == ((7, 0), 3)
    orders.deliver_order(actor=SYSTEM, code=code, now=NOON)
    assert (balance("delivery"), balance("customer")) == (0, 3)
    done = orders.complete_order(actor=SYSTEM, code=code, now=NOON)
    assert (done.state, done.tracking_no) == ("completed", "VN1")
    assert [each.kind for each in done.timeline] == [
        "placed", "confirmed", "picking", "packed", "ready_to_ship", "shipped", "delivered", "completed",
    ]  # fmt: skip


Step = Callable[[str], object]
STEPS: dict[str, tuple[Step, str, str]] = {
    # name: step, state to begin in, right it needs
    "confirm": (lambda code: orders.confirm_order(actor=SYSTEM, code=code, now=NOON), "", "orders.confirm"),
    "pick": (
        lambda code: orders.move_order(actor=SYSTEM, code=code, to="picking", now=NOON),
        "confirmed",
        "orders.ship",
    ),
    "ship": (lambda code: orders.ship_order(actor=SYSTEM, code=code, now=NOON), "confirmed", "orders.ship"),
    "deliver": (lambda code: orders.deliver_order(actor=SYSTEM, code=code, now=NOON), "shipped", "orders.ship"),
    "complete": (lambda code: orders.complete_order(actor=SYSTEM, code=code, now=NOON), "delivered", "orders.confirm"),
    "cancel": (
        lambda code: orders.cancel_order(actor=SYSTEM, code=code, reason="x", now=NOON),
        "confirmed",
        "orders.cancel",
    ),
    "return": (
        lambda code: orders.request_return(actor=SYSTEM, code=code, reason="x", now=NOON),
        "delivered",
        "orders.return",
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_repeated_step_changes_nothing(shop: tuple[int, int], name: str) -> None:
    step, begin, _ = STEPS[name]
    code = an_order(("AO", 2), state=begin)
    step(code)
    before = (level(shop[1], shop[0]), seen(code), StockMovement.objects.count())
    step(code)
    assert (level(shop[1], shop[0]), seen(code), StockMovement.objects.count()) == before


def test_every_step_needs_its_right_and_its_place(shop: tuple[int, int]) -> None:
    code, elsewhere = an_order(("AO", 1)), a_location("XA")
    attempts: dict[str, Callable[[Any], object]] = {
        "orders.confirm": lambda actor: orders.confirm_order(actor=actor, code=code, now=NOON),
        "orders.ship": lambda actor: orders.ship_order(actor=actor, code=code, now=NOON),
        "orders.cancel": lambda actor: orders.cancel_order(actor=actor, code=code, reason="x", now=NOON),
        "orders.return": lambda actor: orders.request_return(actor=actor, code=code, reason="x", now=NOON),
        "orders.edit": lambda actor: orders.add_note(actor=actor, code=code, text="x", now=NOON),
    }
    for right, attempt in attempts.items():
        with pytest.raises(MayNot):
            attempt(an_actor("orders.view"))
        with pytest.raises(OrderNotFound):
            attempt(an_actor(right, locations=[elsewhere]))
    orders.confirm_order(actor=an_actor("orders.confirm", locations=[shop[0]]), code=code, now=NOON)
    with pytest.raises(OrderNotFound):
        orders.confirm_order(actor=SYSTEM, code="DH-NONE", now=NOON)


def test_cancelling_gives_the_goods_back_and_a_shipped_order_stays(shop: tuple[int, int]) -> None:
    here, shirt = shop
    code = an_order(("AO", 3), state="confirmed")
    orders.cancel_order(actor=SYSTEM, code=code, reason="đổi ý", now=NOON)
    assert (level(shirt, here), seen(code).cancel_reason) == ((10, 0), "đổi ý")
    gone = an_order(("AO", 3), state="shipped")
    with pytest.raises(AlreadyShipped) as refused:
        orders.cancel_order(actor=SYSTEM, code=gone, reason="late", now=NOON)
    assert refused.value.code == "orders.already_shipped"
    assert (seen(gone).state, level(shirt, here), events_of("orders.order_cancelled")) == ("shipped", (7, 0), 1)


def test_illegal_steps_are_refused(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 1))
    with pytest.raises(IllegalStep):
        orders.ship_order(actor=SYSTEM, code=code, now=NOON)
    with pytest.raises(IllegalStep):
        orders.deliver_order(actor=SYSTEM, code=code, now=NOON)
    with pytest.raises(IllegalStep):
        orders.move_order(actor=SYSTEM, code=code, to="shipped", now=NOON)
    assert seen(code).state == "pending_confirmation"


def test_an_order_held_back_does_not_go_on(shop: tuple[int, int]) -> None:
    code = accept(a_draft((shop[1], 1), (None, 1)))[0].code
    with pytest.raises(OnHold) as refused:
        orders.ship_order(actor=SYSTEM, code=code, now=NOON)
    assert refused.value.params["issues"] == "unmatched_line"
    with pytest.raises(LineMatched):
        orders.match_line(actor=SYSTEM, code=code, line=0, sku="AO", now=NOON)
    with pytest.raises(BadLine):
        orders.match_line(actor=SYSTEM, code=code, line=9, sku="AO", now=NOON)
    assert level(shop[1], shop[0]) == (10, 1)


def test_returns_add_stock_only_when_received_and_graded(shop: tuple[int, int]) -> None:
    here, shirt = shop
    code = an_order(("AO", 5), state="delivered")
    orders.request_return(actor=SYSTEM, code=code, reason="chật", now=NOON)
    assert level(shirt, here) == (5, 0)

    def receive(*lines: GradedReturn) -> object:
        return orders.receive_return(actor=SYSTEM, code=code, location="KHO", lines=lines, now=NOON)

    receive(GradedReturn(0, 2, "resellable"), GradedReturn(0, 1, "damaged"))
    assert (level(shirt, here), balance("customer"), seen(code).state) == ((7, 0), 2, "returning")
    for lines in (
        [GradedReturn(0, 3, "resellable")],
        [GradedReturn(0, 2, "resellable"), GradedReturn(0, 1, "damaged")],
    ):
        with pytest.raises(TooManyReturned):
            receive(*lines)
    for line in (GradedReturn(7, 1, "damaged"), GradedReturn(0, 1, "lovely")):
        with pytest.raises(BadLine):
            receive(line)
    assert level(shirt, here) == (7, 0)
    receive(GradedReturn(0, 2, "missing"))
    assert (seen(code).state, level(shirt, here), balance("customer")) == ("returned", (7, 0), 0)
    with pytest.raises(IllegalStep):
        receive(GradedReturn(0, 1, "resellable"))


def test_goods_not_delivered_come_back_from_the_carrier(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 2), state="shipped")
    orders.request_return(actor=SYSTEM, code=code, reason="không nhận", now=NOON)
    orders.receive_return(actor=SYSTEM, code=code, location="KHO", lines=[GradedReturn(0, 2, "resellable")], now=NOON)
    assert (balance("delivery"), balance("customer"), level(shop[1], shop[0])) == (0, 0, (10, 0))
    (received,) = [each for each in seen(code).timeline if each.kind == "return_received"]
    assert received.data["number"] == "TH-261122-0001"
    booked = StockMovement.objects.filter(reason="return").get()
    assert (booked.reference, booked.note) == (code, "TH-261122-0001")


def test_a_return_that_turns_into_a_delivery_is_booked_for_what_is_still_out(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 3), state="shipped")
    orders.request_return(actor=SYSTEM, code=code, reason="x", now=NOON)
    orders.receive_return(actor=SYSTEM, code=code, location="KHO", lines=[GradedReturn(0, 1, "resellable")], now=NOON)
    orders.deliver_order(actor=SYSTEM, code=code, now=NOON)
    assert (balance("delivery"), balance("customer"), level(shop[1], shop[0])) == (0, 2, (8, 0))


def test_cancel_and_ship_race_and_one_of_them_wins(shop: tuple[int, int]) -> None:
    here, shirt = shop
    left = 10
    for _ in range(6):
        code = an_order(("AO", 1), state="confirmed")
        gate = threading.Barrier(2)

        def run(step: Callable[..., object], code: str = code, gate: threading.Barrier = gate, **more: str) -> object:
            try:
                gate.wait(60)
                return step(actor=SYSTEM, code=code, now=NOON, **more)
            except MekongError as refused:
                return refused
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            shipped = pool.submit(run, orders.ship_order)
            cancelled = pool.submit(run, orders.cancel_order, reason="x")
            outcomes = (shipped.result(20), cancelled.result(20))
        assert sum(isinstance(each, MekongError) for each in outcomes) == 1
        left -= seen(code).state == "shipped"
        assert level(shirt, here) == (left, 0)


def test_the_timeline_cannot_be_rewritten(shop: tuple[int, int]) -> None:
    an_order(("AO", 1))
    for change in (lambda: TimelineEntry.objects.update(kind="x"), lambda: TimelineEntry.objects.all().delete()):
        with pytest.raises(DatabaseError):
            change()
    assert TimelineEntry.objects.get().kind == "placed"


def test_words_on_an_order_are_written_down(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 1))
    orders.add_note(actor=SYSTEM, code=code, text="Gọi trước khi giao", now=NOON)
    orders.set_tags(actor=SYSTEM, code=code, tags=["VIP", " VIP ", "", "gấp"], now=NOON)
    order = orders.edit_address(actor=SYSTEM, code=code, address={"full": "12 Lê Lợi"}, now=NOON)
    assert (order.staff_note, order.tags, order.shipping_address) == (
        "Gọi trước khi giao",
        ["VIP", "gấp"],
        {"full": "12 Lê Lợi"},
    )
    assert [each.kind for each in order.timeline] == ["placed", "note", "tags", "address"]


# --- the channel's word ---------------------------------------------------------------------------------------------------


def test_late_repeated_and_reordered_words_change_nothing(shop: tuple[int, int]) -> None:
    here, shirt = shop
    code = accept(a_draft((shirt, 2), external_id="S1", at=NOON))[0].code
    later = [NOON + timedelta(minutes=minute) for minute in range(5)]
    assert told("S1", "shipped", at=later[2])
    assert not told("S1", "confirmed", at=later[1])
    assert not told("S1", "cancelled", at=later[1])
    assert not told("S1", "shipped", at=later[2])
    assert told("S1", "delivered", at=later[3])
    assert not told("S1", "shipped", at=later[2])
    assert not told("S9", "shipped", at=later[2])
    assert (seen(code).state, level(shirt, here), balance("customer")) == ("delivered", (8, 0), 2)
    assert events_of("orders.order_shipped") == events_of("orders.order_delivered") == 1


def test_a_word_without_a_time_never_moves_an_order_back(shop: tuple[int, int]) -> None:
    code = accept(a_draft((shop[1], 1), external_id="S1", at=None))[0].code
    for state in ("shipped", "cancelled"):
        told("S1", state)
    assert seen(code).state == "returning"
    for state in ("shipped", "delivered", "confirmed", "cancelled"):
        told("S1", state)
        assert seen(code).state == "returning"


def test_a_newer_word_may_send_a_parcel_out_again(shop: tuple[int, int]) -> None:
    code = accept(a_draft((shop[1], 1), external_id="S1", at=NOON))[0].code
    words = ["shipped", "delivery_failed", "shipped", "returning", "delivered"]
    for minute, state in enumerate(words, 1):
        assert told("S1", state, at=NOON + timedelta(minutes=minute))
        assert seen(code).state == state
    assert (balance("delivery"), balance("customer")) == (0, 1)


def test_a_channel_cancels_before_shipping_and_opens_a_return_after(shop: tuple[int, int]) -> None:
    here, shirt = shop
    accept(a_draft((shirt, 2), external_id="S1"), a_draft((shirt, 1), external_id="S2"))
    assert told("S1", "cancelled", at=NOON)
    assert level(shirt, here) == (10, 1)
    told("S2", "completed", at=NOON)
    assert told("S2", "cancelled", at=NOON + timedelta(days=1))
    assert (level(shirt, here), balance("customer")) == ((9, 0), 1)


def test_a_word_on_a_held_order_waits_with_it(shop: tuple[int, int]) -> None:
    code = accept(a_draft((shop[1], 1), (None, 1), external_id="S1", state="pending_confirmation"))[0].code
    assert told("S1", "confirmed", at=NOON)
    assert (seen(code).state, seen(code).remote_state) == ("pending_confirmation", "CONFIRMED")


def test_goods_that_stay_with_their_buyer_after_all_are_delivered_once(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 3), state="delivered")
    orders.request_return(actor=SYSTEM, code=code, reason="x", now=NOON)
    orders.deliver_order(actor=SYSTEM, code=code, now=NOON)
    assert (seen(code).state, balance("delivery"), balance("customer")) == ("delivered", 0, 3)


def test_the_channels_word_opens_a_return_and_does_not_end_it(shop: tuple[int, int]) -> None:
    code = accept(a_draft((shop[1], 1), external_id="S1", at=NOON))[0].code
    assert told("S1", "returned", at=NOON)
    assert not told("S1", "returned", at=NOON)
    assert (seen(code).state, level(shop[1], shop[0])) == ("returning", (9, 0))


def test_that_the_buyer_paid_is_learned_later_and_stays(shop: tuple[int, int]) -> None:
    _, shirt = shop
    code = accept(a_draft((shirt, 1), external_id="S1", state="pending_confirmation"))[0].code
    assert seen(code).payment_state == "unpaid"
    assert told("S1", "confirmed", at=NOON + timedelta(minutes=1), is_paid=True)
    assert (seen(code).state, seen(code).payment_state) == ("confirmed", "paid")
    assert told("S1", "cancelled", at=NOON + timedelta(minutes=2))
    assert (seen(code).state, seen(code).payment_state) == ("cancelled", "paid")
    assert TimelineEntry.objects.filter(order__code=code, kind="paid").count() == 1
