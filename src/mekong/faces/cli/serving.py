"""The web process: Granian in this process, one event loop, until TERM or Ctrl-C."""

import asyncio
import os
import signal
import sys
import threading
from typing import Any

import uvloop

from mekong.faces.cli.installation import choose, set_memory_aside, set_up_django

_GRACE_S = 3.0
"""How long open requests may take once asked to stop. Live pages (SSE) never end by themselves."""


def serve() -> None:
    """Serve until asked to stop; ends the process with status 0 then, and with 1 when the server failed."""
    os.environ["MEKONG_PROCESS"] = "web"
    chosen = choose()
    set_up_django("web")
    from django.conf import settings
    from granian.constants import Interfaces
    from granian.server.embed import Server

    from mekong.faces.web import application

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    asked: list[int] = []

    async def run() -> None:
        server: Any = Server(
            application,
            address=chosen.host,
            port=chosen.port,
            interface=Interfaces.ASGI,
            backlog=2048,
            backpressure=2048,
            log_enabled=False,
            # Names of static files carry a hash of their content, so they may be kept for as long as one likes.
            static_path_route=["/static"],
            static_path_mount=[settings.STATIC_ROOT],
            static_path_expires=0 if settings.DEBUG else 365 * 24 * 3600,
        )

        def end() -> None:
            asked.append(1)
            timer = threading.Timer(_GRACE_S, os._exit, (0,))
            timer.daemon = True
            timer.start()
            server.stop()

        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, end)
        await server.serve()

    set_memory_aside()
    uvloop.run(run())
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of connection pools may still wait; the application's own work ended with its lifespan.
    os._exit(0 if asked else 1)
