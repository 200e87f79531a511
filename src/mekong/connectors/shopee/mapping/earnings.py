"""What an order earns: the platform's escrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket.earnings import Earning, EarningKind, Earnings
from mekong.connectors.shopee.mapping import Word, minor, moment

GIVEN: Final[Mapping[str, EarningKind]] = {
    "buyer_paid_shipping_fee": EarningKind.SHIPPING,
    "final_shipping_fee": EarningKind.SHIPPING,
}
"""Members that stand with their own sign."""
TAKEN: Final[Mapping[str, EarningKind]] = {
    "seller_discount": EarningKind.VOUCHER,
    "voucher_from_seller": EarningKind.VOUCHER,
    "seller_coin_cash_back": EarningKind.VOUCHER,
    "commission_fee": EarningKind.COMMISSION,
    "order_ams_commission_fee": EarningKind.COMMISSION,
    "service_fee": EarningKind.SERVICE_FEE,
    "campaign_fee": EarningKind.SERVICE_FEE,
    "fbs_fee": EarningKind.SERVICE_FEE,
    "seller_order_processing_fee": EarningKind.SERVICE_FEE,
    "delivery_seller_protection_fee_premium_amount": EarningKind.SERVICE_FEE,
    "seller_transaction_fee": EarningKind.PAYMENT_FEE,
    "reverse_shipping_fee": EarningKind.SHIPPING,
    "final_return_to_seller_shipping_fee": EarningKind.SHIPPING,
    "escrow_tax": EarningKind.TAX,
    "final_product_vat_tax": EarningKind.TAX,
    "final_shipping_vat_tax": EarningKind.TAX,
    "withholding_tax": EarningKind.TAX,
    "withholding_vat_tax": EarningKind.TAX,
    "withholding_pit_tax": EarningKind.TAX,
    "seller_return_refund": EarningKind.REFUND,
    "drc_adjustable_refund": EarningKind.REFUND,
}
"""Members that the platform takes off, written as what they take; some are documented with a minus all the same.

Source: Shopee Open Platform v2, get_escrow_detail: escrow_amount is buyer_total_amount + shopee_discount +
voucher_from_shopee + coins + payment_promotion - buyer_transaction_fee - cross_border_tax - commission_fee -
service_fee - seller_transaction_fee - seller_coin_cash_back - escrow_tax - final_product_vat_tax -
drc_adjustable_refund + final_shipping_fee; and buyer_total_amount is original_price - seller_discount -
shopee_discount - voucher_from_seller - voucher_from_shopee - coins - payment_promotion + buyer_paid_shipping_fee +
buyer_transaction_fee + cross_border_tax. What the platform bears falls out of the two.
"""

_GOODS = ("original_price", "order_original_price", "original_cost_of_goods_sold", "cost_of_goods_sold")


class Said(Struct, frozen=True):
    """`order_income` is read by name: which members there are differs by country."""

    order_sn: Word
    order_income: Mapping[str, Any] | None = None


def earnings(said: Said, income: Mapping[str, Any], currency: str, *, is_final: bool) -> Earnings:
    amounts = {name: amount for name, value in income.items() if (amount := _amount(value)) is not None}
    lines = [*_lines(amounts, currency), *_adjustments(income, amounts, currency)]
    return Earnings(
        external_id=str(said.order_sn),
        lines=tuple(line for line in lines if line.amount_minor),
        net_minor=_net(amounts, currency),
        currency=currency,
        is_final=is_final,
    )


def _lines(amounts: Mapping[str, Decimal], currency: str) -> Iterator[Earning]:
    goods = next((name for name in _GOODS if name in amounts), None)
    if goods is not None:
        yield Earning(EarningKind.GOODS, goods, minor(amounts[goods], currency))
    for name, kind in GIVEN.items():
        yield Earning(kind, name, minor(amounts.get(name, Decimal(0)), currency))
    for name, kind in TAKEN.items():
        # The goods as sold at last are free of the seller's discount already.
        if name == "seller_discount" and goods == "cost_of_goods_sold":
            continue
        yield Earning(kind, name, -minor(abs(amounts.get(name, Decimal(0))), currency))


def _adjustments(income: Mapping[str, Any], amounts: Mapping[str, Decimal], currency: str) -> Iterator[Earning]:
    rows = [each for each in _rows(income) if _amount(each.get("amount")) is not None]
    for row in rows:
        name = str(row.get("adjustment_reason") or "order_adjustment")
        seconds = row.get("date")
        at = moment(seconds) if isinstance(seconds, int) and seconds > 0 else None
        yield Earning(EarningKind.ADJUSTMENT, name, minor(_amount(row["amount"]) or Decimal(0), currency), at)
    if not rows:
        total = amounts.get("total_adjustment_amount", Decimal(0))
        yield Earning(EarningKind.ADJUSTMENT, "total_adjustment_amount", minor(total, currency))


def _rows(income: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    said = income.get("order_adjustment")
    return [row for row in said if isinstance(row, dict)] if isinstance(said, list) else []


def _net(amounts: Mapping[str, Decimal], currency: str) -> int | None:
    if "escrow_amount_after_adjustment" in amounts:
        return minor(amounts["escrow_amount_after_adjustment"], currency)
    if "escrow_amount" not in amounts:
        return None
    return minor(amounts["escrow_amount"] + amounts.get("total_adjustment_amount", Decimal(0)), currency)


def _amount(value: Any) -> Decimal | None:
    """A number, or one written as text; None for what is neither."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        found = Decimal(value)
    except ArithmeticError:
        return None
    return found if found.is_finite() else None
