"""Counts and sums of orders: of those the actor sees, as a list would show them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import BadCursor, MayNot
from mekong.foundation.paging import encode_cursor
from mekong.orders import commands, queries
from mekong.orders.contracts import OrderFilter
from mekong.orders.models import SalesOrder
from tests.support.orders import a_draft, accept, an_order
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def places() -> tuple[int, int]:
    """Hà Nội, where one order is confirmed and one waits, and Sài Gòn, where one waits; one has no goods anywhere."""
    here, there = a_location("HN"), a_location("SG")
    variant = a_variant("AO", price=100)
    stock(variant, "HN", 3)
    an_order(("AO", 1), location_ids=(here,), state="confirmed")
    an_order(("AO", 2), location_ids=(here,))
    stock(variant, "SG", 5)
    an_order(("AO", 5), location_ids=(there,), customer_name="Mai")
    accept(a_draft((variant, 1)))
    return here, there


def of(*places: int) -> Actor:
    return an_actor("orders.view", locations=places)


def listed(actor: Actor, **wanted: object) -> int:
    return len(queries.list_orders(actor=actor, wanted=OrderFilter(**wanted)).orders)  # type: ignore[arg-type]  # fields by name


def test_everyone_everywhere_counts_all(places: tuple[int, int]) -> None:
    assert queries.count_by_state(actor=SYSTEM) == {"confirmed": 1, "pending_confirmation": 2, "awaiting_stock": 1}
    assert queries.count_by_state(actor=SYSTEM, channel="web") == {"confirmed": 1, "pending_confirmation": 2}
    assert queries.count_by_channel(actor=SYSTEM) == {"web": 3, "shopee-1": 1}
    assert queries.sales_of_day(actor=SYSTEM, day_start=NOON)["web"] == (3, 800, "VND")


def test_states_are_counted_where_the_actor_works_and_where_nothing_is_allocated(places: tuple[int, int]) -> None:
    here, _ = places
    assert queries.count_by_state(actor=of(here)) == {"confirmed": 1, "pending_confirmation": 1, "awaiting_stock": 1}
    assert queries.count_by_state(actor=of(here), channel="web") == {"confirmed": 1, "pending_confirmation": 1}
    assert queries.count_by_state(actor=of(here), channel="shopee-1") == {"awaiting_stock": 1}
    assert queries.count_by_state(actor=of()) == {"awaiting_stock": 1}


def test_channels_are_counted_where_the_actor_works(places: tuple[int, int]) -> None:
    here, _ = places
    assert queries.count_by_channel(actor=of(here)) == {"web": 2, "shopee-1": 1}
    assert queries.count_by_channel(actor=of(here), states=["pending_confirmation"]) == {"web": 1}
    assert queries.count_by_channel(actor=of()) == {"shopee-1": 1}


def test_issues_are_counted_where_the_actor_works(places: tuple[int, int]) -> None:
    here, there = places
    twice: dict[str, Any] = {"customer_name": "Lan", "customer_phone": "0901234567", "location_ids": (there,)}
    stock(a_variant("MU"), "SG", 2)
    for _ in range(2):
        an_order(("MU", 1), **twice)
    assert queries.count_by_issue(actor=SYSTEM)["duplicate"] == 1
    assert queries.count_by_issue(actor=of(there))["duplicate"] == 1
    assert queries.count_by_issue(actor=of(here)) == {"stock": 1, "duplicate": 0}


def test_an_issue_of_an_order_elsewhere_is_not_counted(places: tuple[int, int]) -> None:
    here, there = places
    [order] = queries.list_orders(actor=of(here), wanted=OrderFilter(states=("confirmed",))).orders
    SalesOrder.objects.filter(id=order.id).update(issues=["address"])
    assert queries.count_by_issue(actor=of(here))["address"] == 1
    assert "address" not in queries.count_by_issue(actor=of(there))


def test_sales_of_a_day_are_those_where_the_actor_works(places: tuple[int, int]) -> None:
    here, _ = places
    assert queries.sales_of_day(actor=of(here), day_start=NOON)["web"] == (2, 300, "VND")
    assert "web" not in queries.sales_of_day(actor=of(), day_start=NOON)
    assert queries.sales_of_day(actor=of(here), day_start=NOON - timedelta(days=1)) == {}
    [pending] = queries.list_orders(
        actor=of(here), wanted=OrderFilter(channel="web", states=("pending_confirmation",))
    ).orders
    commands.cancel_order(actor=SYSTEM, code=pending.code, reason="", now=NOON)
    assert queries.sales_of_day(actor=of(here), day_start=NOON)["web"] == (1, 100, "VND")


def test_counts_agree_with_the_list(places: tuple[int, int]) -> None:
    here, there = places
    for actor in (SYSTEM, of(), of(here), of(there), of(here, there)):
        counted = queries.count_by_state(actor=actor)
        assert sum(counted.values()) == listed(actor) == sum(queries.count_by_channel(actor=actor).values())
        assert all(listed(actor, states=(state,)) == count for state, count in counted.items())


def test_a_right_that_holds_elsewhere_counts_elsewhere(places: tuple[int, int]) -> None:
    here, there = places
    cashier = Actor(
        kind="person", ref="person:0", name="Lan", permissions=frozenset({"orders.view", "orders.ship"}),
        location_ids=frozenset(), grants={"orders.view": frozenset({here}), "orders.ship": frozenset({there})},
    )  # fmt: skip
    assert queries.count_by_channel(actor=cashier) == {"web": 2, "shopee-1": 1}


def test_counting_needs_the_right_to_see() -> None:
    stranger = an_actor("inventory.view")
    for count in (queries.count_by_state, queries.count_by_channel, queries.count_by_issue):
        with pytest.raises(MayNot):
            count(actor=stranger)
    with pytest.raises(MayNot):
        queries.sales_of_day(actor=stranger, day_start=NOON)


@pytest.mark.parametrize("cursor", ["x", encode_cursor(NOON.replace(tzinfo=None), "0" * 32), encode_cursor(NOON)])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        queries.list_orders(actor=SYSTEM, wanted=OrderFilter(), cursor=cursor)
