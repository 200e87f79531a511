"""Talking to platforms outside of the worker: one event loop in a thread of its own, whose connections stay open."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from mekong.channels.errors import NotConnected
from mekong.channels.models import Channel
from mekong.channels.pacing import Pace
from mekong.channels.sync.line import Line
from mekong.channels.transport import Wires

T = TypeVar("T")
PART = 0.5
"""Part of a platform's rate that a process beside the worker may use; what is too much the platform refuses, and the
worker tries again."""
LONGEST_S = 600.0


class _Loop:
    """Starts with the first call. A process that forks begins anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lines: dict[str, tuple[int, str, Line]] = {}
        self._wires: dict[str, Wires] = {}

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="channel-calls", daemon=True).start()
            return self._loop

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float = LONGEST_S) -> T:
        """Run `work` there and wait for it. Not from a coroutine: see `arun`."""
        return self.begin(work).result(timeout_s)

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run `work` there while the caller goes on."""
        return asyncio.run_coroutine_threadsafe(work, self.loop())

    async def arun(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(self.begin(work))

    def line(self, row: Channel) -> Line:
        """The account on line, as its row stands; kept while it stays so. Raises: NotConnected."""
        if not row.sealed_secrets:
            raise NotConnected(channel=row.code)
        kept = self._lines.get(row.code)
        if kept is not None and kept[:2] == (row.revision, row.sealed_secrets):
            return kept[2]
        line = Line(row, self.wires(row.code), Pace(), part=PART)
        self._lines[row.code] = (row.revision, row.sealed_secrets, line)
        return line

    def wires(self, code: str) -> Wires:
        """The connections of a channel, kept open."""
        return self._wires.setdefault(code, Wires())

    def forget(self) -> None:
        """Forget every account (they were made again)."""
        self._lines.clear()


calls = _Loop()
"""This process's loop for calls to platforms."""
