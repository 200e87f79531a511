"""`POST /sc/oauth2/token`: codes, refresh tokens and apps themselves become access tokens (protocol notes, section 2)."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING, Any

from mekong_sandbox.http import Reply, Request, json_reply, parse_pairs
from mekong_sandbox.tiki.model import App, Grant

if TYPE_CHECKING:
    from mekong_sandbox.tiki.market import TikiMarket

TOKEN_PATH = "/sc/oauth2/token"  # noqa: S105 - a path
BASIC, POST = "client_secret_basic", "client_secret_post"


class BadGrant(Exception):
    """An OAuth 2 error."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.answer = {"error": error, "error_description": description}
        self.status = status


def token(market: TikiMarket, request: Request) -> Reply:
    """Answer a token request. What was issued is on disk before the reply."""
    try:
        if request.method != "POST":
            raise BadGrant("invalid_request", "Use POST.", 405)
        if request.content_type != "application/x-www-form-urlencoded":
            raise BadGrant("invalid_request", "The body must be application/x-www-form-urlencoded.")
        form = dict(parse_pairs(request.body.decode("utf-8", "replace")))
        got = _issued(market, _client(market, request, form), form)
    except BadGrant as bad:
        return json_reply(bad.answer, bad.status)
    market.world.store.flush()
    return json_reply(got)


def _client(market: TikiMarket, request: Request, form: dict[str, str]) -> App:
    """The app, by either way to authenticate, as far as it was registered for that way. Raises: BadGrant."""
    header = request.headers.get("authorization", "")
    if header:
        method, (app_key, secret) = BASIC, _basic(header)
    else:
        method, app_key, secret = POST, form.get("client_id", ""), form.get("client_secret", "")
    app = market.apps.get(app_key)
    if app is None or not hmac.compare_digest(app.app_secret.encode(), secret.encode()):
        raise BadGrant("invalid_client", "Client authentication failed.", 401)
    if app.auth_method not in ("", method):
        raise BadGrant("invalid_client", f"The client is registered for {app.auth_method}.", 401)
    if form.get("client_id", app_key) != app_key:
        raise BadGrant("invalid_request", "client_id is not the client that authenticated.")
    return app


def _basic(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    app_key, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise BadGrant("invalid_client", "The Authorization header is not Basic.", 401)
    return app_key, secret


def _issued(market: TikiMarket, app: App, form: dict[str, str]) -> dict[str, Any]:
    match form.get("grant_type", ""):
        case "authorization_code":
            code = _living(market, app, "code", form.get("code", ""))
            if code.redirect_uri and form.get("redirect_uri", "") != code.redirect_uri:
                raise BadGrant("invalid_grant", "redirect_uri is not the one of the consent.")
            seller_id, scopes = _used(market, code)
        case "refresh_token":
            seller_id, scopes = _used(market, _living(market, app, "refresh", form.get("refresh_token", "")))
        case "client_credentials":
            seller_id, scopes = app.owner, [scope for scope in app.scopes if scope != "offline"]
            if form.get("scope"):
                scopes = form["scope"].split()
                if not set(scopes) <= set(app.scopes) - {"offline"}:
                    raise BadGrant("invalid_scope", "The client may not have this scope.")
        case _:
            raise BadGrant("unsupported_grant_type", "The grant type is not supported.")
    access, refresh = market.tokens(app.app_key, seller_id, scopes)
    answer = {
        "access_token": access.token,
        "expires_in": market.world.settings.tiki_access_token_s,
        "scope": " ".join(scopes),
        "token_type": "bearer",
    }
    return answer | {"refresh_token": refresh.token} if refresh else answer


def _living(market: TikiMarket, app: App, kind: str, value: str) -> Grant:
    """A code or refresh token of the app that can still be used, once. Raises: BadGrant."""
    grant = market.grants.get(value)
    good = grant is not None and grant.kind == kind and not grant.used and grant.ends > market.world.clock.now()
    if grant is None or not good or grant.app_key != app.app_key:
        raise BadGrant("invalid_grant", "The grant is invalid, expired, revoked or of another client.")
    return grant


def _used(market: TikiMarket, grant: Grant) -> tuple[int, list[str]]:
    grant.used = True
    market.save_grant(grant)
    return grant.seller_id, grant.scopes
