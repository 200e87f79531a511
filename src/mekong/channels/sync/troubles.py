"""What a runner puts on record of its account's troubles: those that last, each try, and the catching up."""

from __future__ import annotations

from datetime import datetime

from mekong.channels.commands import Facts, note_caught_up, note_trouble, note_well
from mekong.channels.pacing import Pace
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError, NeedsReconnect


class Troubles:
    """Keeps one account's incidents. A hiccup of seconds is none."""

    def __init__(self, code: str, threads: Threads, pace: Pace) -> None:
        self.code, self.threads, self.pace = code, threads, pace
        self._since: datetime | None = None
        self._is_open = True  # what the runner before this one left open ends with the first good answer
        self._catching_up: datetime | None = None
        self._sent = 0

    async def keep(self, trouble: MekongError | None, facts: Facts, sent: int, now: datetime) -> None:
        """Said every few seconds: what is wrong now, how the account stands, listings sent since the last time."""
        if trouble is None:
            await self._well(facts, sent, now)
            return
        self._since, self._catching_up = self._since or now, None
        is_lost = isinstance(trouble, NeedsReconnect)
        lasts = (now - self._since).total_seconds() >= self.pace.incident_after_s
        if not (lasts or is_lost or facts.is_held_back):
            return
        params = {name: str(value)[:300] for name, value in trouble.params.items()}
        problem = {"code": trouble.code, "params": params}
        await self.threads.run(
            note_trouble, actor=SYSTEM, code=self.code, is_lost=is_lost, problem=problem, facts=facts,
            since=self._since, now=now,
        )  # fmt: skip
        self._is_open = True

    async def _well(self, facts: Facts, sent: int, now: datetime) -> None:
        self._since = None
        if self._is_open:
            was_open = await self.threads.run(note_well, actor=SYSTEM, code=self.code, waiting=facts.waiting, now=now)
            self._is_open = False
            if was_open and facts.waiting:
                self._catching_up, self._sent = now, 0
                return
        if self._catching_up is None:
            return
        self._sent += sent
        if not facts.waiting:
            began, self._catching_up = self._catching_up, None
            await self.threads.run(
                note_caught_up, actor=SYSTEM, code=self.code, sent=self._sent, began=began, now=now
            )  # fmt: skip
