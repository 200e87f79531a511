"""The part of the connector that tells what an order earns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from mekong.channels.socket import Account, RemoteOrder, RemoteState, wire
from mekong.channels.socket.earnings import Earnings
from mekong.connectors.shopee.client import TITLE, Client
from mekong.connectors.shopee.mapping import earnings
from mekong.foundation.errors import RemoteRefused

# The documentation: the amount "will change before order completed".
_OVER: Final = frozenset({RemoteState.COMPLETED, RemoteState.RETURNED, RemoteState.CANCELLED})


@dataclass(frozen=True)
class Escrow:
    """The escrow of one shop's orders."""

    account: Account
    client: Client

    async def of(self, order: RemoteOrder) -> Earnings:
        got = await self.client.get("/payment/get_escrow_detail", [("order_sn", order.external_id)])
        with wire.readable(TITLE):
            said = msgspec.convert(got, earnings.Said, strict=False)
        if not said.order_income:
            raise RemoteRefused(remote=TITLE, remote_code="no_escrow", remote_message="no escrow of this order yet")
        with wire.readable(TITLE):
            currency = order.currency or self.account.currency
            return earnings.earnings(said, said.order_income, currency, is_final=order.state in _OVER)
