"""The part of the connector that hears of returns and answers them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from mekong.channels.socket import Account, wire
from mekong.channels.socket.returns import RemoteReturn, ReturnPage, ReturnState
from mekong.connectors.tiktok import paths
from mekong.connectors.tiktok.client import TITLE, Client
from mekong.connectors.tiktok.mapping import following, listed, returns
from mekong.foundation.errors import Invalid, RemoteRefused

RETURN_WINDOW: Final = timedelta(days=15)  # as of orders: the platform names no longest window
_PAGE = 50


@dataclass(frozen=True)
class Returns:
    """The returns of one shop."""

    account: Account
    client: Client
    reject_reason: Callable[[str], Awaitable[str]] = field(repr=False)
    """The platform's reason to refuse this request, as for cancellations."""

    async def listed(self, updated_from: datetime, updated_to: datetime, cursor: str | None) -> ReturnPage:
        if updated_to - updated_from > RETURN_WINDOW:
            raise Invalid(
                field="updated_to", problem="TikTok Shop is asked for at most 15 days at once. Use shorter windows."
            )
        # The end is outside of the platform's window, in whole seconds.
        body = {"update_time_ge": int(updated_from.timestamp()), "update_time_lt": int(updated_to.timestamp()) + 1}
        page = await self._search(body, cursor or "")
        with wire.readable(TITLE):
            rows = listed(page.return_orders, page.total_count)
            token = following(page.next_page_token, cursor or "") if rows else ""
            return ReturnPage([returns.return_(row, self.account.currency) for row in rows], token or None)

    async def answer(self, return_: RemoteReturn, *, accept: bool, reason: str) -> RemoteReturn:
        said = await self._return(return_.external_id)
        now = returns.return_(said, self.account.currency)
        if now.state is not ReturnState.REQUESTED:
            return now
        kind = returns.KINDS.get(said.return_type, "RETURN")
        try:
            if accept:
                path = paths.RETURN_APPROVE.format(return_id=return_.external_id)
                await self.client.act(path, {"decision": f"APPROVE_{kind}"})
            else:
                await self._reject(return_.external_id, kind, reason)
        except RemoteRefused:
            now = returns.return_(await self._return(return_.external_id), self.account.currency)
            if now.state is ReturnState.REQUESTED:
                raise
            return now
        return returns.return_(await self._return(return_.external_id), self.account.currency)

    async def _reject(self, return_id: str, kind: str, reason: str) -> None:
        chosen = await self.reject_reason(return_id)
        body = {"decision": f"REJECT_{kind}", "reject_reason": chosen, "comment": reason}
        await self.client.act(paths.RETURN_REJECT.format(return_id=return_id), body)

    async def _return(self, return_id: str) -> returns.Return:
        """The return as it stands at this moment."""
        page = await self._search({"return_ids": [return_id]}, "")
        with wire.readable(TITLE):
            rows = [row for row in listed(page.return_orders, page.total_count) if str(row.return_id) == return_id]
        if not rows:
            raise RemoteRefused(remote=TITLE, remote_code="unknown_return", remote_message="no such return")
        return rows[0]

    async def _search(self, body: Mapping[str, Any], token: str) -> returns.Page:
        params = [("page_size", str(_PAGE)), ("sort_field", "update_time"), ("sort_order", "ASC")]
        said = await self.client.post(paths.RETURN_SEARCH, body, [*params, *([("page_token", token)] if token else [])])
        with wire.readable(TITLE):
            return msgspec.convert(said, returns.Page, strict=False)
