"""Signatures of calls over plain HTTP and of webhooks (protocol notes, section 1)."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote

TOLERATED_DRIFT_S = 900
ALGORITHMS = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}
SPECIAL = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&#039;": "'", "&#39;": "'"}


def encoded(text: str) -> str:
    """Percent-encoding of RFC 3986."""
    return quote(text, safe="-._~")


def base_of(method: str, url: str, params: Mapping[str, str]) -> str:
    """What is signed.

    Args:
        url: without its query.
        params: decoded values of all parameters of the query, each once; `oauth_signature` is left out.
    """
    pairs = sorted((encoded(name), encoded(value)) for name, value in params.items() if name != "oauth_signature")
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    return f"{method.upper()}&{encoded(url)}&{encoded(joined)}"


def sign_call(consumer_secret: str, method: str, url: str, params: Mapping[str, str]) -> str:
    """One-legged OAuth 1.0a: base64 HMAC with the secret and an empty token secret."""
    algorithm = ALGORITHMS[params["oauth_signature_method"]]
    digest = hmac.digest(f"{consumer_secret}&".encode(), base_of(method, url, params).encode(), algorithm)
    return base64.b64encode(digest).decode()


def sign_webhook(secret: str, raw_body: bytes) -> str:
    """`X-WC-Webhook-Signature`; the secret is taken with its HTML entities decoded, as the engine does."""
    plain = re.sub("|".join(SPECIAL), lambda found: SPECIAL[found[0]], secret)
    return base64.b64encode(hmac.digest(plain.encode(), raw_body, "sha256")).decode()


def same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
