from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installations import Installation, prepare


@pytest.fixture
def installation(data_folder: Path) -> Iterator[Installation]:
    """An installation that has never been started."""
    made = Installation(data_folder / "d")
    yield made
    made.end()


@pytest.fixture
def prepared(installation: Installation) -> Installation:
    """An installation whose tables are made, and which has not been started yet."""
    prepare(installation.folder)
    return installation
