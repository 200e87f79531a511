"""Typed facts. A command publishes them in its transaction; subscribers hear of them at least once, in order per key.

An event is a frozen dataclass with a `name` (`orders.order_cancelled`) and a `version`; it holds ids and facts of that
moment, never rows. `emit` writes one row for the event and one delivery for each subscriber, in the transaction that
made the fact; `mekong.foundation.delivery` hands them over. A published event keeps its meaning: change it by a new
version.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

import msgspec

from mekong.foundation.actor import Actor
from mekong.foundation.arrays import bigints, texts, uuids
from mekong.foundation.ids import new_id
from mekong.foundation.pipeline import server_cursor


class Event(Protocol):
    name: ClassVar[str]
    version: ClassVar[int]


E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Heard:
    """What a subscriber is told beside the event. `event_id` is the same at every repeat."""

    event_id: UUID
    key: str
    actor: str
    occurred_at: datetime


Handler = Callable[[Any, Heard], None]


@dataclass(frozen=True)
class Subscription:
    subscriber: str
    event: type[Any]
    handler: Handler


_by_event: dict[str, list[Subscription]] = {}
_by_subscriber: dict[tuple[str, str], Subscription] = {}
_conditions: dict[str, str] = {}


def subscribe(
    event: type[E], subscriber: str, *, heard_if: str = ""
) -> Callable[[Callable[[E, Heard], None]], Callable[[E, Heard], None]]:
    """Register a handler under a stable name (`channels.tell_cancelled`): events not delivered yet wait under it.

    Args:
        heard_if: an SQL condition over `d.name`, the event's name, the same for all of a subscriber's events. It is asked
            in the transaction that publishes, so that nobody waits for what nobody wants: a fact for which it is false
            is not delivered, not even later.
    """
    if heard_if:
        _conditions[subscriber] = heard_if

    def register(handler: Callable[[E, Heard], None]) -> Callable[[E, Heard], None]:
        subscription = Subscription(subscriber, event, handler)
        if (subscriber, event.name) not in _by_subscriber:
            _by_event.setdefault(event.name, []).append(subscription)
        _by_subscriber[subscriber, event.name] = subscription
        return handler

    return register


def subscription(subscriber: str, event_name: str) -> Subscription | None:
    return _by_subscriber.get((subscriber, event_name))


def decode(subscription: Subscription, payload: Any) -> Any:
    return msgspec.convert(payload, subscription.event, strict=False)


_INSERT = """
    with event as (
        insert into foundation_outboxevent (id, name, version, key, payload, actor, occurred_at)
        select id, name, version, key, payload::jsonb, %s, %s::timestamptz
          from unnest(%s::uuid[], %s::text[], %s::bigint[], %s::text[], %s::text[]) e(id, name, version, key, payload)
    )
    , delivery as (
        insert into foundation_delivery (event_id, subscriber, key, attempts, next_at, error)
        select event_id, subscriber, key, 0, %s::timestamptz, ''
          from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) d(event_id, name, subscriber, key)
         where true {only}
        returning 1
    )
    select pg_notify('mekong_events', '') from delivery limit 1
"""


def _insert() -> str:
    only = "".join(f" and (d.subscriber <> '{name}' or {condition})" for name, condition in sorted(_conditions.items()))
    return _INSERT.replace("{only}", only)


def emit(actor: Actor, event: Event, *, key: object, now: datetime | None = None) -> None:
    """Publish one fact in the current transaction. Events with one `key` are delivered in order."""
    emit_many(actor, [(event, key)], now=now)


def emit_many(
    actor: Actor, events: Sequence[tuple[Event, object]], *, now: datetime | None = None, cursor: Any = None
) -> None:
    """Publish many facts with one statement, on the cursor of a batch where one is given."""
    if not events:
        return
    if cursor is None:
        with server_cursor() as cursor:
            emit_many(actor, events, now=now, cursor=cursor)
        return
    cursor.execute(_insert(), _columns(actor, events, now or datetime.now(UTC)))


def _columns(actor: Actor, events: Sequence[tuple[Event, object]], now: datetime) -> tuple[Any, ...]:
    ids, names, versions, keys, payloads = [], [], [], [], []
    event_ids, event_names, subscribers, delivery_keys = [], [], [], []
    for event, key in events:
        event_id, text = str(new_id()), str(key)
        ids.append(event_id)
        names.append(event.name)
        versions.append(event.version)
        keys.append(text)
        payloads.append(msgspec.json.encode(event).decode())
        for each in _by_event.get(event.name, ()):
            event_ids.append(event_id)
            event_names.append(event.name)
            subscribers.append(each.subscriber)
            delivery_keys.append(text)
    return (
        actor.ref, now, uuids(ids), texts(names), bigints(versions), texts(keys), texts(payloads),
        now, uuids(event_ids), texts(event_names), texts(subscribers), texts(delivery_keys),
    )  # fmt: skip
