"""Reads of replays."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from mekong.faces.replay.contracts import Record, RunView
from mekong.faces.replay.models import PlayedStep, Run, RunState
from mekong.foundation.actor import Actor

AWAY_AFTER = timedelta(seconds=20)
"""A run that nobody has noted progress of for so long is no longer played."""


def run_view(row: Run, now: datetime) -> RunView:
    is_away = not row.by_worker and row.seen_at is not None and now - row.seen_at > AWAY_AFTER
    state = RunState.STOPPED if row.state == RunState.RUNNING and is_away else row.state
    return RunView(
        row.id, row.file, row.ways, row.speed, str(state), row.is_stop_asked, row.progress, row.error, row.started_at,
        row.ended_at,
    )  # fmt: skip


def latest_run(*, actor: Actor, now: datetime) -> RunView | None:
    """The replay under way, else the last one. Raises: MayNot."""
    actor.require("channels.view")
    row = Run.objects.order_by("-started_at").first()
    return None if row is None else run_view(row, now)


def due_run() -> RunView | None:
    """The run that a worker should be playing."""
    row = (
        Run.objects.filter(by_worker=True, state__in=(RunState.ASKED, RunState.RUNNING)).order_by("started_at").first()
    )
    return None if row is None else run_view(row, row.started_at)


def sold_ways(*, actor: Actor) -> dict[str, str]:
    """The channel of every invoice that was sold, or begun to be, by its number. Raises: MayNot."""
    actor.require("orders.view")
    rows = PlayedStep.objects.filter(key__startswith="sale:", state__in=("sent", "booked"))
    return {key.removeprefix("sale:"): way for key, way in rows.values_list("key", "way")}


def records(*, actor: Actor, keys: Collection[str]) -> dict[str, Record]:
    """How far these steps have come; unknown ones are left out. Raises: MayNot."""
    actor.require("orders.view")
    found: dict[str, Record] = {}
    wanted = list(keys)
    for start in range(0, len(wanted), 5000):
        rows = PlayedStep.objects.filter(key__in=wanted[start : start + 5000])
        for row in rows.values_list("key", "way", "state", "external_id", "reason", "parts", "sent_at"):
            found[row[0]] = Record(*row)
    return found
