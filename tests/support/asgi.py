"""Requests to the real ASGI application, both lanes, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx

from mekong.foundation import commands
from mekong.foundation.actor import SYSTEM


@dataclass
class Door:
    """`token`: sent with each request; "" for none."""

    token: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"accept-language": "en"})

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One request. `body`: JSON to be, or these very bytes."""
        return self.ask_all([(method, path, body, headers)])[0]

    def ask_all(self, requests: Sequence[tuple[str, str, Any, Mapping[str, str]]]) -> list[httpx.Response]:
        """Requests one after the other, in one event loop."""
        from mekong.faces.web import application

        async def run() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]  # httpx names its own shapes
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return [
                    await client.request(method, path, **self._sent(body, more))
                    for method, path, body, more in requests
                ]

        return asyncio.run(run())

    def _sent(self, body: Any, more: Mapping[str, str]) -> dict[str, Any]:
        headers = dict(self.headers)
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        content = b""
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers["content-type"] = "application/json"
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return {"content": content, "headers": {name: value.encode("latin-1") for name, value in headers.items()}}


def a_door(*scopes: str) -> Door:
    """A caller with a fresh token; everything is allowed when no scope is named."""
    made = commands.create_token(actor=SYSTEM, name="door", scopes=scopes or ["all"], now=datetime.now(UTC))
    return Door(made.text)


def as_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The same application for tools that speak WSGI, a loop for each request."""
    from mekong.faces.web import application

    answered: dict[str, Any] = {}
    parts: list[bytes] = []
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    named = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}
    headers = [
        (named.get(name) or name.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode("latin-1"))
        for name, value in environ.items()
        if (name.startswith("HTTP_") or name in named) and value
    ]

    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()  # the caller stays on the line
        return waiting.pop()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.update(message)
        else:
            parts.append(message.get("body", b""))

    path = environ.get("PATH_INFO", "").encode("latin-1")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": environ["REQUEST_METHOD"],
        "scheme": "http", "path": path.decode("utf-8", "replace"), "raw_path": path, "root_path": "",
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"), "headers": headers,
        "client": ("127.0.0.1", 9), "server": ("localhost", 80),
    }  # fmt: skip
    asyncio.run(application(scope, receive, send))
    status = HTTPStatus(answered["status"])
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answered["headers"]]
    start_response(f"{status.value} {status.phrase}", pairs)
    return parts
