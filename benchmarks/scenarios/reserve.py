"""Reservations in process, through the stock engine, against pgbench on the same database.

Engine and pgbench take turns (A B A B …) and their medians are compared, so that whatever else the machine does hits
both.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import uvloop

from benchmarks import goods, pgbench
from benchmarks.installation import CannotRun, Installation
from benchmarks.result import Result, median, summary
from mekong.inventory.contracts import Held, ReserveRequest

CALLERS = 256
_ROUNDS = 4
_SECONDS = 3
_ENOUGH = 10**12


def hot(installation: Installation) -> Result:
    """256 callers hold units of one SKU."""
    return _measure(installation, rows=1, at_least=25.0)


def spread(installation: Installation) -> Result:
    """256 callers hold units of 10,000 SKUs, in turn."""
    return _measure(installation, rows=10_000, at_least=2.0)


def _measure(installation: Installation, *, rows: int, at_least: float) -> Result:
    from django.db import connection

    from mekong.inventory.engine import engine

    skus = goods.plain(installation, rows)
    variants = installation.variant_ids(skus)
    if variants != list(range(variants[0], variants[0] + rows)):
        raise CannotRun("ids of the variants loaded do not follow each other, as the pgbench script needs")
    installation.stock(variants, _ENOUGH)
    with connection.cursor() as cursor:
        cursor.execute(pgbench.TABLE)
    installation.analyse()
    location = installation.location()[0]
    # The first batches plan statements and fill caches on both sides.
    uvloop.run(_reserve(variants, 0.5))
    pgbench.run(installation, first=variants[0], rows=rows, location=location, seconds=1)
    rates, limits, latencies = [], [], array("d")
    for _ in range(_ROUNDS):
        took, taken = uvloop.run(_reserve(variants, _SECONDS))
        rates.append(len(taken) / took)
        latencies.extend(taken)
        limits.append(pgbench.run(installation, first=variants[0], rows=rows, location=location, seconds=_SECONDS).rate)
    engine().stop()
    _require_sound(len(variants))
    value, limit = median(rates), median(limits)
    return Result(
        value=value,
        unit="/s",
        limit=limit,
        ratio=value / limit,
        **summary(latencies),
        notes=[
            (
                f"{CALLERS} callers in one process; limit: pgbench, {pgbench.CLIENTS} clients, prepared, "
                f"one guarded update + insert a transaction over {rows:,} row{'s' if rows > 1 else ''}"
            ),
            f"{_ROUNDS} turns each of {_SECONDS} s, medians; engine {_listed(rates)}, pgbench {_listed(limits)}",
            f"target: {at_least:g} ×",
        ],
        passed=value / limit >= at_least,
    )


def _listed(rates: Sequence[float]) -> str:
    return "/".join(f"{rate:,.0f}" for rate in rates)


async def _reserve(variants: Sequence[int], seconds: float) -> tuple[float, array[float]]:
    """Hold one unit after the other, from every caller; seconds that took, and each hold's latency in milliseconds."""
    from mekong.inventory.engine import engine

    latencies: array[float] = array("d")
    began = time.perf_counter()
    until = began + seconds
    ttl = timedelta(minutes=15)
    reserve = engine().acall

    async def call(number: int) -> None:
        position = number * len(variants) // CALLERS
        while True:
            sent = time.perf_counter()
            if sent >= until:
                return
            now = datetime.now(UTC)
            variant = variants[position % len(variants)]
            position += 1
            answer = await reserve(ReserveRequest("web", f"cart:{number}", ((variant, 1),), now + ttl, now))
            if not isinstance(answer, Held):
                raise CannotRun(f"a reservation was refused: {answer}")
            latencies.append((time.perf_counter() - sent) * 1000)

    await asyncio.gather(*(call(number) for number in range(CALLERS)))
    return time.perf_counter() - began, latencies


def _require_sound(variants: int) -> None:
    """Every unit reserved is a hold's or one of pgbench's. Raises: CannotRun."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            (
                "select (select sum(reserved) from inventory_stocklevel),"
                " (select coalesce(sum(quantity), 0) from inventory_holdline)"
                " + (select coalesce(sum(quantity), 0) from bench_reservation)"
            ),
        )
        reserved, held = cursor.fetchone()
    if reserved != held:
        raise CannotRun(f"levels of {variants} variants say {reserved} units reserved, holds say {held}")
