"""Where a seller lets an app in: Shopee's page behind the signed link, and Lazada's `/oauth/authorize`."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from mekong_sandbox.http import Reply, Request, parse_pairs, redirect
from mekong_sandbox.pages.layout import page
from mekong_sandbox.world import World


def _with_query(url: str, more: dict[str, str]) -> str:
    base, hash_mark, fragment = url.partition("#")
    return f"{base}{'&' if '?' in base else '?'}{urlencode(more)}{hash_mark}{fragment}"


def _form(title: str, app: str, choices: list[tuple[str, str]], hidden: dict[str, str], action: str) -> Reply:
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    options = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in choices)
    body = (
        f'<h1>Cho phép ứng dụng {escape(app)}?</h1><div class="card">'
        "<p>Ứng dụng sẽ xem và sửa sản phẩm, tồn kho và đơn hàng của gian hàng.</p>"
        f'<form method="post" action="{action}">{fields}'
        f'<label>Gian hàng<select name="owner">{options}</select></label>'
        f"<button>Cho phép / Allow</button></form></div>"
    )
    if not choices:
        body = "<h1>Chưa có gian hàng nào</h1><p>Hãy tạo gian hàng thử trước.</p>"
    return page(title, body)


def _wrong(text: str) -> Reply:
    return page("Liên kết không đúng", f"<h1>Liên kết không đúng</h1><p>{escape(text)}</p>", status=422)


def _safe(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def shopee(world: World, request: Request) -> Reply:
    """GET shows the page; POST links the shop and goes back with `code` and `shop_id`."""
    sent = dict(request.pairs()) | dict(parse_pairs(request.body.decode("utf-8", "replace")))
    partner_id = sent.get("partner_id", "")
    target = sent.get("redirect") or sent.get("redirect_uri", "")
    app = world.shopee.apps.get(int(partner_id)) if partner_id.isdecimal() else None
    if app is None or not _safe(target):
        return _wrong("partner_id hoặc redirect không đúng.")
    state = {"state": sent["state"]} if sent.get("state") else {}
    if request.method != "POST":
        shops = [(str(shop.shop_id), f"{shop.name} ({shop.shop_id})") for shop in world.shopee.shops.values()]
        hidden = {"partner_id": partner_id, "redirect": target, **state}
        return _form("Shopee (thử)", partner_id, shops, hidden, "/shopee/consent")
    owner = sent.get("owner", "")
    if not owner.isdecimal() or int(owner) not in world.shopee.shops:
        return _wrong("Gian hàng không đúng.")
    grant = world.shopee.authorise(app.partner_id, int(owner))
    world.shopee.push.shop_link(app.partner_id, int(owner), linked=True)
    world.store.flush()
    return redirect(_with_query(target, {"code": grant.token, "shop_id": owner, **state}))


def lazada(world: World, request: Request) -> Reply:
    """GET shows the page; POST notes the consent and goes back with `code` and `state`."""
    sent = dict(request.pairs()) | dict(parse_pairs(request.body.decode("utf-8", "replace")))
    app, target = world.lazada.apps.get(sent.get("client_id", "")), sent.get("redirect_uri", "")
    if app is None or not _safe(target) or sent.get("response_type", "code") != "code":
        return _wrong("client_id, redirect_uri hoặc response_type không đúng.")
    state = {"state": sent["state"]} if sent.get("state") else {}
    if request.method != "POST":
        sellers = [(one.seller_id, f"{one.name} ({one.seller_id})") for one in world.lazada.sellers.values()]
        hidden = {"client_id": app.app_key, "redirect_uri": target, "response_type": "code", **state}
        return _form("Lazada (thử)", app.app_key, sellers, hidden, "/oauth/authorize")
    if sent.get("owner", "") not in world.lazada.sellers:
        return _wrong("Gian hàng không đúng.")
    grant = world.lazada.authorise(app.app_key, sent["owner"])
    world.store.flush()
    return redirect(_with_query(target, {"code": grant.token, **state}))
