from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # Django is set up after this file is read
    from tests.support.marketplaces import Door, Sandbox


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    from tests.support.marketplaces import Sandbox

    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(sandbox_process: Sandbox, transactional_db: None) -> Iterator[Sandbox]:
    """The sandbox, empty, and a database whose transactions are real."""
    from tests.support.marketplaces import close_all

    sandbox_process.reset()
    yield sandbox_process
    sandbox_process.mend()
    close_all()


@pytest.fixture
def door() -> Iterator[Door]:
    from tests.support.marketplaces import Door

    door = Door()
    yield door
    door.stop()
