"""The wire under every connector of one account: rate limits, circuit breaking, connections."""

from __future__ import annotations

import asyncio
import contextvars
import math
import ssl
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from mekong.channels.http1 import ANSWER_S, CONNECT_S, Pool, WireError
from mekong.channels.pacing import BURST_PART, HEADROOM, Breaker, TokenBucket
from mekong.channels.socket import RateLimit, Request, Response
from mekong.foundation.errors import Unavailable

_REMEMBERED = 512
_PROXY_TIMEOUT = httpx.Timeout(ANSWER_S, connect=CONNECT_S)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class Wires:
    """The connections of one account: straight to the platform, or by the proxy that the environment names for it."""

    def __init__(self, *, answer_s: float = ANSWER_S) -> None:
        self._answer_s = answer_s
        self._pool = Pool(_tls(), answer_s=answer_s)
        self._by_proxy: httpx.AsyncClient | None = None
        self._needs_proxy: dict[str, bool] = {}

    async def ask(self, request: Request) -> Response:
        """Raises: WireError."""
        if not self._is_behind_proxy(request.url):
            return await self._pool.ask(request.method, request.url, request.params, request.headers, request.body)
        if self._by_proxy is None:
            self._by_proxy = httpx.AsyncClient(verify=_tls(), timeout=_PROXY_TIMEOUT, follow_redirects=False)
        try:
            # httpx's own times are between two bytes; a proxy that trickles would never be given up.
            async with asyncio.timeout(CONNECT_S + self._answer_s):
                answer = await self._by_proxy.request(
                    request.method,
                    request.url,
                    params=list(request.params) or None,
                    headers=dict(request.headers),
                    content=request.body or None,
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as away:
            raise WireError(type(away).__name__, was_sent=False) from away
        except (httpx.HTTPError, TimeoutError) as lost:
            raise WireError(type(lost).__name__, was_sent=True) from lost
        return Response(answer.status_code, answer.content, dict(answer.headers))

    def _is_behind_proxy(self, url: str) -> bool:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._needs_proxy:
            host = parts.hostname or ""
            is_ours = host in ("localhost", "127.0.0.1", "::1")
            has_proxy = parts.scheme in getproxies() or "all" in getproxies()
            self._needs_proxy[origin] = has_proxy and not is_ours and not proxy_bypass(host)
        return self._needs_proxy[origin]

    async def aclose(self) -> None:
        self._pool.close()
        if self._by_proxy is not None:
            await self._by_proxy.aclose()


class Unreachable:
    """The transport of a connector that is only asked to sign and to read: it sends nothing."""

    async def send(self, request: Request) -> Response:
        raise Unavailable(reason="this connector is not on line", url=urlsplit(request.url).path)


class Lane:
    """A platform's rate limit as a queue: callers are served in the order in which they came. `made`: calls so far."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self.made = 0
        self.bucket = TokenBucket(limit.per_second * HEADROOM, max(1, math.ceil(limit.burst * BURST_PART)))
        self._turn = asyncio.Lock()

    async def acquire(self) -> None:
        async with self._turn:
            while (wait := self.bucket.wait_s(time.monotonic())) > 0:  # noqa: ASYNC110 - only time fills a bucket
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

    wires: Wires
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

    @property
    def lanes(self) -> Mapping[str, Lane]:
        """Those that were used so far."""
        return self._lanes

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
        self.lane(request.lane).made += 1
        started = time.monotonic()
        try:
            answer = await self.wires.ask(request)
        except WireError as lost:
            self.breaker.failed(time.monotonic())
            raise Unavailable(reason=lost.reason, was_sent=lost.was_sent) from lost
        except BaseException:
            self.breaker.left()
            raise
        self.took_ms.append((time.monotonic() - started) * 1000)
        if answer.status >= 500:
            self.breaker.failed(time.monotonic())
        else:
            self.breaker.succeeded()
        return answer

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and f"{parts.scheme}://{parts.netloc}" not in self.origins:
            raise Unavailable(reason="not https", was_sent=False)


def origins_of(*urls: str) -> frozenset[str]:
    return frozenset(f"{parts.scheme}://{parts.netloc}" for url in urls if url and (parts := urlsplit(url)).netloc)
