"""Returns and refunds over the API (protocol notes, section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from mekong_sandbox.money import to_minor, to_number
from mekong_sandbox.shopee import aftersale
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.life import WrongStep
from mekong_sandbox.shopee.model import Order, Return

SOLUTIONS = ("RETURN_REFUND", "REFUND")
WINDOWS = ("create_time", "update_time")
WINDOW_S = 15 * 86400
DISPUTE_REASONS: list[dict[str, Any]] = [
    {
        "dispute_reason": "1",
        "dispute_requirement": "I agree with the return request, but I did not receive the products",
        "evidence_module_list": [],
    },
    {
        "dispute_reason": "2",
        "dispute_requirement": "The returned products are damaged, used or not mine",
        "evidence_module_list": [{"module_index": 1, "requirement": "Photos of the parcel", "is_required": True}],
    },
    {
        "dispute_reason": "3",
        "dispute_requirement": "I have shipped the right products",
        "evidence_module_list": [{"module_index": 1, "requirement": "Photos of packing", "is_required": False}],
    },
]


class ReturnBody(msgspec.Struct):
    return_sn: str


class DisputeImage(msgspec.Struct):
    image_url: list[str]
    module_index: int = 1
    requirement: str = ""


class DisputeBody(msgspec.Struct):
    return_sn: str
    email: str
    dispute_reason_id: int
    dispute_text_reason: str = ""
    image_list: list[DisputeImage] = []


class OfferBody(msgspec.Struct):
    return_sn: str
    proposed_solution: str
    proposed_adjusted_refund_amount: float | None = None


@contextmanager
def _status_checked() -> Iterator[None]:
    try:
        yield
    except WrongStep as wrong:
        raise Refused("returns.error_status", str(wrong)) from None


def _own(call: Call, return_sn: str) -> Return:
    one = call.market.returns.get(return_sn)
    if one is None or one.shop_id != call.shop.shop_id:
        raise Refused("returns.error_not_found", "The return is not exist.")
    return one


def negotiation_status(one: Return) -> str:
    """Whose turn it is; "" when nobody proposed anything."""
    if one.ended or one.status not in aftersale.OPEN:
        return "TERMINATED"
    return {"seller": "PENDING_RESPOND", "buyer": "PENDING_BUYER_RESPOND", "": ""}[one.asked]


def _proof(one: Return) -> str:
    return "UPLOADED" if one.dispute_reason else "NOT_NEEDED"


def _items(order: Order, one: Return) -> list[dict[str, Any]]:
    bought = {(line.item_id, line.model_id): line for line in order.lines}
    rows = []
    for item_id, model_id, units in one.lines:
        line = bought[item_id, model_id]
        row = {"item_id": item_id, "model_id": model_id, "amount": units, "name": line.item_name, "images": []}
        row |= {"item_price": to_number(line.price, order.currency)}
        row |= {"item_sku": line.item_sku, "variation_sku": line.model_sku}
        rows.append(row)
    return rows


def _row(call: Call, one: Return) -> dict[str, Any]:
    order = call.market.orders[one.order_sn]
    return {
        "return_sn": one.return_sn,
        "order_sn": one.order_sn,
        "reason": one.reason,
        "text_reason": "",
        "image": [],
        "status": one.status,
        "refund_amount": to_number(one.refund, order.currency),
        "amount_before_discount": to_number(one.bought_for, order.currency),
        "currency": order.currency,
        "create_time": int(one.created_at),
        "update_time": int(one.updated_at),
        "due_date": int(one.due_at),
        "return_ship_due_date": int(one.ship_due_at),
        "return_seller_due_date": int(one.seller_due_at),
        "tracking_number": one.tracking,
        "reverse_logistic_status": one.logistics,
        "needs_logistics": one.solution == 0,
        "user": {"username": order.buyer_name[:1] + "****", "email": "****", "portrait": ""},
        "item": _items(order, one),
        "return_solution": one.solution,
        "negotiation_status": negotiation_status(one),
        "seller_proof_status": _proof(one),
        "seller_compensation_status": "COMPENSATION_NOT_APPLICABLE",
        "validation_type": "seller_validation",
        "return_refund_request_type": 0,
        "dispute_reason": [one.dispute_reason] if one.dispute_reason else [],
        "dispute_text_reason": [one.dispute_text] if one.dispute_reason else [],
    }


def _windows(call: Call) -> list[tuple[str, int, int]]:
    """Bounds of creation and change as (attribute, first second, last second). Raises: Refused."""
    found = []
    for name, attribute in zip(WINDOWS, ("created_at", "updated_at"), strict=True):
        first, last = call.number(f"{name}_from", 0), call.number(f"{name}_to", 0)
        if first and last and not 0 <= last - first <= WINDOW_S:
            raise Refused("returns.error_param", f"{name}_to must be within 15 days after {name}_from.")
        found.append((attribute, first, last or 2**40))
    return found


def get_return_list(call: Call) -> Answer:
    """A page of returns, oldest first; pages count from 0."""
    page, size = call.number("page_no"), call.number("page_size", least=1, most=100)
    windows = _windows(call)
    status, talk = call.text("status", ""), call.text("negotiation_status", "")
    proof, paid = call.text("seller_proof_status", ""), call.text("seller_compensation_status", "")
    found = [
        one
        for one in call.market.returns.values()
        if one.shop_id == call.shop.shop_id
        and status in ("", one.status)
        and talk in ("", negotiation_status(one))
        and proof in ("", _proof(one))
        and paid in ("", "COMPENSATION_NOT_APPLICABLE")
        and all(first <= getattr(one, name) < last + 1 for name, first, last in windows)
    ]
    found.sort(key=lambda one: (one.created_at, one.return_sn))
    rows = found[page * size : (page + 1) * size]
    return {"more": (page + 1) * size < len(found), "return": [_row(call, one) for one in rows]}


def get_return_detail(call: Call) -> Answer:
    """One return in full."""
    one = _own(call, call.text("return_sn"))
    currency = call.market.orders[one.order_sn].currency
    row = _row(call, one)
    row["negotiation"] = {
        "negotiation_status": row["negotiation_status"],
        "latest_solution": SOLUTIONS[one.offer_solution if one.asked else one.solution],
        "latest_offer_amount": to_number(one.offer_amount or one.refund, currency),
        "latest_offer_creator": {"seller": "BUYER", "buyer": "SELLER", "": ""}[one.asked],
        "counter_limit": 0,
        "offer_due_date": int(one.offer_at),
    }
    row["seller_proof"] = {"seller_proof_status": row["seller_proof_status"], "seller_evidence_deadline": 0}
    row["seller_compensation"] = {
        "seller_compensation_status": row["seller_compensation_status"],
        "seller_compensation_due_date": 0,
        "compensation_amount": 0,
    }
    return row


def confirm(call: Call) -> Answer:
    """The seller agrees to what was asked for, or that what came back is right."""
    one = _own(call, call.body(ReturnBody).return_sn)
    with _status_checked():
        aftersale.accept(call.market, one)
    return {"return_sn": one.return_sn}


def dispute(call: Call) -> Answer:
    """The seller objects, with a reason of the platform's list and the evidence it asks for."""
    body = call.body(DisputeBody)
    one = _own(call, body.return_sn)
    reasons = {row["dispute_reason"]: row for row in DISPUTE_REASONS}
    reason = reasons.get(str(body.dispute_reason_id))
    if reason is None:
        raise Refused("returns.error_param", "dispute_reason_id is not one of get_return_dispute_reason.")
    if "@" not in body.email:
        raise Refused("returns.error_param", "email is invalid.")
    needed = {row["module_index"] for row in reason["evidence_module_list"] if row["is_required"]}
    if not needed <= {image.module_index for image in body.image_list if image.image_url}:
        raise Refused("returns.error_param", "image_list is required for this dispute_reason_id.")
    with _status_checked():
        aftersale.dispute(call.market, one, reason["dispute_reason"], body.dispute_text_reason)
    return {"return_sn": one.return_sn}


def offer(call: Call) -> Answer:
    """The seller proposes another solution or amount."""
    body = call.body(OfferBody)
    one = _own(call, body.return_sn)
    if body.proposed_solution not in SOLUTIONS:
        raise Refused("returns.error_param", f"proposed_solution must be one of {', '.join(SOLUTIONS)}.")
    wanted = body.proposed_adjusted_refund_amount
    amount = None if wanted is None else to_minor(wanted, call.market.orders[one.order_sn].currency)
    with _status_checked():
        aftersale.propose(call.market, one, SOLUTIONS.index(body.proposed_solution), amount, to="buyer")
    return {"return_sn": one.return_sn}


def accept_offer(call: Call) -> Answer:
    """The seller takes the buyer's proposal."""
    one = _own(call, call.body(ReturnBody).return_sn)
    with _status_checked():
        aftersale.agree(call.market, one, by="seller")
    return {"return_sn": one.return_sn}


def get_return_dispute_reason(call: Call) -> Answer:
    """Reasons for an objection to a return, with the evidence each asks for."""
    _own(call, call.text("return_sn"))
    return {"dispute_reason_list": DISPUTE_REASONS}
