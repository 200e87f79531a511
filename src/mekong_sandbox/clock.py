"""Time as the stand-ins see it: stamps follow the wall clock, deadlines can be fast-forwarded."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Callable

log = logging.getLogger("mekong_sandbox")


class Clock:
    """Two readings, both unix seconds.

    `stamp` is the wall clock: what orders and products are stamped with and what the `timestamp` parameter of a call
    is compared to, so a caller with a true clock always fits. `now` is the same plus everything skipped by
    `advance`: what codes, tokens, delays and retries are measured with.
    """

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s

    def stamp(self) -> float:
        """Wall clock, unix seconds."""
        return time.time()

    def now(self) -> float:
        """Wall clock plus what was skipped, unix seconds; for deadlines."""
        return time.time() + self.offset_s


class Timers:
    """Calls due at a reading of `Clock.now`; skipping time makes them due at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin firing; calls set before are kept."""
        self._loop = loop
        self._arm()

    def at(self, due: float, call: Callable[[], None]) -> None:
        """Run `call` once `Clock.now` has reached `due`."""
        heapq.heappush(self._heap, (due, next(self._numbers), call))
        if self._heap[0][0] == due:
            self._arm()

    def clear(self) -> None:
        """Forget every call."""
        self._heap.clear()

    def advance(self, seconds: float) -> None:
        """Skip time. Seconds, not negative."""
        self._clock.offset_s += seconds
        self._arm()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._loop is not None and self._heap:
            wait = max(0.0, self._heap[0][0] - self._clock.now())
            self._handle = self._loop.call_later(wait, self._fire)

    def _fire(self) -> None:
        self._handle = None
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            call = heapq.heappop(self._heap)[2]
            try:
                call()
            except Exception:  # one failing call must not stop the clock for the others
                log.exception("defect in a timed call")
        self._arm()
