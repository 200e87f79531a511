"""From a person or a token to an `Actor`, and from an e-mail and a password to a person."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth import authenticate, login, logout
from django.db import connection
from django.http import HttpRequest

from mekong.foundation import audit
from mekong.foundation.actor import Actor
from mekong.foundation.addresses import address_of
from mekong.foundation.errors import BadCredentials, LockedOut, OutsideRules, RateLimited, Unauthenticated
from mekong.foundation.models import Person, RoleAssignment
from mekong.foundation.permissions import ALL, PERMISSIONS, ROLES
from mekong.foundation.security import factors, locks, sessions
from mekong.foundation.security.policy import get_policy
from mekong.foundation.security.rules import Policy
from mekong.foundation.security.sessions import Standing

log = structlog.get_logger(__name__)

Held = Mapping[str, frozenset[int] | None]
"""Permissions with the locations they hold at; None is everywhere."""

CACHED_FOR = timedelta(seconds=4)
"""How long a token's rights are taken from memory, and by those who ask while they are being read anew a little longer:
a revocation elsewhere is honoured after five seconds at the latest."""
_WHILE_READ = timedelta(seconds=1)

_USED_EVERY = timedelta(minutes=1)
_MOST_CACHED = 10_000


def resolve(person: Person) -> Actor:
    """The actor a person is: all roles together, each at its locations.

    Of somebody who is signed in: the roles that open from where they are, as `standing_of` has found. One SQL statement
    where it was not asked.
    """
    standing = standing_of(person)
    if not person.is_active:
        roles: Iterable[tuple[str, frozenset[int] | None]] = ()
    elif standing is not None:
        roles = standing.roles
    else:
        rows = RoleAssignment.objects.filter(person=person).values_list("role", "location_ids")
        roles = [(role, frozenset(ids) or None) for role, ids in rows]
    held = union(roles)
    owns = person.is_active and (person.is_superuser or held is None)
    ref = f"person:{person.pk}"
    return Actor(kind="person", ref=ref, name=str(person)) if owns else _actor("person", ref, str(person), held or {})


def standing_of(person: Person) -> Standing | None:
    """What the door found out about a person who is signed in (`stand`); None of anyone else."""
    found: Standing | None = getattr(person, "standing", None)
    return found


def stand(person: Person, standing: Standing) -> None:
    """Note it for the rest of the request."""
    person.standing = standing  # type: ignore[attr-defined]  # a fact of this request, not of the row


def union(roles: Iterable[tuple[str, frozenset[int] | None]]) -> Held | None:
    """What these roles hold together; None when one of them is the owner's, who may do everything everywhere.

    A role that is narrowed to locations gives no permission of company reach.
    """
    held: dict[str, frozenset[int] | None] = {}
    for role, locations in roles:
        preset = ROLES.get(role)
        if preset is None:
            continue
        if preset.permissions is None:
            return None
        for name in preset.permissions:
            reach = PERMISSIONS[name].reach
            if reach == "company" and locations is not None:
                continue
            where = locations if reach == "location" else None
            if name in held and (held[name] is None or where is None):
                held[name] = None
            else:
                held[name] = (held.get(name) or frozenset()) | where if where is not None else None
    return held


def _actor(kind: Any, ref: str, name: str, held: Held) -> Actor:
    narrow = [where for where in held.values() if where is not None]
    return Actor(
        kind=kind,
        ref=ref,
        name=name,
        permissions=frozenset(held),
        location_ids=frozenset.intersection(*narrow) if narrow else None,
        grants=dict(held),
    )


@dataclass(frozen=True)
class _Personal:
    """A personal token: what its text asks for, and the roles of its person with the rules that govern them."""

    ref: str
    name: str
    scopes: tuple[str, ...]
    where: frozenset[int] | None
    person: int
    policy: Policy
    held: tuple[sessions.Held, ...]

    def actor(self, address: str, now: datetime) -> Actor:
        """Who it is from here and now: its scopes, of what the person may do. Raises: OutsideRules."""
        roles = sessions.admitted(self.policy, self.person, list(self.held), address=address, now=now)
        theirs = union(roles)
        asked = token_held(self.scopes, self.where)
        if theirs is None:
            return token_actor(self.ref, self.name, list(self.scopes), sorted(self.where or ()))
        both: dict[str, frozenset[int] | None] = {}
        for name, where in asked.items():
            if name in theirs:
                own = theirs[name]
                both[name] = where if own is None else own if where is None else own & where
        return _actor("token", self.ref, self.name, both)


@dataclass(frozen=True)
class _Known:
    actor: Actor | _Personal | None
    until: datetime
    ends: datetime
    """The token's own end, or when what is known may not even be used while it is read anew."""

    def now(self, address: str, now: datetime) -> Actor:
        """Raises: Unauthenticated, OutsideRules."""
        if self.actor is None:
            raise Unauthenticated
        return self.actor.actor(address, now) if isinstance(self.actor, _Personal) else self.actor


