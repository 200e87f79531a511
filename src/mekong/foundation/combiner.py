"""Group commit: requests that arrive while a transaction is under way form the next batch.

A durable commit costs an fsync, and a hot row admits one writer at a time. A combiner is one thread with a queue and no
timer: whatever waits when it is free becomes one batch, served in one transaction. An idle combiner adds no delay; a
busy one grows its batches and so its throughput.
"""

from __future__ import annotations

import asyncio
import collections
import os
import threading
import time
import weakref
from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, TypeVar, cast

import structlog

from mekong.foundation.errors import Unavailable

Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")

log = structlog.get_logger(__name__)

Serving = Generator[None, None, list[A | BaseException]]
"""A batch being served. It pauses where all that is left is to wait for its writing."""

Serve = Callable[[Sequence[Q]], Sequence[A | BaseException] | Serving[A]]
"""Serve a batch: one answer per request, in order; an exception as an answer is raised to that caller alone."""

_CROWD = 48
"""From so many waiting requests on, answers to one batch wait until the next is on its way, so that callers and database
work at the same time. With fewer, nobody gains from it, and an answer must not wait for what the next batch waits for."""


def finished(serving: Generator[None, None, T]) -> T:
    """Serve a batch to its end."""
    while True:
        try:
            next(serving)
        except StopIteration as end:
            return cast("T", end.value)


class Stopped(Unavailable):
    code = "stopping"
    template = "The system is shutting down. Send the request again in a moment."


class Busy(Unavailable):
    code = "busy"
    template = "Too many requests are waiting. Send the request again in a moment."


