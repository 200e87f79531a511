"""Outgoing webhooks: where facts are sent, what was sent, and sending it again."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.shapes import Body, Cursor, Flag, Limit, Moment, PageOf, page, public_id
from mekong.foundation import ids
from mekong.partners import commands, queries
from mekong.partners.contracts import MessageView, NewWebhook, WebhookView
from mekong.partners.events import PERMISSION_OF

router = Router(tags=["webhooks"])

EventTypes = Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=100)]
Hours = Annotated[int, Field(strict=True, ge=0, le=720)]
State = Literal["waiting", "delivered", "failed"]


class WebhookOut(Schema):
    """`disabled_reason`: null unless Mekong switched it off: `gone` (the receiver answered 410), `failing` (nothing was
    taken for five days), `app` (its app was shut out). `secrets`: how many sign; two while one takes the other's place.
    """

    id: str
    url: str
    name: str
    event_types: list[str]
    with_customer: bool
    is_active: bool
    disabled_reason: str | None
    failing_since: Moment | None
    last_delivered_at: Moment | None
    app_id: str | None
    created_at: Moment
    secrets: int
    secrets_until: Moment | None
    waiting: int
    failed: int


class NewWebhookOut(Schema):
    """`secret` checks the signatures (`whsec_…`)."""

    webhook: WebhookOut
    secret: str


class WebhookIn(Body):
    """`with_customer`: send the buyer's name, phone and address along with facts about orders; needs `customers.reveal`."""

    url: Annotated[str, Field(min_length=1, max_length=500)]
    event_types: EventTypes
    name: Annotated[str, Field(max_length=80)] = ""
    with_customer: Flag = False


class WebhookPatchIn(Body):
    """What is left out stays. `is_active` false pauses; what happens meanwhile is not sent later."""

    url: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    event_types: EventTypes | None = None
    name: Annotated[str, Field(max_length=80)] | None = None
    with_customer: Flag | None = None
    is_active: Flag | None = None


class RotateIn(Body):
    """For how long the old secret signs too."""

    overlap_hours: Hours = 24


class ResendIn(Body):
    """Everything given up whose fact is not older."""

    since: Moment


class ResentOut(Schema):
    messages: int


class AttemptOut(Schema):
    """`problem`: "" when it was taken; redirected, refused, broken, gone, no_answer, not_reached, no_such_name,
    not_allowed, bad_certificate, connection_lost. `excerpt`: the beginning of what was answered."""

    number: int
    at: Moment
    took_ms: int
    status: int | None
    problem: str
    excerpt: str


class MessageOut(Schema):
    """`id` is the header `webhook-id`, the same at every try."""

    id: str
    event_type: str
    state: State
    tries: int
    last_status: int | None
    last_problem: str
    occurred_at: Moment
    next_at: Moment | None
    delivered_at: Moment | None


class MessageDetailOut(MessageOut):
    data: dict[str, Any]
    attempts: list[AttemptOut]


class EventTypeOut(Schema):
    """`permission`: what whoever has it sent must hold at every location."""

    name: str
    permission: str


class EventTypesOut(Schema):
    items: list[EventTypeOut]


class WebhooksOut(Schema):
    items: list[WebhookOut]


def webhook_out(webhook: WebhookView) -> dict[str, Any]:
    same = {name: getattr(webhook, name) for name in WebhookOut.model_fields if hasattr(webhook, name)}
    return same | {
        "id": ids.public("whk", webhook.id),
        "event_types": list(webhook.event_types),
        "with_customer": webhook.with_person,
        "disabled_reason": webhook.disabled_reason or None,
        "app_id": ids.public("app", webhook.app_id) if webhook.app_id else None,
    }


def _new_out(made: NewWebhook) -> dict[str, Any]:
    return {"webhook": webhook_out(made.webhook), "secret": made.secret}


def message_out(message: MessageView) -> dict[str, Any]:
    return {name: getattr(message, name) for name in MessageOut.model_fields}


def _detail_out(message: MessageView) -> dict[str, Any]:
    tries = [{name: getattr(each, name) for name in AttemptOut.model_fields} for each in message.attempts]
    return {**message_out(message), "data": dict(message.data), "attempts": tries}


def _id(text: str) -> Any:
    return public_id("whk", text, "Webhook")


@router.get("/webhook-event-types", response=EventTypesOut)
def list_event_types(request: HttpRequest) -> Any:
    """The facts that can be sent."""
    authenticate(request).require("webhooks.manage")
    return {"items": [{"name": name, "permission": permission} for name, permission in PERMISSION_OF.items()]}


