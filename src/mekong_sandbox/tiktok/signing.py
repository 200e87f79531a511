"""Signatures of calls and webhooks (protocol notes, sections 2 and 7)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

OLDEST_S = 300
NEWEST_S = 30
"""A `timestamp` may be five minutes old and thirty seconds ahead (the platform's table of common errors)."""
UNSIGNED = frozenset({"sign", "access_token"})


def base_of(app_secret: str, path: str, query: Mapping[str, str], body: bytes) -> bytes:
    """What is signed: secret, path, parameters by name with names and values run together, body as sent, secret."""
    pairs = "".join(f"{name}{query[name]}" for name in sorted(query) if name not in UNSIGNED)
    return f"{app_secret}{path}{pairs}".encode() + body + app_secret.encode()


def signed_body(method: str, content_type: str, body: bytes) -> bytes:
    """The part of a body that is signed: none of a GET's or of a multipart one, else every byte."""
    return b"" if method == "GET" or content_type == "multipart/form-data" else body


def sign_call(app_secret: str, path: str, query: Mapping[str, str], body: bytes) -> str:
    """`sign` of a call, lower-case hex.

    Args:
        query: all parameters, decoded; `sign` and `access_token` are left out here.
        body: the part that is signed, see `signed_body`.
    """
    return hmac.digest(app_secret.encode(), base_of(app_secret, path, query, body), "sha256").hex()


def sign_push(app_secret: str, app_key: str, raw_body: bytes) -> str:
    """`Authorization` of a webhook: lower-case hex over the app key and the body as sent."""
    return hmac.digest(app_secret.encode(), app_key.encode() + raw_body, "sha256").hex()


def same(left: str, right: str) -> bool:
    """Compare signatures in constant time; case counts."""
    return hmac.compare_digest(left.encode(), right.encode())