class Authenticator:
    """Bearer tokens to actors, for every entrance of a process.

    `known` answers from memory alone (a hash and a dict, some 3 µs) and so may be called in an event loop; when it
    says None, call `authenticate` where blocking is allowed. A token's expiry is looked at every time, its revocation
    at least every five seconds.
    """

    def __init__(self) -> None:
        self._cache: dict[bytes, _Known] = {}
        self._reading: set[bytes] = set()

    def known(self, header: str | None, now: datetime, address: str = "") -> Actor | None:
        """The actor of an `Authorization` header if memory holds it. Raises: Unauthenticated, OutsideRules.

        `address`: where the request came from; it counts for personal tokens. Of many who ask at once when its time is
        up, one is sent to read it anew.
        """
        digest = _digest(header)
        entry = self._cache.get(digest)
        if entry is None or entry.ends <= now:
            return None
        if entry.until <= now and digest not in self._reading:
            self._reading.add(digest)
            return None
        return entry.now(address, now)

    def authenticate(self, header: str | None, now: datetime, address: str = "") -> Actor:
        """The actor of an `Authorization` header.

        Raises: Unauthenticated: absent, malformed, unknown, expired, revoked. OutsideRules: a personal token, used from
        where or when its person's roles do not open.
        """
        digest = _digest(header)
        entry = self._cache.get(digest)
        if entry is None or entry.until <= now:
            entry = self._remember(digest, now)
        return entry.now(address, now)

    def forget(self) -> None:
        """Read every token anew: after a token was changed in this process."""
        self._cache.clear()

    def _remember(self, digest: bytes, now: datetime) -> _Known:
        try:
            actor, expires_at = _actor_of_token(digest.hex(), now)
            until = now + CACHED_FOR
            ends = until + _WHILE_READ
            if expires_at is not None:
                until, ends = min(until, expires_at), min(ends, expires_at)
            entry = _Known(actor, until, ends)
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            self._cache[digest] = entry
            return entry
        finally:
            self._reading.discard(digest)


authenticator = Authenticator()


def _digest(header: str | None) -> bytes:
    scheme, _, text = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Unauthenticated
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).digest()


def token_digest(text: str) -> str:
    """What is kept of a token's text."""
    return hashlib.sha256(text.encode()).hexdigest()


_FIND = """
    select uid::text, name, digest, scopes, location_ids, expires_at, last_used_at, is_personal, created_by
      from foundation_apitoken
     where digest = %s and revoked_at is null and (expires_at is null or expires_at > %s)
"""
_USE = "update foundation_apitoken set last_used_at = %s where uid = %s and (last_used_at is null or last_used_at < %s)"


