"""What one account shows, compared with what it should: bit by bit as it moves, and whole now and then."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta

import structlog

from mekong.channels.commands.consistency import note_checked, note_whole_check
from mekong.channels.models import Listing, MatchState
from mekong.channels.queries.consistency import stale
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import SYSTEM

log = structlog.get_logger(__name__)

_AT_ONCE = 1_000
_PART = 200
"""Of a whole check, which takes half a millisecond a listing: at a quarter of the time, so that orders and pushes go first."""
_OVERLAP = timedelta(seconds=5)
"""Acknowledgements are dated before they are committed: a look reaches back a little."""


class CheckDesk:
    """Keeps the record of differences. It asks the platform nothing. Lives in one event loop."""

    def __init__(self, line: Line, threads: Threads) -> None:
        self.line, self.threads, self.pace = line, threads, line.pace
        self._is_heard = True
        self._whole_at = 0.0

    def heard(self) -> None:
        """Prices or products changed: what should stand is another."""
        self._is_heard = True

    async def run(self) -> None:
        """Until cancelled."""
        since = now()
        self._is_heard = True
        while True:
            began = now()
            if self._is_due(time.monotonic()):
                self._is_heard, self._whole_at = False, time.monotonic()
                await self._whole()
            else:
                ids = await self.threads.run(_stale, self.line.channel_id, since - _OVERLAP)
                await self._check(ids)
                if len(ids) == _AT_ONCE:
                    began = since  # there may be more of that time
                    self._is_heard = True
            since = began
            await asyncio.sleep(self.pace.check_s)

    def _is_due(self, clock: float) -> bool:
        if self._whole_at == 0.0:
            return True
        waited = clock - self._whole_at
        return waited >= (self.pace.check_rest_s if self._is_heard else self.pace.check_whole_s)

    async def _whole(self) -> None:
        ids = await self.threads.run(_matched, self.line.channel_id)
        for start in range(0, len(ids), _PART):
            clock = time.monotonic()
            await self._check(ids[start : start + _PART])
            await asyncio.sleep(min(1.0, 3 * (time.monotonic() - clock)))
        await self.threads.run(note_whole_check, actor=SYSTEM, channel_id=self.line.channel_id, now=now())

    async def _check(self, ids: list[int]) -> None:
        if ids:
            await self.threads.run(note_checked, actor=SYSTEM, listing_ids=ids, now=now())


def _stale(channel_id: int, since: datetime) -> list[int]:
    return stale(channel_id=channel_id, since=since, most=_AT_ONCE)


def _matched(channel_id: int) -> list[int]:
    rows = Listing.objects.filter(channel_id=channel_id, match_state=MatchState.MATCHED, is_live=True)
    return list(rows.order_by("item_id", "model_id").values_list("id", flat=True))
