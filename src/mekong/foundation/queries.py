"""People, tokens and the audit trail, for reading."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Max, Q

from mekong.foundation import masking
from mekong.foundation.actor import Actor
from mekong.foundation.contracts import AuditView, Page, PersonView, RoleHeld, TokenView
from mekong.foundation.errors import NotFound
from mekong.foundation.models import ApiToken, AuditEntry, BrowserSession, Person, RoleAssignment
from mekong.foundation.paging import decode_cursor, encode_cursor


def person_view(person: Person) -> PersonView:
    """One statement for the roles, unless they were prefetched."""
    return PersonView(
        id=person.uid,
        email=person.email,
        name=person.name,
        phone=person.phone,
        language=person.language,
        is_active=person.is_active,
        must_change_password=person.must_change_password,
        created_at=person.created_at,
        roles=tuple(
            RoleHeld(each.role, tuple(each.location_ids))
            for each in sorted(person.roles.all(), key=lambda each: each.pk)
        ),
    )


def token_view(token: ApiToken) -> TokenView:
    return TokenView(
        id=token.uid,
        name=token.name,
        hint=token.hint,
        scopes=tuple(token.scopes),
        location_ids=tuple(token.location_ids),
        created_by=token.created_by,
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
        is_personal=token.is_personal,
    )


def list_people(
    *,
    actor: Actor,
    is_active: bool | None = None,
    role: str = "",
    text: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[PersonView]:
    """Those who work or worked here, oldest first. Two statements. Raises: MayNot, BadCursor.

    Args:
        is_active: who may sign in, or who may not; None for both.
        text: part of a name, an e-mail or a phone.
    """
    actor.require("staff.manage")
    (after,) = decode_cursor(cursor, tuple[int]) if cursor else (0,)
    people = Person.objects.filter(pk__gt=after)
    if is_active is not None:
        people = people.filter(is_active=is_active)
    if role:
        people = people.filter(roles__role=role)
    if text:
        people = people.filter(Q(name__icontains=text) | Q(email__icontains=text) | Q(phone__icontains=text))
    found = list(people.order_by("pk").prefetch_related("roles")[: limit + 1])
    more = encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    return Page([person_view(person) for person in found[:limit]], more)


def get_person(*, actor: Actor, person_id: UUID) -> PersonView:
    """Oneself, or anyone with `staff.manage`. Raises: MayNot, NotFound."""
    person = Person.objects.filter(uid=person_id).first()
    if person is None or actor.ref != f"person:{person.pk}":
        actor.require("staff.manage")
    if person is None:
        raise NotFound(kind="Person", key=str(person_id))
    return person_view(person)


def list_tokens(*, actor: Actor, cursor: str | None = None, limit: int = 50) -> Page[TokenView]:
    """Every token, revoked ones included, newest first. One statement. Raises: MayNot, BadCursor."""
    actor.require("tokens.manage")
    tokens = ApiToken.objects.order_by("-pk")
    if cursor:
        (before,) = decode_cursor(cursor, tuple[int])
        tokens = tokens.filter(pk__lt=before)
    found = list(tokens[: limit + 1])
    more = encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    return Page([token_view(token) for token in found[:limit]], more)


def list_audit(
    *,
    actor: Actor,
    table: str | None = None,
    row_id: str | None = None,
    by: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AuditView]:
    """The audit trail, newest first. Three statements. Raises: MayNot, BadCursor.

    Customers' data in it is masked for those without `customers.reveal`.

    Args:
        by: the ref of whoever acted, e.g. `person:12`.
        action: insert, update, delete, read, export, sign_in, sign_out, locked, unlocked, refused, ended.
        since, until: from the first moment (inclusive) to the second (exclusive).
    """
    actor.require("audit.view")
    entries = AuditEntry.objects.order_by("-pk")
    wanted = {"table": table, "row_id": row_id, "actor": by, "action": action, "at__gte": since, "at__lt": until}
    entries = entries.filter(**{name: value for name, value in wanted.items() if value is not None})
    if cursor:
        (before,) = decode_cursor(cursor, tuple[int])
        entries = entries.filter(pk__lt=before)
    found = list(entries[: limit + 1])
    names = names_of(entry.actor for entry in found)
    reveals = actor.may("customers.reveal")
    more = encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    views = [
        AuditView(
            id=entry.pk,
            at=entry.at,
            actor=entry.actor,
            actor_name=names.get(entry.actor, entry.actor),
            table=entry.table,
            row_id=entry.row_id,
            action=entry.action,
            before=entry.before if reveals else masking.anything(entry.before),
            after=entry.after if reveals else masking.anything(entry.after),
        )
        for entry in found[:limit]
    ]
    return Page(views, more)


def count_people(*, actor: Actor) -> tuple[int, int]:
    """How many may sign in, and how many may no longer. One statement. Raises: MayNot."""
    actor.require("staff.manage")
    flags = list(Person.objects.values_list("is_active", flat=True))
    return sum(flags), len(flags) - sum(flags)


def last_seen(person_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When people were last here. One statement."""
    seen = BrowserSession.objects.filter(person__uid__in=list(person_ids)).values_list("person__uid")
    return dict(seen.annotate(last=Max("last_seen_at")))


def names_of(refs: Iterable[str]) -> dict[str, str]:
    """Who actors' refs are today: people and tokens by name; other refs are left out. Two statements at most."""
    kinds: dict[str, set[str]] = {"person": set(), "token": set()}
    for ref in refs:
        kind, _, key = ref.partition(":")
        if kind in kinds and key:
            kinds[kind].add(key)
    names: dict[str, str] = {}
    if people := {int(key) for key in kinds["person"] if key.isdecimal()}:
        names |= {f"person:{pk}": name for pk, name in Person.objects.filter(pk__in=people).values_list("pk", "name")}
    if tokens := kinds["token"]:
        names |= {
            f"token:{uid}": name for uid, name in ApiToken.objects.filter(uid__in=tokens).values_list("uid", "name")
        }
    return names


def email_of(ref: str) -> str:
    """Where a person who acts can be written to; "" for other refs. One statement at most."""
    kind, _, key = ref.partition(":")
    if kind != "person" or not key.isdecimal():
        return ""
    return Person.objects.filter(pk=int(key)).values_list("email", flat=True).first() or ""


def staff_names(*, actor: Actor, limit: int = 500) -> dict[str, str]:
    """Everyone who works or worked here, by the ref of their acts, in the order of their names. Raises: MayNot."""
    actor.require("staff.manage")
    found = Person.objects.order_by("name", "pk").values_list("pk", "name")[:limit]
    return {f"person:{pk}": name for pk, name in found}


def roles_of(*, ref: str) -> tuple[str, ...]:
    """The roles of a person by the `ref` of their actor; none for anybody else. One SQL statement."""
    kind, _, key = ref.partition(":")
    if kind != "person" or not key.isdigit():
        return ()
    return tuple(RoleAssignment.objects.filter(person_id=int(key)).values_list("role", flat=True).distinct())
