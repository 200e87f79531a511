"""These tests commit, for other threads and processes to see."""

import pytest

from tests.support.wiping import wiped_database

__all__ = ["wiped_database"]


@pytest.fixture(autouse=True)
def _database(wiped_database: None) -> None:
    """Every test here leaves by the fast way."""
