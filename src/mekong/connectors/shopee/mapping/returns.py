"""Returns that buyers ask for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct, field

from mekong.channels.socket import ListingKey
from mekong.channels.socket.returns import RemoteReturn, RemoteReturnLine, ReturnState
from mekong.connectors.shopee.mapping import Word, minor, moment

STATES: Final[Mapping[str, ReturnState]] = {
    "REQUESTED": ReturnState.REQUESTED,
    "PROCESSING": ReturnState.ACCEPTED,
    "ACCEPTED": ReturnState.ACCEPTED,
    "JUDGING": ReturnState.DISPUTED,
    "SELLER_DISPUTE": ReturnState.DISPUTED,
    "REFUND_PAID": ReturnState.REFUNDED,
    "COMPLETED": ReturnState.REFUNDED,
    "CLOSED": ReturnState.CLOSED,
    "CANCELLED": ReturnState.CLOSED,
}
"""A status the platform adds later reads as DISPUTED: it is shown as the platform's turn, and nobody is asked to answer."""

_REFUND_ONLY = 1


class Item(Struct, frozen=True):
    item_id: Word
    model_id: Word = 0
    name: Word = ""
    amount: int = 0
    item_sku: Word = ""
    variation_sku: Word = ""


class Return(Struct, frozen=True):
    return_sn: Word
    order_sn: Word = ""
    reason: Word = ""
    text_reason: Word = ""
    status: str = ""
    refund_amount: Decimal = Decimal(0)
    currency: str = ""
    create_time: int = 0
    update_time: int = 0
    due_date: int = 0
    tracking_number: Word = ""
    needs_logistics: bool = True
    return_solution: int = 0
    item: tuple[Item, ...] = ()


class Page(Struct, frozen=True):
    more: bool = False
    returns: tuple[Return, ...] = field(default=(), name="return")


def state(said: Return) -> ReturnState:
    found = STATES.get(said.status, ReturnState.DISPUTED)
    is_sent = bool(said.tracking_number) and comes_back(said)
    return ReturnState.SHIPPING_BACK if found is ReturnState.ACCEPTED and is_sent else found


def comes_back(said: Return) -> bool:
    return said.return_solution != _REFUND_ONLY and said.needs_logistics


def return_(said: Return, currency: str) -> RemoteReturn:
    money = said.currency or currency
    return RemoteReturn(
        external_id=str(said.return_sn),
        order_external_id=str(said.order_sn),
        state=state(said),
        raw_state=said.status,
        lines=tuple(_line(item) for item in said.item),
        currency=money,
        refund_minor=minor(said.refund_amount, money),
        is_goods_coming_back=comes_back(said),
        requested_at=moment(said.create_time) if said.create_time else None,
        updated_at=moment(said.update_time) if said.update_time else None,
        reason_code=str(said.reason),
        reason=str(said.text_reason),
        answer_by=moment(said.due_date) if said.due_date else None,
        tracking_no=str(said.tracking_number),
    )


def _line(item: Item) -> RemoteReturnLine:
    key = ListingKey(str(item.item_id), "" if str(item.model_id) == "0" else str(item.model_id))
    return RemoteReturnLine(key, str(item.variation_sku or item.item_sku), str(item.name), item.amount)


class Evidence(Struct, frozen=True):
    """Something the platform wants to see before it judges."""

    requirement: str = ""
    is_required: bool = False


class DisputeReason(Struct, frozen=True):
    """`dispute_reason`: its id, which a dispute names as `dispute_reason_id`."""

    dispute_reason: int
    dispute_requirement: str = ""
    evidence_module_list: list[Evidence] = field(default_factory=list)


class DisputeReasons(Struct, frozen=True):
    dispute_reason_list: list[DisputeReason] = field(default_factory=list)


def open_reason(said: DisputeReasons) -> DisputeReason | None:
    """The first reason that a dispute may give in words alone; None where each wants photographs."""
    return next(
        (one for one in said.dispute_reason_list if not any(each.is_required for each in one.evidence_module_list)),
        None,
    )
