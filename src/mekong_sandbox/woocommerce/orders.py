"""Orders, their refunds and notes (protocol notes, section 1). Lines of an order that was placed are not rewritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mekong_sandbox.http import json_reply
from mekong_sandbox.money import to_minor
from mekong_sandbox.woocommerce import life, rows
from mekong_sandbox.woocommerce.gate import Answer, Call, Refused, listed, missing, wrong_param
from mekong_sandbox.woocommerce.model import Order

SORTS: dict[str, Callable[[Order], Any]] = {
    "date": lambda one: (int(one.created_at), one.id),
    "modified": lambda one: (int(one.modified_at), one.id),
    "id": lambda one: one.id,
}


def _own(call: Call, *, status: int = 404) -> Order:
    """The order of the path. Raises: Refused."""
    order = call.market.orders.get(call.ids[0])
    if order is None or order.shop_id != call.shop.shop_id:
        raise Refused("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", status)
    return order


def list_orders(call: Call) -> Answer:
    """A page of orders. Bounds of dates are left out, and count whole seconds."""
    statuses, include = call.several("status"), call.several("include")
    unknown = [one for one in statuses if one not in (*life.STATUSES, "any", "trash")]
    if unknown:
        raise wrong_param("status", f"status[0] is not one of any, trash, {', '.join(life.STATUSES)}.")
    after, before = call.moment("after"), call.moment("before")
    changed_after, changed_before = call.moment("modified_after"), call.moment("modified_before")
    seen_at = call.world.clock.stamp() - call.request.lag_s if call.request.lag_s > 0 else 2.0**40
    found = [
        one
        for one in call.market.shop_orders.get(call.shop.shop_id, [])
        if (not statuses or "any" in statuses or one.status in statuses)
        and (not include or str(one.id) in include)
        and (after is None or int(one.created_at) > after)
        and (before is None or int(one.created_at) < before)
        and (changed_after is None or int(one.modified_at) > changed_after)
        and (changed_before is None or int(one.modified_at) < changed_before)
        and one.modified_at <= seen_at
    ]
    orderby = call.choice("orderby", "date", (*SORTS, "include", "title", "slug"))
    descending = call.choice("order", "desc", ("asc", "desc")) == "desc"
    found.sort(key=SORTS.get(orderby, SORTS["id"]), reverse=descending)
    return call.page(found, lambda one: rows.order_row(call.shop, one))


def get_order(call: Call) -> Answer:
    """One order."""
    return rows.order_row(call.shop, _own(call))


def update_order(call: Call) -> Answer:
    """Write the status, texts, addresses or meta data of an order. Any status may follow any other."""
    order, sent = _own(call, status=400), call.sent
    status = sent.get("status", order.status)
    if status not in life.STATUSES:
        raise wrong_param("status", f"status is not one of {', '.join(life.STATUSES)}.")
    for name in ("customer_note", "transaction_id"):
        if name in sent:
            setattr(order, name, str(sent[name]))
    for name in ("billing", "shipping"):
        if isinstance(sent.get(name), dict):
            setattr(order, name, getattr(order, name) | {key: str(value) for key, value in sent[name].items()})
    order.meta_data = call.merged(order.meta_data, sent)
    if sent.get("set_paid") is True and order.status in ("pending", "failed"):
        status = "processing"
    if status != order.status:
        life.change(call.market, order, status)
    else:
        call.market.save_order(order)
    return rows.order_row(call.shop, order)


def _refund_lines(call: Call, order: Order) -> list[tuple[int, int, int]]:
    """(line id, units, amount) of the lines sent. Raises: Refused."""
    lines = []
    for one in listed(call.sent, "line_items"):
        line = order.line(int(one["id"])) if isinstance(one, dict) and str(one.get("id", "")).isdecimal() else None
        if line is None:
            raise Refused(
                "woocommerce_rest_invalid_line_item", "Line item ID provided is not associated with order.", 400
            )
        units = str(one.get("quantity") or 0)
        if not units.isdecimal():
            raise wrong_param("line_items", "line_items[0][quantity] is not of type integer.")
        try:
            total = to_minor(one.get("refund_total") or 0, order.currency)
        except ValueError:
            raise wrong_param("line_items", "line_items[0][refund_total] is not of type number.") from None
        lines.append((line.id, int(units), total))
    return lines


def create_refund(call: Call) -> Answer:
    """Give money back: the amount sent, or the sum of the lines sent."""
    order = _own(call)
    lines = _refund_lines(call, order)
    try:
        sent = call.sent.get("amount")
        amount = sum(total for _, _, total in lines) if sent is None else to_minor(sent, order.currency)
    except ValueError:
        raise wrong_param("amount", "amount is not of type number.") from None
    if amount < 0:
        text = "Refund amount must be greater than zero."
        raise Refused("woocommerce_rest_invalid_order_refund", text, 400)
    try:
        made = life.refund(
            call.market,
            order,
            amount,
            lines,
            reason=str(call.sent.get("reason") or ""),
            restock=call.sent.get("api_restock", True) is not False,
            by_gateway=call.sent.get("api_refund", True) is not False,
        )
    except life.WrongStep as wrong:
        raise Refused("woocommerce_rest_cannot_create_order_refund", str(wrong), 500) from None
    return rows.refund_row(call.shop, order, made)


def list_refunds(call: Call) -> Answer:
    """A page of the refunds of an order."""
    order = _own(call)
    return call.page(list(reversed(order.refunds)), lambda one: rows.refund_row(call.shop, order, one))


def create_note(call: Call) -> Answer:
    """A note on an order; a customer note goes to the buyer."""
    order = _own(call)
    if not call.sent.get("note"):
        raise missing("note")
    note = life.add_note(
        call.market, order, str(call.sent["note"]), for_customer=call.sent.get("customer_note") is True
    )
    return rows.note_row(call.shop, note)


def list_notes(call: Call) -> Answer:
    """All notes of an order, the latest first."""
    return json_reply([rows.note_row(call.shop, one) for one in reversed(_own(call).notes)])