@router.get("/webhooks", response=WebhooksOut)
def list_webhooks(request: HttpRequest) -> Any:
    """Every webhook; an app sees its own."""
    found = queries.list_webhooks(actor=authenticate(request), now=moment(request))
    return {"items": [webhook_out(each) for each in found]}


@router.post("/webhooks", response={201: NewWebhookOut})
def create_webhook(request: HttpRequest, body: WebhookIn) -> Any:
    """Send these facts to an https address from now on. The answer has the secret that signs them."""
    made = commands.create_webhook(
        actor=authenticate(request), url=body.url, event_types=body.event_types, name=body.name,
        with_person=body.with_customer, now=moment(request),
    )  # fmt: skip
    return Status(201, _new_out(made))


@router.get("/webhooks/{webhook_id}", response=WebhookOut)
def get_webhook(request: HttpRequest, webhook_id: str) -> Any:
    return webhook_out(
        queries.get_webhook(actor=authenticate(request), webhook_id=_id(webhook_id), now=moment(request))
    )


@router.patch("/webhooks/{webhook_id}", response=WebhookOut)
def change_webhook(request: HttpRequest, webhook_id: str, body: WebhookPatchIn) -> Any:
    """Change the address or the facts, pause, or go on."""
    changed = commands.update_webhook(
        actor=authenticate(request), webhook_id=_id(webhook_id), url=body.url, event_types=body.event_types,
        name=body.name, with_person=body.with_customer, is_active=body.is_active, now=moment(request),
    )  # fmt: skip
    return webhook_out(changed)


@router.delete("/webhooks/{webhook_id}", response={204: None})
def remove_webhook(request: HttpRequest, webhook_id: str) -> Any:
    """Send nothing there any more, and forget its log."""
    commands.remove_webhook(actor=authenticate(request), webhook_id=_id(webhook_id))
    return Status(204, None)


@router.post("/webhooks/{webhook_id}/secret", response=NewWebhookOut)
def rotate_secret(request: HttpRequest, webhook_id: str, body: RotateIn) -> Any:
    """A new secret. Both sign for a while, so that no message is lost while the receiver changes over."""
    return _new_out(
        commands.rotate_secret(
            actor=authenticate(request), webhook_id=_id(webhook_id), overlap=timedelta(hours=body.overlap_hours),
            now=moment(request),
        )
    )  # fmt: skip


@router.post("/webhooks/{webhook_id}/ping", response={202: MessageDetailOut})
def send_ping(request: HttpRequest, webhook_id: str) -> Any:
    """Send a message of the type `partners.ping`."""
    sent = commands.send_ping(actor=authenticate(request), webhook_id=_id(webhook_id), now=moment(request))
    return Status(202, _detail_out(sent))


@router.post("/webhooks/{webhook_id}/resend", response={202: ResentOut})
def resend_failed(request: HttpRequest, webhook_id: str, body: ResendIn) -> Any:
    """Send again everything that was given up since a moment, under the ids it had."""
    count = commands.resend_failed(
        actor=authenticate(request), webhook_id=_id(webhook_id), since=body.since, now=moment(request)
    )
    return Status(202, {"messages": count})


@router.get("/webhooks/{webhook_id}/messages", response=PageOf[MessageOut])
def list_messages(
    request: HttpRequest,
    webhook_id: str,
    state: State | None = None,
    event_type: Annotated[str, Field(max_length=100)] = "",
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """What was or is to be sent, newest first, for 30 days."""
    found = queries.list_messages(
        actor=authenticate(request), webhook_id=_id(webhook_id), state=state or "", event_type=event_type,
        cursor=cursor, limit=limit,
    )  # fmt: skip
    return page(found, message_out)


@router.get("/webhooks/{webhook_id}/messages/{message_id}", response=MessageDetailOut)
def get_message(request: HttpRequest, webhook_id: str, message_id: str) -> Any:
    """One message with every try."""
    return _detail_out(
        queries.get_message(actor=authenticate(request), webhook_id=_id(webhook_id), message_id=message_id)
    )


@router.post("/webhooks/{webhook_id}/messages/{message_id}/resend", response={202: MessageDetailOut})
def resend_message(request: HttpRequest, webhook_id: str, message_id: str) -> Any:
    """Send one message again, whatever became of it."""
    sent = commands.resend_message(
        actor=authenticate(request), webhook_id=_id(webhook_id), message_id=message_id, now=moment(request)
    )
    return Status(202, _detail_out(sent))
