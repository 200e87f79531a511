"""Each role, everywhere and narrowed to one store, against every page and every address of the API.

The addresses are found by walking Django's resolver, the OpenAPI document and the express lane; what each needs is
declared in `tests/support/rights.py` and, for the API, in `tests/integration/api/test_permissions.py`. One that is not
declared fails here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from mekong.faces.api.openapi import EXTRA_PATHS, document
from mekong.faces.express import app as express
from mekong.foundation import commands
from mekong.foundation.actor import SYSTEM
from mekong.foundation.permissions import PERMISSIONS, ROLES
from mekong.inventory.models import Location
from tests.integration.api.test_permissions import ASKS, FILES, OPEN, url_of
from tests.support.asgi import Door
from tests.support.door import browser, member
from tests.support.people import NOON
from tests.support.rights import ACTIONS, ANYONE, EXPRESS, ORDER_ACTS, PAGES, SAMPLES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
METHODS = ("GET", "POST")
SCOPES = [
    (role, scope) for role in ROLES for scope in ("everywhere", "one store") if (role, scope) != ("owner", "one store")
]
TOGETHER = {"catalog.view", "inventory.view", "orders.view", "channels.view"}
"""Rights that an address may ask for beside the one that is declared."""


def holds(role: str, permission: str, *, narrow: bool) -> bool:
    """Whether a role has a permission, by the catalogue alone."""
    preset = ROLES[role].permissions
    if preset is None or not permission:
        return True
    return permission in preset and not (narrow and PERMISSIONS[permission].reach == "company")


def store() -> int:
    return Location.objects.get_or_create(code="HN", defaults={"name": "Hàng Gai", "kind": "store"})[0].pk


def signed_in(role: str, *, narrow: bool) -> Client:
    client = browser()
    client.raise_request_exception = False
    held = (role, [store()]) if narrow else role
    client.force_login(member(held), backend="django.contrib.auth.backends.ModelBackend")
    return client


def walked(patterns: Sequence[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for each in patterns:
        here = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from walked(each.url_patterns, here)
        else:
            yield here


def filled(pattern: str) -> str:
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>|\{(\w+)\}", lambda found: SAMPLES[found[1] or found[2]], pattern).lstrip("/")


# --- nothing is left out ----------------------------------------------------------------------------------------------


def test_every_page_is_declared() -> None:
    found = {each for each in walked(get_resolver().url_patterns) if not each.startswith("api/v1/")}
    assert found == {*PAGES, *ACTIONS}


def test_every_address_of_the_api_is_declared() -> None:
    described = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in document()["paths"].items()
        for method in operations
    }
    elsewhere = {each.replace("/api/v1", "") for each in EXPRESS if "/api/v1/" in each}
    assert described == {*ASKS, *OPEN, *FILES, *elsewhere}


def test_the_resolver_serves_no_address_that_the_document_hides() -> None:
    served = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", each)
        for each in walked(get_resolver().url_patterns)
        if each.startswith("api/v1/")
    }
    told = {path.lstrip("/") for path in document()["paths"]}
    assert served - told == {"api/v1/", "api/v1/openapi.json", "api/v1/docs"}
    assert told - served == {path.lstrip("/") for path in EXTRA_PATHS} - served


def test_every_address_of_the_express_lane_is_declared() -> None:
    under = {f"{method} {prefix}" for method, prefix, _ in express._UNDER}
    exact = {f"{method} {path}" for method, path in express._EXACT}
    assert exact | under == {re.sub(r"\{\w+\}$", "", each) for each in EXPRESS}


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "scope"), SCOPES)
def test_a_role_opens_the_pages_it_has_the_right_for_and_no_other(role: str, scope: str) -> None:
    narrow = scope == "one store"
    client = signed_in(role, narrow=narrow)
    wrong = []
    for pattern, methods in PAGES.items():
        for method, permission in methods.items():
            if permission == ANYONE:
                continue
            answer = client.generic(method, filled(pattern))
            may = holds(role, permission, narrow=narrow)
            text = unescape(answer.content.decode("utf-8", "replace")) if not answer.streaming else ""
            named = bool(permission) and PERMISSIONS[permission].en in text
            refused = answer.status_code == 403 and named
            if refused is may or answer.status_code >= 500:
                wrong.append((method, pattern, permission, may, answer.status_code))
    assert not wrong


@pytest.mark.parametrize("role", ["cashier"])
def test_a_page_answers_no_method_that_is_not_declared(role: str) -> None:
    client = signed_in(role, narrow=False)
    wrong = [
        (method, pattern)
        for pattern, methods in {**PAGES, **ACTIONS}.items()
        for method in (*METHODS, "PUT", "PATCH", "DELETE")
        if method not in methods and ANYONE not in methods.values()
        and client.generic(method, filled(pattern)).status_code != 405
    ]  # fmt: skip
    assert not wrong


def test_nobody_opens_a_page_without_signing_in() -> None:
    client = browser()
    for pattern, methods in {**PAGES, **ACTIONS}.items():
        for method, permission in methods.items():
            if permission == ANYONE:
                continue
            answer = client.generic(method, filled(pattern))
            if pattern in ACTIONS:
                assert answer.status_code == 401, pattern
            else:
                assert answer.status_code == 302, (method, pattern)
                assert answer.headers["Location"].startswith("/sign-in/"), (method, pattern)


@pytest.mark.parametrize(("role", "scope"), SCOPES)
def test_a_role_takes_the_steps_of_an_order_it_has_the_right_for(role: str, scope: str) -> None:
    narrow = scope == "one store"
    client = signed_in(role, narrow=narrow)
    for act, permission in ORDER_ACTS.items():
        answer = client.post("/orders/DH-000000-0000/act/", {"act": act})
        may = holds(role, permission, narrow=narrow) and holds(role, "orders.view", narrow=narrow)
        # What is not there is said to who may act on it; who may not is told the right that is missing.
        assert answer.status_code == (404 if may else 403), act


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "scope"), SCOPES)
def test_a_role_on_a_browser_calls_what_it_has_the_right_for_and_no_more(role: str, scope: str) -> None:
    narrow = scope == "one store"
    client = signed_in(role, narrow=narrow)
    wrong = []
    for operation, (permission, body) in ASKS.items():
        content = b"" if body is None else json.dumps(body).encode()
        answer = client.generic(operation.split(" ")[0], url_of(operation), content, content_type="application/json")
        told = answer.json() if answer.status_code == 403 else {}
        named = told.get("params", {}).get("permission")
        may = holds(role, permission, narrow=narrow)
        fits = named != permission if may else named in {permission, *TOGETHER}
        if not fits or answer.status_code >= 500:
            wrong.append((operation, permission, may, answer.status_code, told))
    assert not wrong


@pytest.mark.django_db(transaction=True)
def test_a_token_on_the_express_lane_does_what_its_rights_say() -> None:
    wrong = []
    for role, scope in SCOPES:
        narrow = scope == "one store"
        names = [name for name in PERMISSIONS if holds(role, name, narrow=False)]
        where = [store()] if narrow else []
        made = commands.create_token(actor=SYSTEM, name="m", scopes=names, location_ids=where, now=NOON)
        asked = [(address, permission) for address, permission in EXPRESS.items() if permission not in ("", ANYONE)]
        lines = {"channel": "web", "lines": [{"sku": "A", "quantity": 1}]}
        body = {"/api/v1/reservations": {**lines, "owner": "o"}, "/api/v1/orders": {**lines, "external_id": "m"}}
        requests = [
            (method, filled(path), body.get(path), {})
            for method, _, path in (address.partition(" ") for address, _ in asked)
        ]
        for (address, permission), answer in zip(asked, Door(made.text).ask_all(requests), strict=True):
            named = answer.json().get("params", {}).get("permission") if answer.status_code == 403 else None
            if (named == permission) is holds(role, permission, narrow=narrow) or answer.status_code in (401, 500):
                wrong.append((role, scope, address, answer.content))
    assert not wrong


def test_the_express_lane_asks_who_one_is() -> None:
    for address, permission in EXPRESS.items():
        if permission == ANYONE:
            continue
        method, _, path = address.partition(" ")
        answer: Any = Door().ask(method, filled(path), {} if method == "POST" else None)
        assert answer.status_code == 401, address
