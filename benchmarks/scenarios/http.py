"""Reservations and orders over HTTP, on the web and worker processes of an installation as `mekong up` runs it.

The limit is a bare echo of the same body on the same server; the two take turns, and their medians are compared.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from benchmarks import goods, load
from benchmarks.installation import CannotRun, Installation, Meter
from benchmarks.result import Result, median, summary

_CONNECTIONS = 64
_ROUNDS = 4
_SECONDS = 3
_SKUS = 1_000
_PLENTY = 10**9
_ECHO_SHARE, _RESERVE_P99_MS = 0.25, 25.0
_ORDERS_PER_S, _ORDER_P99_MS = 1_000.0, 150.0


def reserve(installation: Installation) -> Result:
    """POST one-line reservations over 64 connections, 1,000 SKUs in turn."""
    skus, headers = _ready(installation)
    requests = _reservations(skus, headers)
    hot = _reservations(skus[:1], headers)
    web, echo = installation.web_port, installation.start_echo()
    _warm_up(web, requests)
    load.run(echo, requests, connections=_CONNECTIONS, seconds=0.5)
    runs, echoes = [], []
    meter = Meter(installation)
    for _ in range(_ROUNDS):
        with meter:
            runs.append(_measured(web, requests, 201))
        echoes.append(_measured(echo, requests, 200))
    one = _measured(web, hot, 201)
    value, limit = median([run.rate for run in runs]), median([run.rate for run in echoes])
    found = summary([each for run in runs for each in run.latencies_ms])
    return Result(
        value=value,
        unit="/s",
        limit=limit,
        ratio=value / limit,
        **found,
        notes=[
            (
                f"{_CONNECTIONS} connections, {_SKUS:,} SKUs in turn, worker process running, {_ROUNDS} turns each of "
                f"{_SECONDS} s, medians; reservations {_rates(runs)}, echo {_rates(echoes)}"
            ),
            f"echo of the same body on the same server: p99 {median([run.percentile(0.99) for run in echoes]):.1f} ms",
            f"all on one SKU: {one.rate:,.0f}/s, p99 {one.percentile(0.99):.1f} ms",
            meter.note(sum(len(run.latencies_ms) for run in runs), "reservation"),
            f"target: {_ECHO_SHARE:g} × echo, p99 {_RESERVE_P99_MS:g} ms",
        ],
        figures={"hot_rate": one.rate, "hot_p99_ms": one.percentile(0.99)},
        passed=value / limit >= _ECHO_SHARE and found["p99_ms"] <= _RESERVE_P99_MS,
    )


def order(installation: Installation) -> Result:
    """POST orders of three lines, priced by the catalogue, each for another customer."""
    skus, headers = _ready(installation)
    requests, reservations = _orders(skus, headers, 20_000), _reservations(skus, headers)
    web = installation.web_port
    _warm_up(web, requests)
    _warm_up(web, reservations)
    runs, reserved = [], []
    meter = Meter(installation)
    for _ in range(_ROUNDS):
        with meter:
            runs.append(_measured(web, requests, 201))
        reserved.append(_measured(web, reservations, 201))
    crowd = _measured(web, requests, 201, connections=256)
    value, against = median([run.rate for run in runs]), median([run.rate for run in reserved])
    found = summary([each for run in runs for each in run.latencies_ms])
    return Result(
        value=value,
        unit="/s",
        limit=_ORDERS_PER_S,
        ratio=value / _ORDERS_PER_S,
        **found,
        notes=[
            (
                f"{_CONNECTIONS} connections, three lines each of {_SKUS:,} SKUs, catalogue prices, a customer with "
                f"phone and address each, worker process running; {_ROUNDS} turns of {_SECONDS} s, median; "
                f"{_rates(runs)}"
            ),
            f"ratio to reserve-http in turn with it: {value / against:.3f} ({against:,.0f}/s)",
            (
                f"256 connections: {crowd.rate:,.0f}/s, p50 {crowd.percentile(0.5):.0f} ms, "
                f"p99 {crowd.percentile(0.99):.0f} ms"
            ),
            meter.note(sum(len(run.latencies_ms) for run in runs), "order"),
            f"target: {_ORDERS_PER_S:,.0f}/s, p99 {_ORDER_P99_MS:g} ms",
        ],
        figures={
            "ratio_to_reserve_http": value / against,
            "crowd_rate": crowd.rate,
            "crowd_p99_ms": crowd.percentile(0.99),
        },
        passed=value >= _ORDERS_PER_S and found["p99_ms"] <= _ORDER_P99_MS,
    )


def _ready(installation: Installation) -> tuple[list[str], dict[str, str]]:
    skus = goods.plain(installation, _SKUS)
    installation.stock(installation.variant_ids(skus), _PLENTY)
    headers = {"Authorization": f"Bearer {installation.token()}"}
    installation.analyse()
    installation.start_web()
    installation.start_worker()
    return skus, headers


def _reservations(skus: Sequence[str], headers: dict[str, str]) -> list[bytes]:
    return [
        load.request(
            "POST",
            "/api/v1/reservations",
            msgspec.json.encode(
                {
                    "channel": "web",
                    "owner": f"cart-{number}",
                    "ttl_seconds": 900,
                    "lines": [{"sku": sku, "quantity": 1}],
                }
            ),
            headers,
        )
        for number, sku in enumerate(skus)
    ]


def _orders(skus: Sequence[str], headers: dict[str, str], count: int) -> list[bytes]:
    draw = random.Random(1)
    made = []
    for number in range(count):
        body = {
            "channel": "web",
            "customer": {"name": f"Nguyễn Thị Khách {number}", "phone": f"09{number:08d}"},
            "shipping_address": {
                "line1": f"{number % 400} Trần Phú", "ward": "Phường Hải Châu", "province": "Đà Nẵng",
            },
            "lines": [{"sku": sku, "quantity": draw.randint(1, 3)} for sku in draw.sample(skus, 3)],
        }  # fmt: skip
        made.append(load.request("POST", "/api/v1/orders", msgspec.json.encode(body), headers))
    return made


def _warm_up(port: int, requests: Sequence[bytes]) -> None:
    """Caches of the process, plans of its statements."""
    _measured(port, requests, 201, seconds=1.0)


def _measured(
    port: int, requests: Sequence[bytes], status: int, *, connections: int = _CONNECTIONS, seconds: float = _SECONDS
) -> load.Load:
    """A run in which every answer was the one hoped for. Raises: CannotRun."""
    run = load.run(port, requests, connections=connections, seconds=seconds)
    if set(run.statuses) != {status}:
        raise CannotRun(f"expected {status} alone, got answers by status: {run.statuses}; one of them: {run.odd!r}")
    return run


def _rates(runs: Sequence[load.Load]) -> str:
    return "/".join(f"{run.rate:,.0f}" for run in runs)
