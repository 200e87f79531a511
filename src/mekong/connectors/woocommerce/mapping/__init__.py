"""Between WooCommerce's objects and the socket's: pure, no network, no clock.

Objects of the wire are read into structs that name only what is used. A member that is missing, null or "" reads as its
default, an identifier may come as a number or as text, and an object that PHP found empty comes as an empty list.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from mekong.foundation.money import exponent, to_minor

Word = int | str
"""An identifier or short text that comes as a number from some shops and as text from others."""


def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount of the shop, half up where it is finer than the currency: an order must come in."""
    return to_minor(amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP), currency)


def moment(text: str) -> datetime:
    """Aware UTC of a `…_gmt` member, whose texts name no zone. Raises: ValueError."""
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
