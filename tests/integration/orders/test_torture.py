"""Random work from several processes and many threads, with kills and retries: a small count of `mekong bench torture`."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.db import connection

from benchmarks.torture import Plan, run
from mekong.foundation.config import data_folder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def database_url() -> str:
    """The test database, for other processes."""
    there = connection.settings_dict
    host, port = quote(there["HOST"], safe=""), f"&port={there['PORT']}" if there["PORT"] else ""
    word = f"&password={quote(there['PASSWORD'], safe='')}" if there["PASSWORD"] else ""
    return f"postgresql:///{there['NAME']}?host={host}&user={there['USER']}{port}{word}"


@pytest.mark.timeout(900)
def test_no_invariant_breaks_under_random_work_with_kills() -> None:
    outcome = run(
        Plan(operations=2_000, processes=3, threads=24, kills=3, patience_s=700), database_url(), data_folder()
    )
    assert not outcome.broken, "\n".join(outcome.broken[:10])
    assert outcome.operations >= 2_000
    assert outcome.kills == 3
    assert outcome.deadlocks == 0
