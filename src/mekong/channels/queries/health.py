"""How channels do: delays, rates, errors, audits, incidents, silence."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from mekong.channels import matching, rules
from mekong.channels.contracts import (
    AuditDifferenceView,
    AuditRunView,
    ChannelHealth,
    ChannelView,
    Delays,
    IncidentStepView,
    IncidentView,
    LaneUse,
    ListingTrouble,
    Problem,
    Quiet,
)
from mekong.channels.errors import AuditRunNotFound, ChannelNotFound
from mekong.channels.figures import percentile_ms, summed
from mekong.channels.models import AuditRun, Channel, Habit, Incident, IncidentStep, Listing
from mekong.foundation.actor import Actor
from mekong.orders import queries as orders

SPANS: Mapping[str, timedelta] = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
CUT_OFF = timedelta(minutes=30)
"""A run of an audit without an end that began so long ago was cut off, by the end of its process."""
_LATEST = 5

_HOURS = """
    select channel_id, hour, acked, failed, calls, buckets from channels_synchour
     where channel_id = any(%s) and hour > %s
"""
_MINUTES = """
    select channel_id, acked, failed, calls, buckets from channels_syncminute where channel_id = any(%s) and minute > %s
"""
_REPAIRED = """
    select d.run_id, count(*) from channels_auditdifference d join channels_listingsync s on s.listing_id = d.listing_id
     where d.run_id = any(%s) and s.acked_turn >= d.turn group by 1
"""
_DIFFERENCES = """
    select l.id, l.name, l.variant_id, l.remote_sku, d.acknowledged, d.shown, d.read_at, s.acked_turn >= d.turn
      from channels_auditdifference d join channels_listing l on l.id = d.listing_id
      join channels_listingsync s on s.listing_id = l.id
     where d.run_id = %s order by d.id limit %s
"""
_TROUBLES = """
    select c.code, s.error_code, coalesce(s.error_params->>'remote_code', ''), s.is_parked, count(*),
           (array_agg(s.error_params order by l.id))[1], (array_agg(l.id order by l.id))[1:3]
      from channels_listingsync s join channels_listing l on l.id = s.listing_id
      join channels_channel c on c.id = l.channel_id
     where s.error_code <> '' and l.match_state = 'matched' and l.is_synced and c.is_active
       and (%s = '' or c.code = %s)
     group by 1, 2, 3, 4 order by 4 desc, 5 desc, 1, 2, 3 limit %s
