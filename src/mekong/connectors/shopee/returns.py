"""The part of the connector that hears of returns and answers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from mekong.channels.socket import Account, wire
from mekong.channels.socket.returns import RemoteReturn, ReturnPage, ReturnState
from mekong.connectors.shopee.client import TITLE, Client
from mekong.connectors.shopee.mapping import returns
from mekong.foundation.errors import Invalid, RemoteRefused

RETURN_WINDOW: Final = timedelta(days=15)  # as of orders: longer ranges of time are refused
_PAGE = 100


@dataclass(frozen=True)
class Returns:
    """The returns of one shop."""

    account: Account
    client: Client

    async def listed(self, updated_from: datetime, updated_to: datetime, cursor: str | None) -> ReturnPage:
        if updated_to - updated_from > RETURN_WINDOW:
            raise Invalid(field="updated_to", problem="Shopee lists at most 15 days at once. Ask in shorter windows.")
        since, page_no = int(updated_from.timestamp()), int(cursor or 0)
        params = [
            ("page_no", str(page_no)),
            ("page_size", str(_PAGE)),
            ("update_time_from", str(since)),
            ("update_time_to", str(max(int(updated_to.timestamp()), since + 1))),
        ]
        said = await self.client.get("/returns/get_return_list", params)
        with wire.readable(TITLE):
            page = msgspec.convert(said, returns.Page, strict=False)
            found = [returns.return_(each, self.account.currency) for each in page.returns]
        return ReturnPage(found, str(page_no + 1) if page.more and found else None)

    async def answer(self, return_: RemoteReturn, *, accept: bool, reason: str, contact_email: str) -> RemoteReturn:
        """Agreeing is `confirm`; refusing opens a dispute, which the platform judges."""
        now = await self._return(return_.external_id)
        if now.state is not ReturnState.REQUESTED:
            return now
        try:
            if accept:
                await self.client.post("/returns/confirm", {"return_sn": return_.external_id})
            else:
                await self._dispute(return_.external_id, reason, contact_email)
        except RemoteRefused:
            now = await self._return(return_.external_id)
            if now.state is ReturnState.REQUESTED:
                raise
            return now
        return await self._return(return_.external_id)

    async def _dispute(self, return_sn: str, reason: str, contact_email: str) -> None:
        said = await self.client.get("/returns/get_return_dispute_reason", [("return_sn", return_sn)])
        with wire.readable(TITLE):
            reason_given = returns.open_reason(msgspec.convert(said, returns.DisputeReasons, strict=False))
        if reason_given is None:
            raise RemoteRefused(
                remote=TITLE, remote_code="photographs",
                remote_message="it wants photographs with this refusal: give them in the seller centre",
            )  # fmt: skip
        body = {
            "return_sn": return_sn,
            "email": contact_email,
            "dispute_reason_id": reason_given.dispute_reason,
            "dispute_text_reason": reason,
            "image_list": [],
        }
        await self.client.post("/returns/dispute", body)

    async def _return(self, return_sn: str) -> RemoteReturn:
        said = await self.client.get("/returns/get_return_detail", [("return_sn", return_sn)])
        with wire.readable(TITLE):
            return returns.return_(msgspec.convert(said, returns.Return, strict=False), self.account.currency)
