"""Reverse orders over the API (protocol notes, section 7). Lines of one reverse order are decided together here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mekong_sandbox.lazada import reverse
from mekong_sandbox.lazada.gate import Answer, Call, Flat, Refused
from mekong_sandbox.lazada.life import WrongStep
from mekong_sandbox.lazada.model import Order, Reverse, Units

if TYPE_CHECKING:
    from mekong_sandbox.lazada.market import LazadaMarket

REASONS = {
    "101": "Hàng đã qua sử dụng",
    "102": "Hàng không phải của gian hàng",
    "103": "Hàng trả về bị thiếu",
}
ACTIONS: dict[str, Callable[[LazadaMarket, Reverse], None]] = {
    "instantRefund": reverse.instant_refund,
    "agreeReturn": reverse.agree_return,
    "refuseReturn": reverse.refuse_return,
    "agreeRefund": reverse.agree_refund,
    "refuseRefund": reverse.refuse_refund,
    "confirmDelivery": reverse.confirm_delivery,
}


def _ms(stamp: float) -> int:
    return int(stamp * 1000)


def _lines(call: Call, one: Reverse) -> Iterator[tuple[int, int, Units]]:
    """Id of each line, of its unit, and the unit as it was sold."""
    order = call.market.orders[one.order_id]
    for line_id, unit_id in zip(one.line_ids(), one.unit_ids, strict=True):
        run = order.find(unit_id)
        if run is not None:
            yield line_id, unit_id, run


def _line(one: Reverse, order: Order, line_id: int, unit_id: int, run: Units) -> dict[str, Any]:
    """Money in cents but for currencies without them; moments of the lines in seconds, as seen in use."""
    return {
        "reverse_order_line_id": line_id,
        "trade_order_line_id": unit_id,
        "reverse_status": one.status,
        "ofc_status": one.ofc_status,
        "refund_amount": run.paid_price,
        "item_unit_price": run.paid_price,
        "refund_payment_method": "Bank Transfer" if order.cod else "Original Payment Method",
        "reason_code": 0,
        "reason_text": one.reason,
        "platform_sku_id": str(run.sku_id),
        "seller_sku_id": run.seller_sku,
        "is_need_refund": one.request_type != "CANCEL" or not order.cod,
        "is_dispute": one.in_dispute,
        "whqc_decision": "",
        "tracking_number": one.tracking,
        "sla": _ms(one.due_at),
        "trade_order_gmt_create": int(order.created_at),
        "return_order_line_gmt_create": int(one.created_at),
        "return_order_line_gmt_modified": int(one.updated_at),
    }


def _head(one: Reverse) -> dict[str, Any]:
    return {
        "reverse_order_id": one.reverse_id,
        "trade_order_id": one.order_id,
        "request_type": one.request_type,
        "shipping_type": "PICK_UP" if one.request_type == "RETURN" else "NORMAL",
        "is_rtm": one.request_type == "RETURN" and one.to_seller,
    }


def _listed(call: Call, one: Reverse) -> dict[str, Any]:
    """As it stands in the list, which names product and buyer otherwise than the detail."""
    order, rows = call.market.orders[one.order_id], []
    for line_id, unit_id, run in _lines(call, one):
        more: dict[str, Any] = {"product": {"product_id": run.item_id, "product_sku": run.seller_sku}}
        more["buyer"] = {"buyer_id": int(order.buyer_id)}
        rows.append(_line(one, order, line_id, unit_id, run) | more)
    return {**_head(one), "reverse_order_lines": rows}


def _within(call: Call, name: str, stamp: float) -> bool:
    start = call.number(f"{name}Start", 0, least=0, most=2**53, code="17")
    end = call.number(f"{name}End", 2**53, least=0, most=2**53, code="17")
    return start <= _ms(stamp) <= end


def _wanted(call: Call, name: str) -> list[str]:
    found = call.json(name) if name in call.sent else []
    if not isinstance(found, list):
        raise Refused("InvalidParameter", f"The parameter {name} is not a list")
    return [str(one) for one in found]


def get_reverse_orders(call: Call) -> Answer:
    """A page of reverse orders, oldest first; pages count from 1, ranges of time are in milliseconds."""
    page = call.number("page_no", 1, least=1, most=10_000, code="14")
    size = call.number("page_size", 10, least=1, most=100, code="19")
    types, statuses = _wanted(call, "request_type_list"), _wanted(call, "reverse_status_list")
    number, trade = call.text("reverse_order_id", ""), call.text("trade_order_id", "")
    ofc = _wanted(call, "ofc_status_list")
    way, disputed = call.text("return_to_type", ""), call.text("dispute_in_progress", "").lower()
    found = [
        one
        for one in call.market.reverses.values()
        if one.seller_id == call.seller.seller_id
        and (not types or one.request_type in types)
        and (not statuses or one.status in statuses)
        and (not ofc or one.ofc_status in ofc)
        and number in ("", str(one.reverse_id))
        and trade in ("", str(one.order_id))
        and (not way or (one.request_type == "RETURN" and way == ("RTM" if one.to_seller else "RTW")))
        and disputed in ("", str(one.in_dispute).lower())
        and _within(call, "TradeOrderLineCreatedTimeRange", call.market.orders[one.order_id].created_at)
        and _within(call, "ReverseOrderLineTimeRange", one.created_at)
        and _within(call, "ReverseOrderLineModifiedTimeRange", one.updated_at)
    ]
    rows = [_listed(call, one) for one in found[(page - 1) * size : page * size]]
    return Flat(result={"success": True, "total": len(found), "page_no": page, "page_size": size, "items": rows})


def _own(call: Call) -> Reverse:
    number = call.text("reverse_order_id")
    if not number.isdecimal():
        raise Refused("125", "E0125: invalid reverse id")
    one = call.market.reverses.get(int(number))
    if one is None or one.seller_id != call.seller.seller_id:
        raise Refused("112", "E0112: no reverse order found")
    return one


def _of_line(call: Call) -> Reverse:
    """The reverse order of a line of the seller's."""
    number = call.text("reverse_order_line_id")
    for one in call.market.reverses.values():
        if one.seller_id == call.seller.seller_id and number.isdecimal() and int(number) in one.line_ids():
            return one
    raise Refused("126", "E0126: invalid reverse order lines")


