"""Facts about orders. Ids and figures of that moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class OrderPlaced:
    name: ClassVar[str] = "orders.order_placed"
    version: ClassVar[int] = 1
    order_id: str
    code: str
    channel: str
    external_id: str
    currency: str
    total_minor: int


@dataclass(frozen=True)
class OrderConfirmed:
    name: ClassVar[str] = "orders.order_confirmed"
    version: ClassVar[int] = 1
    order_id: str
    channel: str
    external_id: str


@dataclass(frozen=True)
class OrderPacked:
    """Packed by our people; the channel is told where the fact is ours (`by_channel` False)."""

    name: ClassVar[str] = "orders.order_packed"
    version: ClassVar[int] = 1
    order_id: str
    channel: str
    external_id: str
    by_channel: bool


@dataclass(frozen=True)
class OrderShipped:
    name: ClassVar[str] = "orders.order_shipped"
    version: ClassVar[int] = 1
    order_id: str
    channel: str
    external_id: str
    by_channel: bool


@dataclass(frozen=True)
class OrderDelivered:
    name: ClassVar[str] = "orders.order_delivered"
    version: ClassVar[int] = 1
    order_id: str
    channel: str


@dataclass(frozen=True)
class OrderCancelled:
    name: ClassVar[str] = "orders.order_cancelled"
    version: ClassVar[int] = 1
    order_id: str
    channel: str
    external_id: str
    reason: str
    by_channel: bool


@dataclass(frozen=True)
class OrderReturned:
    name: ClassVar[str] = "orders.order_returned"
    version: ClassVar[int] = 1
    order_id: str
    channel: str
    lines: tuple[tuple[int, int, str], ...]
