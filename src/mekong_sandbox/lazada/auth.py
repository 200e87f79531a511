"""Tokens (protocol notes, section 3)."""

from __future__ import annotations

from mekong_sandbox.lazada.gate import Answer, Call, Flat, Refused
from mekong_sandbox.lazada.model import Grant


def _tokens(call: Call, access: Grant, refresh: Grant, list_name: str) -> Flat:
    now, seller = call.world.clock.now(), call.market.sellers[access.seller_id]
    row = {
        "country": seller.country,
        "user_id": seller.seller_id,
        "seller_id": seller.seller_id,
        "short_code": seller.short_code,
    }
    return Flat(
        {
            "access_token": access.token,
            "refresh_token": refresh.token,
            "expires_in": round(access.ends - now),
            "refresh_expires_in": round(refresh.ends - now),
            "country": seller.country,
            "account_platform": "seller_center",
            "account": seller.email,
            "account_id": seller.seller_id,
            list_name: [row],
        }
    )


def create(call: Call) -> Answer:
    """Exchange a code, once, within 30 minutes."""
    grant = call.market.grants.get(call.text("code"))
    if grant is None or grant.kind != "code" or grant.used or grant.ends <= call.world.clock.now():
        raise Refused("InvalidCode", "The specified code is invalid or expired")
    if grant.app_key != call.app.app_key:
        raise Refused("InvalidCode", "The specified code belongs to another app")
    grant.used = True
    call.market.save_grant(grant)
    access, refresh = call.market.token_pair(call.app, grant.seller_id)
    return _tokens(call, access, refresh, "country_user_info")


def refresh(call: Call) -> Answer:
    """A new pair for a refresh token, once."""
    grant = call.market.grants.get(call.text("refresh_token"))
    good = grant is not None and grant.kind == "refresh" and not grant.used and grant.ends > call.world.clock.now()
    if grant is None or not good or grant.app_key != call.app.app_key:
        raise Refused("IllegalRefreshToken", "The specified refresh token is invalid or expired")
    grant.used = True
    call.market.save_grant(grant)
    access, again = call.market.token_pair(call.app, grant.seller_id, grant.ends)
    return _tokens(call, access, again, "country_user_info_list")
