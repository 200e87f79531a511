"""Waiting until orders that were bought on a platform have come in through the worker."""

from __future__ import annotations

import asyncio
from datetime import datetime

from mekong.channels.sync.threads import Threads
from mekong.faces.replay.contracts import REPLAYER
from mekong.faces.replay.errors import WorkerAway
from mekong.orders.contracts import BookedOrder
from mekong.orders.queries import booked_orders, noted_orders

_LOOK_EVERY_S = 0.15
_AWAY_AFTER_S = 240.0
"""Seconds without one arrival, while orders are on their way, after which no worker is believed to run."""
_LOST_FOR_S = 30.0
"""How long an order whose answer was lost may take to come in; a platform tells of one within seconds."""


class Arrivals:
    """Looks for a channel's bought orders in the book. Lives in one event loop."""

    def __init__(self, channel: str, threads: Threads) -> None:
        self.channel = channel
        self._threads = threads
        self._awaited: dict[str, asyncio.Future[BookedOrder]] = {}
        self._some = asyncio.Event()

    @property
    def waiting(self) -> int:
        return len(self._awaited)

    async def of(self, external_id: str) -> BookedOrder:
        """The order, once it is in the book."""
        future = self._awaited.get(external_id)
        if future is None:
            future = self._awaited[external_id] = asyncio.get_running_loop().create_future()
            self._some.set()
        return await asyncio.shield(future)

    async def noted(self, note: str, since: datetime) -> str:
        """The platform's number of an order with this note, when one comes in within half a minute; else ""."""
        deadline = asyncio.get_running_loop().time() + _LOST_FOR_S
        while True:
            found = await self._threads.run(
                noted_orders, actor=REPLAYER, channel=self.channel, notes=[note], since=since
            )
            if found:
                return found[0].external_id
            if asyncio.get_running_loop().time() > deadline:
                return ""
            await asyncio.sleep(1.0)

    async def watch(self) -> None:
        """Look until cancelled. Raises: WorkerAway."""
        clock = asyncio.get_running_loop().time
        last = clock()
        while True:
            if not self._awaited:
                self._some.clear()
                await self._some.wait()
                last = clock()
            found = await self._threads.run(
                booked_orders, actor=REPLAYER, channel=self.channel, external_ids=list(self._awaited)
            )
            for external_id, order in found.items():
                future = self._awaited.pop(external_id, None)
                if future is not None and not future.done():
                    future.set_result(order)
            if found:
                last = clock()
            elif clock() - last > _AWAY_AFTER_S:
                raise WorkerAway(ways=self.channel)
            await asyncio.sleep(_LOOK_EVERY_S)
