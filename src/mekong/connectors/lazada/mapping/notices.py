"""What a verified push points at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mekong.channels.socket import (
    Notice,
    NoticeKind,
)

_ORDER_TYPES = frozenset({0, 10, 14})
_PRODUCT_TYPES = frozenset({1, 3, 4, 5})
_STOCK_TYPE = 6
_TOKEN_TYPE = 8


def notice(said: Mapping[str, Any], body: bytes) -> Notice:
    """What a verified push points at. Pushes carry no id of their own: one is known by the digest of its body."""
    kind_no, data = said.get("message_type"), said.get("data")
    data = data if isinstance(data, dict) else {}
    seller = _word(said.get("seller_id"))
    kind, reference = NoticeKind.OTHER, ""
    if kind_no in _ORDER_TYPES and (order_id := _word(data.get("trade_order_id"))):
        kind, reference = NoticeKind.ORDER, order_id
    elif kind_no in _PRODUCT_TYPES:
        kind, reference = NoticeKind.PRODUCT, _word(data.get("item_id")) or _word(data.get("itemId"))
    elif kind_no == _STOCK_TYPE:
        kind, reference = NoticeKind.STOCK, _word(data.get("sku_id"))
    elif kind_no == _TOKEN_TYPE:
        seller = _word(data.get("seller_id")) or seller
        kind, reference = NoticeKind.AUTHORISATION, seller
    return Notice(
        kind=kind,
        shop_id="" if seller == "null" else seller,
        reference=reference,
        dedupe_id=hashlib.sha256(body).hexdigest()[:32],
        sent_at=_sent_at(said.get("timestamp")),
    )


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _sent_at(value: Any) -> datetime | None:
    """Seconds in most pushes, milliseconds in some."""
    words = _word(value)
    if not (words.isascii() and words.isdigit() and len(words) < 15):
        return None
    number = int(words)
    return datetime.fromtimestamp(number if number < 10**11 else number / 1000, UTC)
