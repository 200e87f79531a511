"""Between Lazada's objects and the socket's: pure, no network, no clock.

Objects of the wire are read into structs that name only what is used. A member that is missing, null or "" reads as its
default (`socket.wire.present` drops the last two), and an identifier may come as a number or as text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from mekong.foundation.money import exponent, to_minor

Word = int | str
"""An identifier or short text that comes as a number from some calls and as text from others."""


def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount of the platform, half up where it is finer than the currency: an order must come in."""
    return to_minor(amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP), currency)


def moment(text: Word) -> datetime:
    """Aware UTC of "2026-11-22 08:00:00 +0700", of ISO 8601, or of milliseconds since 1970.

    Raises: ValueError when it is none of these, or a local time without its zone.
    """
    words = str(text).strip()
    if words.isascii() and words.isdigit():
        return datetime.fromtimestamp(int(words) / 1000, UTC)
    when = datetime.fromisoformat(words.replace(" +", "+").replace(" -", "-"))
    if when.tzinfo is None:
        raise ValueError(f"a time without its zone: {words!r}")
    return when.astimezone(UTC)
