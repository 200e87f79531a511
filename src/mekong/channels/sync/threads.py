"""Database work off the event loop: few threads, each with its own connection, closed with them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, connection

from mekong.foundation.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """A small pool for plain functions that use the database."""

    def __init__(self, name: str, size: int) -> None:
        self._size = size
        self._pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix=name)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Raises: Unavailable when the database is away, and whatever `work` raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: guarded(work, *args, **kwargs))

    def close(self) -> None:
        """End the threads and their connections."""
        together = threading.Barrier(self._size)

        def leave() -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(5)
            connection.close()

        for _ in range(self._size):
            self._pool.submit(leave)
        self._pool.shutdown(wait=True)


def guarded(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `work`; a connection that broke is closed, so that the next one begins anew."""
    try:
        return work(*args, **kwargs)
    except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError) as lost:
        connection.close()
        raise Unavailable(reason=f"database: {type(lost).__name__}") from lost
