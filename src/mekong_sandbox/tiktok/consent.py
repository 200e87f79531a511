"""Where a seller lets an app in: `/open/authorize`, and the older `/oauth/authorize` when it names an `app_key`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mekong_sandbox.http import Reply, Request, redirect
from mekong_sandbox.pages.consent import form, is_web, sent_with, with_query, wrong

if TYPE_CHECKING:
    from mekong_sandbox.tiktok.market import TikTokMarket

PATH = "/open/authorize"
OLD_PATH = "/oauth/authorize"


def consent(market: TikTokMarket, request: Request) -> Reply | None:
    """GET shows the page; POST notes the consent and leads to the app's redirect URL. None: the page is another's."""
    sent = sent_with(request)
    if request.path != PATH and (request.path != OLD_PATH or "app_key" not in sent):
        return None
    service_id, app_key = sent.get("service_id", ""), sent.get("app_key", "")
    app = market.app_of_service(service_id) if service_id else market.apps.get(app_key)
    if app is None:
        return wrong("service_id không đúng.")
    if not is_web(app.redirect_url):
        return wrong("Ứng dụng chưa có redirect URL.")
    state = {"state": sent["state"]} if sent.get("state") else {}
    if request.method != "POST":
        shops = [(shop.shop_id, f"{shop.name} ({shop.shop_id})") for shop in market.shops.values()]
        return form("TikTok Shop (thử)", app.app_key, shops, {"service_id": app.service_id, **state}, PATH)
    shop = market.shops.get(sent.get("owner", ""))
    if shop is None:
        return wrong("Gian hàng không đúng.")
    grant = market.authorise(app.app_key, shop.shop_id)
    market.world.store.flush()
    told = {"app_key": app.app_key, "code": grant.token, "locale": "vi-VN", "shop_region": shop.region, **state}
    return redirect(with_query(app.redirect_url, told))
