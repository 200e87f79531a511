"""Products published to the stand-ins of web shops, over HTTP: each connector from the categories to the end of sale."""

from __future__ import annotations

import asyncio
import struct
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from benchmarks.marketplaces import STALLS
from mekong.channels.socket import Account, RateLimit, Request, Response, StockPush
from mekong.channels.socket.publishing import (
    Draft,
    DraftOption,
    DraftVariant,
    Picture,
    Published,
    PublishedState,
    RemoteCategory,
    Value,
)
from mekong.channels.transport import HttpTransport, Wires, origins_of
from mekong.connectors.shopify.connector import Shopify
from mekong.connectors.woocommerce.connector import WooCommerce
from mekong.foundation.errors import RemoteRefused, Unavailable
from tests.support.marketplaces import Sandbox

MARKETS = ("shopify", "woocommerce")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    process.stop()


def a_picture(colour: tuple[int, int, int]) -> bytes:
    """A PNG of 600 x 600 of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + bytes(colour) * 600) * 600
    head = struct.pack(">IIBBBBB", 600, 600, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PICTURES = {"truoc": a_picture((200, 30, 30)), "sau": a_picture((30, 30, 200)), "do": a_picture((250, 0, 0))}


@pytest.fixture(scope="module")
def album() -> Iterator[str]:
    """The address at which our pictures can be fetched."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = PICTURES.get(self.path.strip("/").removesuffix(".png"))
            self.send_response(200 if content else 404)
            self.send_header("content-type", "image/png")
            self.send_header("content-length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@dataclass
class Watched:
    """A transport that counts the calls that change something. `loses`: which one's answer is lost, when it is done."""

    transport: HttpTransport
    writes: int = 0
    loses: int = 0

    async def send(self, request: Request) -> Response:
        answer = await self.transport.send(request)
        if not self._is_write(request):
            return answer
        self.writes += 1
        if self.writes == self.loses:
            raise Unavailable(reason="timeout", was_sent=True)
        return answer

    @staticmethod
    def _is_write(request: Request) -> bool:
        if request.url.endswith("/graphql.json"):
            return b"mutation " in request.body
        return request.method != "GET"


@dataclass
class Stand:
    """One new shop on the stand-in, and its connector."""

    market: str
    shop: Shopify | WooCommerce
    wire: Watched
    album: str

    async def pictured(self, name: str) -> str:
        picture = Picture(PICTURES[name], "image/png", f"{name}.png", 600, 600, f"{self.album}/{name}.png")
        return await self.shop.upload_picture(picture=picture)

    async def category(self) -> RemoteCategory:
        """One that is not at the top."""
        if isinstance(self.shop, WooCommerce):
            top = await self.shop.client.ask("POST", "/products/categories", body={"name": "Thời trang & áo"})
            await self.shop.client.ask(
                "POST", "/products/categories", body={"name": "Áo thun", "parent": top.body["id"]}
            )
        tree = await self.shop.list_categories()
        seen = {""}
        for each in tree:
            assert each.parent_id in seen, "parents come before children"
            seen.add(each.id)
        assert await self.shop.list_attributes(category_id=tree[-1].id) == []
        return next(each for each in reversed(tree) if each.parent_id)

    async def quietly(self, work: Awaitable[Published]) -> Published:
        before = self.wire.writes
        said = await work
        assert self.wire.writes == before, "what is as in the draft is not written again"
        return said


def at(sandbox: Sandbox, album: str, market: str, journey: Callable[[Stand], Awaitable[None]]) -> None:
    made = sandbox.post(f"{market}/shops", {"rate": 0, "burst": 0})
    url = sandbox.url + made.get("base_path", "")
    secrets = STALLS[market].secrets(made, datetime.now(UTC))
    account = Account(f"{market}-1", str(made["shop_id"]), secrets, api_url=url, auth_url=url)

    async def whole() -> None:
        wires = Wires()
        wire = Watched(HttpTransport(wires, {"default": RateLimit(2000, 200)}, origins_of(sandbox.url)))
        shop = Shopify(account, wire) if market == "shopify" else WooCommerce(account, wire)
        try:
            await journey(Stand(market, shop, wire, album))
        finally:
            await wires.aclose()

    asyncio.run(whole())


async def patiently(work: Callable[[], Awaitable[Published]]) -> Published:
    """A platform may take a moment to make pictures ready."""
    for _ in range(40):
        try:
            return await work()
        except Unavailable as busy:
            assert "picture" in str(busy.params.get("reason")), busy.params
            await asyncio.sleep(0.1)
    raise AssertionError("the pictures never are ready")


def a_shirt(category: RemoteCategory, *, pictures: tuple[str, ...], red: str) -> Draft:
    return Draft(
        "AO", category.id, "Áo thun cổ tròn", "Vải mát & nhẹ.\n\nGiặt máy\n30 độ <bóng râm>",
        (
            DraftVariant("AO-DO-M", 99000, (Value("Đỏ"), Value("M")), "8936000000018", 250, 300, 200, 20, picture=red),
            DraftVariant("AO-DO-L", 109000, (Value("Đỏ"), Value("L")), weight_g=270),
        ),
        options=(DraftOption("Màu"), DraftOption("Cỡ")), pictures=pictures, brand="Cúc Áo",
    )  # fmt: skip


@pytest.mark.parametrize("market", MARKETS)
def test_a_product_with_variants_lives_from_its_first_day_to_its_last(
    sandbox: Sandbox, album: str, market: str
) -> None:
    async def journey(stand: Stand) -> None:
        shop = stand.shop
        category = await stand.category()
        front, back, red = [await stand.pictured(name) for name in PICTURES]
        shirt = a_shirt(category, pictures=(front, back), red=red)
        assert await shop.find_product(draft=shirt) is None

        made = await patiently(lambda: shop.create_product(draft=shirt))
        assert (made.state, {one.sku for one in made.listings}) == (PublishedState.LIVE, {"AO-DO-M", "AO-DO-L"}), made
        assert {(one.sku, one.price_minor, one.quantity) for one in made.listings} == {
            ("AO-DO-M", 99000, 0),
            ("AO-DO-L", 109000, 0),
        }
        pulled = (await shop.pull_listings(cursor=None)).listings
        assert {one.key for one in pulled} == {one.key for one in made.listings}

        found = await shop.find_product(draft=shirt)
        assert found == made
        models = {one.sku: one.key.model_id for one in made.listings}
        known = replace(shirt, variants=[replace(one, model_id=models[one.sku]) for one in shirt.variants])
        assert await stand.quietly(shop.update_product(item_id=made.item_id, draft=known)) == made

        # The reconciler's figure is kept whatever is done to the product.
        (first,) = [one.key for one in made.listings if one.sku == "AO-DO-M"]
        assert [one.error for one in await shop.push_stock([StockPush(first, "AO-DO-M", 7)])] == [""]
        medium, large = known.variants
        blue = DraftVariant("AO-XANH-M", 119000, (Value("Xanh"), Value("M")), weight_g=260)
        second = replace(known, name="Áo thun mới", variants=(medium, large, blue), pictures=(back, front))
        grown = await patiently(lambda: shop.update_product(item_id=made.item_id, draft=second))
        assert {(one.sku, one.quantity, one.is_active) for one in grown.listings} == {
            ("AO-DO-M", 7, True), ("AO-DO-L", 0, True), ("AO-XANH-M", 0, True),
        }  # fmt: skip
        assert {one.name.partition(" - ")[0] for one in grown.listings} == {"Áo thun mới"}
        assert {one.key for one in made.listings} < {one.key for one in grown.listings}
        assert await stand.quietly(shop.update_product(item_id=made.item_id, draft=second)) == grown

        third = replace(second, variants=(medium, blue))
        fewer = await shop.update_product(item_id=made.item_id, draft=third)
        assert {one.sku for one in fewer.listings if one.is_active} == {"AO-DO-M", "AO-XANH-M"}
        assert await stand.quietly(shop.update_product(item_id=made.item_id, draft=third)) == fewer

        hidden = await shop.update_product(item_id=made.item_id, draft=replace(third, is_shown=False))
        assert (hidden.state, any(one.is_active for one in hidden.listings)) == (PublishedState.HIDDEN, False)
        assert await shop.check_product(item_id=made.item_id, ticket="") == hidden
        shown = await shop.update_product(item_id=made.item_id, draft=third)
        assert shown.state is PublishedState.LIVE
        assert next(one.quantity for one in shown.listings if one.key == first) == 7

    at(sandbox, album, market, journey)


@pytest.mark.parametrize("market", MARKETS)
def test_a_product_without_variants_is_made_found_and_changed(sandbox: Sandbox, album: str, market: str) -> None:
    async def journey(stand: Stand) -> None:
        shop = stand.shop
        bag = Draft("TUI", "", "Túi vải", "Túi.", (DraftVariant("TUI-VAI", 50000, weight_g=120),))
        made = await shop.create_product(draft=bag)
        assert [(one.sku, one.price_minor, one.quantity, one.name) for one in made.listings] == [
            ("TUI-VAI", 50000, 0, "Túi vải")
        ]
        assert (await shop.pull_listings(cursor=None)).listings[0].key == made.listings[0].key
        assert await shop.find_product(draft=bag) == made
        assert await stand.quietly(shop.update_product(item_id=made.item_id, draft=bag)) == made
        pictured = replace(bag, pictures=(await stand.pictured("truoc"),), name="Túi vải bố")
        changed = await patiently(lambda: shop.update_product(item_id=made.item_id, draft=pictured))
        assert changed.listings[0].name == "Túi vải bố"
        assert await stand.quietly(shop.update_product(item_id=made.item_id, draft=pictured)) == changed

    at(sandbox, album, market, journey)


@pytest.mark.parametrize("market", MARKETS)
def test_what_is_not_there_is_not_known(sandbox: Sandbox, album: str, market: str) -> None:
    async def journey(stand: Stand) -> None:
        shop = stand.shop
        bag = Draft("TUI", "", "Túi vải", "Túi.", (DraftVariant("TUI-VAI", 50000),))
        assert await shop.check_product(item_id="987654321", ticket="") is None
        with pytest.raises(RemoteRefused) as refused:
            await shop.update_product(item_id="987654321", draft=bag)
        assert refused.value.params["remote_code"] == "unknown_product"

    at(sandbox, album, market, journey)


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("after", range(5))
def test_whatever_call_is_lost_there_is_one_product_in_the_end(
    sandbox: Sandbox, album: str, market: str, after: int
) -> None:
    """The answer to one call that changes something is lost, the next time to the one after it, and so on."""

    async def journey(stand: Stand) -> None:
        shop = stand.shop
        category = await stand.category()
        front, red = [await stand.pictured(name) for name in ("truoc", "do")]
        shirt = a_shirt(category, pictures=(front,), red=red)
        stand.wire.loses = stand.wire.writes + after + 1
        made: Published | None = None
        for _ in range(40):
            try:
                found = await shop.find_product(draft=shirt)
                if found is None:
                    made = await shop.create_product(draft=shirt)
                else:
                    made = await shop.update_product(item_id=found.item_id, draft=shirt)
                break
            except Unavailable:
                await asyncio.sleep(0.05)
        assert made is not None
        assert made.state is PublishedState.LIVE
        pulled = (await shop.pull_listings(cursor=None)).listings
        assert sorted(one.sku for one in pulled) == ["AO-DO-L", "AO-DO-M"]
        assert {one.quantity for one in pulled} == {0}
        await stand.quietly(shop.update_product(item_id=made.item_id, draft=shirt))

    at(sandbox, album, market, journey)


def test_a_second_product_of_one_sku_is_refused_and_the_first_one_found(sandbox: Sandbox, album: str) -> None:
    async def journey(stand: Stand) -> None:
        shop = stand.shop
        bag = Draft("TUI", "", "Túi vải", "Túi.", (DraftVariant("TUI-VAI", 50000),))
        made = await shop.create_product(draft=bag)
        with pytest.raises(RemoteRefused) as refused:
            await shop.create_product(draft=replace(bag, name="Túi khác"))
        assert refused.value.params["remote_code"] == "product_invalid_sku"
        assert await shop.find_product(draft=bag) == made

    at(sandbox, album, "woocommerce", journey)
