"""What the tests of the API share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client


@pytest.fixture(autouse=True)
def _writers() -> Iterator[None]:
    """The threads that write in batches hold connections of their own: end them with the test."""
    from mekong.inventory.engine import engine
    from mekong.orders.book import book

    yield
    engine().stop()
    book().stop()


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
