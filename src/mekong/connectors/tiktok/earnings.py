"""The part of the connector that tells what an order earns."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from mekong.channels.socket import Account, RemoteOrder, wire
from mekong.channels.socket.earnings import Earnings
from mekong.connectors.tiktok import paths
from mekong.connectors.tiktok.client import TITLE, Client
from mekong.connectors.tiktok.mapping import earnings
from mekong.foundation.errors import RemoteRefused


@dataclass(frozen=True)
class Statements:
    """The statements of one shop, order by order. An order that was not settled yet is in none."""

    account: Account
    client: Client

    async def of(self, order: RemoteOrder) -> Earnings:
        got = await self.client.get(paths.STATEMENT_TRANSACTIONS.format(order_id=order.external_id))
        with wire.readable(TITLE):
            said = msgspec.convert(got, earnings.Said, strict=False)
        if not said.sku_transactions:
            raise RemoteRefused(remote=TITLE, remote_code="not_settled", remote_message="in no statement yet")
        with wire.readable(TITLE):
            return earnings.earnings(order.external_id, said, order.currency or self.account.currency)
