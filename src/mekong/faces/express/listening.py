"""One connection a process that listens to the database's hints, and hands them to whoever waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import psycopg
import structlog
from django.conf import settings

from mekong.inventory.notices import CHANNEL as STOCK
from mekong.orders.book import LIVE_CHANNEL as ORDERS
from mekong.orders.commands.presence import LIVE_CHANNEL as PRESENCE

log = structlog.get_logger(__name__)

CATALOG = "mekong_catalog"
CHANNELS = "mekong_channels"
PRICING = "mekong_pricing"
TOPICS = (STOCK, ORDERS, PRESENCE, CATALOG, CHANNELS, PRICING)

Listener = Callable[[str, str], None]
"""Called on the event loop with (topic, payload); must not block."""


class Ear:
    """Keeps the connection, and finds its way back after the database was away.

    `address`: the database's, when it is not the installation's. Listeners are called for each hint; after a break with
    `("*", "")`, because hints may have been missed. `hears` is whether it listens at this moment.
    """

    def __init__(self, address: str = "") -> None:
        self.hears = False
        self._address = address
        self._listeners: set[Listener] = set()
        self._heard: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def remove(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def heard_since(self, moment: float) -> set[str]:
        """The topics of which anything was heard, or may have been missed, at this moment (Unix time) or after it."""
        return {topic for topic, at in self._heard.items() if at >= moment}

    def start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._listen(), name="ear")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        wait = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._address or settings.MEKONG.effective_database_url,
                    autocommit=True,
                    application_name="mekong-web-ear",
                ) as connection:
                    for topic in TOPICS:
                        await connection.execute(f"listen {topic}".encode())
                    self.hears = True
                    self._tell("*", "")
                    wait = 0.2
                    await self._hear(connection.pgconn)
            except psycopg.Error as lost:
                log.warning("ear_lost", error=repr(lost))
            finally:
                self.hears = False
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)

    async def _hear(self, gate: psycopg.pq.abc.PGconn) -> None:
        """Hand on what arrives until the connection is lost. Raises: psycopg.OperationalError.

        Every batch of sales is a notice, so this reads from libpq itself: psycopg's generator takes ten times as long.
        """
        loop = asyncio.get_running_loop()
        lost: asyncio.Future[None] = loop.create_future()

        def read() -> None:
            try:
                gate.consume_input()
            except psycopg.OperationalError as gone:
                loop.remove_reader(socket)
                lost.set_exception(gone)
            while (notice := gate.notifies()) is not None:
                self._tell(notice.relname.decode(), notice.extra.decode())

        socket = gate.socket
        loop.add_reader(socket, read)
        try:
            await lost
        finally:
            loop.remove_reader(socket)

    def _tell(self, topic: str, payload: str) -> None:
        self._heard |= dict.fromkeys(TOPICS if topic == "*" else (topic,), time.time())
        for listener in list(self._listeners):
            listener(topic, payload)


ear = Ear()


def lines(*, topics: set[str], queue: asyncio.Queue[dict[str, Any]]) -> Listener:
    """A listener that puts hints on these topics into a queue; when it is full the oldest gives way."""

    def listen(topic: str, payload: str) -> None:
        if topic != "*" and topic not in topics:
            return
        if queue.full():
            queue.get_nowait()
        queue.put_nowait({"topic": topic.removeprefix("mekong_"), "of": payload[:400]})

    return listen
