"""Signatures of calls and pushes (protocol notes, sections 2 and 8)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

TOLERATED_DRIFT_S = 7200


def base_of(api_path: str, params: Mapping[str, str]) -> str:
    """What is signed: the path, then every parameter but `sign`, sorted by name, names and values run together."""
    return api_path + "".join(f"{name}{params[name]}" for name in sorted(params) if name != "sign")


def sign_text(app_secret: str, base: str) -> str:
    """Upper-case hex HMAC-SHA256."""
    return hmac.digest(app_secret.encode(), base.encode(), "sha256").hex().upper()


def sign_call(app_secret: str, api_path: str, params: Mapping[str, str]) -> str:
    """Signature of a call.

    Args:
        api_path: the part after `/rest`.
        params: decoded values of all parameters of query, form and JSON body; file parts left out.
    """
    return sign_text(app_secret, base_of(api_path, params))


def sign_push(app_secret: str, app_key: str, raw_body: bytes) -> str:
    """`Authorization` of a push: lower-case hex over the app key and the body as sent."""
    return hmac.digest(app_secret.encode(), app_key.encode() + raw_body, "sha256").hex()


def same(left: str, right: str) -> bool:
    """Compare signatures in constant time; case counts."""
    return hmac.compare_digest(left.encode(), right.encode())
