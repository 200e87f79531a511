"""Where a seller lets an app in: `/sc/oauth2/auth`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mekong_sandbox.http import Reply, Request, redirect
from mekong_sandbox.pages.consent import form, is_web, sent_with, with_query, wrong
from mekong_sandbox.tiki.model import App

if TYPE_CHECKING:
    from mekong_sandbox.tiki.market import TikiMarket

PATH = "/sc/oauth2/auth"
SHORTEST_STATE = 8


def _refused(app: App, sent: dict[str, str]) -> tuple[str, str] | None:
    """What is wrong with a request that may be told to the app itself."""
    if sent.get("response_type", "") != "code":
        return "unsupported_response_type", "Use response_type=code."
    if len(sent.get("state", "")) < SHORTEST_STATE:
        return "invalid_state", f"state must have at least {SHORTEST_STATE} characters."
    if not set(sent.get("scope", "").split()) <= {*app.scopes, "all"}:
        return "invalid_scope", "The client may not ask for this scope."
    return None


def consent(market: TikiMarket, request: Request) -> Reply:
    """GET shows the page; POST notes the consent and goes back with `code`, `scope` and `state`."""
    sent = sent_with(request)
    app, target = market.apps.get(sent.get("client_id", "")), sent.get("redirect_uri", "")
    if app is None or not is_web(target) or (app.redirect_uris and target not in app.redirect_uris):
        return wrong("client_id hoặc redirect_uri không đúng.")
    state = {"state": sent["state"]} if sent.get("state") else {}
    bad = _refused(app, sent)
    if bad:
        return redirect(with_query(target, {"error": bad[0], "error_description": bad[1], **state}))
    if request.method != "POST":
        sellers = [(str(one.seller_id), f"{one.name} ({one.seller_id})") for one in market.sellers.values()]
        asked = {name: sent.get(name, "") for name in ("response_type", "client_id", "redirect_uri", "scope", "state")}
        return form("Tiki (thử)", app.app_key, sellers, asked, PATH)
    owner = sent.get("owner", "")
    seller_id = int(owner) if owner.isdecimal() else 0
    if seller_id not in market.sellers or app.owner not in (0, seller_id):
        return wrong("Gian hàng không đúng.")
    scopes = sent.get("scope", "").split()
    code = market.authorise(app.app_key, seller_id, scopes, target)
    market.world.store.flush()
    return redirect(with_query(target, {"code": code.token, "scope": " ".join(scopes), **state}))
