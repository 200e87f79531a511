"""What the express lane remembers of the catalogue, while it is told to forget."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError

from mekong.faces.express import catalogue as room
from mekong.faces.express.catalogue import Catalogue
from mekong.foundation.errors import Unavailable
from tests.support.stock import a_location, a_variant

pytestmark = pytest.mark.django_db(transaction=True)

_read = room.catalog.variants_by_sku


@pytest.fixture
def mind() -> Iterator[Catalogue]:
    made = Catalogue()
    yield made
    made.stop()


def test_a_sku_forgotten_while_another_is_read_is_known_all_the_same(mind: Catalogue) -> None:
    for sku in ("AO-1", "AO-2"):
        a_variant(sku)

    def read_then_forget(**asked: Any) -> Any:
        found = _read(**asked)
        mind.forget()
        return found

    async def ask() -> set[str]:
        await mind.variants(["AO-1"])
        with mock.patch.object(room.catalog, "variants_by_sku", read_then_forget):
            return set(await mind.variants(["AO-1", "AO-2"]))

    assert asyncio.run(ask()) == {"ao-1", "ao-2"}


def test_what_many_ask_for_at_once_is_read_at_once(mind: Catalogue) -> None:
    skus = [f"AO-{number}" for number in range(40)]
    for sku in skus:
        a_variant(sku)
    reads: list[int] = []
    go = threading.Event()

    def counted(*, skus: Any, **asked: Any) -> Any:
        assert go.wait(60)
        reads.append(len(skus))
        return _read(skus=skus, **asked)

    async def ask() -> list[dict[str, Any]]:
        asks = [asyncio.ensure_future(mind.variants([sku])) for sku in skus]
        await asyncio.sleep(0)  # all of them have asked now; the first may be under way
        go.set()
        return await asyncio.gather(*asks)

    with mock.patch.object(room.catalog, "variants_by_sku", counted):
        answers = asyncio.run(ask())
    assert [set(each) for each in answers] == [{sku.lower()} for sku in skus]
    assert len(reads) <= 2
    assert sum(reads) == len(skus)


def test_a_database_that_is_away_is_told_and_found_again(mind: Catalogue) -> None:
    a_variant("AO-1")
    place = a_location("KHO")

    async def ask() -> tuple[set[str], str]:
        return set(await mind.variants(["ao-1"])), await mind.location_code(place)

    away = mock.Mock(side_effect=OperationalError)
    with mock.patch.object(room.catalog, "variants_by_sku", away), pytest.raises(Unavailable):
        asyncio.run(ask())
    assert asyncio.run(ask()) == ({"ao-1"}, "KHO")
