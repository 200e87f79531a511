"""The event queue of one shop: Tiki has no webhook, what happens is pulled from here in the order it happened.

The queue belongs to the app, so it is made, found and emptied with the app's own token; the shop's events flow into it
once the seller's token has subscribed. There is one queue a shop, known by its name, so that nothing needs to be kept
on our side. A batch stays in the queue until its `ack_id` is sent with the next pull; events are kept for seven days.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec

from mekong.channels.socket import wire
from mekong.connectors.tiki.client import TITLE, Client
from mekong.connectors.tiki.mapping.events import ORDER_EVENTS, Batch, Queue, Subscription, rows
from mekong.foundation.errors import NeedsRefresh, RateLimited, RemoteRefused, Unavailable

_PATH: Final = "/v1/queues"
_REST: Final = timedelta(hours=1)


@dataclass
class EventQueue:
    """Pulls for one shop. An app that may have no queue is left in peace for an hour, and then asked again."""

    client: Client
    _code: str = field(default="", init=False)
    _rests_until: datetime | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return f"mekong-{self.client.account.shop_id}"

    async def pull(self, ack_id: str | None) -> Batch:
        """The oldest events; those that `ack_id` came with are confirmed. Empty where events cannot be had now.

        They are a hint for speed, and the list of orders tells the same later, so trouble with them is not raised.
        Raises: RateLimited, NeedsRefresh: these concern the next call as well.
        """
        now = self.client.clock()
        if self._rests_until is not None and now < self._rests_until:
            return Batch()
        try:
            if not self._code:
                self._code = await self._ready()
            said = await self.client.as_app("POST", f"{_PATH}/{self._code}/events/pull", {"ack_id": ack_id})
            with wire.readable(TITLE):
                return msgspec.convert(said, Batch, strict=False)
        except (RateLimited, NeedsRefresh):
            raise
        except Unavailable:
            return Batch()
        except RemoteRefused:
            self._code, self._rests_until = "", now + _REST
            return Batch()

    async def _ready(self) -> str:
        """The code of the shop's queue, made and subscribed where it is not yet."""
        said = await self.client.as_app("GET", _PATH)
        with wire.readable(TITLE):
            queues = msgspec.convert(rows(said), tuple[Queue, ...], strict=False)
        code = next((str(one.code) for one in queues if one.name == self.name and one.status == "ACTIVE"), "")
        if not code:
            said = await self.client.as_app("POST", _PATH, {"name": self.name})
            with wire.readable(TITLE):
                code = str(msgspec.convert(said, Queue, strict=False).code)
        await self._subscribe(f"{_PATH}/{code}/subscriptions")
        return code

    async def _subscribe(self, path: str) -> None:
        """A refusal is no end: another process may have subscribed a moment ago, or only the owner may see the list."""
        has: set[str] = set()
        with suppress(RemoteRefused):
            said = await self.client.get(path)
            with wire.readable(TITLE):
                has = {one.event_type for one in msgspec.convert(rows(said), tuple[Subscription, ...], strict=False)}
        for event_type in ORDER_EVENTS:
            if event_type not in has:
                with suppress(RemoteRefused):
                    await self.client.post(path, {"event_type": event_type})
