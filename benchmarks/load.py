"""A load generator light enough not to be the thing measured: HTTP/1.1, kept connections, one request at a time each.

It runs in a process of its own, reads of an answer its status and its length, and sends what was built beforehand.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import uvloop

from benchmarks.result import percentile

_LENGTH = b"content-length: "
_BROKEN = b"000"


@dataclass(frozen=True)
class Load:
    """What a run saw. Latencies in milliseconds, sorted; answers by status (0: the connection broke).

    `odd`: one answer that was an error, if any was.
    """

    seconds: float
    statuses: dict[int, int]
    latencies_ms: Sequence[float]
    odd: bytes = b""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies_ms) / self.seconds

    def percentile(self, share: float) -> float:
        return percentile(self.latencies_ms, share)


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One whole HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/json"] if body else []
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def is_whole(got: bytes) -> bool:
    """Whether these bytes are a whole answer."""
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = got.find(_LENGTH, 0, end)
    if at < 0:
        head = got[:end].lower()
        if b"transfer-encoding: chunked" in head:
            return got.endswith(b"0\r\n\r\n")
        at = head.find(_LENGTH)
        if at < 0:
            return True
    at += len(_LENGTH)
    return len(got) >= end + 4 + int(got[at : got.find(b"\r", at)])


class _Run:
    """What the callers of one run share."""

    def __init__(self, requests: Sequence[bytes], until: float) -> None:
        self.requests = itertools.cycle(requests)
        self.until = until
        self.latencies: array[float] = array("d")
        self.statuses: Counter[bytes] = Counter()
        self.odd = b""


class _Caller(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last is complete."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._got = b""
        self._sent_at = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._run.requests))

    def data_received(self, data: bytes) -> None:
        got = self._got + data if self._got else data
        if not is_whole(got):
            self._got = got
            return
        self._got = b""
        run = self._run
        now = time.perf_counter()
        run.latencies.append((now - self._sent_at) * 1000)
        run.statuses[got[9:12]] += 1
        if got[9:10] != b"2":
            run.odd = got[:2000]
        if now < run.until:
            self._sent_at = now
            self._transport.write(next(run.requests))
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def connection_lost(self, _failure: Exception | None) -> None:
        if not self.done.done():
            self._run.statuses[_BROKEN] += 1
            self.done.set_result(None)


async def _drive(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    run = _Run(requests, began + seconds)
    callers = [(await loop.create_connection(lambda: _Caller(run), "127.0.0.1", port))[1] for _ in range(connections)]
    _, late = await asyncio.wait([caller.done for caller in callers], timeout=seconds + 30)
    took = time.perf_counter() - began
    run.statuses[_BROKEN] += len(late)
    statuses = {int(status): count for status, count in run.statuses.items() if count}
    return Load(took, statuses, sorted(run.latencies), run.odd)


def _child(pipe: Connection, port: int, requests: Sequence[bytes], connections: int, seconds: float) -> None:
    pipe.send(uvloop.run(_drive(port, requests, connections, seconds)))


def run(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Send `requests` round and round over so many connections for so long, from a process of its own.

    Raises: TimeoutError.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs, port, requests, connections, seconds), daemon=True)
    child.start()
    if not ours.poll(seconds + 60):
        child.terminate()
        raise TimeoutError("the load generator did not finish")
    found: Load = ours.recv()
    child.join(10)
    return found
