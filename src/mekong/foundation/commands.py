"""People, their roles, and API tokens.

Nobody gives, takes or governs more than they hold: a manager of one store hires for that store, and cannot touch the
owner. Whoever owns the business may do all of it, and the last owner stays.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from mekong.foundation import access
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.contracts import NewPerson, NewToken, PersonView, TokenView
from mekong.foundation.errors import (
    BadCredentials,
    EmailTaken,
    Invalid,
    LastOwner,
    MayNotGrant,
    NotFound,
    RoleIsEverywhere,
    UnknownRole,
    UnknownScope,
    WeakPassword,
)
from mekong.foundation.models import ApiToken, Person, RoleAssignment
from mekong.foundation.permissions import ALL, PERMISSIONS, ROLES, unknown
from mekong.foundation.queries import get_person, person_view, token_view
from mekong.foundation.security import sessions, setting

LANGUAGES = ("vi", "en")
_OWNER = "owner"
_LONGEST_PASSWORD = 1024


def _text(value: str, field: str, most: int) -> str:
    value = value.strip()
    if not value or len(value) > most or "\x00" in value:
        raise Invalid(field=field, problem="1 to {most} characters are needed.", most=most)
    return value


def _email(value: str) -> str:
    value = value.strip().lower()
    try:
        validate_email(value)
    except ValidationError as wrong:
        raise Invalid(field="email", problem="This is not an e-mail address. Write it like lan@example.vn.") from wrong
    return _text(value, "email", 254)


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise Invalid(field="language", problem="Choose vi or en.")
    return value


def _one_time_password() -> str:
    return secrets.token_urlsafe(12)


def _own_key(actor: Actor) -> int | None:
    """The key of the person who acts, if a person does."""
    kind, _, key = actor.ref.partition(":")
    return int(key) if kind == "person" and key.isdecimal() else None


def lock_person(person_id: UUID) -> Person:
    person = Person.objects.select_for_update().filter(uid=person_id).first()
    if person is None:
        raise NotFound(kind="Person", key=str(person_id))
    return person


def _require_may_grant(actor: Actor, names: Collection[str] | None, location_ids: frozenset[int] | None) -> None:
    """Raises: MayNotGrant: the actor lacks one of these permissions (None: all) at these locations (None: all)."""
    if names is None:
        if actor.permissions is not None:
            raise MayNotGrant(permission=ALL)
        return
    for name in sorted(names):
        held = actor.locations_for(name)
        where = location_ids if PERMISSIONS[name].reach == "location" else None
        enough = actor.may(name) and (held is None or (where is not None and where <= held))
        if not enough and not (PERMISSIONS[name].reach == "company" and location_ids is not None):
            raise MayNotGrant(permission=name)


def require_over(actor: Actor, person: Person) -> None:
    """Raises: MayNotGrant: the person holds what the actor does not."""
    if person.is_superuser:
        _require_may_grant(actor, None, None)
    for role, ids in RoleAssignment.objects.filter(person=person).values_list("role", "location_ids"):
        if role in ROLES:
            _require_may_grant(actor, ROLES[role].permissions, frozenset(ids) or None)


def _require_another_owner(person: Person) -> None:
    """Locks the owners, so that two of them cannot leave at once. Raises: LastOwner."""
    owners = RoleAssignment.objects.select_for_update().filter(role=_OWNER).order_by("id")
    held = [each.person_id for each in owners]
    if person.pk in held and not Person.objects.filter(pk__in=held, is_active=True).exclude(pk=person.pk).exists():
        raise LastOwner


@command
def create_first_owner(*, actor: Actor = SYSTEM, email: str, name: str, now: datetime) -> NewPerson:
    """Make the owner of a new installation, with a one-time password.

    Raises: EmailTaken, Invalid.
    """
    actor.require("staff.manage")
    made = create_person(actor=actor, email=email, name=name, now=now)
    person = assign_role(actor=actor, person_id=made.person.id, role=_OWNER)
    return NewPerson(person, made.password)


@command
def create_person(
    *, actor: Actor, email: str, name: str, phone: str = "", language: str = "vi", keeps_password: bool = False,
    now: datetime,
) -> NewPerson:  # fmt: skip
    """Add someone who works here, without a role yet. The password returned signs in once and must then be changed,
    unless they may keep it.

    Raises: MayNot, EmailTaken, Invalid.
    """
    actor.require("staff.manage")
    email, name = _email(email), _text(name, "name", 120)
    if len(phone) > 20 or "\x00" in phone:
        raise Invalid(field="phone", problem="20 characters at most are taken.")
    facts = {"name": name, "phone": phone, "language": _language(language), "created_at": now}
    password = _one_time_password()
    try:
        with transaction.atomic():
            person = Person.objects.create_user(email, password, must_change_password=not keeps_password, **facts)
    except IntegrityError as taken:
        raise EmailTaken(email=email) from taken
    return NewPerson(person_view(person), password)


@command
def hire(
    *,
    actor: Actor,
    email: str,
    name: str,
    phone: str = "",
    language: str = "vi",
    role: str,
    location_ids: Collection[int] = (),
    now: datetime,
) -> NewPerson:
    """Add someone with their first role: both, or neither.

    Raises: MayNot, MayNotGrant, EmailTaken, Invalid, UnknownRole, RoleIsEverywhere.
    """
    made = create_person(actor=actor, email=email, name=name, phone=phone, language=language, now=now)
    person = assign_role(actor=actor, person_id=made.person.id, role=role, location_ids=location_ids)
    return NewPerson(person, made.password)


@command
def assign_role(*, actor: Actor, person_id: UUID, role: str, location_ids: Collection[int] = ()) -> PersonView:
    """Give a person a role, at all locations or at some; a role they hold is moved to the new locations.

    Raises: MayNot, MayNotGrant, NotFound, UnknownRole, RoleIsEverywhere.
    """
    actor.require("staff.manage")
    preset = ROLES.get(role)
    if preset is None:
        raise UnknownRole(field="role", role=role)
    if preset.permissions is None and location_ids:
        raise RoleIsEverywhere(field="location_ids", role=role)
    person = lock_person(person_id)
    require_over(actor, person)
    _require_may_grant(actor, preset.permissions, frozenset(location_ids) or None)
    RoleAssignment.objects.update_or_create(
        person=person, role=role, defaults={"location_ids": sorted(set(location_ids))}
    )
    return person_view(person)


@command
def remove_role(*, actor: Actor, person_id: UUID, role: str) -> PersonView:
    """Take a role from a person; their open sessions end. Safe to repeat.

    Raises: MayNot, MayNotGrant, NotFound, UnknownRole, LastOwner, BreakGlassNeeded.
    """
    actor.require("staff.manage")
    if role not in ROLES:
        raise UnknownRole(field="role", role=role)
    person = lock_person(person_id)
    require_over(actor, person)
    if role == _OWNER:
        _require_another_owner(person)
        setting.require_not_break_glass(person)
    gone, _ = RoleAssignment.objects.filter(person=person, role=role).delete()
    if gone:
        sessions.end_all(person.pk, why="roles")
        transaction.on_commit(access.authenticator.forget)
    return person_view(person)


@command
def deactivate_person(*, actor: Actor, person_id: UUID, now: datetime) -> PersonView:
    """Shut someone out: no sign-in, open sessions end, the API tokens they made are revoked. Safe to repeat.

    Raises: MayNot, MayNotGrant, NotFound, LastOwner, BreakGlassNeeded.
    """
    actor.require("staff.manage")
    person = lock_person(person_id)
    require_over(actor, person)
    _require_another_owner(person)
    setting.require_not_break_glass(person)
    sessions.end_all(person.pk, why="deactivated", now=now)
    if person.is_active:
        person.is_active = False
        person.save(update_fields=["is_active"])
    ApiToken.objects.filter(created_by=f"person:{person.pk}", revoked_at=None).update(revoked_at=now)
    transaction.on_commit(access.authenticator.forget)
    return person_view(person)


@command
def reactivate_person(*, actor: Actor, person_id: UUID) -> PersonView:
    """Let someone in again, with the roles they had. Revoked tokens stay revoked. Safe to repeat.

    Raises: MayNot, MayNotGrant, NotFound.
    """
    actor.require("staff.manage")
    person = lock_person(person_id)
    require_over(actor, person)
    person.is_active = True
    person.save(update_fields=["is_active"])
    return person_view(person)


@command
def change_person(
    *, actor: Actor, person_id: UUID, is_active: bool | None = None, language: str | None = None, now: datetime
) -> PersonView:
    """Several changes of a person at once; what is None stays.

    Raises: MayNot, MayNotGrant, NotFound, LastOwner, Invalid.
    """
    if language is not None:
        set_language(actor=actor, person_id=person_id, language=language)
    if is_active is not None:
        if is_active:
            reactivate_person(actor=actor, person_id=person_id)
        else:
            deactivate_person(actor=actor, person_id=person_id, now=now)
    return get_person(actor=actor, person_id=person_id)


@command
def reset_password(*, actor: Actor, person_id: UUID) -> NewPerson:
    """Give a person a new one-time password; the old one and their open sessions end.

    Raises: MayNot, MayNotGrant, NotFound.
    """
    actor.require("staff.manage")
    person = lock_person(person_id)
    require_over(actor, person)
    password = _one_time_password()
    person.set_password(password)
    person.must_change_password = True
    person.save(update_fields=["password", "must_change_password"])
    sessions.end_all(person.pk, why="password")
    return NewPerson(person_view(person), password)


@command
def change_password(
    *, actor: Actor, person_id: UUID, current: str, new: str, session_id: UUID | None = None
) -> PersonView:
    """Change one's own password. Other open sessions of the person end; `session_id`: the one that goes on.

    Raises: NotFound, BadCredentials, WeakPassword.
    """
    person = lock_person(person_id)
    if actor.ref != f"person:{person.pk}":
        raise NotFound(kind="Person", key=str(person_id))
    if len(current) > _LONGEST_PASSWORD or not person.check_password(current):
        raise BadCredentials
    if len(new) > _LONGEST_PASSWORD:
        raise Invalid(field="new", problem="1 to {most} characters are needed.", most=_LONGEST_PASSWORD)
    try:
        validate_password(new, person)
    except ValidationError as wrong:
        raise WeakPassword(field="new", problem=" ".join(wrong.messages)) from wrong
    person.set_password(new)
    person.must_change_password = False
    person.save(update_fields=["password", "must_change_password"])
    sessions.end_all(person.pk, why="password", keep=session_id)
    return person_view(person)


@command
def set_language(*, actor: Actor, person_id: UUID, language: str) -> PersonView:
    """Choose the language of a person's pages: their own, or anyone's with `staff.manage`.

    Raises: MayNot, NotFound, Invalid.
    """
    own = _own_key(actor)
    if own is None or not Person.objects.filter(uid=person_id, pk=own).exists():
        actor.require("staff.manage")
    person = lock_person(person_id)
    person.language = _language(language)
    person.save(update_fields=["language"])
    return person_view(person)


@command
def create_token(
    *,
    actor: Actor,
    name: str,
    scopes: Sequence[str],
    location_ids: Collection[int] = (),
    expires_at: datetime | None = None,
    is_personal: bool = False,
    now: datetime,
) -> NewToken:
    """Make an API token. Its text is in the answer and is not kept.

    Args:
        scopes: permissions, or ["all"].
        location_ids: where they hold; empty: everywhere.
        is_personal: acts for the person who makes it: it has never more rights than they have at that moment, and opens
            only from where and when their roles do. Without, it stands for a machine of the company.

    Raises: MayNot, MayNotGrant, UnknownScope, Invalid.
    """
    actor.require("tokens.manage")
    wanted = list(dict.fromkeys(scopes))
    if not wanted:
        raise Invalid(field="scopes", problem='Name at least one permission, or "all".')
    if wrong := unknown(scope for scope in wanted if scope != ALL):
        raise UnknownScope(field="scopes", scope=wrong[0])
    where = frozenset(location_ids) or None
    _require_may_grant(actor, None if ALL in wanted else wanted, where)
    if is_personal and _own_key(actor) is None:
        raise Invalid(field="is_personal", problem="Only a person makes a personal token. Sign in, or leave it out.")
    if expires_at is not None and expires_at <= now:
        raise Invalid(field="expires_at", problem="This moment has passed. Choose a later one, or none.")
    text = f"mk_{secrets.token_urlsafe(30)}"
    token = ApiToken.objects.create(
        name=_text(name, "name", 120),
        digest=access.token_digest(text),
        hint=text[:8],
        scopes=[ALL] if ALL in wanted else wanted,
        location_ids=sorted(where or ()),
        created_by=actor.ref,
        created_at=now,
        expires_at=expires_at,
        is_personal=is_personal,
    )
    return NewToken(token_view(token), text)


@command
def revoke_token(*, actor: Actor, token_id: UUID, now: datetime) -> TokenView:
    """End a token: at once in this process, within five seconds in the others. Safe to repeat.

    Raises: MayNot, NotFound.
    """
    actor.require("tokens.manage")
    token = ApiToken.objects.select_for_update().filter(uid=token_id).first()
    if token is None:
        raise NotFound(kind="Token", key=str(token_id))
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        transaction.on_commit(access.authenticator.forget)
    return token_view(token)
