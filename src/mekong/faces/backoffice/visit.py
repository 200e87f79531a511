"""One person's request of one page: who asks, when, and how to answer.

`page` wraps a view so that it is only asked by somebody signed in, and turns what commands refuse into a page that says
what, why and what to do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Concatenate, ParamSpec
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import json_script
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from mekong.faces.backoffice import sentences, shell
from mekong.foundation import access
from mekong.foundation.actor import Actor
from mekong.foundation.door import shut_out
from mekong.foundation.errors import ConfirmNeeded, MayNot, MekongError, SessionEnded
from mekong.foundation.models import Person
from mekong.foundation.security.sessions import Standing

P = ParamSpec("P")

THEME_COOKIE = "mekong_theme"
THEMES = ("system", "light", "dark")
_TOASTS = "toasts"
SETTING_UP = "setting_up"
"""In the session while somebody takes the first steps: pages beside them show the way back."""


@dataclass
class Visit:
    """`now` is read once, here. Views pass `actor` and `now` on to commands."""

    request: HttpRequest
    actor: Actor
    person: Person
    now: datetime
    language: str
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def is_partial(self) -> bool:
        """Whether the page itself asks for a part of it."""
        return self.request.headers.get("HX-Request") == "true" and "HX-Boosted" not in self.request.headers

    @property
    def standing(self) -> Standing | None:
        """What the door found out about the person and their session."""
        return access.standing_of(self.person)

    @property
    def session_id(self) -> UUID | None:
        return self.standing.session if self.standing else None

    @property
    def is_post(self) -> bool:
        return self.request.method == "POST"

    def param(self, name: str, default: str = "") -> str:
        """A query parameter, bounded and without control characters."""
        return "".join(letter for letter in self.request.GET.get(name, default)[:200] if letter >= " ").strip()

    def posted(self, name: str, default: str = "", *, longest: int = 5000) -> str:
        """A field of a form, bounded, without NUL."""
        return self.request.POST.get(name, default)[:longest].replace("\x00", "").strip()

    def flash(self, text: str, *, tone: str = "ok", undo: tuple[str, Mapping[str, str]] | None = None) -> None:
        """Say something on the next page. `undo`: where to post what takes it back."""
        toasts = self.request.session.get(_TOASTS, [])
        toast: dict[str, Any] = {"text": text, "tone": tone}
        if undo:
            toast["undo"] = {"url": undo[0], "fields": dict(undo[1])}
        self.request.session[_TOASTS] = [*toasts[-4:], toast]

    def render(self, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
        around = shell.context(self.actor, self.request.path_info, self.now, waiting=self.context.get("waiting"))
        whole = {**_everywhere(self.request, self.now), **around}
        standing = self.standing
        whole |= {"visit": self, "actor": self.actor, "enrol_by": standing.enrol_by if standing else None}
        whole |= {**self.context, **(context or {})}
        whole["is_setting_up"] = bool(self.request.session.get(SETTING_UP))
        whole["toasts"] = [] if self.is_partial else self.request.session.pop(_TOASTS, [])
        return HttpResponse(render_to_string(f"backoffice/{template}", whole, request=self.request), status=status)

    def redirect(self, to: str) -> HttpResponse:
        """Go on to a page of ours after a form."""
        return HttpResponseRedirect(to)


def render_apart(request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """A page outside the shell: sign-in, errors."""
    whole = {**_everywhere(request, timezone.now()), **context}
    return HttpResponse(render_to_string(f"backoffice/{template}", whole, request=request), status=status)


def _everywhere(request: HttpRequest, now: datetime) -> dict[str, Any]:
    theme = request.COOKIES.get(THEME_COOKIE, "system")
    return {
        "theme": theme if theme in THEMES else "system",
        "language": translation.get_language() or "vi",
        "here": request.get_full_path(),
        "now": now,
        # A form is taken once: the second of two clicks finds its token used.
        "once_token": uuid4().hex,
        "js_words": _js_words(translation.get_language() or "vi"),
    }


@cache
def _js_words(language: str) -> SafeString:  # noqa: ARG001 - the words are those of the language
    """What the scripts say, as they read it."""
    return json_script(shell.js_words(), "words")


def safe_next(request: HttpRequest, wanted: str, default: str = "/") -> str:
    """`wanted` if it is a page of ours, else `default`: nobody is sent elsewhere by a link they were sent."""
    fits = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if fits and wanted.startswith("/") else default


def page(
    permission: str = "", *, methods: tuple[str, ...] = ("GET", "HEAD"), confirmed: bool = False
) -> Callable[
    [Callable[Concatenate[Visit, P], HttpResponseBase]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]
]:
    """A page for people signed in who hold `permission` ("" for everyone).

    `confirmed`: for sensitive acts; who has not proved lately who they are is asked to, and comes back.
    """

    def wrap(
        view: Callable[Concatenate[Visit, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @functools.wraps(view)
        def asked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            person = request.user
            if not isinstance(person, Person) or not person.is_active:
                return _to_sign_in(request)
            if person.must_change_password and not request.path_info.startswith("/password/"):
                return HttpResponseRedirect("/password/")
            visit = Visit(request, access.resolve(person), person, timezone.now(), translation.get_language() or "vi")
            if _must_enrol(visit):
                return HttpResponseRedirect("/account/")
            try:
                if permission:
                    visit.actor.require(permission)
                if confirmed and visit.standing is not None:
                    visit.standing.require_confirmed(visit.now)
                return view(visit, *args, **kwargs)
            except ConfirmNeeded:
                return _to_confirm(request)
            except MekongError as refused:
                if refused.params.get("field") == "cursor" and "cursor" in request.GET:
                    # An old or torn link into a list: its first page.
                    query = request.GET.copy()
                    del query["cursor"]
                    return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
                return refusal(visit, refused)

        return asked

    return wrap


def _must_enrol(visit: Visit) -> bool:
    """Whether nothing but the account's own pages is open before a second factor is set up."""
    standing = visit.standing
    return (
        standing is not None
        and standing.is_enrolment_due(visit.now)
        and not visit.request.path_info.startswith(("/account/", "/password/"))
    )


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """The way in, and from there back to the page that was open; a form that was sent is said not to be taken."""
    out = shut_out(request)
    reason = str(out.params.get("reason", "")) if isinstance(out, SessionEnded) else out.code if out else ""
    return _by_way_of(request, "/sign-in/", {"why": reason} if reason else {})


