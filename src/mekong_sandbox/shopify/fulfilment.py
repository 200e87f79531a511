"""Mutations that move orders on: fulfil, track, move, cancel, mark as paid (protocol notes, section 2)."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from mekong_sandbox.shopify import life
from mekong_sandbox.shopify.execute import Arguments, Node
from mekong_sandbox.shopify.gate import Call
from mekong_sandbox.shopify.inputs import payload, read, user_error
from mekong_sandbox.shopify.model import FulfillmentOrder, Order
from mekong_sandbox.shopify.rows import number_of

REASONS = ("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF")


class UnitsInput(msgspec.Struct, rename="camel"):
    """Units of a line of a fulfilment order."""

    id: str
    quantity: int


class WorkInput(msgspec.Struct, rename="camel"):
    """A fulfilment order, and which of its lines; none: all that is left."""

    fulfillment_order_id: str
    fulfillment_order_line_items: list[UnitsInput] | None = None


class TrackingInput(msgspec.Struct, rename="camel"):
    """The carrier's number of a parcel."""

    company: str | None = None
    number: str | None = None
    numbers: list[str] | None = None
    url: str | None = None
    urls: list[str] | None = None

    def texts(self) -> tuple[str, str, str]:
        """Company, number and address; of several the first."""
        number = self.number or next(iter(self.numbers or []), "")
        return self.company or "", number, self.url or next(iter(self.urls or []), "")


class ParcelInput(msgspec.Struct, rename="camel"):
    """Input of fulfillmentCreate."""

    line_items_by_fulfillment_order: list[WorkInput]
    tracking_info: TrackingInput | None = None
    notify_customer: bool | None = None


def _own_order(call: Call, value: object) -> Order | None:
    order = call.market.orders.get(number_of(value, "Order"))
    return order if order is not None and order.shop_id == call.shop.shop_id else None


def _own_work(call: Call, value: object) -> tuple[Order, FulfillmentOrder] | None:
    number = number_of(value, "FulfillmentOrder")
    order = call.market.work.get(number)
    if order is None or order.shop_id != call.shop.shop_id:
        return None
    return order, next(work for work in order.work if work.id == number)


def _units(rows: list[UnitsInput] | None) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in rows or []:
        number = number_of(one.id, "FulfillmentOrderLineItem")
        found[number] = found.get(number, 0) + one.quantity
    return found


def create(call: Call, args: Arguments) -> Node:
    """fulfillmentCreate: send units of fulfilment orders of one order and location."""
    sent = read(args, "fulfillment", ParcelInput, "FulfillmentInput")

    def failed(text: str) -> Node:
        return payload("FulfillmentCreate", [user_error(["fulfillment"], text)], fulfillment=None)

    asked: list[tuple[FulfillmentOrder, dict[int, int]]] = []
    orders: list[Order] = []
    for one in sent.line_items_by_fulfillment_order:
        found = _own_work(call, one.fulfillment_order_id)
        if found is None:
            return failed("Fulfillment order does not exist.")
        orders.append(found[0])
        asked.append((found[1], _units(one.fulfillment_order_line_items)))
    if not asked or any(order is not orders[0] for order in orders):
        return failed("All fulfillment orders must belong to the same order.")
    company, number, url = (sent.tracking_info or TrackingInput()).texts()
    try:
        parcel = life.fulfil(call.market, orders[0], asked, company=company, number=number, url=url)
    except life.WrongStep as wrong:
        return failed(str(wrong))
    return payload("FulfillmentCreate", fulfillment=call.nodes.parcel(orders[0], parcel))


def update_tracking(call: Call, args: Arguments) -> Node:
    """fulfillmentTrackingInfoUpdate: write the tracking of a parcel."""
    number = number_of(args.get("fulfillmentId"), "Fulfillment")
    order = call.market.parcels.get(number)
    if order is None or order.shop_id != call.shop.shop_id:
        error = user_error(["fulfillmentId"], "Fulfillment does not exist.")
        return payload("FulfillmentTrackingInfoUpdate", [error], fulfillment=None)
    parcel = next(one for one in order.fulfillments if one.id == number)
    sent = read(args, "trackingInfoInput", TrackingInput, "FulfillmentTrackingInput")
    life.track(call.market, order, parcel, *sent.texts())
    return payload("FulfillmentTrackingInfoUpdate", fulfillment=call.nodes.parcel(order, parcel))


def move(call: Call, args: Arguments) -> Node:
    """fulfillmentOrderMove: another location sends what is left, or the units named."""
    nothing = {"movedFulfillmentOrder": None, "originalFulfillmentOrder": None, "remainingFulfillmentOrder": None}

    def failed(field: str, text: str) -> Node:
        return payload("FulfillmentOrderMove", [user_error([field], text)], **nothing)

    found, place = _own_work(call, args.get("id")), call.nodes.place_by_id(args.get("newLocationId"))
    if found is None:
        return failed("id", "Fulfillment order does not exist.")
    if place is None:
        return failed("newLocationId", "Location not found.")
    order, work = found
    try:
        rows = msgspec.convert(args.get("fulfillmentOrderLineItems") or [], list[UnitsInput])
        moved = life.move_work(call.market, order, work, place.id, _units(rows))
    except (life.WrongStep, msgspec.ValidationError) as wrong:
        return failed("id", str(wrong))
    shown = call.nodes.work(order, moved)
    rest = None if moved is work else call.nodes.work(order, work)
    fields: dict[str, Any] = {"movedFulfillmentOrder": shown, "originalFulfillmentOrder": rest or shown}
    return payload("FulfillmentOrderMove", **fields, remainingFulfillmentOrder=rest)


def cancel(call: Call, args: Arguments) -> Node:
    """orderCancel: done at once here; the job it answers is done when it is asked for."""

    def failed(field: str, text: str, code: str) -> Node:
        errors = [user_error([field], text, code)]
        return payload("OrderCancel", errors, job=None, orderCancelUserErrors=errors)

    order, reason = _own_order(call, args.get("orderId")), args.get("reason")
    if order is None:
        return failed("orderId", "Order does not exist", "NOT_FOUND")
    if reason not in REASONS:
        return failed("reason", f"Expected reason to be one of: {', '.join(REASONS)}", "INVALID")
    method = args.get("refundMethod") or {}
    refund = args.get("refund") is True or bool(isinstance(method, dict) and method.get("originalPaymentMethodsRefund"))
    try:
        life.cancel(call.market, order, str(reason), restock=args.get("restock") is True, refund=refund)
    except life.WrongStep as wrong:
        return failed("orderId", str(wrong), "INVALID")
    job = {"__typename": "Job", "id": f"gid://shopify/Job/{uuid.uuid4()}", "done": False}
    return payload("OrderCancel", job=job, orderCancelUserErrors=[])


def mark_as_paid(call: Call, args: Arguments) -> Node:
    """orderMarkAsPaid: the money of a pending order has come."""
    sent = args.get("input")
    order = _own_order(call, sent.get("id") if isinstance(sent, dict) else None)
    if order is None:
        return payload("OrderMarkAsPaid", [user_error(["id"], "Order does not exist")], order=None)
    try:
        life.pay(call.market, order)
    except life.WrongStep:
        error = user_error(["id"], "Order cannot be marked as paid.")
        return payload("OrderMarkAsPaid", [error], order=call.nodes.order(order))
    return payload("OrderMarkAsPaid", order=call.nodes.order(order))
