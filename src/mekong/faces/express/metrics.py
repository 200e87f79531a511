"""`GET /metrics`: what this process counts of itself, and what the database knows of all, for Prometheus.

What a request costs here is a few plain additions: no lock, no object. An addition to a list's place or to an attribute
is one step for other threads, so none is lost. Labels are routes, channel codes and names of ours, never what a caller
sent. The worker has no port; its figures come by the database, where it writes them every few seconds.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from mekong.channels.contracts import ChannelView
from mekong.channels.queries import list_channels
from mekong.faces.express.http import Call, Receive, Scope, Send, in_thread
from mekong.foundation.actor import SYSTEM
from mekong.foundation.combiner import combiners
from mekong.foundation.delivery import Backlog, backlog
from mekong.orders.book import book

log = structlog.get_logger(__name__)

BOUNDS_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_QUICK_S = BOUNDS_S[0]
FRESH_S = 5.0
"""How old the database's figures may be: however many scrape, they are read once in so many seconds."""
_PATIENCE_MS = 3000
_STATUSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
"""By hundreds; `none`: the caller hung up before an answer."""
_ROUTE = "mekong.route"
_UNMATCHED = "unmatched"
_CONNECTIONS = """
    select count(*) filter (where datname = current_database()), count(*), current_setting('max_connections')::int
      from pg_stat_activity where datname is not null
"""


