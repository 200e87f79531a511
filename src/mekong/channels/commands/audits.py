"""Reading all of a channel back, put on record: what was read, what differed, what became of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import F

from mekong.channels import hints, registry
from mekong.channels.errors import AuditUnderWay, ChannelNotFound, NotConnected
from mekong.channels.models import AuditDifference, AuditRun, Channel, ChannelState
from mekong.channels.queries.health import CUT_OFF
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import MekongError


@command
def begin_audit(*, actor: Actor, channel: str, asked: int, now: datetime) -> int:
    """A run begins over `asked` listings; its id. One at a time. Raises: ChannelNotFound, AuditUnderWay."""
    row = Channel.objects.select_for_update().filter(code=channel).only("id").first()
    if row is None:
        raise ChannelNotFound(key=channel)
    if AuditRun.objects.filter(channel=row, ended_at=None, started_at__gt=now - CUT_OFF).exists():
        raise AuditUnderWay(channel=channel)
    return AuditRun.objects.create(channel=row, asked_by=actor.ref, asked=asked, started_at=now).id


@command
def note_audited(
    *,
    actor: Actor,  # noqa: ARG001 - named for the audit trail
    run: int,
    read: int,
    missing: int,
    differences: Collection[tuple[int, int, int, int]],
    now: datetime,
) -> None:
    """Add what a part of a run found. `differences`: (listing, acknowledged, shown, the turn that sets it right)."""
    AuditRun.objects.filter(id=run).update(
        read=F("read") + read, missing=F("missing") + missing, differed=F("differed") + len(differences)
    )
    AuditDifference.objects.bulk_create(
        AuditDifference(run_id=run, listing_id=listing, acknowledged=acknowledged, shown=shown, turn=turn, read_at=now)
        for listing, acknowledged, shown, turn in differences
    )


@command
def end_audit(*, actor: Actor, run: int, error: MekongError | None, now: datetime) -> None:  # noqa: ARG001 - as above
    """A run ends, before its last listing where there was an error."""
    params = {name: str(value)[:300] for name, value in error.params.items()} if error else {}
    AuditRun.objects.filter(id=run, ended_at=None).update(
        ended_at=now, error_code=error.code if error else "", error_params=params
    )


@command
def ask_audit(*, actor: Actor, channel: str = "") -> int:
    """Have the worker read a channel back soon, or every channel that works; how many. Safe to repeat.

    Raises: MayNot, ChannelNotFound, NotConnected.
    """
    actor.require("channels.sync")
    working = [
        row.code
        for row in Channel.objects.filter(is_active=True, state__in=(ChannelState.CONNECTED, ChannelState.FAILING))
        if registry.is_remote(row.kind) and row.sealed_secrets
    ]
    if channel and channel not in working:
        if not Channel.objects.filter(code=channel).exists():
            raise ChannelNotFound(key=channel)
        raise NotConnected(channel=channel)
    asked = [channel] if channel else working
    for code in asked:
        hints.send(hints.LISTINGS, f"{code}:audit")
    return len(asked)
