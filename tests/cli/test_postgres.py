"""The embedded server: started, shared, killed, found again."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from mekong.foundation.postgres import EmbeddedServer, database, url
from tests.support.installations import clean_environment, eventually, is_alive

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def server(data_folder: Path) -> Iterator[EmbeddedServer]:
    made = EmbeddedServer(data_folder / "d")
    yield made
    made.release()
    made.stop()


def _keep(server: EmbeddedServer, word: str) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("create table if not exists kept (word text)")
        connection.execute("insert into kept values (%s)", [word])


def _kept(server: EmbeddedServer) -> list[str]:
    with psycopg.connect(server.url) as connection:
        return [row[0] for row in connection.execute("select word from kept order by 1")]


def test_it_is_a_durable_utf8_server_for_its_owner_alone(server: EmbeddedServer) -> None:
    server.acquire()

    with psycopg.connect(server.url) as connection:
        names = (
            "fsync",
            "synchronous_commit",
            "full_page_writes",
            "listen_addresses",
            "server_encoding",
            "jit",
            "TimeZone",
        )
        found = [connection.execute(f"show {name}".encode()).fetchone() for name in names]
    assert [row[0] for row in found if row] == ["on", "on", "on", "", "UTF8", "off", "UTC"]
    assert (server.cluster.stat().st_mode & 0o077) == 0


def test_the_last_user_stops_it(data_folder: Path) -> None:
    folder = data_folder / "d"
    with database(folder) as first:
        pid = EmbeddedServer(folder).pid
        with database(folder) as second:
            assert first == second == url(folder)
        assert EmbeddedServer(folder).pid == pid
    assert pid is not None
    assert not is_alive(pid)


def test_many_who_come_at_once_start_one(data_folder: Path) -> None:
    folder = data_folder / "d"
    code = (
        "import sys, pathlib; from mekong.foundation.postgres import *; folder = pathlib.Path(sys.argv[1])\n"
        "with database(folder): print(EmbeddedServer(folder).pid, flush=True); sys.stdin.read()"
    )
    users = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder)],
            env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    pids = {user.stdout.readline() for user in users if user.stdout}
    for user in users:
        user.communicate()

    assert len(pids) == 1
    assert [user.returncode for user in users] == [0] * 4
    assert not is_alive(int(pids.pop()))


def test_a_killed_server_recovers_what_was_committed(server: EmbeddedServer) -> None:
    server.acquire()
    _keep(server, "before")
    pid = server.pid
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not server.running, "death noticed")
    server.start()

    assert server.pid != pid
    assert _kept(server) == ["before"]


def test_of_several_who_see_it_dead_one_starts_it(server: EmbeddedServer) -> None:
    """The supervisor starts it again without a share of its own; doctor and commands come at the same moment."""
    server.acquire()
    _keep(server, "before")
    for _ in range(3):
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not server.running, "death noticed")
        others = [EmbeddedServer(server.data) for _ in range(3)]
        with ThreadPoolExecutor(4) as pool:
            starts = [pool.submit(server.start), *(pool.submit(each.acquire) for each in others)]
            assert [each.exception(60) for each in starts] == [None] * 4
        assert {each.pid for each in others} == {server.pid}
        assert _kept(server) == ["before"]
        for each in others:
            each.release()


def test_a_killed_server_that_nobody_collected_does_not_stand_in_the_way(server: EmbeddedServer) -> None:
    """Whoever started it has not looked since: its number stays taken, by nothing."""
    starter = EmbeddedServer(server.data)
    starter.acquire()
    pid = starter.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: starter.pid is None, "death noticed")

    server.acquire()

    assert server.running
    starter.release()


def test_a_pid_file_that_names_another_program_does_not_stand_in_the_way(server: EmbeddedServer) -> None:
    server.acquire()
    pid_file = server.cluster / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.release()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    server.acquire()

    assert server.running
    assert server.pid != os.getpid()


def test_a_folder_too_deep_for_a_socket_works_all_the_same(data_folder: Path) -> None:
    deep = data_folder / ("x" * 60) / ("y" * 60)

    with database(deep) as there, psycopg.connect(there) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert str(deep) not in there


def test_a_first_start_that_was_cut_short_is_done_again(server: EmbeddedServer) -> None:
    (server.data / "pg.new" / "base").mkdir(parents=True)
    (server.data / "pg.new" / "PG_VERSION").write_text("18")

    server.acquire()

    assert server.running
    assert not (server.data / "pg.new").exists()


def test_stopping_does_not_wait_for_a_client_that_does_not_leave(server: EmbeddedServer) -> None:
    server.start()
    connection = psycopg.connect(server.url)
    asleep = threading.Thread(target=lambda: _ignore(lambda: connection.execute("select pg_sleep(60)")))
    asleep.start()

    server.stop()
    asleep.join(10)

    assert not server.running
    assert not asleep.is_alive()
    connection.close()


def _ignore(work: object) -> None:
    try:
        work()  # type: ignore[operator]
    except psycopg.Error:
        return
