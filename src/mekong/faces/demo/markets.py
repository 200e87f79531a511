"""The demo's two shops on the marketplace sandboxes: made there over HTTP, then connected like any shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from mekong.channels import commands, queries
from mekong.channels.errors import ChannelNotFound
from mekong.channels.socket import Secrets
from mekong.foundation.actor import Actor
from mekong.foundation.errors import Unavailable

_CALLS = {"per_second": 50.0, "burst": 50}
"""A sandbox takes more calls a second than the platform it stands for: a thousand listings are shown in seconds."""
_CHUNK = 1000


@dataclass(frozen=True)
class Market:
    """A marketplace of the sandbox. `app`: the number of the app that the demo's shop is linked with."""

    kind: str
    name: str
    app: str
    shops: str
    shop_key: str

    def named(self, number: str) -> dict[str, Any]:
        return {self.shop_key: int(number) if self.kind == "shopee" else number}


MARKETS = (
    Market("shopee", "Mộc Lan · Shopee", "2001001", "shops", "shop"),
    Market("lazada", "Mộc Lan · Lazada", "100001", "sellers", "seller"),
)


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
    urls = {
        "api_url": sandbox.url,
        "auth_url": sandbox.url if market.kind == "lazada" else "",
        "notice_url": f"{base_url}/hooks/{market.kind}",
        "test_purchase_url": f"{sandbox.url}/{market.kind}/buy",
    }
    try:
        known = queries.get_channel(actor=actor, code=market.kind)
    except ChannelNotFound:
        return _make(actor, sandbox, market, urls, now), True
    app = {"partner_id": int(market.app)} if market.kind == "shopee" else {"app_key": market.app}
    sandbox.post(f"/control/{market.kind}/apps", {**app, "callback_url": urls["notice_url"]})
    commands.update_channel(actor=actor, code=market.kind, **urls)
    return known.shop_id, False


def _make(actor: Actor, sandbox: Sandbox, market: Market, urls: dict[str, str], now: datetime) -> str:
    app = {"partner_id": int(market.app)} if market.kind == "shopee" else {"app_key": market.app}
    made = sandbox.post(
        f"/control/{market.kind}/{market.shops}",
        {**app, "name": "Mộc Lan", "callback_url": urls["notice_url"], "rate": 60, "burst": 60},
    )
    number = str(made["shop_id" if market.kind == "shopee" else "seller_id"])
    commands.create_channel(
        actor=actor,
        code=market.kind,
        name=market.name,
        kind=market.kind,
        shop_id=number,
        now=now,
        limits={"default": _CALLS, "stock": _CALLS},
        api_url=urls["api_url"],
        auth_url=urls["auth_url"],
        notice_url=urls["notice_url"],
        test_purchase_url=urls["test_purchase_url"],
    )
    key, secret = ("partner_id", "partner_key") if market.kind == "shopee" else ("app_key", "app_secret")
    secrets = Secrets(
        str(made[key]),
        made[secret],
        made["access_token"],
        made["refresh_token"],
        now + timedelta(seconds=made.get("expire_in") or made["expires_in"]),
        notice_secret=made.get("push_key", ""),
    )
    commands.connect(actor=actor, code=market.kind, secrets=secrets, now=now)
    return number
