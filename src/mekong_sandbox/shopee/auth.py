"""Authorisation and tokens (protocol notes, section 3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from mekong_sandbox.http import redirect
from mekong_sandbox.shopee.gate import Answer, Call, Flat, Refused
from mekong_sandbox.shopee.model import Grant


class TokenBody(msgspec.Struct):
    partner_id: int
    code: str
    shop_id: int = 0
    main_account_id: int = 0


class RefreshBody(msgspec.Struct):
    partner_id: int
    refresh_token: str
    shop_id: int = 0
    merchant_id: int = 0


def _pair(call: Call, shop_id: int) -> tuple[Grant, Grant, int]:
    access, refresh = call.market.token_pair(call.app.partner_id, shop_id)
    return access, refresh, call.world.settings.shopee_access_token_s


def token_get(call: Call) -> Answer:
    """Exchange a code, once, within ten minutes."""
    body = call.body(TokenBody)
    grant = call.market.grants.get(body.code)
    good = grant is not None and grant.kind == "code" and not grant.used and grant.ends > call.world.clock.now()
    if grant is None or not good or grant.partner_id != call.app.partner_id or body.partner_id != grant.partner_id:
        raise Refused("invalid_code", "Invalid code, please check.", 403)
    if body.shop_id and body.shop_id != grant.shop_id:
        raise Refused("error_auth", "Invalid partner_id or shopid.", 403)
    grant.used = True
    call.market.save_grant(grant)
    access, refresh, life_s = _pair(call, grant.shop_id)
    return Flat(
        access_token=access.token,
        refresh_token=refresh.token,
        expire_in=life_s,
        shop_id_list=[grant.shop_id],
        merchant_id_list=[],
        supplier_id_list=[],
        user_id_list=[],
    )


def access_token_get(call: Call) -> Answer:
    """Refresh: a refresh token works once and belongs to one shop."""
    body = call.body(RefreshBody)
    grant = call.market.grants.get(body.refresh_token)
    good = grant is not None and grant.kind == "refresh" and not grant.used and grant.ends > call.world.clock.now()
    if grant is None or not good or body.partner_id != call.app.partner_id or grant.partner_id != body.partner_id:
        raise Refused("error_auth", "Invalid refresh_token.", 403)
    if body.shop_id != grant.shop_id:
        raise Refused("error_auth", "Invalid partner_id or shopid.", 403)
    grant.used = True
    call.market.save_grant(grant)
    call.market.shorten_access(call.app.partner_id, grant.shop_id)
    access, refresh, life_s = _pair(call, grant.shop_id)
    return Flat(
        access_token=access.token,
        refresh_token=refresh.token,
        expire_in=life_s,
        partner_id=call.app.partner_id,
        shop_id=grant.shop_id,
    )


def get_shops_by_partner(call: Call) -> Answer:
    """Shops linked with the app."""
    page, size = call.number("page_no", 1, least=1), call.number("page_size", 100, least=1, most=100)
    linked = [shop for shop in call.market.shops.values() if call.app.partner_id in shop.links]
    rows: list[dict[str, Any]] = [
        {
            "shop_id": shop.shop_id,
            "region": shop.region,
            "auth_time": int(shop.linked_at),
            "expire_time": int(shop.links[call.app.partner_id]),
            "sip_affi_shops": [],
        }
        for shop in linked[(page - 1) * size : page * size]
    ]
    return Flat(authed_shop_list=rows, more=page * size < len(linked))


def auth_partner(call: Call) -> Answer:
    """The signed link: on to the page where a seller says yes."""
    target = call.text("redirect")
    return redirect("/shopee/consent?" + urlencode({"partner_id": call.app.partner_id, "redirect": target}))


def cancel_auth_partner(call: Call) -> Answer:
    """The signed link that ends an authorisation; the seller's page is passed over."""
    target = call.text("redirect")
    shop_id = call.number("shop_id", 0)
    for shop in call.market.shops.values():
        if call.app.partner_id in shop.links and shop_id in (0, shop.shop_id):
            call.market.push.shop_link(call.app.partner_id, shop.shop_id, linked=False)
            del shop.links[call.app.partner_id]
            call.market.save_shop(shop)
    return redirect(target)
