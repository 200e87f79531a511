"""The choices of an item and its variants (protocol notes, section 5)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.shopee import media, taxonomy
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.model import Item, Model, Tier
from mekong_sandbox.shopee.products import SellerStock, own_item, tier_rows
from mekong_sandbox.shopee.publishing import EDITABLE, check_price, check_stock

MAX_TIERS, MAX_MODELS = 2, 50


class OptionImage(msgspec.Struct):
    image_id: str = ""


class Option(msgspec.Struct):
    option: str
    image: OptionImage | None = None


class TierBody(msgspec.Struct):
    name: str
    option_list: list[Option]


class StandardOption(msgspec.Struct):
    variation_option_name: str
    variation_option_id: int = 0
    image_id: str = ""


class StandardTier(msgspec.Struct):
    variation_name: str
    variation_option_list: list[StandardOption]
    variation_id: int = 0
    variation_group_id: int = 0


class NewModel(msgspec.Struct):
    tier_index: list[int]
    original_price: float
    model_sku: str = ""
    seller_stock: list[SellerStock] = []
    gtin_code: str = ""


class Tiers(msgspec.Struct, kw_only=True):
    item_id: int
    tier_variation: list[TierBody] | None = None
    standardise_tier_variation: list[StandardTier] | None = None


class InitBody(Tiers, kw_only=True):
    model: list[NewModel]


class Moved(msgspec.Struct):
    model_id: int
    tier_index: list[int]


class UpdateBody(Tiers, kw_only=True):
    model_list: list[Moved] | None = None


class AddBody(msgspec.Struct):
    item_id: int
    model_list: list[NewModel]


class Changed(msgspec.Struct):
    model_id: int
    model_sku: str | None = None
    gtin_code: str | None = None
    model_status: str | None = None


class ChangeBody(msgspec.Struct):
    item_id: int
    model: list[Changed]


class DeleteBody(msgspec.Struct):
    item_id: int
    model_id: int


def _editable(call: Call, item_id: int) -> Item:
    item = own_item(call, item_id)
    if item.status not in EDITABLE:
        raise Refused("product.error_item_uneditable", "The item can not be edited.")
    return item


def _length(text: str, bounds: tuple[int, int], what: str) -> str:
    if not bounds[0] <= len(text.strip()) <= bounds[1]:
        raise Refused("product.error_param", f"The length of {what} must be between {bounds[0]} and {bounds[1]}.")
    return text.strip()


def _plain(body: Tiers) -> list[TierBody]:
    """Both ways to name choices, as one."""
    if body.standardise_tier_variation is not None:
        return [
            TierBody(
                one.variation_name,
                [
                    Option(each.variation_option_name, OptionImage(each.image_id) if each.image_id else None)
                    for each in one.variation_option_list
                ],
            )
            for one in body.standardise_tier_variation
        ]
    return body.tier_variation or []


def _tiers(call: Call, body: Tiers) -> list[Tier]:
    wanted = _plain(body)
    if not 1 <= len(wanted) <= MAX_TIERS:
        raise Refused("product.error_tier_var_too_many", f"1 to {MAX_TIERS} tier_variation are needed.")
    tiers = []
    for place, one in enumerate(wanted):
        name = _length(one.name, taxonomy.TIER_LETTERS, "tier_variation.name")
        options = [_length(each.option, taxonomy.OPTION_LETTERS, "tier_variation.option") for each in one.option_list]
        if not options:
            raise Refused("product.error_tier_var_is_empty", f"tier_variation {name} has no option.")
        if len(options) > taxonomy.MAX_OPTIONS:
            raise Refused("product.error_tier_opt_too_many", f"tier_variation {name} has too many options.")
        if len({option.casefold() for option in options}) < len(options):
            raise Refused("product.error_tier_var_is_duplicate", f"tier_variation {name} has an option twice.")
        images = [each.image.image_id if each.image else "" for each in one.option_list]
        if any(images):
            if place:
                raise Refused("product.error_param", "Only the first tier_variation takes images.")
            if not all(images):
                raise Refused("product.error_tier_img_partial", "Either all or none of the options have an image.")
            media.known(call, images)
        tiers.append(Tier(name, options, images if any(images) else []))
    if len({tier.name.casefold() for tier in tiers}) < len(tiers):
        raise Refused("product.error_tier_var_is_duplicate", "Two tier_variation have one name.")
    return tiers


def _check_index(index: list[int], tiers: list[Tier]) -> list[int]:
    if len(index) != len(tiers) or any(not 0 <= at < len(tier.options) for at, tier in zip(index, tiers, strict=True)):
        raise Refused("product.error_tier_index", "tier_index does not match tier_variation.")
    return index


def _once(indexes: list[list[int]]) -> None:
    if len({tuple(index) for index in indexes}) < len(indexes):
        raise Refused("product.error_tier_index", "Two models have one tier_index.")


def _name(index: list[int], tiers: list[Tier]) -> str:
    return ",".join(tier.options[at] for at, tier in zip(index, tiers, strict=True))


def _made(call: Call, new: list[NewModel], tiers: list[Tier]) -> list[Model]:
    """New variants; numbers are given out only when all of them are right."""
    checked = [
        (
            _check_index(one.tier_index, tiers),
            check_price(call, one.original_price),
            check_stock(call, one.seller_stock),
            one,
        )
        for one in new
    ]
    first = call.world.number("shopee.model", 10_000_000_001, len(checked))
    return [
        Model(first + at, one.model_sku, price, stock, name=_name(index, tiers), gtin=one.gtin_code, tier_index=index)
        for at, (index, price, stock, one) in enumerate(checked)
    ]


def _echo(call: Call, item: Item, models: list[Model]) -> dict[str, Any]:
    rows = [
        {
            "model_id": model.model_id,
            "tier_index": model.tier_index,
            "model_sku": model.sku,
            "price_info": [{"original_price": model.price, "current_price": model.price}],
            "seller_stock": [{"location_id": name, "stock": units} for name, units in model.stock.items()],
        }
        for model in models
    ]
    return {"item_id": item.item_id, "tier_variation": tier_rows(call, item), "model": rows}


def init_tier_variation(call: Call) -> Answer:
    """Give a product its choices and up to 50 variants, or another number of choices than it has."""
    body = call.body(InitBody)
    item = _editable(call, body.item_id)
    tiers = _tiers(call, body)
    if len(tiers) == len(item.tiers):
        raise Refused("product.error_param", "The item has as many tier_variation already; use update_tier_variation.")
    if not 1 <= len(body.model) <= MAX_MODELS:
        raise Refused("product.error_param", f"1 to {MAX_MODELS} models are needed.")
    if any(model.reserved for model in item.models):
        raise Refused("product.error_param", "The item has reserved stock.")
    _once([one.tier_index for one in body.model])
    item.models, item.tiers = _made(call, body.model, tiers), tiers
    call.market.save_item(item, relisted=True)
    return _echo(call, item, item.models)


def update_tier_variation(call: Call) -> Answer:
    """Write the choices anew. Variants keep their places, or move where `model_list` says; those without one are gone."""
    body = call.body(UpdateBody)
    item = _editable(call, body.item_id)
    if not item.has_model:
        raise Refused("product.error_param", "The item has no tier_variation; use init_tier_variation.")
    tiers = _tiers(call, body)
    if body.model_list is None and len(tiers) != len(item.tiers):
        raise Refused("product.error_tier_index", "Another number of tier_variation needs model_list.")
    if body.model_list is None:
        places = {one.model_id: one.tier_index for one in item.models}
        places = {
            number: index
            for number, index in places.items()
            if all(at < len(tier.options) for at, tier in zip(index, tiers, strict=True))
        }
    else:
        places = {one.model_id: _check_index(one.tier_index, tiers) for one in body.model_list}
        if any(item.model(number) is None for number in places):
            raise Refused("product.error_param", "model_id of model_list is invalid.")
    _once(list(places.values()))
    kept = [one for one in item.models if one.model_id in places]
    if not kept:
        raise Refused("product.error_param", "At least one model must stay.")
    if any(one.reserved for one in item.models if one.model_id not in places):
        raise Refused("product.error_param", "A model with reserved stock can not be deleted.")
    for model in kept:
        model.tier_index = places[model.model_id]
        model.name = _name(model.tier_index, tiers)
    item.tiers, item.models = tiers, kept
    call.market.save_item(item, relisted=True)
    return _echo(call, item, item.models)


def add_model(call: Call) -> Answer:
    """Add variants for choices that have none yet."""
    body = call.body(AddBody)
    item = _editable(call, body.item_id)
    if not item.has_model:
        raise Refused("product.error_param", "The item has no tier_variation; use init_tier_variation.")
    if not body.model_list or len(item.models) + len(body.model_list) > MAX_MODELS:
        raise Refused("product.error_param", f"An item takes 1 to {MAX_MODELS} models.")
    _once([one.tier_index for one in item.models] + [one.tier_index for one in body.model_list])
    models = _made(call, body.model_list, item.tiers)
    item.models.extend(models)
    call.market.save_item(item, relisted=True)
    return _echo(call, item, models)


def update_model(call: Call) -> Answer:
    """Change the SKU or the barcode of variants; price and stock have calls of their own."""
    body = call.body(ChangeBody)
    item = _editable(call, body.item_id)
    if not 1 <= len(body.model) <= MAX_MODELS:
        raise Refused("product.error_param", f"model must hold 1 to {MAX_MODELS} entries.")
    found = [(item.model(one.model_id) if item.has_model else None, one) for one in body.model]
    if any(model is None for model, _ in found):
        raise Refused("product.error_param", "model_id is invalid.")
    if any(one.model_status not in (None, "NORMAL", "UNAVAILABLE") for _, one in found):
        raise Refused("product.error_param", "model_status must be NORMAL or UNAVAILABLE.")
    for model, one in found:
        if model is not None:
            model.sku = model.sku if one.model_sku is None else one.model_sku
            model.gtin = model.gtin if one.gtin_code is None else one.gtin_code
            model.status = f"MODEL_{one.model_status}" if one.model_status else model.status
    call.market.save_item(item, relisted=True)
    return {}


def delete_model(call: Call) -> Answer:
    """Take a variant away; the last one goes only with its item."""
    body = call.body(DeleteBody)
    item = _editable(call, body.item_id)
    model = item.model(body.model_id) if item.has_model else None
    if model is None:
        raise Refused("product.error_param", "model_id is invalid.")
    if len(item.models) == 1:
        raise Refused("product.error_param", "The last model can not be deleted.")
    if model.reserved:
        raise Refused("product.error_param", "A model with reserved stock can not be deleted.")
    item.models.remove(model)
    call.market.save_item(item, relisted=True)
    return {}
