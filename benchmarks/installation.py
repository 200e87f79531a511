"""An installation to measure: a folder of its own, the embedded database, and the processes that `mekong up` starts.

A run prepares one installation and gives every scenario a copy of it, so that none meets what another left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from mekong.faces.cli.children import Child
from mekong.faces.cli.installation import SUPERVISED, choose, set_up_django
from mekong.foundation.postgres import EmbeddedServer

if TYPE_CHECKING:
    from mekong.catalog.contracts import NewProduct

_PATIENCE_S = 90.0


class CannotRun(Exception):
    """A scenario could not be measured; the message says why."""


def clean_environment(data: Path) -> dict[str, str]:
    """This process's environment for work on the installation in `data` alone: no DATABASE_URL, no other settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"MEKONG_HOME", "MEKONG_LANG"} or not name.startswith(("MEKONG_", "DJANGO_", "DATABASE_URL", "PG"))
    }
    return {**kept, "MEKONG_DATA": str(data)}


def prepare(data: Path) -> None:
    """Make an installation in an empty folder: database, tables, static files, first owner, first place.

    Raises: CannotRun.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o711)
    (data / "run").mkdir(exist_ok=True)
    outcome = data / "run" / "prepared.json"
    made = subprocess.run(
        [sys.executable, "-c", "from mekong.faces.cli.preparing import main; main()", str(outcome)],
        env=clean_environment(data), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    outcome.unlink(missing_ok=True)
    if made.returncode:
        raise CannotRun(f"the installation could not be prepared:\n{made.stderr[-3000:]}")


def copy(source: Path, target: Path) -> None:
    """Copy an installation whose database is stopped, with owners and modes."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, headers: Mapping[str, str] | None = None, timeout_s: float = 30.0) -> Any:
    """The JSON that a GET answers with. Raises: CannotRun."""
    return _answer(httpx.get(url, headers=headers, timeout=timeout_s))


def post(url: str, body: Any, headers: Mapping[str, str] | None = None, timeout_s: float = 60.0) -> Any:
    """The JSON that a POST of JSON answers with. Raises: CannotRun."""
    return _answer(httpx.post(url, json=body, headers=headers, timeout=timeout_s))


def _answer(answer: httpx.Response) -> Any:
    if not answer.is_success:
        asked = answer.request
        raise CannotRun(f"{asked.method} {asked.url}: {answer.status_code} {answer.text[:500]}")
    return answer.json() if answer.content else None


