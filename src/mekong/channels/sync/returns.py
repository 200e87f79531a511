"""Returns of one account, asked for now and then by the time they moved."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import structlog

from mekong.channels.commands.returns import keep_returns, mark_read
from mekong.channels.models import ReturnMark
from mekong.channels.socket.returns import HandlesReturns
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError

log = structlog.get_logger(__name__)

FIRST = timedelta(days=30)
"""How far back the first reading goes: what was asked for before is decided by now on every platform."""


class ReturnsDesk:
    """Brings one account's returns in. Lives in one event loop."""

    def __init__(self, line: Line, threads: Threads) -> None:
        self.line, self.threads, self.pace = line, threads, line.pace
        self._now = asyncio.Event()

    def soon(self) -> None:
        self._now.set()

    async def poll(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._poll_once()
            except MekongError as away:
                # Not even a lost access ends it here: an app may lack the right to returns alone, and orders, which
                # are asked for more often, tell whether the access as a whole is lost.
                log.warning("returns_not_read", channel=self.line.code, error=repr(away))
            try:
                async with asyncio.timeout(self.pace.returns_s):
                    await self._now.wait()
            except TimeoutError:
                pass
            self._now.clear()

    async def _poll_once(self) -> None:
        connector: HandlesReturns = self.line.speaker(HandlesReturns)
        until = now()
        read_to = await self.threads.run(_read_to, self.line.channel_id)
        # Pages are counted, not named: what moves while they are turned may slip past, and is met by looking back.
        begin = until - FIRST if read_to is None else read_to - timedelta(seconds=self.pace.returns_overlap_s)
        while begin < until:
            end = min(until, begin + connector.return_window)
            await self._window(begin, end)
            await self.threads.run(mark_read, actor=SYSTEM, channel=self.line.code, read_to=end)
            begin = end

    async def _window(self, begin: datetime, end: datetime) -> None:
        cursor: str | None = None
        while True:
            page = await self._page(begin, end, cursor)
            await self.threads.run(
                keep_returns, actor=SYSTEM, channel=self.line.code, returns=list(page.returns), now=now()
            )
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _page(self, begin: datetime, end: datetime, cursor: str | None) -> Any:
        return await self.line.call(
            lambda connector: connector.list_returns(updated_from=begin, updated_to=end, cursor=cursor), tries=4
        )


def _read_to(channel_id: int) -> datetime | None:
    return ReturnMark.objects.filter(channel_id=channel_id).values_list("read_to", flat=True).first()
