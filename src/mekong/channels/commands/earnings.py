"""What orders earn on their platforms: kept as the platform says, and asked for until it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from mekong.channels import registry
from mekong.channels.contracts import EarningsView
from mekong.channels.models import Channel, ChannelEarning, OrderEarnings
from mekong.channels.queries.earnings import earnings_view
from mekong.channels.rules import KEEPS_EARNING
from mekong.channels.socket import RemoteOrder
from mekong.channels.socket.earnings import Earnings
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import MekongError
from mekong.orders import commands as orders

_EXPECT = """
    insert into channels_orderearnings
           (channel_id, order_external_id, state, since, next_at, currency, is_final, error_code, error_params)
    select c.id, o.external_id, o.state, %(now)s, %(now)s, '', false, '', '{}'::jsonb
      from channels_channel c, unnest(%(orders)s::text[], %(states)s::text[]) o(external_id, state)
     where c.code = %(channel)s and c.kind = any(%(kinds)s::text[])
     order by o.external_id
    on conflict (channel_id, order_external_id) do update
       set state = excluded.state, since = excluded.since, next_at = excluded.next_at
     where channels_orderearnings.state <> excluded.state
"""


@command
def expect_earnings(*, actor: Actor, channel: str, orders: Sequence[RemoteOrder], now: datetime) -> None:  # noqa: ARG001
    """Have it asked what these orders earn: once after each of their steps at least.

    Safe to repeat. Orders that moved long ago are left alone: the platform has settled them, and nobody asked then. One
    statement. `actor`: named for the audit trail.
    """
    fresh = {order.external_id: order for order in orders if order.updated_at > now - KEEPS_EARNING}
    kinds = [name for name, plug in registry.connectors().items() if "TellsEarnings" in plug.manifest.capabilities]
    if not fresh or not kinds:
        return
    named: dict[str, Any] = {
        "channel": channel, "kinds": kinds, "now": now, "orders": list(fresh),
        "states": [order.state.value for order in fresh.values()],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_EXPECT, named)


@command
def keep_earnings(
    *, actor: Actor, channel: str, earnings: Earnings, asked_at: datetime, again: timedelta  # noqa: ARG001
) -> EarningsView:  # fmt: skip
    """Put what a platform said at `asked_at` in the place of what it said before.

    Safe to repeat: the same lines change nothing. What was asked earlier than what stands here is dropped. `again`: when
    to ask next, until it is final or too old. `actor`: named for the audit trail.
    """
    row = _locked(channel, earnings.external_id, asked_at)
    if row.read_at is not None and row.read_at >= asked_at:
        return earnings_view(row)
    row.asked_at = row.read_at = asked_at
    row.currency, row.net_minor, row.is_final = earnings.currency, earnings.net_minor, earnings.is_final
    row.error_code, row.error_params = "", {}
    row.next_at = None if earnings.is_final else _next(row, asked_at, again)
    row.save()
    if _replace_lines(row, earnings):
        orders.tell_live()
    return earnings_view(row)


@command
def note_untold(
    *, actor: Actor, channel: str, external_id: str, error: MekongError, asked_at: datetime, again: timedelta  # noqa: ARG001
) -> EarningsView:  # fmt: skip
    """Write down that a platform told nothing, and why; what it said before stays. `actor`: for the audit trail."""
    row = _locked(channel, external_id, asked_at)
    if row.asked_at is not None and row.asked_at >= asked_at:
        return earnings_view(row)
    row.asked_at, row.error_code = asked_at, error.code[:80]
    row.error_params = {name: str(value)[:300] for name, value in error.params.items()}
    row.next_at = None if row.is_final else _next(row, asked_at, again)
    row.save(update_fields=["asked_at", "error_code", "error_params", "next_at"])
    return earnings_view(row)


def _locked(channel: str, external_id: str, now: datetime) -> OrderEarnings:
    """The order's row, made where there is none yet: somebody asked before the order's steps did."""
    owner = Channel.objects.get(code=channel)
    named = {"channel": owner, "order_external_id": external_id[:80]}
    OrderEarnings.objects.bulk_create([OrderEarnings(**named, since=now, next_at=now)], ignore_conflicts=True)
    return OrderEarnings.objects.select_related("channel").select_for_update(of=("self",)).get(**named)


def _next(row: OrderEarnings, asked_at: datetime, again: timedelta) -> datetime | None:
    soon = asked_at + again
    return soon if soon <= row.since + KEEPS_EARNING else None


def _replace_lines(row: OrderEarnings, said: Earnings) -> bool:
    """Whether anything differs from what stands here."""
    new = [(line.kind.value, line.name[:200], line.amount_minor, line.at, line.statement[:80]) for line in said.lines]
    if new == list(row.lines.order_by("place").values_list("kind", "name", "amount_minor", "at", "statement")):
        return False
    row.lines.all().delete()
    ChannelEarning.objects.bulk_create(
        ChannelEarning(earnings=row, place=place, kind=kind, name=name, amount_minor=amount, at=at, statement=statement)
        for place, (kind, name, amount, at, statement) in enumerate(new)
    )
    return True
