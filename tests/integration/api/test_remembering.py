"""What the express lane remembers of the catalogue, while it is told to forget."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

import pytest

from mekong.faces.express import catalogue as room
from mekong.faces.express.catalogue import Catalogue
from tests.support.stock import a_variant

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_sku_forgotten_while_another_is_read_is_known_all_the_same() -> None:
    for sku in ("AO-1", "AO-2"):
        a_variant(sku)
    mind = Catalogue()
    read = room.in_thread

    async def read_then_forget(work: Any, **asked: Any) -> Any:
        found = await read(work, **asked)
        mind.forget()
        return found

    async def ask() -> set[str]:
        await mind.variants(["AO-1"])
        with mock.patch.object(room, "in_thread", read_then_forget):
            return set(await mind.variants(["AO-1", "AO-2"]))

    assert asyncio.run(ask()) == {"ao-1", "ao-2"}
