"""The one door of the web process: an ASGI application that sends each request to its lane.

`/healthz` answers here, without a database. Everything else goes to Django.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mekong.settings")

from django.core.asgi import get_asgi_application

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_django = get_asgi_application()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection's request, or the process's life."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "http" and scope["path"] == "/healthz":
        await _answer(send, 200, b"ok\n")
    else:
        await _django(scope, receive, send)  # type: ignore[arg-type]  # Django's stubs know the spec's shapes only


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
