"""One order into two, several into one: every line, unit and đồng is kept, and what may not be is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from mekong.channels import commands as channels
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot, MekongError
from mekong.foundation.models import OutboxEvent
from mekong.inventory.models import Hold, HoldLine
from mekong.orders import commands as orders
from mekong.orders.contracts import MovedLine, OrderView, SplitOrders
from mekong.orders.errors import (
    AlreadyShipped,
    BadLine,
    NotAlike,
    NothingToJoin,
    OrderNotFound,
    PackedAlready,
    PartlyPaid,
    PlatformKeepsApart,
    PlatformKeepsWhole,
)
from mekong.orders.models import OrderLine, SalesOrder
from tests.support.orders import a_draft, accept, an_order, asked, events_of, seen
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, assert_sound, level, stock

pytestmark = pytest.mark.django_db(transaction=True)

BUYER = {"customer_name": "Hồng Nhung", "customer_phone": "0903123218", "shipping_address": {"line": "27 Lê Lợi"}}


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


@pytest.fixture
def shop() -> tuple[int, int, int]:
    here = a_location("KHO")
    shirt, hat = a_variant("AO", price=99_999), a_variant("MU", price=50_001)
    stock(shirt, "KHO", 20)
    stock(hat, "KHO", 20)
    return here, shirt, hat


def split(code: str, *lines: tuple[int, int], **more: object) -> SplitOrders:
    moved = [MovedLine(line, units) for line, units in lines]
    return orders.split_order(**{"actor": SYSTEM, "code": code, "lines": moved, "now": NOON, **more})  # type: ignore[arg-type]  # by name


def join(code: str, *others: str, **more: object) -> OrderView:
    return orders.merge_orders(**{"actor": SYSTEM, "code": code, "others": others, "now": NOON, **more})  # type: ignore[arg-type]  # by name


def money(*found: OrderView) -> list[int]:
    names = ("subtotal_minor", "discount_minor", "shipping_fee_minor", "tax_minor", "total_minor")
    return [sum(getattr(each, name) for each in found) for name in names]


def sold(*found: OrderView) -> dict[str, int]:
    units: dict[str, int] = {}
    for order in found:
        for line in order.lines:
            units[line.sku] = units.get(line.sku, 0) + line.quantity
    return units


def held(order: OrderView) -> dict[int, int]:
    units: dict[int, int] = {}
    for variant, quantity in HoldLine.objects.filter(hold_id=order.hold_id).values_list("variant_id", "quantity"):
        units[variant] = units.get(variant, 0) + quantity
    return units


# --- one into two -----------------------------------------------------------------------------------------------------


def test_units_goods_and_money_are_divided_and_both_orders_know_of_it(shop: tuple[int, int, int]) -> None:
    here, shirt, hat = shop
    code = an_order(
        ("AO", 3), ("MU", 2), external_id="W-1", state="confirmed", discount_minor=100_001, shipping_fee_minor=30_001,
        **BUYER,
    )  # fmt: skip
    before = seen(code)
    parts = split(code, (0, 1), (1, 2))
    first, second = parts.first, parts.second
    assert (first.code, first.external_id, second.external_id) == (code, "W-1", "")
    assert second.code == "DH-261122-0002"
    assert ([(line.line, line.sku, line.quantity) for line in first.lines]) == [(0, "AO", 2)]
    assert ([(line.line, line.sku, line.quantity) for line in second.lines]) == [(0, "AO", 1), (1, "MU", 2)]
    assert money(first, second) == money(before)
    assert (first.state, second.state, second.customer_phone) == ("confirmed", "confirmed", "+84903123218")
    assert (held(first), held(second)) == ({shirt: 2}, {shirt: 1, hat: 2})
    assert (level(shirt, here), level(hat, here)) == ((20, 3), (20, 2))
    assert (first.timeline[-1].kind, first.timeline[-1].data["other"]) == ("split", second.code)
    assert (second.timeline[-1].kind, second.timeline[-1].data["other"]) == ("split_from", code)
    assert (second.split_from, events_of("orders.order_split")) == (code, 1)
    for part in (first, second):
        orders.ship_order(actor=SYSTEM, code=part.code, now=NOON)
    assert (level(shirt, here), level(hat, here)) == ((17, 0), (18, 0))


def test_what_is_there_goes_out_and_what_is_missing_waits(shop: tuple[int, int, int]) -> None:
    here, shirt, _ = shop
    cap = a_variant("NON", backorder=True)
    stock(cap, "KHO", 1)
    code = an_order(("AO", 2), ("NON", 4), **BUYER)
    assert seen(code).state == "awaiting_stock"
    parts = split(code, (1, 3))
    assert (parts.first.state, list(parts.first.issues)) == ("confirmed", [])
    assert (parts.second.state, list(parts.second.issues)) == ("awaiting_stock", ["stock"])
    assert (held(parts.first), held(parts.second)) == ({shirt: 2, cap: 1}, {})
    orders.ship_order(actor=SYSTEM, code=code, now=NOON)
    stock(cap, "KHO", 3)
    assert orders.retry_awaiting_stock(now=NOON) == 1
    assert (seen(parts.second.code).state, level(cap, here)) == ("confirmed", (3, 3))


def test_a_line_that_is_no_sku_yet_is_split_off_and_the_rest_goes_on(shop: tuple[int, int, int]) -> None:
    _, shirt, _ = shop
    code = accept(a_draft((shirt, 2), (None, 1), external_id="S1", channel="ban-buon"))[0].code
    parts = split(code, (1, 1))
    assert (list(parts.first.issues), list(parts.second.issues)) == ([], ["unmatched_line"])
    assert (held(parts.first), parts.second.hold_id) == ({shirt: 2}, None)
    after = orders.match_line(actor=SYSTEM, code=parts.second.code, line=0, sku="MU", now=NOON)
    assert (after.issues, sum(held(after).values())) == ([], 1)


def test_parts_of_a_bundle_go_with_it(shop: tuple[int, int, int]) -> None:
    _, shirt, hat = shop
    a_variant("BO", parts={"AO": 2, "MU": 1})
    code = an_order(("BO", 3), ("AO", 1))
    parts = split(code, (0, 1))
    assert (held(parts.first), held(parts.second)) == ({shirt: 5, hat: 2}, {shirt: 2, hat: 1})


def test_a_hold_over_two_places_is_divided_between_them() -> None:
    shirt = a_variant("AO")
    for place, units in (("A", 2), ("B", 3)):
        a_location(place, priority=ord(place))
        stock(shirt, place, units)
    code = an_order(("AO", 5))
    parts = split(code, (0, 2))
    assert [units for _, _, units in parts.first.allocation] == [2, 1]
    assert [units for _, _, units in parts.second.allocation] == [2]
    assert Hold.objects.filter(state="claimed").count() == 2


def test_who_and_where_may_split(shop: tuple[int, int, int]) -> None:
    elsewhere = a_location("XA")
    code = an_order(("AO", 3))
    with pytest.raises(MayNot):
        split(code, (0, 1), actor=an_actor("orders.view"))
    with pytest.raises(OrderNotFound):
        split(code, (0, 1), actor=an_actor("orders.view", "orders.edit", locations=[elsewhere]))
    assert SalesOrder.objects.count() == 1
    assert split(code, (0, 1), actor=an_actor("orders.view", "orders.edit", locations=[shop[0]])).second.code


@pytest.mark.parametrize(
    "lines",
    [[], [(7, 1)], [(0, 0)], [(0, 4)], [(0, -1)], [(0, 1), (0, 1)], [(0, 3), (1, 2)]],
    ids=["nothing", "no-line", "no-unit", "too-many", "negative", "twice", "everything"],
)
def test_what_cannot_be_split_is_refused_by_field(shop: tuple[int, int, int], lines: list[tuple[int, int]]) -> None:
    code = an_order(("AO", 3), ("MU", 2))
    before = seen(code)
    with pytest.raises(BadLine) as refused:
        split(code, *lines)
    assert str(refused.value.params["field"]).startswith("lines")
    assert seen(code) == before
    assert SalesOrder.objects.count() == 1


def test_a_packed_order_and_one_half_paid_stay_whole(shop: tuple[int, int, int]) -> None:
    packed = an_order(("AO", 2), state="confirmed")
    orders.move_order(actor=SYSTEM, code=packed, to="packed", now=NOON)
    with pytest.raises(PackedAlready):
        split(packed, (0, 1))
    half = an_order(("AO", 2))
    SalesOrder.objects.filter(code=half).update(payment_state="partly_paid")
    with pytest.raises(PartlyPaid):
        split(half, (0, 1))
    with pytest.raises(OrderNotFound):
        split("DH-000000-0000", (0, 1))
    assert SalesOrder.objects.count() == 2


def test_a_platforms_order_is_split_there(shop: tuple[int, int, int]) -> None:
    _, shirt, _ = shop
    channels.create_channel(
        actor=SYSTEM, code="shopee-1", name="Shop", kind="shopee", now=NOON, shop_id="1", api_url="http://127.0.0.1:9"
    )
    code = accept(a_draft((shirt, 2), external_id="S1"))[0].code
    with pytest.raises(PlatformKeepsWhole) as refused:
        split(code, (0, 1))
    assert refused.value.params["platform"] == "Shopee"
    assert len(seen(code).timeline) == 1


def test_a_repeat_of_the_request_that_placed_it_still_finds_an_order_that_was_split(shop: tuple[int, int, int]) -> None:
    wish = asked(("AO", 3), idempotency_key="k1", **BUYER)
    code = orders.place_order(actor=SYSTEM, asked=wish, now=NOON).code
    split(code, (0, 1))
    orders.edit_address(actor=SYSTEM, code=code, address={"line": "9 Hàm Nghi"}, name="Chị Nhung", now=NOON)
    again = orders.place_order(actor=SYSTEM, asked=wish, now=NOON)
    assert (again.code, again.is_new) == (code, False)


# --- several into one -------------------------------------------------------------------------------------------------


def test_lines_goods_and_money_of_the_others_go_into_one(shop: tuple[int, int, int]) -> None:
    here, shirt, hat = shop
    first = an_order(("AO", 2), shipping_fee_minor=20_000, note="Gọi trước", **BUYER)
    other = an_order(("MU", 1), ("AO", 1), discount_minor=5_000, note="Giao chiều", external_id="W-9", **BUYER)
    third = an_order(("AO", 1), **{**BUYER, "shipping_address": {"line": " 27  lê lợi "}})
    before = [seen(code) for code in (first, other, third)]
    joined = join(first, other, third)
    assert sold(joined) == {"AO": 4, "MU": 1}
    assert [line.unit_price_minor for line in joined.lines] == [99_999, 50_001, 99_999, 99_999]
    assert money(joined) == money(*before)
    assert (held(joined), joined.note) == ({shirt: 4, hat: 1}, "Gọi trước\nGiao chiều")
    assert (level(shirt, here), level(hat, here)) == ((20, 4), (20, 1))
    gone = seen(other)
    assert (gone.state, gone.merged_into, gone.external_id, gone.hold_id) == ("cancelled", first, "W-9", None)
    assert sold(gone) == {"AO": 1, "MU": 1}
    assert (joined.timeline[-1].kind, joined.timeline[-1].data["others"]) == ("merged", [other, third])
    assert (gone.timeline[-1].kind, gone.timeline[-1].data["other"]) == ("merged_into", first)
    assert (events_of("orders.orders_merged"), events_of("orders.order_cancelled")) == (1, 0)
    assert join(first, other, third) == joined
    orders.confirm_order(actor=SYSTEM, code=first, now=NOON)
    orders.ship_order(actor=SYSTEM, code=first, now=NOON)
    assert (level(shirt, here), level(hat, here)) == ((16, 0), (19, 0))
    assert OutboxEvent.objects.filter(name="orders.orders_merged").get().payload["code"] == first


def test_a_joined_order_stands_where_the_least_progressed_stood(shop: tuple[int, int, int]) -> None:
    confirmed, pending = an_order(("AO", 1), state="confirmed", **BUYER), an_order(("MU", 1), **BUYER)
    joined = join(confirmed, pending)
    assert (joined.state, joined.confirmed_at) == ("pending_confirmation", None)
    a_variant("NON", backorder=True)
    waiting = an_order(("NON", 1), **BUYER)
    assert (join(confirmed, waiting).state, list(seen(confirmed).issues)) == ("awaiting_stock", ["stock"])


def test_an_order_that_holds_nothing_takes_the_others_hold(shop: tuple[int, int, int]) -> None:
    _, shirt, _ = shop
    there = an_order(("AO", 2), **BUYER)
    buyer = {"customer_phone": "+84903123218", "shipping_address": BUYER["shipping_address"]}
    bare = accept(a_draft((None, 1), external_id="B1", channel="ban-buon", **buyer))[0].code
    joined = join(bare, there)
    assert (list(joined.issues), len(joined.lines)) == (["unmatched_line"], 2)
    assert (held(joined), Hold.objects.get(id=joined.hold_id).claimed_by) == ({shirt: 2}, str(joined.id))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"customer_phone": "0909999999"}, "different buyers"),
        ({"shipping_address": {"line": "28 Lê Lợi"}}, "different addresses"),
        ({"is_cod": True}, "different ways"),
        ({"is_paid": True}, "different ways"),
    ],
)
def test_orders_that_are_not_alike_stay_apart(shop: tuple[int, int, int], change: dict[str, object], why: str) -> None:
    first, other = an_order(("AO", 1), **BUYER), an_order(("MU", 1), **{**BUYER, **change})
    before = seen(first), seen(other)
    with pytest.raises(NotAlike) as refused:
        join(first, other)
    assert why in str(refused.value)
    assert (seen(first), seen(other)) == before


def test_orders_of_two_currencies_or_nobody_stay_apart(shop: tuple[int, int, int]) -> None:
    first, other = an_order(("AO", 1), **BUYER), an_order(("MU", 1), **BUYER)
    SalesOrder.objects.filter(code=other).update(currency="USD")
    with pytest.raises(NotAlike):
        join(first, other)
    nobody, either = an_order(("AO", 1)), an_order(("MU", 1))
    with pytest.raises(NotAlike):
        join(nobody, either)


def test_who_and_what_may_be_merged(shop: tuple[int, int, int]) -> None:
    first, other = an_order(("AO", 1), **BUYER), an_order(("MU", 1), state="shipped", **BUYER)
    with pytest.raises(PackedAlready):
        join(first, other)
    with pytest.raises(MayNot):
        join(first, other, actor=an_actor("orders.view"))
    with pytest.raises(OrderNotFound):
        join(first, other, actor=an_actor("orders.view", "orders.edit", locations=[a_location("XA")]))
    for none in ([], [first], [other] * 20):
        with pytest.raises(NothingToJoin):
            join(first, *none)
    assert sold(seen(first)) == {"AO": 1}


def test_orders_of_a_platform_are_packed_together_instead(shop: tuple[int, int, int]) -> None:
    _, shirt, hat = shop
    channels.create_channel(
        actor=SYSTEM, code="shopee-1", name="Shop", kind="shopee", now=NOON, shop_id="1", api_url="http://127.0.0.1:9"
    )
    same = {"customer_ref": "nhung218", "shipping_address": {"line": "27 Lê Lợi"}}
    placed = accept(
        *(
            a_draft((shirt, 1), external_id=f"S{n}", **same) if n else
            a_draft((hat, 1), external_id="S0", **{**same, "shipping_address": {"line": "1 Lê Lợi"}})
            for n in range(4)
        )
    )  # fmt: skip
    apart, one, two, three = (each.code for each in placed)
    with pytest.raises(PlatformKeepsApart):
        join(one, two)
    step = {"actor": SYSTEM, "now": NOON}
    orders.pack_together(code=two, others=[three], **step)
    found = orders.pack_together(code=one, others=[two], **step)
    assert {seen(code).packed_with for code in (one, two, three)} == {one}
    assert found == orders.pack_together(code=one, others=[two], **step)
    with pytest.raises(NotAlike):
        orders.pack_together(code=one, others=[apart], **step)
    assert orders.pack_apart(code=two, **step).packed_with == ""
    assert orders.pack_apart(code=two, **step).timeline[-1].kind == "packed_apart"
    assert len(seen(two).timeline) == 4


# --- the same order twice ---------------------------------------------------------------------------------------------


def test_of_two_orders_for_the_same_thing_the_paid_one_is_kept_and_both_say_so(shop: tuple[int, int, int]) -> None:
    here, shirt, _ = shop
    copy = an_order(("AO", 2), **BUYER)
    paid = an_order(("AO", 2), is_paid=True, **BUYER)
    assert seen(paid).duplicate_of == copy
    settled = orders.settle_duplicate(actor=SYSTEM, code=paid, other=copy, now=NOON)
    assert (settled.kept.code, settled.dropped, settled.kept.duplicate_of) == (paid, copy, "")
    assert (seen(copy).state, seen(copy).duplicate_of, seen(copy).cancel_reason) == ("cancelled", paid, "duplicate")
    assert seen(copy).timeline[-1].data == {"other": paid}
    assert seen(paid).timeline[-1].data == {"other": copy}
    assert level(shirt, here) == (20, 2)
    again = orders.settle_duplicate(actor=SYSTEM, code=copy, other=paid, now=NOON)
    assert (again.kept, again.dropped) == (seen(paid), copy)


def test_people_may_say_which_to_keep_or_that_both_stand(shop: tuple[int, int, int]) -> None:
    one, two = an_order(("AO", 2), **BUYER), an_order(("AO", 2), **BUYER)
    three = an_order(("AO", 1), **BUYER)
    with pytest.raises(BadLine):
        orders.settle_duplicate(actor=SYSTEM, code=one, other=two, keep="DH-1", now=NOON)
    with pytest.raises(NotAlike):
        orders.settle_duplicate(actor=SYSTEM, code=one, other=three, now=NOON)
    with pytest.raises(NothingToJoin):
        orders.settle_duplicate(actor=SYSTEM, code=one, other=one, now=NOON)
    with pytest.raises(MayNot):
        orders.settle_duplicate(actor=an_actor("orders.view", "orders.edit"), code=one, other=two, now=NOON)
    assert orders.keep_both(actor=SYSTEM, code=two, now=NOON).duplicate_of == ""
    assert orders.keep_both(actor=SYSTEM, code=two, now=NOON).timeline[-1].kind == "no_duplicate"
    assert orders.settle_duplicate(actor=SYSTEM, code=one, other=two, keep=two, now=NOON).dropped == one


def test_a_copy_that_has_left_is_not_cancelled(shop: tuple[int, int, int]) -> None:
    one, two = an_order(("AO", 2), state="shipped", **BUYER), an_order(("AO", 2), **BUYER)
    with pytest.raises(AlreadyShipped):
        orders.settle_duplicate(actor=SYSTEM, code=one, other=two, keep=two, now=NOON)
    assert seen(one).state == "shipped"
    assert orders.settle_duplicate(actor=SYSTEM, code=one, other=two, now=NOON).dropped == two


# --- races ------------------------------------------------------------------------------------------------------------


def at_once(*acts: Callable[[], object]) -> list[object]:
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            gate.wait(60)
            return act()
        except MekongError as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result(60) for each in [pool.submit(run, act) for act in acts]]


def test_split_and_cancel_race_and_the_goods_are_held_or_free(shop: tuple[int, int, int]) -> None:
    here, shirt, _ = shop
    for _ in range(6):
        code = an_order(("AO", 3), state="confirmed")
        outcomes = at_once(
            lambda code=code: split(code, (0, 1)),  # type: ignore[misc]  # bound now
            lambda code=code: orders.cancel_order(actor=SYSTEM, code=code, reason="x", now=NOON),  # type: ignore[misc]
        )
        assert not isinstance(outcomes[1], MekongError)
        part = SalesOrder.objects.filter(split_from=code).first()
        assert isinstance(outcomes[0], PackedAlready) == (part is None)
        assert level(shirt, here)[1] == (1 if part else 0)
        if part:
            orders.cancel_order(actor=SYSTEM, code=part.code, reason="x", now=NOON)


def test_merge_and_ship_race_and_nothing_is_shipped_twice(shop: tuple[int, int, int]) -> None:
    here, shirt, _ = shop
    left = 20
    for _ in range(5):
        first, other = (an_order(("AO", 1), state="confirmed", **BUYER) for _ in range(2))
        at_once(
            lambda first=first, other=other: join(first, other),  # type: ignore[misc]  # bound now
            lambda other=other: orders.ship_order(actor=SYSTEM, code=other, now=NOON),  # type: ignore[misc]
            lambda first=first: orders.ship_order(actor=SYSTEM, code=first, now=NOON),  # type: ignore[misc]
        )
        for code in (first, other):
            if seen(code).state == "confirmed":
                orders.ship_order(actor=SYSTEM, code=code, now=NOON)
        left -= 2
        assert level(shirt, here) == (left, 0)


def test_orders_merged_into_each_other_at_once_end_as_one(shop: tuple[int, int, int]) -> None:
    here, shirt, _ = shop
    first, other = an_order(("AO", 1), **BUYER), an_order(("AO", 2), **BUYER)
    outcomes = at_once(lambda: join(first, other), lambda: join(other, first))
    assert sum(isinstance(each, MekongError) for each in outcomes) == 1
    (open_,) = SalesOrder.objects.exclude(state="cancelled")
    assert sum(OrderLine.objects.filter(order=open_).values_list("quantity", flat=True)) == 3
    assert level(shirt, here) == (20, 3)
