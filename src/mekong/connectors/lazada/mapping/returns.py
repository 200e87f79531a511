"""Returns that buyers ask for: the platform's reverse orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from mekong.channels.socket import ListingKey
from mekong.channels.socket.returns import RemoteReturn, RemoteReturnLine, ReturnState
from mekong.connectors.lazada.mapping import Word

_WAY = (
    ReturnState.REQUESTED,
    ReturnState.DISPUTED,
    ReturnState.ACCEPTED,
    ReturnState.SHIPPING_BACK,
    ReturnState.RECEIVED,
    ReturnState.REFUNDED,
    ReturnState.CLOSED,
)
"""In the order of the way; of the lines that are not closed, the one least far decides for the return."""

_KINDS = frozenset({"RETURN", "ONLY_REFUND"})
_MILLISECONDS_FROM = 10**11


class Product(Struct, frozen=True):
    product_id: Word = ""
    product_sku: Word = ""


class Line(Struct, frozen=True):
    """One row: one unit, there is no quantity. Amounts are in hundredths but in Vietnam: minor units everywhere."""

    reverse_order_line_id: Word
    trade_order_line_id: Word = ""
    reverse_status: str = ""
    ofc_status: str = ""
    refund_amount: int = 0
    reason_code: Word = ""
    reason_text: Word = ""
    platform_sku_id: Word = ""
    seller_sku_id: Word = ""
    tracking_number: Word = ""
    product: Product = Product()
    return_order_line_gmt_create: Word = ""
    return_order_line_gmt_modified: Word = ""


class Return(Struct, frozen=True):
    reverse_order_id: Word
    trade_order_id: Word = ""
    request_type: str = ""
    shipping_type: str = ""
    is_rtm: bool = False
    reverse_order_lines: tuple[Line, ...] = ()

    @property
    def is_return(self) -> bool:
        """Whether it is no wish to cancel, which goes its own way."""
        return self.request_type.upper() in _KINDS

    @property
    def is_refund_only(self) -> bool:
        return self.request_type.upper() == "ONLY_REFUND"


class Page(Struct, frozen=True):
    items: tuple[Return, ...] = ()
    total: int | None = None


def state(line: Line, *, is_refund_only: bool) -> ReturnState:
    """By the words a status is made of: those of notices (RTM_INIT) and of the list (REQUEST_INITIATE) differ.

    RTM goes back to the seller, RTW to the platform's warehouse, which decides alone. What the platform adds later
    reads as DISPUTED: it is shown as the platform's turn, and nobody is asked to answer.
    """
    said = line.reverse_status.upper()
    if "CANCEL" in said or (("REJECT" in said) and "SELLER" not in said):
        return ReturnState.CLOSED
    if "REJECT" in said or "DISPUTE" in said:
        return ReturnState.DISPUTED
    if said in {"REFUND_SUCCESS", "REFUND_ISSUED", "REQUEST_COMPLETE"}:
        return ReturnState.REFUNDED
    if "SHIPPING_BACK" in said or "BUYER_RETURN" in said:
        return ReturnState.SHIPPING_BACK
    if "RECEIVE_ITEM" in said or said == "RTW_REFUND_PENDING":
        return ReturnState.RECEIVED
    if said in {"REQUEST_INITIATE", "RTM_INIT"} or (said == "REFUND_INIT" and is_refund_only):
        return ReturnState.REQUESTED
    if said.startswith("SELLER_AGREE") or said == "RTW_INIT":
        return ReturnState.ACCEPTED
    if said in {"REFUND_INIT", "REFUND_PENDING", "REFUND_AUTHORIZED"}:
        return ReturnState.ACCEPTED if is_refund_only else ReturnState.RECEIVED
    return ReturnState.DISPUTED


def return_(said: Return, currency: str) -> RemoteReturn:
    rows = said.reverse_order_lines
    states = [state(row, is_refund_only=said.is_refund_only) for row in rows]
    going = [each for each in states if each is not ReturnState.CLOSED]
    moved = [at for row in rows if (at := _moment(row.return_order_line_gmt_modified))]
    made = [at for row in rows if (at := _moment(row.return_order_line_gmt_create))]
    return RemoteReturn(
        external_id=str(said.reverse_order_id),
        order_external_id=str(said.trade_order_id),
        state=min(going, key=_WAY.index, default=ReturnState.CLOSED),
        raw_state=", ".join(dict.fromkeys(row.reverse_status for row in rows)),
        lines=_lines(rows),
        currency=currency,
        refund_minor=sum(row.refund_amount for row in rows),
        is_goods_coming_back=not said.is_refund_only,
        requested_at=min(made, default=None),
        updated_at=max(moved, default=None),
        reason_code=next((str(row.reason_code) for row in rows if row.reason_code), ""),
        reason=next((str(row.reason_text) for row in rows if row.reason_text), ""),
        tracking_no=next((str(row.tracking_number) for row in rows if row.tracking_number), ""),
    )


def _lines(rows: Sequence[Line]) -> tuple[RemoteReturnLine, ...]:
    by_sku: dict[str, list[Line]] = {}
    for row in rows:
        by_sku.setdefault(str(row.platform_sku_id or row.seller_sku_id), []).append(row)
    return tuple(
        RemoteReturnLine(
            ListingKey(str(units[0].product.product_id), str(units[0].platform_sku_id)),
            str(units[0].seller_sku_id), str(units[0].product.product_sku), len(units),
            tuple(str(unit.trade_order_line_id) for unit in units if unit.trade_order_line_id),
        )
        for units in by_sku.values()
    )  # fmt: skip


def _moment(said: Word) -> datetime | None:
    """Milliseconds by the documentation, seconds in some replies: told by their size."""
    words = str(said)
    if not (words.isascii() and words.isdigit()) or not 0 < len(words) < 15:
        return None
    number = int(words)
    return datetime.fromtimestamp(number if number < _MILLISECONDS_FROM else number / 1000, UTC)
