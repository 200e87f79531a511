"""Which page is where."""

from __future__ import annotations

from mekong_sandbox.http import Reply, Request, redirect
from mekong_sandbox.pages import consent, shopper
from mekong_sandbox.pages.layout import page
from mekong_sandbox.world import World


def answer(world: World, request: Request) -> Reply:
    """Answer a request for a page."""
    path = request.path
    if path == "/":
        return page(
            "Sàn thử nghiệm", '<p><a href="/shopee/">Shopee (thử)</a></p><p><a href="/lazada/">Lazada (thử)</a></p>'
        )
    if path == "/oauth/authorize":
        return consent.lazada(world, request)
    if path in ("/shopee/consent", "/auth"):
        return consent.shopee(world, request)
    market, _, rest = path[1:].partition("/")
    if market not in shopper.TITLES:
        return page("Không tìm thấy", "<h1>Không tìm thấy</h1>", status=404)
    if request.method == "POST":
        if rest == "buy":
            return shopper.buy(world, market, request)
        return page("Không tìm thấy", "<h1>Không tìm thấy</h1>", status=404)
    return _shopper(world, market, rest, request)


def _shopper(world: World, market: str, rest: str, request: Request) -> Reply:
    kind, _, name = rest.partition("/")
    if not rest:
        return shopper.listings(world, market, request) if request.path.endswith("/") else redirect(f"/{market}/")
    if kind == "item" and name.endswith(".json"):
        return shopper.listing_json(world, market, name.removesuffix(".json"))
    if kind == "item":
        return shopper.listing(world, market, name)
    if kind == "order":
        return shopper.order_page(world, market, name)
    return shopper.not_there(market, request.path)
