"""What people keep, print and see of each other at the list of orders."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MayNot
from mekong.foundation.models import AuditEntry
from mekong.orders import commands, queries
from mekong.orders.contracts import Conditions
from mekong.orders.errors import (
    BadFilter,
    BadPaper,
    FilterNotFound,
    FilterOfAnother,
    FilterTaken,
    OrderNotFound,
    TooManyFilters,
)
from mekong.orders.models import Presence, SavedFilter, TimelineEntry
from tests.support.orders import an_order
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)
VIP = Conditions(tag="VIP", states=("confirmed",), placed_from=date(2026, 11, 1), due_h=4)


def seller(number: int = 1, *more: str, locations: list[int] | None = None) -> Actor:
    where = None if locations is None else frozenset(locations)
    rights = frozenset({"orders.view", "orders.edit", "orders.ship", *more})
    return Actor(kind="person", ref=f"person:{number}", name=f"P{number}", permissions=rights, location_ids=where)


def save(actor: Actor, name: str = "VIP", conditions: Conditions = VIP, *, shared: bool = False):  # type: ignore[no-untyped-def]  # a view
    return commands.save_filter(actor=actor, name=name, conditions=conditions, is_shared=shared, now=NOON)


def names(actor: Actor) -> list[str]:
    return [each.name for each in queries.list_filters(actor=actor)]


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each answers or raises, all begun together."""

    def run(work: Callable[[], object]) -> object:
        try:
            return work()
        except Exception as refused:  # noqa: BLE001 - looked at by the test
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


# --- saved filters ---------------------------------------------------------------------------------------------------


def test_a_filter_is_kept_as_it_was_and_saved_again_changes_nothing() -> None:
    first = save(seller(), "  VIP   gấp ")
    assert (first.name, first.conditions, first.is_own, first.is_shared) == ("VIP gấp", VIP, True, False)
    assert save(seller(), "VIP gấp").id == first.id
    assert queries.get_filter(actor=seller(), filter_id=first.id) == first
    assert SavedFilter.objects.count() == 1
    assert AuditEntry.objects.filter(table="orders_savedfilter", actor="person:1").count() == 1


def test_filters_are_ones_own_unless_shared() -> None:
    save(seller(1), "A")
    shared = save(seller(1), "B", shared=True)
    save(seller(2), "C")
    assert names(seller(1)) == ["A", "B"]
    assert names(seller(2)) == ["C", "B"]
    assert not queries.get_filter(actor=seller(2), filter_id=shared.id).is_own
    with pytest.raises(FilterNotFound):
        queries.get_filter(actor=seller(2), filter_id=queries.list_filters(actor=seller(1))[0].id)


def test_what_is_refused_changes_nothing() -> None:
    mine, shared = save(seller(1)), save(seller(1), "B", shared=True)
    other = seller(2)
    for act, error in (
        (lambda: save(seller(1), conditions=Conditions(tag="x")), FilterTaken),
        (lambda: save(seller(1), name=" "), BadFilter),
        (lambda: save(seller(1), name="x" * 61), BadFilter),
        (lambda: save(seller(1), "C", Conditions()), BadFilter),
        (lambda: save(seller(1), "C", Conditions(states=("lost",))), BadFilter),
        (lambda: save(seller(1), "C", Conditions(due_h=-1)), BadFilter),
        (lambda: save(seller(1), "C", Conditions(money_from_minor=5, money_to_minor=4)), BadFilter),
        (lambda: save(seller(1), "C", Conditions(placed_from=date(2026, 2, 1), placed_to=date(2026, 1, 1))), BadFilter),
        (lambda: change(seller(1), shared.id, name="vip"), FilterTaken),
        (lambda: change(other, mine.id, name="mine"), FilterNotFound),
        (lambda: change(other, shared.id, name="mine"), FilterOfAnother),
        (lambda: commands.remove_filter(actor=other, filter_id=shared.id), FilterOfAnother),
        (lambda: change(seller(1), uuid4(), name="D"), FilterNotFound),
    ):
        with pytest.raises(error):
            act()
    stranger = Actor(kind="person", ref="person:3", name="", permissions=frozenset({"inventory.view"}))
    viewer = Actor(kind="person", ref="person:3", name="", permissions=frozenset({"orders.view"}))
    for act in (
        lambda: save(stranger),
        lambda: save(viewer, shared=True),
        lambda: queries.list_filters(actor=stranger),
    ):
        with pytest.raises(MayNot):
            act()
    assert names(seller(1)) == ["VIP", "B"]


