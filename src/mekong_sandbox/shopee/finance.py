"""What the seller is paid for an order (protocol notes, section 9). Fees by the rates of the settings."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.money import fee_of, to_number
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.model import Order
from mekong_sandbox.shopee.orders import own_order

PAID_FOR = ("READY_TO_SHIP", "PROCESSED", "RETRY_SHIP", "SHIPPED", "TO_CONFIRM_RECEIVE", "TO_RETURN", "COMPLETED")
WINDOW_S = 15 * 86400


def _returns(call: Call, order: Order) -> list[tuple[str, int]]:
    """Numbers and amounts of the returns of an order that were paid."""
    own = [one for one in call.market.returns.values() if one.order_sn == order.order_sn]
    return [(one.return_sn, one.refund) for one in own if one.status == "REFUND_PAID"]


def _income(call: Call, order: Order) -> dict[str, int]:
    """Amounts in minor units. Fees are of what stayed paid; an order that is not paid for earns nothing."""
    settings = call.world.settings
    paid = order.total() if order.status in PAID_FOR else 0
    refunded = min(paid, sum(amount for _, amount in _returns(call, order)))
    commission = fee_of(paid - refunded, settings.commission_bp)
    payment = fee_of(paid - refunded, settings.payment_fee_bp)
    return {
        "escrow_amount": paid - refunded - commission - payment,
        "buyer_total_amount": paid,
        "order_original_price": sum(line.original_price * line.quantity for line in order.lines),
        "order_selling_price": order.total(),
        "order_discounted_price": order.total(),
        "cost_of_goods_sold": paid,
        "commission_fee": commission,
        "service_fee": 0,
        "seller_transaction_fee": payment,
        "seller_return_refund": -refunded,
        "drc_adjustable_refund": 0,
        "seller_discount": 0,
        "shopee_discount": 0,
        "voucher_from_seller": 0,
        "voucher_from_shopee": 0,
        "coins": 0,
        "buyer_paid_shipping_fee": 0,
        "actual_shipping_fee": 0,
        "shopee_shipping_rebate": 0,
        "final_shipping_fee": 0,
    }


def get_escrow_detail(call: Call) -> Answer:
    """The income of one order; before it is completed, what it will be."""
    order = own_order(call, call.text("order_sn"))
    income: dict[str, Any] = {name: to_number(value, order.currency) for name, value in _income(call, order).items()}
    income["items"] = [
        {
            "item_id": line.item_id,
            "model_id": line.model_id,
            "item_name": line.item_name,
            "item_sku": line.item_sku,
            "model_name": line.model_name,
            "model_sku": line.model_sku,
            "original_price": to_number(line.original_price * line.quantity, order.currency),
            "discounted_price": to_number(line.price * line.quantity, order.currency),
            "quantity_purchased": line.quantity,
        }
        for line in order.lines
    ]
    numbers = [return_sn for return_sn, _ in _returns(call, order)]
    row = {
        "order_sn": order.order_sn,
        "buyer_user_name": f"{order.buyer_name[:1]}****",
        "return_order_sn_list": numbers,
    }
    return row | {"order_income": income}


def get_escrow_list(call: Call) -> Answer:
    """A page of the orders paid out in a window of at most 15 days, oldest first; pages count from 1."""
    first, last = call.number("release_time_from"), call.number("release_time_to")
    size, page = call.number("page_size", 40, least=1, most=100), call.number("page_no", 1, least=1)
    if not 0 <= last - first <= WINDOW_S:
        raise Refused("payment.error_param", "release_time_to must be within 15 days after release_time_from.")
    own = call.market.shop_orders.get(call.shop.shop_id, [])
    found = [one for one in own if one.status == "COMPLETED" and first <= one.completed_at < last + 1]
    found.sort(key=lambda one: (one.completed_at, one.order_sn))
    rows = [
        {
            "order_sn": one.order_sn,
            "payout_amount": to_number(_income(call, one)["escrow_amount"], one.currency),
            "escrow_release_time": int(one.completed_at),
        }
        for one in found[(page - 1) * size : page * size]
    ]
    return {"more": page * size < len(found), "escrow_list": rows}
