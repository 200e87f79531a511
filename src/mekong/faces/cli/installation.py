"""Opening an installation from the command line: its settings, its database, its tables as this release wants them."""

import contextlib
import gc
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mekong.faces.cli.words import stop, words
from mekong.foundation import config, postgres
from mekong.foundation.config import Config

_PACKAGE = Path(__file__).resolve().parents[2]
SUPERVISED = "MEKONG_SUPERVISED"
"""Set in the environment of the processes that `mekong up` starts: the database is there, and theirs to use."""

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and the name of the step."""


def choose(data: Path | None = None) -> Config:
    """Settings of the installation in `data`, which becomes the one this process and its children work on."""
    if data is not None:
        os.environ["MEKONG_DATA"] = str(data.expanduser().absolute())
    chosen = config.load()
    os.environ["MEKONG_DATA"] = str(chosen.data)
    return chosen


@contextlib.contextmanager
def served(chosen: Config) -> Iterator[Config]:
    """While the block runs, the installation's database answers."""
    if os.environ.get(SUPERVISED) or not chosen.is_embedded:
        yield chosen
        return
    with postgres.database(chosen.data):
        yield chosen


@contextlib.contextmanager
def opened(data: Path | None = None, *, process: str = "command", prepared: bool = True) -> Iterator[Config]:
    """While the block runs, Django works on the installation in `data`.

    Args:
        data: its folder; None for MEKONG_DATA or ./data.
        process: what this process calls itself in logs and in the database's list of connections.
        prepared: bring the tables to this release first.
    """
    chosen = choose(data)
    with served(chosen):
        set_up_django(process)
        if prepared and not os.environ.get(SUPERVISED) and not is_prepared(chosen):
            prepare(chosen)
        yield chosen


def set_memory_aside() -> None:
    """Keep what is loaded so far out of the garbage collector's sight: once, by a process that is about to serve.

    A full collection walks every module, model and translation, and all callers wait for it: a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 50)


_YOUNG = 20_000
"""New objects before a collection looks at them; the 700 that Python begins with are made by a handful of requests."""


def set_up_django(process: str) -> None:
    """Load Django with Mekong's settings."""
    os.environ.setdefault("MEKONG_PROCESS", process)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mekong.settings")
    import django

    django.setup()


def is_prepared(chosen: Config) -> bool:
    """Whether the database has this release's tables, told in microseconds from a mark beside the embedded cluster.

    A server of one's own may have been emptied or replaced since: there the answer is always no, and `prepare` looks.
    """
    if not chosen.is_embedded:
        return False
    try:
        return _mark(chosen).read_text(encoding="utf-8") == _fingerprint(chosen)
    except FileNotFoundError:
        return False


def forget_prepared(chosen: Config) -> None:
    """Have the next start look at the tables again."""
    _mark(chosen).unlink(missing_ok=True)


def prepare(chosen: Config, progress: Progress | None = None) -> None:
    """Bring tables and static files to this release. Needs Django. Several processes may do so at once: they take
    turns.

    Raises: Stop, when the server is too old.
    """
    from django.core.management import call_command
    from django.db import connection

    require_version()
    fingerprint = _fingerprint(chosen)
    with connection.cursor() as cursor:
        # The lock is the connection's, and goes with it should this process die. Asked for again and again: a statement
        # that waits would hold a snapshot, and an index that is built while others write waits for every snapshot.
        while not _is_ours(cursor):
            time.sleep(_TURN_S)
        try:
            _migrate(progress)
        finally:
            cursor.execute("select pg_advisory_unlock(hashtextextended('mekong.prepare', 0))")
    call_command("collectstatic", interactive=False, verbosity=0)
    if chosen.is_embedded:
        _mark(chosen).write_text(fingerprint, encoding="utf-8")


_TURN_S = 0.2


def _is_ours(cursor: Any) -> bool:
    cursor.execute("select pg_try_advisory_lock(hashtextextended('mekong.prepare', 0))")
    return bool(cursor.fetchone()[0])


def require_version() -> None:
    """Raises: Stop, when the database server is older than Mekong can use."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("show server_version_num")
        number = int(cursor.fetchone()[0])
    if number < postgres.MINIMUM_VERSION:
        found, least = number // 10000, postgres.MINIMUM_VERSION // 10000
        stop(
            f"PostgreSQL ở DATABASE_URL là phiên bản {found}; Mekong cần {least} trở lên. Hãy nâng cấp máy chủ, "
            "hoặc bỏ DATABASE_URL để dùng máy chủ đi kèm.",
            f"The PostgreSQL of DATABASE_URL is version {found}; Mekong needs {least} or newer. Upgrade the server, "
            "or unset DATABASE_URL to use the embedded one.",
        )


def _migrate(progress: Progress | None) -> None:
    from django.core.management.commands.migrate import Command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    total = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    done = 0

    class Reporting(Command):
        def migration_progress_callback(self, action: str, migration: object = None, fake: bool = False) -> None:  # noqa: ARG002 - Django's signature
            nonlocal done
            if action in {"apply_success", "unapply_success"}:
                done += 1
                if progress:
                    progress(done, total, str(migration))

    from django.core.management import call_command

    # Also with nothing to apply: it creates the permissions and content types of new models.
    call_command(Reporting(), interactive=False, verbosity=0)


def _mark(chosen: Config) -> Path:
    return chosen.data / "run" / "prepared"


def _fingerprint(chosen: Config) -> str:
    """Changes when a migration, a static file, a locked package or the cluster does."""
    seen = hashlib.sha256()
    for pattern in ("*/migrations/*.py", "*/*/migrations/*.py", "**/static/**/*"):
        for path in sorted(_PACKAGE.glob(pattern)):
            if path.is_file():
                state = path.stat()
                seen.update(f"{path.relative_to(_PACKAGE)}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    lock = _PACKAGE.parents[1] / "requirements" / "runtime.txt"
    if lock.exists():
        seen.update(lock.read_bytes())
    created = chosen.data / "pg" / "PG_VERSION"
    if created.exists():
        seen.update(f"{created.stat().st_mtime_ns}|{created.stat().st_ino}".encode())
    return seen.hexdigest()


def progress_line(vi: str, en: str) -> Progress:
    """A progress report on one line of standard error, or one line in ten when that is not a terminal."""
    import sys

    def show(done: int, total: int, name: str) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == total else ""
            print(
                f"\r\033[K{words(vi, en)} {done}/{total} {name if done < total else ''}",
                end=end,
                file=sys.stderr,
                flush=True,
            )
        elif done == total or total < 20 or done % 10 == 0:
            print(f"{words(vi, en)} {done}/{total} {name if total < 20 else ''}".rstrip(), file=sys.stderr, flush=True)

    return show
