"""What one account's orders earn, asked for a few at a time until the platform has settled them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import structlog

from mekong.channels.commands.earnings import keep_earnings, note_untold
from mekong.channels.models import OrderEarnings
from mekong.channels.socket import TellsEarnings
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError, NeedsReconnect, RemoteRefused, Unavailable

log = structlog.get_logger(__name__)

_AT_ONCE = 20
_AWAY = timedelta(minutes=15)
"""How soon an order is asked for again whose answer did not come, or could not be read."""


class EarningsDesk:
    """Lives in one event loop."""

    def __init__(self, line: Line, threads: Threads) -> None:
        self.line, self.threads, self.pace = line, threads, line.pace

    async def poll(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._some()
            except MekongError as away:
                # As with returns: an app may lack the right to finance alone, and orders go on.
                log.warning("earnings_not_read", channel=self.line.code, error=repr(away))
            await asyncio.sleep(self.pace.earnings_s)

    async def _some(self) -> None:
        self.line.speaker(TellsEarnings)
        for external_id in await self.threads.run(_due, self.line.channel_id, now()):
            try:
                await self._one(external_id)
            except RemoteRefused as refused:
                await self._untold(external_id, refused, timedelta(seconds=self.pace.earnings_again_s))
                if isinstance(refused, NeedsReconnect):
                    raise
            except Unavailable as away:
                await self._untold(external_id, away, _AWAY)
                raise

    async def _one(self, external_id: str) -> None:
        asked_at = now()
        said = await self.line.call(lambda connector: asked(connector, self.line.code, external_id), tries=2)
        await self.threads.run(
            keep_earnings, actor=SYSTEM, channel=self.line.code, earnings=said, asked_at=asked_at,
            again=timedelta(seconds=self.pace.earnings_again_s),
        )  # fmt: skip

    async def _untold(self, external_id: str, error: MekongError, again: timedelta) -> None:
        await self.threads.run(
            note_untold, actor=SYSTEM, channel=self.line.code, external_id=external_id, error=error, asked_at=now(),
            again=again,
        )  # fmt: skip


async def asked(connector: Any, channel: str, external_id: str) -> Any:
    """What an order earns, asked now. Raises: RemoteRefused when there is nothing to tell, or no such order there."""
    found = await connector.fetch_orders(external_ids=[external_id])
    if not found:
        raise RemoteRefused(remote=channel, remote_code="unknown_order", remote_message="no such order")
    return await connector.fetch_earnings(order=found[0])


def _due(channel_id: int, now_: datetime) -> list[str]:
    rows = OrderEarnings.objects.filter(channel_id=channel_id, next_at__lte=now_).order_by("next_at")
    return list(rows.values_list("order_external_id", flat=True)[:_AT_ONCE])
