"""Publishing on Shopee from outside, shared by the tests."""

from __future__ import annotations

from typing import Any

from tests.sandbox.driving import Shopee
from tests.sandbox.pictures import png

MATERIAL, GENDER, ORIGIN = 100101, 100102, 100103
COTTON = {"value_id": 20101}
ANSWERS = [
    {"attribute_id": MATERIAL, "attribute_value_list": [COTTON]},
    {"attribute_id": GENDER, "attribute_value_list": [{"value_id": 20203}]},
]


def upload(shop: Shopee, content: bytes | None = None) -> str:
    path = "/api/v2/media_space/upload_image"
    files = {"image": ("a.png", content or png(), "image/png")}
    answer = shop.box.http.post(shop.box.url + path, params=shop.query(path, public=True), files=files).json()
    assert answer["error"] == "", answer
    return str(answer["response"]["image_info"]["image_id"])


def draft(image_id: str, **more: Any) -> dict[str, Any]:
    """What makes a T-shirt."""
    return {
        "original_price": 120000,
        "description": "Áo thun cotton dày dặn, thấm mồ hôi",
        "weight": 0.25,
        "item_name": "Áo thun cotton cổ tròn",
        "category_id": 100240,
        "image": {"image_id_list": [image_id]},
        "logistic_info": [{"logistic_id": 50021, "enabled": True}],
        "seller_stock": [{"stock": 0}],
        "attribute_list": ANSWERS,
        **more,
    }


def make(shop: Shopee, **more: Any) -> int:
    answer = shop.post("/product/add_item", draft(upload(shop), **more))
    assert answer["error"] == "", answer
    return int(answer["response"]["item_id"])


def tiers(*names: str, colors: tuple[str, ...] = ("Đỏ", "Xanh")) -> list[dict[str, Any]]:
    values = {"Màu": colors, "Cỡ": ("M", "L")}
    return [{"name": name, "option_list": [{"option": one} for one in values[name]]} for name in names]


def model(*index: int, sku: str = "", price: float = 120000, stock: int = 0) -> dict[str, Any]:
    return {"tier_index": list(index), "original_price": price, "model_sku": sku, "seller_stock": [{"stock": stock}]}


def info(shop: Shopee, item_id: int) -> Any:
    return shop.get("/product/get_item_base_info", {"item_id_list": item_id})["response"]["item_list"][0]


def models(shop: Shopee, item_id: int) -> list[tuple[str, list[int], str]]:
    rows = shop.get("/product/get_model_list", {"item_id": item_id})["response"]["model"]
    return [(row["model_sku"], row["tier_index"], row["model_name"]) for row in rows]
