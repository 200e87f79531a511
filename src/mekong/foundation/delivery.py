"""Hands published events to their subscribers: at least once, in order per subscriber and key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from mekong.foundation import events

log = structlog.get_logger(__name__)

PARKED_AFTER = 20
"""Attempts after which a delivery waits for a person (`mekong doctor` names it); 20 attempts span about a day."""

_CLAIM = """
    select d.id, d.attempts, e.id, e.name, e.key, e.payload, e.actor, e.occurred_at
      from foundation_delivery d join foundation_outboxevent e on e.id = d.event_id
     where d.subscriber = %s and d.next_at <= %s
       and not exists (select 1 from foundation_delivery earlier
                        where earlier.subscriber = d.subscriber and earlier.key = d.key
                          and earlier.id < d.id and earlier.next_at > %s)
     order by d.id limit %s
"""


@dataclass(frozen=True)
class Backlog:
    """Deliveries not made yet. `parked`: those among them that wait for a person. `oldest_s`: the age of the oldest
    event that a subscriber has not heard."""

    waiting: int
    parked: int
    oldest_s: float


def deliver_due(*, now: datetime, limit: int = 200) -> int:
    """Deliver what is due, up to `limit` for each subscriber; returns how many deliveries were settled.

    One process at a time serves a subscriber (an advisory lock), which is what keeps the order of a key. A handler
    that raises leaves its delivery for later, and with it the later ones of the same key.
    """
    with connection.cursor() as cursor:
        cursor.execute("select distinct subscriber from foundation_delivery where next_at <= %s", [now])
        subscribers = [row[0] for row in cursor.fetchall()]
    return sum(_deliver_to(subscriber, now, limit) for subscriber in subscribers)


def backlog(*, now: datetime) -> Backlog:
    """What subscribers have not heard yet. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select count(*), count(*) filter (where d.attempts >= %s), min(e.occurred_at)
                 from foundation_delivery d join foundation_outboxevent e on e.id = d.event_id""",
            [PARKED_AFTER],
        )
        waiting, parked, oldest = cursor.fetchone()
    return Backlog(waiting, parked, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)


def _deliver_to(subscriber: str, now: datetime, limit: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 7))", [f"delivery:{subscriber}"])
        row = cursor.fetchone()
        if not row or not row[0]:
            return 0
        cursor.execute(_CLAIM, [subscriber, now, now, limit])
        done: list[int] = []
        stuck: set[str] = set()
        for delivery, attempts, event_id, name, key, payload, actor, occurred_at in cursor.fetchall():
            if key in stuck:
                continue
            heard = events.Heard(event_id=event_id, key=key, actor=actor, occurred_at=occurred_at)
            subscription = events.subscription(subscriber, name)
            try:
                if subscription is not None:
                    with transaction.atomic():
                        subscription.handler(events.decode(subscription, _loaded(payload)), heard)
                done.append(delivery)
            except Exception as failure:  # noqa: BLE001 - any failure of a subscriber is its own: record it and go on with others
                stuck.add(key)
                _postpone(delivery, attempts + 1, now, failure)
                log.warning("delivery_failed", subscriber=subscriber, event_name=name, key=key, error=repr(failure))
        if done:
            cursor.execute("delete from foundation_delivery where id = any(%s)", [done])
        return len(done)


def _loaded(payload: object) -> object:
    return json.loads(payload) if isinstance(payload, str | bytes) else payload


def _postpone(delivery: int, attempts: int, now: datetime, failure: Exception) -> None:
    wait = timedelta(seconds=min(2**attempts, 7200)) if attempts < PARKED_AFTER else timedelta(days=3650)
    with connection.cursor() as cursor:
        cursor.execute(
            "update foundation_delivery set attempts = %s, next_at = %s, error = %s where id = %s",
            [attempts, now + wait, f"{type(failure).__name__}: {failure}"[:500], delivery],
        )
