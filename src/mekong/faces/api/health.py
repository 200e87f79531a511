"""How channels do: delays, rates, silence, incidents, and what reading back found."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from mekong.channels import commands, queries
from mekong.channels.contracts import AuditRunView, ChannelHealth, IncidentView
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.channels import TroubleOut, trouble_out
from mekong.faces.api.shapes import BIGGEST, Limit, Moment

router = Router(tags=["channels"])
Number = Annotated[int, Field(ge=1, le=BIGGEST)]


class DelaysOut(Schema):
    """From the change of our stock to the platform's acknowledgement, in milliseconds. Null: nothing was sent."""

    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    acked: int
    failed: int
    calls: int


class LaneOut(Schema):
    """`used`: part of the platform's rate over the last minute. `left`: calls that may be made at once now."""

    lane: str
    used: float
    per_second: float
    left: int
    burst: int
    paused_s: float


class QuietOut(Schema):
    """What is usual after an order at that time of the week. `slot`: `2-9` Tuesday at nine, `9` any day, "" any time."""

    last_at: Moment
    limit_s: int
    usual_s: int
    slot: str
    gaps: int
    is_alarming: bool


class IncidentStepOut(Schema):
    """`what`: began, again, tried, held_back, acted, ended, caught_up. It happened `count` times up to `last_at`."""

    what: str
    params: dict[str, Any]
    count: int
    at: Moment
    last_at: Moment


class IncidentOut(Schema):
    """`kind`: outage, access, silence. `hushed_at`: somebody knows of it."""

    id: int
    kind: str
    problem: TroubleOut | None
    began_at: Moment
    ended_at: Moment | None
    hushed_at: Moment | None
    steps: list[IncidentStepOut]


class IncidentsOut(Schema):
    items: list[IncidentOut]


class ReadBackOut(Schema):
    """`state`: running, done, failed, cut. `repaired` of those that differed were set right since."""

    id: int
    state: str
    asked_by: str
    asked: int
    read: int
    missing: int
    differed: int
    repaired: int
    error: TroubleOut | None
    started_at: Moment
    ended_at: Moment | None


class AuditsOut(Schema):
    items: list[ReadBackOut]


class DifferenceOut(Schema):
    listing_id: int
    name: str
    sku: str
    acknowledged: int
    shown: int
    read_at: Moment
    is_repaired: bool


class DifferencesOut(Schema):
    items: list[DifferenceOut]


class HealthOut(Schema):
    """`delays` over 1h, 24h, 7d. `authorised_until`: the merchant must say yes again, where the platform says when."""

    channel: str
    delays: dict[str, DelaysOut]
    waiting: int
    oldest_waiting_s: float
    lanes: list[LaneOut]
    failures: int
    retry_at: Moment | None
    last_push_at: Moment | None
    last_pull_at: Moment | None
    authorised_until: Moment | None
    is_ending: bool
    quiet: QuietOut | None
    last_audit: ReadBackOut | None
    open_incidents: list[IncidentOut]


def _plain(schema: type[Schema], view: Any) -> dict[str, Any]:
    return {name: getattr(view, name) for name in schema.model_fields}


def incident_out(incident: IncidentView) -> dict[str, Any]:
    plain = {name: getattr(incident, name) for name in ("id", "kind", "began_at", "ended_at", "hushed_at")}
    steps = [_plain(IncidentStepOut, step) for step in incident.steps]
    return {**plain, "problem": trouble_out(incident.problem), "steps": steps}


def audit_out(run: AuditRunView) -> dict[str, Any]:
    return {**_plain(ReadBackOut, run), "error": trouble_out(run.error)}


def health_out(health: ChannelHealth) -> dict[str, Any]:
    channel = health.channel
    return {
        "channel": channel.code,
        "delays": {span: _plain(DelaysOut, each) for span, each in health.delays.items()},
        "waiting": channel.figures.waiting,
        "oldest_waiting_s": channel.figures.oldest_waiting_s,
        "lanes": [_plain(LaneOut, lane) for lane in health.lanes],
        "failures": health.failures,
        "retry_at": health.retry_at,
        "last_push_at": channel.last_push_at,
        "last_pull_at": channel.last_pull_at,
        "authorised_until": channel.authorised_until,
        "is_ending": health.is_ending,
        "quiet": _plain(QuietOut, health.quiet) if health.quiet else None,
        "last_audit": audit_out(health.audit) if health.audit else None,
        "open_incidents": [incident_out(each) for each in health.incidents if each.ended_at is None],
    }


@router.get("/channels/{code}/health", response=HealthOut)
def get_health(request: HttpRequest, code: str) -> Any:
    """How a channel does: delays over an hour, a day and a week, its rates, silence, last read-back, open incidents."""
    return health_out(queries.get_health(actor=authenticate(request), code=code, now=moment(request)))


@router.get("/channels/{code}/incidents", response=IncidentsOut)
def list_incidents(request: HttpRequest, code: str, limit: Limit = 20) -> Any:
    """A channel's incidents told in steps: open ones first, then the latest."""
    found = queries.list_incidents(actor=authenticate(request), channel=code, limit=limit)
    return {"items": [incident_out(each) for each in found]}


@router.post("/channels/{code}/incidents/{incident_id}/hush", response={204: None})
def hush_incident(request: HttpRequest, code: str, incident_id: Number) -> Any:
    """Say that somebody knows of it: no alarm any more, and it stays on record. A repeat changes nothing."""
    commands.hush_incident(actor=authenticate(request), code=code, incident_id=incident_id, now=moment(request))
    return Status(204, None)


@router.get("/channels/{code}/audits", response=AuditsOut)
def list_audits(request: HttpRequest, code: str, limit: Limit = 20) -> Any:
    """The latest readings back of a channel's listings, newest first."""
    found = queries.list_audits(actor=authenticate(request), channel=code, now=moment(request), limit=limit)
    return {"items": [audit_out(each) for each in found]}


@router.get("/channels/{code}/audits/{audit_id}", response=DifferencesOut)
def audit_differences(request: HttpRequest, code: str, audit_id: Number, limit: Limit = 200) -> Any:
    """What one reading back found to differ, and whether it was set right since."""
    found = queries.audit_differences(actor=authenticate(request), channel=code, run=audit_id, limit=limit)
    return {"items": [_plain(DifferenceOut, each) for each in found]}
