"""The REST API under `/api/v1`."""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Swagger
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

import mekong
from mekong.faces.api import (
    audit,
    campaigns,
    catalogue_desk,
    company,
    connecting,
    consistency,
    earnings,
    gift_cards,
    health,
    members,
    order_desk,
    order_filters,
    orders,
    people,
    pictures,
    price_lists,
    problems,
    products,
    promotions,
    publishing,
    quotes,
    returns,
    security,
    stock_desk,
    vouchers,
    webhooks,
)
from mekong.faces.api.auth import Bearer
from mekong.faces.api.entrance import answer
from mekong.faces.api.errors import BadFields, FieldProblem, MalformedJson, NoSuchPath
from mekong.faces.api.openapi import PREFIX
from mekong.foundation.errors import MekongError, Unauthenticated

ABOUT = """
One stock, one order book, every channel. Money is an integer of minor units (VND has none) beside its currency,
quantities are integers of the smallest stock unit, times are ISO 8601 with a zone. Lists come in pages: send
`next_cursor` back for the next one. Every write takes an `Idempotency-Key`. What cannot be done is answered by a
problem document (RFC 9457) that names the field and the remedy, and has changed nothing.
"""


class _Parser(Parser):
    """The door has read the body already."""

    def parse_body(self, request: HttpRequest) -> Any:
        return request.json_body if hasattr(request, "json_body") else super().parse_body(request)


class _Renderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:  # noqa: ARG002 - Ninja's signature
        return msgspec.json.encode(data, enc_hook=str)


class _Docs(Swagger):
    """Swagger UI from Ninja's own static files; nothing is fetched from elsewhere."""

    def get_openapi_url(self, api: NinjaAPI, path_params: Any) -> str:  # noqa: ARG002 - Ninja's signature
        return f"{PREFIX}/openapi.json"


api = NinjaAPI(
    title="Mekong",
    version=mekong.__version__,
    description=ABOUT.strip(),
    urls_namespace="api",
    openapi_url="",
    docs=_Docs(settings={"validatorUrl": None, "persistAuthorization": True}),
    docs_url="",
    auth=[Bearer()],
    parser=_Parser(),
    renderer=_Renderer(),
)

for _room in (
    people,
    company,
    security,
    audit,
    pictures,
    catalogue_desk,
    consistency,
    products,
    stock_desk,
    campaigns,
    orders,
    connecting,
    webhooks,
    health,
    order_desk,
    order_filters,
    returns,
    earnings,
    publishing,
    gift_cards,
    quotes,
    members,
    price_lists,
    promotions,
    vouchers,
):
    api.add_router("", _room.router)


def _mekong_error(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(request, error)


def _validation(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(request, BadFields([_field(each) for each in error.errors]))


def _field(wrong: dict[str, Any]) -> FieldProblem:
    """One of Ninja's errors; its `loc` begins with where it was (body, form, query, path) and, for a body, its argument."""
    where, *path = wrong["loc"]
    if where == "body" and path:
        path = path[1:] if len(path) > 1 or wrong["type"] != "missing" else path
    return FieldProblem(
        problems.field_path(path) or "body", *problems.say(str(wrong["type"])), dict(wrong.get("ctx") or {})
    )


def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    if isinstance(error, AuthenticationError):
        return answer(request, Unauthenticated())
    return answer(request, MalformedJson(reason=error.message))


def _not_found(request: HttpRequest, _: Any) -> HttpResponse:
    return answer(request, NoSuchPath(path=request.path))


def _defect(_: HttpRequest, failure: Any) -> NoReturn:
    raise failure


api.add_exception_handler(MekongError, _mekong_error)
api.add_exception_handler(ValidationError, _validation)
api.add_exception_handler(HttpError, _http_error)
api.add_exception_handler(Http404, _not_found)
api.add_exception_handler(Exception, _defect)
