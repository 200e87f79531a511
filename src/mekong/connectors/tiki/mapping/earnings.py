"""What an order earns, as its items tell it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mekong.channels.socket import RemoteState
from mekong.channels.socket.earnings import Earning, EarningKind, Earnings
from mekong.connectors.tiki.mapping import Word, minor
from mekong.connectors.tiki.mapping.orders import STATES

_OVER: Final = frozenset({RemoteState.COMPLETED, RemoteState.RETURNED, RemoteState.CANCELLED})
_WORDS: Final[Sequence[tuple[EarningKind, tuple[str, ...]]]] = (
    (EarningKind.PAYMENT_FEE, ("payment",)),
    (EarningKind.TAX, ("tax", "vat")),
    (EarningKind.COMMISSION, ("percent_per_item", "commission")),
    (EarningKind.SHIPPING, ("shipping", "delivery")),
    (EarningKind.REFUND, ("refund", "return")),
)
"""What a fee is, by words of its key, the first that fit; what fits none is a service of the platform's."""


class Fee(Struct, frozen=True):
    fee_type_key: Word = ""
    fee_type_name: Word = ""
    total_amount: Decimal = Decimal(0)
    final_amount: Decimal | None = None

    @property
    def amount(self) -> Decimal:
        return self.total_amount if self.final_amount is None else self.final_amount


class Income(Struct, frozen=True):
    """`sub_total`: the goods and what the buyer paid for shipping, less what the seller gave off."""

    item_price: Decimal = Decimal(0)
    item_qty: int = 0
    shipping_fee: Decimal = Decimal(0)
    sub_total: Decimal | None = None
    seller_income: Decimal | None = None
    seller_fees: tuple[Fee, ...] = ()


class Item(Struct, frozen=True):
    seller_income_detail: Income | None = None


class Order(Struct, frozen=True):
    code: Word
    status: str = ""
    items: tuple[Item, ...] = ()


def earnings(said: Order, currency: str) -> Earnings:
    """The same amount of several items is one line. The platform names neither days nor statements."""
    incomes = [item.seller_income_detail for item in said.items if item.seller_income_detail is not None]
    sums: dict[tuple[EarningKind, str], int] = {}
    for income in incomes:
        for kind, name, amount in _amounts(income):
            sums[kind, name] = sums.get((kind, name), 0) + minor(amount, currency)
    stated = [income.seller_income for income in incomes if income.seller_income is not None]
    return Earnings(
        external_id=str(said.code),
        lines=tuple(Earning(kind, name, amount) for (kind, name), amount in sums.items() if amount),
        net_minor=minor(sum(stated, Decimal(0)), currency) if stated and len(stated) == len(incomes) else None,
        currency=currency,
        is_final=STATES.get(said.status.lower()) in _OVER,
    )


def _amounts(income: Income) -> Iterator[tuple[EarningKind, str, Decimal]]:
    goods = income.item_price * income.item_qty
    yield EarningKind.GOODS, "item_price", goods
    yield EarningKind.SHIPPING, "shipping_fee", income.shipping_fee
    if income.sub_total is not None:
        yield EarningKind.VOUCHER, "discount", income.sub_total - goods - income.shipping_fee
    sign = _sign(income)
    for fee in income.seller_fees:
        key = str(fee.fee_type_key).lower()
        kind = next((kind for kind, words in _WORDS if any(word in key for word in words)), EarningKind.SERVICE_FEE)
        yield kind, str(fee.fee_type_name or fee.fee_type_key), sign * fee.amount


def _sign(income: Income) -> int:
    """Fees come with a minus. The documentation says nothing of it, so an income that adds up only when they are taken off
    as they stand is believed."""
    fees = sum((fee.amount for fee in income.seller_fees), Decimal(0))
    if income.sub_total is None or income.seller_income is None:
        return 1
    return -1 if income.sub_total - fees == income.seller_income and fees else 1
