"""One's own account: second factors, browsers where one is signed in, and proving once more who one is."""

from __future__ import annotations

from uuid import UUID

import segno
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters

from mekong.faces.backoffice import sentences
from mekong.faces.backoffice.views.entering import site
from mekong.faces.backoffice.visit import Visit, page, render_apart, safe_next
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Conflict, Invalid, LockedOut, MekongError, PasskeyRefused
from mekong.foundation.permissions import ROLES
from mekong.foundation.queries import get_person
from mekong.foundation.security import factors, passkeys, sessions
from mekong.inventory import queries as inventory

_MAKE, _CONFIRM = "mekong_passkey_new", "mekong_passkey_confirm"


@page()
def account(visit: Visit) -> HttpResponse:
    """Who one is here, how one signs in, and where one is signed in."""
    return _show(visit)


def _show(visit: Visit, *, status: int = 200, **more: object) -> HttpResponse:
    person = get_person(actor=visit.actor, person_id=visit.person.uid)
    places = {place.id: place.name for place in inventory.list_locations(actor=SYSTEM)}
    context = {
        "roles": [
            (ROLES[held.role].label(visit.language), [places.get(each, "–") for each in held.location_ids])
            for held in person.roles
            if held.role in ROLES
        ],
        "factors": factors.of(visit.person),
        "sessions": sessions.list_sessions(
            actor=visit.actor, person=visit.person, now=visit.now, this=visit.session_id
        ),
        "can_passkey": site(visit.request).can,
        **more,
    }
    return visit.render("account/account.html", context, status=status)


# --- the app ----------------------------------------------------------------------------------------------------------


@page(methods=("POST",), confirmed=True)
def begin_app(visit: Visit) -> HttpResponse:
    """Make a secret for an app, then show it."""
    factors.begin_app(actor=visit.actor, person=visit.person)
    return visit.redirect("/account/app/")


@sensitive_post_parameters("code")
@page(methods=("GET", "HEAD", "POST"), confirmed=True)
def app(visit: Visit) -> HttpResponse:
    """The secret as a QR code, and the first code of the app. Recovery codes follow, when there are none."""
    address = factors.waiting_app(visit.person)
    if address is None:
        return visit.redirect("/account/")
    message, status = "", 200
    if visit.is_post:
        try:
            done = factors.confirm_app(
                actor=visit.actor, person=visit.person, code=visit.posted("code", longest=20), now=visit.now
            )
        except LockedOut as refused:
            message, status = _too_many(refused), refused.status
        else:
            if done:
                return _codes(visit) if not factors.of(visit.person).recovery_left else visit.redirect("/account/")
            message, status = (
                gettext("This code is wrong. Check the phone’s clock, and type the code it shows now."),
                422,
            )
    secret = address.partition("secret=")[2].partition("&")[0]
    context = {
        "qr": segno.make(address, error="m", micro=False).svg_inline(scale=4, border=3, dark="#000", light="#fff"),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "message": message,
    }
    return visit.render("account/app.html", context, status=status)


def _too_many(refused: LockedOut) -> str:
    return gettext("Too many wrong codes. Wait {minutes} minutes and try again.").format(
        minutes=refused.params["minutes"]
    )


@page(methods=("POST",), confirmed=True)
def remove_app(visit: Visit) -> HttpResponse:
    try:
        factors.remove_app(actor=visit.actor, person=visit.person)
    except Conflict as refused:
        return _show(visit, status=refused.status, refused=sentences.of(refused))
    visit.flash(gettext("The app no longer opens this account. Remove it there too."))
    return visit.redirect("/account/")


@page(methods=("POST",), confirmed=True)
def codes(visit: Visit) -> HttpResponse:
    """Fresh recovery codes, shown once; those before are dead."""
    return _codes(visit)


def _codes(visit: Visit) -> HttpResponse:
    made = factors.make_codes(actor=visit.actor, person=visit.person, now=visit.now)
    return visit.render("account/codes.html", {"codes": made, "text": "\n".join(made)})


# --- passkeys ---------------------------------------------------------------------------------------------------------


@page(methods=("POST",), confirmed=True)
def passkey_options(visit: Visit) -> HttpResponse:
    """What the browser is asked to make."""
    options, state = passkeys.begin_registration(person=visit.person, site=site(visit.request))
    visit.request.session[_MAKE] = state
    return JsonResponse(options)


@page(methods=("POST",), confirmed=True)
def passkey_new(visit: Visit) -> HttpResponse:
    """Keep what the browser has made; `?name=` is what to call it. Refusals carry a sentence in `message`."""
    state = visit.request.session.pop(_MAKE, None)
    try:
        if state is None:
            raise PasskeyRefused(field="passkey", reason="no challenge")
        made = passkeys.register(
            actor=visit.actor, person=visit.person, site=site(visit.request), state=state,
            answer=passkeys.read(visit.request.body), name=visit.param("name") or gettext("Passkey"), now=visit.now,
        )  # fmt: skip
    except MekongError as refused:
        return JsonResponse({"message": sentences.without_field(refused), "code": refused.code}, status=refused.status)
    visit.flash(gettext("“{name}” opens this account from now on.").format(name=made.name))
    return JsonResponse({"to": "/account/"})


