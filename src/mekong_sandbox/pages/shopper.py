"""Listings, a listing, a purchase, an order."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from mekong_sandbox import buying
from mekong_sandbox.http import Reply, Request, json_reply, parse_pairs, redirect
from mekong_sandbox.lazada.model import Order as LazadaOrder
from mekong_sandbox.lazada.model import Product
from mekong_sandbox.money import to_number
from mekong_sandbox.pages.layout import buy_form, live_stock, money, page, shown_image
from mekong_sandbox.shopee.model import Item
from mekong_sandbox.shopee.model import Order as ShopeeOrder
from mekong_sandbox.world import World

PAGE = 60
TITLES = {"shopee": "Shopee (thử)", "lazada": "Lazada (thử)"}


def not_there(market: str, text: str) -> Reply:
    return page(TITLES[market], f"<h1>Không tìm thấy</h1><p>{escape(text)}</p>", home=f"/{market}/", status=404)


# -- what both marketplaces show of a listing


def _variants(listing: Item | Product) -> list[tuple[str, str, str, int, int]]:
    """(id, name, sku, price in minor units, available) of each variant."""
    if isinstance(listing, Item):
        return [
            (str(one.model_id), one.name or listing.name, one.sku or listing.sku, one.price, one.available())
            for one in listing.models
        ]
    return [
        (str(one.sku_id), one.name or listing.name, one.seller_sku, one.selling_price(), one.sellable())
        for one in listing.skus
        if one.status == "active"
    ]


def _currency(world: World, listing: Item | Product) -> str:
    if isinstance(listing, Item):
        return world.shopee.shops[listing.shop_id].currency
    return world.lazada.sellers[listing.seller_id].currency


def _find(world: World, market: str, item_id: str) -> Item | Product | None:
    if not item_id.isdecimal():
        return None
    return world.shopee.items.get(int(item_id)) if market == "shopee" else world.lazada.products.get(int(item_id))


def _on_sale(world: World, market: str, owner: str) -> list[Item | Product]:
    if market == "shopee":
        items = [item for item in world.shopee.items.values() if item.status == "NORMAL"]
        return [item for item in items if owner in ("", str(item.shop_id))]
    products = [one for one in world.lazada.products.values() if one.status == "Active"]
    return [one for one in products if owner in ("", one.seller_id)]


def listings(world: World, market: str, request: Request) -> Reply:
    """All that is on sale; `?q=` finds by name or SKU, `?shop=` keeps one seller, `?page=` counts from 1."""
    query = dict(request.pairs())
    sought = query.get("q", "").casefold()
    number = int(query["page"]) if query.get("page", "").isdecimal() and query["page"] != "0" else 1
    found = _on_sale(world, market, query.get("shop", query.get("seller", "")))
    if sought:
        found = [
            one
            for one in found
            if sought in one.name.casefold() or any(sought in v[2].casefold() for v in _variants(one))
        ]
    cards = []
    for one in found[(number - 1) * PAGE : number * PAGE]:
        variants = _variants(one)
        left = sum(variant[4] for variant in variants)
        price = money(min((variant[3] for variant in variants), default=0), _currency(world, one))
        image = shown_image(one.images[0], one.name) if one.images else ""
        cards.append(
            f'<a class="card" href="/{market}/item/{one.item_id}">{image}<div>{escape(one.name)}</div>'
            f'<div class="price">{price}</div><div class="left soft">Còn {left}</div></a>'
        )
    value = escape(query.get("q", ""), quote=True)
    form = f'<form><label>Tìm<input name="q" value="{value}"></label><button>Tìm</button></form>'
    further = escape("?" + urlencode(query | {"page": str(number + 1)}), quote=True)
    more = f'<p><a href="{further}">Trang sau</a></p>' if len(found) > number * PAGE else ""
    empty = "" if cards else '<p class="soft">Chưa có sản phẩm nào đang bán.</p>'
    body = f'<h1>{len(found)} sản phẩm đang bán</h1>{form}{empty}<div class="grid">{"".join(cards)}</div>{more}'
    return page(TITLES[market], body, home=f"/{market}/")


def listing(world: World, market: str, item_id: str) -> Reply:
    """One listing with its live stock and the form to buy."""
    one = _find(world, market, item_id)
    if one is None:
        return not_there(market, f"Sản phẩm {item_id}")
    currency, variants = _currency(world, one), _variants(one)
    rows = "".join(
        f'<tr><td>{escape(name)}<br><span class="soft">{escape(sku)}</span><td>{money(price, currency)}'
        f'<td class="left" data-stock="{key}">{left}'
        for key, name, sku, price, left in variants
    )
    image = shown_image(one.images[0], one.name) if one.images else ""
    on_sale = one.status in ("NORMAL", "Active")
    form = buy_form(f"/{market}/buy", {"item_id": item_id}, [(v[0], v[1]) for v in variants], can_buy=on_sale)
    notice = "" if on_sale else '<p class="soft">Sản phẩm đã ngừng bán.</p>'
    body = (
        f"<h1>{escape(one.name)}</h1>{image}{notice}"
        f'<div class="card"><table><tr><th>Phân loại<th>Giá<th>Còn lại{rows}</table>'
        f"{form}</div>{live_stock(f'/{market}/item/{item_id}.json')}"
    )
    return page(TITLES[market], body, home=f"/{market}/")


def listing_json(world: World, market: str, item_id: str) -> Reply:
    """The same for programs: `stock` maps each variant id to what a buyer can order."""
    one = _find(world, market, item_id)
    if one is None:
        return json_reply({"error": "not_found", "message": f"item {item_id} not found"}, 404)
    currency, variants = _currency(world, one), _variants(one)
    return json_reply(
        {
            "item_id": one.item_id,
            "name": one.name,
            "status": one.status,
            "currency": currency,
            "available": sum(variant[4] for variant in variants),
            "stock": {variant[0]: variant[4] for variant in variants},
            "variants": [
                {"id": int(key), "name": name, "sku": sku, "price": to_number(price, currency), "available": left}
                for key, name, sku, price, left in variants
            ],
            "at": world.clock.stamp(),
        }
    )


def buy(world: World, market: str, request: Request) -> Reply:
    """The form of a listing page."""
    form = dict(parse_pairs(request.body.decode("utf-8", "replace")))
    numbers = {name: form.get(name, "") for name in ("item_id", "variant", "quantity")}
    if not all(value.isdecimal() for value in numbers.values()):
        return page(TITLES[market], "<h1>Thiếu thông tin</h1><p>Hãy chọn phân loại và số lượng.</p>", status=422)
    item_id, variant, quantity = (int(value) for value in numbers.values())
    buyer = buying.Buyer(form.get("name", ""), form.get("phone", ""))
    try:
        if market == "shopee":
            line = buying.BuyLine(quantity=quantity, item_id=item_id, model_id=variant)
            made = buying.buy_shopee(world, buying.Purchase([line], buyer=buyer, cod=True))
        else:
            line = buying.BuyLine(quantity=quantity, sku_id=variant)
            made = buying.buy_lazada(world, buying.Purchase([line], buyer=buyer, cod=True))
    except buying.Refused as refused:
        if refused.status == 409:
            text = f"Chỉ còn {refused.answer.get('available', 0)} sản phẩm. Hãy giảm số lượng."
            body = f'<h1>Hết hàng</h1><p>{text}</p><p><a href="/{market}/item/{item_id}">Quay lại</a></p>'
            return page(TITLES[market], body, home=f"/{market}/", status=409)
        return page(TITLES[market], f"<h1>Không mua được</h1><p>{escape(str(refused))}</p>", status=refused.status)
    world.store.flush()
    return redirect(f"/{market}/order/{made['order_id']}")


def _lines(order: ShopeeOrder | LazadaOrder) -> list[tuple[str, int, int, str]]:
    """(name, units, price each, status) of each line."""
    if isinstance(order, ShopeeOrder):
        return [(f"{one.item_name} {one.model_name}", one.quantity, one.price, order.status) for one in order.lines]
    return [(f"{run.name} {run.variation}", run.count, run.paid_price, run.status) for run in order.units]


def order_page(world: World, market: str, order_id: str) -> Reply:
    """An order as its buyer sees it."""
    found: ShopeeOrder | LazadaOrder | None
    if market == "shopee":
        found = world.shopee.orders.get(order_id)
    else:
        found = world.lazada.orders.get(int(order_id)) if order_id.isdecimal() else None
    if found is None:
        return not_there(market, f"Đơn hàng {order_id}")
    lines = _lines(found)
    rows = "".join(
        f"<tr><td>{escape(name)}<td>{units}<td>{money(price, found.currency)}<td>{escape(status)}"
        for name, units, price, status in lines
    )
    total = money(sum(units * price for _, units, price, _ in lines), found.currency)
    body = (
        f"<h1>Đơn hàng {escape(order_id)}</h1><p>Người nhận: {escape(found.buyer_name)}. Tổng cộng: "
        f'<span class="price">{total}</span></p>'
        f'<div class="card"><table><tr><th>Sản phẩm<th>Số lượng<th>Đơn giá<th>Trạng thái{rows}</table></div>'
    )
    return page(TITLES[market], body, home=f"/{market}/")
