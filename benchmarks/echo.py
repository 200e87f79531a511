"""A bare ASGI echo on the server that Mekong uses: the limit that HTTP figures are held against."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


async def _serve(port: int) -> None:
    server: Any = Server(
        application, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, backlog=2048, backpressure=2048,
        log_enabled=False,
    )  # fmt: skip
    await server.serve()


if __name__ == "__main__":
    try:
        uvloop.run(_serve(int(sys.argv[1])))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(0)
