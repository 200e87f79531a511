"""Tokens, unsigned and with the secret in the query, and the shops they open (protocol notes, section 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import Reply, Request, encode_json
from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import TOKEN_PATHS, Call, refusal, request_id
from mekong_sandbox.tiktok.model import App, Grant

if TYPE_CHECKING:
    from mekong_sandbox.tiktok.market import TikTokMarket

SCOPES = ["seller.authorization.info", "seller.product.basic", "seller.product.write", "seller.order.info"]
SCOPES += ["seller.fulfillment.basic", "seller.logistics", "seller.return_refund.basic", "seller.shop.info"]


def answer(market: TikTokMarket, request: Request) -> Reply:
    """Answer a call for tokens; on disk before the reply."""
    try:
        data = _tokens(market, request)
    except Refused as refused:
        return refusal(refused)
    market.world.store.flush()
    return Reply(encode_json({"code": 0, "message": "success", "request_id": request_id(), "data": data}))


def _tokens(market: TikTokMarket, request: Request) -> dict[str, Any]:
    if request.method != "GET":
        raise Refused(codes.NO_SUCH_METHOD, "Invalid method. The HTTP method used is not supported.", 405)
    sent = dict(request.pairs())
    app = market.apps.get(sent.get("app_key", ""))
    if app is None or app.app_secret != sent.get("app_secret", ""):
        raise codes.invalid("Invalid credentials. Invalid 'app_key' or 'app_secret' query parameter.")
    exchange = request.path == TOKEN_PATHS[0]
    if sent.get("grant_type") != ("authorized_code" if exchange else "refresh_token"):
        raise codes.invalid("Invalid grant_type.")
    if exchange:
        code = _good(market, app, "code", sent.get("auth_code", ""))
        code.used = True
        market.save_grant(code)
        return token_data(market, *market.token_pair(app.app_key, code.shop_id))
    # Nothing says that a refresh ends the token it was made with; software that lost the answer may ask again.
    refresh = _good(market, app, "refresh", sent.get("refresh_token", ""))
    return token_data(market, *market.token_pair(app.app_key, refresh.shop_id, refresh.ends))


def _good(market: TikTokMarket, app: App, kind: str, token: str) -> Grant:
    grant = market.grants.get(token)
    good = grant is not None and grant.kind == kind and not grant.used and grant.ends > market.world.clock.now()
    if grant is None or not good or grant.app_key != app.app_key:
        if kind == "code":
            raise Refused(codes.BAD_AUTH_CODE, "Invalid auth code.")
        raise Refused(codes.BAD_REFRESH_TOKEN, "Invalid refresh token.")
    return grant


def token_data(market: TikTokMarket, access: Grant, refresh: Grant) -> dict[str, Any]:
    """Tokens as answered. The ends are unix seconds of the wall clock, which the caller's is."""
    shop, offset_s = market.shops[access.shop_id], market.world.clock.offset_s
    return {
        "access_token": access.token,
        "access_token_expire_in": int(access.ends - offset_s),
        "refresh_token": refresh.token,
        "refresh_token_expire_in": int(refresh.ends - offset_s),
        "open_id": shop.open_id,
        "seller_name": shop.name,
        "seller_base_region": shop.region,
        "user_type": 0,
        "granted_scopes": SCOPES,
    }


def get_authorized_shops(call: Call) -> dict[str, Any]:
    """The shop the token opens, with the cipher that nearly every other call wants."""
    shop = call.market.shops[call.grant.shop_id]
    row = {"id": shop.shop_id, "name": shop.name, "region": shop.region, "seller_type": "LOCAL"}
    return {"shops": [row | {"cipher": shop.cipher, "code": shop.code}]}


def get_active_shops(call: Call) -> dict[str, Any]:
    """The seller's shops; a local seller has one."""
    shop = call.market.shops[call.grant.shop_id]
    return {"shops": [{"id": shop.shop_id, "region": shop.region}]}
