from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def nothing_left_running(transactional_db: None) -> Iterator[None]:
    """What this process keeps of a database: it is emptied between tests, and its batching threads are ended."""
    from tests.support.marketplaces import close_all

    yield
    close_all()
