"""Cancellations and returns over the API (protocol notes, section 6)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.tiktok import aftersale, codes, life
from mekong_sandbox.tiktok.aftersale import APPROVALS, REJECTIONS
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.life import WrongStep
from mekong_sandbox.tiktok.model import Aftersale, Order
from mekong_sandbox.tiktok.orders import own_order
from mekong_sandbox.tiktok.wire import Key, amount, page, within

REASONS = {
    "seller_reject_apply_product_has_been_packed": "Hàng đã được đóng gói",
    "reverse_reject_request_reason_1": "Sản phẩm không thể bán lại",
}
NEXT_ACTION = {
    "RETURN_AND_REFUND": {
        aftersale.RETURN_PENDING: "SELLER_RESPOND_RETURN",
        "BUYER_SHIPPED_ITEM": "SELLER_RESPOND_RECEIVE_PACKAGE",
    },
    "REFUND": {aftersale.RETURN_PENDING: "SELLER_RESPOND_REFUND"},
    "BUYER_CANCEL": {aftersale.PENDING: "SELLER_RESPOND_CANCEL"},
}


class SkuCount(msgspec.Struct):
    sku_id: str
    quantity: int


class CancelBody(msgspec.Struct):
    order_id: str
    cancel_reason: str
    skus: list[SkuCount] = []
    order_line_item_ids: list[str] = []


class Rejection(msgspec.Struct):
    reject_reason: str
    decision: str = ""
    comment: str = ""


class Approval(msgspec.Struct):
    decision: str
    buyer_keep_item: bool = False


class Search(msgspec.Struct):
    """Filters of a search for cancellations or returns; each kind has its own names for id, kind and status."""

    cancel_ids: list[str] = []
    return_ids: list[str] = []
    order_ids: list[str] = []
    buyer_user_ids: list[str] = []
    cancel_types: list[str] = []
    return_types: list[str] = []
    cancel_status: list[str] = []
    return_status: list[str] = []
    create_time_ge: int | None = None
    create_time_lt: int | None = None
    update_time_ge: int | None = None
    update_time_lt: int | None = None

    def fits(self, one: Aftersale, buyer_id: str) -> bool:
        asked = (
            (self.cancel_ids + self.return_ids, one.aftersale_id),
            (self.order_ids, one.order_id),
            (self.buyer_user_ids, buyer_id),
            (self.cancel_types + self.return_types, one.kind),
            (self.cancel_status + self.return_status, one.status),
        )
        return (
            all(not wanted or value in wanted for wanted, value in asked)
            and within(one.created_at, self.create_time_ge, self.create_time_lt)
            and within(one.updated_at, self.update_time_ge, self.update_time_lt)
        )


def _of_skus(order: Order, wanted: list[SkuCount]) -> list[int]:
    """Line items of so many units of each SKU, those not cancelled. Raises: Refused."""
    ids: list[int] = []
    for one in wanted:
        left = [
            unit_id
            for run in order.units
            if run.sku_id == one.sku_id and run.status != "CANCELLED"
            for unit_id in run.ids()
            if unit_id not in ids
        ]
        if not 1 <= one.quantity <= len(left):
            raise Refused(codes.CANCEL_NOT_ALLOWED, f"The order has {len(left)} units of sku {one.sku_id} to cancel.")
        ids += left[: one.quantity]
    return ids


def cancel(call: Call) -> dict[str, Any]:
    """The seller cancels an order, or some units of it."""
    body = call.body(CancelBody)
    order = own_order(call, body.order_id)
    if not body.cancel_reason:
        raise codes.invalid("cancel_reason is a required field and has not been provided.")
    if not all(one.isdecimal() for one in body.order_line_item_ids):
        raise codes.invalid("Invalid order_line_item_ids.")
    unit_ids = [int(one) for one in body.order_line_item_ids] or _of_skus(order, body.skus)
    try:
        done = aftersale.cancel(call.market, order, unit_ids, role="SELLER", reason=body.cancel_reason)
    except WrongStep as wrong:
        raise Refused(codes.CANCEL_NOT_ALLOWED, str(wrong)) from None
    return {"cancel_id": done.aftersale_id, "cancel_status": done.status}


def _own(call: Call, *, cancellation: bool) -> Aftersale:
    one = call.market.aftersales.get(call.ids[0])
    if one is None or one.shop_id != call.shop.shop_id or one.is_cancellation() != cancellation:
        raise Refused(codes.AFTERSALE_NOT_FOUND, "The request does not exist.")
    return one


def _decide(call: Call, *, agreed: bool) -> dict[str, Any]:
    try:
        aftersale.decide_wish(call.market, _own(call, cancellation=True), agreed=agreed)
    except WrongStep as wrong:
        raise Refused(codes.AFTERSALE_STATUS, str(wrong)) from None
    return {}


def approve_cancellation(call: Call) -> dict[str, Any]:
    """Grant a buyer's wish to cancel."""
    return _decide(call, agreed=True)


def reject_cancellation(call: Call) -> dict[str, Any]:
    """Refuse it."""
    if not call.body(Rejection).reject_reason:
        raise codes.invalid("reject_reason is a required field and has not been provided.")
    return _decide(call, agreed=False)


