"""Codes at rest: sealed for printing, hashed under a key for finding."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache

from mekong.foundation import sealing
from mekong.foundation.errors import Unavailable
from mekong.pricing.models import CodeKey


@lru_cache(maxsize=1)
def _opened(sealed: str) -> bytes:
    return bytes.fromhex(unseal(sealed))


def _key() -> bytes:
    """The hashing key. It is sealed like the codes, so that keys of the installation can be changed without losing it."""
    kept = CodeKey.objects.values_list("sealed", flat=True).first()
    if kept is None:
        CodeKey.objects.bulk_create([CodeKey(id=1, sealed=seal(secrets.token_hex(32)))], ignore_conflicts=True)
        kept = CodeKey.objects.values_list("sealed", flat=True).get(id=1)
    return _opened(kept)


def hasher() -> hmac.HMAC:
    """For many codes at once: copy it, add the code, take the digest. One statement."""
    return hmac.new(_key(), digestmod=hashlib.sha256)


def hash_of(code: str) -> str:
    """Under what a code is found. One statement. Raises: Unavailable."""
    one = hasher()
    one.update(code.encode())
    return one.hexdigest()


def signature(text: str) -> str:
    """128 bits that only this installation can make of a text. One statement. Raises: Unavailable."""
    return hash_of(f"signed|{text}")[:32]


def seal(text: str) -> str:
    return sealing.seal(text)


def unseal(sealed: str) -> str:
    """Raises: Unavailable when no key of ours opens it (the data folder came without its keys)."""
    found = sealing.unseal(sealed)
    if not found:
        raise Unavailable(reason="sealed with other keys")
    return found