def change(actor: Actor, filter_id: object, **what: object):  # type: ignore[no-untyped-def]  # a view
    return commands.change_filter(actor=actor, filter_id=filter_id, now=NOON, **what)  # type: ignore[arg-type]  # by name


def test_a_filter_is_changed_moved_and_forgotten() -> None:
    first, second, third = (save(seller(), name) for name in "ABC")
    assert change(seller(), first.id, name="a", is_shared=True).is_shared
    assert change(seller(), first.id, conditions=Conditions(tag="x")).conditions == Conditions(tag="x")
    commands.order_filters(actor=seller(), filter_ids=[third.id, uuid4(), first.id])
    assert names(seller()) == ["C", "a", "B"]
    keeper = seller(9, "settings.manage")
    commands.remove_filter(actor=keeper, filter_id=first.id)
    for _ in range(2):
        commands.remove_filter(actor=seller(), filter_id=second.id)
    assert names(seller()) == ["C"]


def test_there_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mekong.orders.commands.filters.MOST", 2)
    save(seller(), "A")
    save(seller(), "B")
    with pytest.raises(TooManyFilters):
        save(seller(), "C")
    assert save(seller(2), "C").name == "C"


def test_two_tabs_that_save_at_once_keep_one_filter() -> None:
    answers = at_once(*[lambda: save(seller())] * 4)
    assert len({getattr(each, "id", each) for each in answers}) == 1
    assert SavedFilter.objects.count() == 1


@pytest.mark.parametrize(
    ("conditions", "since", "until"),
    [
        (Conditions(day="today"), 22, 23),
        (Conditions(day="yesterday"), 21, 22),
        (Conditions(day="week"), 16, 23),
        (Conditions(placed_from=date(2026, 11, 3), placed_to=date(2026, 11, 5)), 3, 6),
    ],
)
def test_days_turn_at_midnight_in_ho_chi_minh_city(conditions: Conditions, since: int, until: int) -> None:
    wanted = queries.wanted_by(conditions, NOON)
    assert wanted.placed_from is not None
    assert wanted.placed_to is not None
    assert wanted.placed_from.isoformat() == f"2026-11-{since:02d}T00:00:00+07:00"
    assert wanted.placed_to.isoformat() == f"2026-11-{until:02d}T00:00:00+07:00"


# --- presence --------------------------------------------------------------------------------------------------------


@pytest.fixture
def order() -> str:
    a_location("HN")
    stock(a_variant("AO", price=100), "HN", 50)
    return an_order(("AO", 2), customer_phone="0903123218", customer_name="Mai")


def people(actor: Actor, *, at: int = 0) -> list[str]:
    return [each.actor for each in queries.people_on(actor=actor, now=NOON + timedelta(seconds=at))]


def come(actor: Actor, code: str, *, at: int = 0) -> list[str]:
    return [each.actor for each in commands.be_present(actor=actor, code=code, now=NOON + timedelta(seconds=at))]


def test_people_on_an_order_see_each_other_until_their_lease_ends(order: str) -> None:
    assert come(seller(1), order) == []
    assert come(seller(2), order, at=10) == ["person:1"]
    assert come(seller(1), order, at=30) == ["person:2"]
    assert people(seller(3), at=40) == ["person:1", "person:2"]
    assert people(seller(3), at=90) == ["person:1"]
    assert Presence.objects.get(actor="person:1").since == NOON
    assert come(seller(2), order, at=200) == []
    assert Presence.objects.get(actor="person:2").since == NOON + timedelta(seconds=200)


