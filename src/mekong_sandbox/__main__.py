"""`python -m mekong_sandbox --port N --data DIR [--host 127.0.0.1]`"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
import sys
from pathlib import Path

from mekong_sandbox.app import App
from mekong_sandbox.http import Connection
from mekong_sandbox.world import World


async def serve(host: str, port: int, folder: Path) -> None:
    """Serve until INT or TERM."""
    loop = asyncio.get_running_loop()
    world = World(folder)
    app = App(world)
    world.start(loop)
    server = await loop.create_server(lambda: Connection(app.handle, app.done, loop), host, port, backlog=1024)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    shown = server.sockets[0].getsockname()[1]
    print(f"mekong_sandbox ready on http://{host}:{shown}", flush=True)  # noqa: T201 - whoever started this waits for the line
    gc.collect()
    gc.freeze()
    await stopped.wait()
    server.close()
    await world.stop()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="mekong_sandbox", description="Stand-ins of the platforms to sell on.")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 picks a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps the state")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--verbose", action="store_true", help="log notices that fail")
    options = parser.parse_args()
    level = logging.DEBUG if options.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if sys.platform == "win32":
        asyncio.run(serve(options.host, options.port, options.data))
    else:
        import uvloop

        uvloop.run(serve(options.host, options.port, options.data))


if __name__ == "__main__":
    main()
