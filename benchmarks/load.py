"""A load generator light enough not to be the thing measured: HTTP/1.1 over kept connections, one request at a time each.

It runs in a process of its own, reads an answer only as far as its length, and sends what was built beforehand.
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

import uvloop


@dataclass(frozen=True)
class Load:
    """What a run saw. Latencies in milliseconds, sorted; answers by status."""

    seconds: float
    statuses: dict[int, int]
    latencies_ms: Sequence[float]

    @property
    def rate(self) -> float:
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, share: float) -> float:
        return percentile(self.latencies_ms, share)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ordered values lie; 0 when there are none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One whole HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: application/json"] if body else []
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class _Caller(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last is complete."""

    def __init__(self, requests: itertools.cycle[bytes], until: float, latencies: array[float], statuses: Counter[int]):
        self._requests = requests
        self._until = until
        self._latencies = latencies
        self._statuses = statuses
        self._got = b""
        self._sent_at = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))  # type: ignore[attr-defined]  # a stream transport

    def data_received(self, data: bytes) -> None:
        got = self._got + data if self._got else data
        end = got.find(b"\r\n\r\n")
        if end < 0:
            self._got = got
            return
        head = got[:end].lower()
        if b"transfer-encoding: chunked" in head:
            complete = got.endswith(b"0\r\n\r\n")
        else:
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            complete = len(got) >= end + 4 + length
        if not complete:
            self._got = got
            return
        self._got = b""
        now = time.perf_counter()
        self._latencies.append((now - self._sent_at) * 1000)
        self._statuses[int(got[9:12])] += 1
        if now < self._until:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def connection_lost(self, failure: Exception | None) -> None:
        if not self.done.done():
            self._statuses[0] += 1
            self.done.set_result(None)


async def _drive(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    latencies: array[float] = array("d")
    statuses: Counter[int] = Counter()
    began = time.perf_counter()
    shared = itertools.cycle(requests)
    callers = []
    for _ in range(connections):
        _, caller = await loop.create_connection(
            lambda: _Caller(shared, began + seconds, latencies, statuses), "127.0.0.1", port
        )
        callers.append(caller)
    await asyncio.wait([caller.done for caller in callers], timeout=seconds + 30)
    return Load(time.perf_counter() - began, dict(statuses), sorted(latencies))


def _child(pipe: object, port: int, requests: Sequence[bytes], connections: int, seconds: float) -> None:
    pipe.send(uvloop.run(_drive(port, requests, connections, seconds)))  # type: ignore[attr-defined]  # a pipe's end


def run(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Send `requests` round and round over so many connections for so long, from a process of its own."""
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
