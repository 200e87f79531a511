"""What a verified notice points at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mekong.channels.socket import Notice, NoticeKind

_AUTHORISATION_TYPES = frozenset({"6", "7"})
_PRODUCT_TYPES = frozenset({"5", "15", "16", "18", "37"})
_MILLISECONDS_FROM = 10**11


def notices(said: Mapping[str, Any], body: bytes) -> list[Notice]:
    """One notice for each order it speaks of, else one.

    Types that the platform adds later are read by what they name: an order, else a product. Parcels (type 4) may hold
    several orders. A notice without an id of its own is known by the digest of its body.
    """
    kind_no, data = _word(said.get("type")), said.get("data")
    data = data if isinstance(data, dict) else {}
    shop_id, sent_at = _word(said.get("shop_id")), _moment(said.get("timestamp"))
    dedupe_id = _word(said.get("tts_notification_id")) or hashlib.sha256(body).hexdigest()[:32]
    product_id = _word(data.get("product_id"))
    if kind_no in _AUTHORISATION_TYPES:
        return [Notice(NoticeKind.AUTHORISATION, shop_id, shop_id, dedupe_id, sent_at)]
    if kind_no not in _PRODUCT_TYPES and (orders := _orders(data)):
        return [
            Notice(NoticeKind.ORDER, shop_id, order, f"{dedupe_id}:{order}" if number else dedupe_id, sent_at)
            for number, order in enumerate(orders)
        ]
    if kind_no in _PRODUCT_TYPES or product_id:
        return [Notice(NoticeKind.PRODUCT, shop_id, product_id, dedupe_id, sent_at)]
    return [Notice(NoticeKind.OTHER, shop_id, "", dedupe_id, sent_at)]


def _orders(data: Mapping[str, Any]) -> list[str]:
    found = [_word(data.get("order_id"))]
    packages = data.get("package_list")
    for package in packages if isinstance(packages, list) else []:
        inside = package.get("order_id_list") if isinstance(package, dict) else None
        found += [_word(order) for order in (inside if isinstance(inside, list) else [])]
    return list(dict.fromkeys(order for order in found if order))


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _moment(value: Any) -> datetime | None:
    """Seconds by the documentation; milliseconds are told by their size."""
    words = _word(value)
    if not (words.isascii() and words.isdigit() and len(words) < 15):
        return None
    number = int(words)
    return datetime.fromtimestamp(number if number < _MILLISECONDS_FROM else number / 1000, UTC)
