"""What the seller is paid for an order (protocol notes, section 6). Fees by the rates of the settings."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.money import fee_of
from mekong_sandbox.tiktok.aftersale import RETURN_DONE
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.orders import own_order
from mekong_sandbox.tiktok.wire import amount


def order_transactions(call: Call) -> dict[str, Any]:
    """The settlement of a completed order, a row for each SKU; before, there is none. What is taken off is negative."""
    order, settings = own_order(call, call.ids[0]), call.world.settings
    refunded = {
        unit_id
        for one in call.market.aftersales.values()
        if one.order_id == order.order_id and one.status == RETURN_DONE
        for unit_id in one.unit_ids
    }
    rows: dict[str, dict[str, int]] = {}
    for run in order.units:
        if run.status != "COMPLETED":
            continue
        row = rows.setdefault(run.sku_id, dict.fromkeys(("quantity", "gross", "refund", "commission", "fee"), 0))
        back = sum(unit_id in refunded for unit_id in run.ids())
        kept = run.sale_price * (run.count - back)
        row["quantity"] += run.count
        row["gross"] += run.sale_price * run.count
        row["refund"] -= run.sale_price * back
        row["commission"] -= fee_of(kept, settings.commission_bp)
        row["fee"] -= fee_of(kept, settings.payment_fee_bp)

    def text(minor: int) -> str:
        return amount(minor, order.currency)

    revenue = sum(row["gross"] + row["refund"] for row in rows.values())
    taken = sum(row["commission"] + row["fee"] for row in rows.values())
    return {
        "order_id": order.order_id,
        "order_create_time": int(order.created_at),
        "currency": order.currency,
        "revenue_amount": text(revenue),
        "fee_and_tax_amount": text(taken),
        "shipping_cost_amount": "0",
        "settlement_amount": text(revenue + taken),
        "sku_transactions": [
            {
                "sku_id": sku_id,
                "statement_id": f"S{order.order_id}",
                "statement_time": int(order.updated_at),
                "quantity": row["quantity"],
                "revenue_amount": text(row["gross"] + row["refund"]),
                "fee_tax_amount": text(row["commission"] + row["fee"]),
                "shipping_cost_amount": "0",
                "settlement_amount": text(row["gross"] + row["refund"] + row["commission"] + row["fee"]),
                "revenue_breakdown": {
                    "subtotal_before_discount_amount": text(row["gross"]),
                    "refund_subtotal_before_discount_amount": text(row["refund"]),
                },
                "fee_tax_breakdown": {
                    "fee": {
                        "platform_commission_amount": text(row["commission"]),
                        "transaction_fee_amount": text(row["fee"]),
                    },
                },
            }
            for sku_id, row in rows.items()
        ],
    }
