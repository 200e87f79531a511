"""Webhooks: where facts are sent, the log of it, and sending again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from mekong.faces.backoffice import partner_words as words
from mekong.faces.backoffice import sentences
from mekong.faces.backoffice.fields import Errors, read_date
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.partners import commands, queries
from mekong.partners.contracts import WebhookView
from mekong.partners.events import PERMISSION_OF, WITH_PERSON

RIGHT = "webhooks.manage"
_OVERLAP = timedelta(hours=24)
STATES = ("", "waiting", "failed", "delivered")


@page(RIGHT)
def webhooks(visit: Visit) -> HttpResponse:
    """Every webhook, those that were switched off first."""
    found = queries.list_webhooks(actor=visit.actor, now=visit.now)
    off = [each for each in found if each.disabled_reason]
    return visit.render("settings/webhooks.html", {"rows": found, "off": off, "disabled": words.DISABLED})


# --- the form ---------------------------------------------------------------------------------------------------------


@page(RIGHT, methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """A new webhook."""
    form: dict[str, Any] = {"url": "", "name": "", "events": (), "with_person": False}
    errors = Errors()
    if visit.is_post:
        form = _typed(visit)

        def work() -> str:
            made = commands.create_webhook(
                actor=visit.actor, url=form["url"], name=form["name"], event_types=form["events"],
                with_person=form["with_person"], now=visit.now,
            )  # fmt: skip
            return f"/settings/webhooks/{made.webhook.id}/"

        try:
            answer = once(visit, work)
        except MekongError as refused:
            errors.take(refused)
        else:
            visit.flash(gettext("The webhook is added. Give its secret to the receiver, then send a test."))
            return answer
    return _form(visit, form, errors, None)


@page(RIGHT, methods=("GET", "HEAD", "POST"))
def edit(visit: Visit, uid: UUID) -> HttpResponse:
    """Another address, other facts."""
    known = queries.get_webhook(actor=visit.actor, webhook_id=uid, now=visit.now)
    form: dict[str, Any] = {
        "url": known.url,
        "name": known.name,
        "events": known.event_types,
        "with_person": known.with_person,
    }
    errors = Errors()
    if visit.is_post:
        form = _typed(visit)
        try:
            commands.update_webhook(
                actor=visit.actor, webhook_id=uid, url=form["url"], name=form["name"], event_types=form["events"],
                with_person=form["with_person"], now=visit.now,
            )  # fmt: skip
        except MekongError as refused:
            errors.take(refused)
        else:
            visit.flash(gettext("Saved"))
            return visit.redirect(f"/settings/webhooks/{uid}/")
    return _form(visit, form, errors, known)


def _typed(visit: Visit) -> dict[str, Any]:
    return {
        "url": visit.posted("url", longest=600),
        "name": visit.posted("name", longest=200),
        "events": tuple(each[:100] for each in visit.request.POST.getlist("events")[:100]),
        "with_person": visit.posted("with_person", longest=5) == "on",
    }


def _form(visit: Visit, form: dict[str, Any], errors: Errors, known: WebhookView | None) -> HttpResponse:
    groups = [
        (group, [(name, word, _may_have(visit, PERMISSION_OF[name])) for name, word in events.items()])
        for group, events in words.EVENTS.items()
    ]
    context = {
        "form": form, "errors": errors, "groups": groups, "webhook": known, "may_person": _may_have(visit, WITH_PERSON),
    }  # fmt: skip
    return visit.render("settings/webhook_form.html", context, status=422 if errors else 200)


def _may_have(visit: Visit, permission: str) -> bool:
    return visit.actor.may(permission) and visit.actor.locations_for(permission) is None


# --- one webhook ------------------------------------------------------------------------------------------------------


@page(RIGHT)
def webhook(visit: Visit, uid: UUID) -> HttpResponse:
    """What is sent there, and what came of it."""
    return _show(visit, uid)


def _show(visit: Visit, uid: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
    found = queries.get_webhook(actor=visit.actor, webhook_id=uid, now=visit.now)
    state = visit.param("state")
    state = state if state in STATES else ""
    listed = queries.list_messages(
        actor=visit.actor, webhook_id=uid, state=state, cursor=visit.param("cursor") or None, limit=50
    )
    context = {
        "webhook": found, "messages": listed.items, "next_cursor": listed.next_cursor, "state": state,
        "states": words.MESSAGE_STATES, "tabs": STATES, "event_words": words.EVENT, "problems": words.PROBLEMS,
        "disabled": words.DISABLED, "week_ago": timezone.localtime(visit.now - timedelta(days=7)).date(), **more,
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "messages"
    return visit.render("settings/messages.html" if part else "settings/webhook.html", context, status=status)


@page(RIGHT)
def message(visit: Visit, uid: UUID, message: str) -> HttpResponse:
    """One message: what it says and every try."""
    found = queries.get_message(actor=visit.actor, webhook_id=uid, message_id=message)
    context = {
        "webhook": queries.get_webhook(actor=visit.actor, webhook_id=uid, now=visit.now), "message": found,
        "data": json.dumps(dict(found.data), ensure_ascii=False, indent=2), "states": words.MESSAGE_STATES,
        "event_words": words.EVENT, "problems": words.PROBLEMS,
    }  # fmt: skip
    return visit.render("settings/message.html", context)


@page(RIGHT, methods=("POST",))
def act(visit: Visit, uid: UUID) -> HttpResponse:
    """Something done to a webhook or one of its messages; refusals are said on its page."""
    chosen = visit.posted("act", longest=20)
    try:
        if chosen == "reveal":
            secret = commands.reveal_secret(actor=visit.actor, webhook_id=uid, now=visit.now)
            return _show(visit, uid, secret=secret)
        if chosen == "remove":
            commands.remove_webhook(actor=visit.actor, webhook_id=uid)
            visit.flash(gettext("The webhook is removed"))
            return visit.redirect("/settings/webhooks/")
        said = _do(visit, uid, chosen)
    except MekongError as refused:
        if refused.status == 404:
            raise
        return _show(visit, uid, status=refused.status, refused=sentences.of(refused))
    if said:
        visit.flash(said)
    back = f"/settings/webhooks/{uid}/"
    shown = visit.posted("message", longest=60)
    return visit.redirect(f"{back}messages/{shown}/" if shown and visit.posted("stay", longest=5) else back)


def _do(visit: Visit, uid: UUID, chosen: str) -> str:
    known: dict[str, Any] = {"actor": visit.actor, "webhook_id": uid, "now": visit.now}
    if chosen == "ping":
        commands.send_ping(**known)
        return gettext("A test is on its way; the log says what came of it")
    if chosen in ("pause", "resume"):
        commands.update_webhook(**known, is_active=chosen == "resume")
        return gettext("The webhook is on") if chosen == "resume" else gettext("The webhook is paused")
    if chosen == "rotate":
        hours = visit.posted("hours", longest=4)
        overlap = timedelta(hours=int(hours)) if hours.isascii() and hours.isdigit() else _OVERLAP
        commands.rotate_secret(**known, overlap=overlap)
        return gettext("There is a new secret. Show it, and give it to the receiver.")
    if chosen == "resend":
        commands.resend_message(**known, message_id=visit.posted("message", longest=60))
        return gettext("Being sent again")
    if chosen == "resend-failed":
        n = commands.resend_failed(**known, since=_since(visit))
        return ngettext("{n} message is being sent again", "{n} messages are being sent again", n).format(n=num(n))
    return ""


def _since(visit: Visit) -> datetime:
    day = read_date(Errors(), "since", visit.posted("since", longest=10))
    return timezone.make_aware(datetime(day.year, day.month, day.day)) if day else visit.now - timedelta(days=7)  # noqa: DTZ001 - made aware here
