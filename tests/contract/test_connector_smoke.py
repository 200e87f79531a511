"""Both connectors through one day of a shop against their sandbox, over real HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from mekong.channels.socket import (
    Account,
    ListingKey,
    NoticeKind,
    PricePush,
    RemoteOrder,
    RemoteState,
    Request,
    Response,
    Secrets,
    StockPush,
)
from mekong.connectors.lazada.connector import Lazada
from mekong.connectors.shopee.connector import Shopee
from mekong.foundation.errors import NeedsReconnect, NeedsRefresh, NoticeForged, Unavailable

SRC = Path(__file__).parents[2] / "src"


class Wire:
    """Each request once, over HTTP, within the ten a second that the manifests promise."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.sent: deque[float] = deque([0.0] * 9, maxlen=9)

    async def send(self, request: Request) -> Response:
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, self.sent[0] + 1.05 - now))
        self.sent.append(max(now, self.sent[0] + 1.05))
        try:
            got = await self.http.request(
                request.method,
                request.url,
                params=list(request.params) or None,
                headers=dict(request.headers),
                content=request.body,
            )
        except httpx.HTTPError as failed:
            raise Unavailable(reason=str(failed)) from failed
        return Response(got.status_code, got.content, dict(got.headers))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "mekong_sandbox", "--port", "0", "--data", str(data)]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(SRC)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = []
    for _ in range(20):
        line = process.stdout.readline()
        said.append(line)
        if found := re.search(r"http://[\d.]+:\d+", line):
            return found[0]
        if not line:
            break
    raise AssertionError(f"the sandbox did not start: {''.join(said)}")


