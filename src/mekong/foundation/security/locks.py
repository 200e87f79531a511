"""Accounts that are locked after wrong passwords (django-axes): who, from where, until when; and unlocking them."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.db.models import Max, Sum

from mekong.foundation import audit
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.errors import NotFound
from mekong.foundation.models import AuditEntry, Person
from mekong.foundation.security.contracts import LockView

_TABLE = "foundation_person"


def cool_off() -> timedelta:
    wait: timedelta | None = get_cool_off()
    return wait or timedelta(minutes=15)


def minutes() -> int:
    """How long a lock lasts."""
    return max(1, int(cool_off().total_seconds() // 60))


def note(*, email: str, address: str, now: datetime) -> None:
    """Book that somebody's account is locked, once a lock: owners and managers see it on their first page."""
    person = Person.objects.filter(email=email).first()
    if person is None:
        return
    told = AuditEntry.objects.filter(table=_TABLE, row_id=str(person.pk), action="locked", at__gt=now - cool_off())
    if not told.filter(after__address=address).exists():
        audit.record(SYSTEM, action="locked", table=_TABLE, row_id=person.pk, now=now, facts={"address": address})


def list_locks(*, actor: Actor, now: datetime) -> list[LockView]:
    """The locks that hold now, latest first. Two statements. Raises: MayNot."""
    actor.require("staff.manage")
    rows = (
        AccessAttempt.objects.filter(attempt_time__gt=now - cool_off(), username__isnull=False)
        .values("username", "ip_address")
        .annotate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        .filter(failures__gte=settings.AXES_FAILURE_LIMIT)
        .order_by("-last")[:200]
    )
    found = list(rows)
    people = {each.email: each for each in Person.objects.filter(email__in=[row["username"] for row in found])}
    return [
        LockView(
            people[row["username"]].uid, row["username"], people[row["username"]].name, row["ip_address"] or "",
            row["failures"], row["last"], row["last"] + cool_off(),
        )
        for row in found
        if row["username"] in people
    ]  # fmt: skip


def count_recent(*, actor: Actor, since: datetime) -> int:
    """How many locks there were; 0 for those who do not manage staff. One statement."""
    if not actor.may("staff.manage"):
        return 0
    return AuditEntry.objects.filter(at__gte=since, table=_TABLE, action="locked").count()


@command
def unlock(*, actor: Actor, person_id: UUID, now: datetime) -> int:
    """Let a person try their password again from everywhere; how many counts were dropped. Safe to repeat.

    Raises: MayNot, MayNotGrant, NotFound.
    """
    from mekong.foundation.commands import require_over

    actor.require("staff.manage")
    person = Person.objects.filter(uid=person_id).first()
    if person is None:
        raise NotFound(kind="Person", key=str(person_id))
    require_over(actor, person)
    dropped: int = reset(username=person.email)
    if dropped:
        audit.record(actor, action="unlocked", table=_TABLE, row_id=person.pk, now=now)
    return dropped
