"""Returns that buyers ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mekong.channels.socket import ListingKey
from mekong.channels.socket.returns import RemoteReturn, RemoteReturnLine, ReturnState
from mekong.connectors.tiktok.mapping import Word, minor, moment

STATES: Final[Mapping[str, ReturnState]] = {
    "RETURN_OR_REFUND_REQUEST_PENDING": ReturnState.REQUESTED,
    "REPLACEMENT_REQUEST_PENDING": ReturnState.REQUESTED,
    "AWAITING_BUYER_SHIP": ReturnState.ACCEPTED,
    "BUYER_SHIPPED_ITEM": ReturnState.SHIPPING_BACK,
    "AWAITING_BUYER_RESPONSE": ReturnState.DISPUTED,
    "REJECT_RECEIVE_PACKAGE": ReturnState.DISPUTED,
    "RETURN_OR_REFUND_REQUEST_SUCCESS": ReturnState.REFUNDED,
    "RETURN_OR_REFUND_REQUEST_COMPLETE": ReturnState.REFUNDED,
    "REPLACEMENT_REQUEST_COMPLETE": ReturnState.CLOSED,
    "REFUND_OR_RETURN_REQUEST_REJECT": ReturnState.CLOSED,
    "REPLACEMENT_REQUEST_REJECT": ReturnState.CLOSED,
    "RETURN_OR_REFUND_REQUEST_CANCEL": ReturnState.CLOSED,
    "REPLACEMENT_REQUEST_CANCEL": ReturnState.CLOSED,
}
"""A status the platform adds later reads as DISPUTED: it is shown as the platform's turn, and nobody is asked to answer.

Source: TikTok Shop Partner Center, "Search Returns", return_status.
"""

KINDS: Final = {"REFUND": "REFUND", "RETURN_AND_REFUND": "RETURN", "REPLACEMENT": "REPLACEMENT"}
"""By `return_type`: how an answer to it is called after APPROVE_ or REJECT_."""


class Money(Struct, frozen=True):
    currency: str = ""
    refund_total: Decimal | None = None


class Line(Struct, frozen=True):
    """One row: one unit, there is no quantity."""

    order_line_item_id: Word = ""
    product_id: Word = ""
    product_name: Word = ""
    sku_id: Word = ""
    sku_name: Word = ""
    seller_sku: Word = ""


class NextAction(Struct, frozen=True):
    deadline: int = 0


class Return(Struct, frozen=True):
    return_id: Word
    order_id: Word = ""
    return_type: str = "RETURN_AND_REFUND"
    return_status: str = ""
    arbitration_status: str = ""
    return_reason: Word = ""
    return_reason_text: Word = ""
    create_time: int = 0
    update_time: int = 0
    refund_amount: Money = Money()
    return_line_items: tuple[Line, ...] = ()
    return_tracking_number: Word = ""
    seller_next_action_response: tuple[NextAction, ...] = ()


class Page(Struct, frozen=True):
    return_orders: tuple[Return, ...] | None = None
    next_page_token: Word = ""
    total_count: int | None = None


_OVER = frozenset({ReturnState.REFUNDED, ReturnState.CLOSED})


def state(said: Return) -> ReturnState:
    found = STATES.get(said.return_status, ReturnState.DISPUTED)
    if said.arbitration_status == "IN_PROGRESS" and (found not in _OVER or said.return_status.endswith("REJECT")):
        return ReturnState.DISPUTED  # the buyer has called the platform in
    return found


def return_(said: Return, currency: str) -> RemoteReturn:
    money = said.refund_amount.currency or currency
    deadlines = [each.deadline for each in said.seller_next_action_response if each.deadline]
    return RemoteReturn(
        external_id=str(said.return_id),
        order_external_id=str(said.order_id),
        state=state(said),
        raw_state=said.return_status,
        lines=_lines(said.return_line_items),
        currency=money,
        refund_minor=0 if said.refund_amount.refund_total is None else minor(said.refund_amount.refund_total, money),
        is_goods_coming_back=said.return_type != "REFUND",
        requested_at=moment(said.create_time) if said.create_time else None,
        updated_at=moment(said.update_time) if said.update_time else None,
        reason_code=str(said.return_reason),
        reason=str(said.return_reason_text),
        answer_by=moment(min(deadlines)) if deadlines else None,
        tracking_no=str(said.return_tracking_number),
    )


def _lines(rows: Sequence[Line]) -> tuple[RemoteReturnLine, ...]:
    by_sku: dict[tuple[str, str], list[Line]] = {}
    for row in rows:
        by_sku.setdefault((str(row.product_id), str(row.sku_id)), []).append(row)
    return tuple(
        RemoteReturnLine(
            ListingKey(*key), str(units[0].seller_sku), str(units[0].product_name), len(units),
            tuple(str(unit.order_line_item_id) for unit in units if unit.order_line_item_id),
        )
        for key, units in by_sku.items()
    )  # fmt: skip
