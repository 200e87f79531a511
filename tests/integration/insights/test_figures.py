"""What waits, what sold, what runs out: exact figures, for those who see everything and those bound to a place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MayNot
from mekong.insights import commands, queries
from mekong.insights.contracts import Movers
from mekong.insights.models import CountedDay, UnitsDay
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import AdjustmentLine
from mekong.orders import commands as orders
from mekong.orders.models import SalesOrder
from tests.support.orders import a_draft, accept, an_order
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 21, 17, tzinfo=UTC)
"""The midnight in Ho Chi Minh City that NOON's day began with."""
PLATFORMS = ("shopee-1",)


@pytest.fixture
def places() -> tuple[int, int]:
    return a_location("HN"), a_location("SG", priority=200)


def of(*places: int) -> Actor:
    return an_actor("orders.view", "inventory.view", locations=places)


def _waiting(actor: Actor, *names: str, soon: datetime = NOON + timedelta(hours=2)) -> dict[str, tuple[object, ...]]:
    found = queries.waiting(actor=actor, names=names or list(queries.WORK), platforms=PLATFORMS, now=NOON, soon=soon)
    return {name: (each.orders, dict(each.money), each.late, each.soon) for name, each in found.items()}


def _listed(actor: Actor, name: str) -> tuple[int, dict[str, int], list[str]]:
    found = queries.waiting_orders(actor=actor, name=name, platforms=PLATFORMS, now=NOON)
    return found.orders, dict(found.money), [row.code for row in found.rows]


def test_orders_wait_by_the_work_they_need_with_money_and_deadline(places: tuple[int, int]) -> None:
    here, there = places
    variant = a_variant("AO", price=100)
    stock(variant, "HN", 50)
    stock(variant, "SG", 50)
    late = a_draft((variant, 2), state="pending_confirmation", ship_by=NOON - timedelta(minutes=1))
    soon = a_draft((variant, 1), state="pending_confirmation", ship_by=NOON + timedelta(hours=1))
    accept(late, replace(soon, channel="web"))
    an_order(("AO", 3), location_ids=(there,), state="confirmed")
    accept(a_draft((None, 1)))

    found = queries.waiting(
        actor=SYSTEM,
        names=["confirm", "pack", "unmatched"],
        platforms=PLATFORMS,
        now=NOON,
        soon=NOON + timedelta(hours=2),
    )
    assert (found["confirm"].orders, found["confirm"].money) == (2, {"VND": 3000})
    assert (found["confirm"].late, found["confirm"].soon) == (1, 1)
    assert found["confirm"].first_due == NOON - timedelta(minutes=1)
    assert (found["pack"].orders, found["pack"].money, found["pack"].first_due) == (2, {"VND": 1300}, None)
    assert (found["unmatched"].orders, found["unmatched"].money) == (1, {"VND": 1000})

    assert set(_waiting(of(here), "confirm", "pack", "unmatched")) == {"confirm", "pack", "unmatched"}
    assert _waiting(of(there), "confirm", "pack", "unmatched") == {
        "pack": (2, {"VND": 1300}, 0, 0),
        "unmatched": (1, {"VND": 1000}, 0, 0),
    }
    assert _waiting(of(), "confirm", "pack") == {"pack": (1, {"VND": 1000}, 0, 0)}, (
        "who works nowhere sees what is nowhere"
    )


