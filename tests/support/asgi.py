"""Requests to the real ASGI application, both lanes, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
        return {"content": content, "headers": headers}


def a_door(*scopes: str) -> Door:
    """A caller with a fresh token; everything is allowed when no scope is named."""
    made = commands.create_token(actor=SYSTEM, name="door", scopes=scopes or ["all"], now=datetime.now(UTC))
    return Door(made.text)
