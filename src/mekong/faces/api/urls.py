"""The addresses of the API, each behind its door. Mount them at `api/v1/`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from mekong.faces.api.app import api
from mekong.faces.api.entrance import enter, no_such_path
from mekong.faces.api.openapi import document


@require_safe
def openapi_json(_: HttpRequest) -> HttpResponseBase:
    """The OpenAPI document."""
    return HttpResponse(msgspec.json.encode(document()), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponseBase:
    """The API, to read and to try. Its scripts are served by Mekong itself."""
    return api.docs.render_page(request, api)


def _behind_the_door(patterns: Sequence[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Ninja's addresses, without its page for the root."""
    entered: list[URLPattern | URLResolver] = []
    for pattern in patterns:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback = enter(pattern.callback)
            entered.append(pattern)
    return entered


urlpatterns: list[URLPattern | URLResolver] = [
    path("openapi.json", csrf_exempt(enter(openapi_json)), name="openapi"),
    path("docs", docs, name="api-docs"),
    *_behind_the_door(api.urls[0]),
    re_path("", csrf_exempt(enter(no_such_path))),
]
