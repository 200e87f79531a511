"""Publishing on Lazada from outside, shared by the tests."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.driving import Lazada
from tests.sandbox.pictures import png

ANSWERS = {"material": "Cotton", "gender": "Unisex"}
PARCEL = {"package_weight": "0.25", "package_length": "20", "package_width": "15", "package_height": "3"}


def upload(seller: Lazada, content: bytes | None = None) -> str:
    params = seller.params("/image/upload")
    files = {"image": ("a.png", content or png(), "image/png")}
    answer = seller.box.http.post(f"{seller.box.url}/rest/image/upload", data=params, files=files).json()
    assert answer["code"] == "0", answer
    return str(answer["data"]["image"]["url"])


def sku(code: str, color: str = "", **more: Any) -> dict[str, Any]:
    chosen = {"saleProp": {"color_family": color}} if color else {}
    return {"SellerSku": code, "quantity": "0", "price": "120000", **PARCEL, **chosen, **more}


def draft(url: str, *skus: dict[str, Any], attributes: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """What makes a T-shirt."""
    said = {"name": "Áo thun cotton", "description": "<p>Dày dặn</p>", "brand": "No Brand", **ANSWERS}
    return {
        "PrimaryCategory": "10000201",
        "Images": {"Image": [url]},
        "Attributes": said | (attributes or {}),
        "Skus": {"Sku": list(skus) or [sku("AO-1")]},
        **more,
    }


def payload(product: dict[str, Any]) -> dict[str, str]:
    return {"payload": json.dumps({"Request": {"Product": product}})}


def create(seller: Lazada, product: dict[str, Any]) -> Any:
    return seller.post("/product/create", payload(product))


def update(seller: Lazada, product: dict[str, Any]) -> Any:
    return seller.post("/product/update", payload(product))


def make(seller: Lazada, *skus: dict[str, Any], **more: Any) -> int:
    answer = create(seller, draft(upload(seller), *skus, **more))
    assert answer["code"] == "0", answer
    return int(answer["data"]["item_id"])


def seen(seller: Lazada, item_id: int) -> Any:
    return seller.get("/product/item/get", {"item_id": str(item_id)})["data"]
