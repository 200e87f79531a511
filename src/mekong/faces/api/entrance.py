"""The door every request of the API passes: body limits, language, repeated writes, and errors as problem documents."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import structlog
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils import translation

from mekong.faces.api import problems
from mekong.faces.api.auth import WRITES, authenticate, moment
from mekong.faces.api.errors import (
    BadFields,
    BadIdempotencyKey,
    BodyTooLarge,
    Defect,
    FieldProblem,
    MalformedJson,
    MethodNotAllowed,
    NoSuchPath,
    Unstorable,
    UnsupportedMedia,
)
from mekong.faces.api.openapi import methods_elsewhere
from mekong.foundation import idempotency
from mekong.foundation.errors import MekongError, Unavailable
from mekong.partners.pacing import gate

log = structlog.get_logger(__name__)

BODY_LIMIT = 10 * 1024 * 1024
"""Bytes of a JSON body. Files may be as large as the setting `upload_limit_bytes` says."""
_DEEPEST = 40
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
View = Callable[..., HttpResponseBase]


def enter(view: View) -> View:
    """Wrap a view of the API. Whatever goes wrong inside leaves as a problem document."""

    @functools.wraps(view)
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        language = problems.negotiate(request.headers.get("Accept-Language"))
        with translation.override(language):
            try:
                _check(request)
                response = _once(request, functools.partial(view, request, *args, **kwargs))
                if response.status_code == 405:
                    response = answer(request, _not_allowed(request, response.headers.get("Allow", "")))
            except Exception as failure:  # noqa: BLE001 - every failure becomes an answer; defects are logged
                response = answer(request, as_error(failure))
            response.headers.setdefault("Content-Language", language)
            response.headers.setdefault("Cache-Control", "no-store")
            response.headers["Vary"] = "Accept-Language, Authorization, Cookie"
            _count(request, response)
            return response

    return entered


def _count(request: HttpRequest, response: HttpResponseBase) -> None:
    """Note a call of an app, and tell it where it stands."""
    caller = getattr(request, "caller", None)
    if caller is None:
        return
    gate.count(caller, response.status_code, moment(request))
    standing = getattr(request, "standing", None)
    if standing is not None:
        for name, value in standing.headers().items():
            response.headers[name] = value


def as_error(failure: Exception) -> MekongError:
    """The error that a failure is to the caller; what is nobody's but ours is logged under a reference."""
    if isinstance(failure, MekongError):
        return failure
    if isinstance(failure, RequestDataTooBig):
        return BodyTooLarge(limit=BODY_LIMIT)
    if isinstance(failure, MultiPartParserError | SuspiciousOperation) and not isinstance(failure, DisallowedHost):
        return MalformedJson(reason=str(failure))
    if isinstance(failure, DataError):
        log.warning("value_not_storable", error=str(failure))
        return Unstorable(field="")
    if isinstance(failure, OperationalError | InterfaceError):
        log.warning("database_unavailable", error=str(failure))
        return Unavailable(retry_after_s=1)
    reference = uuid4().hex[:12]
    log.error("defect", reference=reference, exc_info=failure)
    return Defect(reference=reference)


def answer(request: HttpRequest, error: MekongError) -> HttpResponse:
    """The problem response of an error, in the language of the request."""
    language = problems.negotiate(request.headers.get("Accept-Language"))
    made = problems.problem(error, language, request.path)
    return HttpResponse(made.encoded(), status=made.status, content_type=problems.MEDIA_TYPE, headers=made.headers)


def no_such_path(request: HttpRequest) -> HttpResponseBase:
    if methods_elsewhere(request.path):
        raise _not_allowed(request, "")
    raise NoSuchPath(path=request.path)


def _not_allowed(request: HttpRequest, here: str) -> MethodNotAllowed:
    methods = {each.strip() for each in here.split(",") if each.strip()} | methods_elsewhere(request.path)
    return MethodNotAllowed(method=request.method, allowed=", ".join(sorted(methods)))


# --- the body --------------------------------------------------------------------------------------------------------


