"""What `mekong bench` runs, and how it reports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks import __main__ as bench
from benchmarks import machine
from benchmarks.scenarios import ALL, chosen

HOME = Path(__file__).parents[3]
NAMED = {
    "reserve-hot", "reserve-spread", "reserve-http", "order-http", "sync-delay", "six-channels", "sync-storm", "last-unit",
    "search", "import-xlsx", "start",
}  # fmt: skip


def test_every_scenario_that_was_promised_is_there_and_runs_unasked():
    assert set(chosen([])) >= NAMED
    assert not any(ALL[name].is_asked for name in NAMED)


def test_what_takes_an_hour_runs_only_when_named():
    assert "torture" not in chosen([])
    assert chosen(["torture"]) == ["torture"]


def test_named_scenarios_run_once_each_in_the_order_named():
    assert chosen(["search", "start", "search"]) == ["search", "start"]


def test_an_unknown_name_is_an_error_before_anything_runs():
    with pytest.raises(KeyError, match="serach"):
        chosen(["search", "serach"])


def test_an_unknown_name_ends_with_status_2_and_lists_the_known_ones(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "serach", "--data", str(tmp_path)],
        cwd=HOME, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 2
    assert "serach" in ran.stderr
    assert all(name in ran.stderr for name in NAMED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_scenario_names_a_function_that_exists(name):
    place, _, function = ALL[name].place.partition(":")
    source = HOME.joinpath(*place.split(".")).with_suffix(".py").read_text(encoding="utf-8")

    assert f"def {function}(" in source


def test_the_machine_is_described(tmp_path):
    facts = machine.facts(tmp_path / "not" / "there" / "yet")

    assert facts["cores"] >= 1
    assert facts["memory_mib"] > 0
    assert {"cpu", "os", "python", "postgres", "file_system", "load_at_start"} <= facts.keys()
    assert msgspec.json.encode(facts)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(0.0123, "s", "12.3 ms"), (99.5, "s", "99.50 s"), (12345.6, "/s", "12,346/s"), (50, "units", "50 units")],
)
def test_a_figure_is_told_in_the_unit_people_think_in(value, unit, told):
    assert bench.figure({"value": value, "unit": unit}) == told


def test_a_report_shows_what_was_missed_and_what_did_not_run(capsys):
    entry = {
        "value": 10.0, "unit": "/s", "limit": 100.0, "ratio": 0.1, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0,
        "notes": "slow", "passed": False, "figures": {},
    }  # fmt: skip
    bench.show(
        {
            "scenarios": {"order-http": entry},
            "failed": {"search": "the database did not start"},
            "machine": machine.facts(HOME),
            "version": "1",
        }
    )
    said = capsys.readouterr().out

    assert "missed" in said
    assert "not run" in said
    assert "the database did not start" in said
