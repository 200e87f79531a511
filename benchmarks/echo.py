"""A bare ASGI echo on the server that Mekong uses: the limit that HTTP figures are held against.

It is started by the very function that starts the web process, with this application in place of Mekong's: same server,
same settings, same event loop.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the body that came."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until asked to stop, on the port given as argument, else on MEKONG_PORT."""
    if len(sys.argv) > 1 and sys.argv[1].isdigit():
        os.environ["MEKONG_PORT"] = sys.argv[1]
    from mekong.faces.cli.serving import serve

    stand_in: Any = ModuleType("mekong.faces.web")
    stand_in.application = application
    sys.modules["mekong.faces.web"] = stand_in
    serve()


if __name__ == "__main__":
    main()
