"""Returns and refunds (protocol notes, section 8)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.money import to_number
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.model import Return

DUE_S = 2 * 86400


class ReturnBody(msgspec.Struct):
    return_sn: str


class DisputeBody(msgspec.Struct):
    return_sn: str
    dispute_reason_id: int = 0
    dispute_text_reason: str = ""
    email: str = ""


def _row(call: Call, one: Return) -> dict[str, Any]:
    order = call.market.orders[one.order_sn]
    prices = {(line.item_id, line.model_id): line for line in order.lines}
    items = []
    for item_id, model_id, units in one.lines:
        line = prices.get((item_id, model_id))
        items.append(
            {
                "item_id": item_id,
                "model_id": model_id,
                "amount": units,
                "name": line.item_name if line else "",
                "item_price": to_number(line.price, order.currency) if line else 0,
                "item_sku": line.item_sku if line else "",
                "variation_sku": line.model_sku if line else "",
            }
        )
    return {
        "return_sn": one.return_sn,
        "order_sn": one.order_sn,
        "reason": one.reason,
        "text_reason": "",
        "status": one.status,
        "refund_amount": to_number(one.refund, order.currency),
        "amount_before_discount": to_number(one.refund, order.currency),
        "currency": order.currency,
        "create_time": int(one.created_at),
        "update_time": int(one.updated_at),
        "due_date": int(one.created_at) + DUE_S,
        "return_ship_due_date": 0,
        "return_seller_due_date": 0,
        "tracking_number": "",
        "needs_logistics": one.solution == 0,
        "user": {"username": order.buyer_name[:1] + "****", "email": "****"},
        "item": items,
        "return_solution": one.solution,
        "negotiation_status": "",
        "seller_proof_status": "",
        "seller_compensation_status": "",
        "validation_type": "seller_validation",
    }


def _own(call: Call, return_sn: str) -> Return:
    one = call.market.returns.get(return_sn)
    if one is None or one.shop_id != call.shop.shop_id:
        raise Refused("returns.error_not_found", "The return is not exist.")
    return one


def get_return_list(call: Call) -> Answer:
    """A page of returns; pages count from 0."""
    page, size = call.number("page_no"), call.number("page_size", least=1, most=100)
    status = call.text("status", "")
    window = [
        call.number(name, 0) for name in ("create_time_from", "create_time_to", "update_time_from", "update_time_to")
    ]
    found = [
        one
        for one in call.market.returns.values()
        if one.shop_id == call.shop.shop_id
        and status in ("", one.status)
        and window[0] <= one.created_at
        and (not window[1] or one.created_at < window[1] + 1)
        and window[2] <= one.updated_at
        and (not window[3] or one.updated_at < window[3] + 1)
    ]
    found.sort(key=lambda one: one.created_at)
    rows = found[page * size : (page + 1) * size]
    return {"more": (page + 1) * size < len(found), "return": [_row(call, one) for one in rows]}


def get_return_detail(call: Call) -> Answer:
    """One return in full."""
    return _row(call, _own(call, call.text("return_sn")))


def _close(call: Call, one: Return, status: str) -> Answer:
    one.status, one.updated_at = status, call.world.clock.stamp()
    call.world.store.save("shopee.return", one.return_sn, one)
    call.market.push.return_update(one.shop_id, one.return_sn, one.order_sn, status)
    return {"return_sn": one.return_sn}


def confirm(call: Call) -> Answer:
    """The seller agrees to refund."""
    one = _own(call, call.body(ReturnBody).return_sn)
    if one.status not in ("REQUESTED", "PROCESSING"):
        raise Refused("returns.error_status", f"A return in {one.status} cannot be confirmed.")
    return _close(call, one, "ACCEPTED")


def dispute(call: Call) -> Answer:
    """The seller objects."""
    one = _own(call, call.body(DisputeBody).return_sn)
    if one.status not in ("REQUESTED", "PROCESSING", "ACCEPTED"):
        raise Refused("returns.error_status", f"A return in {one.status} cannot be disputed.")
    return _close(call, one, "SELLER_DISPUTE")


def get_return_dispute_reason(call: Call) -> Answer:
    """Reasons for an objection."""
    return {"dispute_reason_list": [{"reason_id": 1, "reason_text": "I have shipped the right goods"}]}
