"""Where a seller lets an app in: `/oauth/authorize`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mekong_sandbox.http import Reply, Request, redirect
from mekong_sandbox.pages.consent import form, is_web, sent_with, with_query, wrong

if TYPE_CHECKING:
    from mekong_sandbox.lazada.market import LazadaMarket


def consent(market: LazadaMarket, request: Request) -> Reply:
    """GET shows the page; POST notes the consent and goes back with `code` and `state`."""
    sent = sent_with(request)
    app, target = market.apps.get(sent.get("client_id", "")), sent.get("redirect_uri", "")
    if app is None or not is_web(target) or sent.get("response_type", "code") != "code":
        return wrong("client_id, redirect_uri hoặc response_type không đúng.")
    state = {"state": sent["state"]} if sent.get("state") else {}
    if request.method != "POST":
        sellers = [(one.seller_id, f"{one.name} ({one.seller_id})") for one in market.sellers.values()]
        hidden = {"client_id": app.app_key, "redirect_uri": target, "response_type": "code", **state}
        return form("Lazada (thử)", app.app_key, sellers, hidden, "/oauth/authorize")
    if sent.get("owner", "") not in market.sellers:
        return wrong("Gian hàng không đúng.")
    grant = market.authorise(app.app_key, sent["owner"])
    market.world.store.flush()
    return redirect(with_query(target, {"code": grant.token, **state}))
