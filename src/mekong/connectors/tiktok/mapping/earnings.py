"""What an order earns: its transactions in the platform's statements, SKU by SKU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket.earnings import Earning, EarningKind, Earnings
from mekong.connectors.tiktok.mapping import Word, minor, moment

_REVENUE: Final[Mapping[str, EarningKind]] = {
    "subtotal_before_discount_amount": EarningKind.GOODS,
    "refund_subtotal_before_discount_amount": EarningKind.REFUND,
    "seller_discount_amount": EarningKind.VOUCHER,
    "seller_discount_refund_amount": EarningKind.VOUCHER,
}
_PAYMENT: Final = frozenset(
    {"transaction_fee_amount", "credit_card_handling_fee_amount", "seller_paylater_handling_fee_amount"}
)
_INSIDE: Final = frozenset({"affiliate_commission_amount_before_pit"})
"""Said beside the amount that counts: the same commission before the tax on it."""


class SkuTransaction(Struct, frozen=True):
    """Breakdowns are read by name: the platform has some eighty, and adds to them."""

    sku_id: Word = ""
    statement_id: Word = ""
    statement_time: int = 0
    settlement_amount: Decimal | None = None
    adjustment_amount: Decimal | None = None
    revenue_amount: Decimal | None = None
    revenue_breakdown: Mapping[str, Any] | None = None
    shipping_cost_amount: Decimal | None = None
    shipping_cost_breakdown: Mapping[str, Any] | None = None
    fee_tax_amount: Decimal | None = None
    fee_tax_breakdown: Mapping[str, Any] | None = None


class Said(Struct, frozen=True):
    order_id: Word = ""
    currency: str = ""
    settlement_amount: Decimal | None = None
    sku_transactions: tuple[SkuTransaction, ...] = ()


def earnings(order_id: str, said: Said, currency: str) -> Earnings:
    """Settled: every row stands in a statement. The same amount of several SKUs in one statement is one line."""
    money = said.currency or currency
    sums: dict[tuple[EarningKind, str, str, datetime | None], int] = {}
    for row in said.sku_transactions:
        at = moment(row.statement_time) if row.statement_time else None
        for kind, name, amount in _amounts(row):
            key = (kind, name, str(row.statement_id), at)
            sums[key] = sums.get(key, 0) + minor(amount, money)
    return Earnings(
        external_id=order_id,
        lines=tuple(
            Earning(kind, name, amount, at, statement) for (kind, name, statement, at), amount in sums.items() if amount
        ),
        net_minor=_net(said, money),
        currency=money,
        is_final=all(row.statement_id for row in said.sku_transactions),
    )


def _net(said: Said, money: str) -> int | None:
    if said.settlement_amount is not None:
        return minor(said.settlement_amount, money)
    parts = [row.settlement_amount for row in said.sku_transactions]
    known = [part for part in parts if part is not None]
    return minor(sum(known, Decimal(0)), money) if len(known) == len(parts) else None


def _amounts(row: SkuTransaction) -> Iterator[tuple[EarningKind, str, Decimal]]:
    """Named amounts; where the platform gives a sum without its parts, the sum."""
    taken = row.fee_tax_breakdown or {}
    fees = [(fee_kind(name), name, amount) for name, amount in _named(taken.get("fee"))]
    taxes = [(EarningKind.TAX, name, amount) for name, amount in _named(taken.get("tax"))]
    revenue = [(_REVENUE.get(name, EarningKind.OTHER), name, amount) for name, amount in _named(row.revenue_breakdown)]
    shipping = [(EarningKind.SHIPPING, name, amount) for name, amount in _named(row.shipping_cost_breakdown)]
    yield from revenue or _whole(EarningKind.GOODS, "revenue_amount", row.revenue_amount)
    yield from shipping or _whole(EarningKind.SHIPPING, "shipping_cost_amount", row.shipping_cost_amount)
    yield from [*fees, *taxes] or _whole(EarningKind.SERVICE_FEE, "fee_tax_amount", row.fee_tax_amount)
    yield from _whole(EarningKind.ADJUSTMENT, "adjustment_amount", row.adjustment_amount)


def fee_kind(name: str) -> EarningKind:
    if name in _PAYMENT:
        return EarningKind.PAYMENT_FEE
    if name.endswith(("_tax", "_tax_amount")):
        return EarningKind.TAX
    if "commission" in name or name == "referral_fee_amount":
        return EarningKind.COMMISSION
    return EarningKind.SHIPPING if "shipping" in name else EarningKind.SERVICE_FEE


def _whole(kind: EarningKind, name: str, amount: Decimal | None) -> list[tuple[EarningKind, str, Decimal]]:
    return [(kind, name, amount)] if amount else []


def _named(part: Any) -> list[tuple[str, Decimal]]:
    """Amounts by name. What is nested deeper explains an amount that is named here already."""
    if not isinstance(part, dict):
        return []
    plain = {name: value for name, value in part.items() if isinstance(value, str | int | Decimal)}
    return [(name, Decimal(str(value).strip())) for name, value in plain.items() if name not in _INSIDE]
