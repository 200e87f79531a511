"""Fresh tokens for an account: one renewal at a time over all processes, stored before they are used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from mekong.channels import vault
from mekong.channels.commands.accounts import authorised_until, with_tokens
from mekong.channels.socket import Secrets, Tokens
from mekong.channels.sync.wires import open_wire

_LOCK = "select pg_advisory_lock(hashtextextended(%s, 11))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended(%s, 11))"
_KEPT = "select sealed_secrets from channels_channel where id = %s"
_STORE = """
    update channels_channel set sealed_secrets = %s, access_expires_at = %s, authorised_until = %s
     where id = %s and sealed_secrets = %s
"""


async def renew(channel_id: int, stale: str, ask: Callable[[Secrets], Awaitable[Tokens]]) -> Secrets:
    """The account's secrets with an access token other than `stale`: the one another process got meanwhile, or a new
    one from `ask`, which is kept before anybody sees it. Until then the old pair stays in use.

    Raises: NeedsReconnect, Unavailable.
    """
    name = f"channel-tokens:{channel_id}"
    async with await open_wire() as wire:
        await wire.execute(_LOCK, [name])
        try:
            sealed = await _sealed(wire, channel_id)
            secrets = vault.unseal(sealed)
            if secrets.access_token and secrets.access_token != stale:
                return secrets
            fresh = with_tokens(secrets, await ask(secrets))
            await _store(wire, channel_id, sealed, fresh)
            return fresh
        finally:
            await wire.execute(_UNLOCK, [name])


async def _sealed(wire: AsyncConnection[Any], channel_id: int) -> str:
    row = await (await wire.execute(_KEPT, [channel_id])).fetchone()
    return str(row[0]) if row else ""


async def _store(wire: AsyncConnection[Any], channel_id: int, sealed: str, fresh: Secrets) -> None:
    async with wire.transaction():
        await wire.execute("select set_config('mekong.actor', 'system:tokens', true)")
        until = authorised_until(fresh)
        await wire.execute(_STORE, [vault.seal(fresh), fresh.access_expires_at, until, channel_id, sealed])


def ahead_s(expires_at: datetime | None, now: datetime, longest_s: float) -> float | None:
    """Seconds until the token should be renewed: a fifth of its remaining life before it ends, at most `longest_s`."""
    if expires_at is None:
        return None
    left = (expires_at - now).total_seconds()
    return max(0.0, left - min(longest_s, left * 0.2))
