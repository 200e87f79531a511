"""An app of a Shopify shop: calls GraphQL; listings and purchases for the tests."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from tests.sandbox.driving import Sandbox

SET = """mutation S($i: InventorySetQuantitiesInput!, $k: String!) {
  inventorySetQuantities(input: $i) @idempotent(key: $k) {
    inventoryAdjustmentGroup { id reason changes { name delta quantityAfterChange } }
    userErrors { code field message }
  }
}"""
LEVEL = """query L($id: ID!, $at: ID!) { inventoryItem(id: $id) { inventoryLevel(locationId: $at) {
  quantities(names: ["available", "committed", "on_hand"]) { name quantity } } } }"""


@dataclass
class Shopify:
    """Calls one shop with the token of one app."""

    box: Sandbox
    shop_id: str
    base_path: str
    client_id: str
    client_secret: str
    access_token: str
    locations: list[int]
    refresh_token: str = ""
    version: str = "2026-07"

    def url(self, path: str) -> str:
        return f"{self.box.url}{self.base_path}{path}"

    def reply(self, query: str, variables: object = None, **more: Any) -> httpx.Response:
        body = {"query": query, "variables": variables, **more}
        headers = {"X-Shopify-Access-Token": self.access_token}
        return self.box.http.post(self.url(f"/admin/api/{self.version}/graphql.json"), json=body, headers=headers)

    def ask(self, query: str, variables: object = None, **more: Any) -> Any:
        """The data of an operation that must go well."""
        answer = self.reply(query, variables, **more).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def refused(self, query: str, variables: object = None) -> tuple[str, str]:
        """Code and message of the first error of an operation that must fail."""
        error = self.reply(query, variables).json()["errors"][0]
        return error.get("extensions", {}).get("code", ""), error["message"]

    def rest(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"X-Shopify-Access-Token": self.access_token}
        return self.box.http.request(method, self.url(f"/admin/api/2026-07{path}"), json=body, headers=headers)

    def set_stock(self, *rows: dict[str, Any], name: str = "available", key: str = "", **more: Any) -> Any:
        """inventorySetQuantities of the newest versions; answers its payload."""
        sent = {"name": name, "reason": "correction", "quantities": list(rows), **more}
        return self.ask(SET, {"i": sent, "k": key or str(uuid.uuid4())})["inventorySetQuantities"]

    def level(self, item_id: int, place: int = 0) -> tuple[int, int, int]:
        """Available, committed, on hand."""
        ids = {"id": gid("InventoryItem", item_id), "at": gid("Location", self.locations[place])}
        found = self.ask(LEVEL, ids)["inventoryItem"]["inventoryLevel"]["quantities"]
        figures = {row["name"]: row["quantity"] for row in found}
        return figures["available"], figures["committed"], figures["on_hand"]

    def row(self, item_id: int, quantity: int, expected: int | None = None, place: int = 0) -> dict[str, Any]:
        """A row of a stock write that compares."""
        ids = {"inventoryItemId": gid("InventoryItem", item_id), "locationId": gid("Location", self.locations[place])}
        return ids | {"quantity": quantity, "changeFromQuantity": expected}


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def open_shopify(box: Sandbox, **more: object) -> Shopify:
    made = box.control("POST", "/shopify/shops", {"name": "Áo Việt", **more})
    return Shopify(
        box,
        made["shop_id"],
        made["base_path"],
        made["client_id"],
        made["client_secret"],
        made.get("access_token", ""),
        made["locations"],
        made.get("refresh_token", ""),
    )


def list_on_shopify(shop: Shopify, sku: str = "AO-THUN", *, stock: int = 10, **more: Any) -> tuple[int, int, int]:
    """Ids of the product, its first variant and that one's inventory item."""
    listing = {"name": "Áo thun cotton", "sku": sku, "price": 99000, "stock": stock, **more}
    made = shop.box.control("POST", "/shopify/listings", {"shop": shop.shop_id, "listings": [listing]})
    product_id, variant_ids = made["listings"][0]
    seen = shop.box.control("GET", f"/shopify/listing?model_id={variant_ids[0]}")
    return product_id, variant_ids[0], seen["inventory_item_id"]


def buy_on_shopify(shop: Shopify, *lines: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"shop": shop.shop_id, "lines": list(lines), **more}
    return shop.box.http.post(f"{shop.box.url}/shopify/buy", json=body)


def on_shopify(shop: Shopify, sku: str = "AO-THUN") -> Any:
    return shop.box.control("GET", f"/shopify/listing?shop={shop.shop_id}&sku={sku}")
