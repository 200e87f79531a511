"""What every page of Django's answers with: a strict content policy, and the language people chose."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

LANGUAGES = ("vi", "en")

_DIRECTIVES = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    # Style attributes carry numbers only (--p, --q): templates escape everything else.
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
POLICY = "; ".join(_DIRECTIVES)
"""No script or style but our own files; nothing from elsewhere."""


class BackOffice:
    """Sets the policy on answers that set none, and the language of pages. The REST API chooses its own language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/"):
            return self._get_response(request)
        language = chosen_language(request)
        with translation.override(language):
            response = self._get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Content-Language", language)
        if not request.path_info.startswith("/media/"):
            # Pages hold people's data: a shared computer's back button shows none of it after signing out.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def chosen_language(request: HttpRequest) -> str:
    """The browser's choice, else the person's, else Vietnamese."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen not in LANGUAGES:
        chosen = getattr(request.user, "language", "") if request.user.is_authenticated else ""
    return chosen if chosen in LANGUAGES else LANGUAGES[0]
