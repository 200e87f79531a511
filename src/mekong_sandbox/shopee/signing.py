"""Signatures of calls and pushes (protocol notes, sections 2 and 10)."""

from __future__ import annotations

import hmac

TOLERATED_DRIFT_S = 300


def sign_call(partner_key: str, partner_id: int | str, path: str, timestamp: int | str, *identity: str | int) -> str:
    """Signature of a call: lower-case hex HMAC-SHA256 over the plain concatenation.

    Args:
        partner_key: used as text, as issued.
        path: with `/api/v2`.
        timestamp: unix seconds.
        identity: nothing for public calls; access token and shop id (or merchant id) for the others.
    """
    base = f"{partner_id}{path}{timestamp}{''.join(map(str, identity))}"
    return hmac.digest(partner_key.encode(), base.encode(), "sha256").hex()


def sign_push(push_key: str, callback_url: str, raw_body: bytes) -> str:
    """`Authorization` of a push: over the registered URL, byte for byte, a bar and the body as sent."""
    return hmac.digest(push_key.encode(), callback_url.encode() + b"|" + raw_body, "sha256").hex()


def same(left: str, right: str) -> bool:
    """Compare signatures in constant time; only the exact lower-case text is equal."""
    return hmac.compare_digest(left.encode(), right.encode())
