"""What a supervisor or load balancer asks: is the process alive, and can it serve."""

from __future__ import annotations

from django.db import DatabaseError, connection

from mekong.faces.express.http import Call, in_thread

_TEXT = ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"))


async def alive(call: Call) -> None:
    """200 as long as the process answers; asks nobody else."""
    await call.answer(200, b"ok\n", _TEXT)


async def ready(call: Call) -> None:
    """200 when the database answers, else 503."""
    try:
        await in_thread(_ask)
    except DatabaseError:
        await call.answer(503, b"the database does not answer\n", _TEXT)
        return
    await call.answer(200, b"ready\n", _TEXT)


def _ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
