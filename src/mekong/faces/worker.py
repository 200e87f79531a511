"""The worker process: jobs, delivery of events, housekeeping of stock, and a runner for every channel account."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError

from mekong.channels import commands as channels
from mekong.channels.pacing import Pace
from mekong.channels.sync.listening import listen
from mekong.channels.sync.supervisor import Supervisor
from mekong.channels.sync.threads import Threads
from mekong.faces.replay.running import serve_replays
from mekong.foundation.actor import SYSTEM
from mekong.foundation.delivery import deliver_due
from mekong.foundation.errors import MekongError, Unavailable
from mekong.foundation.security import sessions
from mekong.inventory import commands as inventory
from mekong.inventory import notices
from mekong.orders import commands as orders
from mekong.partners.remote import post

log = structlog.get_logger(__name__)

_EVENTS = "mekong_events"
_POLL_S = 1.0
_EXPIRE_S = 5.0
_TURN_S = 30.0
_CAMPAIGNS_S = 5.0
_SILENCE_S = 60.0
_DAY_S = 24 * 3600.0
_MOST_EXPIRED = 500
_MOST_FORGOTTEN = 10_000


def _now() -> datetime:
    return datetime.now(UTC)


async def run_worker(
    stop: asyncio.Event,
    *,
    concurrency: int = 8,
    pace: Pace | None = None,
    only: Collection[str] | None = None,
    with_jobs: bool = True,
) -> None:
    """Work until `stop` is set, then end within seconds. What was not finished is found again by the next worker.

    Args:
        concurrency: jobs at the same time.
        pace, only: hurry the channels' runners, or run these channels alone (tests, benches).
        with_jobs: also run the queue of jobs.
    """
    house = _House(Threads("worker", 3))
    posting = Threads("webhooks", 2)
    works: dict[str, Callable[[], Awaitable[None]]] = {
        "channels": Supervisor(pace=pace, only=only).run,
        "webhooks": post(posting, private=settings.MEKONG.webhooks_private),
        **house.works(),
    }
    if with_jobs:
        works["jobs"] = lambda: _jobs(concurrency)
        works["replays"] = lambda: serve_replays(house.threads)
    tasks = [asyncio.create_task(_keep(name, work), name=name) for name, work in works.items()]
    log.info("worker_started", works=sorted(works))
    try:
        await stop.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(house.threads.close)
        await asyncio.to_thread(posting.close)


async def _jobs(concurrency: int) -> None:
    from procrastinate.contrib.django import app

    jobs = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]  # Django's has it
    async with jobs.open_async():
        await jobs.run_worker_async(
            concurrency=concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=2.0,
            delete_jobs="successful",
        )


async def _keep(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run a piece of work, and begin it anew when it fails: the others do not stop for it."""
    while True:
        try:
            await work()
        except (MekongError, DatabaseError, OSError) as away:
            log.warning("work_interrupted", work=name, error=repr(away))
        except Exception:  # a defect in one piece of work must not stop the others
            log.exception("work_failed", work=name)
        await asyncio.sleep(1.0)


class _House:
    """Housekeeping. None of it stands between a buyer and a sale: what it does late was only not tidied yet."""

    def __init__(self, threads: Threads) -> None:
        self.threads = threads
        self._published = asyncio.Event()
        self._stock_moved = asyncio.Event()

    def works(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "ear": self.listen,
            "events": self.deliver,
            "expired-holds": self.release_expired,
            "controls": self.turn_controls,
            "campaigns": self.turn_campaigns,
            "lots": self.expire_lots,
            "old-holds": self.forget_holds,
            "waiting-orders": self.retry_waiting,
            "short-orders": self.give_up,
            "silence": self.watch_silence,
            "old-sessions": self.forget_sessions,
            "order-tally": self.fold_tally,
        }

    async def listen(self) -> None:
        await listen((_EVENTS, notices.CHANNEL), self._hear, self._published.set)

    def _hear(self, channel: str, payload: str) -> None:  # noqa: ARG002 - which variants moved is all the same here
        (self._published if channel == _EVENTS else self._stock_moved).set()

    async def deliver(self) -> None:
        while True:
            self._published.clear()
            while await self.threads.run(deliver_due, now=_now()):
                pass
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._published.wait()

    async def release_expired(self) -> None:
        while True:
            while await self.threads.run(inventory.release_expired, now=_now()) >= _MOST_EXPIRED:
                pass
            await asyncio.sleep(_EXPIRE_S)

    async def turn_controls(self) -> None:
        since = _now() - timedelta(minutes=5)
        while True:
            now = _now()
            await self.threads.run(inventory.turn_controls, now=now, since=since)
            since = now
            await asyncio.sleep(_TURN_S)

    async def turn_campaigns(self) -> None:
        """Campaigns begin and end on the second: an end is no later for a worker that only looks now and then."""
        while True:
            turns = await self.threads.run(inventory.turn_campaigns, now=_now())
            wait_s = _CAMPAIGNS_S if turns is None else (turns - _now()).total_seconds()
            await asyncio.sleep(max(0.05, min(_CAMPAIGNS_S, wait_s)))

    async def fold_tally(self) -> None:
        while True:
            await self.threads.run(orders.fold_tally, actor=SYSTEM)
            await asyncio.sleep(_TURN_S)

    async def expire_lots(self) -> None:
        while True:
            began = time.monotonic()
            await self.threads.run(inventory.expire_lots, actor=SYSTEM, now=_now())
            await asyncio.sleep(max(60.0, _DAY_S - (time.monotonic() - began)))

    async def forget_holds(self) -> None:
        while True:
            while (
                await self.threads.run(inventory.forget_released, now=_now(), limit=_MOST_FORGOTTEN) == _MOST_FORGOTTEN
            ):
                pass
            await asyncio.sleep(_DAY_S)

    async def forget_sessions(self) -> None:
        while True:
            while await self.threads.run(sessions.forget_ended, now=_now(), limit=_MOST_FORGOTTEN) == _MOST_FORGOTTEN:
                pass
            await asyncio.sleep(_DAY_S)

    async def retry_waiting(self) -> None:
        """Orders that wait for stock go on when it comes; asked at most every few seconds, and now and then anyway."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(60.0):
                    await self._stock_moved.wait()
            await asyncio.sleep(_EXPIRE_S)
            self._stock_moved.clear()
            with contextlib.suppress(Unavailable):
                await self.threads.run(orders.retry_awaiting_stock, now=_now())

    async def give_up(self) -> None:
        """What a platform sold beyond our stock, and no goods came for, is cancelled there in good time."""
        while True:
            with contextlib.suppress(Unavailable):
                await self.threads.run(channels.give_up_on_short_orders, now=_now())
            await asyncio.sleep(_TURN_S)

    async def watch_silence(self) -> None:
        """Channels that usually talk and do not; how they usually talk is learned anew once a day."""
        while True:
            with contextlib.suppress(Unavailable):
                await self.threads.run(channels.learn_habits, actor=SYSTEM, now=_now())
                await self.threads.run(channels.watch_silence, actor=SYSTEM, now=_now())
            await asyncio.sleep(_SILENCE_S)
