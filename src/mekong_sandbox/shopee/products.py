"""Items, their variants, stock and price (protocol notes, section 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.money import to_minor, to_number
from mekong_sandbox.pictures import absolute
from mekong_sandbox.shopee import media, promotions, taxonomy
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.model import DEFAULT_LOCATION, Item, Model

STATUSES = ("NORMAL", "BANNED", "UNLIST", "REVIEWING", "SELLER_DELETE", "SHOPEE_DELETE")
CHANNEL = {"logistic_id": 50021, "logistic_name": "SPX Express", "enabled": True, "is_free": False, "size_id": 0}


class SellerStock(msgspec.Struct):
    stock: int
    location_id: str = ""


class StockEntry(msgspec.Struct):
    seller_stock: list[SellerStock]
    model_id: int = 0


class StockBody(msgspec.Struct):
    item_id: int
    stock_list: list[StockEntry]


class PriceEntry(msgspec.Struct):
    original_price: float
    model_id: int = 0


class PriceBody(msgspec.Struct):
    item_id: int
    price_list: list[PriceEntry]


def own_item(call: Call, item_id: int) -> Item:
    """An item of the calling shop. Raises: Refused."""
    item = call.market.items.get(item_id)
    if item is None or item.shop_id != call.shop.shop_id:
        raise Refused("product.error_item_not_found", "Product not found.")
    return item


def _listed(call: Call, statuses: tuple[str, ...]) -> list[Item]:
    items = call.market.shop_items.get(call.shop.shop_id, [])
    first, last = call.number("update_time_from", 0), call.number("update_time_to", 0)
    if first or last:
        last = last or 2**62
        return [item for item in items if item.status in statuses and first <= int(item.updated_at) <= last]
    return [item for item in items if item.status in statuses]


def get_item_list(call: Call) -> Answer:
    """A page of item ids by status."""
    offset, size = call.number("offset"), call.number("page_size", least=1, most=100)
    statuses = tuple(call.all("item_status"))
    if not statuses or any(status not in STATUSES for status in statuses):
        raise Refused("product.error_param", "item_status is invalid.")
    found = _listed(call, statuses)
    page = found[offset : offset + size]
    more = offset + size < len(found)
    rows = [
        {
            "item_id": item.item_id,
            "item_status": item.status,
            "update_time": int(item.updated_at),
            "tag": {"kit": False},
        }
        for item in page
    ]
    return {
        "item": rows,
        "total_count": len(found),
        "has_next_page": more,
        "next_offset": offset + size if more else 0,
    }


def _price_info(call: Call, item: Item, model: Model) -> list[dict[str, Any]]:
    currency = call.shop.currency
    current = to_number(promotions.current_price(call.market, item, model), currency)
    return [
        {"currency": currency, "original_price": to_number(model.price, currency), "current_price": current},
    ]


def _promotion_id(call: Call, item: Item, model: Model) -> int:
    found = promotions.ongoing(call.market, item.item_id, model.model_id)
    return found.discount.discount_id if found else 0


def _stock_info(call: Call, model: Model) -> dict[str, Any]:
    """Available units per location; the reserved ones are shown apart and taken off the fullest location first."""
    stock, reserved = call.market.figures(model, call.request.lag_s)
    left, rows = reserved, []
    for location, units in sorted(stock.items(), key=lambda pair: -pair[1]):
        taken = min(left, units)
        left -= taken
        rows.append({"location_id": location, "stock": units - taken, "if_saleable": True})
    available = max(0, sum(stock.values()) - reserved)
    return {
        "summary_info": {"total_reserved_stock": reserved, "total_available_stock": available},
        "seller_stock": rows,
        "shopee_stock": [],
    }


def image_ids_of(item: Item) -> list[str]:
    """Ids of an item's pictures; those that were never uploaded have ids of their own."""
    return item.image_ids or [f"i{item.item_id}-{n}" for n in range(len(item.images))]


def tier_rows(call: Call, item: Item) -> list[dict[str, Any]]:
    """The choices of an item as answers show them."""
    rows = []
    for tier in item.tiers:
        options: list[dict[str, Any]] = [{"option": option} for option in tier.options]
        for option, image_id in zip(options, tier.images, strict=False):
            option["image"] = media.option_image(call, image_id)
        rows.append({"name": tier.name, "option_list": options})
    return rows


