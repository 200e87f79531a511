"""A small HTTP/1.1 server that may also refuse to answer.

The stand-ins must be able to break a connection before or after a call took effect, which an ASGI server does
not allow. Handlers are plain synchronous functions: a call is parsed, answered and written in one go, so every
call is atomic against the state without locks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import cast
from urllib.parse import unquote, unquote_plus

import msgspec

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 128 * 1024 * 1024
JSON = "application/json"
HTML = "text/html; charset=utf-8"

log = logging.getLogger("mekong_sandbox")
encode_json = msgspec.json.Encoder().encode

REASONS = {200: "OK", 201: "Created", 204: "No Content", 303: "See Other", 302: "Found", 400: "Bad Request"}
REASONS |= {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
}
REASONS |= {422: "Unprocessable Content", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway"}
REASONS |= {503: "Service Unavailable", 504: "Gateway Timeout"}


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """Decode a query string or urlencoded form, blank values and repeated keys kept."""
    pairs = []
    for part in text.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        if "%" in part or "+" in part:
            name, value = unquote_plus(name), unquote_plus(value)
        pairs.append((name, value))
    return pairs


class Request:
    """One call. `lag_s` is set by a stale-read fault: reads then answer as of that many seconds ago.

    `counted_as` names the call in the statistics, where its path holds ids; "" = by its path.
    """

    __slots__ = ("body", "counted_as", "headers", "keep_alive", "lag_s", "method", "path", "query", "started")

    def __init__(self, method: str, target: str, headers: dict[str, str], keep_alive: bool) -> None:
        self.method = method
        path, _, self.query = target.partition("?")
        self.path = unquote(path) if "%" in path else path
        self.headers = headers
        self.keep_alive = keep_alive
        self.body = b""
        self.lag_s = 0.0
        self.counted_as = ""
        self.started = 0.0

    def pairs(self) -> list[tuple[str, str]]:
        """Query parameters in the order sent."""
        return parse_pairs(self.query)

    @property
    def content_type(self) -> str:
        """Media type without its parameters, lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Reply:
    """An answer. `drop` closes the connection without a byte; `delay_s` waits before sending (or dropping)."""

    __slots__ = ("body", "content_type", "delay_s", "drop", "headers", "status")

    def __init__(self, body: bytes = b"", *, status: int = 200, content_type: str = JSON) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers: dict[str, str] = {}
        self.delay_s = 0.0
        self.drop = False


class Postponed:
    """A call that must not take effect before `delay_s` seconds have passed."""

    __slots__ = ("delay_s", "resume")

    def __init__(self, delay_s: float, resume: Callable[[], Reply]) -> None:
        self.delay_s = delay_s
        self.resume = resume


def json_reply(value: object, status: int = 200) -> Reply:
    """Answer a value as JSON."""
    return Reply(encode_json(value), status=status)


def redirect(location: str) -> Reply:
    """Send the browser elsewhere with GET."""
    reply = Reply(status=303, content_type="text/plain")
    reply.headers["Location"] = location
    return reply


Handler = Callable[[Request], Reply | Postponed]
OnDone = Callable[[Request, Reply], None]


