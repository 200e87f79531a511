"""Where a seller lets an app in: the page behind the signed link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mekong_sandbox.http import Reply, Request, redirect
from mekong_sandbox.pages.consent import form, is_web, sent_with, with_query, wrong

if TYPE_CHECKING:
    from mekong_sandbox.shopee.market import ShopeeMarket


def consent(market: ShopeeMarket, request: Request) -> Reply:
    """GET shows the page; POST links the shop and goes back with `code` and `shop_id`."""
    sent = sent_with(request)
    partner_id = sent.get("partner_id", "")
    target = sent.get("redirect") or sent.get("redirect_uri", "")
    app = market.apps.get(int(partner_id)) if partner_id.isdecimal() else None
    if app is None or not is_web(target):
        return wrong("partner_id hoặc redirect không đúng.")
    state = {"state": sent["state"]} if sent.get("state") else {}
    if request.method != "POST":
        shops = [(str(shop.shop_id), f"{shop.name} ({shop.shop_id})") for shop in market.shops.values()]
        hidden = {"partner_id": partner_id, "redirect": target, **state}
        return form("Shopee (thử)", partner_id, shops, hidden, "/shopee/consent")
    owner = sent.get("owner", "")
    if not owner.isdecimal() or int(owner) not in market.shops:
        return wrong("Gian hàng không đúng.")
    grant = market.authorise(app.partner_id, int(owner))
    market.push.shop_link(app.partner_id, int(owner), linked=True)
    market.world.store.flush()
    return redirect(with_query(target, {"code": grant.token, "shop_id": owner, **state}))
