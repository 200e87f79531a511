"""Listings, a listing, a purchase, an order."""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import urlencode

import msgspec

from mekong_sandbox import buying
from mekong_sandbox.http import Reply, Request, json_reply, parse_pairs, redirect
from mekong_sandbox.money import to_number
from mekong_sandbox.pages.layout import buy_form, live_stock, money, page, shown_image
from mekong_sandbox.platform import Platform, ShownVariant

PAGE = 60
TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)[^>]*>")
BREAKS = ("p", "br", "li", "ul", "ol", "div", "h1", "h2", "h3", "h4", "img")


def not_there(platform: Platform, text: str) -> Reply:
    body = f"<h1>Không tìm thấy</h1><p>{escape(text)}</p>"
    return page(platform.title, body, home=f"/{platform.name}/", status=404)


def described(text: str) -> str:
    """A description as shoppers read it: the tags of rich ones are taken off, lines stay lines."""
    bare = TAG.sub(lambda found: "\n" if found[1].lower() in BREAKS else " ", text)
    lines = (" ".join(unescape(line).split()) for line in bare.splitlines())
    return "<br>".join(escape(line) for line in lines if line)


def _price(one: ShownVariant, currency: str) -> str:
    """What is paid now, and before it, struck out, what it is without the sale."""
    now = money(one.price, currency)
    if one.list_price is None or one.list_price <= one.price:
        return now
    return f"<s>{money(one.list_price, currency)}</s> {now}"


def listings(platform: Platform, request: Request) -> Reply:
    """All that is on sale; `?q=` finds by name or SKU, `?shop=` keeps one seller, `?page=` counts from 1."""
    query = dict(request.pairs())
    sought = query.get("q", "").casefold()
    number = int(query["page"]) if query.get("page", "").isdecimal() and query["page"] != "0" else 1
    found = platform.listings(query.get("shop", query.get("seller", "")))
    if sought:
        found = [
            one
            for one in found
            if sought in one.name.casefold() or any(sought in each.sku.casefold() for each in one.variants)
        ]
    cards = []
    for one in found[(number - 1) * PAGE : number * PAGE]:
        left = sum(variant.available for variant in one.variants)
        price = money(min((variant.price for variant in one.variants), default=0), one.currency)
        image = shown_image(one.images[0], one.name) if one.images else ""
        cards.append(
            f'<a class="card" href="/{platform.name}/item/{one.item_id}">{image}<div>{escape(one.name)}</div>'
            f'<div class="price">{price}</div><div class="left soft">Còn {left}</div></a>'
        )
    value = escape(query.get("q", ""), quote=True)
    form = f'<form><label>Tìm<input name="q" value="{value}"></label><button>Tìm</button></form>'
    further = escape("?" + urlencode(query | {"page": str(number + 1)}), quote=True)
    more = f'<p><a href="{further}">Trang sau</a></p>' if len(found) > number * PAGE else ""
    empty = "" if cards else '<p class="soft">Chưa có sản phẩm nào đang bán.</p>'
    body = f'<h1>{len(found)} sản phẩm đang bán</h1>{form}{empty}<div class="grid">{"".join(cards)}</div>{more}'
    return page(platform.title, body, home=f"/{platform.name}/")


def listing(platform: Platform, item_id: str) -> Reply:
    """One listing with its live stock and the form to buy."""
    one = platform.listing(item_id)
    if one is None:
        return not_there(platform, f"Sản phẩm {item_id}")
    rows = "".join(
        f"<tr><td>{shown_image(each.image, each.name, 40)} {escape(each.name)}<br>"
        f'<span class="soft">{escape(each.sku)}</span><td>'
        f'{_price(each, one.currency)}<td class="left" data-stock="{escape(each.id)}">{each.available}'
        for each in one.variants
    )
    image = "".join(shown_image(url, one.name) for url in one.images)
    words = f'<div class="words">{described(one.description)}</div>' if one.description else ""
    choices = [(each.id, each.name) for each in one.variants]
    form = buy_form(f"/{platform.name}/buy", {"item_id": item_id}, choices, can_buy=one.is_on_sale)
    notice = "" if one.is_on_sale else '<p class="soft">Sản phẩm đã ngừng bán.</p>'
    body = (
        f'<h1>{escape(one.name)}</h1><div class="grid">{image}</div>{notice}{words}'
        f'<div class="card"><table><tr><th>Phân loại<th>Giá<th>Còn lại{rows}</table>'
        f"{form}</div>{live_stock(f'/{platform.name}/item/{item_id}.json')}"
    )
    return page(platform.title, body, home=f"/{platform.name}/")


