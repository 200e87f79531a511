"""A few kept connections for callers that want the answer: buyers, and sales at a steady pace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.installation import CannotRun
from benchmarks.load import is_whole


@dataclass(frozen=True)
class Answer:
    """`sent_at`, `at`: seconds since the epoch, when the request left and when the whole answer was here."""

    status: int
    body: bytes
    sent_at: float
    at: float


class Line:
    """One kept HTTP/1.1 connection; one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Line:
        """A connection to a port of this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, request: bytes) -> Answer:
        """The answer to a request. Raises: CannotRun, when the connection breaks."""
        sent_at = time.time()
        self._writer.write(request)
        got = b""
        while not is_whole(got):
            more = await self._reader.read(65_536)
            if not more:
                raise CannotRun(f"the connection broke after {got[:300]!r}")
            got += more
        return Answer(int(got[9:12]), got.partition(b"\r\n\r\n")[2], sent_at, time.time())

    def close(self) -> None:
        self._writer.close()


async def paced(port: int, requests: Sequence[bytes], *, per_second: float, connections: int = 16) -> list[Answer]:
    """Send each request once at its moment, `per_second` of them, whether or not earlier ones were answered.

    A request whose turn comes while every connection waits for an answer is sent late, at the first that is free.
    Answers are in the order of the requests.
    """
    free: asyncio.Queue[Line] = asyncio.Queue()
    lines = [await Line.open(port) for _ in range(connections)]
    for line in lines:
        free.put_nowait(line)
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def one(number: int, request: bytes) -> Answer:
        await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
        line = await free.get()
        try:
            return await line.send(request)
        finally:
            free.put_nowait(line)

    try:
        return list(await asyncio.gather(*(one(number, each) for number, each in enumerate(requests))))
    finally:
        for line in lines:
            line.close()


async def at_once(requests: Sequence[tuple[int, bytes]]) -> list[Answer]:
    """Send (port, request) all at one moment, each over a connection of its own that is open already.

    Answers are in the order of the requests.
    """
    lines = [await Line.open(port) for port, _ in requests]
    try:
        return list(
            await asyncio.gather(*(line.send(request) for line, (_, request) in zip(lines, requests, strict=True)))
        )
    finally:
        for line in lines:
            line.close()