def test_who_leaves_is_gone_and_leaving_twice_is_once(order: str) -> None:
    come(seller(1), order)
    for _ in range(2):
        commands.leave(actor=seller(1), code=order)
    assert people(seller(2)) == []
    with pytest.raises(OrderNotFound):
        come(seller(1), "DH-000000-0000")
    with pytest.raises(MayNot):
        come(Actor(kind="person", ref="person:9", name="", permissions=frozenset()), order)


def test_only_coming_and_leaving_are_told(order: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("listen mekong_presence")
    heard = []
    connection.connection.add_notify_handler(lambda note: heard.append(note.payload))
    come(seller(1), order)
    come(seller(1), order, at=30)
    come(seller(1), order, at=60)
    commands.leave(actor=seller(1), code=order)
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        cursor.execute("unlisten mekong_presence")
    assert heard == [order, order]


def test_who_works_elsewhere_is_told_nothing(order: str) -> None:
    there = a_location("SG")
    come(seller(1), order)
    assert people(seller(2, locations=[there])) == []
    with pytest.raises(OrderNotFound):
        come(seller(2, locations=[there]), order)


# --- papers ----------------------------------------------------------------------------------------------------------


def prints(actor: Actor, *codes: str, key: str = "", paper: str = "delivery_note") -> list[int]:
    """Which copy each order's paper is."""
    done = commands.print_orders(actor=actor, codes=codes, paper=paper, key=key or uuid4().hex, now=NOON)
    assert [each.order.code for each in done] == list(codes)
    return [each.copy for each in done]


def test_each_print_is_counted_and_written_down(order: str) -> None:
    other = an_order(("AO", 1))
    assert prints(seller(), order) == [1]
    assert prints(seller(), other, order) == [1, 2]
    assert prints(seller(), order, paper="pick_list") == [1]
    entries = TimelineEntry.objects.filter(order__code=order, kind="printed").order_by("id")
    assert [(each.data["paper"], each.data["copy"], each.actor) for each in entries] == [
        ("delivery_note", 1, "person:1"), ("delivery_note", 2, "person:1"), ("pick_list", 1, "person:1"),
    ]  # fmt: skip
    read = AuditEntry.objects.filter(action="read", table="orders_salesorder")
    assert read.count() == 3, "a pick list says nothing of the buyer"


def test_the_same_print_asked_for_twice_is_one(order: str) -> None:
    assert [prints(seller(), order, key="once") for _ in range(3)] == [[1], [1], [1]]
    assert prints(seller(), order, key="later") == [2]
    assert TimelineEntry.objects.filter(kind="printed").count() == 2


def test_prints_at_one_moment_are_told_apart(order: str) -> None:
    answers = at_once(*[lambda: prints(seller(), order)] * 5)
    assert sorted(answers, key=str) == [[1], [2], [3], [4], [5]]


def test_what_cannot_be_printed_prints_nothing(order: str) -> None:
    there = a_location("SG")
    viewer = Actor(kind="person", ref="person:9", name="", permissions=frozenset({"orders.view"}))
    for act, error in (
        (lambda: prints(seller(), order, "DH-000000-0000"), OrderNotFound),
        (lambda: prints(seller(2, locations=[there]), order), OrderNotFound),
        (lambda: prints(seller(), order, paper="poster"), BadPaper),
        (lambda: prints(seller()), BadPaper),
        (lambda: prints(seller(), *[f"DH-{n}" for n in range(201)]), BadPaper),
        (lambda: prints(viewer, order), MayNot),
    ):
        with pytest.raises(error):
            act()
    assert not TimelineEntry.objects.filter(kind="printed").exists()
    assert prints(SYSTEM, order) == [1]