def approve_return(call: Call) -> dict[str, Any]:
    """Agree to a return or a refund, or to what came back."""
    body, one = call.body(Approval), _own(call, cancellation=False)
    if body.decision not in {decision for _, _, decision in APPROVALS}:
        raise codes.invalid("Invalid decision.")
    try:
        aftersale.decide_return(call.market, one, body.decision, keep_item=body.buyer_keep_item)
    except WrongStep as wrong:
        raise Refused(codes.AFTERSALE_STATUS, str(wrong)) from None
    return {}


def reject_return(call: Call) -> dict[str, Any]:
    """Refuse it."""
    body, one = call.body(Rejection), _own(call, cancellation=False)
    if not body.reject_reason or body.decision not in {decision for _, _, decision in REJECTIONS}:
        raise codes.invalid("decision and reject_reason are required fields.")
    try:
        aftersale.decide_return(call.market, one, body.decision)
    except WrongStep as wrong:
        raise Refused(codes.AFTERSALE_STATUS, str(wrong)) from None
    return {}


def _line_rows(order: Order, one: Aftersale) -> list[dict[str, Any]]:
    runs = {unit_id: run for run in order.units for unit_id in run.ids()}
    kind = "cancel" if one.is_cancellation() else "return"
    rows = []
    for number, unit_id in enumerate(one.unit_ids, 1):
        run = runs[unit_id]
        row = {
            f"{kind}_line_item_id": str(int(one.aftersale_id) + number),
            "order_line_item_id": str(unit_id),
            "sku_id": run.sku_id,
            "sku_name": run.sku_name,
            "product_name": run.product_name,
            "seller_sku": run.seller_sku,
            "refund_amount": _refund(order, run.sale_price),
        }
        rows.append(row)
    return rows


def _refund(order: Order, minor: int) -> dict[str, str]:
    value = amount(minor, order.currency)
    row = {"currency": order.currency, "refund_total": value, "refund_subtotal": value}
    return row | {"refund_shipping_fee": "0", "refund_tax": "0"}


def _row(call: Call, one: Aftersale) -> dict[str, Any]:
    order = call.market.orders[one.order_id]
    prices = {unit_id: run.sale_price for run in order.units for unit_id in run.ids()}
    kind = "cancel" if one.is_cancellation() else "return"
    action = NEXT_ACTION.get(one.kind, {}).get(one.status)
    row: dict[str, Any] = {
        f"{kind}_id": one.aftersale_id,
        "order_id": one.order_id,
        f"{kind}_type": one.kind,
        f"{kind}_status": one.status,
        "role": one.role,
        f"{kind}_reason": one.reason,
        f"{kind}_reason_text": one.reason,
        "create_time": int(one.created_at),
        "update_time": int(one.updated_at),
        "refund_amount": _refund(order, sum(prices[unit_id] for unit_id in one.unit_ids)),
        f"{kind}_line_items": _line_rows(order, one),
        "seller_next_action_response": ([{"action": action, "deadline": int(one.due_at)}] if action else []),
    }
    if kind == "return":
        row |= {"return_method": "PLATFORM_SHIPPED", "shipment_type": "PLATFORM", "arbitration_status": ""}
        row |= {"return_tracking_number": one.tracking, "return_provider_name": life.PROVIDER if one.tracking else ""}
    return row


def _search(call: Call, *, cancellations: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    size, wanted = call.page_size(default=10), call.body(Search)
    descending = call.choice("sort_order", "ASC", "DESC") == "DESC"
    by_update = call.choice("sort_field", "create_time", "update_time") == "update_time"

    def place(one: Aftersale) -> Key:
        return one.updated_at if by_update else one.created_at, one.aftersale_id

    found = [
        one
        for one in call.market.aftersales.values()
        if one.shop_id == call.shop.shop_id
        and one.is_cancellation() == cancellations
        and wanted.fits(one, call.market.orders[one.order_id].buyer_id)
    ]
    found.sort(key=place)
    rows, further = page(found, place, size, call.sent.get("page_token", ""), descending=descending)
    return [_row(call, one) for one in rows], {"total_count": len(found), "next_page_token": further}


def search_cancellations(call: Call) -> dict[str, Any]:
    """A page of cancellations."""
    rows, rest = _search(call, cancellations=True)
    return {"cancellations": rows, **rest}


def search_returns(call: Call) -> dict[str, Any]:
    """A page of returns and refunds."""
    rows, rest = _search(call, cancellations=False)
    return {"return_orders": rows, **rest}


def return_records(call: Call) -> dict[str, Any]:
    """What happened to a return, the latest first."""
    one = _own(call, cancellation=False)
    rows = [
        {"event": what, "role": who, "description": what, "reason_text": one.reason, "create_time": int(stamp)}
        for stamp, who, what in reversed(one.records)
    ]
    return {"records": rows}


def reject_reasons(call: Call) -> dict[str, Any]:
    """Reasons a seller may give for a refusal."""
    return {"reasons": [{"name": name, "text": text} for name, text in REASONS.items()]}
