"""Making, changing and withdrawing items (protocol notes, section 5). Error codes as platform and clients name them."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.money import to_minor
from mekong_sandbox.pictures import absolute
from mekong_sandbox.shopee import media, taxonomy
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.model import Answered, Dimension, Item, Model
from mekong_sandbox.shopee.products import CHANNEL, SellerStock, image_ids_of, own_item, stock_by_location

EDITABLE = ("NORMAL", "UNLIST", "REVIEWING", "BANNED")
MAX_WEIGHT_KG = 1_000


class Images(msgspec.Struct):
    image_id_list: list[str]


class Logistic(msgspec.Struct):
    logistic_id: int
    enabled: bool


class Brand(msgspec.Struct):
    brand_id: int = 0
    original_brand_name: str = ""


class PreOrder(msgspec.Struct):
    is_pre_order: bool
    days_to_ship: int = 2


class Facts(msgspec.Struct, kw_only=True):
    """What making and changing an item have in common; None = not said."""

    item_name: str | None = None
    description: str | None = None
    category_id: int | None = None
    image: Images | None = None
    weight: float | None = None
    dimension: Dimension | None = None
    logistic_info: list[Logistic] | None = None
    attribute_list: list[Answered] | None = None
    brand: Brand | None = None
    item_sku: str | None = None
    gtin_code: str | None = None
    condition: str | None = None
    pre_order: PreOrder | None = None
    item_status: str | None = None


class AddBody(Facts, kw_only=True):
    original_price: float | None = None
    seller_stock: list[SellerStock] | None = None


class UpdateBody(Facts, kw_only=True):
    item_id: int


class Unlist(msgspec.Struct):
    item_id: int
    unlist: bool


class UnlistBody(msgspec.Struct):
    item_list: list[Unlist]


class ItemBody(msgspec.Struct):
    item_id: int


def check_price(call: Call, price: float) -> int:
    """A price in minor units. Raises: Refused."""
    minor = to_minor(price, call.shop.currency) if price < 1e12 else 10**14
    least, most = (taxonomy.LEAST_PRICE, taxonomy.MOST_PRICE) if call.shop.currency == "VND" else (1, 10**11)
    if minor < least:
        raise Refused("product.error_price_exceed_min_limit", f"The price must not be below {least}.")
    if minor > most:
        raise Refused("product.error_price_exceed_max_limit", f"The price must not exceed {most}.")
    return minor


def check_stock(call: Call, rows: list[SellerStock]) -> dict[str, int]:
    """Units by location; none at all is a stock too. Raises: Refused."""
    for row in rows:
        if row.location_id and row.location_id not in call.shop.locations:
            raise Refused("product.error_param", f"Invalid location_id {row.location_id}.")
        if not 0 <= row.stock <= taxonomy.MAX_STOCK:
            raise Refused("product.error_param", f"Stock should be between 0 and {taxonomy.MAX_STOCK}.")
    return stock_by_location(call.shop.locations, rows)


def _check_texts(call: Call, body: Facts) -> None:
    settings = call.world.settings
    if body.item_name is not None:
        least, most = taxonomy.NAME_LETTERS
        if len(body.item_name.strip()) < least:
            text = f"The product name should not be shorter than {least} characters."
            raise Refused("product.error_title_less_min_length", text)
        if len(body.item_name.strip()) > most:
            text = f"The product name should not exceed {most} characters."
            raise Refused("product.error_title_exceeds_max_length", text)
    if body.description is not None:
        least, most = settings.shopee_description_least, settings.shopee_description_most
        if len(body.description.strip()) < least:
            text = f"The description should not be shorter than {least} characters."
            raise Refused("product.error_desc_length_min_limit", text)
        if len(body.description.strip()) > most:
            text = f"The description should not exceed {most} characters."
            raise Refused("product.error_desc_length_max_limit", text)


def _check_parcel(body: Facts) -> None:
    if body.weight is not None and not 0 < body.weight <= MAX_WEIGHT_KG:
        raise Refused("product.error_param", "Invalid Weight.")
    size = body.dimension
    if size and not all(0 < side <= 1000 for side in (size.package_length, size.package_width, size.package_height)):
        raise Refused("product.error_param", "Invalid dimension.")
    if body.logistic_info is not None:
        unknown = [row for row in body.logistic_info if row.logistic_id != CHANNEL["logistic_id"]]
        if unknown or not any(row.enabled for row in body.logistic_info):
            raise Refused("product.error_invalid_logistic_info", "Invalid logistic info. Enable a channel of the shop.")


def _check_images(call: Call, body: Facts, own: dict[str, str]) -> list[str] | None:
    if body.image is None:
        return None
    ids = body.image.image_id_list
    if not ids:
        raise Refused("product.error_image_num_min", "At least one image is required.")
    if len(ids) > taxonomy.MAX_IMAGES:
        raise Refused("product.error_image_num_max", f"At most {taxonomy.MAX_IMAGES} images.")
    return media.known(call, ids, own=own)


def _check(call: Call, item: Item, body: Facts) -> None:
    _check_texts(call, body)
    _check_parcel(body)
    if body.item_status not in (None, "NORMAL", "UNLIST") or body.condition not in (None, "NEW", "USED"):
        raise Refused("product.error_param", "item_status or condition is invalid.")
    if body.pre_order and body.pre_order.is_pre_order and not 5 <= body.pre_order.days_to_ship <= 15:
        raise Refused("product.error_invalid_days_to_ship", "days_to_ship of a pre-order must be between 5 and 15.")


def _kind(item: Item, body: Facts) -> tuple[list[Answered], tuple[int, str]]:
    """Answers and brand as they will be; a new category asks for both anew. Raises: Refused."""
    category_id = item.category_id if body.category_id is None else body.category_id
    is_new = not item.item_id or category_id != item.category_id
    answered, brand = item.attributes, (item.brand_id, item.brand)
    if is_new or body.attribute_list is not None:
        answered = taxonomy.check_attributes(taxonomy.leaf(category_id), body.attribute_list or [])
    if is_new or body.brand is not None:
        brand = taxonomy.check_brand(taxonomy.leaf(category_id), body.brand.brand_id if body.brand else None)
    return answered, brand


def _apply(call: Call, item: Item, body: Facts) -> None:
    """Check everything, then change the item. Raises: Refused, with the item as it was."""
    _check(call, item, body)
    images = _check_images(call, body, dict(zip(image_ids_of(item), item.images, strict=True)))
    item.attributes, (item.brand_id, item.brand) = _kind(item, body)
    if images is not None and body.image is not None:
        item.images, item.image_ids = images, body.image.image_id_list
    if body.item_name is not None:
        item.name = body.item_name.strip()
    if body.description is not None:
        item.description = body.description.strip()
    if body.weight is not None:
        item.weight_g = round(body.weight * 1000)
    item.category_id = item.category_id if body.category_id is None else body.category_id
    item.dimension, item.condition = body.dimension or item.dimension, body.condition or item.condition
    if body.logistic_info is not None:
        item.channels = [row.logistic_id for row in body.logistic_info if row.enabled]
    if body.pre_order is not None:
        item.is_pre_order, item.days_to_ship = body.pre_order.is_pre_order, body.pre_order.days_to_ship
    if body.item_status is not None and item.status in ("NORMAL", "UNLIST"):
        item.status = body.item_status
    _apply_codes(item, body)


def _apply_codes(item: Item, body: Facts) -> None:
    """SKU and barcode; those of an item without variants are its only model's too."""
    if body.item_sku is not None:
        item.sku = body.item_sku
    if not item.has_model:
        item.models[0].sku = item.sku
        item.models[0].gtin = item.models[0].gtin if body.gtin_code is None else body.gtin_code


