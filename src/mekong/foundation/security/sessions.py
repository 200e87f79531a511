"""Sessions of browsers: each has a row, which is looked at with every request and may be ended from elsewhere."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone

from mekong.foundation import audit
from mekong.foundation.actor import Actor
from mekong.foundation.addresses import address_of
from mekong.foundation.command import command
from mekong.foundation.errors import ConfirmNeeded, NotFound, OutsideRules, SessionEnded
from mekong.foundation.models import ActiveDay, BrowserSession, Person, RoleAssignment
from mekong.foundation.security.contracts import SessionView
from mekong.foundation.security.policy import get_policy, get_rules, policy_from, rule_from
from mekong.foundation.security.rules import Policy, Rule, admits, ended_for, enrol_by

UID, WAY = "mekong_session", "mekong_way"
"""Where Django's session holds the uid of ours, and how the person proved who they are."""
SEEN_EVERY = timedelta(minutes=1)


Held = tuple[str, frozenset[int] | None, Rule | None]
"""A role, its locations (None: everywhere), and the rule that governs it."""


@dataclass(frozen=True)
class Standing:
    """What is known of a person who is signed in, as of this request.

    Attributes:
        roles: those that open from here and now, with their locations (None: everywhere).
        confirmed_at: when they last proved who they are.
        enrol_by: until when they must have a second factor; None when they have one or need none.
    """

    session: UUID
    roles: tuple[tuple[str, frozenset[int] | None], ...]
    confirmed_at: datetime
    confirm_within: timedelta
    enrol_by: datetime | None

    def is_enrolment_due(self, now: datetime) -> bool:
        """Whether nothing else can be done before a second factor is set up."""
        return self.enrol_by is not None and now >= self.enrol_by

    def require_confirmed(self, now: datetime) -> None:
        """Raises: ConfirmNeeded."""
        if now - self.confirmed_at > self.confirm_within:
            raise ConfirmNeeded


_LOOK = """
    select s.uid, s.person_id, s.created_at, s.last_seen_at, s.confirmed_at, s.ended_at, s.ended_for, s.address, to_jsonb(p),
           (select jsonb_agg(jsonb_build_array(r.role, r.location_ids, to_jsonb(a)) order by r.id)
              from foundation_roleassignment r left join foundation_accessrule a on a.role = r.role
             where r.person_id = s.person_id),
           u.is_active, u.created_at,
           exists (select 1 from foundation_secondfactor f
                    where f.person_id = s.person_id and f.totp_confirmed_at is not null)
             or exists (select 1 from foundation_passkey k where k.person_id = s.person_id)
      from foundation_browsersession s join foundation_person u on u.id = s.person_id
      left join foundation_securitypolicy p on p.id = 1
     where s.uid = any(%s::uuid[])
"""


def opened(request: HttpRequest, person: Person, *, now: datetime) -> BrowserSession:
    """Book the session that Django has just begun for this person on this browser."""
    row = BrowserSession.objects.create(
        person=person,
        way=request.session.pop(WAY, "password"),
        address=address_of(request)[:45],
        agent=str(request.META.get("HTTP_USER_AGENT", ""))[:300].replace("\x00", ""),
        created_at=now,
        last_seen_at=now,
        confirmed_at=now,
    )
    request.session[UID] = str(row.uid)
    _book_day(person.pk, now)
    return row


