"""What every test of gift cards and games leaves behind must add up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _sound(db: None) -> Iterator[None]:
    from mekong.pricing import checks
    from tests.support.people import NOON

    yield
    found = checks.cards_add_up(NOON)
    assert found.ok, found.found
