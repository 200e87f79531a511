"""What orders earn on their platforms: asked for until settled, replaced whole, and seen by those who may."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from mekong.channels import commands, queries, remote
from mekong.channels.calling import calls
from mekong.channels.errors import CannotDo
from mekong.channels.models import ChannelEarning, OrderEarnings
from mekong.channels.socket import RemoteState
from mekong.channels.socket.earnings import Earnings
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot, NeedsReconnect, RemoteRefused, Unavailable
from mekong.foundation.models import OutboxEvent
from mekong.orders.errors import OrderNotFound
from mekong.orders.models import SalesOrder
from tests.support.bazaar import Platform
from tests.support.marketplaces import (
    Sandbox,
    Shop,
    a_catalogue,
    a_shop,
    a_worker,
    close_all,
    eventually,
)
from tests.support.people import an_actor
from tests.support.returning import a_platform, follow, now, sold
from tests.support.stock import a_location
from tests.support.wiping import forget_everything

AGAIN = timedelta(hours=6)


@pytest.fixture
def platform(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    forget_everything()
    yield a_platform(monkeypatch)
    close_all()


def kept() -> OrderEarnings:
    return OrderEarnings.objects.get()


def keep(said: Earnings, **more: Any) -> Any:
    return commands.keep_earnings(
        actor=SYSTEM, channel="bz", earnings=said, **{"asked_at": now(), "again": AGAIN, **more}
    )


def lines() -> list[tuple[str, int]]:
    return list(ChannelEarning.objects.order_by("place").values_list("kind", "amount_minor"))


# --- asked for --------------------------------------------------------------------------------------------------------


def test_a_worker_asks_until_the_platform_has_settled_and_then_no_more(platform: Platform) -> None:
    order = sold(platform)
    before = SalesOrder.objects.values("state", "total_minor", "payment_state").get()
    with a_worker():
        assert eventually(lambda: kept().error_code == "remote_refused"), "nothing to tell yet"
        assert kept().read_at is None
        platform.settle(order)
        assert eventually(lambda: kept().read_at is not None)
        assert lines() == [("goods", 200_000), ("commission", -8_000)]
        assert (kept().error_code, kept().is_final) == ("", False)
        platform.settle(order, is_final=True, commission=-9_000)
        assert eventually(lambda: kept().is_final)
        assert lines()[1] == ("commission", -9_000)
        asked = len(platform.asked_earnings)
        assert kept().next_at is None
        assert not eventually(lambda: len(platform.asked_earnings) > asked, within_s=4)
    after = SalesOrder.objects.values("state", "total_minor", "payment_state").get()
    assert after == before, "platform money is a fact of the channel"


def test_only_orders_that_the_platform_settles_are_asked_for_and_each_step_once(platform: Platform) -> None:
    sold(platform, state=RemoteState.PLACED)
    assert not OrderEarnings.objects.exists()
    order = sold(platform)
    assert (kept().order_external_id, kept().state) == (order, "delivered")
    OrderEarnings.objects.update(next_at=None, is_final=True)
    follow(platform, order)
    assert kept().next_at is None, "the same step said again asks nothing"
    platform.move(order, RemoteState.RETURNED)
    follow(platform, order)
    assert (kept().state, kept().next_at is not None) == ("returned", True)


def test_an_order_that_moved_long_ago_is_left_alone(platform: Platform) -> None:
    order = platform.buy(("AO-1", 1), state=RemoteState.DELIVERED)
    platform.orders[order] = replace(platform.orders[order], updated_at=now() - timedelta(days=61))
    commands.expect_earnings(actor=SYSTEM, channel="bz", orders=[platform.orders[order]], now=now())
    assert not OrderEarnings.objects.exists()


def test_asking_ends_after_sixty_days(platform: Platform) -> None:
    said = platform.settle(sold(platform))
    since = kept().since
    keep(said, asked_at=since + timedelta(days=59))
    assert kept().next_at == since + timedelta(days=59) + AGAIN
    keep(said, asked_at=since + timedelta(days=60))
    assert kept().next_at is None
    OrderEarnings.objects.update(next_at=now())
    commands.note_untold(
        actor=SYSTEM, channel="bz", external_id=said.external_id, error=Unavailable(reason="x"),
        asked_at=since + timedelta(days=61), again=AGAIN,
    )  # fmt: skip
    assert (kept().next_at, kept().error_code) == (None, "unavailable")


def test_a_lost_right_to_finance_leaves_orders_running(platform: Platform) -> None:
    order = sold(platform)
    platform.earning_trouble = NeedsReconnect(remote="Bazaar", remote_code="no_scope", remote_message="no right")
    with a_worker():
        assert eventually(lambda: kept().error_code == "needs_reconnect")
        bought = platform.buy(("AO-2", 1))
        assert eventually(lambda: SalesOrder.objects.filter(external_id=bought).exists())
        platform.earning_trouble = Unavailable(reason="away")
        platform.move(order, RemoteState.COMPLETED)
        assert eventually(lambda: kept().error_code == "unavailable")


# --- kept -------------------------------------------------------------------------------------------------------------


def test_what_is_said_again_changes_nothing_and_what_was_asked_before_is_dropped(platform: Platform) -> None:
    order = sold(platform)
    first = platform.settle(order)
    asked_at = now()
    keep(first, asked_at=asked_at)
    ids = set(ChannelEarning.objects.values_list("id", flat=True))
    keep(first, asked_at=asked_at + timedelta(minutes=1))
    assert set(ChannelEarning.objects.values_list("id", flat=True)) == ids
    keep(platform.settle(order, commission=-1), asked_at=asked_at)
    assert lines()[1] == ("commission", -8_000), "an answer overtaken on its way is old news"
    keep(platform.settle(order, commission=-1), asked_at=asked_at + timedelta(minutes=2))
    assert lines() == [("goods", 200_000), ("commission", -1)]
    assert not OutboxEvent.objects.filter(name__startswith="channels.earn").exists()


def test_two_who_ask_at_once_leave_one_answer(platform: Platform) -> None:
    order = sold(platform)
    OrderEarnings.objects.all().delete()
    said = [platform.settle(order, commission=-n) for n in range(1, 5)]
    gate, asked_at, failures = threading.Barrier(4), now(), []

    def one(place: int) -> None:
        gate.wait()
        try:
            keep(said[place], asked_at=asked_at + timedelta(seconds=place))
        except Exception as wrong:  # noqa: BLE001 - told below
            failures.append(wrong)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert lines() == [("goods", 200_000), ("commission", -4)]


# --- seen -------------------------------------------------------------------------------------------------------------


def test_the_view_shows_sums_and_a_difference_to_the_platforms_own(platform: Platform) -> None:
    order = sold(platform)
    seen = an_actor("reports.view", "orders.view")
    assert queries.earnings_of(actor=seen, channel="bz", external_id=order).read_at is None  # type: ignore[union-attr]
    view = keep(platform.settle(order, net=190_000))
    assert queries.earnings_of(actor=seen, channel="bz", external_id=order) == view
    assert view.by_kind == {"goods": 200_000, "commission": -8_000}
    assert (view.total_minor, view.net_minor, view.difference_minor, view.earned_minor) == (
        192_000, 190_000, -2_000, 190_000,
    )  # fmt: skip
    unsaid = keep(replace(platform.earnings[order], net_minor=None))
    assert (unsaid.difference_minor, unsaid.earned_minor) == (0, 192_000)


def test_it_is_read_now_on_demand_and_a_repeat_changes_nothing(platform: Platform) -> None:
    order = sold(platform)
    seen = an_actor("reports.view", "orders.view")
    view = remote.read_earnings(actor=seen, channel="bz", external_id=order)
    assert view.problem is not None
    assert (view.read_at, view.problem.params["remote_code"]) == (None, "not_settled")
    platform.settle(order, is_final=True)
    first = remote.read_earnings(actor=seen, channel="bz", external_id=order)
    assert (first.earned_minor, first.is_final, first.problem) == (192_000, True, None)
    assert remote.read_earnings(actor=seen, channel="bz", external_id=order).lines == first.lines
    platform.earning_trouble = RemoteRefused(remote="Bazaar", remote_code="x", remote_message="x")
    after = remote.read_earnings(actor=seen, channel="bz", external_id=order)
    assert (after.lines, after.is_final, after.next_at) == (first.lines, True, None), "what was said before stays"


def test_who_may_not_see_reports_or_the_order_reads_nothing(platform: Platform) -> None:
    order = sold(platform)
    there, other = a_location("HN-1"), a_location("DN-1")
    SalesOrder.objects.update(allocation=[[1, there, 2]])
    asked = len(platform.asked_earnings)
    for call in (queries.earnings_of, remote.read_earnings):
        with pytest.raises(MayNot):
            call(actor=an_actor("orders.view"), channel="bz", external_id=order)
        with pytest.raises(OrderNotFound):
            call(actor=an_actor("reports.view", "orders.view", locations=[other]), channel="bz", external_id=order)
        with pytest.raises(OrderNotFound):
            call(actor=SYSTEM, channel="bz", external_id="B999")
    assert len(platform.asked_earnings) == asked
    seen = an_actor("reports.view", "orders.view", locations=[there])
    assert queries.earnings_of(actor=seen, channel="bz", external_id=order) is not None


# --- over HTTP, against the platforms' stand-ins ----------------------------------------------------------------------


def sold_on(sandbox: Sandbox, kind: str, *, steps: tuple[str, ...] = ()) -> tuple[Shop, str]:
    a_catalogue(["AO-1"], 10)
    shop = a_shop(sandbox, kind, f"{kind}-1", ["AO-1"])
    with a_worker():
        assert eventually(lambda: shop.shown()["AO-1"] == 10)
        order = shop.buy(("AO-1", 2))
        assert order
        assert eventually(lambda: SalesOrder.objects.filter(external_id=order).exists())
    if steps:
        arrange(shop, order)
    for step in steps:
        sandbox.post(f"{kind}/orders/{order}/advance", {"to": step})
    return shop, order


def arrange(shop: Shop, order: str) -> None:
    """Pack the order and have the carrier asked to fetch it, as the worker does."""

    async def hand_over(connector: Any) -> None:
        for act in (connector.pack, connector.ship):
            (there,) = await connector.fetch_orders(external_ids=[order])
            await act(order=there)

    calls.run(calls.line(queries.find_channel(shop.channel)).call(hand_over, tries=5))


STEPS = {
    "shopee": ("shipped", "delivered", "completed"),
    "lazada": ("shipped", "delivered"),
    "tiktok": ("shipped", "delivered", "completed"),
    "tiki": ("shipped", "delivered", "completed"),
}


@pytest.mark.parametrize("kind", ["shopee", "lazada", "tiktok", "tiki"])
def test_a_platform_tells_what_an_order_earns_whatever_goes_wrong_on_the_way(sandbox: Sandbox, kind: str) -> None:
    shop, order = sold_on(sandbox, kind, steps=STEPS[kind])
    sandbox.break_things([{"market": kind, "kind": "http_5xx", "probability": 0.2}], 5)
    view = remote.read_earnings(actor=SYSTEM, channel=shop.channel, external_id=order)
    assert view.problem is None
    assert view.by_kind["goods"] > 0
    assert view.difference_minor == 0
    assert view.earned_minor == sum(view.by_kind.values())
    assert view.by_kind["commission"] < 0
    assert view.earned_minor < view.by_kind["goods"]


def test_a_web_shop_tells_no_earnings(sandbox: Sandbox) -> None:
    shop, order = sold_on(sandbox, "woocommerce")
    assert not queries.tells_earnings(shop.channel)
    with pytest.raises(CannotDo):
        remote.read_earnings(actor=SYSTEM, channel=shop.channel, external_id=order)
