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
class OrderSplit:
    """Part of an order goes on as one of its own (`part_id`, `part_code`). `order_id` keeps the channel's number."""

    name: ClassVar[str] = "orders.order_split"
    version: ClassVar[int] = 1
    order_id: str
    code: str
    channel: str
    part_id: str
    part_code: str
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class OrdersMerged:
    """Orders went on in one (`order_id`): their lines, goods and money are in it, and they are over."""

    name: ClassVar[str] = "orders.orders_merged"
    version: ClassVar[int] = 1
    order_id: str
    code: str
    channel: str
    merged: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OrderReturned:
    name: ClassVar[str] = "orders.order_returned"
    version: ClassVar[int] = 1
    order_id: str
    channel: str
    lines: tuple[tuple[int, int, str], ...]