def listing_json(platform: Platform, item_id: str) -> Reply:
    """The same for programs: `stock` maps each variant id to what a buyer can order."""
    one = platform.listing(item_id)
    if one is None:
        return json_reply({"error": "not_found", "message": f"item {item_id} not found"}, 404)
    return json_reply(
        {
            "item_id": int(one.item_id) if one.item_id.isdecimal() else one.item_id,
            "name": one.name,
            "status": one.status,
            "currency": one.currency,
            "available": sum(each.available for each in one.variants),
            "stock": {each.id: each.available for each in one.variants},
            "variants": [
                {
                    "id": int(each.id) if each.id.isdecimal() else each.id,
                    "name": each.name,
                    "sku": each.sku,
                    "price": to_number(each.price, one.currency),
                    "list_price": to_number(each.price if each.list_price is None else each.list_price, one.currency),
                    "available": each.available,
                }
                for each in one.variants
            ],
            "at": platform.world.clock.stamp(),
        }
    )


def buy(platform: Platform, request: Request) -> Reply:
    """The form of a listing page."""
    form = dict(parse_pairs(request.body.decode("utf-8", "replace")))
    item_id, variant, quantity = (form.get(name, "") for name in ("item_id", "variant", "quantity"))
    found = platform.listing(item_id)
    if found is None or variant not in {each.id for each in found.variants} or not quantity.isdecimal():
        return page(platform.title, "<h1>Thiếu thông tin</h1><p>Hãy chọn phân loại và số lượng.</p>", status=422)
    buyer = buying.Buyer(form.get("name", ""), form.get("phone", ""))
    line = msgspec.convert(platform.purchase_line(item_id, variant, int(quantity)), buying.BuyLine)
    purchase = buying.Purchase([line], buyer=buyer, cod=True)
    try:
        buying.check(purchase)
        made = platform.buy(purchase)
    except buying.Refused as refused:
        home = f"/{platform.name}/"
        if refused.status == 409:
            text = f"Chỉ còn {refused.answer.get('available', 0)} sản phẩm. Hãy giảm số lượng."
            body = f'<h1>Hết hàng</h1><p>{text}</p><p><a href="{home}item/{escape(item_id)}">Quay lại</a></p>'
            return page(platform.title, body, home=home, status=409)
        return page(platform.title, f"<h1>Không mua được</h1><p>{escape(str(refused))}</p>", status=refused.status)
    platform.world.store.flush()
    return redirect(f"/{platform.name}/order/{made['order_id']}")


def order_page(platform: Platform, order_id: str) -> Reply:
    """An order as its buyer sees it."""
    found = platform.order(order_id)
    if found is None:
        return not_there(platform, f"Đơn hàng {order_id}")
    rows = "".join(
        f"<tr><td>{escape(name)}<td>{units}<td>{money(price, found.currency)}<td>{escape(status)}"
        for name, units, price, status in found.lines
    )
    total = money(sum(units * price for _, units, price, _ in found.lines), found.currency)
    body = (
        f"<h1>Đơn hàng {escape(order_id)}</h1><p>Người nhận: {escape(found.buyer_name)}. Tổng cộng: "
        f'<span class="price">{total}</span></p>'
        f'<div class="card"><table><tr><th>Sản phẩm<th>Số lượng<th>Đơn giá<th>Trạng thái{rows}</table></div>'
    )
    return page(platform.title, body, home=f"/{platform.name}/")
