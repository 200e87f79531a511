"""Publishing on TikTok Shop from outside, shared by the tests."""

from __future__ import annotations

import time
from typing import Any

from tests.sandbox.pictures import png
from tests.sandbox.selling_tiktok import TikTok

PRODUCTS = "/product/202309/products"
UPLOAD = "/product/202309/images/upload"
ANSWERS = [
    {"id": "100001", "values": [{"id": "1001001"}, {"name": "Vải tre"}]},
    {"id": "100002", "values": [{"id": "1002003"}]},
]


def send(tiktok: TikTok, content: bytes, part: str = "data", use: str = "MAIN_IMAGE") -> Any:
    sent = {"app_key": tiktok.app_key, "timestamp": str(int(time.time()))}
    query = sent | {"sign": tiktok.sign(UPLOAD, sent)}
    headers = {"x-tts-access-token": tiktok.access_token}
    files = {part: ("a.png", content, "image/png")}
    return tiktok.box.http.post(
        tiktok.box.url + UPLOAD, params=query, files=files, data={"use_case": use}, headers=headers
    ).json()


def upload(tiktok: TikTok, content: bytes | None = None) -> str:
    answer = send(tiktok, content or png())
    assert answer["code"] == 0, answer
    return str(answer["data"]["uri"])


def sku(tiktok: TikTok, code: str, color: str = "", *, stock: int = 0, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"seller_sku": code, "price": {"amount": "120000", "currency": "VND"}}
    row["inventory"] = [{"warehouse_id": tiktok.warehouses[0], "quantity": stock}]
    row["sales_attributes"] = [{"name": "Màu sắc", "value_name": color}] if color else []
    return row | more


def draft(tiktok: TikTok, *skus: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What makes a T-shirt."""
    return {
        "title": "Áo thun cotton cổ tròn tay ngắn",
        "description": "<p>Dày dặn</p>",
        "category_id": "600001",
        "main_images": [{"uri": upload(tiktok)}],
        "package_weight": {"value": "0.25", "unit": "KILOGRAM"},
        "product_attributes": ANSWERS,
        "skus": list(skus) or [sku(tiktok, "AO-1")],
        **more,
    }


def make(tiktok: TikTok, *skus: dict[str, Any], **more: Any) -> str:
    return str(tiktok.post(PRODUCTS, draft(tiktok, *skus, **more))["product_id"])


def seen(tiktok: TikTok, product_id: str) -> Any:
    return tiktok.get(f"{PRODUCTS}/{product_id}")
