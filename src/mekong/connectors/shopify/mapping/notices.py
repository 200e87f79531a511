"""What a verified delivery points at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mekong.channels.socket import Notice, NoticeKind
from mekong.connectors.shopify.mapping import moment, number

_BY_ORDER_ID = frozenset({"fulfillments", "refunds", "order_transactions", "returns"})


def notice(said: Mapping[str, Any], headers: Mapping[str, str], shop_id: str, body: bytes) -> Notice:
    """What a verified delivery points at. Headers are not signed: a wrong topic can at most hide a hint."""
    topic = headers.get("x-shopify-topic", "")
    kind, reference = _about(topic, said)
    if kind is NoticeKind.AUTHORISATION:
        reference = shop_id
    return Notice(
        kind=kind if reference else NoticeKind.OTHER,
        shop_id=shop_id,
        reference=reference,
        dedupe_id=headers.get("x-shopify-webhook-id", "")
        or hashlib.sha256(topic.encode(errors="replace") + body).hexdigest()[:32],
        sent_at=_sent_at(headers.get("x-shopify-triggered-at", "")),
    )


def _about(topic: str, said: Mapping[str, Any]) -> tuple[NoticeKind, str]:
    family, _, what = topic.partition("/")
    edited = said.get("order_edit")
    if topic == "orders/edited" and isinstance(edited, dict):
        return NoticeKind.ORDER, _number(edited.get("order_id"))
    if family == "orders":
        return NoticeKind.ORDER, _number(said.get("id"))
    if family in _BY_ORDER_ID:
        return NoticeKind.ORDER, _number(said.get("order_id"))
    if family == "products":
        return NoticeKind.PRODUCT, _number(said.get("id"))
    if family == "inventory_levels":
        return NoticeKind.STOCK, _number(said.get("inventory_item_id"))
    if family == "app" and what == "uninstalled":
        return NoticeKind.AUTHORISATION, ""
    return NoticeKind.OTHER, ""


def _number(value: Any) -> str:
    try:
        return number(value)
    except ValueError:
        return ""


def _sent_at(text: str) -> datetime | None:
    try:
        return moment(text)
    except ValueError:
        return None
