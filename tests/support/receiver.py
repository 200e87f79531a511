"""A receiver of webhooks: a real HTTP server, and a check of signatures written from the specification alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Arrived:
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`answers`: (status, headers, body) for the next requests; when none is left, 204. `before`: runs first."""

    url: str = ""
    arrived: list[Arrived] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    before: Callable[[], object] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def will(self, *statuses: int, body: bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers += [(status, named, body) for status in statuses]

    def verify(self, secret: str, arrived: Arrived | None = None) -> bool:
        """Whether one of the signatures is of this secret."""
        found = arrived or self.arrived[-1]
        content = b".".join(
            (found.headers["webhook-id"].encode(), found.headers["webhook-timestamp"].encode(), found.body)
        )
        kind, _, text = secret.partition("_")
        assert kind == "whsec"
        wanted = base64.b64encode(hmac.new(base64.b64decode(text), content, hashlib.sha256).digest()).decode()
        return f"v1,{wanted}" in found.headers["webhook-signature"].split(" ")


@contextmanager
def receiving() -> Iterator[Receiver]:
    here = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with here.lock:
                here.arrived.append(Arrived({name.lower(): value for name, value in self.headers.items()}, body))
                status, headers, answer = here.answers.pop(0) if here.answers else (204, {}, b"")
            if here.before is not None:
                here.before()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("content-length", str(len(answer)))
            self.end_headers()
            if status != 204:
                self.wfile.write(answer)

        def do_GET(self) -> None:
            raise AssertionError("a webhook is a POST")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    class Server(ThreadingHTTPServer):
        # Many workers knock at once; those a short queue drops would come seconds later.
        request_queue_size = 256
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
