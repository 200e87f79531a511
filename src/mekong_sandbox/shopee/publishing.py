"""Making and withdrawing listings (protocol notes, section 5)."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec

from mekong_sandbox.money import to_minor
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.model import Item, Model, Tier
from mekong_sandbox.shopee.products import SellerStock, own_item, stock_by_location

CATEGORIES = {100240: "Áo thun", 100017: "Thời trang nam", 100630: "Sắc đẹp", 100636: "Nhà cửa & Đời sống"}
MAX_MODELS = 50


class Images(msgspec.Struct):
    image_id_list: list[str]


class Logistic(msgspec.Struct):
    logistic_id: int
    enabled: bool


class Brand(msgspec.Struct):
    brand_id: int = 0
    original_brand_name: str = "NoBrand"


class AddBody(msgspec.Struct):
    original_price: float
    description: str
    weight: float
    item_name: str
    category_id: int
    image: Images
    logistic_info: list[Logistic]
    seller_stock: list[SellerStock] = []
    item_sku: str = ""
    item_status: str = "NORMAL"
    gtin_code: str = ""
    brand: Brand = msgspec.field(default_factory=Brand)


class Option(msgspec.Struct):
    option: str


class TierBody(msgspec.Struct):
    name: str
    option_list: list[Option]


class NewModel(msgspec.Struct):
    tier_index: list[int]
    original_price: float
    model_sku: str = ""
    seller_stock: list[SellerStock] = []
    gtin_code: str = ""


class TiersBody(msgspec.Struct):
    item_id: int
    tier_variation: list[TierBody]
    model: list[NewModel]


class AddModelBody(msgspec.Struct):
    item_id: int
    model_list: list[NewModel]


class Unlist(msgspec.Struct):
    item_id: int
    unlist: bool


class UnlistBody(msgspec.Struct):
    item_list: list[Unlist]


class ItemBody(msgspec.Struct):
    item_id: int


def upload_image(call: Call) -> Answer:
    """Take a picture in a multipart part named `image`."""
    if call.request.content_type != "multipart/form-data" or b'name="image"' not in call.request.body:
        raise Refused("media_space.error_param", "The multipart field image is required.")
    image_id = f"vn-{call.world.number('shopee.image', 11_000_000):x}"
    call.market.images.add(image_id)
    url = f"https://cf.example/{image_id}"
    info = {"image_id": image_id, "image_url_list": [{"image_url_region": "VN", "image_url": url}]}
    return {"image_info": info, "image_info_list": [{"id": 0, "error": "", "message": "", "image_info": info}]}


def add_item(call: Call) -> Answer:
    """Make a product without variants; `init_tier_variation` gives it some."""
    body = call.body(AddBody)
    required = {
        "item_name": bool(body.item_name.strip()),
        "description": bool(body.description.strip()),
        "image": bool(body.image.image_id_list),
        "logistic_info": any(row.enabled for row in body.logistic_info),
        "weight": body.weight > 0,
        "original_price": body.original_price > 0,
        "item_status": body.item_status in ("NORMAL", "UNLIST"),
    }
    wrong = [name for name, good in required.items() if not good]
    if wrong:
        raise Refused("product.error_param", f"{wrong[0]} is invalid.")
    stamp = call.world.clock.stamp()
    price = to_minor(body.original_price, call.shop.currency)
    stock = stock_by_location(call.shop.locations, body.seller_stock)
    item = Item(
        call.world.number("shopee.item", 2_500_000_001),
        call.shop.shop_id,
        body.item_name,
        body.item_sku,
        [Model(0, body.item_sku, price, stock, gtin=body.gtin_code)],
        stamp,
        stamp,
        description=body.description,
        category_id=body.category_id,
        status=body.item_status,
        images=[f"https://cf.example/{image_id}" for image_id in body.image.image_id_list],
        weight_g=round(body.weight * 1000),
        brand=body.brand.original_brand_name,
    )
    call.market.add_item(item)
    return {
        "item_id": item.item_id,
        "item_name": item.name,
        "item_status": item.status,
        "category_id": item.category_id,
        "description": item.description,
        "price_info": {"original_price": body.original_price, "current_price": body.original_price},
        "seller_stock": [{"location_id": name, "stock": units} for name, units in stock.items()],
        "images": {"image_id_list": body.image.image_id_list, "image_url_list": item.images},
        "weight": body.weight,
    }


def _new_model(call: Call, item: Item, new: NewModel) -> Model:
    if len(new.tier_index) != len(item.tiers) or any(
        not 0 <= index < len(tier.options) for index, tier in zip(new.tier_index, item.tiers, strict=True)
    ):
        raise Refused("product.error_param", "tier_index does not match tier_variation.")
    if new.original_price <= 0:
        raise Refused("product.error_param", "original_price must be greater than 0.")
    names = [tier.options[index] for index, tier in zip(new.tier_index, item.tiers, strict=True)]
    return Model(
        call.world.number("shopee.model", 10_000_000_001),
        new.model_sku,
        to_minor(new.original_price, call.shop.currency),
        stock_by_location(call.shop.locations, new.seller_stock),
        name=",".join(names),
        gtin=new.gtin_code,
        tier_index=new.tier_index,
    )


def _echo(item: Item, models: list[Model]) -> dict[str, Any]:
    rows = [
        {
            "model_id": model.model_id,
            "tier_index": model.tier_index,
            "model_sku": model.sku,
            "seller_stock": [{"location_id": name, "stock": units} for name, units in model.stock.items()],
        }
        for model in models
    ]
    return {"item_id": item.item_id, "model": rows}


def init_tier_variation(call: Call) -> Answer:
    """Give a product its choices and up to 50 variants."""
    body = call.body(TiersBody)
    item = own_item(call, body.item_id)
    if item.has_model:
        raise Refused("product.error_param", "The item already has tier_variation.")
    if not 1 <= len(body.tier_variation) <= 2 or not 1 <= len(body.model) <= MAX_MODELS:
        raise Refused("product.error_param", "1 to 2 tiers and 1 to 50 models are needed.")
    if any(model.reserved for model in item.models):
        raise Refused("product.error_param", "The item has reserved stock.")
    tiers = [Tier(tier.name, [option.option for option in tier.option_list]) for tier in body.tier_variation]
    former, item.tiers = item.tiers, tiers
    try:
        item.models = [_new_model(call, item, new) for new in body.model]
    except Refused:
        item.tiers = former
        raise
    call.market.save_item(item, relisted=True)
    echo = _echo(item, item.models)
    echo["tier_variation"] = [
        {"name": tier.name, "option_list": [{"option": name} for name in tier.options]} for tier in tiers
    ]
    return echo


def add_model(call: Call) -> Answer:
    """Add variants."""
    body = call.body(AddModelBody)
    item = own_item(call, body.item_id)
    if not item.has_model or len(item.models) + len(body.model_list) > MAX_MODELS:
        raise Refused("product.error_param", "The item takes no more models.")
    models = [_new_model(call, item, new) for new in body.model_list]
    item.models.extend(models)
    call.market.save_item(item, relisted=True)
    return _echo(item, models)


def unlist_item(call: Call) -> Answer:
    """Hide items from buyers, or show them again."""
    body = call.body(UnlistBody)
    if not 1 <= len(body.item_list) <= 50:
        raise Refused("product.error_param", "item_list must hold 1 to 50 entries.")
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in body.item_list:
        item = call.market.items.get(entry.item_id)
        if item is None or item.shop_id != call.shop.shop_id or item.status not in ("NORMAL", "UNLIST"):
            failed.append({"item_id": entry.item_id, "failed_reason": "Product not found."})
            continue
        item.status = "UNLIST" if entry.unlist else "NORMAL"
        call.market.save_item(item, relisted=True)
        done.append({"item_id": entry.item_id, "unlist": entry.unlist})
    return {"success_list": done, "failure_list": failed}


def delete_item(call: Call) -> Answer:
    """Withdraw an item for good."""
    item = own_item(call, call.body(ItemBody).item_id)
    item.status = "SELLER_DELETE"
    call.market.save_item(item, relisted=True)
    return {}


def get_category(call: Call) -> Answer:
    """A few categories."""
    rows = [
        {
            "category_id": number,
            "parent_category_id": 0,
            "original_category_name": name,
            "display_category_name": name,
            "has_children": False,
        }
        for number, name in islice(CATEGORIES.items(), 100)
    ]
    return {"category_list": rows}


def get_attribute_tree(call: Call) -> Answer:
    """No category of the stand-in demands attributes."""
    return {"list": [{"category_id": int(number), "attribute_tree": []} for number in call.ids("category_id_list")]}


def get_brand_list(call: Call) -> Answer:
    """NoBrand alone."""
    brand = {"brand_id": 0, "original_brand_name": "NoBrand", "display_brand_name": "NoBrand"}
    return {"brand_list": [brand], "has_next_page": False, "next_offset": 0, "is_mandatory": False}
