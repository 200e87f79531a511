"""A shop's software on TikTok Shop, and what the tests of its stand-in share."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.sandbox.driving import Sandbox


@dataclass
class TikTok:
    """A shop's software: signs and sends. The recipe is written here a second time, apart from the stand-in's."""

    box: Sandbox
    app_key: str
    app_secret: str
    shop_id: str
    cipher: str
    access_token: str
    refresh_token: str
    warehouses: list[str] = field(default_factory=list)
    service_id: str = ""

    def sign(self, path: str, query: Mapping[str, str], body: bytes = b"") -> str:
        pairs = "".join(name + query[name] for name in sorted(query))
        base = self.app_secret.encode() + (path + pairs).encode() + body + self.app_secret.encode()
        return hmac.new(self.app_secret.encode(), base, hashlib.sha256).hexdigest()

    def reply(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        *,
        cipher: bool = True,
        **changed: Any,
    ) -> httpx.Response:
        """Send a call; `changed` overrides parameters after signing, "" leaves one out."""
        sent = {"app_key": self.app_key, "timestamp": str(int(time.time())), **(query or {})}
        if cipher:
            sent["shop_cipher"] = self.cipher
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        sent["sign"] = self.sign(path, sent, b"" if method == "GET" else content)
        sent |= changed
        headers = {"x-tts-access-token": self.access_token, "content-type": "application/json"}
        params = {name: value for name, value in sent.items() if value}
        return self.box.http.request(method, self.box.url + path, params=params, content=content, headers=headers)

    def get(self, path: str, query: Mapping[str, str] | None = None, *, cipher: bool = True) -> Any:
        """`data` of a call that must succeed."""
        return self._data(self.reply("GET", path, query, cipher=cipher))

    def post(self, path: str, body: object = None, query: Mapping[str, str] | None = None, method: str = "POST") -> Any:
        """`data` of a call that must succeed."""
        return self._data(self.reply(method, path, query, {} if body is None else body))

    def code(self, path: str, body: object = None, query: Mapping[str, str] | None = None) -> int:
        """`code` of a POST."""
        return int(self.reply("POST", path, query, {} if body is None else body).json()["code"])

    @staticmethod
    def _data(reply: httpx.Response) -> Any:
        said = reply.json()
        assert (reply.status_code, said["code"]) == (200, 0), reply.text
        return said["data"]

    # -- what tests do often

    def order(self, order_id: str) -> Any:
        return self.get("/order/202507/orders", {"ids": order_id})["orders"][0]

    def ship(self, order_id: str) -> str:
        """Ship the first parcel of an order; its id."""
        package_id = str(self.order(order_id)["packages"][0]["id"])
        self.post(f"/fulfillment/202309/packages/{package_id}/ship", {"handover_method": "DROP_OFF"})
        return package_id

    def write(self, product_id: str, sku_id: str, quantity: int, warehouse: int = 0) -> Any:
        row = {"id": sku_id, "inventory": [{"warehouse_id": self.warehouses[warehouse], "quantity": quantity}]}
        return self.post(f"/product/202309/products/{product_id}/inventory/update", {"skus": [row]})

    def figures(self, sku: str = "AO-THUN") -> tuple[int, int]:
        """Available and committed, as control sees them."""
        seen = self.box.control("GET", f"/tiktok/listing?shop={self.shop_id}&sku={sku}")
        return seen["available"], seen["committed"]

    def list(self, sku: str = "AO-THUN", *, stock: int = 10, **more: Any) -> tuple[str, list[str]]:
        listing = {"name": "Áo thun cotton", "sku": sku, "price": 99000, "stock": stock, **more}
        made = self.box.control("POST", "/tiktok/listings", {"shop": self.shop_id, "listings": [listing]})
        product_id, sku_ids = made["listings"][0]
        return product_id, sku_ids

    def buy(self, *lines: dict[str, Any], **more: Any) -> httpx.Response:
        return self.box.http.post(
            f"{self.box.url}/tiktok/buy", json={"shop": self.shop_id, "lines": list(lines), **more}
        )

    def bought(self, quantity: int = 1, **more: Any) -> str:
        """The id of an order of the listing AO-THUN."""
        reply = self.buy({"sku": "AO-THUN", "quantity": quantity}, **more)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["order_id"])

    def advance(self, order_id: str, to: str, **more: Any) -> Any:
        return self.box.control("POST", f"/tiktok/orders/{order_id}/advance", {"to": to, **more})


def open_tiktok(box: Sandbox, **more: Any) -> TikTok:
    made = box.control("POST", "/tiktok/shops", {"name": "Áo Việt", "rate": 0, **more})
    return TikTok(
        box,
        made["app_key"],
        made["app_secret"],
        made["shop_id"],
        made["shop_cipher"],
        made.get("access_token", ""),
        made.get("refresh_token", ""),
        made["warehouse_ids"],
        made["service_id"],
    )