def _echo(call: Call, item: Item) -> dict[str, Any]:
    urls = [absolute(call.request, path) for path in item.images]
    return {
        "item_id": item.item_id,
        "item_name": item.name,
        "item_status": item.status,
        "item_sku": item.sku,
        "category_id": item.category_id,
        "description": item.description,
        "description_type": "normal",
        "attributes": taxonomy.attribute_rows(item.category_id, item.attributes),
        "images": {"image_id_list": image_ids_of(item), "image_url_list": urls},
        "weight": item.weight_g / 1000,
        "dimension": item.dimension,
        "logistic_info": [CHANNEL],
        "pre_order": {"is_pre_order": item.is_pre_order, "days_to_ship": item.days_to_ship},
        "condition": item.condition,
        "brand": {"brand_id": item.brand_id, "original_brand_name": item.brand},
    }


def add_item(call: Call) -> Answer:
    """Make a product without variants; `init_tier_variation` gives it some."""
    body = call.body(AddBody)
    needed = (
        "original_price",
        "description",
        "weight",
        "item_name",
        "category_id",
        "image",
        "logistic_info",
        "seller_stock",
    )
    for name in needed:
        if getattr(body, name) is None:
            raise Refused(
                "product.error_param", f"Wrong parameters, detail: invalid field {name}, value must Not Null."
            )
    price = check_price(call, body.original_price or 0)
    stock = check_stock(call, body.seller_stock or [])
    stamp = call.world.clock.stamp()
    item = Item(0, call.shop.shop_id, "", "", [Model(0, "", price, stock)], stamp, stamp)
    _apply(call, item, body)
    if call.world.settings.shopee_review:
        item.status = "REVIEWING"
    item.item_id = call.world.number("shopee.item", 2_500_000_001)
    call.market.add_item(item)
    return _echo(call, item) | {
        "price_info": {"original_price": body.original_price, "current_price": body.original_price},
        "seller_stock": [{"location_id": name, "stock": units} for name, units in stock.items()],
    }


def update_item(call: Call) -> Answer:
    """Change what is said of an item; what is left out stays."""
    body = call.body(UpdateBody)
    item = own_item(call, body.item_id)
    if item.status not in EDITABLE:
        raise Refused("product.error_item_uneditable", "The item can not be edited.")
    _apply(call, item, body)
    if item.status == "BANNED":
        item.status, item.reason = "REVIEWING", ""
    call.market.save_item(item, relisted=True)
    return _echo(call, item)


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
    if item.status == "SELLER_DELETE":
        raise Refused("product.error_item_not_found", "Product not found.")
    item.status = "SELLER_DELETE"
    call.market.save_item(item, relisted=True)
    return {}


def get_item_violation_info(call: Call) -> Answer:
    """Why items were banned."""
    rows = []
    for number in call.ids("item_id_list"):
        item = own_item(call, int(number) if number.isdecimal() else 0)
        banned = [
            {"violation_type": "OTHERS", "violation_reason": item.reason, "suggestion": "", "fix_deadline_time": 0}
        ]
        found = banned if item.status == "BANNED" else []
        rows.append({"item_id": item.item_id, "item_status": item.status, "deleted_or_banned_details": found})
    return {"item_list": rows}
