"""From a file to a played history: for the command line, and for the worker that plays what a page asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.conf import settings

from mekong.channels.contracts import ChannelView
from mekong.channels.queries import list_channels
from mekong.channels.sync.threads import Threads
from mekong.faces.replay import commands, queries
from mekong.faces.replay.contracts import REPLAYER, Progress, RunView, Supplied
from mekong.faces.replay.errors import NoPlace, ReplayRunning, WorkerAway
from mekong.faces.replay.lines import read
from mekong.faces.replay.models import RunState
from mekong.faces.replay.plan import Plan, make_plan
from mekong.faces.replay.player import Player
from mekong.faces.replay.ways import choose, way_for, worker_is_there
from mekong.foundation.actor import Actor
from mekong.foundation.errors import MekongError, Unavailable
from mekong.inventory.queries import list_locations

log = structlog.get_logger(__name__)

SHIPPED = Path(__file__).resolve().parents[2] / "demo" / "online_retail.csv.gz"
"""The cut of Online Retail that comes with Mekong (CC BY 4.0, see the README beside it)."""
_LOOK_EVERY_S = 1.0
_LOCK = "select pg_try_advisory_lock(hashtextextended('replay.play', 0))"


@dataclass(frozen=True)
class Ready:
    """A plan with everything laid in that it needs."""

    plan: Plan
    channels: list[ChannelView]
    location: str
    supplied: Supplied


def home_location(*, actor: Actor) -> str:
    """Where a replay's goods are received: the first warehouse, else the first place that keeps stock."""
    places = [each for each in list_locations(actor=actor) if each.kind in ("warehouse", "store") and each.is_active]
    if not places:
        raise NoPlace
    return min(places, key=lambda each: (each.kind != "warehouse", each.priority, each.code)).code


def get_ready(*, actor: Actor, file: Path, names: list[str], location: str, now: datetime) -> Ready:
    """Read a file, plan it for these channels, and lay in its products and goods. Safe to repeat.

    Raises: MayNot, UnreadableHistory, UnknownWay.
    """
    channels = choose(actor=actor, names=names)
    sold = queries.sold_ways(actor=actor)
    known = {each.code: each for each in list_channels(actor=actor)}
    kept = {invoice: way_for(known[way]) for invoice, way in sold.items() if way in known}
    plan = make_plan(read(file), [way_for(each) for each in channels], kept)
    used = {sale.way for sale in plan.sales}
    channels += [known[way] for way in sorted(used - {each.code for each in channels})]
    where = location or home_location(actor=actor)
    return Ready(plan, channels, where, commands.prepare_supply(actor=actor, plan=plan, location=where, now=now))


async def play(
    ready: Ready,
    *,
    speed: float,
    run_id: UUID | None,
    show: Callable[[Progress], None] | None = None,
    until: asyncio.Event | None = None,
) -> bool:
    """Play a plan; whether its end was reached. One at a time in a database.

    Raises: ReplayRunning, WorkerAway, Unavailable.
    """
    player = Player(
        ready.plan,
        channels=ready.channels,
        location=ready.location,
        differing=ready.supplied.differing,
        speed=speed,
        run_id=run_id,
        show=show,
    )
    stopper = None if until is None else asyncio.create_task(_pass_on(until, player.stopping))
    try:
        return await player.play()
    except BaseExceptionGroup as failures:
        raise _first(failures) from failures
    finally:
        if stopper is not None:
            stopper.cancel()


async def _pass_on(asked: asyncio.Event, stopping: asyncio.Event) -> None:
    await asked.wait()
    stopping.set()


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """What went wrong, of what went wrong together."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def require_worker(channels: list[ChannelView], now: datetime) -> None:
    """Raises: WorkerAway, when orders of one of these channels would not come in."""
    away = [each.code for each in channels if each.is_remote and not worker_is_there(each, now)]
    if away:
        raise WorkerAway(ways=", ".join(away))


# --- for pages -------------------------------------------------------------------------------------------------------


def ways(*, actor: Actor) -> list[ChannelView]:
    """The channels a replay goes through that a page starts. Raises: MayNot."""
    return choose(actor=actor, names=[])


def start_replay(*, actor: Actor, speed: float, now: datetime, file: Path = SHIPPED) -> RunView:
    """Have the worker play a history through the channels that show its goods, going on where it stood.

    `speed`: times as fast as it happened; 0: as fast as it goes. Raises: MayNot, ReplayRunning.
    """
    codes = [each.code for each in ways(actor=actor)]
    return commands.begin_run(actor=actor, file=file, ways=codes, speed=speed, by_worker=True, now=now)


def stop_replay(*, actor: Actor, now: datetime) -> RunView | None:
    """Ask the replay under way to stop; None when there is none. Raises: MayNot."""
    return commands.stop_replay(actor=actor, now=now)


def replay_status(*, actor: Actor, now: datetime) -> RunView | None:
    """The replay under way, else the last one; None before the first. Raises: MayNot.

    Live pages hear of its progress by NOTIFY `mekong_replay`: JSON with state, speed, t, done, total,
    orders_by_channel, units, oversold, in_flight.
    """
    return queries.latest_run(actor=actor, now=now)


# --- for the worker --------------------------------------------------------------------------------------------------


async def serve_replays(threads: Threads) -> None:
    """Play what pages asked for, until cancelled. A run that a restart cut off goes on where it stood."""
    while True:
        run = await threads.run(queries.due_run)
        if run is not None:
            await _serve(run, threads)
        await asyncio.sleep(_LOOK_EVERY_S)


async def _serve(run: RunView, threads: Threads) -> None:
    state, error = RunState.FAILED, dict[str, Any]()
    try:
        async with alone():
            await threads.run(
                commands.keep_run, actor=REPLAYER, run_id=run.id, progress=Progress(), now=datetime.now(UTC)
            )
            ready = await threads.run(
                get_ready, actor=REPLAYER, file=Path(run.file), names=list(run.ways), location="", now=datetime.now(UTC)
            )
            is_finished = await play(ready, speed=run.speed, run_id=run.id)
            state = RunState.FINISHED if is_finished else RunState.STOPPED
    except (Unavailable, ReplayRunning, psycopg.OperationalError) as away:
        log.warning("replay_interrupted", run=str(run.id), error=repr(away))
        return
    except MekongError as failure:
        error = {"code": failure.code, "params": dict(failure.params), "message": str(failure)}
        log.warning("replay_failed", run=str(run.id), error=repr(failure))
    await threads.run(commands.end_run, actor=REPLAYER, run_id=run.id, state=state, error=error, now=datetime.now(UTC))


@contextlib.asynccontextmanager
async def alone() -> AsyncIterator[None]:
    """While the block runs, no other process plays. Raises: ReplayRunning."""
    async with await psycopg.AsyncConnection.connect(
        settings.MEKONG.effective_database_url, autocommit=True, application_name="mekong-replay"
    ) as held:
        row = await (await held.execute(_LOCK)).fetchone()
        if not row or not row[0]:
            raise ReplayRunning
        yield