class Lane:
    """Requests of one lane that were answered."""

    __slots__ = ("buckets", "name", "routes", "seconds")

    def __init__(self, name: str) -> None:
        self.name = name
        self.routes: dict[str, list[int]] = {}
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.seconds = 0.0

    def add(self, route: str, status: int, seconds: float | None) -> None:
        """Count one; without a duration when it was a stream, whose end tells nothing."""
        try:
            self.routes[route][status // 100] += 1
        except KeyError:
            self.routes.setdefault(route, [0] * len(_STATUSES))[status // 100] += 1
        if seconds is not None:
            # Most are this quick; the search would cost as much as all the rest.
            self.buckets[0 if seconds <= _QUICK_S else bisect_left(BOUNDS_S, seconds)] += 1
            self.seconds += seconds


express = Lane("express")
django = Lane("django")


class RouteNoted(MiddlewareMixin):
    """Says which route Django chose, where the ASGI application can read it."""

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        scope: MutableMapping[str, Any] | None = getattr(request, "scope", None)
        if scope is not None and request.resolver_match is not None:
            scope[_ROUTE] = f"/{request.resolver_match.route}"


async def counted(app: Callable[..., Awaitable[None]], scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a request of Django's lane, and count it once it is answered."""
    status = 0

    async def noted(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    began = time.perf_counter()
    try:
        await app(scope, receive, noted)
    finally:
        django.add(scope.get(_ROUTE, _UNMATCHED), status, time.perf_counter() - began)


async def answer(call: Call) -> None:
    """Figures in the Prometheus text format."""
    await call.answer(200, await in_thread(generate_latest), ((b"content-type", CONTENT_TYPE_LATEST.encode()),))


# --- what the database knows ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Standing:
    """`channels`: of platforms. `troubled`: channels of our own with an open incident."""

    channels: tuple[ChannelView, ...]
    troubled: tuple[ChannelView, ...]
    events: Backlog
    connections: tuple[int, int, int]
    at: datetime


class _Reader:
    """Reads the database's figures when they are asked for and those at hand are old; None when it does not answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._found: _Standing | None = None

    def read(self) -> _Standing | None:
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH_S:
                self._found = self._ask()
                self._read_at = time.monotonic()
            return self._found

    def forget(self) -> None:
        self._read_at = float("-inf")

    def _ask(self) -> _Standing | None:
        now = datetime.now(UTC)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("select set_config('statement_timeout', %s, true)", [str(_PATIENCE_MS)])
                cursor.execute(_CONNECTIONS)
                connections = cursor.fetchone()
                channels = list_channels(actor=SYSTEM)
                remote = tuple(each for each in channels if each.is_remote)
                own = tuple(each for each in channels if not each.is_remote and each.incidents)
                return _Standing(remote, own, backlog(now=now), connections, now)
        except DatabaseError as failure:
            log.warning("metrics_without_database", error=repr(failure))
            return None


reader = _Reader()


# --- in Prometheus's words --------------------------------------------------------------------------------------------


def _counter(name: str, told: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = CounterMetricFamily(f"mekong_{name}", told, labels=[label])
    for value, count in values:
        family.add_metric([value], count)
    return family


def _gauge(name: str, told: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(f"mekong_{name}", told, labels=[label])
    for value, figure in values:
        family.add_metric([value], figure)
    return family


def _lanes() -> Iterator[Metric]:
    requests = CounterMetricFamily("mekong_requests", "Requests answered.", labels=["lane", "route", "status"])
    durations = HistogramMetricFamily("mekong_request_seconds", "From request to answer.", labels=["lane"])
    for lane in (express, django):
        for route, counts in list(lane.routes.items()):
            for status, count in zip(_STATUSES, counts, strict=True):
                if count:
                    requests.add_metric([lane.name, route, status], count)
        total, buckets = 0, []
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), lane.buckets, strict=True):
            total += count
            buckets.append((bound, total))
        durations.add_metric([lane.name], buckets, lane.seconds)
    yield requests
    yield durations


def _engines() -> Iterator[Metric]:
    found: dict[str, tuple[float, float, float]] = {}
    for each in combiners():
        batches, requests, seconds = found.get(each.name, (0, 0, 0.0))
        found[each.name] = (batches + each.batches, requests + each.requests, seconds + each.seconds)
    for place, (name, told) in enumerate(
        (
            ("batches", "Batches served, one transaction each."),
            ("batched_requests", "Requests served in batches."),
            ("batch_seconds", "Time spent serving batches; near 1 a second the writer is the limit."),
        )
    ):
        yield _counter(name, told, "writer", [(writer, sums[place]) for writer, sums in sorted(found.items())])
    yield CounterMetricFamily("mekong_orders_placed", "New orders this process placed.", value=book().placed)


def _channels(standing: _Standing) -> Iterator[Metric]:
    each = standing.channels
    for name, told, read in _TOTALS:
        yield _counter(f"channel_{name}", told, "channel", [(channel.code, read(channel)) for channel in each])
    for name, told, read in _NOW:
        yield _gauge(f"channel_{name}", told, "channel", [(channel.code, read(channel)) for channel in each])
    yield _gauge(
        "channel_worker_silent_seconds", "Since a worker last wrote this channel's figures.", "channel",
        [(one.code, max(0.0, (standing.at - one.seen_at).total_seconds())) for one in each if one.seen_at is not None],
    )  # fmt: skip
    yield _gauge(
        "channel_authorisation_seconds", "Until the merchant must say yes again.", "channel",
        [
            (one.code, (one.authorised_until - standing.at).total_seconds())
            for one in each if one.authorised_until is not None
        ],
    )  # fmt: skip
    rates = GaugeMetricFamily(
        "mekong_channel_rate_used", "Part of the platform's rate in use, over a minute.", labels=["channel", "lane"]
    )
    for one in each:
        for lane in one.figures.lanes:
            rates.add_metric([one.code, lane], float(one.figures.lanes[lane]["used"]))
    yield rates
    incidents = GaugeMetricFamily(
        "mekong_channel_incident", "1 while such an incident is open and nobody said to know.",
        labels=["channel", "kind"],
    )  # fmt: skip
    for one in (*each, *standing.troubled):
        for kind in ("outage", "access", "silence"):
            incidents.add_metric([one.code, kind], kind in one.incidents)
    yield incidents
    states = GaugeMetricFamily("mekong_channel_state", "1 for the state a channel is in.", labels=["channel", "state"])
    for channel in each:
        states.add_metric([channel.code, channel.state], 1)
    yield states


_Read = Callable[[ChannelView], float]
_TOTALS: tuple[tuple[str, str, _Read], ...] = (
    ("acknowledged", "Figures the platform acknowledged.", lambda each: each.figures.acked_total),
    ("failed", "Figures that could not be pushed, tries counted one by one.", lambda each: each.figures.failed_total),
    ("calls", "Calls made to the platform.", lambda each: each.figures.calls_total),
    ("orders_booked", "Orders of the platform that were taken in.", lambda each: each.figures.booked_total),
)
_NOW: tuple[tuple[str, str, _Read], ...] = (
    ("listings_waiting", "Listings whose push is due.", lambda each: each.figures.waiting),
    ("oldest_waiting_seconds", "How long the first of them waits.", lambda each: each.figures.oldest_waiting_s),
    ("listings_parked", "Listings the platform refuses for good.", lambda each: each.listings.parked),
    ("listings_unmatched", "Listings without a SKU of ours.", lambda each: each.listings.unmatched),
    ("notices_waiting", "Notices stored and not followed yet.", lambda each: each.waiting_notices),
    ("orders_parked", "Orders that could not be booked.", lambda each: each.parked_orders),
    ("breaker_open", "1 while calls are held back because they fail.", lambda each: each.figures.is_breaker_open),
)


def _house(standing: _Standing | None) -> Iterator[Metric]:
    yield GaugeMetricFamily("mekong_database_up", "1 when the database answers.", value=standing is not None)
    if standing is None:
        return
    ours, used, most = standing.connections
    for name, told, value in (
        ("database_connections", "Connections to Mekong's database.", ours),
        ("database_connections_used", "Connections to the whole server.", used),
        ("database_connections_max", "Connections the server allows.", most),
        ("events_undelivered", "Deliveries of events not made yet.", standing.events.waiting),
        ("events_parked", "Deliveries given up, waiting for a person.", standing.events.parked),
        ("events_oldest_seconds", "Age of the oldest event not delivered everywhere.", standing.events.oldest_s),
    ):
        yield GaugeMetricFamily(f"mekong_{name}", told, value=value)


class _Figures(Collector):
    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: asking would read the database when the program starts."""
        return ()

    def collect(self) -> Iterator[Metric]:
        standing = reader.read()
        yield from _lanes()
        yield from _engines()
        yield from _house(standing)
        if standing is not None:
            yield from _channels(standing)


REGISTRY.register(_Figures())
