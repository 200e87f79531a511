"""What orders earn on their platforms, as these last said."""

from __future__ import annotations

from mekong.channels import registry
from mekong.channels.contracts import EarningsView, EarningView, Problem
from mekong.channels.models import Channel, OrderEarnings
from mekong.foundation.actor import Actor
from mekong.orders import queries as orders
from mekong.orders.errors import OrderNotFound


def tells_earnings(channel: str) -> bool:
    """Whether this channel's platform tells what an order earns. One statement."""
    kind = Channel.objects.filter(code=channel).values_list("kind", flat=True).first()
    return (
        kind is not None and registry.is_remote(kind) and "TellsEarnings" in registry.plug(kind).manifest.capabilities
    )


def earnings_of(*, actor: Actor, channel: str, external_id: str) -> EarningsView | None:
    """What one order earns; None while the platform was not asked. Three statements.

    Raises: MayNot, OrderNotFound (none in the book, or not one the actor may see).
    """
    may_read(actor, channel, external_id)
    rows = OrderEarnings.objects.select_related("channel")
    row = rows.filter(channel__code=channel, order_external_id=external_id).first()
    return earnings_view(row) if row else None


def may_read(actor: Actor, channel: str, external_id: str) -> None:
    """Raises: MayNot, OrderNotFound."""
    actor.require("reports.view")
    name = (channel, external_id)
    order = orders.named_orders(actor=actor, permission="orders.view", names={name}).get(name) if external_id else None
    if order is None or not order.is_seen:
        raise OrderNotFound(key=external_id or channel)


def earnings_view(row: OrderEarnings) -> EarningsView:
    lines = [
        EarningView(line.kind, line.name, line.amount_minor, line.at, line.statement)
        for line in row.lines.order_by("place")
    ]
    return EarningsView(
        channel=row.channel.code, external_id=row.order_external_id, currency=row.currency, lines=lines,
        net_minor=row.net_minor, is_final=row.is_final, asked_at=row.asked_at, read_at=row.read_at,
        next_at=row.next_at,
        problem=Problem(row.error_code, row.error_params, row.asked_at) if row.error_code else None,
    )  # fmt: skip
