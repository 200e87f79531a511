"""Sends messages to webhooks: whatever is due, many receivers at once, a slow one apart from the others.

Nothing is followed, nobody's proxy is used, and a name is resolved by us: the connection goes to the very address that
was found to be of the open internet (a name may answer differently the second time it is asked).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpcore
import httpx
import structlog

import mekong
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Unavailable
from mekong.partners.commands.deliveries import claim_messages, note_answer
from mekong.partners.contracts import Answer, Dispatch
from mekong.partners.rules import webhooks as rules

log = structlog.get_logger(__name__)

CONNECT_S = 5.0
ANSWER_S = 15.0
"""Seconds for one whole try. Source: the specification asks for 15 to 30."""
POLL_S = 1.0
AT_ONCE = 64
_EXCERPT = 500
_MOST_READ = 16 << 10


class Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses of the open internet alone, unless `private` is allowed."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._wire = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the backend's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises: httpcore.ConnectError, ConnectTimeout; ConnectError with `_PRIVATE` for what may not be reached."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as late:
            raise httpcore.ConnectTimeout("no name in time") from late
        except (OSError, UnicodeError) as unknown:
            raise httpcore.ConnectError("no such name") from unknown
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not self._private and not all(rules.is_public(each) for each in addresses):
            raise httpcore.ConnectError(_PRIVATE)
        failed: Exception = httpcore.ConnectError("no address")
        for address in addresses[:3]:
            try:
                return await self._wire.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as away:
                failed = away
        raise failed

    async def sleep(self, seconds: float) -> None:
        await self._wire.sleep(seconds)


_PRIVATE = "not an address of the open internet"


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class Sender:
    """Connections to receivers. Lives in one event loop.

    Args:
        private: whether receivers of this network and plain http are reached (the setting `webhooks_private`).
        answer_s: seconds for one whole try.
    """

    def __init__(self, *, private: bool, answer_s: float = ANSWER_S) -> None:
        self._private, self._answer_s = private, answer_s
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(), max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE, keepalive_expiry=30.0,
            network_backend=Guarded(private=private),
        )  # fmt: skip

    async def send(self, message: Dispatch, now: datetime) -> Answer:
        """One try, sent once. Never raises for what a receiver or the network does."""
        began = time.monotonic()
        status, problem, excerpt, wait = await self._try(message, int(now.timestamp()))
        return Answer(status, problem, excerpt, int((time.monotonic() - began) * 1000), wait)

    async def _try(self, message: Dispatch, at: int) -> tuple[int | None, str, str, int | None]:
        if rules.url_problem(message.url, private=self._private) is not None:
            return None, "not_allowed", "", None
        headers = [
            ("content-type", "application/json"),
            ("user-agent", f"Mekong/{mekong.__version__}"),
            ("accept-encoding", "identity"),
            ("webhook-id", message.webhook_id),
            ("webhook-timestamp", str(at)),
            ("webhook-signature", rules.sign(message.secrets, message.webhook_id, at, message.body)),
        ]
        timeout = {"connect": CONNECT_S, "read": self._answer_s, "write": self._answer_s, "pool": self._answer_s}
        try:
            async with asyncio.timeout(self._answer_s), self._pool.stream(
                "POST", message.url, headers=_with_host(message.url, headers), content=message.body,
                extensions={"timeout": timeout},
            ) as answer:  # fmt: skip
                status, found = answer.status, {name.lower(): value for name, value in answer.headers}
                excerpt = await _beginning(answer.aiter_stream())
        except (TimeoutError, httpcore.TimeoutException):
            return None, "no_answer", "", None
        except httpcore.ConnectError as away:
            return None, "not_allowed" if str(away) == _PRIVATE else _why(away), "", None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError) as lost:
            return None, _why(lost), "", None
        return status, _problem(status), excerpt, _asked(found.get(b"retry-after", b""), at)

    async def aclose(self) -> None:
        await self._pool.aclose()


def _with_host(url: str, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    parts = httpx.URL(url)
    return [("host", parts.netloc.decode("ascii")), *headers]


async def _beginning(stream: object) -> str:
    """The first characters of an answer. What is longer is left unread, and its connection closed with it."""
    read = b""
    async for chunk in stream:  # type: ignore[attr-defined]  # httpcore calls it an async iterable of bytes
        read += chunk
        if len(read) >= _MOST_READ:
            break
    text = read[: _EXCERPT * 4].decode("utf-8", "replace")
    return "".join(each if each >= " " or each == "\n" else " " for each in text)[:_EXCERPT]


def _problem(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return "redirected"
    return "gone" if status == rules.GONE else "refused" if status < 500 else "broken"


def _why(failure: BaseException) -> str:
    told: BaseException | None = failure
    while told is not None:
        if isinstance(told, ssl.SSLError):
            return "bad_certificate"
        told = told.__cause__ or told.__context__
    if "no such name" in str(failure):
        return "no_such_name"
    return "not_reached" if isinstance(failure, httpcore.ConnectError) else "connection_lost"


def _asked(value: bytes, at: int) -> int | None:
    """Seconds of a Retry-After header: a number, or a moment."""
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdecimal():
        return int(text[:9])
    with contextlib.suppress(ValueError, TypeError):
        return max(0, int(parsedate_to_datetime(text).timestamp()) - at)
    return None


def _now() -> datetime:
    return datetime.now(UTC)


class Post:
    """Takes what is due and sends it, until it is cancelled. Several workers share the work by the rows they claim."""

    def __init__(self, threads: Threads, sender: Sender, *, clock: Callable[[], datetime] = _now) -> None:
        self._threads, self._sender, self._clock = threads, sender, clock
        self._busy: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()

    async def run(self) -> None:
        try:
            while True:
                self._freed.clear()
                if not await self.turn():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_S):
                            await self._freed.wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._sender.aclose()

    async def turn(self) -> int:
        """Take what is due and begin to send it; how many."""
        room = AT_ONCE - len(self._tasks)
        if room <= 0:
            return 0
        taken = await self._threads.run(claim_messages, actor=SYSTEM, now=self._clock(), limit=room, busy=+self._busy)
        for message in taken:
            self._busy[message.webhook_key] += 1
            task = asyncio.create_task(self._deliver(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(taken)

    async def settled(self) -> None:
        """Wait until nothing is on its way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, message: Dispatch) -> None:
        try:
            answer = await self._sender.send(message, self._clock())
            jitter = random.uniform(-1, 1)  # noqa: S311 - spreads tries, guards nothing
            await self._threads.run(
                note_answer, actor=SYSTEM, message_id=message.message_id, answer=answer, jitter=jitter,
                now=self._clock(),
            )  # fmt: skip
        except Unavailable as away:
            # Not booked: it is sent again when its lease is over, under the same id.
            log.warning("webhook_answer_not_booked", message=message.webhook_id, error=repr(away))
        except Exception:  # a defect in one delivery must not stop the others
            log.exception("webhook_failed", message=message.webhook_id)
        finally:
            self._busy[message.webhook_key] -= 1
            self._freed.set()


def post(threads: Threads, *, private: bool) -> Callable[[], Awaitable[None]]:
    """The worker's piece of work that delivers webhooks; begun anew it makes new connections."""

    async def work() -> None:
        await Post(threads, Sender(private=private)).run()

    return work
