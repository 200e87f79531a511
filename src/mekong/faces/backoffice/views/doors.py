"""What stands outside of the rooms: language and theme, pictures, and what went wrong."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from mekong.faces.backoffice.middleware import LANGUAGES
from mekong.faces.backoffice.visit import THEME_COOKIE, THEMES, render_apart, safe_next
from mekong.foundation import access, commands
from mekong.foundation.models import Person

log = logging.getLogger(__name__)

_YEAR = timedelta(days=365)


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Language and theme of this browser; the language of somebody signed in goes with them."""
    answer = HttpResponseRedirect(safe_next(request, request.POST.get("next", "")))
    language, theme = request.POST.get("language", ""), request.POST.get("theme", "")
    if language in LANGUAGES:
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=_YEAR, samesite="Lax", secure=request.is_secure()
        )
        if isinstance(request.user, Person):
            actor = access.resolve(request.user)
            commands.set_language(actor=actor, person_id=request.user.uid, language=language)
    if theme in THEMES:
        answer.set_cookie(THEME_COOKIE, theme, max_age=_YEAR, samesite="Lax", secure=request.is_secure())
    return answer


_SHOWN = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif"}


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponse:  # noqa: ARG001 - the form of every view
    """A picture of the catalogue. Its name is the digest of its content, so it may be kept forever."""
    root = Path(settings.MEDIA_ROOT).resolve()
    file = (root / path).resolve()
    kind = _SHOWN.get(file.suffix.lower())
    if kind is None or root not in file.parents or not file.is_file():
        raise Http404
    answer = HttpResponse(file.read_bytes(), content_type=kind)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'"
    return answer


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's form
    title = gettext("There is nothing at this address")
    message = gettext("Check the address, or go on from today’s work.")
    return render_apart(request, "apart.html", {"title": title, "message": message, "code": "404"}, status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's form
    title = gettext("This is not allowed")
    message = gettext("The page may have been open for too long. Go back, reload it, and try again.")
    return render_apart(request, "apart.html", {"title": title, "message": message, "code": "403"}, status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form of another site, or one whose cookie is gone."""
    log.info("form refused: %s", reason)
    return forbidden(request)


def broken(request: HttpRequest) -> HttpResponse:
    """A mistake of ours. Says a reference that the log has too, and needs neither database nor session."""
    reference = uuid4().hex[:8]
    log.error("page broke, reference %s, at %s", reference, request.path)
    title = gettext("Something went wrong on our side")
    message = gettext("Nothing was changed. Try again; if it stays, tell support the reference {reference}.").format(
        reference=reference
    )
    return render_apart(request, "apart.html", {"title": title, "message": message, "code": reference}, status=500)


def last_unit(request: HttpRequest) -> HttpResponse:
    """The live page by its other name, query and all."""
    query = request.GET.urlencode()
    return HttpResponseRedirect(f"/live/?{query}" if query else "/live/")
