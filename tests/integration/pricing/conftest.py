"""A fresh express lane for each test: it remembers what was on sale."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def fresh_lane() -> Iterator[None]:
    from mekong.faces.express.catalogue import catalogue

    catalogue.forget()
    yield
    catalogue.stop()
