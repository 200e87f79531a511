"""The ear: PostgreSQL's notifications, handed on as they come. A lost connection is made again, and then everything is
looked at once, for what was said meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import psycopg
import structlog
from psycopg import sql

from mekong.channels.sync.wires import open_wire

log = structlog.get_logger(__name__)


async def listen(channels: Sequence[str], hear: Callable[[str, str], None], again: Callable[[], None]) -> None:
    """Hand every notification to `hear` as (channel, payload). `again`: called whenever listening has begun."""
    while True:
        try:
            async with await open_wire() as wire:
                for channel in channels:
                    await wire.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                again()
                async for said in wire.notifies():
                    hear(said.channel, said.payload)
        except (psycopg.Error, OSError) as lost:
            log.warning("ear_lost", error=repr(lost))
            await asyncio.sleep(1.0)
