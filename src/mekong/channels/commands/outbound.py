"""What the platform is to be told about its orders. Written down in the transaction that decided it; a worker tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from mekong.channels import hints, registry
from mekong.channels.contracts import OutboundView
from mekong.channels.errors import CannotDo, ChannelNotFound, OrderIntentInvalid
from mekong.channels.models import Channel, ChannelState, Outbound, OutboundState
from mekong.channels.queries import outbound_view
from mekong.channels.rules import LETTERS
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.orders import commands as orders

NEEDS = {"pack": "Ships", "ship": "Ships", "cancel": "Cancels", "answer_cancellation": "Cancels"}
"""The capability that each action needs of the connector."""


@command
def tell_platform(
    *,
    actor: Actor,  # noqa: ARG001 - named for the audit trail
    channel: str,
    external_id: str,
    action: str,
    key: str,
    now: datetime,
    params: Mapping[str, Any] | None = None,
) -> OutboundView | None:
    """Have a channel's platform told; the same `key` twice is one intent.

    None where there is nobody to tell: a channel of our own, or a platform that knows no such step.
    """
    row = Channel.objects.filter(code=channel).first()
    if row is None or not external_id or not registry.is_remote(row.kind):
        return None
    if NEEDS[action] not in registry.plug(row.kind).manifest.capabilities:
        return None
    made, _ = Outbound.objects.get_or_create(
        key=key,
        defaults={
            "channel": row, "external_id": external_id, "action": action, "params": dict(params or {}),
            "next_at": now, "created_at": now,
        },
    )  # fmt: skip
    hints.send(hints.OUTBOUND, row.code)
    return outbound_view(made, row.code)


@command
def answer_cancellation(*, actor: Actor, channel: str, external_id: str, accept: bool, now: datetime) -> OutboundView:
    """Answer a buyer's wish to cancel on the platform. What it makes of it comes back as the order's next state.

    Raises: MayNot, ChannelNotFound, CannotDo.
    """
    actor.require("orders.cancel")
    if not Channel.objects.filter(code=channel).exists():
        raise ChannelNotFound(key=channel)
    made = tell_platform(
        actor=actor, channel=channel, external_id=external_id, action="answer_cancellation", now=now,
        key=f"answer:{channel}:{external_id}:{accept}", params={"accept": accept},
    )  # fmt: skip
    if made is None:
        raise CannotDo(channel=channel, capability="Cancels")
    return made


@command
def retry_outbound(*, actor: Actor, outbound_id: int, now: datetime) -> OutboundView:
    """Tell the platform again what it refused. Raises: MayNot, OrderIntentInvalid."""
    actor.require("orders.ship")
    row = Outbound.objects.select_for_update(of=("self",)).select_related("channel").filter(id=outbound_id).first()
    if row is None:
        raise OrderIntentInvalid(field="id", problem="There is no such step to repeat.")
    if row.state == OutboundState.FAILED:
        row.state, row.next_at, row.attempts = OutboundState.WAITING, now, 0
        row.save(update_fields=["state", "next_at", "attempts"])
        hints.send(hints.OUTBOUND, row.channel.code)
    return outbound_view(row, row.channel.code)


def give_up_on_short_orders(*, now: datetime) -> list[str]:
    """Cancel platforms' orders that have waited for goods longer than their channel allows; returns their numbers."""
    waits = Channel.objects.filter(is_active=True, give_up_after_min__isnull=False).exclude(kind__in=LETTERS)
    # Nobody can be told on a channel whose orders come by file alone: there, people decide.
    waits = waits.exclude(state=ChannelState.NEW)
    given_up: list[str] = []
    for code, minutes in list(waits.values_list("code", "give_up_after_min")):
        given_up += orders.give_up_waiting(channel=code, since=now - timedelta(minutes=minutes or 0), now=now)
    return given_up
