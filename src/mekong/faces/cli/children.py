"""One process that `mekong up` looks after: started, watched, started again when it dies, stopped."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

_KEPT_LOGS: Final = 5
_BACKOFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SETTLED_S: Final = 60.0
"""A child that lived this long starts over with the shortest wait."""


@dataclass
class Child:
    """A process of the installation.

    Attributes:
        name: for people and for its log file.
        module: the Python module to run, with its arguments; it is tethered to this process (`tether`).
        shows: its output goes to the console instead of its log, for progress bars.
    """

    name: str
    module: Sequence[str]
    logs: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    shows: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    restart_at: float | None = None

    def start(self) -> None:
        """Start the process."""
        self.restart_at = None
        self.started_at = time.monotonic()
        if self.shows:
            self._launch(None)
            return
        with self._open_log() as log:
            self._launch(log)

    def _launch(self, log: IO[bytes] | None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mekong.faces.cli.tether", *self.module],
            env={**os.environ, **self.environment},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            # Its own group: Ctrl-C at the terminal reaches the supervisor alone, which stops things in order.
            process_group=0,
        )

    @property
    def pid(self) -> int | None:
        """The live process, or None."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def ended(self) -> int | None:
        """Exit status, when the process has ended since it was started; None while it runs or waits for its restart."""
        return self.process.poll() if self.process else None

    def bury(self) -> float:
        """Note a death; returns after how many seconds the process will be started again."""
        if time.monotonic() - self.started_at > _SETTLED_S:
            self.deaths = 0
        wait_s = _BACKOFF_S[min(self.deaths, len(_BACKOFF_S) - 1)]
        self.deaths += 1
        self._let_go()
        self.restart_at = time.monotonic() + wait_s
        return wait_s

    def ask_to_stop(self) -> None:
        """Ask the process to end its work and stop."""
        self.restart_at = None
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the process has ended, and kill it when it does not; returns whether it ended by itself."""
        if not self.process:
            return True
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        finally:
            self._let_go()
        return True

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        try:
            text = (self.logs / f"{self.name}.log").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _let_go(self) -> None:
        if self.process and self.process.stdin:
            self.process.stdin.close()
        self.process = None

    def _open_log(self) -> IO[bytes]:
        """A fresh log for this start; the logs of the last few starts are kept beside it."""
        self.logs.mkdir(parents=True, exist_ok=True)
        path = self.logs / f"{self.name}.log"
        if path.exists() and path.stat().st_size:
            for age in range(_KEPT_LOGS - 1, 0, -1):
                older = self.logs / f"{self.name}.{age}.log"
                if older.exists():
                    older.rename(self.logs / f"{self.name}.{age + 1}.log")
            path.rename(self.logs / f"{self.name}.1.log")
        return path.open("ab")