class Combiner(Generic[Q, A]):
    """One thread that serves requests in batches, for sync and async callers alike.

    The thread starts with the first request, outlives whatever `serve` does, and is started anew in a forked process.

    Args:
        serve: runs one batch in one transaction, as a function or in two steps (`Serving`). When it raises, each request
            of the batch is served again on its own, so that one bad request spoils nothing for its neighbours; what
            raises alone is that caller's answer.
        max_batch: the most requests in one batch.
        max_waiting: beyond this many waiting requests a new one is refused with `Busy`.
        begin: called in the thread before its first batch.
        finish: called in the thread when it ends, to close what it opened.

    What it did since the process began is told by `batches`, `requests` and `seconds` (spent serving); only its own
    thread counts, once a batch, and whoever wants to know reads.
    """

    def __init__(
        self,
        name: str,
        serve: Serve[Q, A],
        *,
        max_batch: int = 1000,
        max_waiting: int = 20_000,
        begin: Callable[[], None] | None = None,
        finish: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._serve = serve
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._ready, self._finish = begin, finish
        self.batches = self.requests = 0
        self.seconds = 0.0
        self._begin()
        _combiners.add(self)

    def _begin(self) -> None:
        self._waiting: collections.deque[tuple[Q, _Waiting]] = collections.deque()
        self._arrived = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._untold: tuple[Sequence[tuple[Q, _Waiting]], Sequence[A | BaseException]] | None = None

    def call(self, request: Q) -> A:
        """Serve a request and wait for its answer. Raises whatever its answer is, Busy, or Stopped."""
        promise = _SyncPromise()
        self._enqueue(request, promise)
        return cast("A", promise.wait())

    def call_all(self, requests: Sequence[Q]) -> list[A | BaseException]:
        """Serve many requests of one caller and wait for all: their answers in order, refusals among them."""
        promises: list[_SyncPromise | Unavailable] = []
        for request in requests:
            promise = _SyncPromise()
            try:
                self._enqueue(request, promise)
                promises.append(promise)
            except Unavailable as refused:
                promises.append(refused)
        return [
            cast("A | BaseException", each.outcome()) if isinstance(each, _SyncPromise) else each for each in promises
        ]

    async def acall(self, request: Q) -> A:
        """As `call`, from a coroutine."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._enqueue(request, future)
        return cast("A", await future)

    def stop(self, timeout_s: float = 10.0) -> None:
        """Take no more requests, serve those that wait, and end the thread. Afterwards it can be used again."""
        with self._lock:
            self._stopping = True
            thread = self._thread
        self._arrived.set()
        if thread is not None:
            thread.join(timeout_s)
            if thread.is_alive():  # a batch that takes that long: it still answers, and takes no more
                return
        self._stopping = False

    def _enqueue(self, request: Q, promise: _Waiting) -> None:
        if self._stopping:
            raise Stopped
        if len(self._waiting) >= self._max_waiting:
            raise Busy
        self._waiting.append((request, promise))
        # After the append: a thread that is about to end looks at what waits once more after it has signed off.
        if self._thread is None:
            self._start()
        # Setting takes a lock; the thread that clears it looks at what waits after that.
        if not self._arrived.is_set():
            self._arrived.set()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        if self._ready is not None:
            self._ready()
        while True:
            self._arrived.wait()
            self._arrived.clear()
            self._serve_waiting()
            if self._stopping and self._signed_off():
                if self._finish is not None:
                    self._finish()
                return

    def _serve_waiting(self) -> None:
        while self._waiting:
            size = min(len(self._waiting), self._max_batch)
            batch = [self._waiting.popleft() for _ in range(size)]
            began = time.perf_counter()
            answers = self._served([request for request, _ in batch])
            self.batches += 1
            self.requests += size
            self.seconds += time.perf_counter() - began
            self._tell()
            self._untold = batch, answers
            if len(self._waiting) < _CROWD:
                self._tell()
        self._tell()

    def _tell(self) -> None:
        """Answer the batch served last, unless that was done."""
        if self._untold is not None:
            untold, self._untold = self._untold, None
            self._answer(*untold)

    def _signed_off(self) -> bool:
        """End this thread's service, unless a request slipped in that nobody else will serve."""
        with self._lock:
            self._thread = None
        return not self._waiting or not self._take_over()

    def _take_over(self) -> bool:
        with self._lock:
            if self._thread is None:
                self._thread = threading.current_thread()
                self._arrived.set()
                return True
            return False

    def _served(self, requests: Sequence[Q]) -> Sequence[A | BaseException]:
        try:
            answers = self._serve(requests)
            if isinstance(answers, Generator):
                answers = self._finished(answers)
            if len(answers) != len(requests):
                raise RuntimeError(f"{self.name}: {len(answers)} answers to {len(requests)} requests")
            return answers
        except Unavailable as failure:
            return [failure, *(_like(failure) for _ in requests[1:])]
        except Exception as failure:  # noqa: BLE001 - every caller must get an answer, whatever went wrong
            if len(requests) == 1:
                return [failure]
            log.warning("batch_split", combiner=self.name, size=len(requests), error=repr(failure))
            return [answer for request in requests for answer in self._served([request])]
        except BaseException as failure:
            # What ends a thread elsewhere (an exit, a panic of an extension) must not end the one all callers wait for.
            log.exception("batch_failed", combiner=self.name, size=len(requests))
            return [_like(Unavailable(), failure) for _ in requests]

    def _finished(self, serving: Serving[A]) -> list[A | BaseException]:
        """Answers of a batch; while it is written, the batch before it is told."""
        try:
            next(serving)
        except StopIteration as end:
            return cast("list[A | BaseException]", end.value)
        self._tell()
        return finished(serving)

    @staticmethod
    def _answer(batch: Sequence[tuple[Q, _Waiting]], answers: Sequence[A | BaseException]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[object], object]]] = {}
        for (_, promise), answer in zip(batch, answers, strict=True):
            if isinstance(promise, _SyncPromise):
                promise.settle(answer)
            else:
                by_loop.setdefault(promise.get_loop(), []).append((promise, answer))
        for loop, settled in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle_all, settled)
            except RuntimeError:  # the caller's loop has ended; nobody waits for these answers
                continue


def _like(failure: Unavailable, cause: BaseException | None = None) -> Unavailable:
    """The same failure for another caller: an exception raised in many threads would gather all their tracebacks."""
    copy = type(failure)(**failure.params)
    copy.__cause__ = cause or failure.__cause__
    return copy


_combiners: weakref.WeakSet[Combiner[Any, Any]] = weakref.WeakSet()


def combiners() -> list[Combiner[Any, Any]]:
    """Every combiner of this process, for those who watch how they do."""
    return list(_combiners)


def _begin_anew() -> None:
    """In a forked process: the threads stayed behind, and so did those who wait for them."""
    for combiner in _combiners:
        combiner._begin()  # noqa: SLF001 - of this module's own class


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def _settle_all(settled: Sequence[tuple[asyncio.Future[object], object]]) -> None:
    for future, answer in settled:
        if future.done():
            continue
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)


class _SyncPromise:
    __slots__ = ("_answer", "_done")

    def __init__(self) -> None:
        self._done = threading.Lock()
        self._done.acquire()
        self._answer: object = None

    def settle(self, answer: object) -> None:
        self._answer = answer
        self._done.release()

    def outcome(self) -> object:
        self._done.acquire()
        return self._answer

    def wait(self) -> object:
        answer = self.outcome()
        if isinstance(answer, BaseException):
            raise answer
        return answer


_Waiting = _SyncPromise | asyncio.Future[object]
"""Where a request's answer goes. A coroutine waits for the future itself: an object less for each request."""