@contextmanager
def a_callback() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A place for notices: its URL, and what came in."""
    received: list[tuple[dict[str, str], bytes]] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Take) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hooks?x=1", received
        finally:
            server.shutdown()
            thread.join()


def control(sandbox: str, path: str, body: dict[str, Any]) -> Any:
    got = httpx.post(f"{sandbox}/control/{path}", json=body)
    assert got.status_code == 200, got.text
    return got.json()


LISTINGS = [
    {"sku": "TU-VAI", "name": "Túi vải", "price": 50000, "stock": 7},
    {
        "sku": "AO",
        "name": "Áo thun",
        "models": [
            {"sku": "AO-M", "price": 120000, "stock": 5},
            {"sku": "AO-L", "price": 130000, "stock": 9},
        ],
    },
]


def buy(sandbox: str, platform: str, key: ListingKey, quantity: int) -> None:
    form = {
        "item_id": key.item_id,
        "variant": key.model_id or "0",
        "quantity": str(quantity),
        "name": "Trần Thị Bình",
        "phone": "0901234567",
    }
    got = httpx.post(f"{sandbox}/{platform}/buy", data=form, follow_redirects=True)
    assert got.status_code == 200, got.text


async def eventually(ask: Callable[[], Awaitable[Any]], limit_s: float = 30.0) -> Any:
    end = asyncio.get_running_loop().time() + limit_s
    while asyncio.get_running_loop().time() < end:
        if found := await ask():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about in time")


async def the_orders(shop: Shopee | Lazada) -> list[RemoteOrder]:
    """All orders of the last hour, by the window of changes."""
    now = datetime.now(UTC)
    page = await shop.list_orders(updated_from=now - timedelta(hours=1), updated_to=now, cursor=None)
    assert page.next_cursor is None
    return await shop.fetch_orders(external_ids=[ref.external_id for ref in page.refs])


async def keep_shop(shop: Shopee | Lazada, sandbox: str, platform: str, received: list[Any]) -> None:
    # Products: what the seller listed is what we see.
    page = await shop.pull_listings(cursor=None)
    assert page.next_cursor is None
    seen = {listing.sku: listing for listing in page.listings}
    assert {sku: (one.quantity, one.price_minor) for sku, one in seen.items()} == {
        "TU-VAI": (7, 50000),
        "AO-M": (5, 120000),
        "AO-L": (9, 130000),
    }
    keys = {sku: listing.key for sku, listing in seen.items()}

    # Stock and price: what we push is what a shopper finds.
    pushes = [StockPush(keys[sku], sku, quantity) for sku, quantity in (("TU-VAI", 20), ("AO-M", 0), ("AO-L", 3))]
    results = [result for batch in shop.stock_batches(pushes) for result in await shop.push_stock(batch)]
    assert {result.key: result.error for result in results} == dict.fromkeys(keys.values(), "")
    prices = [PricePush(keys["AO-L"], "AO-L", 125000)]
    for batch in shop.price_batches(prices):
        assert [result.error for result in await shop.push_price(batch)] == [""]
    gone = ListingKey("999999999", keys["AO-L"].model_id and "999999998")
    now_shown = {one.sku: one for one in await shop.read_listings(keys=[*keys.values(), gone])}
    assert {sku: one.quantity for sku, one in now_shown.items()} == {"TU-VAI": 20, "AO-M": 0, "AO-L": 3}
    assert now_shown["AO-L"].price_minor == 125000
    (unknown,) = await shop.push_stock([StockPush(gone, "GONE", 1)])
    assert unknown.error
    assert unknown.is_final

    # An order: noticed, listed, whole; and what is left to buy went down by itself.
    buy(sandbox, platform, keys["AO-L"], 2)

    async def noticed() -> Any:
        found = [notice for headers, body in received for notice in shop.read_notices(headers=headers, body=body)]
        return [notice for notice in found if notice.kind is NoticeKind.ORDER]

    notices = await eventually(noticed)
    headers, body = received[0]
    with pytest.raises(NoticeForged):
        shop.read_notices(headers=headers, body=body + b" ")
    (order,) = await the_orders(shop)
    assert {notice.reference for notice in notices} == {order.external_id}
    assert {notice.shop_id for notice in notices} == {shop.account.shop_id}
    (line,) = order.lines
    assert (line.key, line.sku, line.quantity, line.unit_price_minor) == (keys["AO-L"], "AO-L", 2, 125000)
    assert order.total_minor == 250000 + order.shipping_fee_minor - order.discount_minor
    assert order.state in {RemoteState.PLACED, RemoteState.UNPAID}
    (left,) = await shop.read_listings(keys=[keys["AO-L"]])
    assert left.quantity == 1

    # It goes its way, and asking twice changes nothing.
    packed = await shop.pack(order=order)
    assert await shop.pack(order=order) == packed
    order = replace(order, packages=packed.packages, tracking_no=packed.tracking_no)
    await shop.ship(order=order)
    await shop.ship(order=order)

    async def tracked() -> Any:
        (now,) = await shop.fetch_orders(external_ids=[order.external_id])
        return now if now.tracking_no else None

    shipped = await tracked() or (await shop.fetch_orders(external_ids=[order.external_id]))[0]
    assert shipped.state is RemoteState.READY_TO_SHIP

    # Another is cancelled for want of stock, twice.
    buy(sandbox, platform, keys["TU-VAI"], 4)
    second = next(one for one in await the_orders(shop) if one.external_id != order.external_id)
    assert second.lines[0].quantity == 4
    await shop.cancel(order=second, reason="out_of_stock")
    await shop.cancel(order=second, reason="out_of_stock")
    (second,) = await shop.fetch_orders(external_ids=[second.external_id, "424242424242"])
    assert second.state is RemoteState.CANCELLED
    assert second.lines[0].quantity == 4


async def renew(shop: Shopee | Lazada) -> None:
    """A refresh gives a pair that works; a wrong pair says what is to be done."""
    tokens = await shop.refresh(now=datetime.now(UTC))
    account = shop.account
    fresh = replace(account.secrets, access_token=tokens.access_token, refresh_token=tokens.refresh_token)
    kind = type(shop)
    page = await kind(replace(account, secrets=fresh), shop.transport).pull_listings(cursor=None)
    assert page.listings
    assert tokens.access_expires_at > datetime.now(UTC)
    wrong = replace(account.secrets, access_token="0" * 32, refresh_token="0" * 32)
    stranger = kind(replace(account, secrets=wrong), shop.transport)
    with pytest.raises(NeedsRefresh):
        await stranger.pull_listings(cursor=None)
    with pytest.raises(NeedsReconnect):
        await stranger.refresh(now=datetime.now(UTC))
    other_app = replace(account, secrets=replace(fresh, app_secret="wrong"))
    with pytest.raises(NeedsReconnect):
        await kind(other_app, shop.transport).pull_listings(cursor=None)


def test_a_day_of_a_shopee_shop(sandbox: str) -> None:
    with a_callback() as (callback_url, received):
        made = control(sandbox, "shopee/shops", {"callback_url": callback_url})
        control(sandbox, "shopee/listings", {"shop": made["shop_id"], "listings": LISTINGS})
        secrets = Secrets(
            app_key=str(made["partner_id"]),
            app_secret=made["partner_key"],
            access_token=made["access_token"],
            refresh_token=made["refresh_token"],
            notice_secret=made["push_key"],
        )
        account = Account("shopee", str(made["shop_id"]), secrets, api_url=sandbox, notice_url=callback_url)

        async def day() -> None:
            async with httpx.AsyncClient(timeout=60) as http:
                shop = Shopee(account, Wire(http))
                await keep_shop(shop, sandbox, "shopee", received)
                await renew(shop)

        asyncio.run(day())


def test_a_day_of_a_lazada_seller(sandbox: str) -> None:
    with a_callback() as (callback_url, received):
        made = control(sandbox, "lazada/sellers", {"callback_url": callback_url})
        control(sandbox, "lazada/listings", {"seller": made["seller_id"], "listings": LISTINGS})
        secrets = Secrets(
            app_key=made["app_key"],
            app_secret=made["app_secret"],
            access_token=made["access_token"],
            refresh_token=made["refresh_token"],
        )
        account = Account("lazada", made["seller_id"], secrets, api_url=sandbox, auth_url=sandbox)

        async def day() -> None:
            async with httpx.AsyncClient(timeout=60) as http:
                shop = Lazada(account, Wire(http))
                await keep_shop(shop, sandbox, "lazada", received)
                await renew(shop)

        asyncio.run(day())
