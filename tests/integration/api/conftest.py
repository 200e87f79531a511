"""What the tests of the API share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client


@pytest.fixture(autouse=True)
def _writers() -> Iterator[None]:
    """What a process remembers is of one test alone; the threads that work in batches end with it, and their connections."""
    from mekong.faces.express.catalogue import catalogue
    from mekong.inventory.engine import engine
    from mekong.orders.book import book

    catalogue.forget()
    yield
    for each in (catalogue, engine(), book()):
        each.stop()


@pytest.fixture
def client() -> Client:
    """A caller with every right, and ten units of a SKU at 150,000 dong in a store of Hà Nội."""
    from tests.support.http import send
    from tests.support.people import a_caller

    client = a_caller()
    send(client, "/api/v1/locations", {"code": "HN", "name": "Hà Nội", "kind": "store"})
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AT-1", "price_minor": 150_000}]})
    lines = [{"sku": "AT-1", "quantity": 10}]
    send(client, "/api/v1/stock/adjustments", {"location": "HN", "reason": "opening", "lines": lines})
    return client