def _base_info(call: Call, item: Item) -> dict[str, Any]:
    info: dict[str, Any] = {
        "item_id": item.item_id,
        "category_id": item.category_id,
        "item_name": item.name,
        "description": item.description or item.name,
        "description_type": "normal",
        "item_sku": item.sku,
        "create_time": int(item.created_at),
        "update_time": int(item.updated_at),
        "attribute_list": taxonomy.attribute_rows(item.category_id, item.attributes),
        "image": {
            "image_url_list": [absolute(call.request, path) for path in item.images],
            "image_id_list": image_ids_of(item),
        },
        "weight": f"{item.weight_g / 1000:g}",
        "dimension": item.dimension,
        "logistic_info": [CHANNEL],
        "pre_order": {"is_pre_order": item.is_pre_order, "days_to_ship": item.days_to_ship},
        "condition": item.condition,
        "item_status": item.status,
        "has_model": item.has_model,
        "brand": {"brand_id": item.brand_id, "original_brand_name": item.brand},
    }
    if not item.has_model and item.models:
        info["price_info"] = _price_info(call, item, item.models[0])
        info["promotion_id"] = _promotion_id(call, item, item.models[0])
        info["stock_info_v2"] = _stock_info(call, item.models[0])
        info["gtin_code"] = item.models[0].gtin
    return info


def get_item_base_info(call: Call) -> Answer:
    """Up to 50 items in full; unknown ids are left out."""
    found = []
    for item_id in call.ids("item_id_list"):
        item = call.market.items.get(int(item_id)) if item_id.isdecimal() else None
        if item is not None and item.shop_id == call.shop.shop_id:
            found.append(_base_info(call, item))
    return {"item_list": found}


def get_model_list(call: Call) -> Answer:
    """The variants of an item."""
    item = own_item(call, call.number("item_id"))
    if not item.has_model:
        return {"tier_variation": [], "model": [], "standardise_tier_variation": []}
    standard = [
        {
            "variation_id": 0,
            "variation_group_id": 0,
            "variation_name": tier.name,
            "variation_option_list": [
                {"variation_option_id": 0, "variation_option_name": name, "image_id": image_id}
                for name, image_id in zip(tier.options, tier.images or [""] * len(tier.options), strict=True)
            ],
        }
        for tier in item.tiers
    ]
    models = [
        {
            "model_id": model.model_id,
            "tier_index": model.tier_index,
            "model_name": model.name,
            "model_sku": model.sku,
            "model_status": model.status,
            "promotion_id": _promotion_id(call, item, model),
            "has_promotion": _promotion_id(call, item, model) > 0,
            "price_info": _price_info(call, item, model),
            "stock_info_v2": _stock_info(call, model),
            "pre_order": {"is_pre_order": False, "days_to_ship": 2},
            "gtin_code": model.gtin,
            **({} if model.weight_g is None else {"weight": f"{model.weight_g / 1000:g}"}),
            **({} if model.dimension is None else {"dimension": model.dimension}),
        }
        for model in item.models
    ]
    return {"tier_variation": tier_rows(call, item), "model": models, "standardise_tier_variation": standard}


def search_item(call: Call) -> Answer:
    """Find item ids by name, SKU or status; the offset is opaque."""
    size, offset = call.number("page_size", least=1, most=100), call.text("offset", "")
    start = int(offset, 16) if offset and all(char in "0123456789abcdef" for char in offset) else 0
    name, sku = call.text("item_name", "").casefold(), call.text("item_sku", "").casefold()
    statuses = tuple(call.all("item_status")) or ("NORMAL",)
    found = [
        item.item_id
        for item in call.market.shop_items.get(call.shop.shop_id, [])
        if item.status in statuses
        and (not name or name in item.name.casefold())
        and (not sku or sku in item.sku.casefold() or any(sku in model.sku.casefold() for model in item.models))
    ]
    more = start + size < len(found)
    page = found[start : start + size]
    return {"item_id_list": page, "total_count": len(found), "next_offset": f"{start + size:x}" if more else ""}


