"""`python -m benchmarks [SCENARIO…] [--json FILE] [--data DIR] [--strict]`, the work behind `mekong bench`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks import machine
from benchmarks.installation import CannotRun, clean_environment, copy, prepare, remove
from benchmarks.scenarios import ALL, Scenario, chosen
from mekong import __version__
from mekong.foundation.config import data_folder
from mekong.foundation.postgres import make_data_folder

Entry = Mapping[str, Any]


def main() -> int:
    """Measure, print and write. Returns 1 when a scenario could not run (--strict: or missed its target), 2: misuse."""
    options = _options()
    try:
        names = chosen(options.scenarios)
    except KeyError as unknown:
        print(f"There is no scenario {unknown}. Scenarios: {', '.join(ALL)}.", file=sys.stderr)
        return 2
    console = Console(stderr=True)
    if options.json:
        _require_writable(options.json)
    parent = options.data or data_folder()
    make_data_folder(parent)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    folder.chmod(0o711)
    began = datetime.now(UTC)
    facts = machine.facts(folder)
    measured: dict[str, Entry] = {}
    failed: dict[str, str] = {}
    try:
        with console.status("preparing an installation"):
            pristine = folder / "prepared"
            prepare(pristine)
        for name in names:
            _run(console, folder, pristine, name, measured, failed)
    except CannotRun as reason:
        failed.update({name: str(reason) for name in names if name not in measured})
    except KeyboardInterrupt:
        failed.update({name: "interrupted" for name in names if name not in measured and name not in failed})
    finally:
        remove(folder)
    report = {
        "scenarios": measured,
        "failed": failed,
        "machine": facts,
        "version": __version__,
        "at": began.isoformat(timespec="seconds"),
    }
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    show(report)
    missed = [name for name, entry in measured.items() if entry["passed"] is False]
    return 1 if failed or (options.strict and missed) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mekong bench",
        description="Measures what Mekong reaches, each figure beside the limit it is held against in the same run.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="scenarios:\n" + "\n".join(f"  {name:<16} {each.title}" for name, each in ALL.items()),
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="default: all but those only run when named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where the run may work, in a folder of its own that it removes"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 when a target is missed")
    return parser.parse_args()


def _require_writable(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    except OSError as refused:
        sys.exit(f"{file} cannot be written: {refused.strerror}")


def _run(
    console: Console, folder: Path, pristine: Path, name: str, measured: dict[str, Entry], failed: dict[str, str]
) -> None:
    scenario: Scenario = ALL[name]
    data, out = folder / name, folder / f"{name}.json"
    copy(pristine, data)
    began = time.monotonic()
    with console.status(f"{name}: {scenario.title} (about {scenario.takes_s} s)"):
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.scene", name, "--data", str(data), "--out", str(out)],
            env=clean_environment(data), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
    took = time.monotonic() - began
    if ran.returncode == 0:
        measured[name] = msgspec.json.decode(out.read_bytes())
        console.print(f"{name}: {figure(measured[name])} ({took:.0f} s)")
    else:
        failed[name] = _shortened(ran.stderr.strip()) or f"ended with status {ran.returncode}"
        console.print(f"{name}: could not run ({took:.0f} s)")
    remove(data)


def _shortened(text: str, *, head: int = 600, tail: int = 2400) -> str:
    """What went wrong stands at the beginning of a reason, and at the end of a traceback."""
    return text if len(text) <= head + tail else f"{text[:head]}\n…\n{text[-tail:]}"


def figure(entry: Entry) -> str:
    """A figure as people read it."""
    value, unit = entry["value"], entry["unit"]
    if unit == "s":
        return f"{value * 1000:,.1f} ms" if value < 1 else f"{value:,.2f} s"
    return f"{value:,.0f}{unit if unit.startswith('/') else f' {unit}'}"


def show(report: Mapping[str, Any]) -> None:
    """Print the report as a table, and the notes below it."""
    console = Console()
    table = Table(title=f"mekong bench {report['version']}", title_justify="left")
    table.add_column("scenario", no_wrap=True)
    for head in ("value", "limit", "ratio", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    for name, entry in report["scenarios"].items():
        limit = {**entry, "value": entry["limit"]}
        met = {True: "met", False: "[bold red]missed[/]", None: "–"}[entry["passed"]]
        table.add_row(
            name, figure(entry), figure(limit) if entry["limit"] is not None else "–", _number(entry["ratio"]),
            *(_number(entry[key]) for key in ("p50_ms", "p95_ms", "p99_ms")), met,
        )  # fmt: skip
    for name in report["failed"]:
        table.add_row(name, "–", "–", "–", "–", "–", "–", "[bold red]not run[/]")
    console.print(table)
    for name, entry in report["scenarios"].items():
        console.print(f"[bold]{name}[/]: {entry['notes']}", highlight=False)
    for name, reason in report["failed"].items():
        console.print(f"[bold red]{name}[/] could not run:", highlight=False)
        console.print(reason, highlight=False, markup=False)
    facts = report["machine"]
    console.print(
        f"{facts['cores']} cores ({facts['cpu']}), {facts['memory_mib']:,} MiB, {facts['file_system']}, {facts['os']}, "
        f"Python {facts['python']}, PostgreSQL {facts['postgres']}, load at start {facts['load_at_start'][0]}",
        highlight=False,
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"


if __name__ == "__main__":
    sys.exit(main())
