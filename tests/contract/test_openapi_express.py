"""The express lane's part of the OpenAPI document is true: over the real ASGI application, with bodies of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis import GenerationMode

from mekong.faces.api.openapi import EXTRA_PATHS, document
from mekong.faces.express.catalogue import catalogue
from mekong.inventory.engine import engine
from mekong.orders.book import book
from tests.support.asgi import Door, a_door, as_wsgi
from tests.support.http import send
from tests.support.people import a_caller
from tests.support.promises import operations_of, promises_of, try_out

document()
HERE = [each["operationId"] for operations in EXTRA_PATHS.values() for each in operations.values()]

SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", as_wsgi, headers={"Host": "localhost"}).include(
    operation_id=HERE
)
OPERATIONS = operations_of(SCHEMA)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door() -> Iterator[Door]:
    """A caller with every right, and stock that orders may find: the SKU and the place are called 0."""
    catalogue.forget()
    client = a_caller()
    send(client, "/api/v1/locations", {"code": "0", "name": "Kho", "kind": "warehouse"})
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "0", "price_minor": 1}]})
    lines = [{"sku": "0", "quantity": 5}]
    send(client, "/api/v1/stock/adjustments", {"location": "0", "reason": "opening", "lines": lines})
    yield a_door()
    engine().stop()
    book().stop()
    catalogue.forget()


@pytest.mark.slow
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_was_promised(label: str, door: Door) -> None:
    promises = promises_of(OPERATIONS[label])
    headers = {"Authorization": f"Bearer {door.token}", "Host": "localhost"}

    def answered(case: schemathesis.Case) -> None:
        if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
            _name_what_is_there(case.body)
        case.call_and_validate(headers=headers, checks=promises)

    try_out(SCHEMA, OPERATIONS[label], answered, max_examples=40)


def _name_what_is_there(body: Any) -> None:
    """A body that fits the document gets past the first look-ups: to prices, places and stock."""
    if isinstance(body, dict):
        body["channel"] = "web"
        body.pop("reservation_id", None)
        if body.get("location"):
            body["location"] = "0"
        for line in body["lines"]:
            line["sku"] = "0"
            if line["quantity"] % 2:
                line["quantity"] = 1


def test_the_three_paths_are_tried() -> None:
    assert sorted(HERE) == ["end_reservation", "make_order", "make_reservation"]
    for path, operations in EXTRA_PATHS.items():
        for operation in operations.values():
            assert {"401", "403", "422"} <= operation["responses"].keys(), path
