"""Partner apps and their keys. A key is a token (`foundation.create_token`) that belongs to an app."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from mekong.foundation import access
from mekong.foundation import commands as foundation
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import MayNotGrant
from mekong.foundation.ids import public
from mekong.foundation.models import ApiToken
from mekong.foundation.permissions import ALL, unknown
from mekong.partners import pacing
from mekong.partners.commands.webhooks import disable_of_app
from mekong.partners.contracts import AppView, NewKey
from mekong.partners.errors import AppInvalid, AppRevoked, KeyEnded, KeyNotFound
from mekong.partners.events import WITH_PERSON
from mekong.partners.models import App, AppKey, Webhook
from mekong.partners.queries.apps import app_views, find_app, key_view
from mekong.partners.rules import limits

OVERLAP = timedelta(hours=24)
_MOST_OVERLAP = timedelta(days=30)


def _lock(app_id: UUID) -> App:
    return App.objects.select_for_update().get(pk=find_app(app_id).pk)


def _lock_open(app_id: UUID) -> App:
    row = _lock(app_id)
    if row.revoked_at is not None:
        raise AppRevoked(name=row.name)
    return row


def _text(value: str, field: str, most: int, *, least: int = 1) -> str:
    value = value.strip()
    if not least <= len(value) <= most or any(letter < " " for letter in value):
        raise AppInvalid(field=field, problem="From {least} to {most} characters are needed.", least=least, most=most)
    return value


def _between(value: int, field: str, bounds: tuple[int, int]) -> int:
    least, most = bounds
    if not least <= value <= most:
        raise AppInvalid(field=field, problem="A number from {least} to {most} is needed.", least=least, most=most)
    return value


def _scopes(actor: Actor, wanted: Collection[str]) -> list[str]:
    """Raises: AppInvalid, MayNotGrant: a right that the actor does not hold everywhere."""
    scopes = list(dict.fromkeys(wanted))
    if not scopes:
        raise AppInvalid(field="scopes", problem="Choose at least one right.")
    if ALL in scopes or unknown(scopes):
        raise AppInvalid(field="scopes", problem="An app gets single rights by their names, never all of them.")
    for scope in scopes:
        if not actor.may(scope) or actor.locations_for(scope) is not None:
            raise MayNotGrant(permission=scope)
    return scopes


def _token_name(app: App, label: str) -> str:
    return f"{app.name} – {label}"


@command
def create_app(
    *,
    actor: Actor,
    name: str,
    contact: str = "",
    scopes: Collection[str],
    per_minute: int = 600,
    burst: int = 100,
    now: datetime,
) -> AppView:
    """Let a program of somebody else's in, within these rights and this many calls. It has no key yet.

    Raises: MayNot, MayNotGrant, AppInvalid.
    """
    actor.require("tokens.manage")
    row = App.objects.create(
        name=_text(name, "name", 80), contact=_text(contact, "contact", 200, least=0), scopes=_scopes(actor, scopes),
        per_minute=_between(per_minute, "per_minute", limits.PER_MINUTE), burst=_between(burst, "burst", limits.BURST),
        created_by=actor.ref, created_at=now,
    )  # fmt: skip
    return app_views([row], now)[0]


@command
def update_app(
    *,
    actor: Actor,
    app_id: UUID,
    name: str | None = None,
    contact: str | None = None,
    scopes: Collection[str] | None = None,
    per_minute: int | None = None,
    burst: int | None = None,
    now: datetime,
) -> AppView:
    """Change what is given. A right taken from the app is taken from its keys within five seconds; a key without any
    is revoked, and webhooks lose what needed it.

    Raises: MayNot, MayNotGrant, AppNotFound, AppRevoked, AppInvalid.
    """
    actor.require("tokens.manage")
    row = _lock_open(app_id)
    if name is not None:
        row.name = _text(name, "name", 80)
        for key in AppKey.objects.filter(app=row):
            ApiToken.objects.filter(pk=key.token_id).update(name=_token_name(row, key.label))
    if contact is not None:
        row.contact = _text(contact, "contact", 200, least=0)
    if per_minute is not None:
        row.per_minute = _between(per_minute, "per_minute", limits.PER_MINUTE)
    if burst is not None:
        row.burst = _between(burst, "burst", limits.BURST)
    if scopes is not None:
        # Rights it has already may stay though the actor could not give them.
        kept = [scope for scope in dict.fromkeys(scopes) if scope in row.scopes]
        fresh = [scope for scope in scopes if scope not in row.scopes]
        row.scopes = [*kept, *(_scopes(actor, fresh) if fresh or not kept else [])]
        _narrow(row, now)
    row.save()
    transaction.on_commit(access.authenticator.forget)
    transaction.on_commit(pacing.gate.forget)
    return app_views([row], now)[0]


def _narrow(app: App, now: datetime) -> None:
    for token in ApiToken.objects.select_for_update().filter(
        pk__in=AppKey.objects.filter(app=app).values("token_id"), revoked_at=None
    ):
        token.scopes = [scope for scope in token.scopes if scope in app.scopes]
        if not token.scopes:
            token.revoked_at = now
        token.save(update_fields=["scopes", "revoked_at"])
    if WITH_PERSON not in app.scopes:
        Webhook.objects.filter(app=app, with_person=True).update(with_person=False)


@command
def revoke_app(*, actor: Actor, app_id: UUID, now: datetime) -> AppView:
    """Shut an app out for good: its keys end within five seconds everywhere, its webhooks at once. Safe to repeat.

    Raises: MayNot, AppNotFound.
    """
    actor.require("tokens.manage")
    row = _lock(app_id)
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        for key in AppKey.objects.select_related("token").filter(app=row):
            foundation.revoke_token(actor=actor, token_id=key.token.uid, now=now)
        disable_of_app(row, now)
    return app_views([row], now)[0]


@command
def create_key(
    *,
    actor: Actor,
    app_id: UUID,
    label: str,
    scopes: Sequence[str] | None = None,
    location_ids: Collection[int] = (),
    expires_at: datetime | None = None,
    now: datetime,
) -> NewKey:
    """A key with the app's rights, or some of them. Its text is in the answer and is not kept.

    Raises: MayNot, MayNotGrant, AppNotFound, AppRevoked, AppInvalid, Invalid.
    """
    actor.require("tokens.manage")
    app = _lock_open(app_id)
    wanted = list(app.scopes if scopes is None else scopes)
    if not set(wanted) <= set(app.scopes):
        raise AppInvalid(field="scopes", problem="A key has no more rights than its app. Give the app the right first.")
    label = _text(label, "label", 30)
    made = foundation.create_token(
        actor=actor, name=_token_name(app, label), scopes=wanted, location_ids=location_ids, expires_at=expires_at,
        now=now,
    )  # fmt: skip
    key = AppKey.objects.create(app=app, token=ApiToken.objects.get(uid=made.token.id), label=label)
    return NewKey(app_views([app], now)[0], key_view(key), made.text)


def _find_key(app: App, token_id: UUID) -> AppKey:
    key = AppKey.objects.select_related("token").filter(app=app, token__uid=token_id).first()
    if key is None:
        raise KeyNotFound(key=public("tok", token_id))
    return key


@command
def rotate_key(*, actor: Actor, app_id: UUID, token_id: UUID, overlap: timedelta = OVERLAP, now: datetime) -> NewKey:
    """A new key with the rights of an old one, which ends after `overlap`, so that the app can change over in peace.

    Raises: MayNot, MayNotGrant, AppNotFound, AppRevoked, KeyNotFound, KeyEnded, AppInvalid: an overlap below zero or
    above 30 days.
    """
    actor.require("tokens.manage")
    app = _lock_open(app_id)
    if not timedelta(0) <= overlap <= _MOST_OVERLAP:
        raise AppInvalid(field="overlap_hours", problem="From 0 to 720 hours. Give a number between these.")
    old = _find_key(app, token_id)
    token = ApiToken.objects.select_for_update().get(pk=old.token_id)
    if token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now):
        raise KeyEnded
    made = create_key(
        actor=actor, app_id=app_id, label=old.label, scopes=token.scopes, location_ids=token.location_ids, now=now
    )
    token.expires_at = min(token.expires_at or now + overlap, now + overlap)
    token.save(update_fields=["expires_at"])
    transaction.on_commit(access.authenticator.forget)
    return made


@command
def revoke_key(*, actor: Actor, app_id: UUID, token_id: UUID, now: datetime) -> AppView:
    """End one key of an app, within five seconds everywhere. Safe to repeat. Raises: MayNot, AppNotFound, KeyNotFound."""
    actor.require("tokens.manage")
    app = _lock(app_id)
    foundation.revoke_token(actor=actor, token_id=_find_key(app, token_id).token.uid, now=now)
    return app_views([app], now)[0]
