"""Webhooks and the log of what was sent."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from mekong.foundation.actor import Actor
from mekong.foundation.contracts import Page
from mekong.foundation.errors import Invalid
from mekong.foundation.ids import parse_public, public
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.partners import vault
from mekong.partners.contracts import AttemptView, MessageView, WebhookView
from mekong.partners.errors import MessageNotFound, WebhookNotFound
from mekong.partners.models import Attempt, Message, MessageState, Webhook
from mekong.partners.queries.apps import app_of

MESSAGE = "msg"
WEBHOOK = "whk"


def visible(actor: Actor) -> QuerySet[Webhook]:
    """Every webhook; to an app its own alone. Raises: MayNot."""
    actor.require("webhooks.manage")
    rows = Webhook.objects.select_related("app")
    app = app_of(actor)
    return rows if app is None else rows.filter(app=app)


def find_webhook(actor: Actor, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    """Raises: MayNot, WebhookNotFound."""
    rows = visible(actor)
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(uid=webhook_id).first()
    if row is None:
        raise WebhookNotFound(key=public(WEBHOOK, webhook_id))
    return row


def secrets_of(row: Webhook, now: datetime) -> list[tuple[str, datetime | None]]:
    """Secrets that sign now, newest first, each with its end (None: it stays)."""
    kept = [
        (str(each["secret"]), datetime.fromisoformat(each["until"]) if each["until"] else None)
        for each in json.loads(vault.unseal(row.sealed_secrets))
    ]
    return [(secret, until) for secret, until in kept if until is None or until > now]


def webhook_views(rows: Collection[Webhook], now: datetime) -> list[WebhookView]:
    """One statement, however many."""
    counts: dict[int, Any] = {
        each["webhook_id"]: each
        for each in Message.objects.filter(webhook_id__in=[row.pk for row in rows])
        .values("webhook_id")
        .annotate(failed=Count("id", filter=Q(state="failed")), waiting=Count("id", filter=Q(state="waiting")))
    }
    return [_view(row, counts.get(row.pk, {}), now) for row in rows]


def _view(row: Webhook, counts: Any, now: datetime) -> WebhookView:
    secrets = secrets_of(row, now)
    return WebhookView(
        id=row.uid, url=row.url, name=row.name, event_types=tuple(row.event_types), with_person=row.with_person,
        is_active=row.is_active, disabled_reason=row.disabled_reason, failing_since=row.failing_since,
        last_delivered_at=row.last_delivered_at, app_id=row.app.uid if row.app else None,
        app_name=row.app.name if row.app else "", created_at=row.created_at, secrets=len(secrets),
        secrets_until=max((until for _, until in secrets if until is not None), default=None),
        failed=counts.get("failed", 0), waiting=counts.get("waiting", 0),
    )  # fmt: skip


def list_webhooks(*, actor: Actor, now: datetime) -> list[WebhookView]:
    """Every webhook, those switched off by the machine first; to an app its own alone. Raises: MayNot."""
    rows = sorted(visible(actor), key=lambda row: (not row.disabled_reason, row.pk))
    return webhook_views(rows, now)


def get_webhook(*, actor: Actor, webhook_id: UUID, now: datetime) -> WebhookView:
    """Raises: MayNot, WebhookNotFound."""
    return webhook_views([find_webhook(actor, webhook_id)], now)[0]


_LAST = """
    select distinct on (message_id) message_id, status, problem, took_ms from partners_attempt
     where message_id = any(%s) order by message_id, id desc
"""


def list_messages(
    *,
    actor: Actor,
    webhook_id: UUID,
    state: str = "",
    event_type: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[MessageView]:
    """What was or is to be sent to a webhook, newest first. Three statements. Raises: MayNot, WebhookNotFound, Invalid."""
    rows = Message.objects.filter(webhook=find_webhook(actor, webhook_id)).order_by("-pk")
    if state:
        if state not in MessageState.values:
            raise Invalid(field="state", problem="Choose waiting, delivered or failed.")
        rows = rows.filter(state=state)
    if event_type:
        rows = rows.filter(event_type=event_type)
    if cursor:
        (before,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    more = encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    page = found[:limit]
    with connection.cursor() as sql:
        sql.execute(_LAST, [[row.pk for row in page]])
        last = {row[0]: row[1:] for row in sql.fetchall()}
    return Page([_message_view(row, webhook_id, last.get(row.pk)) for row in page], more)


def find_message(webhook: Webhook, message_id: str) -> Message:
    uid = parse_public(MESSAGE, message_id)
    row = Message.objects.filter(webhook=webhook, uid=uid).first() if uid else None
    if row is None:
        raise MessageNotFound(key=message_id)
    return row


def get_message(*, actor: Actor, webhook_id: UUID, message_id: str) -> MessageView:
    """One message with what it said and every try. Raises: MayNot, WebhookNotFound, MessageNotFound."""
    row = find_message(find_webhook(actor, webhook_id), message_id)
    tries = list(Attempt.objects.filter(message=row).order_by("pk"))
    attempts = tuple(
        AttemptView(number, each.at, each.took_ms, each.status, each.problem, each.excerpt)
        for number, each in enumerate(tries, 1)
    )
    last = tries[-1] if tries else None
    return _message_view(row, webhook_id, (last.status, last.problem, last.took_ms) if last else None, attempts)


def _message_view(
    row: Message,
    webhook_id: UUID,
    last: tuple[int | None, str, int] | None,
    attempts: tuple[AttemptView, ...] = (),
) -> MessageView:
    status, problem, took_ms = last or (None, "", None)
    return MessageView(
        id=public(MESSAGE, row.uid), webhook_id=webhook_id, event_type=row.event_type, state=row.state, tries=row.tries,
        last_status=status, last_problem=problem, occurred_at=row.occurred_at,
        next_at=row.next_at if row.state == MessageState.WAITING else None, delivered_at=row.delivered_at,
        took_ms=took_ms, data=row.data, attempts=attempts,
    )  # fmt: skip
