"""Queues of events: an app owns them, sellers subscribe, whoever the app lets act pulls (protocol notes, section 6)."""

from __future__ import annotations

import uuid
from typing import Any, Literal

import msgspec

from mekong_sandbox.tiki.events import TYPES
from mekong_sandbox.tiki.gate import Answer, Call, Refused
from mekong_sandbox.tiki.model import Event, Queue, Subscription


class QueueBody(msgspec.Struct):
    name: str = ""
    status: Literal["", "ACTIVE", "INACTIVE"] = ""


class SubscriptionBody(msgspec.Struct):
    event_type: str = ""
    active: bool = True


class PullBody(msgspec.Struct):
    ack_id: str | None = None


def _own(call: Call) -> Queue:
    """The queue named in the path, when it is the app's. Raises: Refused."""
    queue = call.market.queues.get(call.parts["queue"])
    if queue is None or queue.app_key != call.app.app_key:
        raise Refused("queue not found", 404)
    return queue


def _row(queue: Queue) -> dict[str, Any]:
    return {"code": queue.code, "name": queue.name, "status": queue.status}


def create(call: Call) -> Answer:
    """A new queue of the app."""
    name = call.body(QueueBody).name.strip()
    if not name:
        raise Refused("name is required")
    queue = Queue(str(uuid.uuid4()), name, call.app.app_key)
    call.market.save_queue(queue)
    return _row(queue)


def list_queues(call: Call) -> Answer:
    """The queues of the app."""
    return [_row(queue) for queue in call.market.queues.values() if queue.app_key == call.app.app_key]


def change(call: Call) -> Answer:
    """Another name, or whether it takes events."""
    queue, body = _own(call), call.body(QueueBody)
    queue.name, queue.status = body.name or queue.name, body.status or queue.status
    call.market.save_queue(queue)
    return _row(queue)


def delete(call: Call) -> Answer:
    """No such queue any more, nor what waits in it."""
    queue = _own(call)
    call.market.delete_queue(queue)
    return _row(queue)


def _wish_row(call: Call, wish: Subscription) -> dict[str, Any]:
    return {"code": wish.code, "active": wish.is_active, "event_type": wish.event_type, "sid": call.seller.sid}


def _wishes(call: Call, queue: Queue) -> list[Subscription]:
    mine = (queue.code, call.seller.seller_id)
    return [one for one in call.market.subscriptions.values() if (one.queue, one.seller_id) == mine]


def subscribe(call: Call) -> Answer:
    """The seller's events of a type go to the queue from now on; asked twice it stays one subscription."""
    queue, kind = _own(call), call.body(SubscriptionBody).event_type
    if kind not in TYPES:
        raise Refused("event_type is invalid")
    wish = next((one for one in _wishes(call, queue) if one.event_type == kind), None)
    if wish is None:
        wish = Subscription(str(uuid.uuid4()), queue.code, call.seller.seller_id, kind)
    wish.is_active = True
    call.market.save_subscription(wish)
    return _wish_row(call, wish)


def subscriptions(call: Call) -> Answer:
    """What the seller subscribed to."""
    return [_wish_row(call, wish) for wish in _wishes(call, _own(call))]


def switch(call: Call) -> Answer:
    """Rest or resume a subscription."""
    wish = next((one for one in _wishes(call, _own(call)) if one.code == call.parts["code"]), None)
    if wish is None:
        raise Refused("subscription not found", 404)
    wish.is_active = call.body(SubscriptionBody).active
    call.market.save_subscription(wish)
    return _wish_row(call, wish)


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "sid": event.sid,
        "created_at": int(event.created_at * 1000),
        "payload": event.payload,
        "type": event.type,
        "version": event.version,
    }


def pull(call: Call) -> Answer:
    """Acknowledge a batch and get the next; without its `ack_id` the same batch again."""
    queue = _own(call)
    batch = call.market.events.pull(queue, call.body(PullBody).ack_id or "")
    return {"events": [_event_row(event) for event in batch], "ack_id": queue.ack_id}
