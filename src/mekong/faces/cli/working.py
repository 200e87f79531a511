"""The worker process: `mekong.faces.worker` until TERM or Ctrl-C."""

import asyncio
import os
import signal
import sys
import threading

import uvloop

from mekong.faces.cli.installation import choose, set_memory_aside, set_up_django

_GRACE_S = 2.5
"""How long work under way may take once asked to stop. Cut off, it is begun again by the next worker."""


def work() -> None:
    """Work until asked to stop; ends the process with status 0 then, and with 1 when the worker failed."""
    os.environ["MEKONG_PROCESS"] = "worker"
    chosen = choose()
    set_up_django("worker")
    from mekong.faces.worker import run_worker

    asked: list[int] = []

    async def run() -> None:
        stop = asyncio.Event()

        def end() -> None:
            asked.append(1)
            timer = threading.Timer(_GRACE_S, os._exit, (0,))
            timer.daemon = True
            timer.start()
            stop.set()

        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, end)
        await run_worker(stop, concurrency=chosen.worker_concurrency)

    set_memory_aside()
    uvloop.run(run())
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of connection pools may still wait; everything the worker does is safe to begin again.
    os._exit(0 if asked else 1)
