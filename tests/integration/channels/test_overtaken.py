"""A figure computed before a late order arrives never has the last word, and is not sent once the order is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from mekong.channels import commands, registry, remote
from mekong.channels.matching import skus as ids_of
from mekong.channels.models import Channel, ListingSync
from mekong.channels.socket import PushResult, Secrets
from mekong.channels.sync.desk import Ask, Desk, Due, Ledger
from mekong.channels.sync.runner import Runner
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Unavailable
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import AdjustmentLine
from mekong.orders.models import SalesOrder
from tests.support.bazaar import Platform, plug
from tests.support.marketplaces import HURRY, a_catalogue, close_all

QUIET = replace(HURRY, poll_s=3600.0, compare_s=3600.0, verify_after_s=0.2)
"""Nothing happens by itself: only what the test does."""


@pytest.fixture
def platform(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    platform = Platform()
    monkeypatch.setattr(registry, "connectors", lambda: {"bazaar": plug(platform)})
    a_catalogue(["AO-1", "AO-2"], 10)
    for sku in ("AO-1", "AO-2"):
        platform.list_sku(sku)
    commands.create_channel(
        actor=SYSTEM, code="bz", name="Bazaar", kind="bazaar", shop_id="1", now=datetime.now(UTC), price_sync=True
    )
    commands.connect(actor=SYSTEM, code="bz", secrets=Secrets("k", "s", "t", "r"), now=datetime.now(UTC))
    remote.pull_listings(actor=SYSTEM, channel="bz")
    yield platform
    close_all()


class Stage:
    """A runner at work, without an ear: the test says what it hears."""

    def __init__(self, platform: Platform, runner: Runner) -> None:
        self.platform, self.runner = platform, runner

    def buy(self, sku: str, units: int) -> str:
        return self.platform.buy((sku, units))

    async def notice(self, order: str, dedupe: str = "") -> None:
        body = f'{{"order": "{order}", "id": "{dedupe or order}"}}'.encode()
        await thread(commands.receive_notice)(channel="bz", headers={}, body=body, now=datetime.now(UTC))
        self.runner.heard_notice()

    async def booked(self, order: str) -> None:
        await until(SalesOrder.objects.filter(external_id=order).exists)

    async def sell(self, sku: str, units: int) -> None:
        await thread(sell)(sku, units)

    def shows(self, sku: str) -> int:
        return next(count for key, count in self.platform.quantities.items() if self.platform.skus[key] == sku)


def sell(sku: str, units: int) -> int:
    variant = ids_of([sku])[sku]
    inventory.reserve(
        actor=SYSTEM, channel="web", owner="c", lines=[(variant, units)], ttl_s=600, now=datetime.now(UTC)
    )
    return variant


def thread(work: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    return sync_to_async(work, thread_sensitive=True)


async def until(holds: Callable[[], Any], within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not await thread(holds)():  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.02)


@asynccontextmanager
async def at_work(platform: Platform, desk: Desk | None = None) -> AsyncIterator[Stage]:
    row = await thread(Channel.objects.get)(code="bz")
    desk, ledger, threads = desk or Desk(), Ledger(), Threads("test", 2)
    runner = Runner(row, desk=desk, ledger=ledger, threads=threads, pace=QUIET)
    task = asyncio.create_task(runner.run())
    try:
        yield Stage(platform, runner)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(desk.stop)
        await asyncio.to_thread(ledger.stop)
        await asyncio.to_thread(threads.close)
        await thread(connections.close_all)()


def test_a_push_in_flight_when_a_late_order_arrives_is_followed_by_the_newer_figure(platform: Platform):
    async def story() -> None:
        arrived, go_on = asyncio.Event(), asyncio.Event()

        async def hold(batch: Any) -> None:
            arrived.set()
            await go_on.wait()

        async with at_work(platform) as stage:
            await until(lambda: stage.shows("AO-1") == 10)
            platform.before_push = hold
            variant = await thread(sell)("AO-1", 1)
            stage.runner.heard_stock({variant})
            await arrived.wait()  # 9 was computed and is on its way
            order = stage.buy("AO-1", 2)  # the late order
            await stage.notice(order)
            await stage.booked(order)
            platform.before_push = None
            go_on.set()  # 9 arrives after the order
            await until(lambda: stage.shows("AO-1") == 7 and stage.runner.pusher.is_idle)
            assert [each for each in platform.pushed if each[0] == "AO-1"] == [("AO-1", 10), ("AO-1", 9), ("AO-1", 7)]
            row = await thread(ListingSync.objects.get)(listing__remote_sku="AO-1")
            assert (row.acked_quantity, row.acked_turn) == (7, row.turn)

    asyncio.run(story())


class SlowDesk(Desk):
    """Answers when it is let, with what it read before."""

    def __init__(self) -> None:
        super().__init__()
        self.has_read, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    async def acall(self, request: Ask) -> list[Due]:
        rows = await super().acall(request)
        self.has_read.set()
        await self.may_answer.wait()
        return rows


def test_a_figure_computed_before_a_late_order_is_never_sent_once_the_order_is_booked(platform: Platform):
    async def story() -> None:
        desk = SlowDesk()
        async with at_work(platform, desk) as stage:
            await until(lambda: stage.shows("AO-1") == 10 and stage.runner.pusher.is_idle)
            desk.has_read.clear()
            desk.may_answer.clear()
            variant = await thread(sell)("AO-1", 1)
            stage.runner.heard_stock({variant})
            await desk.has_read.wait()  # 9 is computed, and not yet sent
            order = stage.buy("AO-1", 2)
            await stage.notice(order)
            await stage.booked(order)  # no hint of this sale's stock is given: the order alone must be enough
            await asyncio.sleep(0.1)
            desk.may_answer.set()
            await until(lambda: stage.shows("AO-1") == 7 and stage.runner.pusher.is_idle)
            assert ("AO-1", 9) not in platform.pushed

    asyncio.run(story())


def test_a_figure_overtaken_by_a_sale_elsewhere_is_dropped_before_it_is_sent(platform: Platform):
    async def story() -> None:
        desk = SlowDesk()
        async with at_work(platform, desk) as stage:
            await until(lambda: stage.shows("AO-1") == 10 and stage.runner.pusher.is_idle)
            desk.has_read.clear()
            desk.may_answer.clear()
            variant = await thread(sell)("AO-1", 1)
            stage.runner.heard_stock({variant})
            await desk.has_read.wait()
            await thread(sell)("AO-1", 3)
            stage.runner.heard_stock({variant})
            desk.may_answer.set()
            await until(lambda: stage.shows("AO-1") == 6 and stage.runner.pusher.is_idle)
            assert ("AO-1", 9) not in platform.pushed

    asyncio.run(story())


def test_an_order_placed_and_cancelled_there_sets_the_listing_right_though_no_stock_moved_here(platform: Platform):
    async def story() -> None:
        async with at_work(platform) as stage:
            await until(lambda: stage.shows("AO-1") == 10 and stage.runner.pusher.is_idle)
            order = stage.buy("AO-1", 4)
            from mekong.channels.socket import RemoteState

            platform.move(order, RemoteState.CANCELLED)
            platform.quantities[next(iter(platform.quantities))] = 3  # this platform keeps cancelled units back
            await stage.notice(order)
            await stage.booked(order)
            await until(lambda: stage.shows("AO-1") == 10 and stage.runner.pusher.is_idle)

    asyncio.run(story())


def test_after_a_push_of_unknown_effect_an_equal_figure_is_sent_all_the_same(platform: Platform):
    async def story() -> None:
        async with at_work(platform) as stage:
            await until(lambda: stage.shows("AO-1") == 10 and stage.runner.pusher.is_idle)
            key = next(key for key, sku in platform.skus.items() if sku == "AO-1")
            variant = await thread(sell)("AO-1", 1)
            platform.failures = [Unavailable(reason="ReadTimeout", was_sent=True)]
            stage.runner.heard_stock({variant})
            await until(lambda: not platform.failures)
            platform.quantities[key] = 9  # it took effect, and nobody heard
            await thread(inventory.adjust_stock)(
                actor=SYSTEM, location="KHO", reason="count", now=datetime.now(UTC),
                lines=[AdjustmentLine(variant, 1)],
            )  # fmt: skip
            stage.runner.heard_stock({variant})
            await until(lambda: stage.shows("AO-1") == 10 and stage.runner.pusher.is_idle)

    asyncio.run(story())


def test_what_a_platform_refuses_for_good_is_parked_with_its_words_until_the_figure_is_another(platform: Platform):
    from mekong.channels import queries

    async def story() -> None:
        platform.refusals["AO-2"] = PushResult(next(iter(platform.quantities)), "item_banned", "Item is banned", True)
        async with at_work(platform) as stage:
            await until(lambda: stage.shows("AO-1") == 10 and stage.runner.pusher.is_idle)
            page = await thread(queries.list_listings)(actor=SYSTEM, channel="bz", sku="AO-2")
            (view,) = page.listings
            assert (view.state, view.error.params["remote_message"]) == ("parked", "Item is banned")
            before = len(platform.pushed)
            stage.runner.heard_stock({view.variant_id})
            await asyncio.sleep(0.2)
            assert len(platform.pushed) == before, "the same figure is not tried again"

            platform.refusals.clear()
            await thread(commands.retry_listing)(actor=SYSTEM, listing_id=view.id)
            stage.runner.heard_listings([view.id])
            await until(lambda: stage.shows("AO-2") == 10)

    asyncio.run(story())


def test_prices_follow_the_catalogue(platform: Platform):
    from mekong.catalog import commands as catalog
    from mekong.catalog.contracts import PriceLine

    async def story() -> None:
        async with at_work(platform) as stage:
            await until(lambda: set(platform.prices.values()) == {100_000})
            await thread(catalog.set_prices)(actor=SYSTEM, lines=[PriceLine("AO-1", 79_000)], now=datetime.now(UTC))
            stage.runner.heard_prices()
            await until(lambda: sorted(platform.prices.values()) == [79_000, 100_000])

    asyncio.run(story())


def test_only_a_figure_that_replaces_another_counts_as_a_delay(platform: Platform):
    """What a new shop is first told was late for nobody; how long a sale took to be shown is."""

    async def story() -> None:
        async with at_work(platform) as stage:
            await until(lambda: stage.shows("AO-1") == 10 and stage.runner.pusher.is_idle)
            assert stage.runner.counts.acked >= 1
            assert sum(stage.runner.counts.buckets) == 0
            variant = await thread(sell)("AO-1", 1)
            stage.runner.heard_stock({variant})
            await until(lambda: stage.shows("AO-1") == 9 and stage.runner.pusher.is_idle)
            assert sum(stage.runner.counts.buckets) == 1

    asyncio.run(story())


def test_units_set_aside_elsewhere_leave_the_platform_and_come_back_at_the_end(platform: Platform):
    from datetime import timedelta

    from mekong.inventory.contracts import WantedLine

    async def story() -> None:
        async with at_work(platform) as stage:
            await until(lambda: stage.shows("AO-1") == 10 and stage.runner.pusher.is_idle)
            (variant,) = (await thread(ids_of)(["AO-1"])).values()
            now = datetime.now(UTC)
            for channel, shown in (("web", 4), ("bz", 10)):
                made = await thread(inventory.plan_campaign)(
                    actor=SYSTEM, channel=channel, name="Live", lines=[WantedLine(variant, 6)],
                    ends_at=now + timedelta(hours=1), now=now,
                )  # fmt: skip
                stage.runner.heard_stock(None)
                await until(lambda shown=shown: stage.shows("AO-1") == shown and stage.runner.pusher.is_idle)
                if channel == "bz":
                    # An order there takes from what is set aside: nothing is reserved anew, and yet the figure follows.
                    order = stage.buy("AO-1", 2)
                    await stage.notice(order)
                    await stage.booked(order)
                    await until(lambda: stage.shows("AO-1") == 8 and stage.runner.pusher.is_idle)
                ended = await thread(inventory.end_campaign)(actor=SYSTEM, code=made.code, now=datetime.now(UTC))
                assert (ended.sold, ended.returned) == ((0, 6) if channel == "web" else (2, 4))
                stage.runner.heard_stock(None)
                whole = 10 if channel == "web" else 8
                await until(lambda whole=whole: stage.shows("AO-1") == whole and stage.runner.pusher.is_idle)

    asyncio.run(story())
