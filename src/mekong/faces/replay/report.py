"""What a replay came to, line by line of the file, compared with the order book."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from mekong.faces.replay import queries
from mekong.faces.replay.commands import key_of, lines_of
from mekong.faces.replay.contracts import REPLAYER, Record
from mekong.faces.replay.lines import CURRENCY, Line
from mekong.faces.replay.plan import REASONS, Adjustment, Cancellation, Plan, Sale, Step
from mekong.foundation.money import exponent
from mekong.orders.contracts import BookedOrder
from mekong.orders.queries import booked_orders


def report(plan: Plan, *, differing: frozenset[str], oversold: int) -> dict[str, Any]:
    """The figures of a plan as far as it has been played.

    `lines`, `cancelled_lines`, `adjustments`, the lines of `rejected` and `pending_lines` (0 when played to the end)
    add up to `file_lines`; so do the amounts to `file_amount`. `revenue_minor` and `units` are those of the order book.
    """
    records = queries.records(actor=REPLAYER, keys=[key_of(step) for step in plan.steps])
    sums: Counter[str] = Counter()
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    rejected: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for reject in plan.rejects:
        rejected[reject.line.invoice, reject.reason, ""].append(reject.line)
    sold: dict[str, dict[str, Sale]] = defaultdict(dict)
    for step in plan.steps:
        key, lines = key_of(step), lines_of(step)
        record = records.get(key)
        if key in differing:
            rejected[step.invoice, "differs", ""] += lines
            continue
        if record is None or record.state in ("planned", "sent"):
            bucket = "pending_lines"
        elif record.state == "refused":
            reason, _, said = record.reason.partition(": ")
            lines, back = _split(step, record)
            rejected[step.invoice, reason, said] += lines
            sums["cancelled_lines"] += len(back)
            amounts["cancelled_lines"] += sum((line.amount for line in back), Decimal(0))
            continue
        else:
            bucket = _booked(step, record, sums, sold)
        sums[bucket] += len(lines)
        amounts[bucket] += sum((line.amount for line in lines), Decimal(0))
    listed = [_rejected(*named, lines) for named, lines in rejected.items()]
    rejected_lines = [line for lines in rejected.values() for line in lines]
    channels, disagreements = _compare(sold)
    file_amount = sum(amounts.values(), Decimal(0)) + sum((line.amount for line in rejected_lines), Decimal(0))
    return {
        "file_lines": plan.line_count,
        "file_amount": str(file_amount),
        "currency": CURRENCY,
        "orders": sums["orders"],
        "lines": sums["lines"],
        "units": sum(each["units"] for each in channels.values()),
        "revenue_minor": sum(each["revenue_minor"] for each in channels.values()),
        "cancelled_orders": sums["cancelled_orders"],
        "cancelled_lines": sums["cancelled_lines"],
        "cancelled_units": sums["cancelled_units"],
        "cancelled_minor": _minor(amounts["cancelled_lines"]),
        "adjustments": sums["adjustments"],
        "adjusted_units": sums["adjusted_units"],
        "rejected": listed,
        "rejected_lines": len(rejected_lines),
        "rejected_amount": str(sum((line.amount for line in rejected_lines), Decimal(0))),
        "pending_lines": sums["pending_lines"],
        "oversold": oversold,
        "channels": channels,
        "disagreements": disagreements,
    }


def _split(step: Step, record: Record) -> tuple[list[Line], list[Line]]:
    """The lines of a refused step that were refused, and those whose goods were back before it failed."""
    if not isinstance(step, Cancellation):
        return lines_of(step), []
    back = [each.line for each in step.lines if all(sale in record.parts for sale, _, _ in each.sources)]
    return [line for line in lines_of(step) if line not in back], back


def _booked(step: Step, record: Record, sums: Counter[str], sold: Mapping[str, dict[str, Sale]]) -> str:
    if isinstance(step, Sale):
        sums["orders"] += 1
        sold[record.way][record.external_id] = step
        return "lines"
    if isinstance(step, Cancellation):
        sums["cancelled_orders"] += 1
        sums["cancelled_units"] -= sum(each.line.quantity for each in step.lines)
        return "cancelled_lines"
    assert isinstance(step, Adjustment)  # noqa: S101 - there is no fourth kind
    sums["adjusted_units"] += sum(line.quantity for line in step.lines)
    return "adjustments"


def _compare(sold: Mapping[str, Mapping[str, Sale]]) -> tuple[dict[str, dict[str, int]], list[dict[str, Any]]]:
    """What each channel took, by the order book; and the orders that differ from their invoice there."""
    channels: dict[str, dict[str, int]] = {}
    differ: list[dict[str, Any]] = []
    for way, sales in sorted(sold.items()):
        book: dict[str, BookedOrder] = {}
        ids = list(sales)
        for start in range(0, len(ids), 2000):
            book |= booked_orders(actor=REPLAYER, channel=way, external_ids=ids[start : start + 2000])
        channels[way] = {
            "orders": len(book),
            "lines": sum(sale.lines for external_id, sale in sales.items() if external_id in book),
            "units": sum(order.units for order in book.values()),
            "revenue_minor": sum(order.total_minor for order in book.values()),
        }
        for external_id, sale in sales.items():
            order = book.get(external_id)
            there = None if order is None else (order.units, order.total_minor, order.currency)
            if there != (sale.units, sale.revenue_minor, CURRENCY):
                differ.append({"invoice": sale.invoice, "channel": way, "order": order.code if order else None})
    return channels, differ


def _rejected(invoice: str, reason: str, said: str, lines: Sequence[Line]) -> dict[str, Any]:
    vi, en = REASONS.get(reason, ("", ""))
    return {
        "invoice": invoice,
        "reason": reason,
        "reason_vi": vi,
        "reason_en": said or en,
        "lines": [
            {
                "line": line.number,
                "stock_code": line.sku,
                "description": line.description,
                "quantity": line.quantity,
                "unit_price": line.price,
                "amount": str(line.amount),
                **({"unreadable": line.problem} if line.problem else {}),
            }
            for line in lines
        ],
    }


def _minor(amount: Decimal) -> int:
    return int(amount.scaleb(exponent(CURRENCY)))
