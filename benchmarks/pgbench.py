"""pgbench of the embedded release: the limit that reservations are held against, on the same database."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from benchmarks.installation import CannotRun, Installation
from mekong.foundation.postgres import binaries

CLIENTS = 16

TABLE = """
    create table if not exists bench_reservation (
        id bigint generated always as identity primary key, variant_id bigint not null, location_id bigint not null,
        quantity bigint not null, expires_at timestamptz not null)
"""
_STATEMENT = """
    with taken as (
        update inventory_stocklevel set reserved = reserved + 1, version = version + 1
         where variant_id = :variant and location_id = :location and on_hand - reserved >= 1
        returning variant_id, location_id)
    insert into bench_reservation (variant_id, location_id, quantity, expires_at)
    select variant_id, location_id, 1, now() + interval '15 minutes' from taken
"""
"""One guarded update and one insert, in one round trip: on a hot row almost twice as fast as the two statements between
`begin` and `end` (800 against 470 a second on two cores), so this is the stricter limit."""


@dataclass(frozen=True)
class Told:
    """What one run reached: transactions a second, and the mean latency of one."""

    rate: float
    latency_ms: float


def script() -> str:
    """The transaction, over `rows` variants whose ids follow each other from `first` on."""
    return "\\set variant :first + random(0, :rows - 1)\n" + " ".join(_STATEMENT.split()) + ";\n"


def run(installation: Installation, *, first: int, rows: int, location: int, seconds: int) -> Told:
    """Let pgbench reserve for so long, with 16 clients and prepared statements. Raises: CannotRun."""
    file = installation.data / "run" / "reserve.pgbench"
    file.write_text(script(), encoding="utf-8")
    address = urlsplit(installation.database_url)
    values = {"first": first, "rows": rows, "location": location}
    ran = subprocess.run(
        [
            str(binaries() / "pgbench"), "--no-vacuum", f"--client={CLIENTS}", "--jobs=2", "--protocol=prepared",
            f"--time={seconds}", f"--file={file}", *(f"--define={name}={value}" for name, value in values.items()),
            "--host", parse_qs(address.query)["host"][0], "--username", address.username or "", address.path[1:],
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        raise CannotRun(f"pgbench: {ran.stderr[-1000:]}")
    return read(ran.stdout)


def read(said: str) -> Told:
    """The figures in pgbench's report. Raises: CannotRun."""
    rate = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
    latency = re.search(r"^latency average = ([\d.]+) ms", said, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: (\d+)", said, re.MULTILINE)
    if rate is None or latency is None or (failed is not None and failed[1] != "0"):
        raise CannotRun(f"pgbench said: {said[-1000:]}")
    return Told(float(rate[1]), float(latency[1]))