def _to_confirm(request: HttpRequest) -> HttpResponse:
    """To proving who one is once more, and back."""
    return _by_way_of(request, "/account/confirm/", {})


def _by_way_of(request: HttpRequest, door: str, query: dict[str, str]) -> HttpResponse:
    is_part = request.headers.get("HX-Request") == "true"
    is_read = request.method in ("GET", "HEAD")
    if is_part:
        after = _own_path(request, request.headers.get("HX-Current-URL", ""))
    else:
        after = request.get_full_path() if is_read else _own_path(request, request.headers.get("Referer", ""))
    if after != "/":
        query = {"next": after, **query}
    if not is_read:
        query["ended"] = "1"
    there = door + (f"?{urlencode(query)}" if query else "")
    if request.content_type == "application/json":
        # A script asked; it goes there itself.
        return JsonResponse({"to": there, "message": gettext("Prove who you are, and do it again.")}, status=401)
    if is_part:
        # A part of a page cannot show the form; the whole page goes there.
        return HttpResponse(status=401, headers={"HX-Redirect": there})
    return HttpResponseRedirect(there)


def _own_path(request: HttpRequest, url: str) -> str:
    """Path and query of a page of ours; `/` when it is not one."""
    there = urlsplit(url)
    if there.netloc != request.get_host() or not there.path.startswith("/"):
        return "/"
    return quote(there.path, safe="/%") + (f"?{there.query}" if there.query else "")


def refusal(visit: Visit, refused: MekongError) -> HttpResponse:
    """The page, or the toast of a partial, that says what a command refused."""
    if visit.is_partial:
        return visit.render("parts/refused.html", {"message": sentences.of(refused)}, status=refused.status)
    kind = "403.html" if isinstance(refused, MayNot) else "refused.html"
    return visit.render(
        kind, {"message": sentences.of(refused), "code": refused.code, "status": refused.status}, status=refused.status
    )
