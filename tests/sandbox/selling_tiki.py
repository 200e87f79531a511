"""A seller's software on Tiki, shared by the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.sandbox.driving import Sandbox


@dataclass
class Tiki:
    """Carries a bearer token and nothing else."""

    box: Sandbox
    app_key: str
    app_secret: str
    seller_id: str
    sid: str
    access_token: str
    refresh_token: str
    warehouse_ids: list[int]

    def reply(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.access_token if token is None else token}"}
        url = f"{self.box.url}/integration/{path}"
        return self.box.http.request(method, url, json=body, params=params, headers=headers)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.reply("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object, *, token: str | None = None) -> Any:
        answer = self.reply("POST", path, body, token=token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, body: object) -> Any:
        answer = self.reply("PUT", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: object = None, *, token: str | None = None) -> tuple[int, str]:
        """The status and the error of a call that must not succeed."""
        answer = self.reply(method, path, body, token=token)
        assert answer.status_code >= 400, answer.text
        (error,) = answer.json()["errors"]
        return answer.status_code, error

    def grant(self, **form: str) -> httpx.Response:
        """Ask for tokens, with the secret in the Authorization header."""
        url = f"{self.box.url}/sc/oauth2/token"
        return self.box.http.post(url, data=form, auth=(self.app_key, self.app_secret))

    def app_token(self) -> str:
        return str(self.grant(grant_type="client_credentials").json()["access_token"])

    def lists(self, sku: str = "AO-THUN", *, stock: int = 10, **more: Any) -> tuple[int, list[int]]:
        """Make a listing; its item and its products."""
        listing = {"name": "Áo thun", "sku": sku, "price": 99000, "stock": stock, **more}
        made = self.box.control("POST", "/tiki/listings", {"seller": self.seller_id, "listings": [listing]})
        item_id, product_ids = made["listings"][0]
        return item_id, product_ids

    def buy_reply(self, *lines: dict[str, Any], **more: Any) -> httpx.Response:
        body = {"seller": self.seller_id, "lines": list(lines), **more}
        return self.box.http.post(f"{self.box.url}/tiki/buy", json=body)

    def sells(self, sku: str = "AO-THUN", quantity: int = 1, **more: Any) -> str:
        """A shopper buys; the order's code."""
        made = self.buy_reply({"sku": sku, "quantity": quantity}, **more)
        assert made.status_code == 201, made.text
        return str(made.json()["order_id"])

    def advance(self, code: str, to: str) -> str:
        return str(self.box.control("POST", f"/tiki/orders/{code}/advance", {"to": to})["status"])

    def order(self, code: str, **params: Any) -> Any:
        return self.get(f"v2/orders/{code}", **params)

    def confirm(self, code: str, status: str = "seller_confirmed", **more: Any) -> Any:
        body = {"confirmation_status": status, "seller_inventory_id": self.warehouse_ids[0], **more}
        return self.post(f"v2/orders/{code}/dropship/confirm-available", body)

    def figures(self, sku: str = "AO-THUN") -> tuple[int, int, int]:
        """What stands there, what of it is reserved, what can be bought."""
        seen = self.box.control("GET", f"/tiki/listing?seller={self.seller_id}&sku={sku}")
        return seen["total"], seen["reserved"], seen["available"]


def open_tiki(box: Sandbox, **more: object) -> Tiki:
    made = box.control("POST", "/tiki/sellers", {"name": "Áo Việt", "rate": 0, **more})
    return Tiki(
        box,
        made["app_key"],
        made["app_secret"],
        made["seller_id"],
        made["sid"],
        made["access_token"],
        made["refresh_token"],
        [place["id"] for place in made["warehouses"]],
    )
