"""Start a sandbox as its own process and call it the way sellers' software does."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec

SOURCE = Path(__file__).resolve().parents[2] / "src"


class Sandbox:
    """One sandbox process on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self.http = httpx.Client(timeout=60)

    def start(self, port: int = 0) -> Sandbox:
        command = [sys.executable, "-m", "mekong_sandbox", "--port", str(port), "--data", str(self.folder)]
        environment = os.environ | {"PYTHONPATH": str(SOURCE)}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert "ready on " in line, f"the sandbox did not start: {line!r}"
        self.url = line.split("ready on ")[1].strip()
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def control(self, method: str, path: str, body: object = None) -> Any:
        reply = self.http.request(method, f"{self.url}/control{path}", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def fault(self, **rule: object) -> None:
        self.control("POST", "/faults", rule)


@dataclass
class Shopee:
    """A shop's software: signs and sends."""

    box: Sandbox
    partner_id: int
    partner_key: str
    shop_id: int
    access_token: str
    refresh_token: str = ""

    def query(self, path: str, *, public: bool = False, timestamp: int | None = None) -> dict[str, Any]:
        stamp = int(time.time()) if timestamp is None else timestamp
        base = f"{self.partner_id}{path}{stamp}" + ("" if public else f"{self.access_token}{self.shop_id}")
        sign = hmac.new(self.partner_key.encode(), base.encode(), hashlib.sha256).hexdigest()
        query: dict[str, Any] = {"partner_id": self.partner_id, "timestamp": stamp, "sign": sign}
        return query if public else query | {"access_token": self.access_token, "shop_id": self.shop_id}

    def reply(
        self,
        method: str,
        name: str,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        *,
        public: bool = False,
    ) -> httpx.Response:
        path = "/api/v2" + name
        query = self.query(path, public=public) | dict(params or {})
        return self.box.http.request(method, self.box.url + path, params=query, json=body)

    def get(self, name: str, params: Mapping[str, Any] | None = None, *, public: bool = False) -> Any:
        return self.reply("GET", name, params, public=public).json()

    def post(self, name: str, body: object = None, *, public: bool = False) -> Any:
        return self.reply("POST", name, None, body or {}, public=public).json()


@dataclass
class Lazada:
    """A seller's software: signs and sends."""

    box: Sandbox
    app_key: str
    app_secret: str
    seller_id: str
    access_token: str
    refresh_token: str = ""

    def params(self, path: str, business: Mapping[str, str] | None = None, *, token: bool = True) -> dict[str, str]:
        params = {"app_key": self.app_key, "timestamp": str(int(time.time() * 1000)), "sign_method": "sha256"}
        if token:
            params["access_token"] = self.access_token
        params |= dict(business or {})
        base = path + "".join(f"{name}{params[name]}" for name in sorted(params))
        params["sign"] = hmac.new(self.app_secret.encode(), base.encode(), hashlib.sha256).hexdigest().upper()
        return params

    def get(self, path: str, business: Mapping[str, str] | None = None, *, token: bool = True) -> Any:
        reply = self.box.http.get(f"{self.box.url}/rest{path}", params=self.params(path, business, token=token))
        assert reply.status_code == 200
        return reply.json()

    def post(self, path: str, business: Mapping[str, str] | None = None, *, token: bool = True) -> Any:
        reply = self.box.http.post(f"{self.box.url}/rest{path}", data=self.params(path, business, token=token))
        assert reply.status_code == 200
        return reply.json()


@dataclass
class Received:
    """A notice as it arrived."""

    path: str
    authorization: str
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass
class Callback:
    """A server that takes notices; `status` is what it answers."""

    status: int = 200
    received: list[Received] = field(default_factory=list)

    def __enter__(self) -> Self:
        owner = self

        class Taker(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.received.append(Received(self.path, self.headers["Authorization"], body, time.time()))
                self.send_response(owner.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks/here?s=1"


def wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait until a condition holds, or fail."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("did not happen in time")
