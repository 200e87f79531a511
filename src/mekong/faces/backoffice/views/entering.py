"""Ways in and out: password, second step, passkeys, links to choose a password, and the demo's own door."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mekong.faces.backoffice import demo_door, marks, sentences
from mekong.faces.backoffice.visit import Visit, page, render_apart, safe_next
from mekong.foundation import access, commands, ids
from mekong.foundation.actor import SYSTEM
from mekong.foundation.door import shut_out
from mekong.foundation.errors import BadCredentials, Invalid, LockedOut, MekongError, PasskeyRefused, WrongCode
from mekong.foundation.models import Person
from mekong.foundation.security import factors, invitations, passkeys
from mekong.foundation.security.passkeys import Site

WHY: dict[str, str | Promise] = {
    "idle": _("Signed out after a long time without use. Sign in to go on where you were."),
    "absolute": _("A session has a longest time, and this one has reached it. Sign in to go on."),
    "ended": _("This session was ended from another browser or by a manager. Sign in to go on."),
    "password": _("The password was changed, which ended this session. Sign in with the new one."),
    "roles": _("The roles of this account were changed, which ended this session. Sign in to go on."),
    "staff.outside_rules": _("Your role does not open from this network or at this hour. The owner can change that."),
}
"""What the sign-in page says to somebody who was sent there."""
_STATE = "mekong_passkey"


def site(request: HttpRequest) -> Site:
    """Where the browser is, as the request says; the host was checked against the setting `allowed_hosts`."""
    return Site(f"{request.scheme}://{request.get_host()}")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """E-mail and password. A wrong one is said, and how long to wait when there were too many."""
    after = safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST":
        if isinstance(request.user, Person):
            return HttpResponseRedirect(after)
        why = request.GET.get("why", "")
        out = shut_out(request)
        return _door(request, after, notice=str(WHY.get(out.code if out else why, "")))
    email = request.POST.get("email", "")[:254]
    now = timezone.now()
    try:
        access.sign_in(request, email, request.POST.get("password", ""), now=now)
    except MekongError as refused:
        return _door(request, after, email, sentences.of(refused), refused.status)
    if access.second_step(request, now=now) is not None:
        return HttpResponseRedirect(f"/sign-in/second/?{urlencode({'next': after})}")
    return HttpResponseRedirect(after)


def _door(
    request: HttpRequest, after: str, email: str = "", message: str = "", status: int = 200, *, notice: str = ""
) -> HttpResponse:
    mouths = [
        (marks.LETTERS[kind], marks.HUES[kind]) for kind in ("store", "web", "shopee", "lazada", "tiki", "tiktok")
    ]
    context = {
        "next": after, "email": email, "message": message, "mouths": mouths, "notice": notice,
        "has_ended": request.GET.get("ended") == "1" and not message,
        "can_passkey": site(request).can, "demo_people": demo_door.people(),
    }  # fmt: skip
    return render_apart(request, "sign_in.html", context, status=status)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second(request: HttpRequest) -> HttpResponse:
    """The second step: a code of the app, a recovery code, or a passkey."""
    now = timezone.now()
    after = safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    person = access.second_step(request, now=now)
    if person is None:
        return HttpResponseRedirect(
            "/" if isinstance(request.user, Person) else f"/sign-in/?{urlencode({'next': after})}"
        )
    if request.method != "POST":
        return _second(request, person, after)
    code = request.POST.get("code", "")[:40]
    try:
        way = factors.require_right(
            factors.take_code(actor=invitations.as_actor(person), person=person, code=code, now=now)
        )
        access.enter(request, person, way=way, now=now)
    except LockedOut as refused:
        message = gettext("Too many wrong codes. Wait {minutes} minutes and try again.")
        return _second(request, person, after, message.format(minutes=refused.params["minutes"]), refused.status)
    except WrongCode as refused:
        return _second(request, person, after, sentences.without_field(refused), refused.status)
    except MekongError as refused:
        return _second(request, person, after, sentences.of(refused), refused.status)
    if way == "recovery":
        return HttpResponseRedirect("/account/")
    return HttpResponseRedirect(after)


def _second(request: HttpRequest, person: Person, after: str, message: str = "", status: int = 200) -> HttpResponse:
    context = {
        "factors": factors.of(person), "next": after, "message": message, "can_passkey": site(request).can,
    }  # fmt: skip
    return render_apart(request, "second.html", context, status=status)


@never_cache
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What the browser is to sign: for the person of the second step, else for whoever holds a passkey of ours."""
    person = access.second_step(request, now=timezone.now())
    options, state = passkeys.begin_proof(site=site(request), person=person)
    request.session[_STATE] = state
    return JsonResponse(options)


