"""What an order earns: the rows of the seller's transactions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mekong.channels.socket.earnings import Earning, EarningKind, Earnings
from mekong.connectors.lazada.mapping import Word, minor

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HANOI: Final = timezone(timedelta(hours=7))
_PAID: Final = frozenset({"paid", "yes"})
_WORDS: Final[Sequence[tuple[EarningKind, tuple[str, ...]]]] = (
    (EarningKind.REFUND, ("reversal item price", "refund", "hoàn tiền")),
    (EarningKind.GOODS, ("item price", "giá trị sản phẩm", "giá sản phẩm")),
    (EarningKind.TAX, ("tax", "vat", "wht", "withh", "thuế")),
    (EarningKind.PAYMENT_FEE, ("payment", "thanh toán")),
    (EarningKind.COMMISSION, ("commission", "hoa hồng", "phí cố định")),
    (EarningKind.SHIPPING, ("shipping", "logistic", "delivery", "vận chuyển")),
    (EarningKind.VOUCHER, ("voucher", "promotion", "discount", "coin", "khuyến mãi", "mã giảm giá")),
    (EarningKind.ADJUSTMENT, ("adjust", "compensation", "claim", "điều chỉnh", "bồi thường")),
    (EarningKind.SERVICE_FEE, ("fee", "service", "bonus", "sponsor", "phí", "dịch vụ")),
)
"""What a fee is, by words of its name, the first that fit: the platform names fees in its country's words and adds new
ones; its `fee_type` is a number that no documentation lists."""


class Row(Struct, frozen=True):
    amount: Decimal
    fee_name: Word = ""
    transaction_type: Word = ""
    transaction_date: Word = ""
    paid_status: Word = ""
    statement: Word = ""
    order_no: Word = ""


def earnings(order_no: str, rows: Sequence[Row], currency: str) -> Earnings:
    """The platform says no sum of its own. Settled: every row stands in a statement that was paid out."""
    return Earnings(
        external_id=order_no,
        lines=tuple(_line(row, currency) for row in rows),
        net_minor=None,
        currency=currency,
        is_final=all(str(row.paid_status).lower() in _PAID for row in rows),
    )


def kind(row: Row) -> EarningKind:
    for said in (str(row.fee_name).lower(), str(row.transaction_type).lower()):
        for found, words in _WORDS:
            if any(word in said for word in words):
                return found
    return EarningKind.OTHER


def _line(row: Row, currency: str) -> Earning:
    name = str(row.fee_name or row.transaction_type)
    return Earning(kind(row), name, minor(row.amount, currency), _day(str(row.transaction_date)), str(row.statement))


def _day(said: str) -> datetime | None:
    """The day of "17 May 2016" or "2016-05-17", at its beginning in Vietnam; None for anything else."""
    parts = said.replace("-", " ").split()
    try:
        if len(parts) == 3 and parts[1][:3].lower() in _MONTHS:
            year, month, day = int(parts[2]), _MONTHS.index(parts[1][:3].lower()) + 1, int(parts[0])
        else:
            year, month, day = (int(part) for part in parts[:3])
        return datetime(year, month, day, tzinfo=_HANOI).astimezone(UTC)
    except ValueError:
        return None
