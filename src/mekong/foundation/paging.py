"""Cursors: where a list goes on, as an opaque text. It carries the sort key of the last row, so pages do not shift."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

import msgspec

from mekong.foundation.errors import BadCursor

MAX_LIMIT = 200
K = TypeVar("K")


def encode_cursor(*key: Any) -> str:
    """A cursor from the sort key of a page's last row: numbers, texts, datetimes, UUIDs."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str, shape: type[K]) -> K:
    """The key inside, as `shape` (`tuple[datetime, int]`). Raises: BadCursor."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(text, type=shape)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as wrong:
        raise BadCursor(field="cursor") from wrong
    if b"\x00" in text or b"\\u0000" in text or not _fits(key):
        raise BadCursor(field="cursor")
    return key


def _fits(key: Any) -> bool:
    """Whether PostgreSQL can compare with it: integers of 64 bits, moments with a zone."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(
        (not isinstance(part, int) or abs(part) < 2**63) and getattr(part, "tzinfo", True) is not None for part in parts
    )
