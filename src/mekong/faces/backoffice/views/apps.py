"""Partner apps: what each may do, its keys, what it called."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from mekong.faces.backoffice import sentences
from mekong.faces.backoffice.fields import Errors, read_date, read_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.foundation.permissions import PERMISSIONS
from mekong.partners import commands, queries
from mekong.partners.contracts import AppView, NewKey

RIGHT = "tokens.manage"
_FRESH = "fresh_key"
_SHOWN_FOR = timedelta(minutes=5)
_OVERLAP = timedelta(hours=24)


@page(RIGHT)
def apps(visit: Visit) -> HttpResponse:
    """Every app, newest first."""
    found = queries.list_apps(actor=visit.actor, now=visit.now, cursor=visit.param("cursor") or None)
    return visit.render("settings/apps.html", {"rows": found.items, "next_cursor": found.next_cursor})


# --- the form ---------------------------------------------------------------------------------------------------------


@page(RIGHT, methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """A new app."""
    form: dict[str, Any] = {"name": "", "contact": "", "scopes": (), "per_minute": "600", "burst": "100"}
    errors = Errors()
    if visit.is_post:
        form = _typed(visit)
        per_minute, burst = _limits(errors, form)

        def work() -> str:
            made = commands.create_app(
                actor=visit.actor, name=form["name"], contact=form["contact"], scopes=form["scopes"],
                per_minute=per_minute, burst=burst, now=visit.now,
            )  # fmt: skip
            return f"/settings/apps/{made.id}/"

        if not errors:
            try:
                answer = once(visit, work)
            except MekongError as refused:
                errors.take(refused)
            else:
                visit.flash(gettext("The app is added. Make a key for it next."))
                return answer
    return _form(visit, form, errors, None)


@page(RIGHT, methods=("GET", "HEAD", "POST"))
def edit(visit: Visit, uid: UUID) -> HttpResponse:
    """Another name, other rights, another limit."""
    known = queries.get_app(actor=visit.actor, app_id=uid, now=visit.now).app
    form: dict[str, Any] = {
        "name": known.name, "contact": known.contact, "scopes": known.scopes, "per_minute": str(known.per_minute),
        "burst": str(known.burst),
    }  # fmt: skip
    errors = Errors()
    if visit.is_post:
        form = _typed(visit)
        per_minute, burst = _limits(errors, form)
        if not errors:
            try:
                commands.update_app(
                    actor=visit.actor, app_id=uid, name=form["name"], contact=form["contact"], scopes=form["scopes"],
                    per_minute=per_minute, burst=burst, now=visit.now,
                )  # fmt: skip
            except MekongError as refused:
                errors.take(refused)
            else:
                visit.flash(gettext("Saved"))
                return visit.redirect(f"/settings/apps/{uid}/")
    return _form(visit, form, errors, known)


def _typed(visit: Visit) -> dict[str, Any]:
    return {
        "name": visit.posted("name", longest=200),
        "contact": visit.posted("contact", longest=300),
        "scopes": tuple(each[:60] for each in visit.request.POST.getlist("scopes")[:100]),
        "per_minute": visit.posted("per_minute", longest=20),
        "burst": visit.posted("burst", longest=20),
    }


def _limits(errors: Errors, form: dict[str, Any]) -> tuple[int, int]:
    return (
        read_number(errors, "per_minute", form["per_minute"], least=1, most=60_000),
        read_number(errors, "burst", form["burst"], least=1, most=10_000),
    )


def _form(visit: Visit, form: dict[str, Any], errors: Errors, known: AppView | None) -> HttpResponse:
    rights = [
        (
            each.name,
            each.label(visit.language),
            _may_give(visit, each.name) or (known is not None and each.name in known.scopes),
        )
        for each in PERMISSIONS.values()
    ]
    context = {"form": form, "errors": errors, "rights": rights, "app": known}
    return visit.render("settings/app_form.html", context, status=422 if errors else 200)


def _may_give(visit: Visit, permission: str) -> bool:
    return visit.actor.may(permission) and visit.actor.locations_for(permission) is None


# --- one app ----------------------------------------------------------------------------------------------------------


@page(RIGHT)
def app(visit: Visit, uid: UUID) -> HttpResponse:
    """Keys, calls, rights."""
    return _show(visit, uid)


def _show(visit: Visit, uid: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
    found = queries.get_app(actor=visit.actor, app_id=uid, now=visit.now)
    most = max((day.calls for day in found.days), default=0)
    context = {
        "app": found.app, "keys": found.keys, "days": [(datetime.fromisoformat(day.day).date(), day) for day in found.days],
        "most": most, "rights": [PERMISSIONS[each].label(visit.language) for each in found.app.scopes if each in PERMISSIONS],
        "may_audit": visit.actor.may("audit.view"), "fresh": _fresh_key(visit, uid), "form": {}, "errors": Errors(), **more,
    }  # fmt: skip
    return visit.render("settings/app.html", context, status=status)


@page(RIGHT, methods=("POST",))
def act(visit: Visit, uid: UUID) -> HttpResponse:
    """Something done to an app or one of its keys."""
    chosen, back = visit.posted("act", longest=20), f"/settings/apps/{uid}/"
    errors = Errors()
    try:
        if chosen == "key":
            expires_at = _expiry(visit, errors)
            if not errors:
                return _make_key(visit, uid, expires_at)
        elif chosen == "hide":
            visit.request.session.pop(_FRESH, None)
            return visit.redirect(back)
        else:
            _do(visit, uid, chosen)
            return visit.redirect(back)
    except MekongError as refused:
        if refused.status == 404:
            raise
        if chosen == "key":
            errors.take(refused)
        else:
            return _show(visit, uid, status=refused.status, refused=sentences.of(refused))
    form = {name: visit.posted(name, longest=60) for name in ("label", "expires")}
    return _show(visit, uid, status=422, errors=errors, form=form)


def _make_key(visit: Visit, uid: UUID, expires_at: datetime | None) -> HttpResponse:
    def work() -> str:
        made = commands.create_key(
            actor=visit.actor, app_id=uid, label=visit.posted("label", longest=60), expires_at=expires_at,
            now=visit.now,
        )  # fmt: skip
        _keep_key(visit, uid, made)
        return f"/settings/apps/{uid}/"

    return once(visit, work)


def _do(visit: Visit, uid: UUID, chosen: str) -> None:
    known: dict[str, Any] = {"actor": visit.actor, "app_id": uid, "now": visit.now}
    token = visit.posted("key", longest=40)
    if chosen == "shut-out":
        commands.revoke_app(**known)
        visit.flash(gettext("The app is shut out; its keys end within five seconds"))
        return
    try:
        token_id = UUID(token)
    except ValueError:
        return
    if chosen == "rotate":
        made = commands.rotate_key(**known, token_id=token_id, overlap=_OVERLAP)
        _keep_key(visit, uid, made)
        visit.flash(gettext("There is a new key; the old one ends in 24 hours"))
    if chosen == "revoke":
        commands.revoke_key(**known, token_id=token_id)
        visit.flash(gettext("The key ends within five seconds"))


def _expiry(visit: Visit, errors: Errors) -> datetime | None:
    day = read_date(errors, "expires", visit.posted("expires", longest=10))
    return timezone.make_aware(datetime.combine(day, time.max)) if day else None


# --- the key that was just made ---------------------------------------------------------------------------------------


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def _keep_key(visit: Visit, uid: UUID, made: NewKey) -> None:
    """For five minutes on this browser, sealed: a double click or a reload must not lose what is shown once."""
    sealed = _box().encrypt_at_time(made.text.encode(), int(visit.now.timestamp())).decode()
    visit.request.session[_FRESH] = {"app": str(uid), "label": made.key.label, "sealed": sealed}


def _fresh_key(visit: Visit, uid: UUID) -> dict[str, str] | None:
    kept = visit.request.session.get(_FRESH)
    if not kept or kept.get("app") != str(uid):
        return None
    try:
        text = _box().decrypt(kept["sealed"].encode(), ttl=int(_SHOWN_FOR.total_seconds())).decode()
    except InvalidToken:
        visit.request.session.pop(_FRESH, None)
        return None
    return {"label": kept["label"], "text": text}