def _check(request: HttpRequest) -> None:
    _check_address(request)
    declared = str(request.META.get("CONTENT_LENGTH") or 0)
    media = request.content_type or ""
    most = settings.MEKONG.upload_limit_bytes if media == "multipart/form-data" else BODY_LIMIT
    if not declared.isdecimal() or int(declared) > most:
        raise BodyTooLarge(limit=most)
    if request.method not in WRITES:
        return
    if media == "multipart/form-data":
        return
    body = request.read(int(declared) if "CONTENT_LENGTH" in request.META else BODY_LIMIT + 1)
    if len(body) > BODY_LIMIT:
        raise BodyTooLarge(limit=BODY_LIMIT)
    request._body = body  # noqa: SLF001 - Django keeps a body that was read here
    if not body:
        return
    check_media(media)
    request.json_body = parsed(body)  # type: ignore[attr-defined]  # an ApiRequest


def _check_address(request: HttpRequest) -> None:
    if "\x00" in request.path:
        raise NoSuchPath(path=request.path.replace("\x00", "\\0"))
    for name, values in request.GET.lists():
        if any("\x00" in value for value in (name, *values)):
            raise BadFields([FieldProblem(name.replace("\x00", "\\0"), *problems.say("unstorable"))])


def parsed(body: bytes) -> Any:
    """The body as plain values: no float where a number stands that is not one, no text PostgreSQL cannot hold.

    Raises: MalformedJson, saying where; BadFields naming the field.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as wrong:
        raise MalformedJson(reason=f"byte {wrong.start} is not UTF-8") from wrong
    except json.JSONDecodeError as wrong:
        raise MalformedJson(reason=f"line {wrong.lineno} column {wrong.colno}: {wrong.msg}") from wrong
    except (RecursionError, ValueError) as wrong:
        raise MalformedJson(reason=str(wrong)[:100]) from wrong
    if b"\\u" in body or (len(body) > 100 and body.count(b"[") + body.count(b"{") > _DEEPEST):
        _check_value(value, ())
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _check_value(value: Any, path: tuple[int | str, ...]) -> None:
    if len(path) > _DEEPEST:
        raise MalformedJson(reason=f"nested deeper than {_DEEPEST} levels")
    if isinstance(value, str):
        if not _is_storable(value):
            raise BadFields([FieldProblem(problems.field_path(path), *problems.say("unstorable"))])
    elif isinstance(value, dict):
        for name, each in value.items():
            _check_value(name, (*path, "?"))
            _check_value(each, (*path, name))
    elif isinstance(value, list):
        for position, each in enumerate(value):
            _check_value(each, (*path, position))


def check_media(declared: str) -> None:
    """Refuse a body that says of itself that it is no JSON. Raises: UnsupportedMedia."""
    media = declared.partition(";")[0].strip().lower()
    if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise UnsupportedMedia(media=media[:100], expected="application/json")


def _is_storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


# --- repeated writes -------------------------------------------------------------------------------------------------


def checked_key(key: str | None) -> str | None:
    """An `Idempotency-Key` as it was sent. Raises: BadIdempotencyKey."""
    if key is not None and not _KEY.fullmatch(key):
        raise BadIdempotencyKey(field="Idempotency-Key")
    return key


def _once(request: HttpRequest, view: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    key = checked_key(request.headers.get("Idempotency-Key"))
    if key is None or request.method not in WRITES:
        return view()
    actor = authenticate(request).ref
    mark = idempotency.fingerprint(request.method or "", request.get_full_path(), _what_was_sent(request))
    with transaction.atomic():
        known = idempotency.claim(actor=actor, key=key, fingerprint=mark, now=moment(request))
        if known is not None:
            return _replayed(known)
        response = view()
        if response.status_code >= 400 or not isinstance(response, HttpResponse):
            transaction.set_rollback(True)
        else:
            sealed = _box().encrypt(response.content)
            idempotency.keep(actor=actor, key=key, status=response.status_code, body=sealed)
    return response


def _what_was_sent(request: HttpRequest) -> bytes:
    if request.content_type != "multipart/form-data":
        return request.body
    # The boundary differs at every try: fields and files are what counts.
    parts = [f"{name}={values}".encode() for name, values in sorted(request.POST.lists())]
    for name in sorted(request.FILES):
        for upload in request.FILES.getlist(name):
            parts.append(f"{name}:".encode() + upload.read())
            upload.seek(0)
    return b"\n".join(parts)


@functools.cache
def _box() -> MultiFernet:
    """Kept answers are encrypted: some hold a token or a one-time password, which is stored nowhere else."""
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def _replayed(stored: idempotency.Stored) -> HttpResponse:
    body = _box().decrypt(stored.body)
    return HttpResponse(
        body,
        status=stored.status,
        content_type="application/json; charset=utf-8" if body else None,
        headers={"Idempotency-Replayed": "true"},
    )
