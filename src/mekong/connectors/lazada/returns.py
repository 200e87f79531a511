"""The part of the connector that hears of returns and answers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from mekong.channels.socket import Account, wire
from mekong.channels.socket.returns import RemoteReturn, ReturnPage, ReturnState
from mekong.connectors.lazada.client import TITLE, Client
from mekong.connectors.lazada.mapping import orders, returns
from mekong.foundation.errors import Invalid, RemoteRefused

RETURN_WINDOW: Final = timedelta(days=30)  # as of orders: the platform names no longest window
_PAGE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LIST = "/reverse/getreverseordersforseller"
_REFUND_DECIDE = "/order/reverse/onlyrefund/seller/decide"
_RETURN_UPDATE = "/order/reverse/return/update"
_REASONS = "/order/reverse/reason/list"


@dataclass(frozen=True)
class Returns:
    """The returns of one seller."""

    account: Account
    client: Client

    async def listed(self, updated_from: datetime, updated_to: datetime, cursor: str | None) -> ReturnPage:
        """Wishes to cancel stand in the same list and are left out: they are answered as such."""
        if updated_to - updated_from > RETURN_WINDOW:
            raise Invalid(
                field="updated_to", problem="Lazada is asked for at most 30 days at once. Use shorter windows."
            )
        page_no = int(cursor or 1)
        page = await self._page(
            page_no,
            {
                "ReverseOrderLineModifiedTimeRangeStart": _milliseconds(updated_from),
                "ReverseOrderLineModifiedTimeRangeEnd": _milliseconds(updated_to),
            },
        )
        is_last = len(page.items) < _PAGE if page.total is None else page_no * _PAGE >= page.total
        with wire.readable(TITLE):
            found = [returns.return_(each, self.account.currency) for each in page.items if each.is_return]
        return ReturnPage(found, None if is_last or not page.items else str(page_no + 1))

    async def answer(self, return_: RemoteReturn, *, accept: bool, reason: str) -> RemoteReturn:
        said = await self._return(return_)
        now = returns.return_(said, self.account.currency)
        if now.state is not ReturnState.REQUESTED:
            return now
        try:
            await self._decide(said, accept=accept, reason=reason)
        except RemoteRefused:
            now = returns.return_(await self._return(return_), self.account.currency)
            if now.state is ReturnState.REQUESTED:
                raise
            return now
        return returns.return_(await self._return(return_), self.account.currency)

    async def _decide(self, said: returns.Return, *, accept: bool, reason: str) -> None:
        lines = [str(line.reverse_order_line_id) for line in said.reverse_order_lines]
        what = "Refund" if said.is_refund_only else "Return"
        params = {
            "action": f"{'agree' if accept else 'refuse'}{what}",
            "reverse_order_id": str(said.reverse_order_id),
            "reverse_order_item_ids": f"[{','.join(lines)}]",
        }
        if not accept:
            params |= {"comment": reason, "reason_id": await self._reason(lines)}
        await self.client.act(_REFUND_DECIDE if said.is_refund_only else _RETURN_UPDATE, params)

    async def _reason(self, lines: list[str]) -> str:
        """The reason that fits any refusal, else the first one offered; "" (which is not sent) where none is."""
        if not lines:
            return ""
        try:
            said = (await self.client.get(_REASONS, {"reverse_order_line_id": lines[0]})).data
        except RemoteRefused:
            return ""
        with wire.readable(TITLE):
            offered = msgspec.convert(said if isinstance(said, list) else [], tuple[_Reason, ...], strict=False)
        return orders.reason_id(
            orders.Reasons(tuple(orders.Reason(each.reason_id, each.muti_language_text) for each in offered)), "other"
        )

    async def _return(self, return_: RemoteReturn) -> returns.Return:
        """The return as it stands at this moment, among those of its order."""
        page = await self._page(1, {"trade_order_id": return_.order_external_id})
        found = [each for each in page.items if str(each.reverse_order_id) == return_.external_id]
        if not found:
            raise RemoteRefused(remote=TITLE, remote_code="unknown_return", remote_message="no such return")
        return found[0]

    async def _page(self, page_no: int, narrowed: Mapping[str, str]) -> returns.Page:
        asked = {"page_no": str(page_no), "page_size": str(_PAGE), **narrowed}
        said = (await self.client.get(_LIST, asked)).data
        with wire.readable(TITLE):
            return msgspec.convert(said if isinstance(said, dict) else {}, returns.Page, strict=False)


class _Reason(msgspec.Struct, frozen=True):
    reason_id: int | str
    muti_language_text: str = ""  # the platform's own spelling


def _milliseconds(at: datetime) -> str:
    return str((at - _EPOCH) // timedelta(milliseconds=1))
