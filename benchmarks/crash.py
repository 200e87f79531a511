"""Kill processes of a running system at random moments under load, and hold it to its word.

Buyers place orders and take reservations over HTTP, each request with its own Idempotency-Key, repeated until it is
answered. Meanwhile web, worker or database are killed (SIGKILL); the supervisor starts them again. After each restart
`mekong doctor` must be clean; at the end every acknowledged order must be there, once, and the units sold must be those
that left the free stock.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import psutil

from benchmarks.installation import CannotRun, clean_environment, free_port
from benchmarks.result import Result

if TYPE_CHECKING:
    from benchmarks.installation import Installation

_SKUS = 20
_UNITS = 1_000_000
_BACK_WITHIN_S = 60.0


@dataclass
class Outcome:
    """`acknowledged`: order code by idempotency key. `recoveries_s`: from each kill until the system was ready again."""

    kills: dict[str, int] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    reservations: int = 0
    retries: int = 0
    recoveries_s: list[float] = field(default_factory=list)
    unclean: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    twice: int = 0
    sold_units: int = 0
    reserved_units: int = 0

    @property
    def is_sound(self) -> bool:
        return not self.unclean and not self.lost and not self.twice and self.sold_units == self.reserved_units


class Site:
    """A system started by `mekong up`, to be killed at."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {**clean_environment(data), "MEKONG_LANG": "en"}
        self._up: subprocess.Popen[bytes] | None = None
        self.headers: dict[str, str] = {}
        # One for all buyers: each client reads the list of certificates anew, which costs more than what is measured.
        self._http = httpx.Client(timeout=60, limits=httpx.Limits(max_connections=64))

    def start(self) -> None:
        """Raises: CannotRun."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with (self.data.parent / "up.log").open("wb") as log:
            self._up = subprocess.Popen(
                [*_mekong("up"), "--data", str(self.data), "--port", str(self.port), "--no-browser"],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.wait_ready(120.0)
        token = subprocess.run(
            [*_mekong("token", "create", "crash"), "--scopes", "all", "--data", str(self.data)],
            env=self._environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.headers = {"Authorization": f"Bearer {token.stdout.strip()}"}

    def stop(self) -> None:
        if self._up is not None and self._up.poll() is None:
            self._up.terminate()
            self._up.wait(30)

    def wait_ready(self, timeout_s: float) -> float:
        """Seconds until the system could serve. Raises: CannotRun."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            try:
                if self._http.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return time.monotonic() - began
            except httpx.HTTPError:
                time.sleep(0.05)
        raise CannotRun(f"not ready after {timeout_s:.0f} s: {(self.data.parent / 'up.log').read_text()[-2000:]}")

    def kill(self, what: str) -> None:
        """SIGKILL one process: web, worker, postgres (its postmaster), or backend (one of the database's)."""
        found = self._find(what)
        if found is not None:
            os.kill(found, signal.SIGKILL)

    def _find(self, what: str) -> int | None:
        if what in ("postgres", "backend"):
            first = (self.data / "pg" / "postmaster.pid").read_text().split("\n", 1)[0]
            postmaster = int(first)
            if what == "postgres":
                return postmaster
            backends = [each.pid for each in psutil.Process(postmaster).children()]
            return random.choice(backends) if backends else None
        assert self._up is not None
        part = {"web": "serving:serve", "worker": "working:work"}[what]
        for child in psutil.Process(self._up.pid).children(recursive=True):
            if any(part in argument for argument in child.cmdline()):
                return child.pid
        return None

    def doctor(self) -> list[str]:
        """Checks that are not well."""
        told = subprocess.run(
            [*_mekong("doctor", "--json"), "--data", str(self.data)],
            env=self._environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        try:
            report = json.loads(told.stdout)
        except ValueError:
            return [f"doctor: {told.stdout[-300:]} {told.stderr[-300:]}"]
        return [f"{each['name']}: {each['found']}" for each in report["checks"] if not each["ok"]]

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self._http.request(method, f"{self.url}/api/v1{path}", json=body, headers={**self.headers, **headers})


def _mekong(*words: str) -> list[str]:
    return [sys.executable, "-m", "mekong.faces.cli", *words]


def _buy(site: Site, outcome: Outcome, stopping: threading.Event, chance: random.Random) -> None:
    """Place one order after the other; each is repeated with its key until somebody answers for it."""
    while not stopping.is_set():
        key, order = uuid4().hex, chance.random() < 0.8
        lines = [{"sku": f"CRASH-{chance.randrange(_SKUS)}", "quantity": chance.randint(1, 3)} for _ in range(2)]
        body: dict[str, Any] = {"channel": "web", "lines": lines}
        if not order:
            body |= {"owner": key, "ttl_seconds": 3600}
        while True:
            try:
                answer = site.call("POST", "/orders" if order else "/reservations", body, **{"Idempotency-Key": key})
            except httpx.HTTPError:
                outcome.retries += 1
                time.sleep(0.05)
                continue
            if answer.status_code == 201:
                break
            outcome.retries += 1
            time.sleep(0.05)
            if answer.status_code not in (409, 429, 500, 503):
                outcome.unclean.append(f"{answer.status_code} {answer.text[:200]}")
                return
        units = sum(line["quantity"] for line in lines)
        with _counting:
            outcome.sold_units += units
            if order:
                outcome.acknowledged[key] = answer.json()["code"]
            else:
                outcome.reservations += 1


_counting = threading.Lock()


def run(data: Path, *, kills: int, buyers: int = 8, seed: int = 1) -> Outcome:
    """Start a system in `data`, kill at it `kills` times under load, and hold it to its word. Raises: CannotRun."""
    chance = random.Random(seed)
    site, outcome, stopping = Site(data), Outcome(), threading.Event()
    try:
        site.start()
        _stock(site)
        threads = [
            threading.Thread(target=_buy, args=(site, outcome, stopping, random.Random(seed * 100 + number)))
            for number in range(buyers)
        ]
        for thread in threads:
            thread.start()
        for _ in range(kills):
            time.sleep(chance.uniform(0.2, 1.2))
            what = chance.choice(("web", "web", "worker", "postgres", "backend"))
            site.kill(what)
            outcome.kills[what] = outcome.kills.get(what, 0) + 1
            outcome.recoveries_s.append(site.wait_ready(_BACK_WITHIN_S))
            outcome.unclean += site.doctor()
        stopping.set()
        for thread in threads:
            thread.join(90)
        site.wait_ready(_BACK_WITHIN_S)
        _settle(site, outcome)
    finally:
        stopping.set()
        site.stop()
    return outcome


def _stock(site: Site) -> None:
    place = site.call("GET", "/locations").json()["items"][0]["code"]
    for number in range(_SKUS):
        variant = {"sku": f"CRASH-{number}", "price_minor": 10_000}
        site.call("POST", "/products", {"name": f"Crash {number}", "variants": [variant]}).raise_for_status()
    lines = [{"sku": f"CRASH-{number}", "quantity": _UNITS} for number in range(_SKUS)]
    site.call("POST", "/stock/adjustments", {"location": place, "reason": "opening", "lines": lines}).raise_for_status()


def _settle(site: Site, outcome: Outcome) -> None:
    """Count what is there. Holds of requests that died between hold and order have expired after two minutes; they are
    told from the others by having no order."""
    codes = list(outcome.acknowledged.values())
    outcome.twice = len(codes) - len(set(codes))
    there: set[str] = set()
    cursor = ""
    while True:
        page = site.call("GET", f"/orders?limit=200&cursor={cursor}").json()
        there.update(each["code"] for each in page["items"])
        cursor = page["next_cursor"]
        if not cursor:
            break
    outcome.lost = sorted(set(codes) - there)
    outcome.twice += len(there - set(codes))
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        levels = [
            level
            for number in range(_SKUS)
            for level in site.call("GET", f"/stock/levels?sku=CRASH-{number}").json()["items"]
        ]
        outcome.reserved_units = sum(level["reserved"] for level in levels)
        if outcome.reserved_units <= outcome.sold_units:
            break
        time.sleep(5)
    outcome.unclean += site.doctor()


def measure(_: Installation) -> Result:
    """`mekong bench crash`: fifty kills."""
    with tempfile.TemporaryDirectory(prefix="crash-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        outcome = run(Path(folder) / "d", kills=50)
    slowest = max(outcome.recoveries_s, default=0.0)
    killed = ", ".join(f"{what} {count}" for what, count in sorted(outcome.kills.items()))
    return Result(
        value=sum(outcome.kills.values()),
        unit="kills",
        limit=50,
        ratio=sum(outcome.kills.values()) / 50,
        passed=outcome.is_sound,
        notes=[
            f"killed: {killed}",
            f"{len(outcome.acknowledged)} orders and {outcome.reservations} reservations acknowledged, "
            f"{outcome.retries} retries",
            f"lost {len(outcome.lost)}, booked twice {outcome.twice}, "
            f"units acknowledged {outcome.sold_units}, units reserved {outcome.reserved_units}",
            f"ready again after {slowest:.1f} s at most",
            *outcome.unclean[:3],
        ],
    )
