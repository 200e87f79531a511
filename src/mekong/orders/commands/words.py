"""What people write on orders: notes, tags, a better address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.orders import rules
from mekong.orders.commands.steps import lock, write_down
from mekong.orders.contracts import OrderView
from mekong.orders.errors import AlreadyShipped
from mekong.orders.queries import view
from mekong.orders.rules import OrderState


@command
def add_note(*, actor: Actor, code: str, text: str, now: datetime) -> OrderView:
    """Write a note into the timeline and onto the order."""
    order = lock(actor, code, "orders.edit")
    order.note = text[:5000]
    order.save(update_fields=["note"])
    write_down(order, "note", actor, now, {"text": text[:5000]})
    return view(order)


@command
def set_tags(*, actor: Actor, code: str, tags: Sequence[str], now: datetime) -> OrderView:
    """Replace an order's tags; at most 20, each up to 40 letters."""
    order = lock(actor, code, "orders.edit")
    cleaned = list(dict.fromkeys(tag.strip()[:40] for tag in tags if tag.strip()))[:20]
    if cleaned != order.tags:
        order.tags = cleaned
        order.save(update_fields=["tags"])
        write_down(order, "tags", actor, now, {"tags": cleaned})
    return view(order)


@command
def set_address(*, actor: Actor, code: str, address: Mapping[str, str], now: datetime) -> OrderView:
    """Correct where an order goes, before it leaves; lifts the address hold."""
    order = lock(actor, code, "orders.edit")
    if OrderState(order.state) in rules.LEFT:
        raise AlreadyShipped(number=order.code)
    order.shipping_address = dict(address)
    order.issues = [issue for issue in order.issues if issue != "address"]
    order.save(update_fields=["shipping_address", "issues"])
    write_down(order, "address", actor, now, {})
    return view(order)
