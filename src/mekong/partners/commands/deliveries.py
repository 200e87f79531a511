"""What the machine does with webhooks: a fact becomes messages, a worker takes one, notes what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from mekong.foundation import audit
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.ids import new_id, public
from mekong.partners.commands.webhooks import disable
from mekong.partners.contracts import Answer, Dispatch
from mekong.partners.models import Attempt, DisabledReason, Message, MessageState, Webhook
from mekong.partners.queries import facts
from mekong.partners.queries.webhooks import MESSAGE, secrets_of
from mekong.partners.rules import webhooks as rules

LEASE = timedelta(seconds=60)
"""How long a worker has for one try; whoever dies meanwhile has it sent again by another."""
PER_WEBHOOK = 8
"""Messages on their way to one receiver at a time, by one worker: a slow one holds up no other."""
KEPT = timedelta(days=30)

_WANTING = """
    select id from partners_webhook where is_active and event_types @> %s::jsonb and created_at <= %s order by id
"""


@command
def note_fact(*, actor: Actor, event: Any, event_id: UUID, occurred_at: datetime, now: datetime) -> int:
    """Make a message for every webhook that is to hear of a fact; how many are. A repeat makes no second one.

    One statement when nobody is.
    """
    actor.require("webhooks.manage")
    with connection.cursor() as cursor:
        cursor.execute(_WANTING, [json.dumps([event.name]), occurred_at])
        wanting = [row[0] for row in cursor.fetchall()]
    if not wanting:
        return 0
    data = facts.data_of(event)
    Message.objects.bulk_create(
        [
            Message(
                uid=new_id(), webhook_id=webhook, event_id=event_id, event_type=event.name, version=event.version,
                data=data, occurred_at=occurred_at, created_at=now, next_at=occurred_at,
            )
            for webhook in wanting
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return len(wanting)


_CLAIM = """
    with busy as (select * from unnest(%s::bigint[], %s::int[]) b(webhook_id, number)),
    taken as (
        select found.id from partners_webhook w
          left join busy on busy.webhook_id = w.id
         cross join lateral (
               select m.id, m.next_at from partners_message m
                where m.webhook_id = w.id and m.state = 'waiting' and m.next_at <= %s
                  and (m.claimed_until is null or m.claimed_until <= %s)
                order by m.next_at limit greatest(0, %s - coalesce(busy.number, 0)) for update skip locked) found
         where w.is_active order by found.next_at limit %s)
    update partners_message m set claimed_until = %s, tries = tries + 1
      from taken where m.id = taken.id returning m.id
"""


@command
def claim_messages(*, actor: Actor, now: datetime, limit: int, busy: Mapping[int, int]) -> list[Dispatch]:
    """Take up to `limit` messages that are due; they are this worker's for a minute.

    Args:
        busy: messages that this worker has on their way, by webhook.
    """
    actor.require("webhooks.manage")
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [list(busy), list(busy.values()), now, now, PER_WEBHOOK, limit, now + LEASE])
        ids = [row[0] for row in cursor.fetchall()]
    rows = Message.objects.select_related("webhook").filter(pk__in=ids).order_by("next_at", "pk")
    return [_dispatch(row, now) for row in rows]


def _dispatch(row: Message, now: datetime) -> Dispatch:
    webhook = row.webhook
    said: dict[str, Any] = {
        "type": row.event_type,
        "version": row.version,
        "timestamp": row.occurred_at,
        "data": row.data,
    }
    if webhook.with_person and (person := facts.person_of(row.data)) is not None:
        said["data"] = {**row.data, "customer": person}
        if row.tries == 1:
            receiver = Actor(kind="system", ref=f"webhook:{webhook.uid}", name=webhook.name or webhook.url)
            audit.record_read(
                receiver, table="orders_salesorder", row_id=str(row.data["order_id"]), fields=sorted(person), now=now
            )
    return Dispatch(
        message_id=row.pk,
        webhook_key=webhook.pk,
        webhook_id=public(MESSAGE, row.uid),
        url=webhook.url,
        secrets=tuple(secret for secret, _ in secrets_of(webhook, now)),
        body=msgspec.json.encode(said),
    )


@command
def note_answer(*, actor: Actor, message_id: int, answer: Answer, jitter: float, now: datetime) -> None:
    """Book one try and decide what follows: delivered, another try, given up, or the webhook switched off.

    A message that is gone, or was settled meanwhile, only gets the try in its log.
    """
    actor.require("webhooks.manage")
    found = Message.objects.filter(pk=message_id).values_list("webhook_id", flat=True).first()
    if found is None:
        return
    # Parent first: switching a webhook off touches all of its messages.
    webhook = Webhook.objects.select_for_update().filter(pk=found).first()
    row = Message.objects.select_for_update().filter(pk=message_id).first()
    if webhook is None or row is None:
        return
    Attempt.objects.create(
        message=row, at=now, took_ms=answer.took_ms, status=answer.status, problem=answer.problem[:40],
        excerpt=answer.excerpt[:500],
    )  # fmt: skip
    if row.state != MessageState.WAITING:
        return
    row.claimed_until = None
    if answer.is_taken:
        row.state, row.delivered_at = MessageState.DELIVERED, now
        webhook.failing_since, webhook.last_delivered_at = None, now
    else:
        webhook.failing_since = webhook.failing_since or now
        pause = rules.pause_after(max(1, row.tries), jitter=jitter, asked_s=answer.retry_after_s)
        if pause is None or answer.status == rules.GONE:
            row.state = MessageState.FAILED
        else:
            row.next_at = now + pause
    row.save(update_fields=["state", "next_at", "claimed_until", "delivered_at"])
    webhook.save(update_fields=["failing_since", "last_delivered_at"])
    if not webhook.is_active or answer.is_taken:
        return
    if answer.status == rules.GONE:
        disable(webhook, DisabledReason.GONE, now)
    elif webhook.failing_since is not None and now - webhook.failing_since >= rules.DISABLE_AFTER:
        disable(webhook, DisabledReason.FAILING, now)


def forget_messages(*, actor: Actor = SYSTEM, now: datetime, limit: int = 5_000) -> int:
    """Drop messages older than 30 days with their tries, up to `limit`; how many."""
    actor.require("webhooks.manage")
    with connection.cursor() as cursor:
        cursor.execute(
            """with old as (delete from partners_attempt where message_id in
                   (select id from partners_message where created_at < %s order by created_at limit %s))
               select array_agg(id) from
                   (select id from partners_message where created_at < %s order by created_at limit %s) o""",
            [now - KEPT, limit, now - KEPT, limit],
        )
        ids = cursor.fetchone()[0] or []
        cursor.execute("delete from partners_message where id = any(%s)", [ids])
        return len(ids)
