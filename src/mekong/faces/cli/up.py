"""`mekong up`: the supervisor. Starts the processes of an installation, keeps them running, stops them in order.

It imports neither Django nor psycopg, so that it starts at once and stays small beside the processes that do the work.
"""

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from mekong.faces.cli import installation
from mekong.faces.cli.children import Child
from mekong.faces.cli.preparing import furnished
from mekong.faces.cli.words import Stop, say, stop, words
from mekong.foundation.config import Config
from mekong.foundation.postgres import EmbeddedServer, make_data_folder

_LOOK_EVERY_S = 0.25
_READY_TIMEOUT_S = 120.0
_FAILED_STARTS = 3
"""Deaths before the first answer after which a start is given up."""


class Supervisor:
    """One run of `mekong up`."""

    def __init__(self, chosen: Config, *, demo: bool, browser: bool) -> None:
        self._config = chosen
        self._demo = demo
        self._browser = browser
        self._run = chosen.data / "run"
        self._logs = chosen.data / "logs"
        self._server = EmbeddedServer(chosen.data) if chosen.is_embedded else None
        self._asked = threading.Event()
        self._sandbox_port = 0
        self._notes: list[str] = []
        self._children: list[Child] = []

    def run(self) -> None:
        """Start everything, and look after it until asked to stop. Raises: Stop, when it cannot start."""
        make_data_folder(self._config.data)
        self._run.mkdir(exist_ok=True)
        with self._alone():
            _require_free(self._config.host, self._config.port)
            for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(sign, self._on_signal)
            try:
                self._start()
                self._look_after()
            finally:
                self._stop()

    # Starting

    def _start(self) -> None:
        if self._server:
            if not self._server.running:
                say("Đang khởi động cơ sở dữ liệu…", "Starting the database…")
            self._server.acquire()
        sandbox = self._start_sandbox() if self._demo and not self._asked.is_set() else None
        if not self._asked.is_set():
            self._prepare()
        if sandbox and not self._asked.is_set():
            self._await_sandbox(sandbox)
            self._load_demo()
        if self._asked.is_set():
            return
        self._children += [
            self._child("web", "mekong.faces.cli.serving:serve"),
            self._child("worker", "mekong.faces.cli.working:work"),
        ]
        for child in self._children:
            if child.process is None:
                child.start()
        if self._wait_until_ready():
            self._write_state()
            self._announce()

    def _child(self, name: str, *module: str, shows: bool = False, **environment: str) -> Child:
        given = {
            installation.SUPERVISED: "1",
            "MEKONG_DATA": str(self._config.data),
            "MEKONG_HOST": self._config.host,
            "MEKONG_PORT": str(self._config.port),
            # Said either way, so that nothing the environment holds opens the demo's door (backoffice/demo_door.py).
            "MEKONG_DEMO": "1" if self._demo else "",
            **({"MEKONG_SANDBOX_URL": f"http://127.0.0.1:{self._sandbox_port}"} if self._sandbox_port else {}),
            **environment,
        }
        return Child(name, module, self._logs, given, shows)

    def _prepare(self) -> None:
        if installation.is_prepared(self._config) and furnished(self._config).exists():
            return
        outcome = self._run / "prepared.json"
        outcome.unlink(missing_ok=True)
        self._finish(self._child("prepare", "mekong.faces.cli.preparing:main", str(outcome), shows=True))
        with contextlib.suppress(FileNotFoundError):
            self._notes += json.loads(outcome.read_text(encoding="utf-8"))["notes"]
            # It may hold a password that is shown once.
            outcome.unlink()

    def _start_sandbox(self) -> Child:
        """It starts while the database is prepared."""
        self._sandbox_port = _free_port(self._last_state().get("sandbox_port") or 8010)
        folder = self._config.data / "sandbox"
        folder.mkdir(exist_ok=True)
        sandbox = self._child("sandbox", "mekong_sandbox", "--port", str(self._sandbox_port), "--data", str(folder))
        self._children.append(sandbox)
        sandbox.start()
        return sandbox

    def _await_sandbox(self, sandbox: Child) -> None:
        if not _wait_for_port(self._sandbox_port, sandbox, self._asked) and not self._asked.is_set():
            raise Stop(
                f"{words('Sàn mô phỏng không khởi động được:', 'The sandbox did not start:')}\n{sandbox.log_tail()}"
            )

    def _load_demo(self) -> None:
        mark = self._run / "demo-loaded"
        # Platforms and we must know each other's address: a start on another port loads again, which changes only that.
        addresses = f"{self._config.base_url} {self._sandbox_port}"
        with contextlib.suppress(FileNotFoundError):
            if mark.read_text(encoding="utf-8") == addresses:
                return
        self._finish(self._child("demo", "mekong.faces.cli", "demo-load", shows=True))
        if not self._asked.is_set():
            mark.write_text(addresses, encoding="utf-8")

    def _finish(self, child: Child) -> None:
        """Run a process to its end. Raises: Stop, when it fails."""
        child.start()
        while child.ended() is None and not self._asked.wait(0.02):
            pass
        if self._asked.is_set():
            child.ask_to_stop()
            child.wait(3.0)
        elif status := child.ended():
            raise Stop(
                words(f"Bước “{child.name}” thất bại ({status}).", f"The step “{child.name}” failed ({status}).")
            )

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        web = next(child for child in self._children if child.name == "web")
        while not self._asked.wait(0.03):
            if _answers(self._config.host, self._config.port):
                return True
            self._revive()
            if web.deaths >= _FAILED_STARTS or time.monotonic() > deadline:
                raise Stop(
                    f"{words('Web không khởi động được:', 'The web process did not start:')}\n{web.log_tail(30)}"
                )
        return False

    # Running

    def _look_after(self) -> None:
        while not self._asked.wait(_LOOK_EVERY_S):
            if self._server and not self._server.running:
                say(
                    "Cơ sở dữ liệu đã dừng; đang khởi động lại…",
                    "The database stopped; starting it again…",
                )
                self._server.start()
                say("Cơ sở dữ liệu đã chạy lại.", "The database runs again.")
            self._revive()

    def _revive(self) -> None:
        for child in self._children:
            status = child.ended()
            if status is not None:
                wait_s = child.bury()
                log = f"{self._logs}/{child.name}.log"
                say(
                    f"Tiến trình {child.name} đã dừng ({status}); chạy lại sau {wait_s:g} giây. Nhật ký: {log}",
                    f"The {child.name} process ended ({status}); starting it again in {wait_s:g} s. Log: {log}",
                )
            if child.restart_at is not None and time.monotonic() >= child.restart_at:
                child.start()

    # Stopping

    def _on_signal(self, _sign: int, _frame: FrameType | None) -> None:
        if self._asked.is_set():
            # Asked twice: do not wait for anything.
            for child in self._children:
                if child.process and child.process.poll() is None:
                    child.process.kill()
        self._asked.set()

    def _stop(self) -> None:
        say("Đang dừng…", "Stopping…")
        # The door first, then the work behind it, then what that work talks to.
        for name, patience_s in (("web", 3.5), ("worker", 3.0), ("sandbox", 0.7)):
            for child in self._children:
                if child.name == name:
                    child.ask_to_stop()
                    child.wait(patience_s)
        if self._server:
            self._server.release()
        (self._run / "up.json").unlink(missing_ok=True)
        say("Đã dừng.", "Stopped.")

    # What is known of a run

    @contextlib.contextmanager
    def _alone(self) -> Any:
        """Hold the installation. Raises: Stop, when another `up` runs on the same folder."""
        handle = os.open(self._run / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            state = self._last_state()
            where, pid = state.get("url", "?"), state.get("pid", "?")
            stop(
                f"Mekong đang chạy trên thư mục {self._config.data} ({where}, tiến trình {pid}). "
                "Hãy dùng nó, dừng nó trước, hoặc chọn thư mục khác bằng --data.",
                f"Mekong already runs on the folder {self._config.data} ({where}, process {pid}). "
                "Use that one, stop it first, or choose another folder with --data.",
            )
        try:
            yield
        finally:
            os.close(handle)

    def _last_state(self) -> dict[str, Any]:
        for name in ("up.json", "last.json"):
            with contextlib.suppress(FileNotFoundError, ValueError):
                return dict(json.loads((self._run / name).read_text(encoding="utf-8")))
        return {}

    def _write_state(self) -> None:
        state = {
            "pid": os.getpid(),
            "url": self._config.base_url,
            "port": self._config.port,
            "sandbox_port": self._sandbox_port or None,
            "processes": {child.name: child.pid for child in self._children},
        }
        for name in ("up.json", "last.json"):
            draft = self._run / f"{name}.new"
            draft.write_text(json.dumps(state), encoding="utf-8")
            draft.rename(self._run / name)

    def _announce(self) -> None:
        url = self._config.base_url
        say(f"\nMekong đã sẵn sàng: {url}", f"\nMekong is ready: {url}")
        for note in self._notes:
            print(note, file=sys.stderr)
        if self._sandbox_port:
            there = f"http://127.0.0.1:{self._sandbox_port}"
            say(f"Sàn mô phỏng: {there}", f"Marketplace sandboxes: {there}")
        say(f"Nhật ký: {self._logs}   Dừng: Ctrl-C\n", f"Logs: {self._logs}   Stop: Ctrl-C\n")
        if self._browser and sys.stderr.isatty() and (sys.platform == "darwin" or os.environ.get("DISPLAY")):
            import webbrowser

            webbrowser.open(f"{url}/last-unit/" if self._demo else url)


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                stop(
                    f"Cổng {port} đang được chương trình khác dùng. Hãy dừng nó, hoặc chọn: --port {port + 1}",
                    f"Port {port} is in use by another program. Stop it, or choose another: --port {port + 1}",
                )
            reason = error.strerror
            stop(f"Không mở được {host}:{port}: {reason}", f"Cannot listen on {host}:{port}: {reason}")


def _free_port(preferred: int) -> int:
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Stop(words("Không còn cổng trống.", "No port is free."))


def _wait_for_port(port: int, child: Child, asked: threading.Event) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and child.ended() is None and not asked.wait(0.03):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    return False


def _answers(host: str, port: int) -> bool:
    """Whether GET /healthz answers 200."""
    there = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compares, does not listen
    with contextlib.suppress(OSError), socket.create_connection((there, port), timeout=2) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return connection.recv(64).startswith(b"HTTP/1.1 200")
    return False


def up(data: Path | None, *, demo: bool, host: str | None, port: int | None, browser: bool) -> None:
    """Run an installation in the foreground until asked to stop. Raises: Stop."""
    if host:
        os.environ["MEKONG_HOST"] = host
    if port is not None:
        os.environ["MEKONG_PORT"] = str(port or _free_port(0))
    Supervisor(installation.choose(data), demo=demo, browser=browser).run()
