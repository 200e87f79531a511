"""How figures are summed up and written down."""

from __future__ import annotations

import pytest

from benchmarks.result import Result, median, percentile, rounded, summary


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([], 0.5, 0.0),
        ([7.0], 0.99, 7.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 0.5, 3.0),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 101)), 0.99, 99),
        (list(range(1, 101)), 1.0, 100),
        (list(range(1, 101)), 0.0, 1),
        (list(range(1, 1001)), 0.999, 999),
    ],
)
def test_a_percentile_is_the_value_of_the_nearest_rank(values, share, found):
    assert percentile(values, share) == found


def test_a_summary_needs_no_order():
    assert summary([3.0, 1.0, 2.0]) == {"p50_ms": 2.0, "p95_ms": 3.0, "p99_ms": 3.0}


def test_the_median_of_rounds_ignores_the_one_that_was_disturbed():
    assert median([100.0, 98.0, 3.0]) == 98.0
    assert median([]) == 0.0


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, None), (0.0, 0), (50.0, 50), (0.0123456, 0.01235), (1234.56, 1235.0), (54321.9, 54322), (2.34567, 2.346)],
)
def test_figures_are_written_to_four_digits(value, written):
    assert rounded(value) == written


def test_an_entry_has_the_keys_that_others_read():
    entry = Result(1234.4, "/s", limit=100.0, ratio=12.3456, p50_ms=1.0, notes=["a", "b"], passed=True).as_json()

    assert entry == {
        "value": 1234.0,
        "unit": "/s",
        "limit": 100,
        "ratio": 12.35,
        "p50_ms": 1,
        "p95_ms": None,
        "p99_ms": None,
        "notes": "a; b",
        "passed": True,
        "figures": {},
    }
