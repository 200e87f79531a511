"""A channel's row as its connector sees it."""

from __future__ import annotations

from mekong.channels import vault
from mekong.channels.models import Channel
from mekong.channels.socket import Account, Secrets


def account_of(row: Channel, secrets: Secrets | None = None) -> Account:
    """Raises: NeedsReconnect when its secrets cannot be opened."""
    return Account(
        channel=row.code,
        shop_id=row.shop_id,
        secrets=secrets or vault.unseal(row.sealed_secrets),
        api_url=row.api_url,
        auth_url=row.auth_url,
        notice_url=row.notice_url,
        currency=row.currency,
    )
