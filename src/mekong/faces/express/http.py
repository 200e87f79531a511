"""The express lane's little HTTP: read a body, answer JSON, turn an error into a problem. Plain ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from django.db import close_old_connections

from mekong.faces.api import problems
from mekong.faces.api.entrance import BODY_LIMIT, as_error, check_media, parsed
from mekong.faces.api.errors import BodyTooLarge, MalformedJson
from mekong.foundation.access import authenticator
from mekong.foundation.actor import Actor
from mekong.foundation.addresses import address_from
from mekong.partners.errors import OverAppLimit
from mekong.partners.pacing import Standing, gate

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Handler = Callable[["Call"], Awaitable[None]]
T = TypeVar("T")

_JSON = (b"content-type", b"application/json")
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="express")


class Call:
    """One request on the express lane. `status`: what it was answered with, 0 as long as it was not."""

    __slots__ = ("_headers", "_receive", "_send", "caller", "is_stream", "now", "scope", "standing", "status")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.now = datetime.now(UTC)
        self.status = 0
        self.is_stream = False
        self._receive = receive
        self._send = send
        self._headers: dict[bytes, bytes] | None = None
        self.caller: Actor | None = None
        self.standing: Standing | None = None

    def header(self, name: bytes) -> str | None:
        if self._headers is None:
            self._headers = dict(self.scope["headers"])
        value = self._headers.get(name)
        return value.decode("latin-1") if value is not None else None

    def headers(self) -> Mapping[str, str]:
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.scope["headers"]}

    async def body(self) -> bytes:
        """The whole body. Raises: BodyTooLarge."""
        message = await self._receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body"):
            if len(body) > BODY_LIMIT:
                raise BodyTooLarge(limit=BODY_LIMIT)
            message = await self._receive()
            body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            raise BodyTooLarge(limit=BODY_LIMIT)
        return body

    async def json_body(self) -> bytes:
        """As `body`, where JSON is taken. Raises: UnsupportedMedia when it says that it is something else, BodyTooLarge."""
        body = await self.body()
        if body and (declared := self.header(b"content-type")) is not None:
            check_media(declared)
        return body

    async def gone(self) -> None:
        """Wait until the client hangs up."""
        while (await self._receive())["type"] != "http.disconnect":
            continue

    async def actor(self) -> Actor:
        """Who sends this, by bearer token; a call of an app is counted against its limit.

        Raises: Unauthenticated, OutsideRules, OverAppLimit.
        """
        text = self.header(b"authorization")
        address = self.address()
        known = authenticator.known(text, self.now, address)
        actor = known if known is not None else await in_thread(authenticator.authenticate, text, self.now, address)
        self.caller = actor
        try:
            done, self.standing = gate.known(actor)
            if not done:
                self.standing = await in_thread(gate.admit, actor)
        except OverAppLimit as over:
            self.standing = Standing.refused(over)
            raise
        return actor

    def address(self) -> str:
        """The network address the request came from."""
        peer = self.scope.get("client") or ("",)
        return address_from(str(peer[0]), self.header(b"x-forwarded-for") or "")

    async def answer(self, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = (_JSON,)) -> None:
        self.status = status
        if self.standing is not None:
            told = self.standing.headers().items()
            headers = (*headers, *((name.lower().encode(), value.encode()) for name, value in told))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def json(self, status: int, value: Any, extra: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        await self.answer(status, msgspec.json.encode(value), (_JSON, *extra))

    async def start_stream(self) -> None:
        """Begin a stream of server-sent events (WHATWG HTML, “Server-sent events”)."""
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        self.status, self.is_stream = 200, True
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def send_event(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": b"data: " + data + b"\n\n", "more_body": True})

    async def send_comment(self) -> None:
        """Keep the connection alive through proxies that close silent ones."""
        await self._send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Raises: BadFields naming the wrong field (also for texts that no database keeps, such as a NUL), MalformedJson."""
    try:
        value = decoder.decode(body)
    except msgspec.ValidationError as wrong:
        raise problems.from_msgspec(wrong) from wrong
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        parsed(body)  # says where, and which field holds a broken letter
        raise MalformedJson(reason=str(wrong)[:100]) from wrong
    if b"\\u0000" in body:
        parsed(body)
    return value


async def in_thread(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run blocking work (Django's ORM) beside the event loop, on a thread that gives its connection back."""

    def run() -> T:
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_threads, run)


async def guarded(handler: Handler, call: Call) -> None:
    """Run a handler; what it raises becomes a problem document, a defect is logged and answered 500."""
    try:
        await handler(call)
    except Exception as failure:  # noqa: BLE001 - every failure becomes an answer; defects are logged
        await _problem(call, as_error(failure))


async def _problem(call: Call, error: Any) -> None:
    language = problems.negotiate(call.header(b"accept-language"))
    made = problems.problem(error, language, call.scope["path"])
    headers = [(name.lower().encode(), value.encode()) for name, value in made.headers.items()]
    await call.answer(made.status, made.encoded(), ((b"content-type", problems.MEDIA_TYPE.encode()), *headers))