def test_money_that_is_owed_either_way(places: tuple[int, int]) -> None:
    here, there = places
    variant = a_variant("AO", price=100)
    stock(variant, "HN", 50)
    stock(variant, "SG", 50)
    unpaid = an_order(("AO", 1), location_ids=(here,))
    an_order(("AO", 2), location_ids=(here,), is_cod=True)
    an_order(("AO", 4), location_ids=(here,), is_paid=True)
    refund = an_order(("AO", 8), location_ids=(there,), is_paid=True)
    orders.cancel_order(actor=SYSTEM, code=refund, reason="other", now=NOON)
    theirs = accept(a_draft((variant, 16), state="confirmed", payment_state="paid"))[0].code
    orders.cancel_order(actor=SYSTEM, code=theirs, reason="other", now=NOON)
    dropped = an_order(("AO", 1), location_ids=(here,))
    orders.cancel_order(actor=SYSTEM, code=dropped, reason="other", now=NOON)
    long_ago = NOON - timedelta(days=9)
    cod = an_order(("AO", 3), location_ids=(here,), is_cod=True, state="delivered", now=long_ago)
    an_order(("AO", 3), location_ids=(here,), is_cod=True, state="delivered", now=NOON - timedelta(days=6))
    ancient = an_order(("AO", 5), location_ids=(here,), now=NOON - timedelta(days=91))

    assert _waiting(SYSTEM, "unpaid", "refund", "platform-refund", "cod") == {
        "unpaid": (1, {"VND": 100}, 0, 0),
        "refund": (1, {"VND": 800}, 0, 0),
        "platform-refund": (1, {"VND": 16000}, 0, 0),
        "cod": (1, {"VND": 300}, 0, 0),
    }
    assert _listed(SYSTEM, "unpaid") == (1, {"VND": 100}, [unpaid])
    assert ancient not in _listed(SYSTEM, "unpaid")[2]
    assert _listed(SYSTEM, "refund") == (1, {"VND": 800}, [refund])
    assert _listed(SYSTEM, "platform-refund") == (1, {"VND": 16000}, [theirs])
    assert _listed(SYSTEM, "cod") == (1, {"VND": 300}, [cod])
    assert set(_waiting(of(there), "unpaid", "refund", "cod")) == {"refund"}
    assert set(_waiting(of(here), "unpaid", "refund", "cod")) == {"unpaid", "cod"}


def test_every_figure_is_as_long_as_its_list(places: tuple[int, int]) -> None:
    here, _ = places
    variant = a_variant("AO", price=100)
    stock(variant, "HN", 50)
    for state in ("", "confirmed", "shipped", "delivered"):
        an_order(("AO", 1), location_ids=(here,), state=state, is_paid=state != "")
    packed = an_order(("AO", 1), location_ids=(here,), state="confirmed")
    orders.move_order(actor=SYSTEM, code=packed, to="packed", now=NOON)
    accept(a_draft((None, 1)), a_draft((variant, 900)), a_draft((variant, 1), issues=("address",)))
    found = _waiting(SYSTEM)
    assert set(found) >= {"confirm", "pack", "hand", "unmatched", "short", "address", "unpaid"}
    for name in queries.WORK:
        orders_there, money, codes = _listed(SYSTEM, name)
        assert found.get(name, (0, {}))[:2] == (orders_there, money), name
        assert len(codes) == orders_there, name


