"""What the API itself refuses, before any command is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from mekong.foundation.errors import Forbidden, Invalid, MekongError, NotFound, Rejected


@dataclasses.dataclass(frozen=True)
class FieldProblem:
    """One wrong field. `problem` and `remedy` are English msgids that `params` fill."""

    field: str
    problem: str
    remedy: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


class BadFields(Invalid):
    """The request does not have the form that the OpenAPI document asks for. `fields`: every wrong field."""

    code = "request.bad_fields"
    template = "{count} fields are wrong."

    def __init__(self, fields: Sequence[FieldProblem]) -> None:
        super().__init__(count=len(fields))
        self.fields = tuple(fields)


class MalformedJson(Rejected):
    code = "request.malformed_json"
    template = "The body is not JSON: {reason}. Send one JSON object in UTF-8."


class BodyTooLarge(Rejected):
    """`limit`: in bytes."""

    code = "request.too_large"
    template = "The body is larger than {limit_mb} MB. Send it in several requests."
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(limit_mb=limit // 2**20)


class UnsupportedMedia(Rejected):
    code = "request.unsupported_media"
    template = "The body's type “{media}” is not read here. Send Content-Type: {expected}."
    status = 415


class NoSuchPath(NotFound):
    code = "request.no_such_path"
    template = "There is nothing at {path}. GET /api/v1/openapi.json lists what there is."


class MethodNotAllowed(Rejected):
    code = "request.method_not_allowed"
    template = "{method} is not possible here. Use one of: {allowed}."
    status = 405


class BadIdempotencyKey(Invalid):
    code = "request.bad_idempotency_key"
    template = "An Idempotency-Key has 1 to 200 visible ASCII characters. Send a UUID, for example."


class CrossSite(Forbidden):
    code = "request.cross_site"
    template = "The CSRF token is absent or wrong. Send the cookie's value in the header X-CSRFToken."


class PasswordChangeNeeded(Forbidden):
    code = "staff.password_change_needed"
    template = "The one-time password must be changed first. Sign in to the back office and choose a new one."


class Unstorable(Invalid):
    """The database refused a value that passed every check before it; nothing was changed."""

    code = "request.unstorable"
    template = "A value is out of the range that can be stored. Check numbers, dates and lengths."


class Defect(MekongError):
    """A mistake of ours. The log has it under `reference`."""

    code = "defect"
    template = "Something went wrong on our side, and nothing was changed. Tell support this reference: {reference}."