@page(methods=("POST",), confirmed=True)
def passkey_act(visit: Visit, key: UUID) -> HttpResponse:
    """Rename a passkey, or remove it."""
    try:
        if visit.posted("act") == "remove":
            passkeys.remove(actor=visit.actor, person=visit.person, key_id=key)
            visit.flash(gettext("The passkey no longer opens this account."))
        else:
            passkeys.rename(actor=visit.actor, person=visit.person, key_id=key, name=visit.posted("name", longest=100))
    except (Conflict, Invalid) as refused:
        return _show(visit, status=refused.status, refused=sentences.without_field(refused))
    return visit.redirect("/account/")


# --- sessions ---------------------------------------------------------------------------------------------------------


@page(methods=("POST",))
def end_sessions(visit: Visit) -> HttpResponse:
    """End one session (`session`), or all but this one."""
    wanted = visit.posted("session", longest=40)
    if wanted:
        try:
            uid = UUID(wanted)
        except ValueError:
            return visit.redirect("/account/")
        sessions.end_session(actor=visit.actor, session_id=uid, now=visit.now)
        visit.flash(gettext("The session is ended."))
    else:
        sessions.end_others(actor=visit.actor, person=visit.person, keep=visit.session_id, now=visit.now)
        visit.flash(gettext("Every other session is ended."))
    return visit.redirect("/account/")


# --- once more --------------------------------------------------------------------------------------------------------


@sensitive_post_parameters("code", "password")
@page(methods=("GET", "HEAD", "POST"))
def confirm(visit: Visit) -> HttpResponse:
    """Prove who one is before something sensitive: by the second factor, or by the password where there is none."""
    after = safe_next(visit.request, visit.request.POST.get("next") or visit.request.GET.get("next", ""))
    held = factors.of(visit.person)
    message, status = "", 200
    if visit.is_post:
        message, status = _proved(visit, has_app=held.has_app, has_any=held.any)
        if not message and visit.session_id is not None:
            sessions.confirmed(visit.session_id, now=visit.now)
            return visit.redirect(after)
    context = {
        "factors": held, "next": after, "message": message, "can_passkey": site(visit.request).can,
        "email": visit.person.email, "has_ended": visit.param("ended") == "1" and not message,
    }  # fmt: skip
    return render_apart(visit.request, "confirm.html", context, status=status)


def _proved(visit: Visit, *, has_app: bool, has_any: bool) -> tuple[str, int]:
    """What is wrong with the proof, and the status; ("", 200) when nothing is."""
    if has_app or has_any:
        try:
            code = visit.posted("code", longest=40)
            taken = factors.take_code(actor=visit.actor, person=visit.person, code=code, now=visit.now)
        except LockedOut as refused:
            return _too_many(refused), refused.status
        return ("", 200) if taken else (gettext("This code is wrong or was used already."), 422)
    try:
        right = factors.password_is_right(
            actor=visit.actor, person=visit.person, password=visit.request.POST.get("password", ""), now=visit.now
        )
    except LockedOut as refused:
        return gettext("Too many wrong tries. Wait {minutes} minutes.").format(
            minutes=refused.params["minutes"]
        ), refused.status
    return ("", 200) if right else (gettext("This is not the password you signed in with. Type it again."), 422)


@page(methods=("POST",))
def confirm_options(visit: Visit) -> HttpResponse:
    options, state = passkeys.begin_proof(site=site(visit.request), person=visit.person)
    visit.request.session[_CONFIRM] = state
    return JsonResponse(options)


@page(methods=("POST",))
def confirm_passkey(visit: Visit) -> HttpResponse:
    """Prove it with a passkey. Refusals carry a sentence in `message`."""
    state = visit.request.session.pop(_CONFIRM, None)
    try:
        if state is None:
            raise PasskeyRefused(field="passkey", reason="no challenge")
        who = passkeys.prove(
            actor=visit.actor, site=site(visit.request), state=state, answer=passkeys.read(visit.request.body),
            person=visit.person, now=visit.now,
        )  # fmt: skip
        if who is None or visit.session_id is None:
            raise PasskeyRefused(field="passkey", reason="counter")
    except MekongError as refused:
        return JsonResponse({"message": sentences.without_field(refused), "code": refused.code}, status=refused.status)
    sessions.confirmed(visit.session_id, now=visit.now)
    return JsonResponse({"to": safe_next(visit.request, visit.request.GET.get("next", ""))})