def on_logged_in(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:  # noqa: ARG001 - a receiver's signature
    """Whatever lets a person in goes through Django's `login`, and so comes by here."""
    if isinstance(user, Person):
        opened(request, user, now=timezone.now())


@dataclass(frozen=True)
class _Row:
    """A session with everything that is needed to judge it."""

    uid: UUID
    person: int
    created_at: datetime
    seen_at: datetime
    confirmed_at: datetime
    ended_at: datetime | None
    ended_for: str
    address: str
    policy: Policy
    held: tuple[Held, ...]
    is_active: bool
    person_since: datetime
    has_factor: bool

    def judge(self, *, address: str, now: datetime) -> Standing:
        """Raises: SessionEnded, OutsideRules."""
        if self.ended_at is not None or not self.is_active:
            raise SessionEnded(reason=self.ended_for or "deactivated")
        over = ended_for(self.policy, created_at=self.created_at, last_seen_at=self.seen_at, now=now)
        if over is not None:
            raise SessionEnded(reason=over)
        roles = admitted(self.policy, self.person, list(self.held), address=address, now=now)
        names = [role for role, _, _ in self.held]
        needed = None if self.has_factor else enrol_by(self.policy, names, created_at=self.person_since)
        return Standing(self.uid, roles, self.confirmed_at, timedelta(minutes=self.policy.confirm_minutes), needed)


def check(session: SessionBase, person: Person, *, address: str, now: datetime) -> Standing:
    """Whether this person may go on with this session from here and now. One statement; one a minute more.

    Raises: SessionEnded: it was ended or is too old. OutsideRules: no role of theirs opens from here now.
    """
    uid = str(session.get(UID, ""))
    row = next(iter(_look([uid])), None) if uid else None
    if row is None or row.person != person.pk:
        raise SessionEnded(reason="ended")
    try:
        standing = row.judge(address=address, now=now)
    except SessionEnded as ended:
        rest = BrowserSession.objects.filter(uid=uid, ended_at=None)
        rest.update(ended_at=now, ended_for=ended.params["reason"])
        raise
    if now - row.seen_at >= SEEN_EVERY or address != row.address:
        rest = BrowserSession.objects.filter(uid=uid, ended_at=None)
        rest.update(last_seen_at=max(now, row.seen_at), address=address[:45])
        if timezone.localtime(now).date() != timezone.localtime(row.seen_at).date():
            _book_day(person.pk, now)
    return standing


def still_stand(uids: Sequence[UUID], *, now: datetime) -> set[UUID]:
    """Those of these sessions that may go on from where they were last seen. One statement."""
    found = set()
    for row in _look([str(uid) for uid in uids]):
        with contextlib.suppress(SessionEnded, OutsideRules):
            found.add(row.judge(address=row.address, now=now).session)
    return found


def admitted(
    policy: Policy, person: int, held: list[Held], *, address: str, now: datetime
) -> tuple[tuple[str, frozenset[int] | None], ...]:
    """The roles that open from here and now. Raises: OutsideRules: there are roles, and none of them does."""
    if policy.break_glass == person:
        return tuple((role, where) for role, where, _ in held)
    here = timezone.localtime(now)
    found = tuple(
        (role, where) for role, where, rule in held if rule is None or admits(rule, address=address, here=here)
    )
    if held and not found:
        raise OutsideRules
    return found


def held_by(person: Person) -> list[Held]:
    """The roles of a person with the rules that govern them. Two statements."""
    rules = get_rules()
    rows = RoleAssignment.objects.filter(person=person).order_by("pk")
    return [(row.role, frozenset(row.location_ids) or None, rules.get(row.role)) for row in rows]


def _look(uids: Sequence[str]) -> Iterator[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [list(uids)])
        rows = cursor.fetchall()
    for (
        uid,
        person,
        created,
        seen,
        confirmed_at,
        ended_at,
        why,
        address,
        policy,
        roles,
        active,
        since,
        has_factor,
    ) in rows:
        held = tuple((role, frozenset(ids) or None, rule_from(rule)) for role, ids, rule in _loaded(roles) or ())
        yield _Row(
            uid, person, created, seen, confirmed_at, ended_at, why, address, policy_from(_loaded(policy)), held, active,
            since, has_factor,
        )  # fmt: skip


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


def _book_day(person: int, now: datetime) -> None:
    ActiveDay.objects.bulk_create(
        [ActiveDay(person_id=person, day=timezone.localtime(now).date())], ignore_conflicts=True
    )


def signed_out(session: SessionBase, *, now: datetime) -> None:
    """The person ends it themselves."""
    if uid := str(session.get(UID, "")):
        BrowserSession.objects.filter(uid=uid, ended_at=None).update(ended_at=now, ended_for="signed_out")


def confirmed(session: UUID, *, now: datetime) -> None:
    """The person has just proved again who they are."""
    BrowserSession.objects.filter(uid=session).update(confirmed_at=now)


def list_sessions(*, actor: Actor, person: Person, now: datetime, this: UUID | None = None) -> list[SessionView]:
    """The browsers where a person is signed in, the last used first: one's own, or of those one stands above.

    Raises: MayNot, MayNotGrant.
    """
    if actor.ref != f"person:{person.pk}":
        from mekong.foundation.commands import require_over

        actor.require("staff.manage")
        require_over(actor, person)
    policy = get_policy()
    rows = BrowserSession.objects.filter(person=person, ended_at=None).order_by("-last_seen_at")[:100]
    return [
        SessionView(row.uid, row.way, row.address, row.agent, row.created_at, row.last_seen_at, row.uid == this)
        for row in rows
        if ended_for(policy, created_at=row.created_at, last_seen_at=row.last_seen_at, now=now) is None
    ]


@command
def end_session(*, actor: Actor, session_id: UUID, now: datetime) -> None:
    """End one of one's own sessions, or anyone's with `staff.manage`. Safe to repeat. Raises: MayNot, MayNotGrant, NotFound."""
    row = BrowserSession.objects.select_for_update().filter(uid=session_id).first()
    if row is None or actor.ref != f"person:{row.person_id}":
        actor.require("staff.manage")
    if row is None:
        raise NotFound(kind="Session", key=str(session_id))
    if actor.ref != f"person:{row.person_id}":
        from mekong.foundation.commands import require_over

        require_over(actor, row.person)
    if row.ended_at is None:
        row.ended_at, row.ended_for = now, "ended"
        row.save(update_fields=["ended_at", "ended_for"])
        audit.record(actor, action="ended", table="foundation_browsersession", row_id=row.uid, now=now)


@command
def end_others(*, actor: Actor, person: Person, keep: UUID | None = None, now: datetime) -> int:
    """End every session of a person but `keep`; how many. Raises: MayNot, MayNotGrant."""
    if actor.ref != f"person:{person.pk}":
        from mekong.foundation.commands import require_over

        actor.require("staff.manage")
        require_over(actor, person)
    ended = end_all(person.pk, why="ended", now=now, keep=keep)
    if ended:
        facts = {"sessions": ended}
        audit.record(actor, action="ended", table="foundation_person", row_id=person.pk, now=now, facts=facts)
    return ended


def end_all(person: int, *, why: str, now: datetime | None = None, keep: UUID | None = None) -> int:
    """End the sessions of a person, inside a command, by the database's clock without `now`; how many.

    They are refused from the next request on.
    """
    rows = BrowserSession.objects.filter(person_id=person, ended_at=None)
    if keep is not None:
        rows = rows.exclude(uid=keep)
    return rows.update(ended_at=now or Now(), ended_for=why)


def forget_ended(*, now: datetime, limit: int = 10_000) -> int:
    """Drop rows of sessions that ended, or were last seen, more than 90 days ago; how many."""
    long_ago = now - timedelta(days=90)
    old = BrowserSession.objects.filter(last_seen_at__lt=long_ago).values("pk")[:limit]
    gone, _ = BrowserSession.objects.filter(pk__in=old).delete()
    return gone
