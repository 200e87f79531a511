"""What a seller does with an order (protocol notes, section 5). What a call answers when all is well is not documented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape

import msgspec

from mekong_sandbox.http import HTML, Reply
from mekong_sandbox.tiki import life
from mekong_sandbox.tiki.gate import Answer, Call, Refused
from mekong_sandbox.tiki.model import Order
from mekong_sandbox.tiki.orders import TIKI_WAREHOUSE, own_order
from mekong_sandbox.tiki.query import VIETNAM, stamp_of

SLOT_HOURS = (9, 12, 15, 18)
SLOTS = 4


class AvailableBody(msgspec.Struct):
    available_item_ids: list[int]
    seller_inventory_id: int


class DropshipBody(msgspec.Struct):
    confirmation_status: str
    seller_inventory_id: int = 0
    expected_pickup_time: str = ""


class DeliveryBody(msgspec.Struct):
    status: str
    failure_cause: str = ""
    appointment_date: str = ""
    note: str = ""


def _told(order: Order) -> Answer:
    return {"code": order.code, "status": order.status}


def _check_inventory(call: Call, inventory_id: int) -> None:
    if call.seller.warehouse(inventory_id) is None:
        raise Refused("seller_inventory_id is invalid")


def confirm_available(call: Call) -> Answer:
    """Say which items there are; those left out are refused. Not for dropship orders."""
    order, body = own_order(call), call.body(AvailableBody)
    if order.fulfillment_type == "dropship":
        raise Refused("a dropship order is confirmed by dropship/confirm-available")
    _check_inventory(call, body.seller_inventory_id)
    strange = set(body.available_item_ids) - {item.item_id for item in order.items}
    if strange:
        raise Refused(f"item {min(strange)} is not of this order")
    try:
        life.confirm(call.market, order, body.available_item_ids, body.seller_inventory_id)
    except life.WrongStep as wrong:
        raise Refused(str(wrong)) from None
    return _told(order)


def confirm_dropship(call: Call) -> Answer:
    """Take a dropship order with all its items, to be fetched at a slot, or refuse it whole."""
    order, body = own_order(call), call.body(DropshipBody)
    if order.fulfillment_type != "dropship":
        raise Refused("only a dropship order is confirmed here")
    if body.confirmation_status not in ("seller_confirmed", "seller_canceled"):
        raise Refused("confirmation_status is invalid")
    taken = body.confirmation_status == "seller_confirmed"
    if taken:
        _check_inventory(call, body.seller_inventory_id)
    if taken and body.expected_pickup_time:
        pickup = stamp_of(body.expected_pickup_time, "expected_pickup_time", 422)
        if pickup < call.world.clock.stamp():
            raise Refused("expected_pickup_time is over")
    if order.status not in life.UNCONFIRMED:
        raise Refused(f"an order in {order.status} cannot be confirmed")
    item_ids = [item.item_id for item in order.items] if taken else []
    try:
        life.confirm(call.market, order, item_ids, body.seller_inventory_id, body.expected_pickup_time)
    except life.WrongStep as wrong:
        raise Refused(str(wrong)) from None
    return _told(order)


def pickup_slots(call: Call) -> Answer:
    """The next times at which the carrier comes."""
    now = datetime.fromtimestamp(call.world.clock.stamp(), UTC).astimezone(VIETNAM)
    today = now.replace(minute=0, second=0, microsecond=0)
    times = [today.replace(hour=hour) + timedelta(days=day) for day in (0, 1) for hour in SLOT_HOURS]
    slots = [
        {"expected_pickup_slot": f"{at:%H:%M} {at:%d/%m/%Y}", "expected_pickup_time": f"{at:%Y-%m-%d %H:%M:%S}"}
        for at in times
        if at > now
    ]
    return {"seller_id": call.seller.seller_id, "pickup_slots": slots[:SLOTS]}


def seller_inventories(call: Call) -> Answer:
    """From which of its warehouses a seller serves which warehouse of Tiki; here: from all of them."""
    codes = [code for code in call.text("tiki_warehouse_codes").split(",") if code]
    rows = [{"id": place.id, "name": place.name, "status": 1} for place in call.seller.warehouses]
    ids = [place.id for place in call.seller.warehouses]
    mappings = [
        {"tiki_warehouse_code": code, "seller_inventory_ids": ids if code == TIKI_WAREHOUSE["code"] else []}
        for code in codes
    ]
    return {"seller_inventories": rows if TIKI_WAREHOUSE["code"] in codes else [], "mappings": mappings}


def update_delivery(call: Call) -> Answer:
    """How the seller's own delivery went; with a new appointment it is tried again."""
    order, body = own_order(call), call.body(DeliveryBody)
    if order.fulfillment_type != "seller_delivery":
        raise Refused("only a seller_delivery order is delivered by its seller")
    if body.status not in ("successful_delivery", "failed_delivery"):
        raise Refused("status is invalid")
    if body.status == "failed_delivery" and not body.failure_cause:
        raise Refused("failure_cause is required")
    if body.appointment_date:
        stamp_of(body.appointment_date, "appointment_date", 422)
    try:
        life.deliver_oneself(call.market, order, body.status, is_tried_again=bool(body.appointment_date))
    except life.WrongStep as wrong:
        raise Refused(str(wrong)) from None
    return _told(order)


def labels(call: Call) -> Answer:
    """The paper for the parcel of a confirmed order, as HTML."""
    order = own_order(call)
    if call.parts["kind"].replace("-", "_") != order.fulfillment_type:
        raise Refused(f"the order is fulfilled by {order.fulfillment_type}")
    if call.text("format", "html") != "html":
        raise Refused("format is invalid", 400)
    if not order.tracking or order.status == "canceled":
        raise Refused("the order is not confirmed, or cancelled")
    rows = "".join(f"<li>{escape(item.name)} × {item.quantity}</li>" for item in order.kept())
    text = (
        f'<!doctype html><html lang="vi"><meta charset="utf-8"><title>{order.code}</title>'
        f"<h1>{order.tracking}</h1><p>{order.code}</p><ul>{rows}</ul></html>"
    )
    return Reply(text.encode(), content_type=HTML)
