"""What we decided about a platform's orders, told to the platform: pack, ship, cancel, answer a wish to cancel.

The intent was written in the transaction that decided it. Each step is safe to repeat, so a crash between the call and
its record only repeats it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from mekong.channels.events import OutboundFailed
from mekong.channels.models import Outbound, OutboundState
from mekong.channels.pacing import backoff_s
from mekong.channels.socket import PullsOrders, RemoteOrder
from mekong.channels.sync.intake import Intake
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError, NeedsReconnect, RemoteRefused, Unavailable
from mekong.foundation.events import emit

log = structlog.get_logger(__name__)
_AT_ONCE = 100
_GIVE_UP = 12
"""Attempts after which a step that keeps failing is put before a person; they span about an hour."""


@dataclass(frozen=True)
class Intent:
    id: int
    external_id: str
    action: str
    params: dict[str, Any]
    attempts: int


class Teller:
    """Tells one account's platform. Lives in one event loop."""

    def __init__(self, line: Line, intake: Intake, threads: Threads) -> None:
        self.line, self.intake, self.threads = line, intake, threads
        self._wake = asyncio.Event()

    def heard(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            while await self._some():
                pass
            try:
                async with asyncio.timeout(5.0):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def _some(self) -> bool:
        """Tell what is due, the first step of each order; whether there may be more."""
        intents = await self.threads.run(_due, self.line.channel_id, now())
        if not intents or not self.line.can(PullsOrders):
            return False
        ids = [intent.external_id for intent in intents]
        fetched = await self.line.call(lambda connector: connector.fetch_orders(external_ids=ids), tries=3)
        orders = {order.external_id: order for order in fetched}
        for intent in intents:
            await self._tell(intent, orders.get(intent.external_id))
        await self.intake.take(ids)
        return True

    async def _tell(self, intent: Intent, order: RemoteOrder | None) -> None:
        error: MekongError | None = None
        try:
            if order is None:
                raise RemoteRefused(remote=self.line.code, remote_code="unknown_order", remote_message="no such order")
            await self._do(intent, order)
        except NeedsReconnect:
            raise
        except MekongError as failed:
            error = failed
        await self.threads.run(_record, self.line.code, intent, error, now())

    async def _do(self, intent: Intent, order: RemoteOrder) -> None:
        params = intent.params
        match intent.action:
            case "pack":
                await self.line.call(lambda connector: connector.pack(order=order), tries=2)
            case "ship":
                await self.line.call(lambda connector: connector.ship(order=order), tries=2)
            case "cancel":
                reason = str(params.get("reason", "other"))
                await self.line.call(lambda connector: connector.cancel(order=order, reason=reason), tries=2)
            case "answer_cancellation":
                accept = bool(params.get("accept"))
                await self.line.call(
                    lambda connector: connector.answer_cancellation(order=order, accept=accept), tries=2
                )


def _due(channel_id: int, now_: datetime) -> Sequence[Intent]:
    rows = Outbound.objects.filter(channel_id=channel_id, state=OutboundState.WAITING).order_by("id")[: _AT_ONCE * 3]
    first: dict[str, Outbound] = {}
    for row in rows:
        first.setdefault(row.external_id, row)  # one step of an order at a time, in the order decided
    return [
        Intent(row.id, row.external_id, row.action, dict(row.params), row.attempts)
        for row in first.values()
        if row.next_at <= now_
    ][:_AT_ONCE]


def _record(channel: str, intent: Intent, error: MekongError | None, now_: datetime) -> None:
    with transaction.atomic():
        row = Outbound.objects.select_for_update().get(id=intent.id)
        row.attempts += 1
        if error is None:
            row.state, row.done_at, row.error_code, row.error_params = OutboundState.DONE, now_, "", {}
        else:
            row.error_code = error.code
            row.error_params = {name: str(value)[:300] for name, value in error.params.items()}
            row.next_at = now_ + timedelta(seconds=backoff_s(row.attempts, first_s=1.0, longest_s=600.0))
            if not isinstance(error, Unavailable) or row.attempts >= _GIVE_UP:
                row.state = OutboundState.FAILED
                fact = OutboundFailed(
                    channel,
                    row.external_id,
                    row.action,
                    str(row.error_params.get("remote_code", error.code)),
                    str(error),
                )
                emit(SYSTEM, fact, key=f"channel:{channel}", now=now_)
        row.save()
    if error is not None:
        log.warning("platform_not_told", channel=channel, action=intent.action, error=repr(error))
