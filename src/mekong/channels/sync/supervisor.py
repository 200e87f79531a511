"""Gives every active account a runner, in one worker of however many there are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from typing import Any

import psycopg
import structlog

from mekong.channels import hints, registry
from mekong.channels.models import Channel, ChannelState
from mekong.channels.pacing import Pace
from mekong.channels.sync.desk import Desk, Ledger
from mekong.channels.sync.listening import listen
from mekong.channels.sync.runner import Runner
from mekong.channels.sync.threads import Threads
from mekong.channels.sync.wires import open_wire
from mekong.foundation.errors import MekongError, NeedsReconnect
from mekong.inventory import notices

log = structlog.get_logger(__name__)
_LOOK_S = 2.0
_TRY = "select pg_try_advisory_lock(hashtextextended(%s, 13))"
_LEAVE = "select pg_advisory_unlock(hashtextextended(%s, 13))"


class Supervisor:
    """Runs accounts until cancelled. `only`: these channels alone (tests, benches)."""

    def __init__(self, *, pace: Pace | None = None, only: Collection[str] | None = None, threads: int = 4) -> None:
        self.pace, self.only = pace or Pace(), only
        self.runners: dict[str, Runner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._threads_wanted = threads
        self._look = asyncio.Event()
        self.is_listening = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        self.threads = Threads("channel", self._threads_wanted)
        self.desk, self.ledger = Desk(), Ledger()
        ear = asyncio.create_task(listen(hints.ALL, self._hear, self._began))
        try:
            while True:
                try:
                    await self._lead()
                except (psycopg.Error, OSError, MekongError) as lost:
                    log.warning("supervisor_interrupted", error=repr(lost))
                await self._stop(list(self._tasks))
                await asyncio.sleep(1.0)
        finally:
            ear.cancel()
            await self._stop(list(self._tasks))
            await asyncio.gather(ear, return_exceptions=True)
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.desk.stop()
        self.ledger.stop()
        self.threads.close()

    async def _lead(self) -> None:
        """Hold the locks of the accounts run here: on one connection, whose loss ends them all."""
        async with await open_wire() as wire:
            while True:
                await self._arrange(wire)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._look.wait()
                self._look.clear()

    async def _arrange(self, wire: psycopg.AsyncConnection[Any]) -> None:
        wanted = {row.code: row for row in await self.threads.run(_active, self.only)}
        await wire.execute("select 1")
        for code, task in list(self._tasks.items()):
            row = wanted.get(code)
            if task.done() or row is None or row.revision != self.runners[code].revision:
                await self._stop([code])
                await wire.execute(_LEAVE, [f"channel-runner:{code}"])
        for code, row in wanted.items():
            if code not in self._tasks:
                got = await (await wire.execute(_TRY, [f"channel-runner:{code}"])).fetchone()
                if got and got[0]:
                    self._start(row)

    def _start(self, row: Channel) -> None:
        try:
            runner = Runner(row, desk=self.desk, ledger=self.ledger, threads=self.threads, pace=self.pace)
        except NeedsReconnect as sealed:
            log.warning("channel_not_started", channel=row.code, error=repr(sealed))
            return
        self.runners[row.code] = runner
        self._tasks[row.code] = asyncio.create_task(runner.run(), name=f"channel:{row.code}")
        log.info("channel_started", channel=row.code)

    async def _stop(self, codes: Collection[str]) -> None:
        tasks = [self._tasks.pop(code) for code in codes if code in self._tasks]
        for code in codes:
            self.runners.pop(code, None)
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("channel_ended", error=repr(ended))

    # --- what the ear hears --------------------------------------------------------------------------------------

    def _began(self) -> None:
        self.is_listening.set()
        for runner in self.runners.values():
            runner.heard_listings(None)
            runner.heard_notice()
            runner.heard_outbound()
            runner.heard_prices()
            runner.heard_publications()

    def _hear(self, channel: str, payload: str) -> None:
        if channel == notices.CHANNEL:
            moved = notices.read(payload)
            for runner in self.runners.values():
                runner.heard_stock(moved)
        elif channel == hints.CHANNELS:
            self._look.set()
        elif channel == hints.PRICES:
            for runner in self.runners.values():
                runner.heard_prices()
        else:
            self._hear_of(channel, *payload.partition(":")[::2])

    def _hear_of(self, channel: str, code: str, what: str) -> None:
        runner = self.runners.get(code)
        if runner is None:
            return
        if channel == hints.NOTICES:
            runner.heard_notice()
        elif channel == hints.OUTBOUND:
            runner.heard_outbound()
        elif channel == hints.PUBLICATIONS:
            runner.heard_publications()
        elif what == "audit":
            runner.audit_soon()
        elif what == "poll":
            runner.intake.poll_soon()
        else:
            runner.heard_listings(None if what == "*" else [int(each) for each in what.split(",") if each])


def _active(only: Collection[str] | None) -> list[Channel]:
    rows = Channel.objects.filter(is_active=True, state__in=(ChannelState.CONNECTED, ChannelState.FAILING))
    return [
        row
        for row in rows.order_by("code")
        if registry.is_remote(row.kind) and row.sealed_secrets and (only is None or row.code in only)
    ]
