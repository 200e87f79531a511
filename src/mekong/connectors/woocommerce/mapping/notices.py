"""What a verified delivery points at."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from mekong.channels.socket import Notice, NoticeKind
from mekong.connectors.woocommerce.mapping.orders import DRAFTS

_PING = re.compile(rb"webhook_id=\d{1,20}")
_KINDS = {"order": NoticeKind.ORDER, "product": NoticeKind.PRODUCT}


def is_ping(body: bytes) -> bool:
    """Whether this is the call by which a new webhook is tried out: unsigned, about nothing, to be answered with 200."""
    return _PING.fullmatch(body) is not None


def notice(said: Mapping[str, Any], topic: str, delivery_id: str, shop_id: str, body: bytes) -> Notice:
    """What a verified delivery points at.

    Its id is made of the webhook's number and the second, so that two deliveries of one second share it: a delivery is
    known by its id and its content together. Headers are not signed; a wrong topic can at most hide a hint.
    """
    kind, reference = _KINDS.get(topic.partition(".")[0], NoticeKind.OTHER), _word(said.get("id"))
    if not reference or (kind is NoticeKind.ORDER and said.get("status") in DRAFTS):
        kind = NoticeKind.OTHER
    known_by = hashlib.sha256(
        b"\0".join((topic.encode(errors="replace"), delivery_id.encode(errors="replace"), body))
    ).hexdigest()[:32]
    return Notice(kind, shop_id, "" if kind is NoticeKind.OTHER else reference, known_by)


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