def _locations(call: Call, entry: StockEntry) -> dict[str, int] | str:
    """Units per location of an entry, or why it cannot be."""
    units: dict[str, int] = {}
    for row in entry.seller_stock:
        location = row.location_id or call.shop.locations[0]
        if location not in call.shop.locations:
            return f"Invalid location_id {location}."
        if row.stock < 0 or row.stock > 9_999_999:
            return "Stock must be between 0 and 9999999."
        units[location] = row.stock
    return units or "seller_stock is required."


def update_stock(call: Call) -> Answer:
    """Write absolute quantities; entries stand or fall alone.

    What is written is the available figure. With the setting `shopee_stock_includes_reserved` on it is the total, and a
    total below the reserved units is refused.
    """
    body = call.body(StockBody)
    if not 1 <= len(body.stock_list) <= 50:
        raise Refused("product.error_param", "stock_list must hold 1 to 50 entries.")
    item = own_item(call, body.item_id)
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    only_reserved = True
    for entry in body.stock_list:
        model = item.model(entry.model_id)
        units = _locations(call, entry) if model else f"Model {entry.model_id} not found."
        if model is None or isinstance(units, str):
            failed.append({"model_id": entry.model_id, "failed_reason": units})
            only_reserved = False
            continue
        if not call.world.settings.shopee_stock_includes_reserved:
            first = next(iter(units))
            written = {**units, first: units[first] + model.reserved}
        else:
            written = units
        if sum({**model.stock, **written}.values()) < model.reserved:
            reason = "Can not update item with stock less than reserved stock"
            failed.append({"model_id": entry.model_id, "failed_reason": reason})
            continue
        call.market.before_stock_change(model)
        model.stock.update(written)
        for location, stock in units.items():
            done.append({"model_id": entry.model_id, "location_id": location, "stock": stock})
    if done:
        call.market.save_item(item)
    result = {"success_list": done, "failure_list": failed}
    if not done:
        error = "error.param" if only_reserved else "product.error_update_stock_failed"
        raise Refused(error, str(failed[0]["failed_reason"]), response=result)
    return result


IN_PROMOTION = (
    ("product.error_cannt_edit_price_in_promotion", "Original_price cannot be edited when item is under promotion."),
    ("product.error_cannot_update_price_in_promotion", "Price cannot be changed when model is under promotion."),
)
"""Of items without variants, of variants. Codes as the platform spells them."""


def update_price(call: Call) -> Answer:
    """Write original prices; entries stand or fall alone. Those in a discount, begun or to come, keep theirs."""
    body = call.body(PriceBody)
    if not 1 <= len(body.price_list) <= 50:
        raise Refused("product.error_param", "price_list must hold 1 to 50 entries.")
    item = own_item(call, body.item_id)
    locked = IN_PROMOTION[item.has_model]
    before: dict[int, int] = {}
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in body.price_list:
        model = item.model(entry.model_id)
        if model is None:
            failed.append({"model_id": entry.model_id, "failed_reason": f"Model {entry.model_id} not found."})
            continue
        if promotions.coming(call.market, item.item_id, model.model_id):
            failed.append({"model_id": entry.model_id, "failed_reason": locked[1]})
            continue
        price = to_minor(entry.original_price, call.shop.currency) if entry.original_price < 1e12 else -1
        if price <= 0:
            failed.append({"model_id": entry.model_id, "failed_reason": "Price must be greater than 0."})
            continue
        before[entry.model_id], model.price = before.get(entry.model_id, model.price), price
        done.append({"model_id": entry.model_id, "original_price": entry.original_price})
    if done:
        call.market.save_item(item)
    for model in item.models:
        if model.price != before.get(model.model_id, model.price):
            call.market.push.price(item.shop_id, item.item_id, model, before[model.model_id], item.updated_at)
    result = {"success_list": done, "failure_list": failed}
    if not done:
        all_locked = all(row["failed_reason"] == locked[1] for row in failed)
        error = locked[0] if all_locked else "product.error_update_price_failed"
        raise Refused(error, str(failed[0]["failed_reason"]), response=result)
    return result


def stock_by_location(locations: list[str], rows: list[SellerStock]) -> dict[str, int]:
    """Stock of a new variant; places not named start empty."""
    first = locations[0] if locations else DEFAULT_LOCATION
    stock = dict.fromkeys(locations or [DEFAULT_LOCATION], 0)
    for row in rows:
        stock[row.location_id or first] = row.stock
    return stock
