"""Accounts on the stand-ins of Shopee and Lazada, connected to an installation as a merchant would connect them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.installation import Installation, get, post

UNLIMITED = {lane: {"per_second": 20_000.0, "burst": 2_000} for lane in ("default", "stock", "auth")}


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
        return {"shop": int(self.shop_id)} if self.market == "shopee" else {"seller": self.shop_id}

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
    from mekong.channels.socket import Secrets
    from mekong.foundation.actor import SYSTEM

    url = installation.sandbox_url
    notices = f"{installation.web_url}/hooks/{code}" if installation.web_port else ""
    places = {"shopee": "shops", "lazada": "sellers"}
    made = post(f"{url}/control/{market}/{places[market]}", {"callback_url": notices, "rate": 0, "burst": 0})
    account = Account(market, code, str(made["shop_id" if market == "shopee" else "seller_id"]), url)
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
        actor=SYSTEM, code=code, name=code, kind=market, shop_id=account.shop_id, api_url=url,
        auth_url=url if market == "lazada" else "", notice_url=notices, now=now, limits=UNLIMITED,
        test_purchase_url=f"{url}/{market}/buy",
    )  # fmt: skip
    key, secret = ("partner_id", "partner_key") if market == "shopee" else ("app_key", "app_secret")
    expires_at = now + timedelta(seconds=made.get("expire_in") or made["expires_in"])
    secrets = Secrets(
        str(made[key]), made[secret], made["access_token"], made["refresh_token"], expires_at,
        notice_secret=made.get("push_key", ""),
    )  # fmt: skip
    commands.connect(actor=SYSTEM, code=code, secrets=secrets, now=now)
    remote.pull_listings(actor=SYSTEM, channel=code)
    return account


def pushes(sandbox_url: str) -> dict[str, dict[str, Any]]:
    """The sandbox's own figures of the calls that write stock, by path."""
    return {
        path: told
        for path, told in get(f"{sandbox_url}/control/stats")["endpoints"].items()
        if any(word in path for word in ("update_stock", "sellable", "price_quantity"))
    }
