"""How values look on the wire: amounts as text, pages with opaque tokens."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from mekong_sandbox.money import exponent
from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.codes import Refused

Row = TypeVar("Row")
Key = tuple[float, str]
"""A moment and an id: the place of a row in its list."""


def amount(minor: int, currency: str) -> str:
    """An amount in major units: "99000", "12.50"."""
    decimals = exponent(currency)
    if decimals == 0:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**decimals)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{decimals}d}"


def _token(key: Key) -> str:
    return base64.urlsafe_b64encode(f"{key[0]!r} {key[1]}".encode()).decode()


def _key(token: str) -> Key:
    try:
        stamp, _, name = base64.urlsafe_b64decode(token.encode()).decode().partition(" ")
        return float(stamp), name
    except (binascii.Error, ValueError):
        raise Refused(codes.PAGE_TOKEN, "Invalid page_token.", 400) from None


def page(
    rows: Sequence[Row], key: Callable[[Row], Key], size: int, token: str, *, descending: bool = False
) -> tuple[list[Row], str]:
    """The rows that follow the token's, and the token of the next page; "" at the end.

    A token names the last row seen, so rows that come or go on other pages neither repeat a row nor skip one.

    Args:
        rows: sorted by `key`, ascending.

    Raises: Refused, for a token that is none.
    """
    if descending:
        end = bisect_left(rows, _key(token), key=key) if token else len(rows)
        found = list(reversed(rows[max(0, end - size) : end]))
        more = end > size
    else:
        start = bisect_right(rows, _key(token), key=key) if token else 0
        found = list(rows[start : start + size])
        more = start + size < len(rows)
    return found, _token(key(found[-1])) if more and found else ""


def within(stamp: float, since: int | None, before: int | None) -> bool:
    """Whether a moment is in a window of a search: `since` counts in, `before` does not."""
    return (since is None or stamp >= since) and (before is None or stamp < before)
