"""Signatures of the way back from the consent page and of webhooks (protocol notes, section 2)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping


def sign_callback(client_secret: str, params: Mapping[str, str]) -> str:
    """`hmac` of the callback: hex over the parameters, sorted and joined as plain `name=value`.

    Values that hold `&`, `=`, `%` or brackets are not met: the platform's own libraries disagree on them.
    """
    base = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "hmac")
    return hmac.digest(client_secret.encode(), base.encode(), "sha256").hex()


def sign_webhook(client_secret: str, raw_body: bytes) -> str:
    """`X-Shopify-Hmac-SHA256`: base64 over the body as sent."""
    return base64.b64encode(hmac.digest(client_secret.encode(), raw_body, "sha256")).decode()


def same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
