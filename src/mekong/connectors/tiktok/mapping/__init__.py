"""Between TikTok Shop's objects and the socket's: pure, no network, no clock.

Objects of the wire are read into structs that name only what is used. A member that is missing, null or "" reads as its
default (`socket.wire.present` drops the last two), and an identifier, text by the documentation, may come as a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from mekong.foundation.money import exponent, to_minor

Word = int | str
"""An identifier or short text that comes as text from most calls and may come as a number."""
T = TypeVar("T")


def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount of the platform, half up where it is finer than the currency: an order must come in."""
    return to_minor(amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP), currency)


def moment(seconds: int) -> datetime:
    """Aware UTC of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def listed(rows: Sequence[T] | None, total: int | None) -> Sequence[T]:
    """The rows of a page. A list that is missing is an empty one only where the total says so.

    Raises: ValueError for half a page, which must not pass for an empty shop.
    """
    if rows is None and total != 0:
        raise ValueError("a page without its list")
    return rows or ()


def following(token: Word, asked: str) -> str:
    """The token of the next page, "" at the end. Raises: ValueError when it leads back to the page it came with."""
    if asked and str(token) == asked:
        raise ValueError("the page's token leads back to the page")
    return str(token)
