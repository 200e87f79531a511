"""What holds an order back: set after a call or for a reason, named, and lifted when it is mended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Invalid, MayNot
from mekong.foundation.models import AuditEntry
from mekong.orders import commands as orders
from mekong.orders.contracts import OrderView
from mekong.orders.errors import (
    BadAddress,
    BadHold,
    BadPhone,
    BadTag,
    HasLeft,
    NeedsMatching,
    NoAnswerLimit,
    OnHold,
    OrderNotFound,
    StillShort,
)
from tests.support.orders import a_draft, accept, an_order, seen
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, assert_sound, level, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


@pytest.fixture
def shop() -> tuple[int, int]:
    here, shirt = a_location("KHO"), a_variant("AO")
    stock(shirt, "KHO", 10)
    return here, shirt


def hold(code: str, kind: str, **more: object) -> OrderView:
    return orders.hold_order(**{"actor": SYSTEM, "code": code, "hold": kind, "now": NOON, **more})  # type: ignore[arg-type]  # by name


def lift(code: str, kind: str, **more: object) -> OrderView:
    return orders.lift_hold(**{"actor": SYSTEM, "code": code, "hold": kind, "now": NOON, **more})  # type: ignore[arg-type]  # by name


def test_a_hold_with_a_reason_keeps_an_order_until_it_is_lifted(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 1))
    held = hold(code, "manual", reason=" Chờ khách đổi màu ")
    assert (list(held.issues), held.holds["manual"].reason, held.holds["manual"].by) == (
        ["manual"], "Chờ khách đổi màu", "system",
    )  # fmt: skip
    assert hold(code, "manual", reason="Chờ khách đổi màu") == held
    for step in (orders.confirm_order, orders.ship_order):
        with pytest.raises(OnHold):
            step(actor=SYSTEM, code=code, now=NOON)
    free = lift(code, "manual")
    assert (list(free.issues), dict(free.holds), free.timeline[-1].data) == ([], {}, {"hold": "manual"})
    assert lift(code, "manual") == free
    assert orders.confirm_order(actor=SYSTEM, code=code, now=NOON).state == "confirmed"


def test_nobody_answers_three_calls_and_no_fourth_is_counted(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 1))
    assert [hold(code, "no_answer").holds["no_answer"].tries for _ in range(3)] == [1, 2, 3]
    before = seen(code)
    with pytest.raises(NoAnswerLimit):
        hold(code, "no_answer")
    assert seen(code) == before
    lift(code, "no_answer")
    assert hold(code, "no_answer").holds["no_answer"].tries == 1


def test_a_call_is_agreed_for_a_time_to_come(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 1))
    later = NOON + timedelta(hours=3)
    held = hold(code, "call_back", call_at=later, reason="Đang họp")
    assert (held.holds["call_back"].call_at, held.holds["call_back"].reason) == (later, "Đang họp")
    assert hold(code, "call_back", call_at=NOON + timedelta(days=1)).holds["call_back"].call_at == NOON + timedelta(
        days=1
    )
    assert hold(code, "manual", reason="Quà tặng").issues == ["call_back", "manual"]


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        ("manual", {}, "reason"),
        ("manual", {"reason": "x" * 301}, "reason"),
        ("call_back", {}, "call_at"),
        ("call_back", {"call_at": NOON}, "call_at"),
        ("call_back", {"call_at": NOON + timedelta(days=61)}, "call_at"),
        ("no_answer", {"call_at": NOON - timedelta(minutes=1)}, "call_at"),
        ("stock", {}, "hold"),
        ("", {}, "hold"),
    ],
)
def test_a_hold_that_says_too_little_is_refused_by_field(
    shop: tuple[int, int], kind: str, more: dict[str, object], field: str
) -> None:
    code = an_order(("AO", 1))
    with pytest.raises(BadHold) as refused:
        hold(code, kind, **more)
    assert refused.value.params["field"] == field
    assert len(seen(code).timeline) == 1


def test_who_where_and_when_an_order_may_be_held(shop: tuple[int, int]) -> None:
    code, gone = an_order(("AO", 1)), an_order(("AO", 1), state="shipped")
    elsewhere = an_actor("orders.view", "orders.edit", locations=[a_location("XA")])
    with pytest.raises(MayNot):
        hold(code, "manual", reason="x", actor=an_actor("orders.view"))
    with pytest.raises(OrderNotFound):
        hold(code, "manual", reason="x", actor=elsewhere)
    with pytest.raises(OrderNotFound):
        lift(code, "manual", actor=elsewhere)
    with pytest.raises(HasLeft):
        hold(gone, "manual", reason="x")
    with pytest.raises(BadHold):
        lift(code, "gremlins")


def test_stock_is_asked_for_again_and_what_lacks_is_named(shop: tuple[int, int]) -> None:
    here, _ = shop
    cap = a_variant("NON", backorder=True)
    code = an_order(("NON", 3))
    stock(cap, "KHO", 1)
    with pytest.raises(StillShort) as refused:
        lift(code, "stock")
    assert refused.value.params["lines"] == [["NON", 3]]
    assert level(cap, here) == (1, 0)
    stock(cap, "KHO", 2)
    free = lift(code, "stock")
    assert (free.state, list(free.issues), level(cap, here)) == ("confirmed", [], (3, 3))
    assert lift(code, "stock") == free


def test_an_unmatched_line_is_not_lifted_by_word(shop: tuple[int, int]) -> None:
    code = accept(a_draft((None, 1), external_id="S1"))[0].code
    with pytest.raises(NeedsMatching):
        lift(code, "unmatched_line")
    waiting = accept(a_draft((None, 1), external_id="S2", issues=("stock", "address")))[0].code
    with pytest.raises(NeedsMatching):
        lift(waiting, "stock")
    assert list(lift(waiting, "address").issues) == ["stock", "unmatched_line"]


def test_a_duplicate_that_is_none_is_said(shop: tuple[int, int]) -> None:
    one, two = (an_order(("AO", 1), customer_phone="0903123218") for _ in range(2))
    assert seen(two).duplicate_of == one
    assert lift(two, "duplicate").duplicate_of == ""


# --- words ------------------------------------------------------------------------------------------------------------


def test_the_note_for_who_packs_leaves_the_buyers_words_alone(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 1), note="Gọi trước khi giao")
    noted = orders.add_note(actor=SYSTEM, code=code, text=" Gói hai lớp ", now=NOON)
    assert (noted.note, noted.staff_note, noted.timeline[-1].data) == (
        "Gọi trước khi giao", "Gói hai lớp", {"text": "Gói hai lớp"},
    )  # fmt: skip


def test_an_address_is_corrected_and_what_was_typed_is_kept(shop: tuple[int, int]) -> None:
    typed = {"full": "27 le loi q1 sg"}
    code = an_order(("AO", 1), customer_name="Nhung", customer_phone="0903123218", shipping_address=typed)
    orders.hold_order(actor=SYSTEM, code=code, hold="manual", reason="x", now=NOON)
    placed = accept(a_draft((shop[1], 1), external_id="S1", issues=("address",), shipping_address=typed))[0].code
    assert list(orders.edit_address(actor=SYSTEM, code=placed, address=typed, now=NOON).issues) == []
    better = {"line": " 27  Lê Lợi", "ward": "Phường Bến Thành", "province": "Thành phố Hồ Chí Minh", "district": ""}
    clerk = an_actor("orders.view", "orders.edit")
    order = orders.edit_address(
        actor=clerk, code=code, address=better, name="Chị Nhung", phone="0909 888 777", now=NOON
    )
    assert order.shipping_address == {
        "line": "27 Lê Lợi", "ward": "Phường Bến Thành", "province": "Thành phố Hồ Chí Minh",
    }  # fmt: skip
    assert (order.customer_name, order.customer_phone) == ("Chị Nhung", "+84909888777")
    (was,) = order.earlier_addresses
    assert (was.name, was.phone, was.address, was.by) == ("Nhung", "+84903123218", typed, clerk.ref)
    assert order.timeline[-1].data == {"changed": ["name", "phone", "address"]}
    entry = AuditEntry.objects.filter(table="orders_salesorder").get()
    assert (entry.actor, entry.after) == (clerk.ref, {"fields": ["name", "phone", "address"]})
    again = orders.edit_address(actor=clerk, code=code, address=better, name="Chị Nhung", phone="0909888777", now=NOON)
    assert again == order
    assert orders.edit_address(actor=clerk, code=code, address={"line": "1"}, now=NOON).customer_name == "Chị Nhung"


@pytest.mark.parametrize(
    ("more", "kind", "field"),
    [
        ({"address": {}}, BadAddress, "address.line"),
        ({"address": {"ward": "Bến Thành"}}, BadAddress, "address.line"),
        ({"address": {"line": "x" * 301}}, BadAddress, "address.line"),
        ({"address": {"line": "1", "planet": "x"}}, BadAddress, "address.planet"),
        ({"name": "x" * 161}, BadAddress, "name"),
        ({"phone": "12"}, BadPhone, "phone"),
    ],
)
def test_an_address_nobody_could_find_is_refused_by_field(
    shop: tuple[int, int], more: dict[str, object], kind: type[Invalid], field: str
) -> None:
    code = an_order(("AO", 1))
    with pytest.raises(kind) as refused:
        orders.edit_address(**{"actor": SYSTEM, "code": code, "address": {"line": "1"}, "now": NOON, **more})  # type: ignore[arg-type]  # by name
    assert refused.value.params["field"] == field
    assert not seen(code).earlier_addresses


def test_an_address_is_not_corrected_once_the_parcel_has_left(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 1), state="shipped")
    with pytest.raises(HasLeft):
        orders.edit_address(actor=SYSTEM, code=code, address={"line": "1"}, now=NOON)
    with pytest.raises(MayNot):
        orders.edit_address(actor=an_actor("orders.view"), code=code, address={"line": "1"}, now=NOON)


def test_the_buyers_own_words_are_kept_however_often_an_address_is_corrected(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 1), shipping_address={"full": "lời khách"})
    for number in range(25):
        order = orders.edit_address(actor=SYSTEM, code=code, address={"line": str(number)}, now=NOON)
    assert (len(order.earlier_addresses), order.earlier_addresses[0].address) == (20, {"full": "lời khách"})


def test_tags_are_folded_bounded_and_changed_one_by_one(shop: tuple[int, int]) -> None:
    code = an_order(("AO", 1))
    step = {"actor": SYSTEM, "code": code, "now": NOON}
    assert orders.change_tags(add=["VIP", " vip", "Gấp", "gap"], **step).tags == ["VIP", "Gấp"]  # type: ignore[arg-type]  # by name
    assert orders.change_tags(add=["quà  tặng"], remove=["vip", "không có"], **step).tags == ["Gấp", "quà tặng"]  # type: ignore[arg-type]
    before = seen(code)
    assert orders.change_tags(add=["GẤP"], **step) == before  # type: ignore[arg-type]
    for wrong in ({"add": ["x" * 41]}, {"add": ["a,b"]}, {"add": [f"t{n}" for n in range(19)]}):
        with pytest.raises(BadTag) as refused:
            orders.change_tags(**step, **wrong)  # type: ignore[arg-type]
        assert str(refused.value.params["field"]).startswith("add")
    assert seen(code) == before
    assert orders.set_tags(tags=["", "Mới"], **step).tags == ["Mới"]  # type: ignore[arg-type]
