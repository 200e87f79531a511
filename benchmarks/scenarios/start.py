"""A later start of `./mekong up`, to the first answer, and what an idle installation takes of the memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.installation import CannotRun, Installation, clean_environment, free_port
from benchmarks.result import Result, median

_READY_S = 5.0
_MEMORY_MIB = 600.0
_STARTS = 3
_SETTLE_S = 5.0
_FIRST_S = 120.0
_DEMO_S = 300.0


def measure(installation: Installation) -> Result:
    """Start, stop, and start again; then the same with the demo, for its memory."""
    installation.stop_all()
    first_s, later_s = 0.0, []
    memory: dict[str, float] = {}
    for turn in range(1 + _STARTS):
        run = _Up(installation.data)
        try:
            took = run.wait_until_ready(_FIRST_S)
            if turn == 0:
                first_s = took
                continue
            later_s.append(took)
            if turn == _STARTS:
                time.sleep(_SETTLE_S)
                memory = run.memory_mib()
        finally:
            run.stop()
    notes = [
        (
            f"from `./mekong up` to 200 at /healthz, median of {_STARTS} later starts "
            f"({'/'.join(f'{each:.2f}' for each in later_s)} s); first start on prepared tables {first_s:.1f} s"
        ),
        f"idle memory {_told(memory)}; target {_MEMORY_MIB:g} MiB",
    ]
    figures = {"memory_mib": sum(memory.values()), "first_s": first_s}
    demo = _demo(installation.data, notes)
    if demo:
        figures["demo_memory_mib"] = sum(demo.values())
    value = median(later_s)
    return Result(
        value=value,
        unit="s",
        limit=_READY_S,
        ratio=value / _READY_S,
        notes=notes,
        figures=figures,
        passed=value <= _READY_S and max(figures["memory_mib"], figures.get("demo_memory_mib", 0.0)) <= _MEMORY_MIB,
    )


def _demo(data: Path, notes: list[str]) -> dict[str, float]:
    run = _Up(data, "--demo")
    try:
        took = run.wait_until_ready(_DEMO_S)
        time.sleep(_SETTLE_S)
        memory = run.memory_mib()
    except CannotRun as reason:
        notes.append(f"memory with --demo not measured: {str(reason)[-300:]}")
        return {}
    finally:
        run.stop()
    notes.append(f"with --demo {_told(memory)}; its first start, with loading, {took:.1f} s")
    return memory


def _told(memory: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {mib:.0f}" for name, mib in sorted(memory.items(), key=lambda each: -each[1]))
    return f"{sum(memory.values()):.0f} MiB ({parts})"


class _Up:
    """One run of `./mekong up`."""

    def __init__(self, data: Path, *arguments: str) -> None:
        home = Path(os.environ.get("MEKONG_HOME") or Path(__file__).parents[2])
        door = home / "mekong"
        command = [str(door)] if door.exists() else [sys.executable, "-m", "mekong.faces.cli"]
        self._port = free_port()
        self._log = data.parent / f"{data.name}.up.log"
        self._began = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "up", "--no-browser", "--port", str(self._port), "--data", str(data), *arguments],
                env=clean_environment(data), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def wait_until_ready(self, patience_s: float) -> float:
        """Seconds from its start to the first 200 of /healthz. Raises: CannotRun."""
        while time.monotonic() - self._began < patience_s:
            if self._process.poll() is not None:
                break
            try:
                if httpx.get(f"http://127.0.0.1:{self._port}/healthz", timeout=2).status_code == httpx.codes.OK:
                    return time.monotonic() - self._began
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        said = self._log.read_text(encoding="utf-8", errors="replace")
        raise CannotRun(f"`mekong up` was not ready within {patience_s:g} s: {said[-2000:]}")

    def memory_mib(self) -> dict[str, float]:
        """Memory of every process, shared pages counted once over all of them (PSS; USS where there is none)."""
        found: dict[str, float] = {}
        up = psutil.Process(self._process.pid)
        for process in [up, *up.children(recursive=True)]:
            try:
                told = process.memory_full_info()
                name = _name(process, up)
            except psutil.NoSuchProcess:
                continue
            mib = getattr(told, "pss", told.uss) / 2**20
            found[name] = found.get(name, 0.0) + mib
        return found

    def stop(self) -> None:
        """Stop it as Ctrl-C would."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _name(process: psutil.Process, up: psutil.Process) -> str:
    if process.pid == up.pid:
        return "supervisor"
    if "postgres" in process.name():
        return "postgres"
    words = process.cmdline()
    known = {"serving": "web", "working": "worker", "mekong_sandbox": "sandbox"}
    return next((known[key] for key in known for word in words if key in word), process.name())
