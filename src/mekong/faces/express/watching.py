"""Sessions whose streams are open: looked at together every few seconds, so that a stream ends with its session."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.db import DatabaseError

from mekong.faces.express.http import in_thread
from mekong.foundation.security import sessions

log = structlog.get_logger(__name__)

EVERY_S = 4.0
"""What ends a session ends its streams within five seconds."""


class Watch:
    """One for a process. It runs while a stream is open, and asks for all of them by one statement."""

    def __init__(self) -> None:
        self._open: dict[UUID, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def over(self, session: UUID) -> Iterator[asyncio.Event]:
        """An event that is set once the session has ended."""
        ended = asyncio.Event()
        self._open.setdefault(session, set()).add(ended)
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._task = asyncio.get_running_loop().create_task(self._look())
        try:
            yield ended
        finally:
            streams = self._open.get(session, set())
            streams.discard(ended)
            if not streams:
                self._open.pop(session, None)

    async def _look(self) -> None:
        while self._open:
            await asyncio.sleep(EVERY_S)
            asked = list(self._open)
            try:
                standing = await in_thread(sessions.still_stand, asked, now=datetime.now(UTC))
            except DatabaseError as away:
                log.warning("sessions_not_looked_at", error=str(away))
                continue
            for uid in set(asked) - standing:
                for ended in self._open.get(uid, ()):
                    ended.set()


watch = Watch()
