"""The wire under every connector of one account: rate limits, circuit breaking, one shared HTTP client."""

from __future__ import annotations

import asyncio
import contextvars
import importlib.util
import ssl
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from mekong.channels.pacing import HEADROOM, Breaker, TokenBucket
from mekong.channels.socket import RateLimit, Request, Response
from mekong.foundation.errors import Unavailable

TIMEOUT = httpx.Timeout(10.0, connect=4.0, pool=10.0)
MAX_REPLY = 32 << 20
_REMEMBERED = 512
_CONNECTIONS = 24

if importlib.util.find_spec("sniffio") is None:
    # httpcore tries to import it for every request; a name known to be absent is refused without a search of the disk.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # None is how Python notes an absent module


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def new_client(connections: int = _CONNECTIONS) -> httpx.AsyncClient:
    """A client for one account: its connections stay open, redirects are not followed.

    One an account, because httpcore looks through all connections of a pool for every request it serves.
    """
    return httpx.AsyncClient(
        http1=True,
        http2=False,
        verify=_tls(),
        timeout=TIMEOUT,
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=60),
        follow_redirects=False,
        # Proxies of the environment lead outside; they are not asked for this machine's own addresses.
        trust_env=True,
        mounts={"all://127.0.0.1": None, "all://localhost": None},
        headers={"user-agent": "Mekong"},
    )


class Unreachable:
    """The transport of a connector that is only asked to sign and to read: it sends nothing."""

    async def send(self, request: Request) -> Response:
        raise Unavailable(reason="this connector is not on line", url=urlsplit(request.url).path)


class Lane:
    """A platform's rate limit as a queue: callers are served in the order in which they came."""

    def __init__(self, limit: RateLimit) -> None:
        self.bucket = TokenBucket(limit.per_second * HEADROOM, max(1, limit.burst))
        self._turn = asyncio.Lock()

    async def acquire(self) -> None:
        async with self._turn:
            while (wait := self.bucket.wait_s(time.monotonic())) > 0:
                await asyncio.sleep(wait)
            self.bucket.take(time.monotonic())

    def take_more(self, most: int) -> int:
        """Calls that may be made at once, besides those acquired, unless somebody waits for them."""
        return 0 if self._turn.locked() or most <= 0 else self.bucket.take(time.monotonic(), most)

    def give_back(self, calls: int = 1) -> None:
        self.bucket.give_back(calls)

    def pause(self, seconds: float) -> None:
        self.bucket.pause(time.monotonic(), seconds)


@dataclass
class Permit:
    """Leave to make one call, taken before it was decided what to say, so that nothing waits after the decision."""

    lane: str
    is_used: bool = False


_permit: contextvars.ContextVar[Permit | None] = contextvars.ContextVar("mekong_permit", default=None)


@contextmanager
def permitted(permit: Permit) -> Iterator[None]:
    token = _permit.set(permit)
    try:
        yield
    finally:
        _permit.reset(token)


@dataclass
class HttpTransport:
    """Sends for one account.

    `origins`: scheme and host that may be plain http because the account's addresses say so; to any other, https only.
    """

    client: httpx.AsyncClient
    limits: Mapping[str, RateLimit]
    origins: frozenset[str] = frozenset()
    breaker: Breaker = field(default_factory=Breaker)
    calls: int = 0
    took_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def __post_init__(self) -> None:
        self._lanes: dict[str, Lane] = {}

    def lane_name(self, name: str) -> str:
        return name if name in self.limits else "default"

    def lane(self, name: str) -> Lane:
        """The queue of a lane; a lane the platform gives no limit of its own shares the default one's."""
        known = self.lane_name(name)
        if known not in self._lanes:
            self._lanes[known] = Lane(self.limits[known])
        return self._lanes[known]

    async def send(self, request: Request) -> Response:
        """Raises: Unavailable. Its params: `reason`, and `was_sent` False when the platform surely never got it."""
        self._check(request.url)
        permit = _permit.get()
        if permit is not None and not permit.is_used and permit.lane == self.lane_name(request.lane):
            permit.is_used = True
        else:
            await self.lane(request.lane).acquire()
        if not self.breaker.enter(time.monotonic()):
            raise Unavailable(reason="circuit_open", was_sent=False)
        self.calls += 1
        started = time.monotonic()
        try:
            answer = await self._ask(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as away:
            self.breaker.failed(time.monotonic())
            raise Unavailable(reason=type(away).__name__, was_sent=False) from away
        except httpx.HTTPError as lost:
            self.breaker.failed(time.monotonic())
            raise Unavailable(reason=type(lost).__name__, was_sent=True) from lost
        except BaseException:
            self.breaker.left()
            raise
        self.took_ms.append((time.monotonic() - started) * 1000)
        if answer.status >= 500:
            self.breaker.failed(time.monotonic())
        else:
            self.breaker.succeeded()
        return answer

    async def _ask(self, request: Request) -> Response:
        built = self.client.build_request(
            request.method,
            request.url,
            params=list(request.params) if request.params else None,
            content=request.body or None,
            headers=dict(request.headers),
        )
        answer = await self.client.send(built, stream=True)
        try:
            chunks, size = [], 0
            async for chunk in answer.aiter_bytes():
                size += len(chunk)
                if size > MAX_REPLY:
                    raise httpx.ReadError("reply too large", request=built)
                chunks.append(chunk)
        finally:
            await answer.aclose()
        return Response(answer.status_code, b"".join(chunks), dict(answer.headers))

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and f"{parts.scheme}://{parts.netloc}" not in self.origins:
            raise Unavailable(reason="not https", was_sent=False)


def origins_of(*urls: str) -> frozenset[str]:
    return frozenset(f"{parts.scheme}://{parts.netloc}" for url in urls if url and (parts := urlsplit(url)).netloc)
