"""Which page is where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mekong_sandbox.http import Reply, Request, redirect
from mekong_sandbox.pages import shopper
from mekong_sandbox.pages.layout import page
from mekong_sandbox.platform import Platform

if TYPE_CHECKING:
    from mekong_sandbox.world import World


def answer(world: World, request: Request) -> Reply:
    """Answer a request for a page."""
    if request.path == "/":
        links = (f'<p><a href="/{one.name}/">{one.title}</a></p>' for one in world.platforms.values())
        return page("Sàn thử nghiệm", "".join(links))
    for platform in world.platforms.values():
        asked = platform.consent(request)
        if asked is not None:
            return asked
    name, _, rest = request.path[1:].partition("/")
    platform_there = world.platforms.get(name)
    if platform_there is None:
        return page("Không tìm thấy", "<h1>Không tìm thấy</h1>", status=404)
    if request.method == "POST":
        if rest == "buy":
            return shopper.buy(platform_there, request)
        return page("Không tìm thấy", "<h1>Không tìm thấy</h1>", status=404)
    return _shopper(platform_there, rest, request)


def _shopper(platform: Platform, rest: str, request: Request) -> Reply:
    kind, _, name = rest.partition("/")
    if not rest:
        at_root = request.path.endswith("/")
        return shopper.listings(platform, request) if at_root else redirect(f"/{platform.name}/")
    if kind == "item" and name.endswith(".json"):
        return shopper.listing_json(platform, name.removesuffix(".json"))
    if kind == "item":
        return shopper.listing(platform, name)
    if kind == "order":
        return shopper.order_page(platform, name)
    return shopper.not_there(platform, request.path)
