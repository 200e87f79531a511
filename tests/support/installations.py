"""An installation of its own for tests that run the real command line and its processes."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE_S = 120.0
"""Longest wait for anything a process does; a loaded machine is slow, a broken process never gets there."""


def clean_environment(**given: str) -> dict[str, str]:
    """This process's environment without what the test run itself set."""
    ours = ("MEKONG_", "DJANGO_", "DATABASE_URL", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    # Python reads its bytecode where it may: a start is measured as a user's second one.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "MEKONG_LANG": "en", **given}


def prepare(folder: Path) -> None:
    """Lay down in `folder` an installation with its tables and nothing in them: a copy of one made once a test run.

    It is what `mekong migrate` leaves behind, whose two hundred changes to the tables take longer than most tests.
    """
    home = Path(os.environ["MEKONG_TEST_DATA"])
    made = home / "prepared"
    with (home / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            fresh = Installation(home / "preparing")
            done = fresh.run("migrate")
            assert done.returncode == 0, done.stderr
            fresh.folder.rename(made)
    # With their owners: root's database is another user's.
    folder.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", f"{made}/.", str(folder)], check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
    """Wait until a condition holds, and return what it answered."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {within_s:g} s")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def status_of(url: str) -> int:
    """HTTP status of a GET, or 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


@dataclass
class Installation:
    """A folder, and the processes of `mekong up` on it."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(
        self, *arguments: str, timeout: float = PATIENCE_S * 2, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command on this installation to its end."""
        return subprocess.run(
            [sys.executable, "-m", "mekong.faces.cli", *arguments, "--data", str(self.folder)],
            env=clean_environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def up(self, *arguments: str) -> float:
        """Start it and wait until it is ready; returns the seconds that took."""
        began = time.monotonic()
        output = (self.folder.parent / f"{self.folder.name}.up").open("a+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mekong.faces.cli", "up", "--no-browser", "--port", str(self.port), *arguments,
             "--data", str(self.folder)],
            env=clean_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, text=True,
        )  # fmt: skip
        output.close()

        def ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.said()
            return status_of(f"{self.url}/healthz") == 200

        eventually(ready, "healthz")
        took_s = time.monotonic() - began
        eventually(lambda: (self.folder / "run" / "up.json").exists(), "up.json")
        return took_s

    def said(self) -> str:
        return (self.folder.parent / f"{self.folder.name}.up").read_text()

    def state(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "run" / "up.json").read_text()))

    def postgres_pid(self) -> int:
        return int((self.folder / "pg" / "postmaster.pid").read_text().split("\n", 1)[0])

    def children(self) -> dict[str, int]:
        """Live processes of the supervisor by the name of their log."""
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        found = {}
        for pid in map(int, listed):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            if is_alive(pid):
                found[command[3].rsplit(":")[-1] if len(command) > 3 and "tether" in command[2] else "postgres"] = pid
        return found

    def terminate(self) -> tuple[int, float]:
        """Ask it to stop; returns its exit status and the seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        status = self.process.wait(PATIENCE_S)
        return status, time.monotonic() - began

    def end(self) -> None:
        """Leave nothing running."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(90)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        from mekong.foundation.postgres import EmbeddedServer

        EmbeddedServer(self.folder).stop()
        (self.folder.parent / f"{self.folder.name}.up").unlink(missing_ok=True)
