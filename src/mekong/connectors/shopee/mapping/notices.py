"""What a verified push points at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mekong.channels.socket import (
    Notice,
    NoticeKind,
)
from mekong.connectors.shopee.mapping import moment

_ORDER_CODES = frozenset({3, 4, 15, 29, 30, 47})
_STOCK_CODE = 8
_PRODUCT_CODES = frozenset({6, 7, 9, 16, 22, 27})
_AUTHORISATION_CODES = frozenset({1, 2, 12})


def notices(said: Mapping[str, Any], body: bytes) -> list[Notice]:
    """What a verified push points at.

    A change of reserved stock (code 8) names the order that caused it, so it yields two: look at the order, look at
    the item. Codes 1, 2 and 12 may name several shops: one notice each. A push without `msg_id` is known by the
    digest of its body.
    """
    code, data = said.get("code"), said.get("data")
    data = data if isinstance(data, dict) else {}
    shop_id, sent_at = _word(said.get("shop_id")), _moment(said.get("timestamp"))
    dedupe_id = _word(said.get("msg_id")) or hashlib.sha256(body).hexdigest()[:32]
    order_sn = _word(data.get("ordersn")) or _word(data.get("order_sn"))
    item_id = _word(data.get("item_id"))
    if code in _AUTHORISATION_CODES:
        shops = _shops(said, data) or [shop_id]
        return [Notice(NoticeKind.AUTHORISATION, shop, shop, dedupe_id, sent_at) for shop in shops]
    if code == _STOCK_CODE:
        stock = Notice(NoticeKind.STOCK, shop_id, item_id, dedupe_id, sent_at)
        order_too = Notice(NoticeKind.ORDER, shop_id, order_sn, f"{dedupe_id}:order", sent_at)
        return [stock, order_too] if order_sn else [stock]
    if code in _ORDER_CODES and order_sn:
        return [Notice(NoticeKind.ORDER, shop_id, order_sn, dedupe_id, sent_at)]
    if code in _PRODUCT_CODES:
        return [Notice(NoticeKind.PRODUCT, shop_id, item_id, dedupe_id, sent_at)]
    return [Notice(NoticeKind.OTHER, shop_id, "", dedupe_id, sent_at)]


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _moment(value: Any) -> datetime | None:
    if isinstance(value, int) and 0 <= value < 10**11:
        return moment(value)
    return None


def _shops(said: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    """Shops named by a push about authorisation: the keys differ from code to code, all of them speak of a shop."""
    found: list[str] = []
    for part in (said, data):
        for key, value in part.items():
            if "shop" in key:
                found += [word for one in (value if isinstance(value, list) else [value]) if (word := _word(one))]
    return list(dict.fromkeys(found))
