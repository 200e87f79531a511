"""A system under load whose processes are killed keeps its word: the short run; `mekong bench crash` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import crash
from tests.support.installations import prepare


@pytest.mark.timeout(900)
def test_what_was_acknowledged_outlives_kills_of_every_process(data_folder: Path) -> None:
    prepare(data_folder / "d")
    outcome = crash.run(data_folder / "d", kills=5, buyers=4, seed=6)
    assert outcome.lost == []
    assert outcome.twice == 0
    assert outcome.unclean == []
    assert outcome.reserved_units == outcome.sold_units
    assert outcome.acknowledged
    assert set(outcome.kills) == {"web", "worker", "postgres"}
