"""The part of the connector that tells what an order earns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Final

import msgspec

from mekong.channels.socket import Account, RemoteOrder, wire
from mekong.channels.socket.earnings import Earnings
from mekong.connectors.lazada.client import TITLE, Client
from mekong.connectors.lazada.mapping import earnings
from mekong.foundation.errors import RemoteRefused, Unavailable

_PATH: Final = "/finance/transaction/details/get"
_PAGE: Final = 100
_MOST_PAGES: Final = 50
_ALL_KINDS: Final = "-1"
_LONGEST: Final = timedelta(days=179)  # a range of more than 180 days is refused
_HANOI: Final = timezone(timedelta(hours=7))


@dataclass(frozen=True)
class Transactions:
    """The transactions of one seller."""

    account: Account
    client: Client

    async def of(self, order: RemoteOrder) -> Earnings:
        rows: list[earnings.Row] = []
        for page in range(_MOST_PAGES):
            found = await self._page(order, page * _PAGE)
            rows += found
            if len(found) < _PAGE:
                break
        else:
            raise Unavailable(remote=TITLE, reason="unreadable reply")
        if not rows:
            raise RemoteRefused(remote=TITLE, remote_code="no_transactions", remote_message="no transactions yet")
        with wire.readable(TITLE):
            return earnings.earnings(order.external_id, rows, order.currency or self.account.currency)

    async def _page(self, order: RemoteOrder, offset: int) -> list[earnings.Row]:
        """Days are the seller's own; the day after today is asked for too, so that today is inside of the range."""
        first = order.placed_at.astimezone(_HANOI).date()
        last = min(self.client.clock().astimezone(_HANOI).date() + timedelta(days=1), first + _LONGEST)
        params = {
            "trade_order_id": order.external_id,
            "trans_type": _ALL_KINDS,
            "start_time": first.isoformat(),
            "end_time": max(first, last).isoformat(),
            "offset": str(offset),
            "limit": str(_PAGE),
        }
        said = (await self.client.get(_PATH, params)).data
        with wire.readable(TITLE):
            rows = msgspec.convert(said if isinstance(said, list) else [], list[earnings.Row], strict=False)
        return [row for row in rows if str(row.order_no or order.external_id) == order.external_id]
