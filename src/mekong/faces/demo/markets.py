"""The demo's accounts on the stand-ins of platforms: made there over HTTP, then connected like any shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

import httpx

from mekong.channels import commands, queries
from mekong.channels.errors import ChannelNotFound
from mekong.channels.socket import Secrets
from mekong.foundation.actor import Actor
from mekong.foundation.errors import Unavailable

_CALLS = {"per_second": 400.0, "burst": 400}
"""A sandbox takes more calls a second than the platform it stands for: thousands of listings are shown in seconds."""
_NO_LIMIT = {"rate": 0, "burst": 0}
_CHUNK = 1000


@dataclass(frozen=True)
class Market:
    """A platform of the sandbox, and how its control speaks of shops.

    `app`: the number of the app that the demo's shop is linked with; "" where a shop has its keys itself. `app_keys`,
    `notice_key`: where the answer to a new shop has the keys. `keeps_history`: lists the things of the order history
    beside the shop's own.
    """

    kind: str
    name: str
    app: str
    shops: str = "shops"
    number: str = "shop_id"
    shop_key: str = "shop"
    app_keys: tuple[str, str] = ("app_key", "app_secret")
    notice_key: str = ""
    path: str = ""
    has_numeric_keys: bool = False
    has_auth_host: bool = False
    has_notices: bool = True
    keeps_history: bool = False

    def named(self, number: str) -> dict[str, Any]:
        return {self.shop_key: int(number) if self.has_numeric_keys else number}

    @property
    def app_named(self) -> dict[str, Any]:
        if not self.app:
            return {}
        return {self.app_keys[0]: int(self.app) if self.has_numeric_keys else self.app}


MARKETS = (
    Market(
        "shopee", "Shopee", "2001001", app_keys=("partner_id", "partner_key"), notice_key="push_key",
        has_numeric_keys=True, keeps_history=True,
    ),
    Market(
        "lazada", "Lazada", "100001", "sellers", "seller_id", "seller", has_auth_host=True,
        keeps_history=True,
    ),
    Market("tiktok", "TikTok Shop", "6g00000000001", has_auth_host=True),
    Market(
        "tiki", "Tiki", "7590139168389961", "sellers", "seller_id", "seller", has_auth_host=True,
        has_notices=False,
    ),
    Market(
        "woocommerce", "WooCommerce", "", app_keys=("consumer_key", "consumer_secret"),
        notice_key="webhook_secret", path="/woocommerce/shops/{number}",
    ),
)  # fmt: skip
"""Vietnam's marketplaces, and the web shop that a retailer had before."""


class _Urls(TypedDict):
    api_url: str
    auth_url: str
    test_purchase_url: str


@dataclass(frozen=True)
class Offer:
    """One listing as the demo makes it: a product with its variants, or a single thing. Prices in đồng."""

    name: str
    models: Sequence[tuple[str, Sequence[str], int, int, str]]
    tiers: Sequence[str] = ()

    @property
    def sku(self) -> str:
        return self.models[0][0]

    def body(self) -> dict[str, Any]:
        """As `POST /control/{market}/listings` takes it; a model: SKU, options, price, stock, barcode."""
        if not self.tiers:
            sku, _, price, stock, barcode = self.models[0]
            return {"name": self.name, "sku": sku, "price": price, "stock": stock, "barcode": barcode}
        return {
            "name": self.name,
            "price": self.models[0][2],
            "tiers": list(self.tiers),
            "models": [
                {"sku": sku, "options": list(options), "price": price, "stock": stock, "barcode": barcode}
                for sku, options, price, stock, barcode in self.models
            ],
        }


