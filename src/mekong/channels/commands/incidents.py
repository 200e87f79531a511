"""The record of what goes wrong with a channel: when it began, what was tried, what ended it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now

from mekong.channels.errors import ChannelNotFound, IncidentNotFound
from mekong.channels.models import Channel, Incident, IncidentKind, IncidentStep
from mekong.foundation.actor import Actor
from mekong.foundation.command import command

SAME = timedelta(minutes=5)
"""Trouble of a kind that is back within so long is the same incident, not a new one."""
_CAUGHT_UP_WITHIN = timedelta(hours=2)


@dataclass(frozen=True)
class Facts:
    """How an account in trouble stands. `tries`: calls made since this was last said."""

    tries: int = 0
    waiting: int = 0
    is_held_back: bool = False
    failures: int = 0
    retry_at: datetime | None = None


@command
def note_trouble(
    *,
    actor: Actor,  # noqa: ARG001 - named for the audit trail
    code: str,
    is_lost: bool,
    problem: Mapping[str, Any],
    facts: Facts,
    since: datetime,
    now: datetime,
) -> None:
    """Keep the incident that a channel is in: begin it, or add what was tried since. `is_lost`: the access is gone."""
    row = Channel.objects.select_for_update().filter(code=code).first()
    if row is None:
        return
    kind = IncidentKind.ACCESS if is_lost else IncidentKind.OUTAGE
    if is_lost:
        _end_all(row, now, [IncidentKind.OUTAGE], {"by": "access"})
    incident = Incident.objects.filter(channel=row, kind=kind, ended_at=None).first()
    if incident is None:
        incident = _begun(row, kind, problem, since, now)
    if facts.is_held_back and not _since_last_start(incident, "held_back"):
        _step(incident, "held_back", now, {"failures": facts.failures})
    if facts.tries:
        _tried(incident, facts, now)


def _begun(row: Channel, kind: str, problem: Mapping[str, Any], since: datetime, now: datetime) -> Incident:
    recent = Incident.objects.filter(channel=row, kind=kind, ended_at__gt=now - SAME).order_by("-id").first()
    if recent is not None:
        recent.ended_at = None
        recent.save(update_fields=["ended_at"])
        _step(recent, "again", since, problem)
        return recent
    made = Incident.objects.create(channel=row, kind=kind, problem=dict(problem), began_at=since)
    _step(made, "began", since, problem)
    return made


def _since_last_start(incident: Incident, what: str) -> bool:
    for step in incident.steps.order_by("-id"):
        if step.what == what:
            return True
        if step.what in ("began", "again"):
            return False
    return False


def _tried(incident: Incident, facts: Facts, now: datetime) -> None:
    said = {"waiting": facts.waiting, "retry_at": facts.retry_at.isoformat() if facts.retry_at else None}
    last = incident.steps.order_by("-id").first()
    if last is not None and last.what == "tried":
        last.count, last.params, last.last_at = last.count + facts.tries, said, now
        last.save(update_fields=["count", "params", "last_at"])
    else:
        IncidentStep.objects.create(
            incident=incident, what="tried", params=said, count=facts.tries, at=now, last_at=now
        )  # fmt: skip


@command
def note_well(*, actor: Actor, code: str, waiting: int, now: datetime) -> bool:  # noqa: ARG001 - as above
    """The platform answers again: what was open ends. Whether anything was."""
    row = Channel.objects.select_for_update().filter(code=code).first()
    return row is not None and _end_all(row, now, [IncidentKind.OUTAGE, IncidentKind.ACCESS], {"waiting": waiting})


@command
def note_caught_up(*, actor: Actor, code: str, sent: int, began: datetime, now: datetime) -> None:  # noqa: ARG001
    """What had waited for the platform is sent: `sent` listings since it answered again at `began`."""
    last = (
        Incident.objects.filter(channel__code=code, ended_at__gt=now - _CAUGHT_UP_WITHIN)
        .exclude(kind=IncidentKind.SILENCE)
        .order_by("-id")
        .first()
    )
    if last is not None and not _since_last_start(last, "caught_up"):
        took_s = max(1, round((now - began).total_seconds()))
        _step(last, "caught_up", now, {"sent": sent, "took_s": took_s})


def _end_all(row: Channel, now: datetime, kinds: list[IncidentKind], params: Mapping[str, Any]) -> bool:
    ended = list(Incident.objects.filter(channel=row, kind__in=kinds, ended_at=None))
    for incident in ended:
        end(incident, now, params)
    return bool(ended)


def end(incident: Incident, now: datetime, params: Mapping[str, Any]) -> None:
    incident.ended_at = max(now, incident.began_at)
    incident.save(update_fields=["ended_at"])
    _step(incident, "ended", incident.ended_at, params)


def _step(incident: Incident, what: str, at: datetime, params: Mapping[str, Any]) -> None:
    IncidentStep.objects.create(incident=incident, what=what, params=dict(params), at=at, last_at=at)


def note_act(row: Channel, actor: Actor, act: str, *, is_over: bool = False) -> None:
    """What a person did belongs to the incidents that are open; inside the caller's command.

    `is_over`: nobody watches the channel from now on, so they end with it.
    """
    for incident in Incident.objects.filter(channel=row, ended_at=None):
        said = {"act": act, "by": actor.ref}
        IncidentStep.objects.create(incident=incident, what="acted", params=said, at=Now(), last_at=Now())
        if is_over:
            incident.ended_at = Now()
            incident.save(update_fields=["ended_at"])


def begin_silence(row: Channel, problem: Mapping[str, Any], since: datetime, now: datetime) -> None:
    """A silence that is longer than usual is noticed `now`; inside the caller's command."""
    made = Incident.objects.create(channel=row, kind=IncidentKind.SILENCE, problem=dict(problem), began_at=since)
    _step(made, "began", now, problem)


@command
def hush_incident(*, actor: Actor, code: str, incident_id: int, now: datetime) -> None:
    """Say that somebody knows of it: it stays on record and open, and raises no alarm any more. Safe to repeat.

    Raises: MayNot, ChannelNotFound, IncidentNotFound.
    """
    actor.require("channels.sync")
    row = Channel.objects.select_for_update().filter(code=code.strip().lower()).first()
    if row is None:
        raise ChannelNotFound(key=code)
    incident = Incident.objects.select_for_update().filter(channel=row, id=incident_id).first()
    if incident is None:
        raise IncidentNotFound(key=incident_id, channel=row.code)
    if incident.ended_at is None and incident.hushed_at is None:
        incident.hushed_at = now
        incident.save(update_fields=["hushed_at"])
        _step(incident, "acted", now, {"act": "hush", "by": actor.ref})