class BadRequest(Exception):
    """The bytes received are not a request this server takes; the text says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _parse_head(head: bytes) -> Request:
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest(400, "malformed request line")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest(400, "malformed header line")
        headers[name.lower()] = value.strip()
    connection = headers.get("connection", "").lower()
    keep_alive = connection != "close" if parts[2] == "HTTP/1.1" else connection == "keep-alive"
    target = parts[1]
    if target.startswith("http://"):
        # As a proxy is asked: the host of the target counts, not the header (RFC 9112, section 3.2.2).
        headers["host"], slash, rest = target.removeprefix("http://").partition("/")
        target = slash + rest or "/"
    return Request(parts[0], target, headers, keep_alive)


def _take_chunked(buffer: bytearray) -> tuple[bytes, int] | None:
    """Decode a chunked body. Returns it with the number of bytes it used, or None while incomplete."""
    body, at = bytearray(), 0
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return None
        try:
            size = int(bytes(buffer[at:end]).partition(b";")[0], 16)
        except ValueError:
            raise BadRequest(400, "malformed chunk size") from None
        if len(body) + size > MAX_BODY_BYTES:
            raise BadRequest(413, "body too large")
        if len(buffer) < end + 2 + size + 2:
            return None
        body += buffer[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
        if size == 0:
            return bytes(body), at


class Connection(asyncio.Protocol):
    """One client connection; calls on it are answered one after the other."""

    def __init__(self, handler: Handler, on_done: OnDone, loop: asyncio.AbstractEventLoop) -> None:
        self._handler = handler
        self._on_done = on_done
        self._loop = loop
        self._buffer = bytearray()
        self._pending: Request | None = None
        self._busy = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._pump()

    def _pump(self) -> None:
        """Answer every complete call in the buffer, until one has to wait."""
        while not self._busy:
            try:
                request = self._take()
            except BadRequest as bad:
                self._busy = True
                self._write(json_reply({"error": "bad_request", "message": str(bad)}, bad.status), keep_alive=False)
                return
            if request is None:
                return
            self._busy = True
            request.started = time.perf_counter()
            self._run(request, partial(self._handler, request))

    def _take(self) -> Request | None:
        request = self._pending
        if request is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_HEAD_BYTES:
                    raise BadRequest(400, "head too large")
                return None
            request = _parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            if request.headers.get("expect", "").lower() == "100-continue":
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "transfer-encoding" in request.headers:
            taken = _take_chunked(self._buffer)
            if taken is None:
                self._pending = request
                return None
            request.body, used = taken
        else:
            length = request.headers.get("content-length", "0")
            if not length.isdigit():
                raise BadRequest(400, "malformed content-length")
            used = int(length)
            if used > MAX_BODY_BYTES:
                raise BadRequest(413, "body too large")
            if len(self._buffer) < used:
                self._pending = request
                return None
            request.body = bytes(self._buffer[:used])
        del self._buffer[:used]
        self._pending = None
        return request

    def _run(self, request: Request, answer: Callable[[], Reply | Postponed]) -> None:
        try:
            outcome = answer()
        except Exception:  # a defect of the stand-in itself must not end the connection silently
            log.exception("defect while answering %s %s", request.method, request.path)
            outcome = json_reply({"error": "sandbox_defect", "message": "see the log of the stand-in"}, 500)
        if isinstance(outcome, Postponed):
            self._loop.call_later(outcome.delay_s, self._resume, request, outcome.resume)
        elif outcome.delay_s > 0:
            self._loop.call_later(outcome.delay_s, self._finish_later, request, outcome)
        else:
            self._finish(request, outcome)

    def _resume(self, request: Request, answer: Callable[[], Reply]) -> None:
        self._run(request, answer)
        if not self._busy:
            self._pump()

    def _finish_later(self, request: Request, reply: Reply) -> None:
        self._finish(request, reply)
        self._pump()

    def _finish(self, request: Request, reply: Reply) -> None:
        if reply.drop:
            self._transport.abort()
        else:
            self._write(reply, request.keep_alive, head_only=request.method == "HEAD")
            self._busy = not request.keep_alive
        self._on_done(request, reply)

    def _write(self, reply: Reply, keep_alive: bool, *, head_only: bool = False) -> None:
        if self._transport.is_closing():
            return
        head = (
            f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}\r\ncontent-type: {reply.content_type}\r\n"
        )
        head += f"content-length: {len(reply.body)}\r\n"
        for name, value in reply.headers.items():
            head += f"{name}: {value}\r\n"
        head += "\r\n" if keep_alive else "connection: close\r\n\r\n"
        self._transport.write(head.encode("utf-8") + (b"" if head_only else reply.body))
        if not keep_alive:
            self._transport.close()
