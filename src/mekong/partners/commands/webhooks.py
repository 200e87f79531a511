"""What people and apps do with webhooks."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from mekong.foundation import audit
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.errors import MayNotGrant
from mekong.foundation.events import emit
from mekong.foundation.ids import new_id, public
from mekong.partners import vault
from mekong.partners.contracts import MessageView, NewWebhook, WebhookView
from mekong.partners.errors import AppRevoked, TooManyWebhooks, WebhookInvalid, WebhookPaused
from mekong.partners.events import PERMISSION_OF, PING, WITH_PERSON, WebhookDisabled
from mekong.partners.models import App, DisabledReason, Message, MessageState, Webhook
from mekong.partners.queries.apps import app_of
from mekong.partners.queries.webhooks import (
    MESSAGE,
    WEBHOOK,
    find_message,
    find_webhook,
    get_message,
    secrets_of,
    webhook_views,
)
from mekong.partners.rules import webhooks as rules

MOST = 100
OVERLAP = timedelta(hours=24)
_MOST_OVERLAP = timedelta(days=30)


def _view(row: Webhook, now: datetime) -> WebhookView:
    return webhook_views([row], now)[0]


def _require_events(actor: Actor, event_types: Collection[str], *, with_person: bool) -> list[str]:
    """The types in the order of the reference. Raises: WebhookInvalid, MayNotGrant: facts the actor may not see everywhere."""
    problem = rules.events_problem(event_types, PERMISSION_OF)
    if problem:
        raise WebhookInvalid(field="event_types", problem=problem)
    needed = {PERMISSION_OF[each] for each in event_types} | ({WITH_PERSON} if with_person else set())
    for permission in sorted(needed):
        if not actor.may(permission) or actor.locations_for(permission) is not None:
            raise MayNotGrant(permission=permission)
    return [each for each in PERMISSION_OF if each in event_types]


def _require_url(url: str) -> str:
    url = url.strip()
    problem = rules.url_problem(url, private=settings.MEKONG.webhooks_private)
    if problem:
        raise WebhookInvalid(field="url", problem=problem)
    return url


def _name(name: str) -> str:
    name = name.strip()
    if len(name) > 80 or any(letter < " " for letter in name):
        raise WebhookInvalid(field="name", problem="At most 80 characters are taken. Shorten it.")
    return name


def _sealed(kept: list[tuple[str, datetime | None]]) -> str:
    return vault.seal(
        json.dumps([{"secret": secret, "until": until.isoformat() if until else None} for secret, until in kept])
    )


def _new_secret() -> str:
    return rules.secret_of(secrets.token_bytes(rules.SECRET_BYTES))


@command
def create_webhook(
    *,
    actor: Actor,
    url: str,
    event_types: Collection[str],
    name: str = "",
    with_person: bool = False,
    now: datetime,
) -> NewWebhook:
    """Send these facts to an address from now on. An app's webhook is its own: it ends with the app.

    Raises: MayNot, MayNotGrant, WebhookInvalid, TooManyWebhooks.
    """
    actor.require("webhooks.manage")
    types = _require_events(actor, event_types, with_person=with_person)
    url, name = _require_url(url), _name(name)
    if Webhook.objects.count() >= MOST:
        raise TooManyWebhooks(most=MOST)
    secret = _new_secret()
    row = Webhook.objects.create(
        app=app_of(actor), name=name, url=url, event_types=types, with_person=with_person,
        sealed_secrets=_sealed([(secret, None)]), created_by=actor.ref, created_at=now,
    )  # fmt: skip
    return NewWebhook(_view(row, now), secret)


@command
def update_webhook(
    *,
    actor: Actor,
    webhook_id: UUID,
    url: str | None = None,
    event_types: Collection[str] | None = None,
    name: str | None = None,
    with_person: bool | None = None,
    is_active: bool | None = None,
    now: datetime,
) -> WebhookView:
    """Change what is given; what is None stays. `is_active` False pauses: what happens meanwhile is not sent later.

    Switched on again, it is as if it had never failed. Safe to repeat.
    Raises: MayNot, MayNotGrant, WebhookNotFound, WebhookInvalid, AppRevoked.
    """
    row = find_webhook(actor, webhook_id, lock=True)
    if event_types is not None or with_person:
        row.event_types = _require_events(
            actor,
            row.event_types if event_types is None else event_types,
            with_person=row.with_person if with_person is None else with_person,
        )
    if with_person is not None:
        row.with_person = with_person
    if url is not None:
        row.url = _require_url(url)
    if name is not None:
        row.name = _name(name)
    if is_active is not None and is_active != row.is_active:
        if is_active and row.app is not None and row.app.revoked_at is not None:
            raise AppRevoked(name=row.app.name)
        row.is_active, row.disabled_reason, row.failing_since = is_active, DisabledReason.NONE, None
    row.save()
    return _view(row, now)


@command
def remove_webhook(*, actor: Actor, webhook_id: UUID) -> None:
    """Send nothing there any more, and forget what was sent. Raises: MayNot, WebhookNotFound."""
    row = find_webhook(actor, webhook_id, lock=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from partners_attempt where message_id in (select id from partners_message where webhook_id = %s)",
            [row.pk],
        )
        cursor.execute("delete from partners_message where webhook_id = %s", [row.pk])
    row.delete()


@command
def rotate_secret(*, actor: Actor, webhook_id: UUID, overlap: timedelta = OVERLAP, now: datetime) -> NewWebhook:
    """A new signing secret. For `overlap` both sign, so that the receiver can change over without losing a message.

    Raises: MayNot, WebhookNotFound, WebhookInvalid: an overlap below zero or above 30 days.
    """
    row = find_webhook(actor, webhook_id, lock=True)
    if not timedelta(0) <= overlap <= _MOST_OVERLAP:
        raise WebhookInvalid(field="overlap_hours", problem="From 0 to 720 hours. Give a number between these.")
    secret = _new_secret()
    until = now + overlap
    old = [(each, min(end, until) if end else until) for each, end in secrets_of(row, now)] if overlap else []
    row.sealed_secrets = _sealed([(secret, None), *old[:2]])
    row.save(update_fields=["sealed_secrets"])
    return NewWebhook(_view(row, now), secret)


@command
def reveal_secret(*, actor: Actor, webhook_id: UUID, now: datetime) -> str:
    """The newest signing secret; that it was looked at is in the audit trail. Raises: MayNot, WebhookNotFound."""
    row = find_webhook(actor, webhook_id)
    audit.record_read(actor, table="partners_webhook", row_id=row.pk, fields=["secret"], now=now)
    return secrets_of(row, now)[0][0]


@command
def send_ping(*, actor: Actor, webhook_id: UUID, now: datetime) -> MessageView:
    """Send a message that says nothing, to see whether messages arrive. Raises: MayNot, WebhookNotFound, WebhookPaused."""
    row = find_webhook(actor, webhook_id, lock=True)
    if not row.is_active:
        raise WebhookPaused
    made = Message.objects.create(
        uid=new_id(), webhook=row, event_type=PING, data={"webhook_id": public(WEBHOOK, row.uid)},
        occurred_at=now, created_at=now, next_at=now,
    )  # fmt: skip
    return get_message(actor=actor, webhook_id=webhook_id, message_id=public(MESSAGE, made.uid))


@command
def resend_message(*, actor: Actor, webhook_id: UUID, message_id: str, now: datetime) -> MessageView:
    """Send one message again, whatever became of it, under the id it had. One that waits goes at once.

    Raises: MayNot, WebhookNotFound, MessageNotFound, WebhookPaused.
    """
    webhook = find_webhook(actor, webhook_id, lock=True)
    row = find_message(webhook, message_id)
    if not webhook.is_active:
        raise WebhookPaused
    Message.objects.filter(pk=row.pk).update(state=MessageState.WAITING, tries=0, next_at=now, delivered_at=None)
    return get_message(actor=actor, webhook_id=webhook_id, message_id=message_id)


@command
def resend_failed(*, actor: Actor, webhook_id: UUID, since: datetime, now: datetime) -> int:
    """Send again every message that was given up and whose fact is not older than `since`; how many.

    Raises: MayNot, WebhookNotFound, WebhookPaused.
    """
    webhook = find_webhook(actor, webhook_id, lock=True)
    if not webhook.is_active:
        raise WebhookPaused
    return Message.objects.filter(webhook=webhook, state=MessageState.FAILED, occurred_at__gte=since).update(
        state=MessageState.WAITING, tries=0, next_at=now
    )


def disable(row: Webhook, reason: str, now: datetime) -> None:
    """Switch a locked webhook off, give up what waits, and say so."""
    row.is_active, row.disabled_reason = False, reason
    row.save(update_fields=["is_active", "disabled_reason"])
    Message.objects.filter(webhook=row, state=MessageState.WAITING).update(
        state=MessageState.FAILED, claimed_until=None
    )
    emit(SYSTEM, WebhookDisabled(public(WEBHOOK, row.uid), row.url, reason), key=f"webhook:{row.pk}", now=now)


def disable_of_app(app: App, now: datetime) -> None:
    """In the transaction that shuts an app out: its webhooks end too."""
    for row in Webhook.objects.select_for_update().filter(app=app, is_active=True).order_by("pk"):
        disable(row, DisabledReason.APP, now)
