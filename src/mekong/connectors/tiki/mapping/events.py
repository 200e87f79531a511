"""What the event queue says. An event is trusted for where to look, never for content."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import OrderRef
from mekong.connectors.tiki.mapping import Word

ORDER_EVENTS: Final = ("ORDER_CREATED_SUCCESSFULLY", "ORDER_STATUS_UPDATED")


class Queue(Struct, frozen=True):
    code: Word
    name: str = ""
    status: str = "ACTIVE"


class Subscription(Struct, frozen=True):
    event_type: str = ""


class Event(Struct, frozen=True):
    type: str = ""
    payload: dict[str, Any] = {}

    @property
    def order(self) -> str:
        """The order it is about; the name of the member differs between the versions of an event."""
        return str(self.payload.get("order_code", "") or self.payload.get("orderCode", ""))


class Batch(Struct, frozen=True):
    """Events that stay in the queue until `ack_id` is sent back."""

    events: tuple[Event, ...] = ()
    ack_id: Word = ""

    @property
    def orders(self) -> list[OrderRef]:
        named = (event.order for event in self.events if event.type in ORDER_EVENTS)
        return [OrderRef(code) for code in dict.fromkeys(named) if code]


def rows(said: Any) -> Any:
    """The list in a reply: the whole of it, or what stands under `data`."""
    return said.get("data", []) if isinstance(said, dict) else said
