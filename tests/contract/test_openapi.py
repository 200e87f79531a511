"""The OpenAPI document is true: what it promises is answered, and nothing that fits it or does not brings a 5xx."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from mekong.faces.api.openapi import EXTRA_PATHS, document
from mekong.foundation import access, commands
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import IdempotencyRecord
from tests.support.http import send
from tests.support.people import a_caller, a_person
from tests.support.promises import operations_of, promises_of, try_out

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"

document()
ELSEWHERE = [each["operationId"] for operations in EXTRA_PATHS.values() for each in operations.values()]
"""Served by the other lane, which has its own tests of bad input."""

SCHEMA = schemathesis.openapi.from_wsgi(
    "/api/v1/openapi.json", get_wsgi_application(), headers={"Host": "localhost"}
).exclude(operation_id=ELSEWHERE)
OPERATIONS = operations_of(SCHEMA)


@pytest.fixture(autouse=True)
def _some_business(db: None) -> Iterator[None]:
    """Something to find: people, a product, stock. Requests then leave the connection of the test open."""
    client = a_caller()
    a_person("cashier")
    send(client, "/api/v1/locations", {"code": "0", "name": "Kho", "kind": "warehouse"})
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "0", "price_minor": 1}]})
    lines = [{"sku": "0", "quantity": 5}]
    send(client, "/api/v1/stock/adjustments", {"location": "0", "reason": "opening", "lines": lines})
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token() -> Iterator[str]:
    """What the requests of one operation call with; none of them may end it, or those that follow would test nothing."""
    made = commands.create_token(actor=SYSTEM, name="probe", scopes=["all"], now=datetime.now(UTC))
    yield made.text
    access.authenticator.forget()
    assert access.authenticator.authenticate(f"Bearer {made.text}", datetime.now(UTC)).may("settings.manage")


@pytest.mark.slow
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_was_promised(label: str, token: str) -> None:
    promises = promises_of(OPERATIONS[label])

    def answered(case: schemathesis.Case) -> None:
        # Short keys are thought of again and again: each example is the first to use its own.
        IdempotencyRecord.objects.all()._raw_delete("default")
        case.call_and_validate(headers={"Authorization": f"Bearer {token}", "Host": "localhost"}, checks=promises)

    try_out(SCHEMA, OPERATIONS[label], answered, max_examples=10)


def test_the_committed_document_is_the_one_that_is_served() -> None:
    """What changes for callers is seen at review. Write it anew with MEKONG_WRITE_OPENAPI=1."""
    written = json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("MEKONG_WRITE_OPENAPI") == "1":
        COMMITTED.write_text(written)
    assert COMMITTED.read_text() == written, "docs/reference/openapi.json is not what the code answers"


def test_every_write_takes_an_idempotency_key_and_every_answer_may_be_a_problem() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            problem = operation["responses"]["default"]["content"]
            assert list(problem) == ["application/problem+json"], path
            names = {each["name"] for each in operation["parameters"]}
            assert ("Idempotency-Key" in names) == (method != "get"), (method, path)
            assert operation["security"], path


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    operations = [each for path in document()["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert sorted(names) == sorted(set(names))
    assert [each["operationId"] for each in operations if not each.get("description", each["summary"])] == []


def test_the_document_is_openapi_3_1_and_names_no_place_outside() -> None:
    assert document()["openapi"].startswith("3.1")
    assert "http://" not in str(document())
    assert "https://" not in str(document())
