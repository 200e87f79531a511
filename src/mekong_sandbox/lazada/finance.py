"""Transactions of a seller's account (protocol notes, section 7): a row for each unit and fee, by the rates of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from mekong_sandbox.lazada.gate import Answer, Call, Refused
from mekong_sandbox.lazada.model import Order, Units
from mekong_sandbox.lazada.orders import VIETNAM
from mekong_sandbox.money import fee_of, to_text

LONGEST = timedelta(days=180)


class _Entry(NamedTuple):
    """One transaction of one unit. `kind`: number and name of the fee; the numbers were recalled, not read."""

    at: float
    order: Order
    run: Units
    unit_id: int
    kind: tuple[str, str]
    amount: int


def _refunded_at(call: Call, order: Order, run: Units, unit_id: int) -> float:
    for one in call.market.reverses.values():
        if one.order_id == order.order_id and one.status == "REFUND_SUCCESS" and unit_id in one.unit_ids:
            return one.updated_at
    return run.updated_at


def _of_unit(call: Call, order: Order, run: Units, unit_id: int) -> Iterator[_Entry]:
    """Booked when delivered; a refund books it all back."""
    settings, price = call.world.settings, run.paid_price
    fees = (
        (("13", "Item Price Credit"), ("14", "Reversal Item Price"), price),
        (("16", "Commission"), ("15", "Reversal Commission"), -fee_of(price, settings.commission_bp)),
        (("3", "Payment Fee"), ("28", "Reversal Payment Fee"), -fee_of(price, settings.payment_fee_bp)),
    )
    for kind, reversal, amount in fees:
        yield _Entry(run.delivered_at, order, run, unit_id, kind, amount)
        if run.status == "returned":
            yield _Entry(_refunded_at(call, order, run, unit_id), order, run, unit_id, reversal, -amount)


def _entries(call: Call, orders: list[Order], line: str) -> Iterator[_Entry]:
    for order in orders:
        for run in order.units:
            for unit_id in run.ids() if run.delivered_at else ():
                if line in ("", str(unit_id)):
                    yield from _of_unit(call, order, run, unit_id)


def _day(stamp: float) -> date:
    return datetime.fromtimestamp(stamp, UTC).astimezone(VIETNAM).date()


def _printed(day: date) -> str:
    return f"{day.day:02d} {day:%b %Y}"


def _row(call: Call, entry: _Entry) -> dict[str, Any]:
    """As the platform prints it; a statement is a week from Monday, and is paid when it is over."""
    day, run = _day(entry.at), entry.run
    monday = day - timedelta(days=day.weekday())
    is_over = monday + timedelta(days=7) <= _day(call.world.clock.now())
    number, name = entry.kind
    return {
        "order_no": str(entry.order.order_id),
        "orderItem_no": str(entry.unit_id),
        "orderItem_status": run.status,
        "transaction_date": _printed(day),
        "transaction_type": name,
        "fee_name": name,
        "fee_type": number,
        "transaction_number": f"{call.seller.short_code}-{entry.unit_id}-{number}",
        "details": f"{run.name} {run.variation}".strip(),
        "amount": to_text(entry.amount, entry.order.currency),
        "VAT_in_amount": "0.00",
        "WHT_amount": "0.00",
        "WHT_included_in_amount": "No",
        "statement": f"{_printed(monday)} - {_printed(monday + timedelta(days=6))}",
        "paid_status": "Paid" if is_over else "Not paid",
        "seller_sku": run.seller_sku,
        "lazada_sku": f"{run.item_id}_VNAMZ-{run.sku_id}",
        "shipping_provider": "LEX VN",
        "shipping_speed": "Standard",
        "shipment_type": "Dropshipping",
        "reference": str(entry.unit_id),
        "comment": "",
        "payment_ref_id": "",
    }


def _date(call: Call, name: str) -> date:
    value = call.text(name)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Refused("17", f'"{value}" Invalid {name}') from None


def get_transactions(call: Call) -> Answer:
    """Transactions booked from one day to another, both counted in, at most 180 days; oldest first."""
    start, end = _date(call, "start_time"), _date(call, "end_time")
    if not timedelta(0) <= end - start < LONGEST:
        raise Refused("1000012", "The interval between start_time and end_time must be less than 180 days")
    limit = call.number("limit", 100, least=1, most=500, code="19")
    offset = call.number("offset", 0, least=0, most=10**6, code="14")
    trade, kind = call.text("trade_order_id", ""), call.text("trans_type", "-1")
    orders = [
        one for one in call.market.seller_orders.get(call.seller.seller_id, []) if trade in ("", str(one.order_id))
    ]
    found = [
        entry
        for entry in _entries(call, orders, call.text("trade_order_line_id", ""))
        if start <= _day(entry.at) <= end and kind in ("-1", entry.kind[0])
    ]
    found.sort(key=lambda entry: (entry.at, entry.unit_id))
    return [_row(call, entry) for entry in found[offset : offset + limit]]
