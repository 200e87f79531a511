"""The OpenAPI document: what Ninja knows of its endpoints, and the paths of the express lane beside them."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from mekong.faces.api.problems import MEDIA_TYPE
from mekong.faces.api.shapes import ProblemDocument

PREFIX = "/api/v1"

EXTRA_PATHS: dict[str, dict[str, Any]] = {}
"""Paths served outside of Django, `{"/api/v1/reservations": {"post": {…}}}`, as their lane describes them.

They get the same error answers and headers as the others, and the same security unless they say otherwise."""

EXTRA_SCHEMAS: dict[str, dict[str, Any]] = {}
"""Components that `EXTRA_PATHS` point to."""

_SECURITY: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
_WRITES = ("post", "put", "patch", "delete")
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text that names this write, such as a UUID. Sent again within 48 hours with the same body it "
    "changes nothing and gets the first answer, marked `Idempotency-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "Language of messages: vi (default) or en.",
    "schema": {"type": "string"},
}


def problem(told: str) -> dict[str, Any]:
    """A refusal as the document describes it."""
    return {
        "description": told,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }


_PROBLEM = problem("It could not be done; nothing was changed.")


def extend(paths: Mapping[str, dict[str, Any]], schemas: Mapping[str, dict[str, Any]] | None = None) -> None:
    """Add paths of another lane to the document, and the components they point to."""
    EXTRA_PATHS.update(paths)
    EXTRA_SCHEMAS.update(schemas or {})


def methods_elsewhere(path: str) -> set[str]:
    """The methods that another lane serves at this very path: `{"POST"}`."""
    return {
        method.upper()
        for template, operations in EXTRA_PATHS.items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        for method in operations
    }


@functools.cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the whole API. Built once."""
    from mekong.faces.api.app import api
    from mekong.faces.express.app import describe

    describe()
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(api.get_openapi_schema(path_prefix=f"{PREFIX}/")))
    for path, operations in EXTRA_PATHS.items():
        made["paths"].setdefault(path, {}).update(copy.deepcopy(operations))
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(copy.deepcopy(EXTRA_SCHEMAS))
    shape = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(shape.pop("$defs", {}))
    schemas["ProblemDocument"] = shape
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token: `mk_…`"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "mekong_session",
            "description": "A person signed in on this browser; writes also send the header X-CSRFToken. Over https its name "
            "is `__Host-mekong_session`.",
        },
    }
    made["servers"] = [{"url": "/"}]
    for path, operations in made["paths"].items():
        elsewhere = EXTRA_PATHS.get(path, {})
        for method, operation in operations.items():
            _complete(method, operation, elsewhere.get(method, {}).get("security", _SECURITY))
    made["paths"] = dict(sorted(made["paths"].items()))
    return made


def _complete(method: str, operation: dict[str, Any], security: list[Any]) -> None:
    operation["security"] = security
    operation.setdefault("responses", {})["default"] = _PROBLEM
    parameters = operation.setdefault("parameters", [])
    parameters.append(_LANGUAGE)
    if method in _WRITES:
        parameters.append(_IDEMPOTENCY_KEY)