@never_cache
@require_POST
def passkey(request: HttpRequest) -> HttpResponse:
    """Sign in with the passkey that signed. Refusals carry a sentence in `message`."""
    now = timezone.now()
    after = safe_next(request, request.GET.get("next", ""))
    person = access.second_step(request, now=now)
    # A challenge is answered once.
    state = request.session.pop(_STATE, None)
    try:
        if state is None:
            raise PasskeyRefused(field="passkey", reason="no challenge")
        who = passkeys.prove(
            actor=SYSTEM, site=site(request), state=state, answer=passkeys.read(request.body), person=person, now=now
        )
        if who is None:
            raise PasskeyRefused(field="passkey", reason="counter")
        access.enter(request, who, way="passkey", now=now)
    except MekongError as refused:
        return JsonResponse({"message": sentences.without_field(refused), "code": refused.code}, status=refused.status)
    return JsonResponse({"to": after})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    access.sign_out(request, now=timezone.now())
    return HttpResponseRedirect("/sign-in/")


@sensitive_post_parameters("current", "new", "again")
@page(methods=("GET", "HEAD", "POST"))
def password(visit: Visit) -> HttpResponse:
    """Change one's own password; whoever came in with a one-time password is brought here first."""
    errors: dict[str, str] = {}
    if visit.is_post:
        new, again = visit.request.POST.get("new", ""), visit.request.POST.get("again", "")
        if new != again:
            errors["again"] = gettext("The two differ. Type the new password once more.")
        else:
            try:
                commands.change_password(
                    actor=visit.actor,
                    person_id=visit.person.uid,
                    current=visit.request.POST.get("current", ""),
                    new=new,
                    session_id=visit.session_id,
                )
            except BadCredentials:
                errors["current"] = gettext("This is not the password you signed in with. Type it again.")
            except Invalid as wrong:
                errors["new"] = sentences.without_field(wrong)
            else:
                visit.person.refresh_from_db()
                update_session_auth_hash(visit.request, visit.person)
                visit.flash(gettext("The password is changed."))
                return visit.redirect("/")
    context = {"errors": errors, "is_first": visit.person.must_change_password, "email": visit.person.email}
    return render_apart(visit.request, "password.html", context, status=422 if errors else 200)


@never_cache
@sensitive_post_parameters("new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, person: str, token: str) -> HttpResponse:
    """Choose the first password by the link that was handed over, and go in."""
    person_id = ids.parse_public("per", person) or UUID(int=0)
    errors: dict[str, str] = {}
    try:
        found = invitations.invited(person_id=person_id, token=token)
    except MekongError as gone:
        told = {"title": gettext("This link is no longer good"), "message": sentences.of(gone), "code": gone.code}
        return render_apart(request, "apart.html", told, status=gone.status)
    if request.method == "POST":
        new = request.POST.get("new", "")
        if new != request.POST.get("again", ""):
            errors["again"] = gettext("The two differ. Type the new password once more.")
        else:
            try:
                actor = invitations.as_actor(found)
                invitations.choose_password(actor=actor, person_id=person_id, token=token, new=new)
                now = timezone.now()
                access.sign_in(request, found.email, new, now=now)
            except Invalid as wrong:
                errors["new"] = sentences.without_field(wrong)
            except MekongError as refused:
                return _door(request, "/", found.email, sentences.of(refused), refused.status)
            else:
                owes = access.second_step(request, now=now) is not None
                return HttpResponseRedirect("/sign-in/second/" if owes else "/")
    context: dict[str, object] = {"errors": errors, "email": found.email, "name": found.name, "is_welcome": True}
    return render_apart(request, "password.html", context, status=422 if errors else 200)


@require_POST
def demo(request: HttpRequest) -> HttpResponse:
    """One click into the demo as one of its people. Anywhere else there is nothing at this address."""
    person = demo_door.person(request.POST.get("role", "")[:30])
    if person is None:
        raise Http404
    try:
        access.enter(request, person, way="demo", now=timezone.now())
    except MekongError as refused:
        return _door(request, "/", "", sentences.of(refused), refused.status)
    return HttpResponseRedirect(safe_next(request, request.POST.get("next", "")))