"""


def healths(*, views: Sequence[ChannelView], now: datetime) -> list[ChannelHealth]:
    """The health of these channels, in their order. Nine statements, however many."""
    rows = {row.code: row for row in Channel.objects.filter(code__in=[view.code for view in views])}
    ids = [row.id for row in rows.values()]
    delays, runs = _delays(ids, now), _last_runs(ids, now)
    incidents, quiet = _incidents(ids), _quiet(ids, now)
    return [
        ChannelHealth(
            channel=view,
            delays=delays.get(rows[view.code].id, {}),
            lanes=_lanes(rows[view.code].health),
            failures=int(rows[view.code].health.get("failures", 0)),
            retry_at=_moment(rows[view.code].health.get("retry_at")),
            audit=runs.get(rows[view.code].id),
            incidents=incidents.get(rows[view.code].id, []),
            quiet=quiet.get(view.code),
            is_ending=view.is_active and view.authorised_until is not None and view.authorised_until - now < rules.ENDING,
        )
        for view in views
    ]  # fmt: skip


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _lanes(health: Mapping[str, Any]) -> list[LaneUse]:
    return [
        LaneUse(lane, said["used"], said["per_second"], int(said["left"]), int(said["burst"]), said["paused_s"])
        for lane, said in sorted(health.get("lanes", {}).items())
    ]


def _delays(ids: Collection[int], now: datetime) -> dict[int, dict[str, Delays]]:
    """The last hour by its minutes; longer spans by hours, the one that has begun included."""
    parts: dict[tuple[int, str], list[tuple[int, int, int, Sequence[int]]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_MINUTES, [list(ids), now - SPANS["1h"]])
        for channel, *part in cursor.fetchall():
            parts[channel, "1h"].append((part[0], part[1], part[2], part[3]))
        cursor.execute(_HOURS, [list(ids), now - SPANS["7d"]])
        for channel, hour, *part in cursor.fetchall():
            for span in ("24h", "7d"):
                if hour > now - SPANS[span]:
                    parts[channel, span].append((part[0], part[1], part[2], part[3]))
    found: dict[int, dict[str, Delays]] = {each: {} for each in ids}
    for (channel, span), each in parts.items():
        counts = summed(part[3] for part in each)
        found[channel][span] = Delays(
            percentile_ms(counts, 0.5), percentile_ms(counts, 0.95), percentile_ms(counts, 0.99),
            sum(part[0] for part in each), sum(part[1] for part in each), sum(part[2] for part in each),
        )  # fmt: skip
    return found


# --- audits -----------------------------------------------------------------------------------------------------------


def _last_runs(ids: Collection[int], now: datetime) -> dict[int, AuditRunView]:
    rows = AuditRun.objects.select_related("channel").filter(channel_id__in=ids)
    latest = list(rows.order_by("channel_id", "-id").distinct("channel_id"))
    return {row.channel_id: view for row, view in zip(latest, _run_views(latest, now), strict=True)}


def _run_views(rows: Sequence[AuditRun], now: datetime) -> list[AuditRunView]:
    with connection.cursor() as cursor:
        cursor.execute(_REPAIRED, [[row.id for row in rows]])
        repaired = dict(cursor.fetchall())
    return [
        AuditRunView(
            row.id, row.channel.code, _run_state(row, now), row.asked_by, row.asked, row.read, row.missing, row.differed,
            repaired.get(row.id, 0), Problem(row.error_code, dict(row.error_params)) if row.error_code else None,
            row.started_at, row.ended_at,
        )
        for row in rows
    ]  # fmt: skip


def _run_state(row: AuditRun, now: datetime) -> str:
    if row.ended_at is None:
        return "running" if now - row.started_at < CUT_OFF else "cut"
    return "failed" if row.error_code else "done"


def list_audits(*, actor: Actor, channel: str, now: datetime, limit: int = 20) -> list[AuditRunView]:
    """The latest readings back of a channel, newest first. Raises: MayNot, ChannelNotFound."""
    actor.require("channels.view")
    if not Channel.objects.filter(code=channel).exists():
        raise ChannelNotFound(key=channel)
    rows = AuditRun.objects.select_related("channel").filter(channel__code=channel).order_by("-id")
    return _run_views(list(rows[:limit]), now)


def audit_differences(*, actor: Actor, channel: str, run: int, limit: int = 200) -> list[AuditDifferenceView]:
    """What one reading back found to differ, in the order of reading. Raises: MayNot, AuditRunNotFound."""
    actor.require("channels.view")
    if not AuditRun.objects.filter(id=run, channel__code=channel).exists():
        raise AuditRunNotFound(key=run, channel=channel)
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES, [run, limit])
        rows = cursor.fetchall()
    known = matching.variants({row[2] for row in rows if row[2] is not None})
    return [
        AuditDifferenceView(row[0], row[1], known[row[2]].sku if row[2] in known else row[3], *row[4:]) for row in rows
    ]


# --- incidents --------------------------------------------------------------------------------------------------------


def open_kinds(ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Kinds of the incidents that are open and alarm, by channel id."""
    found: dict[int, set[str]] = {}
    rows = Incident.objects.filter(channel_id__in=ids, ended_at=None, hushed_at=None)
    for channel, kind in rows.values_list("channel_id", "kind"):
        found.setdefault(channel, set()).add(kind)
    return {channel: frozenset(kinds) for channel, kinds in found.items()}


