"""Secrets of accounts, sealed at rest. They are never logged; the audit trail blanks them."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from mekong.channels.socket import Secrets
from mekong.foundation.errors import NeedsReconnect


@lru_cache(maxsize=1)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(secrets: Secrets) -> str:
    return _box(tuple(settings.FIELD_KEYS)).encrypt(msgspec.json.encode(secrets)).decode()


def unseal(sealed: str) -> Secrets:
    """Raises: NeedsReconnect when no key of ours opens it (the data folder came without its keys)."""
    if not sealed:
        return Secrets("", "")
    try:
        return msgspec.json.decode(_box(tuple(settings.FIELD_KEYS)).decrypt(sealed.encode()), type=Secrets)
    except (InvalidToken, msgspec.MsgspecError) as lost:
        raise NeedsReconnect(
            remote="Mekong", remote_code="sealed_with_other_keys", remote_message="the stored keys cannot be opened"
        ) from lost
