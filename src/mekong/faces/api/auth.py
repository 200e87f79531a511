"""Who calls: a bearer token, or a person signed in on this browser."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.utils import check_csrf

from mekong.faces.api.errors import CrossSite, PasswordChangeNeeded
from mekong.foundation import access
from mekong.foundation.actor import Actor
from mekong.foundation.addresses import address_of
from mekong.foundation.door import shut_out
from mekong.foundation.errors import SecondFactorNeeded, Unauthenticated
from mekong.foundation.models import Person
from mekong.partners.errors import OverAppLimit
from mekong.partners.pacing import Standing, gate

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ApiRequest(HttpRequest):
    """A request behind the API's door. `now` is the moment it came in: the one reading of the clock."""

    now: datetime
    actor: Actor
    json_body: Any
    standing: Standing | None
    caller: Actor


def moment(request: HttpRequest) -> datetime:
    """When the request came in."""
    now: datetime | None = getattr(request, "now", None)
    if now is None:
        now = datetime.now(UTC)
        request.now = now  # type: ignore[attr-defined]  # an ApiRequest from here on
    return now


def authenticate(request: HttpRequest) -> Actor:
    """The actor of a request, found once; a call of an app is counted against its limit.

    Raises: Unauthenticated, SessionEnded, OutsideRules, CrossSite, PasswordChangeNeeded, SecondFactorNeeded,
        OverAppLimit.
    """
    known: Actor | None = getattr(request, "actor", None)
    if known is None:
        known = _of_token(request) if "Authorization" in request.headers else of_session(request)
        request.actor = known  # type: ignore[attr-defined]  # an ApiRequest from here on
    return known


def _of_token(request: HttpRequest) -> Actor:
    actor = access.authenticator.authenticate(request.headers["Authorization"], moment(request), address_of(request))
    request.caller = actor  # type: ignore[attr-defined]  # an ApiRequest: known though its limit may refuse it
    try:
        request.standing = gate.admit(actor)  # type: ignore[attr-defined]  # as above
    except OverAppLimit as over:
        request.standing = Standing.refused(over)  # type: ignore[attr-defined]  # as above
        raise
    return actor


def of_session(request: HttpRequest) -> Actor:
    """Who is signed in on this browser.

    Raises: Unauthenticated, SessionEnded, OutsideRules, CrossSite, PasswordChangeNeeded, SecondFactorNeeded.
    """
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        raise shut_out(request) or Unauthenticated()
    if request.method in WRITES and check_csrf(request) is not None:
        raise CrossSite
    if person.must_change_password:
        raise PasswordChangeNeeded
    standing = access.standing_of(person)
    if standing is not None and standing.is_enrolment_due(moment(request)):
        raise SecondFactorNeeded
    return access.resolve(person)


def confirmed(request: HttpRequest) -> Actor:
    """As `authenticate`, for what is sensitive: a person on a browser has proved lately who they are.

    Raises: as `authenticate`; ConfirmNeeded.
    """
    actor = authenticate(request)
    if "Authorization" not in request.headers and isinstance(person := request.user, Person):
        standing = access.standing_of(person)
        if standing is not None:
            standing.require_confirmed(moment(request))
    return actor


class Bearer(HttpBearer):
    """`Authorization: Bearer mk_…`, a token made under Settings › API or by `mekong token create`."""

    def __call__(self, request: HttpRequest) -> Actor:
        return authenticate(request)

    def authenticate(self, request: HttpRequest, token: str) -> Actor:  # noqa: ARG002 - Ninja's signature
        return authenticate(request)
