"""What follows from an order being with its buyer."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from mekong.foundation.actor import SYSTEM
from mekong.foundation.events import Heard, subscribe
from mekong.orders.commands.points import earn_points
from mekong.orders.events import OrderDelivered


@subscribe(OrderDelivered, "orders.points")
def _earn(event: OrderDelivered, heard: Heard) -> None:  # noqa: ARG001 - a handler's shape
    earn_points(actor=SYSTEM, order_id=UUID(event.order_id), now=datetime.now(UTC))
