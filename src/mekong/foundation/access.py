"""From a person or a token to an `Actor`, and from an e-mail and a password to a person."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.helpers import get_cool_off
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.db import connection
from django.http import HttpRequest

from mekong.foundation import audit
from mekong.foundation.actor import Actor
from mekong.foundation.errors import BadCredentials, LockedOut, RateLimited, Unauthenticated
from mekong.foundation.models import Person, RoleAssignment
from mekong.foundation.permissions import ALL, PERMISSIONS, ROLES

Held = Mapping[str, frozenset[int] | None]
"""Permissions with the locations they hold at; None is everywhere."""

CACHED_FOR = timedelta(seconds=4)
"""How long a token's rights are taken from memory, and by those who ask while they are being read anew a little longer:
a revocation elsewhere is honoured after five seconds at the latest."""
_WHILE_READ = timedelta(seconds=1)

_USED_EVERY = timedelta(minutes=1)
_MOST_CACHED = 10_000


def resolve(person: Person) -> Actor:
    """The actor a person is: all roles together, each at its locations. One SQL statement."""
    roles = (
        [] if not person.is_active else RoleAssignment.objects.filter(person=person).values_list("role", "location_ids")
    )
    held = union([(role, frozenset(ids) or None) for role, ids in roles])
    owns = person.is_active and (person.is_superuser or held is None)
    ref = f"person:{person.pk}"
    return Actor(kind="person", ref=ref, name=str(person)) if owns else _actor("person", ref, str(person), held or {})


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
class _Known:
    actor: Actor | None
    until: datetime
    ends: datetime
    """The token's own end, or when what is known may not even be used while it is read anew."""


class Authenticator:
    """Bearer tokens to actors, for every entrance of a process.

    `known` answers from memory alone (a hash and a dict, some 3 µs) and so may be called in an event loop; when it
    says None, call `authenticate` where blocking is allowed. A token's expiry is looked at every time, its revocation
    at least every five seconds.
    """

    def __init__(self) -> None:
        self._cache: dict[bytes, _Known] = {}
        self._reading: set[bytes] = set()

    def known(self, header: str | None, now: datetime) -> Actor | None:
        """The actor of an `Authorization` header if memory holds it. Raises: Unauthenticated.

        Of many who ask at once when its time is up, one is sent to read it anew.
        """
        digest = _digest(header)
        entry = self._cache.get(digest)
        if entry is None or entry.ends <= now:
            return None
        if entry.until <= now and digest not in self._reading:
            self._reading.add(digest)
            return None
        if entry.actor is None:
            raise Unauthenticated
        return entry.actor

    def authenticate(self, header: str | None, now: datetime) -> Actor:
        """The actor of an `Authorization` header.

        Raises: Unauthenticated: absent, malformed, unknown, expired, revoked.
        """
        digest = _digest(header)
        entry = self._cache.get(digest)
        if entry is None or entry.until <= now:
            entry = self._remember(digest, now)
        if entry.actor is None:
            raise Unauthenticated
        return entry.actor

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
    select uid::text, name, digest, scopes, location_ids, expires_at, last_used_at from foundation_apitoken
     where digest = %s and revoked_at is null and (expires_at is null or expires_at > %s)
"""
_USE = "update foundation_apitoken set last_used_at = %s where uid = %s and (last_used_at is null or last_used_at < %s)"


def _actor_of_token(digest: str, now: datetime) -> tuple[Actor | None, datetime | None]:
    """Looks up by the SHA-256 of the text: how long that takes tells nothing of a text one would have to guess."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [digest, now])
        row = cursor.fetchone()
        if row is None or not hmac.compare_digest(row[2], digest):
            return None, None
        uid, name, _, scopes, location_ids, expires_at, used = row
        if used is None or used < now - _USED_EVERY:
            cursor.execute(_USE, [now, uid, now - _USED_EVERY])
    return token_actor(f"token:{uid}", name, _loaded(scopes), _loaded(location_ids)), expires_at


def token_actor(ref: str, name: str, scopes: list[str], location_ids: list[int]) -> Actor:
    """The actor a token is. `location_ids` empty: every location."""
    where = frozenset(location_ids) or None
    names = [name for name in PERMISSIONS if ALL in scopes or name in scopes]
    if ALL in scopes and where is None:
        return Actor(kind="token", ref=ref, name=name)
    held: dict[str, frozenset[int] | None] = {}
    for each in names:
        reach = PERMISSIONS[each].reach
        if reach == "location" or where is None:
            held[each] = where
        elif reach == "shared":
            held[each] = None
    return _actor("token", ref, name, held)


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


def address_of(request: HttpRequest) -> str:
    """The network address a request came from. Behind our proxy: the last of X-Forwarded-For, the one it wrote itself."""
    if settings.MEKONG.behind_proxy:
        last = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(last))
    return str(request.META.get("REMOTE_ADDR", ""))


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


def sign_in(request: HttpRequest, email: str, password: str, *, now: datetime) -> Person:
    """Sign a person in on this browser and give them a new session.

    After too many wrong passwords for an e-mail from one address (`AXES_FAILURE_LIMIT`) every try is refused for a
    while, the right password too; an address that fails with many e-mails is slowed down. When `must_change_password`
    is set, the page that follows asks for a new one.
    Raises: BadCredentials, LockedOut, RateLimited.
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
        raise LockedOut(minutes=_lock_minutes())
    if not isinstance(person, Person):
        _failures.add(address, now)
        raise BadCredentials
    login(request, person)
    audit.record(resolve(person), action="sign_in", table="foundation_person", row_id=person.pk, now=now)
    return person


def sign_out(request: HttpRequest, *, now: datetime) -> None:
    """End the session of this browser."""
    if isinstance(request.user, Person):
        audit.record(
            resolve(request.user), action="sign_out", table="foundation_person", row_id=request.user.pk, now=now
        )
    logout(request)


def _lock_minutes() -> int:
    wait: timedelta | None = get_cool_off()
    return max(1, int((wait or timedelta(minutes=15)).total_seconds() // 60))
