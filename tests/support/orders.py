"""Orders for tests."""

from __future__ import annotations

import itertools
from datetime import datetime

from mekong.foundation.actor import SYSTEM, channel_actor
from mekong.foundation.models import OutboxEvent
from mekong.orders import commands as orders
from mekong.orders.contracts import DraftLine, OrderDraft, OrderView, Placed
from mekong.orders.queries import get_order
from tests.support.people import NOON

_numbers = itertools.count(1)


def asked(*lines: tuple[str, int], external_id: str = "", channel: str = "web", **more: object) -> orders.Asked:
    """An order as a shop of our own asks for it: (SKU, quantity)."""
    return orders.Asked(
        channel=channel, lines=[orders.AskedLine(sku, units) for sku, units in lines], external_id=external_id, **more
    )  # type: ignore[arg-type]  # fields of Asked by name


def an_order(*lines: tuple[str, int], state: str = "", now: datetime = NOON, **more: object) -> str:
    """A placed order's code, taken as far as `state` by the commands that lead there."""
    code = orders.place_order(actor=SYSTEM, asked=asked(*lines, **more), now=now).code  # type: ignore[arg-type]
    if state:
        orders.confirm_order(actor=SYSTEM, code=code, now=now)
    if state in ("shipped", "delivered"):
        orders.ship_order(actor=SYSTEM, code=code, now=now)
    if state == "delivered":
        orders.deliver_order(actor=SYSTEM, code=code, now=now)
    return code


def seen(code: str) -> OrderView:
    return get_order(actor=SYSTEM, code=code)


def a_draft(
    *lines: tuple[int | None, int], external_id: str = "", channel: str = "shopee-1", state: str = "confirmed",
    at: datetime | None = NOON, **more: object,
) -> OrderDraft:  # fmt: skip
    """A marketplace's order: (variant id or None when it matches nothing, quantity)."""
    return OrderDraft(
        channel=channel, currency="VND", placed_at=NOON, state=state, external_id=external_id or f"S{next(_numbers)}",
        remote_updated_at=at,
        lines=tuple(DraftLine(variant, f"SKU{variant}", "Hàng", units, 1000) for variant, units in lines), **more,
    )  # type: ignore[arg-type]  # fmt: skip  # fields of OrderDraft by name


def accept(*drafts: OrderDraft, now: datetime = NOON) -> list[Placed]:
    return orders.accept_channel_orders(actor=channel_actor("shopee-1"), drafts=drafts, now=now)


def told(
    external_id: str,
    state: str,
    *,
    at: datetime | None = None,
    channel: str = "shopee-1",
    now: datetime = NOON,
    is_paid: bool = False,
) -> bool:
    """A channel's word on one of its orders; True when something changed."""
    return orders.advance_channel_order(
        actor=channel_actor(channel), channel=channel, external_id=external_id, state=state, remote_state=state.upper(),
        remote_updated_at=at, now=now, is_paid=is_paid,
    )  # fmt: skip


def events_of(name: str) -> int:
    """How many facts of this name were published."""
    return OutboxEvent.objects.filter(name=name).count()