def test_what_waits_is_one_statement(places: tuple[int, int]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        _waiting(of(*places))
    assert len(asked) == 1


def test_the_list_behind_a_figure_goes_on_where_it_ended(places: tuple[int, int]) -> None:
    variant = a_variant("AO", price=100)
    stock(variant, "HN", 50)
    codes = [an_order(("AO", 1), now=NOON + timedelta(minutes=n)) for n in range(5)]
    later = NOON + timedelta(hours=1)
    first = queries.waiting_orders(actor=SYSTEM, name="confirm", platforms=(), now=later, limit=3)
    assert [row.code for row in first.rows] == codes[:3]
    assert (first.orders, first.units) == (5, 5)
    assert first.next_cursor
    rest = queries.waiting_orders(
        actor=SYSTEM, name="confirm", platforms=(), now=later, cursor=first.next_cursor, limit=3
    )
    assert [row.code for row in rest.rows] == codes[3:]
    assert rest.next_cursor is None


def test_sales_by_channel_and_hour_against_the_week_before(places: tuple[int, int]) -> None:
    here, there = places
    variant = a_variant("AO", price=100)
    stock(variant, "HN", 50)
    stock(variant, "SG", 50)
    an_order(("AO", 1), location_ids=(here,), placed_at=MIDNIGHT)
    an_order(("AO", 2), location_ids=(there,), placed_at=NOON - timedelta(minutes=5))
    an_order(("AO", 4), location_ids=(here,), channel="phone", placed_at=NOON - timedelta(minutes=1))
    an_order(("AO", 8), location_ids=(here,), placed_at=MIDNIGHT - timedelta(seconds=1))
    gone = an_order(("AO", 9), location_ids=(here,), placed_at=NOON)
    orders.cancel_order(actor=SYSTEM, code=gone, reason="other", now=NOON)
    week = timedelta(days=7)
    an_order(("AO", 3), location_ids=(here,), placed_at=NOON - week - timedelta(minutes=1))
    an_order(("AO", 5), location_ids=(here,), placed_at=NOON - week + timedelta(hours=3))
    an_order(("AO", 9), location_ids=(here,), placed_at=MIDNIGHT - week - timedelta(seconds=1))

    local = NOON.astimezone(MIDNIGHT.tzinfo)
    with CaptureQueriesContext(connection) as asked:
        found = queries.day_sales(actor=SYSTEM, day_start=MIDNIGHT, now=local)
    assert len(asked) == 1
    assert [(each.channel, each.hour, each.orders, each.total_minor) for each in found.hours] == [
        ("phone", 11, 1, 400), ("web", 0, 1, 100), ("web", 11, 1, 200),
    ]  # fmt: skip
    assert [(each.channel, each.hour, each.total_minor) for each in found.then_hours] == [
        ("web", 11, 300), ("web", 15, 500),
    ]  # fmt: skip
    assert found.then_so_far == {("web", "VND"): (1, 300)}

    hour = MIDNIGHT + timedelta(hours=11)
    listed = queries.sold_orders(actor=SYSTEM, since=hour, until=hour + timedelta(hours=1), channel="web")
    assert (listed.orders, listed.money, listed.units) == (1, {"VND": 200}, 2)
    whole = queries.sold_orders(actor=SYSTEM, since=MIDNIGHT, until=MIDNIGHT + DAY)
    assert (whole.orders, whole.money) == (3, {"VND": 700})

    scoped = queries.day_sales(actor=of(there), day_start=MIDNIGHT, now=NOON)
    assert [(each.channel, each.total_minor) for each in scoped.hours] == [("web", 200)]
    assert scoped.then_so_far == {}


def test_movers_and_cover_are_counted_from_whole_days(places: tuple[int, int]) -> None:
    here, there = places
    shirt, hat, cap = a_variant("AO"), a_variant("MU"), a_variant("NON")
    for variant in (shirt, hat, cap):
        stock(variant, "HN", 100)
        stock(variant, "SG", 100)
    for days, sku, units, place in (
        (27, "AO", 2, here), (8, "AO", 1, here), (7, "AO", 5, there), (1, "AO", 6, here), (0, "AO", 50, here),
        (13, "MU", 4, here), (15, "MU", 30, here), (2, "MU", 1, here), (5, "NON", 3, there), (12, "NON", 3, there),
    ):  # fmt: skip
        an_order((sku, units), location_ids=(place,), placed_at=NOON - days * DAY, now=NOON)
    assert queries.movers(actor=SYSTEM) == Movers()
    assert queries.covers(actor=SYSTEM).rows == ()
    commands.count_sales(actor=SYSTEM, now=NOON)

    found = queries.movers(actor=SYSTEM)
    assert [(each.variant_id, each.units, each.before) for each in found.up] == [(shirt, 11, 1)]
    assert [(each.variant_id, each.units, each.before) for each in found.down] == [(hat, 1, 4)]
    assert found.through is not None
    assert found.through.isoformat() == "2026-11-21"
    scoped = queries.movers(actor=of(there))
    assert [(each.variant_id, each.units, each.before) for each in scoped.up] == [(shirt, 5, 0)]

    since, until = MIDNIGHT - 7 * DAY, MIDNIGHT
    taken = queries.taking_orders(actor=SYSTEM, variant_id=shirt, since=since, until=until)
    assert (taken.orders, taken.units) == (2, 11)
    assert queries.taking_orders(actor=of(there), variant_id=shirt, since=since, until=until).units == 5
    assert queries.taking_orders(actor=SYSTEM, variant_id=here, since=since, until=until).orders == 0

    for variant, code, units in ((shirt, "HN", -39), (hat, "HN", -25), (cap, "SG", -94)):
        inventory.adjust_stock(
            actor=SYSTEM, location=code, reason="count", now=NOON, lines=[AdjustmentLine(variant, units)]
        )
    with CaptureQueriesContext(connection) as asked:
        covers = queries.covers(actor=SYSTEM, within_days=30)
    assert len(asked) == 3
    free = {(each.variant_id, each.location_code): (each.free, each.units, each.days) for each in covers.rows}
    assert free == {(shirt, "HN"): (2, 9, 27), (cap, "SG"): (0, 6, 27)}, "hats last longer than a month"
    assert [round(each.lasts, 2) for each in covers.rows] == [0.0, 6.0]
    assert (covers.within, covers.soon) == (2, 2)
    assert queries.covers(actor=SYSTEM, within_days=30, soon_days=5).soon == 1
    assert [each.location_code for each in queries.covers(actor=of(here), within_days=30).rows] == ["HN"]


def test_a_day_is_counted_again_when_its_orders_change_late(places: tuple[int, int]) -> None:
    here, _ = places
    variant = a_variant("AO")
    stock(variant, "HN", 100)
    codes = [an_order(("AO", 2), location_ids=(here,), placed_at=NOON - 5 * DAY, now=NOON) for _ in range(2)]
    assert commands.count_sales(actor=SYSTEM, now=NOON) == 28
    assert UnitsDay.objects.get().units == 4
    orders.cancel_order(actor=SYSTEM, code=codes[0], reason="other", now=NOON)
    turns = [commands.count_sales(actor=SYSTEM, now=NOON + timedelta(minutes=10 * n)) for n in range(1, 15)]
    assert turns == [2] * 14
    assert UnitsDay.objects.get().units == 2
    assert commands.count_sales(actor=SYSTEM, now=NOON + DAY) == 3, "yesterday for the first time, two others anew"
    commands.count_sales(actor=SYSTEM, now=NOON + 40 * DAY)
    assert (UnitsDay.objects.count(), CountedDay.objects.count()) == (0, 28)


def test_figures_are_for_those_who_may(places: tuple[int, int]) -> None:
    stranger = an_actor("catalog.view")
    with pytest.raises(MayNot):
        queries.waiting(actor=stranger, names=["confirm"], platforms=(), now=NOON, soon=NOON)
    with pytest.raises(MayNot):
        queries.waiting_orders(actor=stranger, name="unpaid", platforms=(), now=NOON)
    with pytest.raises(MayNot):
        queries.day_sales(actor=stranger, day_start=MIDNIGHT, now=NOON)
    with pytest.raises(MayNot):
        queries.sold_orders(actor=stranger, since=MIDNIGHT, until=NOON)
    with pytest.raises(MayNot):
        queries.movers(actor=stranger)
    with pytest.raises(MayNot):
        queries.covers(actor=stranger)
    with pytest.raises(MayNot):
        queries.taking_orders(actor=stranger, variant_id=1, since=MIDNIGHT, until=NOON)
    with pytest.raises(MayNot):
        queries.oversold(actor=stranger, since=NOON)
    with pytest.raises(MayNot):
        commands.count_sales(actor=stranger, now=NOON)


def test_what_was_sold_beyond_the_shelf_is_named_by_place(places: tuple[int, int]) -> None:
    here, _ = places
    variant = a_variant("AO")
    for place, units in (("HN", 2), ("SG", 3)):
        inventory.sell_below_zero(
            actor=SYSTEM, location=place, lines=[(variant, units)], channel="store", reference=f"T-{place}", now=NOON
        )
    rows = queries.oversold(actor=SYSTEM, since=NOON - DAY)
    assert [(row.location_code, row.units) for row in rows] == [("SG", 3), ("HN", 2)]
    assert [row.location_code for row in queries.oversold(actor=of(here), since=NOON - DAY)] == ["HN"]
    assert queries.oversold(actor=SYSTEM, since=NOON + timedelta(seconds=1)) == []
    assert SalesOrder.objects.count() == 0
