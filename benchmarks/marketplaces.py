"""Accounts on the stand-ins of platforms, connected to an installation as a merchant would connect them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.installation import Installation, get, post
from mekong.channels.socket import Secrets

UNLIMITED = {lane: {"per_second": 20_000.0, "burst": 2_000} for lane in ("default", "stock", "auth")}


@dataclass(frozen=True)
class Stall:
    """How the sandbox's control speaks of the shops of one platform.

    `named`: what a purchase and a query call a shop. `app`, `notice_key`: where its answer has the keys.
    """

    shops: str = "shops"
    number: str = "shop_id"
    named: str = "shop"
    app: tuple[str, str] = ("app_key", "app_secret")
    notice_key: str = ""
    is_numeric: bool = False
    has_auth_host: bool = True

    def key(self, shop_id: str) -> dict[str, Any]:
        return {self.named: int(shop_id) if self.is_numeric else shop_id}

    def secrets(self, made: Mapping[str, Any], now: datetime) -> Secrets:
        """The keys and tokens of a shop that the control has made."""
        life_s = made.get("expire_in") or made.get("expires_in")
        key, secret = self.app
        return Secrets(
            str(made[key]), made[secret], made.get("access_token", ""), made.get("refresh_token", ""),
            now + timedelta(seconds=life_s) if life_s else None, notice_secret=made.get(self.notice_key, ""),
        )  # fmt: skip


STALLS = {
    "shopee": Stall(app=("partner_id", "partner_key"), notice_key="push_key", is_numeric=True, has_auth_host=False),
    "lazada": Stall("sellers", "seller_id", "seller"),
    "tiki": Stall("sellers", "seller_id", "seller"),
    "tiktok": Stall(),
    "woocommerce": Stall(app=("consumer_key", "consumer_secret"), notice_key="webhook_secret"),
    "shopify": Stall(app=("client_id", "client_secret")),
}


@dataclass(frozen=True)
class Account:
    """One account on a marketplace, and the channel of Mekong that it is."""

    market: str
    code: str
    shop_id: str
    sandbox_url: str

    @property
    def key(self) -> dict[str, Any]:
        """How the sandbox names the account."""
        return STALLS[self.market].key(self.shop_id)

    def shown(self) -> dict[str, int]:
        """What the platform lets shoppers buy now, by SKU."""
        name, value = next(iter(self.key.items()))
        said = get(f"{self.sandbox_url}/control/{self.market}/stock?{name}={value}")
        sku, available = said["columns"].index("sku"), said["columns"].index("available")
        return {row[sku]: row[available] for row in said["rows"]}

    def orders(self) -> int:
        """How many orders the platform took."""
        name, value = next(iter(self.key.items()))
        return len(get(f"{self.sandbox_url}/control/{self.market}/orders?{name}={value}")["rows"])

    def limit(self, *, rate: float | None, burst: int | None) -> None:
        """Have the platform take so many calls a second; None: what it takes by default, 0: any number."""
        post(f"{self.sandbox_url}/control/{self.market}/limits", {**self.key, "rate": rate, "burst": burst})


def open_account(
    installation: Installation, market: str, code: str, skus: Sequence[str], *, units: int, models: int = 1
) -> Account:
    """An account that lists these SKUs with so many units each, without limits on calls, its listings matched.

    Args:
        models: SKUs that share one item.
    """
    from mekong.channels import commands, remote
    from mekong.foundation.actor import SYSTEM

    url = installation.sandbox_url
    notices = f"{installation.web_url}/hooks/{code}" if installation.web_port else ""
    stall = STALLS[market]
    made = post(f"{url}/control/{market}/{stall.shops}", {"callback_url": notices, "rate": 0, "burst": 0})
    account = Account(market, code, str(made[stall.number]), url)
    base_url = url + made.get("base_path", "")
    groups = [skus[start : start + models] for start in range(0, len(skus), models)]
    listings = [
        {"name": f"Hàng {group[0]}", "models": [{"sku": sku, "name": sku, "stock": units} for sku in group]}
        if len(group) > 1
        else {"name": f"Hàng {group[0]}", "sku": group[0], "stock": units}
        for group in groups
    ]
    post(f"{url}/control/{market}/listings", {**account.key, "listings": listings})
    now = datetime.now(UTC)
    commands.create_channel(
        actor=SYSTEM, code=code, name=code, kind=market, shop_id=account.shop_id, api_url=base_url,
        auth_url=base_url if stall.has_auth_host else "", notice_url=notices, now=now, limits=UNLIMITED,
        test_purchase_url=f"{url}/{market}/buy",
    )  # fmt: skip
    commands.connect(actor=SYSTEM, code=code, secrets=stall.secrets(made, now), now=now)
    remote.pull_listings(actor=SYSTEM, channel=code)
    return account


def pushes(sandbox_url: str) -> dict[str, dict[str, Any]]:
    """The sandbox's own figures of the calls that write stock, by path."""
    return {
        path: told
        for path, told in get(f"{sandbox_url}/control/stats")["endpoints"].items()
        if any(
            word in path
            for word in ("update_stock", "sellable", "price_quantity", "updateSku", "/inventory/update", "(pages)")
        )
    }