def _actor_of_token(digest: str, now: datetime) -> tuple[Actor | _Personal | None, datetime | None]:
    """Looks up by the SHA-256 of the text: how long that takes tells nothing of a text one would have to guess."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [digest, now])
        row = cursor.fetchone()
        if row is None or not hmac.compare_digest(row[2], digest):
            return None, None
        uid, name, _, scopes, location_ids, expires_at, used, is_personal, created_by = row
        if used is None or used < now - _USED_EVERY:
            cursor.execute(_USE, [now, uid, now - _USED_EVERY])
    if is_personal:
        return _personal(f"token:{uid}", name, _loaded(scopes), _loaded(location_ids), created_by), expires_at
    return token_actor(f"token:{uid}", name, _loaded(scopes), _loaded(location_ids)), expires_at


def _personal(ref: str, name: str, scopes: list[str], location_ids: list[int], by: str) -> _Personal | None:
    """Two statements more than other tokens, at most every few seconds. None once the person is gone."""
    key = by.partition(":")[2]
    person = Person.objects.filter(pk=int(key), is_active=True).first() if key.isdecimal() else None
    if person is None:
        return None
    where = frozenset(location_ids) or None
    return _Personal(ref, name, tuple(scopes), where, person.pk, get_policy(), tuple(sessions.held_by(person)))


def token_actor(ref: str, name: str, scopes: list[str], location_ids: list[int]) -> Actor:
    """The actor a token is. `location_ids` empty: every location."""
    where = frozenset(location_ids) or None
    if ALL in scopes and where is None:
        return Actor(kind="token", ref=ref, name=name)
    return _actor("token", ref, name, token_held(scopes, where))


def token_held(scopes: Iterable[str], where: frozenset[int] | None) -> dict[str, frozenset[int] | None]:
    """The permissions of a token with the locations they hold at. `where` None: every location."""
    scopes = set(scopes)
    names = [name for name in PERMISSIONS if ALL in scopes or name in scopes]
    held: dict[str, frozenset[int] | None] = {}
    for each in names:
        reach = PERMISSIONS[each].reach
        if reach == "location" or where is None:
            held[each] = where
        elif reach == "shared":
            held[each] = None
    return held


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


class _Failures:
    """Failed sign-ins by network address, in this process."""

    most = 60
    within = timedelta(minutes=5)

    def __init__(self) -> None:
        self._at: dict[str, list[datetime]] = {}

    def add(self, address: str, now: datetime) -> None:
        if len(self._at) > _MOST_CACHED:
            self._at.clear()
        self._at.setdefault(address, []).append(now)

    def require_calm(self, address: str, now: datetime) -> None:
        """Raises: RateLimited."""
        recent = [at for at in self._at.get(address, ()) if at > now - self.within]
        if recent:
            self._at[address] = recent
        else:
            self._at.pop(address, None)
        if len(recent) >= self.most:
            raise RateLimited(retry_after_s=int((recent[0] + self.within - now).total_seconds()) + 1)


_failures = _Failures()
_LONGEST_EMAIL, _LONGEST_PASSWORD = 254, 1024


_BACKEND = "django.contrib.auth.backends.ModelBackend"
_PENDING, _PENDING_FOR = "mekong_pending", timedelta(minutes=10)


def sign_in(request: HttpRequest, email: str, password: str, *, now: datetime) -> Person:
    """Take an e-mail and a password: the person is signed in on this browser, or asked for a second step (`second_step`).

    After too many wrong passwords for an e-mail from one address (`AXES_FAILURE_LIMIT`) every try is refused for a
    while, the right password too; an address that fails with many e-mails is slowed down. When `must_change_password`
    is set, the page that follows asks for a new one.
    Raises: BadCredentials, LockedOut, RateLimited, OutsideRules.
    """
    address = address_of(request)
    _failures.require_calm(address, now)
    known = email.strip().lower()
    if len(known) > _LONGEST_EMAIL or len(password) > _LONGEST_PASSWORD or "\x00" in known + password:
        _failures.add(address, now)
        raise BadCredentials
    person = authenticate(request, username=known, password=password)
    if getattr(request, "axes_locked_out", False):
        # Ours is the message; without this the middleware would answer with a page of its own.
        request.axes_locked_out = False  # type: ignore[attr-defined]  # set by django-axes
        locks.note(email=known, address=address, now=now)
        raise LockedOut(minutes=locks.minutes())
    if not isinstance(person, Person):
        _failures.add(address, now)
        log.warning("sign_in_failed", address=address)
        raise BadCredentials
    require_admitted(person, address=address, now=now)
    if factors.of(person).any:
        request.session.cycle_key()
        request.session[_PENDING] = {
            "person": person.pk, "at": now.isoformat(), "password": person.get_session_auth_hash(),
        }  # fmt: skip
        return person
    enter(request, person, way="password", now=now)
    return person


def require_admitted(person: Person, *, address: str, now: datetime) -> None:
    """Raises: OutsideRules, and books it: no role of the person opens from there now."""
    try:
        sessions.admitted(get_policy(), person.pk, sessions.held_by(person), address=address, now=now)
    except OutsideRules:
        ref = f"person:{person.pk}"
        audit.record(
            Actor(kind="person", ref=ref, name=str(person)),
            action="refused", table="foundation_person", row_id=person.pk, now=now, facts={"address": address},
        )  # fmt: skip
        raise


def second_step(request: HttpRequest, *, now: datetime) -> Person | None:
    """Who gave the right password on this browser and still owes a second step; ten minutes long."""
    pending = request.session.get(_PENDING)
    if not isinstance(pending, dict) or now - datetime.fromisoformat(pending["at"]) > _PENDING_FOR:
        return None
    person = Person.objects.filter(pk=pending["person"], is_active=True).first()
    # A password that was changed meanwhile has not been given.
    if person is None or not hmac.compare_digest(person.get_session_auth_hash(), str(pending["password"])):
        return None
    return person


def enter(request: HttpRequest, person: Person, *, way: str, now: datetime) -> None:
    """Sign a person in who has proved who they are; gives the browser a new session.

    Raises: OutsideRules.
    """
    if way != "password":
        require_admitted(person, address=address_of(request), now=now)
    request.session.pop(_PENDING, None)
    request.session[sessions.WAY] = way
    login(request, person, backend=_BACKEND)
    facts = {"way": way, "address": address_of(request)}
    audit.record(resolve(person), action="sign_in", table="foundation_person", row_id=person.pk, now=now, facts=facts)


def at_the_door(request: HttpRequest, person: Person, *, now: datetime) -> Person:
    """The person of Django's session, with what the door found out about them. One statement.

    Raises: SessionEnded, OutsideRules.
    """
    stand(person, sessions.check(request.session, person, address=address_of(request), now=now))
    return person


def sign_out(request: HttpRequest, *, now: datetime) -> None:
    """End the session of this browser."""
    if isinstance(request.user, Person):
        sessions.signed_out(request.session, now=now)
        audit.record(
            resolve(request.user), action="sign_out", table="foundation_person", row_id=request.user.pk, now=now
        )
    logout(request)