def get_reverse_detail(call: Call) -> Answer:
    """One reverse order; its lines have another name than in the list."""
    one = _own(call)
    order, rows = call.market.orders[one.order_id], []
    for line_id, unit_id, run in _lines(call, one):
        more: dict[str, Any] = {"productDTO": {"product_id": run.item_id, "sku": run.seller_sku}}
        more["buyer"] = {"user_id": int(order.buyer_id)}
        rows.append(_line(one, order, line_id, unit_id, run) | more)
    return {**_head(one), "reverseOrderLineDTOList": rows}


def get_reverse_history(call: Call) -> Answer:
    """What happened to a line, the latest first."""
    one = _of_line(call)
    size = call.number("page_size", 10, least=1, most=100, code="19")
    page = call.number("page_number", 1, least=1, most=10_000, code="14")
    rows = [{"operator": who, "picture": [], "time": _ms(stamp)} for stamp, who, _ in reversed(one.records)]
    info = {"page_size": size, "current_page_number": page, "total": len(rows)}
    return {"list": rows[(page - 1) * size : page * size], "page_info": info}


def get_reverse_reasons(call: Call) -> Answer:
    """Reasons a seller may give for a refusal."""
    _of_line(call)
    return [{"reason_id": int(key), "muti_language_text": text, "text": text} for key, text in REASONS.items()]


def _lines_named(call: Call, one: Reverse) -> None:
    """All lines of the reverse order must be named, or none. Raises: Refused."""
    named = _wanted(call, "reverse_order_item_ids")
    if named and sorted(named) != sorted(str(line_id) for line_id in one.line_ids()):
        raise Refused("126", "E0126: invalid reverse order lines")


def update_return(call: Call) -> Answer:
    """The seller's word on a return or a refund. A refusal needs a reason and a comment, of money a picture too."""
    action = call.text("action")
    act = ACTIONS.get(action)
    if act is None:
        raise Refused("107", "E0107: invalid action")
    one = _own(call)
    _lines_named(call, one)
    if action.startswith("refuse"):
        if call.text("reason_id", "") not in REASONS:
            raise Refused("108", "E0108: reason can't be empty if you want to refuse return or refund")
        if not call.text("comment", ""):
            raise Refused("109", "E0109: comment can't be empty if you want to refuse return or refund")
        if action == "refuseRefund" and not _wanted(call, "image_info"):
            raise Refused("110", "E0110: image can't be empty if you want to refuse refund")
    try:
        act(call.market, one)
    except WrongStep as wrong:
        raise Refused("114", f"E0114: {wrong}") from None
    rows, total = [], 0
    for line_id, unit_id, run in _lines(call, one):
        row: dict[str, Any] = {"reverse_order_line_id": line_id, "order_id": one.order_id, "order_line_id": unit_id}
        row |= {
            "is_cancel": False,
            "refund_amount": run.paid_price,
            "paid_price": run.paid_price,
            "seller_sku": run.seller_sku,
        }
        rows.append(row | {"apply_reason": one.reason, "reason_id": 0, "reason_name": ""})
        total += run.paid_price
    return {"reverse_order_id": one.reverse_id, "total_refund": str(total), "reverse_order_line": rows}


def decide_refund(call: Call) -> Answer:
    """The seller pays a refund alone, or disputes it."""
    action = call.text("action")
    acts = {"agreeRefund": reverse.agree_refund, "startDispute": reverse.dispute}
    if action not in acts:
        raise Refused("107", "E0107: invalid action")
    one = _own(call)
    _lines_named(call, one)
    if one.request_type != "ONLY_REFUND":
        raise Refused("114", "E0114: this reverse does not support this action")
    if action == "startDispute" and not (call.text("comment", "") and _wanted(call, "image_info_list")):
        raise Refused("109", "E0109: comment and image can't be empty if you want to dispute")
    try:
        acts[action](call.market, one)
    except WrongStep as wrong:
        raise Refused("114", f"E0114: {wrong}") from None
    return {}


def decide_cancel(call: Call) -> Answer:
    """The seller agrees to, or refuses, the buyer's wish to cancel."""
    one = _own(call)
    said = call.text("agree_cancel", call.text("action", call.text("decision", "agree"))).lower()
    try:
        reverse.decide_cancel(call.market, one, agreed=said == "true" or said.startswith("agree"))
    except WrongStep:
        raise Refused("38", "There is no open wish to cancel") from None
    return {"success": True}