class Sandbox:
    """The control of the sandbox process. Raises Unavailable when it does not answer as it should."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def post(self, path: str, body: Any) -> Any:
        return self._answer(lambda: self._http.post(path, json=body))

    def get(self, path: str, **params: Any) -> Any:
        return self._answer(lambda: self._http.get(path, params=params))

    def _answer(self, call: Any) -> Any:
        try:
            answer: httpx.Response = call()
        except httpx.HTTPError as away:
            raise Unavailable(reason=f"sandbox: {type(away).__name__}") from away
        if answer.status_code >= 400:
            raise Unavailable(reason=f"sandbox: {answer.status_code} {answer.text[:200]}")
        return answer.json()

    def has_orders(self, market: Market, number: str) -> bool:
        return bool(self.get(f"/control/{market.kind}/orders", **market.named(number))["rows"])

    def buy(
        self, market: Market, number: str, lines: Sequence[tuple[str, int]], buyer: tuple[str, str], **more: Any
    ) -> str:
        """An order of a shopper; its number there."""
        body = {
            **market.named(number),
            "lines": [{"sku": sku, "quantity": units} for sku, units in lines],
            "buyer": {"name": buyer[0], "phone": buyer[1]},
            **more,
        }
        return str(self.post(f"/{market.kind}/buy", body)["order_id"])

    def offer(self, market: Market, number: str, offers: Sequence[Offer]) -> int:
        """List those whose SKU the shop does not show yet; how many."""
        said = self.get(f"/control/{market.kind}/stock", **market.named(number))
        place = said["columns"].index("sku")
        there = {row[place] for row in said["rows"]}
        missing = [each for each in offers if each.sku not in there]
        for start in range(0, len(missing), _CHUNK):
            chunk = [each.body() for each in missing[start : start + _CHUNK]]
            self.post(f"/control/{market.kind}/listings", {**market.named(number), "listings": chunk})
        return len(missing)


def connect_market(*, actor: Actor, sandbox: Sandbox, market: Market, base_url: str, now: datetime) -> tuple[str, bool]:
    """The channel of a market is there, and knows where its platform and we are; (shop's number, whether it is new).

    Addresses follow the ports of this start. Raises: Unavailable.
    """
    notice_url = f"{base_url}/hooks/{market.kind}" if market.has_notices else ""
    try:
        known = queries.get_channel(actor=actor, code=market.kind)
    except ChannelNotFound:
        return _make(actor, sandbox, market, notice_url, now), True
    if market.app and market.has_notices:
        sandbox.post(f"/control/{market.kind}/apps", {**market.app_named, "callback_url": notice_url})
    elif market.has_notices:
        moved = {**market.named(known.shop_id), "callback_url": notice_url}
        sandbox.post(f"/control/{market.kind}/webhooks/move", moved)
    urls = _urls(sandbox, market, known.shop_id)
    commands.update_channel(actor=actor, code=market.kind, notice_url=notice_url, **urls)
    return known.shop_id, False


def _urls(sandbox: Sandbox, market: Market, number: str) -> _Urls:
    """Where the platform of a shop is."""
    host = sandbox.url + market.path.format(number=number)
    auth_url = host if market.has_auth_host else ""
    return _Urls(api_url=host, auth_url=auth_url, test_purchase_url=f"{sandbox.url}/{market.kind}/buy")


def _make(actor: Actor, sandbox: Sandbox, market: Market, notice_url: str, now: datetime) -> str:
    asked = {"name": "Mộc Lan", "callback_url": notice_url, **_NO_LIMIT}
    made = sandbox.post(f"/control/{market.kind}/{market.shops}", {**market.app_named, **asked})
    number = str(made[market.number])
    commands.create_channel(
        actor=actor, code=market.kind, name=market.name, kind=market.kind, shop_id=number, price_sync=True, now=now,
        limits={"default": _CALLS, "stock": _CALLS}, notice_url=notice_url, **_urls(sandbox, market, number),
    )  # fmt: skip
    key, secret = market.app_keys
    life_s = made.get("expire_in") or made.get("expires_in")
    secrets = Secrets(
        str(made[key]), made[secret], made.get("access_token", ""), made.get("refresh_token", ""),
        now + timedelta(seconds=life_s) if life_s else None, notice_secret=made.get(market.notice_key, ""),
    )  # fmt: skip
    commands.connect(actor=actor, code=market.kind, secrets=secrets, now=now)
    return number
