"""Caps and slices on bundles count what they sold, once, and give it back as those on plain variants do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from mekong.foundation import health
from mekong.foundation.actor import SYSTEM
from mekong.foundation.pipeline import Cursor
from mekong.inventory import commands as inventory
from mekong.inventory import engine as engine_room
from mekong.inventory import queries
from mekong.inventory.checks import controls_count_what_is_sold
from mekong.inventory.contracts import Held, Short
from mekong.inventory.engine import engine
from mekong.inventory.engine.batch import Batch
from mekong.inventory.ledger import held_units, merge_holds
from mekong.inventory.models import ControlSale, HoldBundle, HoldLine, StockControl
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, asking, assert_sound, held, level, short, stock

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    # Holds are claimed here without an order.
    assert_sound(besides=["orders.hold_their_goods"])


@pytest.fixture
def shop() -> tuple[int, int, int]:
    """(gift of two soaps and a towel, soap, towel), plenty of each."""
    a_location("KHO")
    soap, towel = a_variant("XB"), a_variant("KH")
    gift = a_variant("QUA", parts={"XB": 2, "KH": 1})
    stock(soap, "KHO", 40)
    stock(towel, "KHO", 40)
    return gift, soap, towel


def control(kind: str, amount: int = 0, *, target: str = "QUA", scope: str = "sku", channel: str = "web") -> Any:
    made = inventory.set_control(actor=SYSTEM, channel=channel, scope=scope, kind=kind, target=target, amount=amount)
    return made.uid


def buy(*lines: tuple[int, int], **more: Any) -> Held | Short:
    return engine().call(asking(*lines, **more))


def used(uid: Any = None) -> int:
    """What the pages and the API show as sold from the only control, or from this one."""
    rows = queries.list_controls(actor=SYSTEM)
    return next(row.used for row in rows if uid is None or row.uid == uid)


def promised(variant: int, channel: str = "web") -> int:
    return queries.availability(channel=channel, variant_ids=[variant])[variant].quantity


def claimed(hold: Held, order: str = "order") -> str:
    with transaction.atomic():
        assert inventory.claim({hold.hold_id: order}) == {hold.hold_id}
    return hold.hold_id


def give_back(*holds: str) -> None:
    with transaction.atomic():
        inventory.give_back(hold_ids=holds, actor=SYSTEM, now=NOON)


# --- counted, and bounded -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cap", "slice"])
def test_orders_of_a_bundle_add_up_to_its_cap_or_slice(shop: tuple[int, int, int], kind: str) -> None:
    gift, soap, _ = shop
    control(kind, 5)
    held(buy((gift, 3)))
    assert (used(), promised(gift)) == (3, 2)
    assert short(buy((gift, 3))).lines == ((gift, 3, 2),)
    held(buy((gift, 2)))
    assert (used(), promised(gift)) == (5, 0)
    short(buy((gift, 1)))
    held(buy((gift, 1), channel="till"))
    held(buy((soap, 4)))  # by itself it is not capped
    assert used() == 5


def test_what_a_marketplace_sold_beyond_the_cap_is_counted_as_well(shop: tuple[int, int, int]) -> None:
    gift, _, _ = shop
    control("cap", 2)
    held(buy((gift, 3), is_sold=True))
    assert (used(), promised(gift)) == (3, 0)


def test_a_cap_on_a_listing_counts_the_bundles_it_sold(shop: tuple[int, int, int]) -> None:
    gift, _, _ = shop
    control("cap", 5, scope="listing", target="77:1")
    held(buy((gift, 2), is_sold=True, listings={gift: "77:1"}))
    held(buy((gift, 4), is_sold=True, listings={gift: "88:1"}))
    assert used() == 2


def test_one_order_of_many_lines_does_not_pass_the_cap_they_share(shop: tuple[int, int, int]) -> None:
    gift, soap, towel = shop
    control("cap", 5, scope="channel", target="")
    short(buy((soap, 3), (towel, 3)))
    short(buy((gift, 3), (towel, 3)))
    held(buy((gift, 3), (towel, 2)))
    assert used() == 5


def test_a_control_that_meets_bundle_and_parts_counts_what_is_sold_once(shop: tuple[int, int, int]) -> None:
    gift, soap, _ = shop
    control("cap", 5, scope="channel", target="")
    bought = held(buy((gift, 4)))
    assert (used(), promised(gift), promised(soap)) == (4, 1, 1)
    assert not HoldLine.objects.exclude(control_id=None).exists()
    inventory.release_hold(actor=SYSTEM, hold_id=UUID(bought.hold_id), now=NOON)
    assert used() == 0


def test_the_narrower_control_of_a_bundle_stands_in_place_of_the_wider_one_for_its_parts_too(
    shop: tuple[int, int, int],
) -> None:
    gift, soap, _ = shop
    wide, narrow = control("cap", 2, scope="channel", target=""), control("cap", 5)
    held(buy((gift, 5)))
    assert (used(wide), used(narrow), promised(gift), promised(soap)) == (0, 5, 0, 2)


def test_a_control_that_names_a_part_alone_bounds_it_inside_bundles_too(shop: tuple[int, int, int]) -> None:
    gift, soap, _ = shop
    of_soap, of_gift = control("cap", 7, target="XB"), control("cap", 10)
    assert promised(gift) == 3
    assert short(buy((gift, 4))).lines == ((soap, 8, 7),)
    bought = held(buy((gift, 3), (soap, 1)))
    assert (used(of_soap), used(of_gift)) == (7, 3)
    short(buy((soap, 1)))
    give_back(claimed(bought))
    assert (used(of_soap), used(of_gift)) == (0, 0)


@pytest.mark.parametrize("kind", ["buffer", "floor", "share", "exclude"])
def test_what_is_shown_of_a_bundle_is_what_is_sold_whatever_names_a_part(shop: tuple[int, int, int], kind: str) -> None:
    gift, _, _ = shop
    amount = {"buffer": 30, "floor": 39, "share": 5000, "exclude": 0}[kind]
    control(kind, amount, target="XB", scope="exclusion" if kind == "exclude" else "sku")
    most = {"buffer": 5, "floor": 20, "share": 10, "exclude": 0}[kind]
    assert promised(gift) == most
    short(buy((gift, most + 1)))
    if most:
        held(buy((gift, most)))


def test_a_slice_of_a_bundle_sets_its_parts_aside(shop: tuple[int, int, int]) -> None:
    gift, soap, towel = shop
    control("slice", 15, channel="live")
    assert (promised(soap), promised(towel), promised(gift), promised(gift, "live")) == (10, 25, 5, 15)
    short(buy((soap, 11)))
    short(buy((gift, 6)))
    held(buy((gift, 1), channel="live"))
    assert (promised(soap), promised(towel), promised(gift), promised(gift, "live")) == (10, 25, 5, 14)
    held(buy((soap, 10)))
    short(buy((soap, 1)))
    held(buy((gift, 14), channel="live"))
    assert promised(soap) == 0


# --- given back ---------------------------------------------------------------------------------------------------------


def test_what_is_released_cancelled_or_swept_is_counted_no_more(shop: tuple[int, int, int]) -> None:
    gift, _, _ = shop
    control("cap", 5)
    cart = held(buy((gift, 5)))
    for _ in range(2):
        inventory.release_hold(actor=SYSTEM, hold_id=UUID(cart.hold_id), now=NOON)
        assert (used(), promised(gift)) == (0, 5)
    order = claimed(held(buy((gift, 5))))
    for _ in range(2):
        give_back(order)
        assert (used(), promised(gift)) == (0, 5)
    held(buy((gift, 5), ttl_s=60))
    assert inventory.release_expired(now=LATER) == 1
    assert (used(), promised(gift), HoldBundle.objects.count()) == (0, 5, 0)


def test_carts_that_expired_do_not_keep_a_cap_used_up(shop: tuple[int, int, int]) -> None:
    gift, _, _ = shop
    control("cap", 5)
    for _ in range(5):
        held(buy((gift, 1), ttl_s=60))
    short(buy((gift, 5)))
    held(buy((gift, 5), now=LATER))
    assert (used(), HoldBundle.objects.count()) == (5, 1)


def test_another_bundle_of_the_same_cap_is_found_when_it_expired(shop: tuple[int, int, int]) -> None:
    gift, _, _ = shop
    stock(a_variant("TR"), "KHO", 5)
    tea = a_variant("TRA", parts={"TR": 1})
    control("cap", 3, scope="channel", target="")
    held(buy((tea, 3), ttl_s=60))
    short(buy((gift, 3)))
    held(buy((gift, 3), now=LATER))
    assert used() == 3
    inventory.release_expired(now=LATER)
    assert used() == 3


def test_another_sku_of_the_same_cap_is_found_when_it_expired(shop: tuple[int, int, int]) -> None:
    _, soap, towel = shop
    control("cap", 3, scope="channel", target="")
    held(buy((towel, 3), ttl_s=60))
    short(buy((soap, 3)))
    held(buy((soap, 3), now=LATER))
    assert used() == 3
    inventory.release_expired(now=LATER)
    assert used() == 3


def test_an_expired_bundle_gives_back_what_its_buyer_of_parts_has_not_locked(shop: tuple[int, int, int]) -> None:
    gift, soap, _ = shop
    control("cap", 20)
    held(buy((gift, 20), ttl_s=60))
    held(buy((soap, 40), now=LATER))  # locks the soap alone
    assert (used(), level(soap, HoldLine.objects.first().location_id)) == (0, (40, 40))  # type: ignore[union-attr]  # there is one
    inventory.release_expired(now=LATER)
    assert used() == 0


def test_an_order_that_expired_and_was_claimed_all_the_same_stays_counted(shop: tuple[int, int, int]) -> None:
    gift, _, _ = shop
    control("cap", 5)
    order = claimed(held(buy((gift, 5), ttl_s=60)))
    short(buy((gift, 1), now=LATER))
    assert used() == 5
    give_back(order)


def test_goods_that_left_stay_counted(shop: tuple[int, int, int]) -> None:
    gift, soap, _ = shop
    of_gift, of_soap = control("cap", 5), control("cap", 20, target="XB")
    order = claimed(held(buy((gift, 2), (soap, 1))))
    for _ in range(2):
        with transaction.atomic():
            inventory.ship_holds(holds={order: "DH"}, actor=SYSTEM, now=NOON)
        give_back(order)
        assert (used(of_gift), used(of_soap), promised(gift)) == (2, 5, 3)
        assert sorted(ControlSale.objects.values_list("units", flat=True)) == [2, 5]
        assert not HoldBundle.objects.exists()
    inventory.remove_control(actor=SYSTEM, control_id=of_gift)
    assert list(ControlSale.objects.values_list("units", flat=True)) == [5]


def test_a_split_keeps_the_sum_and_each_half_gives_its_own_back(shop: tuple[int, int, int]) -> None:
    gift, soap, towel = shop
    wide = control("cap", 9, scope="channel", target="")
    first = claimed(held(buy((gift, 3), (soap, 4))))
    assert used() == 7
    with transaction.atomic():
        second, _ = inventory.split_hold(
            hold_id=first, claimed_by="second", units={soap: 5, towel: 2}, sold={gift: 2, soap: 1}, now=NOON
        )
    assert used() == 7
    give_back(str(second))
    assert used(wide) == 4
    give_back(first)
    assert used(wide) == 0


def test_what_is_held_by_itself_and_inside_a_bundle_is_told_together(shop: tuple[int, int, int]) -> None:
    gift, soap, towel = shop
    control("cap", 9, scope="channel", target="")
    first = held(buy((gift, 3), (soap, 4), key="K"))
    place = first.lines[0][1]
    assert sorted(first.lines) == sorted([(soap, place, 10), (towel, place, 3)])
    assert sorted(held(buy((gift, 3), (soap, 4), key="K")).lines) == sorted(first.lines)
    assert sorted(held_units([first.hold_id])[first.hold_id]) == sorted(first.lines)
    order = claimed(first)
    with transaction.atomic():
        second, moved = inventory.split_hold(
            hold_id=order, claimed_by="second", units={soap: 5, towel: 2}, sold={gift: 2, soap: 1}, now=NOON
        )
    assert sorted(moved) == sorted([(soap, place, 5), (towel, place, 2)])
    give_back(order, str(second))
    assert used() == 0


def test_bundles_of_which_nothing_is_held_are_counted_no_more_when_they_are_split_off() -> None:
    a_location("KHO")
    a_variant("XB")
    gift = a_variant("QUA", parts={"XB": 1}, backorder=True)
    control("cap", 5)
    first = claimed(held(buy((gift, 3), is_sold=True)))  # all to come
    assert used() == 3
    with transaction.atomic():
        moved = inventory.split_hold(hold_id=first, claimed_by="second", units={}, sold={gift: 1}, now=NOON)
    assert (moved, used()) == ((None, []), 2)
    give_back(first)
    assert used() == 0


def test_holds_that_are_merged_keep_what_they_count(shop: tuple[int, int, int]) -> None:
    gift, _, _ = shop
    control("cap", 5)
    one, other = claimed(held(buy((gift, 2)))), claimed(held(buy((gift, 1))))
    with transaction.atomic():
        merge_holds(into=one, source=other)
    assert used() == 3
    give_back(other)
    assert used() == 3
    give_back(one)
    assert used() == 0


# --- repeats, the doctor, the price -------------------------------------------------------------------------------------


def test_a_repeat_counts_once_and_a_refusal_not_at_all(shop: tuple[int, int, int]) -> None:
    gift, _, towel = shop
    control("cap", 5)
    first = held(buy((gift, 3), key="K"))
    assert held(buy((gift, 3), key="K")).hold_id == first.hold_id
    short(buy((gift, 1), (towel, 999)))
    assert used() == 3


def test_the_doctor_finds_a_bundle_that_is_counted_wrongly_and_says_what_to_do(shop: tuple[int, int, int]) -> None:
    gift, _, _ = shop
    control("cap", 5)
    held(buy((gift, 2)))
    assert controls_count_what_is_sold(NOON).ok
    StockControl.objects.update(used=3)
    found = controls_count_what_is_sold(NOON)
    assert (found.ok, "web QUA cap 2 0 3" in found.found, bool(found.remedy)) == (False, True, True)
    assert "inventory.controls_count_what_is_sold" in dict(health.run_all(NOON))
    StockControl.objects.update(used=2)


class _Listening:
    def __init__(self, cursor: Cursor, asked: list[str]) -> None:
        self.cursor, self.asked = cursor, asked

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        self.asked.append(sql)
        return self.cursor.execute(sql, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cursor, name)


def test_orders_without_counted_bundles_cost_no_statement_more(
    shop: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    gift, soap, _ = shop
    asked: list[str] = []

    class Heard(Batch):
        def __init__(self, cursor: Cursor, *more: Any) -> None:
            super().__init__(_Listening(cursor, asked), *more)

    monkeypatch.setattr(engine_room, "Batch", Heard)

    def statements(*lines: tuple[int, int]) -> int:
        held(buy(*lines))
        asked.clear()
        held(buy(*lines))
        return len(asked)

    plain = statements((soap, 1))
    assert statements((gift, 1)) == plain == 2
    uid = control("cap", 30, target="XB")
    assert statements((soap, 1)) == plain + 2  # as ever: its control is locked, and counts
    inventory.remove_control(actor=SYSTEM, control_id=uid)
    control("cap", 30)
    assert statements((soap, 1)) == plain
    assert statements((gift, 1)) == plain + 3


def test_a_hold_ends_with_as_many_statements_whether_it_counts_bundles_or_not(shop: tuple[int, int, int]) -> None:
    gift, soap, _ = shop
    counts = []
    for line in ((soap, 1), (gift, 1)):
        hold = held(buy(line))
        with CaptureQueriesContext(connection) as queried:
            inventory.release_hold(actor=SYSTEM, hold_id=UUID(hold.hold_id), now=NOON)
        counts.append(len(queried))
    assert counts[0] == counts[1]