_LAST_INCIDENTS = """
    select id from (select id, ended_at, row_number() over (partition by channel_id order by id desc) as place
                      from channels_incident where channel_id = any(%s)) each
     where place <= %s or ended_at is null
"""


def _incidents(ids: Collection[int], most: int = _LATEST) -> dict[int, list[IncidentView]]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST_INCIDENTS, [list(ids), most])
        wanted = [row[0] for row in cursor.fetchall()]
    rows = list(Incident.objects.select_related("channel").filter(id__in=wanted).order_by("-id"))
    steps: dict[int, list[IncidentStepView]] = defaultdict(list)
    for step in IncidentStep.objects.filter(incident_id__in=wanted).order_by("id"):
        steps[step.incident_id].append(IncidentStepView(step.what, step.params, step.count, step.at, step.last_at))
    found: dict[int, list[IncidentView]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: each.ended_at is not None):
        problem = Problem(str(row.problem.get("code", "")), dict(row.problem.get("params", {})), row.began_at)
        found[row.channel_id].append(
            IncidentView(
                row.id, row.channel.code, row.kind, problem, row.began_at, row.ended_at, row.hushed_at, steps[row.id]
            )
        )
    return found


def list_incidents(*, actor: Actor, channel: str, limit: int = 20) -> list[IncidentView]:
    """The incidents of a channel: open ones first, then the latest. Raises: MayNot, ChannelNotFound."""
    actor.require("channels.view")
    row = Channel.objects.filter(code=channel).only("id").first()
    if row is None:
        raise ChannelNotFound(key=channel)
    return _incidents([row.id], limit).get(row.id, [])


# --- silence, errors --------------------------------------------------------------------------------------------------


def _quiet(ids: Collection[int], now: datetime) -> dict[str, Quiet]:
    habits = list(Habit.objects.select_related("channel").filter(channel_id__in=ids))
    last = orders.last_orders(channels=[habit.channel.code for habit in habits])
    found: dict[str, Quiet] = {}
    for habit in habits:
        code = habit.channel.code
        each = expected(habit, last.get(code))
        if each is not None:
            limit_s, usual_s = round(each.limit.total_seconds()), round(each.usual.total_seconds())
            is_alarming = each.is_alarming(now) and habit.channel.is_active
            found[code] = Quiet(each.last_at, limit_s, usual_s, each.slot, each.gaps, is_alarming)
    return found


def expected(habit: Habit, last_at: datetime | None) -> rules.Silence | None:
    """What a channel's habit leads to expect after its last order."""
    if last_at is None:
        return None
    gaps = {slot: (each[0], each[1], each[2]) for slot, each in habit.gaps.items()}
    return rules.silence(gaps, last_at=last_at, local=last_at.astimezone(ZoneInfo(settings.TIME_ZONE)))


def list_troubles(*, actor: Actor, channel: str = "", limit: int = 50) -> list[ListingTrouble]:
    """What stands in the way of listings, those that only a person can mend first, then the most. A few statements."""
    actor.require("channels.view")
    with connection.cursor() as cursor:
        cursor.execute(_TROUBLES, [channel, channel, limit])
        rows = cursor.fetchall()
    first = Listing.objects.filter(id__in=[each for row in rows for each in row[6]])
    known = matching.variants({each.variant_id for each in first if each.variant_id is not None})
    skus = {variant: view.sku for variant, view in known.items()}
    named = {each.id: (each.id, each.name, skus.get(each.variant_id or 0, each.remote_sku)) for each in first}
    found = []
    for code, error, remote_code, is_parked, count, said, sample in rows:
        params = _json(said)
        about = rules.refusal(remote_code, str(params.get("remote_message", ""))) if error == "remote_refused" else ""
        found.append(
            ListingTrouble(code, Problem(error, params), about, count, is_parked, [named[each] for each in sample])
        )
    return found


def _json(value: Any) -> dict[str, Any]:
    return dict(json.loads(value)) if isinstance(value, str) else dict(value)
