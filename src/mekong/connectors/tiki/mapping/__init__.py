"""Between Tiki's objects and the socket's: pure, no network, no clock.

Objects of the wire are read into structs that name only what is used. A member that is missing, null or "" reads as its
default (`socket.wire.present` drops the last two), and an identifier may come as a number or as text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.foundation.money import exponent, to_minor

Word = int | str
"""An identifier or short text that comes as a number from some calls and as text from others."""

HANOI: Final = timezone(timedelta(hours=7))
"""The zone of every time the platform writes without one; Vietnam has no summer time."""


class Paging(Struct, frozen=True):
    last_page: int | None = None


def has_more(paging: Paging, page: int, rows: int, limit: int) -> bool:
    """Whether pages follow this one. Where the platform does not count them, a full page may have a next one."""
    return rows > 0 and (rows >= limit if paging.last_page is None else page < paging.last_page)


def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount of the platform, half up where it is finer than the currency: an order must come in."""
    return to_minor(amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP), currency)


def moment(said: Word) -> datetime:
    """Aware UTC of "2026-11-22 08:00:00" (Vietnam time), of ISO 8601, or of milliseconds since 1970.

    Raises: ValueError when it is none of these.
    """
    words = str(said).strip()
    if words.isascii() and words.isdigit():
        return datetime.fromtimestamp(int(words) / 1000, UTC)
    when = datetime.fromisoformat(words)
    return (when if when.tzinfo else when.replace(tzinfo=HANOI)).astimezone(UTC)


def local(when: datetime) -> str:
    """A time as the platform's filters take it: Vietnam time, whole seconds, no zone."""
    return when.astimezone(HANOI).strftime("%Y-%m-%d %H:%M:%S")


def inner(said: Any) -> Any:
    """The object a reply is about, whether it stands alone, under `data`, or as the only one of a list there."""
    if isinstance(said, dict) and "data" in said and not said.keys() & {"id", "code", "product_id"}:
        said = said["data"]
    return next(iter(said), {}) if isinstance(said, list) else said
