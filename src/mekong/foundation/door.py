"""The middleware between Django's sessions and everything else: whoever may not go on is nobody from here."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from mekong.foundation import access
from mekong.foundation.errors import MekongError, OutsideRules, SessionEnded
from mekong.foundation.models import Person


class Door:
    """Looks at a session when the request asks who it is; after Django's AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = request.user

        def known() -> object:
            # The session's person is asked for first, so that this object holds a person and nothing lazy.
            person = getattr(signed_in, "_wrapped", signed_in) if signed_in.is_authenticated else signed_in
            return person if not isinstance(person, Person) else _looked_at(request, person)

        request.user = SimpleLazyObject(known)  # type: ignore[assignment]  # as Django's own middleware does
        return self._get_response(request)


def _looked_at(request: HttpRequest, person: Person) -> Person | AnonymousUser:
    try:
        return access.at_the_door(request, person, now=timezone.now())
    except SessionEnded as ended:
        request.session.flush()
        _note(request, ended)
    except OutsideRules as refused:
        # The session stays: from the right place, or in the morning, it goes on.
        _note(request, refused)
    return AnonymousUser()


def _note(request: HttpRequest, refused: MekongError) -> None:
    request.shut_out = refused  # type: ignore[attr-defined]  # read by `shut_out`


def shut_out(request: HttpRequest) -> MekongError | None:
    """Why somebody with a session is nobody in this request."""
    found: MekongError | None = getattr(request, "shut_out", None)
    return found
