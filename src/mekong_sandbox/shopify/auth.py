"""Installing an app: the merchant's consent, the code, the tokens (protocol notes, section 2)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from mekong_sandbox.http import Reply, Request, json_reply, parse_pairs, redirect
from mekong_sandbox.pages.consent import form, is_web, sent_with, with_query, wrong
from mekong_sandbox.shopify import gate
from mekong_sandbox.shopify.market import ACCESS_LIFE_S, REFRESH_LIFE_S
from mekong_sandbox.shopify.model import Grant
from mekong_sandbox.shopify.signing import same, sign_callback

if TYPE_CHECKING:
    from mekong_sandbox.shopify.market import ShopifyMarket

AUTHORIZE, TOKEN = "/admin/oauth/authorize", "/admin/oauth/access_token"


def consent(market: ShopifyMarket, request: Request) -> Reply:
    """GET shows the page; POST notes the consent and goes back with `code`, `shop`, `state`, `timestamp` and `hmac`."""
    sent = sent_with(request)
    shop, app = market.shops.get(gate.shop_of(request)), market.apps.get(sent.get("client_id", ""))
    target = sent.get("redirect_uri", "")
    if shop is None or app is None or not is_web(target):
        return wrong("client_id hoặc redirect_uri không đúng.")
    hidden: dict[str, str] = {
        name: sent[name] for name in ("client_id", "redirect_uri", "scope", "state") if name in sent
    }
    if request.method != "POST":
        choices = [(shop.shop_id, f"{shop.name} ({shop.domain})")]
        return form("Shopify (thử)", app.client_id, choices, hidden, request.path)
    code = market.install(app.client_id, shop.shop_id, sent.get("scope", ""))
    host = base64.b64encode(f"admin.shopify.com/store/{shop.shop_id}".encode()).decode().rstrip("=")
    params = {"code": code.token, "host": host, "shop": shop.domain, "timestamp": str(int(market.world.clock.stamp()))}
    if "state" in sent:
        params["state"] = sent["state"]
    market.world.store.flush()
    return redirect(with_query(target, params | {"hmac": sign_callback(app.client_secret, params)}))


def _refused(error: str, text: str = "") -> Reply:
    return json_reply({"error": error} | ({"error_description": text} if text else {}), 400)


def tokens(market: ShopifyMarket, request: Request) -> Reply:
    """Exchange a code once, or a refresh token. `expiring=1` asks for a token that runs out and can be refreshed."""
    try:
        if request.content_type == "application/json":
            sent = {name: str(value) for name, value in msgspec.json.decode(request.body, type=dict[str, Any]).items()}
        else:
            sent = dict(parse_pairs(request.body.decode("utf-8", "replace")))
    except (msgspec.DecodeError, msgspec.ValidationError):
        return _refused("invalid_request", "The body is not a JSON object")
    shop, app = market.shops.get(gate.shop_of(request)), market.apps.get(sent.get("client_id", ""))
    if shop is None or app is None or not same(sent.get("client_secret", ""), app.client_secret):
        return _refused("application_cannot_be_found")
    refreshing = sent.get("grant_type") == "refresh_token"
    kind = "refresh" if refreshing else "code"
    grant = market.valid(sent.get("refresh_token" if refreshing else "code", ""), kind)
    if grant is None or (grant.client_id, grant.shop_id) != (app.client_id, shop.shop_id):
        if refreshing:
            return _refused("invalid_grant", "The refresh token is invalid, expired or was used before")
        return _refused("invalid_request", "The authorization code was not found or was already used")
    if refreshing:
        # Asked again for an answer that was lost: the tokens nobody got are taken back.
        market.drop(lambda one: one.replaces == grant.token)
    else:
        grant.used = True
        market.save_grant(grant)
    row = issue(market, grant, expiring=refreshing or sent.get("expiring") == "1")
    market.world.store.flush()
    return json_reply(row)


def issue(market: ShopifyMarket, grant: Grant, *, expiring: bool) -> dict[str, Any]:
    """Issue tokens for a code or a refresh token."""
    who = grant.client_id, grant.shop_id
    access = market.grant("access", *who, grant.scope, ACCESS_LIFE_S if expiring else None)
    row: dict[str, Any] = {"access_token": access.token, "scope": access.scope}
    if expiring:
        refresh = market.grant("refresh", *who, grant.scope, REFRESH_LIFE_S)
        row |= {"expires_in": ACCESS_LIFE_S, "refresh_token": refresh.token}
        row["refresh_token_expires_in"] = REFRESH_LIFE_S
        if grant.kind == "refresh":
            for one in (access, refresh):
                one.replaces = grant.token
                market.save_grant(one)
    return row
