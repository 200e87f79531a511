"""A channel that usually talks and is silent: learned from its own history, noticed, put on record."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from mekong.channels import rules
from mekong.channels.commands.incidents import begin_silence, end
from mekong.channels.models import Channel, ChannelState, Habit, Incident, IncidentKind
from mekong.channels.queries.health import expected
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.orders import queries as orders

_FRESH = timedelta(hours=24)


@command
def learn_habits(*, actor: Actor, now: datetime) -> int:  # noqa: ARG001 - named for the audit trail
    """Learn anew how long each channel is usually silent, where that was last done a day ago; how many were learned."""
    fresh = Habit.objects.filter(learnt_at__gt=now - _FRESH).values("channel_id")
    rows = list(Channel.objects.filter(is_active=True).exclude(id__in=fresh))
    if not rows:
        return 0
    since = now - rules.LEARN_FROM
    found = orders.gaps_between_orders(
        channels=[row.code for row in rows], since=since, until=now, zone=settings.TIME_ZONE
    )
    for row in rows:
        Habit.objects.update_or_create(
            channel=row, defaults={"gaps": found.get(row.code, {}), "since": since, "learnt_at": now}
        )
    return len(rows)


@command
def watch_silence(*, actor: Actor, now: datetime) -> int:  # noqa: ARG001 - named for the audit trail
    """Put on record which channels have been silent for longer than usual, and end the record of those that talk again.

    A channel that is paused, not connected or known to fail raises no second alarm. How many are silent now.
    """
    open_now = {
        each.channel_id: each
        for each in Incident.objects.select_for_update().filter(kind=IncidentKind.SILENCE, ended_at=None)
    }
    habits = Habit.objects.select_related("channel").order_by("channel_id")
    last = orders.last_orders(channels=[habit.channel.code for habit in habits])
    silent = 0
    for habit in habits:
        row, known = habit.channel, open_now.get(habit.channel_id)
        quiet = expected(habit, last.get(row.code))
        is_alarming = quiet is not None and quiet.is_alarming(now)
        is_watched = row.is_active and row.state == ChannelState.CONNECTED
        if known is not None and (not is_alarming or not row.is_active):
            came = quiet is not None and quiet.last_at > known.began_at
            end(known, now, {"order_at": quiet.last_at.isoformat()} if came and quiet is not None else {})
        elif known is None and is_alarming and is_watched and quiet is not None:
            begin_silence(row, {"code": "silent", "params": said(quiet)}, quiet.last_at, now)
        silent += is_alarming and is_watched
    return silent


def said(quiet: rules.Silence) -> dict[str, object]:
    return {
        "last_at": quiet.last_at.isoformat(), "limit_s": round(quiet.limit.total_seconds()),
        "usual_s": round(quiet.usual.total_seconds()), "slot": quiet.slot, "gaps": quiet.gaps,
    }  # fmt: skip