class Installation:
    """A prepared installation in use: its database runs, Django is set up in this process."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.web_port = 0
        self.sandbox_port = 0
        self._server = EmbeddedServer(data)
        self._children: dict[str, Child] = {}

    @property
    def database_url(self) -> str:
        return self._server.url

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def pids(self) -> list[int]:
        """Every process of the installation: the database's, and those started here."""
        found = [child.pid for child in self._children.values() if child.pid]
        postmaster = self._server.pid
        if postmaster:
            found += [postmaster, *(each.pid for each in psutil.Process(postmaster).children(recursive=True))]
        return found

    def cpu_s(self) -> dict[str, float]:
        """Processor seconds that each process has used since it started; `postgres` is all of the server's."""
        used = {name: _cpu_s(child.pid) for name, child in self._children.items() if child.pid}
        postmaster = self._server.pid
        if postmaster:
            backends = psutil.Process(postmaster).children(recursive=True)
            used["postgres"] = _cpu_s(postmaster, with_ended=True) + sum(_cpu_s(each.pid) for each in backends)
        return used

    # Processes

    def start_web(self) -> None:
        """The web process, as `mekong up` starts it, until it answers. Raises: CannotRun."""
        self.web_port = free_port()
        child = self._start("web", "mekong.faces.cli.serving:serve", MEKONG_PORT=str(self.web_port))
        self._wait_until_answers(child, f"{self.web_url}/healthz")

    def start_worker(self, **environment: str) -> None:
        """The worker process, as `mekong up` starts it."""
        self._start("worker", "mekong.faces.cli.working:work", **environment)

    def start_echo(self) -> int:
        """A bare echo on the very server the web process uses; returns its port. Raises: CannotRun."""
        port = free_port()
        child = self._start("echo", "benchmarks.echo", MEKONG_PORT=str(port))
        self._wait_until_answers(child, f"http://127.0.0.1:{port}/")
        return port

    def start_sandbox(self) -> None:
        """The stand-ins of the marketplaces, until they answer. Raises: CannotRun."""
        self.sandbox_port = free_port()
        folder = self.data / "sandbox"
        folder.mkdir(exist_ok=True)
        child = self._start("sandbox", "mekong_sandbox", "--port", str(self.sandbox_port), "--data", str(folder))
        self._wait_until_answers(child, f"{self.sandbox_url}/healthz")

    def stop(self, name: str) -> None:
        """Stop a process that was started here."""
        child = self._children.pop(name)
        child.ask_to_stop()
        child.wait(6.0)

    def stop_all(self) -> None:
        """Stop what was started here, and the database."""
        for name in ("web", "worker", "sandbox", "echo"):
            if name in self._children:
                self.stop(name)
        self._server.release()

    def require_alive(self) -> None:
        """Raises: CannotRun, when a process that was started here has ended."""
        for child in self._children.values():
            if child.ended() is not None:
                raise CannotRun(f"{child.name} ended ({child.ended()}):\n{child.log_tail()}")

    def said(self, name: str) -> str:
        """The last lines of a process's log."""
        return f"{name}: {self._children[name].log_tail(3)[-1500:]}" if name in self._children else ""

    def _start(self, name: str, *module: str, **environment: str) -> Child:
        given = {SUPERVISED: "1", "MEKONG_DATA": str(self.data), **environment}
        child = Child(name, module, self.data / "logs", given)
        child.start()
        self._children[name] = child
        return child

    def _wait_until_answers(self, child: Child, url: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline and child.ended() is None:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(url, timeout=5)
                return
            time.sleep(0.05)
        raise CannotRun(f"{child.name} did not answer at {url}:\n{child.log_tail(30)}")

    # What is in it

    def token(self) -> str:
        """A token that may do everything."""
        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.commands import create_token

        return create_token(actor=SYSTEM, name="bench", scopes=["all"], now=datetime.now(UTC)).text

    def location(self) -> tuple[int, str]:
        """Id and code of the first place that keeps stock."""
        from mekong.foundation.actor import SYSTEM
        from mekong.inventory.queries import list_locations

        first = list_locations(actor=SYSTEM)[0]
        return first.id, first.code

    def load(self, products: Iterable[NewProduct]) -> None:
        """Put products into the catalogue."""
        from mekong.catalog.commands import load_many
        from mekong.foundation.actor import SYSTEM

        load_many(actor=SYSTEM, products=products, now=datetime.now(UTC))

    def variant_ids(self, skus: Sequence[str]) -> list[int]:
        """Ids of variants, in the order of their SKUs."""
        from mekong.catalog.queries import variants_by_sku
        from mekong.foundation.actor import SYSTEM

        found = variants_by_sku(actor=SYSTEM, skus=skus)
        return [found[sku].id for sku in skus]

    def stock(self, variants: Sequence[int], units: int, *, at_once: bool = False) -> None:
        """Take so many units of each variant in at the first place; `at_once`: in one transaction."""
        from mekong.foundation.actor import SYSTEM
        from mekong.inventory.commands import adjust_stock
        from mekong.inventory.contracts import AdjustmentLine

        share = len(variants) if at_once else 5_000
        for start in range(0, len(variants), share):
            lines = [AdjustmentLine(variant, units) for variant in variants[start : start + share]]
            adjust_stock(
                actor=SYSTEM, location=self.location()[1], reason="opening", lines=lines, now=datetime.now(UTC)
            )

    def analyse(self) -> None:
        """Let the planner know what was loaded, as autovacuum would within a minute."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("vacuum (analyze)")
            cursor.execute("checkpoint")


def _cpu_s(pid: int, *, with_ended: bool = False) -> float:
    try:
        told = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    own = told.user + told.system
    return float(own + told.children_user + told.children_system if with_ended else own)


class Meter:
    """Adds up the processor time of an installation's processes over the blocks it is held open for.

    Other work on the machine bends rates and delays; it bends this much less.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._before: dict[str, float] = {}
        self.used_s: dict[str, float] = {}

    def __enter__(self) -> None:
        self._before = self._installation.cpu_s()

    def __exit__(self, *_: object) -> None:
        for name, used in self._installation.cpu_s().items():
            self.used_s[name] = self.used_s.get(name, 0.0) + used - self._before.get(name, 0.0)

    def note(self, count: int, what: str) -> str:
        """What one piece of work cost each process, in words."""
        parts = (f"{name} {used / count * 1e6:,.0f}" for name, used in sorted(self.used_s.items()) if used > 0)
        return f"processor time of one {what}, µs: {', '.join(parts)}"


@contextlib.contextmanager
def opened(data: Path) -> Iterator[Installation]:
    """An installation in use while the block runs; everything started in it is stopped after."""
    os.environ["MEKONG_DATA"] = str(data)
    choose(data)
    installation = Installation(data)
    installation._server.acquire()
    try:
        set_up_django("bench")
        yield installation
    finally:
        installation.stop_all()


def remove(folder: Path) -> None:
    """Remove a folder that this run made."""
    shutil.rmtree(folder, ignore_errors=True)
