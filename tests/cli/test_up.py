"""The supervisor, with real processes."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.support.installations import Installation, eventually, is_alive, status_of

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


def test_the_first_start_ends_ready_with_an_owner_and_term_stops_everything(installation: Installation) -> None:
    installation.up()

    said = installation.said()
    assert "First sign-in" in said
    assert "owner@mekong.local" in said
    children = installation.children()
    assert set(children) == {"postgres", "serve", "work"}

    status, took_s = installation.terminate()

    assert status == 0
    assert took_s < 10
    assert not [pid for pid in children.values() if is_alive(pid)]
    assert status_of(f"{installation.url}/healthz") == 0
    assert not (installation.folder / "pg" / "postmaster.pid").exists()

    # Everything is still there, and the password is not shown again.
    took_s = installation.up()
    assert took_s < 60  # five seconds on a machine that does nothing else, which the benchmark holds it to
    assert installation.said().count("First sign-in") == 1


def test_what_dies_is_started_again(prepared: Installation) -> None:
    prepared.up()
    before = prepared.children()

    for name in ("serve", "work", "postgres"):
        os.kill(before[name], signal.SIGKILL)

    def all_anew() -> bool:
        now = prepared.children()
        return now.keys() == before.keys() and not set(now.values()) & set(before.values())

    eventually(all_anew, "all processes again, and none of the old")
    eventually(lambda: status_of(f"{prepared.url}/healthz") == 200, "healthz")
    assert "The database runs again." in prepared.said()
    assert "The web process ended (-9)" in prepared.said()
    assert prepared.terminate()[0] == 0


def test_a_second_start_on_the_same_folder_is_refused(prepared: Installation) -> None:
    prepared.up()

    refused = prepared.run("up", "--no-browser", "--port", "0")

    assert refused.returncode == 1
    assert f"Mekong already runs on the folder {prepared.folder}" in refused.stderr
    assert status_of(f"{prepared.url}/healthz") == 200


def test_a_killed_supervisor_takes_its_processes_along_and_the_next_one_goes_on(prepared: Installation) -> None:
    prepared.up()
    children = prepared.children()
    assert prepared.process is not None

    prepared.process.kill()
    prepared.process.wait()

    eventually(lambda: not is_alive(children["serve"]) and not is_alive(children["work"]), "no orphan", 90)
    prepared.up()
    # The database outlived its supervisor, and is used as it is.
    assert prepared.postgres_pid() == children["postgres"]
    assert prepared.terminate()[0] == 0
    assert not is_alive(children["postgres"])


def test_a_taken_port_is_named(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        refused = installation.run("up", "--no-browser", "--port", str(port))

    assert refused.returncode == 1
    assert f"Port {port} is in use by another program" in refused.stderr
    assert not (installation.folder / "pg").exists()


def test_a_stop_during_the_first_start_leaves_nothing_half_made(installation: Installation) -> None:
    import subprocess
    import sys

    from tests.support.installations import clean_environment

    command = [sys.executable, "-m", "mekong.faces.cli", "up", "--no-browser", "--port", str(installation.port)]
    for delay_s in (0.4, 1.5, 3.0):
        running = subprocess.Popen(
            [*command, "--data", str(installation.folder)],
            env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(delay_s)
        running.terminate()
        # On a slow machine the signal may come before the program has said what it does with one.
        assert running.wait(60) in (0, -signal.SIGTERM)
        assert not _users_of(installation.folder)

    installation.up()
    assert installation.terminate()[0] == 0


def _users_of(folder: Path) -> list[int]:
    """Processes that name the folder in their arguments or environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in told:
            found.append(int(entry.name))
    return found
