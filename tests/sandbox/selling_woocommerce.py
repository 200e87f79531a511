"""A WooCommerce shop's software: signs and sends; listings and purchases for the tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from tests.sandbox.driving import Sandbox


@dataclass
class WooCommerce:
    """Calls one shop, with Basic as over TLS or with a signature as over plain HTTP."""

    box: Sandbox
    shop_id: str
    base_path: str
    consumer_key: str
    consumer_secret: str
    webhook_secret: str = ""

    def url(self, path: str) -> str:
        return f"{self.box.url}{self.base_path}/wp-json/wc/v3{path}"

    def reply(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, body: object = None
    ) -> httpx.Response:
        keys = (self.consumer_key, self.consumer_secret)
        return self.box.http.request(method, self.url(path), params=dict(params or {}), json=body, auth=keys)

    def get(self, path: str, **params: Any) -> Any:
        return self.reply("GET", path, params).json()

    def put(self, path: str, body: object) -> Any:
        return self.reply("PUT", path, body=body).json()

    def post(self, path: str, body: object) -> Any:
        return self.reply("POST", path, body=body).json()

    def signed(self, method: str, url: str, params: Mapping[str, str] | None = None, **changes: str) -> dict[str, str]:
        """The query of a signed call, as the npm client makes it (with `oauth_version`)."""
        query = {
            **dict(params or {}),
            "oauth_consumer_key": self.consumer_key,
            "oauth_timestamp": str(int(time.time())),
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_version": "1.0",
            **changes,
        }
        pairs = "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))
        base = "&".join((method, quote(url, safe="~"), quote(pairs, safe="~")))
        digest = hmac.new(f"{self.consumer_secret}&".encode(), base.encode(), hashlib.sha256).digest()
        return query | {"oauth_signature": base64.b64encode(digest).decode()}


def open_woo(box: Sandbox, **more: object) -> WooCommerce:
    made = box.control("POST", "/woocommerce/shops", {"name": "Áo Việt", **more})
    return WooCommerce(
        box,
        made["shop_id"],
        made["base_path"],
        made["consumer_key"],
        made["consumer_secret"],
        made["webhook_secret"],
    )


def list_on_woo(
    shop: WooCommerce, sku: str = "AO-THUN", *, stock: int | None = 10, **more: Any
) -> tuple[int, list[int]]:
    listing = {"name": "Áo thun cotton", "sku": sku, "price": 99000, "stock": stock, **more}
    made = shop.box.control("POST", "/woocommerce/listings", {"shop": shop.shop_id, "listings": [listing]})
    item_id, variation_ids = made["listings"][0]
    return item_id, variation_ids


def buy_on_woo(shop: WooCommerce, *lines: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"shop": shop.shop_id, "lines": list(lines), **more}
    return shop.box.http.post(f"{shop.box.url}/woocommerce/buy", json=body)


def on_woo(shop: WooCommerce, sku: str = "AO-THUN") -> Any:
    return shop.box.control("GET", f"/woocommerce/listing?shop={shop.shop_id}&sku={sku}")
