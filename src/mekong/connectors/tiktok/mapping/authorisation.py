"""Tokens, and the shops they speak for."""

from __future__ import annotations

from msgspec import Struct

from mekong.channels.socket import Tokens
from mekong.connectors.tiktok.mapping import Word, moment


class TokenReply(Struct, frozen=True):
    """Expiries are moments, in seconds since 1970, not durations."""

    access_token: str
    refresh_token: str
    access_token_expire_in: int
    refresh_token_expire_in: int = 0

    def tokens(self, shop_id: str) -> Tokens:
        refresh_end = self.refresh_token_expire_in
        return Tokens(
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            access_expires_at=moment(self.access_token_expire_in),
            refresh_expires_at=moment(refresh_end) if refresh_end else None,
            shop_id=shop_id,
        )


class Shop(Struct, frozen=True):
    """A shop that has authorised the app. `cipher` names it on nearly every call."""

    id: Word
    cipher: str = ""


class Shops(Struct, frozen=True):
    shops: tuple[Shop, ...]
