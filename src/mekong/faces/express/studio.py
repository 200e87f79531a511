"""The “last unit” page's eyes: asks each channel's own server what it shows, and times how soon it followed a sale.

A sale anywhere is heard by the stock hint of its transaction. From that moment the studio reads back every channel
that lists the SKU until its server answers with the figure it should: what a shopper would see, not what we believe.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.channels import queries as channels
from mekong.channels import remote
from mekong.channels.contracts import ListingView
from mekong.faces.express.http import in_thread
from mekong.faces.express.listening import CHANNELS, ear
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MekongError, NotFound
from mekong.inventory import notices
from mekong.inventory import queries as inventory
from mekong.orders.book import LIVE_CHANNEL as ORDERS

log = structlog.get_logger(__name__)

Queue = asyncio.Queue[dict[str, Any]]

_READ_AFTER_S = (0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 0.7, 1.0, 2.0, 5.0)
"""Waits between read-backs of one listing after a change: close together while it may turn any moment, then sparse."""

_COUNT_AFTER_S = 0.5


@dataclass
class _Stage:
    """One SKU under watch, and who watches it."""

    variant: VariantView
    queues: list[Queue] = field(default_factory=list)
    shown: dict[str, int] = field(default_factory=dict)
    following: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    is_counting: bool = False


class Studio:
    """Watches SKUs while somebody looks at them; asks nobody anything otherwise."""

    def __init__(self) -> None:
        self._stages: dict[int, _Stage] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def watching(self, actor: Actor, sku: str, queue: Queue) -> AsyncIterator[None]:
        """While inside, everything that happens to the SKU is put into `queue`. Raises: MayNot, NotFound."""
        actor.require("inventory.view")
        found = await in_thread(catalog.variants_by_sku, actor=SYSTEM, skus=[sku])
        variant = next(iter(found.values()), None)
        if variant is None:
            raise NotFound(kind="SKU", key=sku)
        stage = self._stages.setdefault(variant.id, _Stage(variant))
        stage.queues.append(queue)
        if len(self._stages) == 1 and len(stage.queues) == 1:
            ear.add(self._hear)
        self._begin(self._show_all(stage))
        try:
            yield
        finally:
            stage.queues.remove(queue)
            if not stage.queues:
                for task in stage.following.values():
                    task.cancel()
                self._stages.pop(variant.id, None)
            if not self._stages:
                ear.remove(self._hear)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    def _begin(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _hear(self, topic: str, payload: str) -> None:
        if topic == ORDERS:
            # A sale beyond stock moves no stock, yet is to be seen. Orders may come by the hundred: count now and then.
            for stage in self._stages.values():
                if not stage.is_counting:
                    stage.is_counting = True
                    self._begin(self._count(stage))
            return
        if topic not in (notices.CHANNEL, CHANNELS, "*"):
            return
        moved = notices.read(payload) if topic == notices.CHANNEL else None
        heard_at = datetime.now(UTC)
        for variant_id, stage in self._stages.items():
            if moved is None or variant_id in moved:
                self._begin(self._follow(stage, heard_at))

    async def _show_all(self, stage: _Stage) -> None:
        """The whole picture, for somebody who has just begun to look."""
        await self._tell_state(stage)
        for listing in await self._listings(stage):
            self._chase(stage, listing, None)

    async def _follow(self, stage: _Stage, moved_at: datetime) -> None:
        await self._tell_state(stage, moved_at)
        for listing in await self._listings(stage):
            self._chase(stage, listing, moved_at)

    async def _count(self, stage: _Stage) -> None:
        await asyncio.sleep(_COUNT_AFTER_S)
        stage.is_counting = False
        await self._tell_state(stage)

    async def _listings(self, stage: _Stage) -> list[ListingView]:
        page = await in_thread(channels.list_listings, actor=SYSTEM, sku=stage.variant.sku, limit=50)
        return [listing for listing in page.listings if listing.variant_id == stage.variant.id]

    def _chase(self, stage: _Stage, listing: ListingView, moved_at: datetime | None) -> None:
        former = stage.following.get(listing.channel)
        if former is not None:
            former.cancel()
        stage.following[listing.channel] = self._begin(self._read_until_right(stage, listing, moved_at))

    async def _read_until_right(self, stage: _Stage, listing: ListingView, moved_at: datetime | None) -> None:
        """Read a listing back from its platform until it shows what it should; tell every change."""
        for wait in _READ_AFTER_S:
            try:
                live = next(iter(await remote.alive_listings(actor=SYSTEM, listings=[listing])), None)
            except MekongError as failure:
                self._tell(stage, {"type": "unread", "channel": listing.channel, "code": failure.code})
                live = None
            if live is not None and live.quantity is not None:
                if stage.shown.get(listing.channel) != live.quantity:
                    stage.shown[listing.channel] = live.quantity
                    self._tell(
                        stage,
                        {
                            "type": "shown", "channel": listing.channel, "quantity": live.quantity,
                            "ms": _ms(moved_at, live.read_at), "at": live.read_at,
                        },
                    )  # fmt: skip
                if live.quantity == await self._desired(stage, listing):
                    return
            await asyncio.sleep(wait)

    async def _desired(self, stage: _Stage, listing: ListingView) -> int:
        found = await in_thread(inventory.availability, channel=listing.channel, variant_ids=[stage.variant.id])
        return found[stage.variant.id].quantity

    async def _tell_state(self, stage: _Stage, moved_at: datetime | None = None) -> None:
        state = await in_thread(_state, stage.variant)
        for channel in state["channels"]:
            code = channel["code"]
            if channel["is_remote"]:
                channel["quantity"] = stage.shown.get(code)
            elif stage.shown.get(code) != channel["quantity"]:
                stage.shown[code] = channel["quantity"]
                if moved_at is not None:
                    now = datetime.now(UTC)
                    news = {"type": "shown", "channel": code, "quantity": channel["quantity"]}
                    self._tell(stage, {**news, "ms": _ms(moved_at, now), "at": now})
        self._tell(stage, {"type": "state", **state})

    def _tell(self, stage: _Stage, news: dict[str, Any]) -> None:
        for queue in stage.queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(news)


def _ms(since: datetime | None, until: datetime) -> int | None:
    return None if since is None else max(0, round((until - since).total_seconds() * 1000))


def _state(variant: VariantView) -> dict[str, Any]:
    """Channels that sell the variant, what our own show, and what stands on the shelf."""
    listed = channels.list_listings(actor=SYSTEM, sku=variant.sku, limit=50).listings
    sells = {listing.channel for listing in listed if listing.variant_id == variant.id}
    levels = inventory.levels(actor=SYSTEM, variant_ids=[variant.id])
    shown = []
    for channel in channels.list_channels(actor=SYSTEM):
        if not channel.is_active or (channel.is_remote and channel.code not in sells) or channel.kind == "phone":
            continue
        own = None
        if not channel.is_remote:
            own = inventory.availability(channel=channel.code, variant_ids=[variant.id])[variant.id].quantity
        shown.append(
            {
                "code": channel.code, "name": channel.name, "letters": channel.letters, "kind": channel.kind,
                "is_remote": channel.is_remote, "quantity": own,
                "can_buy": channel.has_test_buyer or not channel.is_remote,
            }
        )  # fmt: skip
    return {
        "sku": variant.sku,
        "name": variant.full_name,
        "channels": shown,
        "on_hand": sum(level.on_hand for level in levels),
        "reserved": sum(level.reserved for level in levels),
        "atp": sum(level.free for level in levels),
        "shelf": [
            {"location": level.location_code, "on_hand": level.on_hand, "reserved": level.reserved} for level in levels
        ],
        "oversold": channels.count_oversold(),
    }


studio = Studio()
