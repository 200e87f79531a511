"""Between Shopify's objects and the socket's: pure, no network, no clock.

Objects of the wire are read into structs that name only what is used; a member that is missing, null or "" reads as its
default (`socket.wire.present` drops the last two).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from msgspec import Struct

from mekong.foundation.money import exponent, to_minor

_GID: Final = re.compile(r"(?:gid://shopify/[A-Za-z]+/)?(\d{1,24})(?:\?.*)?")

Word = int | str


class Node(Struct, frozen=True):
    """Anything of which no more than the id is asked for."""

    id: Word


class PageInfo(Struct, frozen=True):
    hasNextPage: bool = False  # noqa: N815 - the platform's own name
    endCursor: str = ""  # noqa: N815 - the platform's own name

    @property
    def following(self) -> str | None:
        """The cursor of the next page; None at the end."""
        return self.endCursor or None if self.hasNextPage else None


class UserError(Struct, frozen=True):
    """What a mutation refuses; `field` is the path into its input, with places in lists as numbers."""

    code: str = ""
    message: str = ""
    field: tuple[Word, ...] = ()

    @property
    def place(self) -> int | None:
        """Which entry of the input's list is meant, where one is."""
        return next((int(part) for part in self.field if str(part).isascii() and str(part).isdigit()), None)


def gid(kind: str, number: str) -> str:
    return f"gid://shopify/{kind}/{number}"


def number(said: Word) -> str:
    """The number in a global id, or of a plain one. Raises: ValueError."""
    found = _GID.fullmatch(str(said))
    if found is None:
        raise ValueError(f"not an id of the platform: {said!r}")
    return found[1]


def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount of the shop, half up where it is finer than the currency: an order must come in."""
    return to_minor(amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP), currency)


def moment(text: str) -> datetime:
    """Aware UTC of ISO 8601. Raises: ValueError when it is none, or a local time without its zone."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError(f"a time without its zone: {text!r}")
    return when.astimezone(UTC)
