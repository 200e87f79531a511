"""Listings and purchases, shared by the tests."""

from __future__ import annotations

from typing import Any

import httpx

from tests.sandbox.driving import Lazada, Shopee


def list_on_shopee(shop: Shopee, sku: str = "AO-THUN", *, stock: int = 10, **more: Any) -> tuple[int, list[int]]:
    listing = {"name": "Áo thun cotton", "sku": sku, "price": 99000, "stock": stock, **more}
    made = shop.box.control("POST", "/shopee/listings", {"shop": shop.shop_id, "listings": [listing]})
    item_id, model_ids = made["listings"][0]
    return item_id, model_ids


def list_on_lazada(seller: Lazada, sku: str = "AO-THUN", *, stock: int = 10, **more: Any) -> tuple[int, int]:
    listing = {"name": "Áo thun cotton", "sku": sku, "price": 99000, "stock": stock, **more}
    made = seller.box.control("POST", "/lazada/listings", {"seller": seller.seller_id, "listings": [listing]})
    item_id, sku_ids = made["listings"][0]
    return item_id, sku_ids[0]


def buy_on_shopee(shop: Shopee, *lines: dict[str, Any], **more: Any) -> httpx.Response:
    return shop.box.http.post(f"{shop.box.url}/shopee/buy", json={"shop": shop.shop_id, "lines": list(lines), **more})


def buy_on_lazada(seller: Lazada, *lines: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"seller": seller.seller_id, "lines": list(lines), **more}
    return seller.box.http.post(f"{seller.box.url}/lazada/buy", json=body)


def on_shopee(shop: Shopee, sku: str = "AO-THUN") -> Any:
    return shop.box.control("GET", f"/shopee/listing?shop={shop.shop_id}&sku={sku}")


def on_lazada(seller: Lazada, sku: str = "AO-THUN") -> Any:
    return seller.box.control("GET", f"/lazada/listing?seller={seller.seller_id}&sku={sku}")
