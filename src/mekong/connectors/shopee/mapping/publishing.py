"""An item as it stands on the platform, and a draft as an item of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import RemoteListing
from mekong.channels.socket.publishing import (
    Draft,
    DraftVariant,
    Published,
    PublishedState,
    Value,
)
from mekong.connectors.shopee.mapping import Word, products
from mekong.connectors.shopee.mapping.tiers import Model, Place, Plan, Size, Tier, number
from mekong.foundation.money import to_decimal

NO_BRAND: Final = "NoBrand"
_STATES: Final[Mapping[str, PublishedState]] = {
    "NORMAL": PublishedState.LIVE,
    "UNLIST": PublishedState.HIDDEN,
    "REVIEWING": PublishedState.REVIEWING,
    "BANNED": PublishedState.REFUSED,
}

# --- what stands there -----------------------------------------------------------------------------------------------


class Brand(Struct, frozen=True):
    brand_id: int = 0
    original_brand_name: Word = ""


class BrandPage(Struct, frozen=True):
    brand_list: tuple[Brand, ...] = ()
    has_next_page: bool = False
    next_offset: int = 0


class Given(Struct, frozen=True):
    """A value that an item has."""

    value_id: int = 0
    original_value_name: Word = ""
    value_unit: Word = ""


class GivenAttribute(Struct, frozen=True):
    attribute_id: Word
    attribute_value_list: tuple[Given, ...] = ()


class ItemImage(products.Image, frozen=True):
    image_id_list: tuple[str, ...] = ()


class Item(products.Item, frozen=True):
    category_id: Word = 0
    attribute_list: tuple[GivenAttribute, ...] = ()
    weight: Decimal = Decimal(0)
    dimension: Size = Size()
    brand: Brand = Brand()
    image: ItemImage = ItemImage()


class ItemList(Struct, frozen=True):
    item_list: tuple[Item, ...] = ()


class Found(Struct, frozen=True):
    """A page of a search; `next_offset` is opaque, and "" at the end."""

    item_id_list: tuple[Word, ...] = ()
    next_offset: Word = ""


class Violation(Struct, frozen=True):
    violation_type: str = ""
    violation_reason: str = ""
    suggestion: str = ""


class Violated(Struct, frozen=True):
    item_id: Word
    item_status_details: tuple[Violation, ...] = ()


class Violations(Struct, frozen=True):
    item_list: tuple[Violated, ...] = ()


class Channel(Struct, frozen=True):
    logistics_channel_id: int
    enabled: bool = False
    mask_channel_id: int = 0
    fee_type: str = ""


class Channels(Struct, frozen=True):
    logistics_channel_list: tuple[Channel, ...] = ()


class Changed(Struct, frozen=True):
    """What a call about several things did not do."""

    failure_list: tuple[products.Failure, ...] = ()


def published(item: Item, listings: Sequence[RemoteListing], reasons: Sequence[str], url: str) -> Published:
    state = _STATES.get(item.item_status, PublishedState.REVIEWING)
    return Published(state, str(item.item_id), "", tuple(listings), tuple(reasons), url)


def reasons(said: Violations, item_id: str) -> list[str]:
    return [
        ": ".join(part for part in (one.violation_type, one.violation_reason, one.suggestion) if part)
        for each in said.item_list
        if str(each.item_id) == item_id
        for one in each.item_status_details
    ]


def logistics(said: Channels) -> list[dict[str, Any]]:
    """The channels an item goes by: those the shop has switched on.

    Source: guide 209, 7: only channels with `enabled` true and `mask_channel_id` 0 may be named. Those that want a
    size chosen or a fee of the seller's are named only where there are no others.
    """
    open_ = [one for one in said.logistics_channel_list if one.enabled and not one.mask_channel_id]
    plain = [one for one in open_ if one.fee_type not in {"SIZE_SELECTION", "CUSTOM_PRICE"}]
    return [{"logistic_id": one.logistics_channel_id, "enabled": True} for one in plain or open_]


# --- a draft as an item ----------------------------------------------------------------------------------------------


def new_item(
    draft: Draft, brand: Brand, channels: Sequence[Mapping[str, Any]], dates: Collection[str]
) -> dict[str, Any]:
    """The body that makes it. Its price is the lowest of the variants, until these have their own."""
    first = draft.variants[0]
    body: dict[str, Any] = {
        "original_price": min(price(variant, draft) for variant in draft.variants),
        "description": draft.description,
        "item_name": draft.name,
        "category_id": number(draft.category_id),
        "image": {"image_id_list": list(draft.pictures)},
        "logistic_info": list(channels),
        "seller_stock": [{"stock": 0}],
        "brand": brand_of(brand),
        "attribute_list": attribute_rows(draft, dates),
        "item_sku": item_sku(draft),
        "condition": "NEW",
        "item_status": "NORMAL" if draft.is_shown else "UNLIST",
    }
    if weight := weight_kg(draft.variants):
        body["weight"] = weight
    if size := size_cm(draft.variants):
        body["dimension"] = size
    if not draft.options and first.barcode:
        body["gtin_code"] = first.barcode
    return body


def changes(item: Item, draft: Draft, dates: Collection[str]) -> dict[str, Any]:
    """What of an item's own is not as the draft has it. Brand, showing and variants are looked at apart.

    Values of attributes that the draft does not name stay as someone gave them in the seller centre, unless the
    category is another one now.
    """
    body: dict[str, Any] = {}
    is_moved = str(item.category_id) != draft.category_id
    if str(item.item_name).strip() != draft.name.strip():
        body["item_name"] = draft.name
    if item.description_type == "extended" or _lines(item.description) != _lines(draft.description):
        body |= {"description": draft.description, "description_type": "normal"}
    if is_moved:
        body["category_id"] = number(draft.category_id)
    if tuple(draft.pictures) != item.image.image_id_list:
        body["image"] = {"image_id_list": list(draft.pictures)}
    if (weight := weight_kg(draft.variants)) and weight != item.weight:
        body["weight"] = weight
    if (size := size_cm(draft.variants)) and not _is_size(size, item.dimension):
        body["dimension"] = size
    if item_sku(draft) != str(item.item_sku):
        body["item_sku"] = item_sku(draft)
    barcode = draft.variants[0].barcode
    if not draft.options and barcode and barcode != str(item.gtin_code):
        body["gtin_code"] = barcode
    given = {str(each.attribute_id): each.attribute_value_list for each in item.attribute_list}
    if is_moved or any(not _are(values, given.get(one, ()), one in dates) for one, values in draft.attributes.items()):
        others = (
            [] if is_moved else [each for each in item.attribute_list if str(each.attribute_id) not in draft.attributes]
        )
        body["attribute_list"] = [*attribute_rows(draft, dates), *(_row_as_given(each) for each in others)]
    return body


def item_sku(draft: Draft) -> str:
    """The SKU of a product without variants; the product's own code where each variant has its SKU."""
    return draft.code if draft.options else draft.variants[0].sku


def brand_of(brand: Brand) -> dict[str, Any]:
    return {"brand_id": brand.brand_id, "original_brand_name": str(brand.original_brand_name) or NO_BRAND}


def price(variant: DraftVariant, draft: Draft) -> Decimal:
    return to_decimal(variant.price_minor, draft.currency)


def weight_kg(variants: Sequence[DraftVariant]) -> Decimal | None:
    """Of the heaviest."""
    said = [variant.weight_g for variant in variants if variant.weight_g]
    return Decimal(max(said)) / 1000 if said else None


def size_cm(variants: Sequence[DraftVariant]) -> dict[str, int] | None:
    """Whole centimetres, no less than the parcel is, of the largest; None unless all three sizes are known."""
    said = [
        (variant.length_mm, variant.width_mm, variant.height_mm)
        for variant in variants
        if variant.length_mm and variant.width_mm and variant.height_mm
    ]
    if not said:
        return None
    length, width, height = max(said, key=lambda sides: sides[0] * sides[1] * sides[2])
    return {
        "package_length": -(-length // _MM_IN_CM),
        "package_width": -(-width // _MM_IN_CM),
        "package_height": -(-height // _MM_IN_CM),
    }


_MM_IN_CM: Final = 10


def attribute_rows(draft: Draft, dates: Collection[str]) -> list[dict[str, Any]]:
    return [
        {
            "attribute_id": number(attribute_id),
            "attribute_value_list": [_row(value, attribute_id in dates) for value in values],
        }
        for attribute_id, values in draft.attributes.items()
        if values
    ]


def has_days(draft: Draft) -> bool:
    """Whether any value looks like a day, which the platform takes as seconds where the attribute is one."""
    return any(
        _DAY.match(value.text) for values in draft.attributes.values() for value in values if not value.choice_id
    )


_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_HANOI: Final = timezone(timedelta(hours=7))


def _row(value: Value, is_date: bool) -> dict[str, Any]:
    """Source: guide 211, 2.2: an own value has `value_id` 0, and is text whatever it is; a day is seconds as text."""
    if value.choice_id:
        return {"value_id": number(value.choice_id)}
    text = _seconds(value.text) if is_date else value.text
    return {"value_id": 0, "original_value_name": text, **({"value_unit": value.unit} if value.unit else {})}


def _row_as_given(each: GivenAttribute) -> dict[str, Any]:
    rows = []
    for one in each.attribute_value_list:
        row: dict[str, Any] = {"value_id": one.value_id}
        if one.original_value_name:
            row["original_value_name"] = str(one.original_value_name)
        if one.value_unit:
            row["value_unit"] = str(one.value_unit)
        rows.append(row)
    return {"attribute_id": int(each.attribute_id), "attribute_value_list": rows}


def _seconds(day: str) -> str:
    """Noon in Vietnam: the same day by the platform's own clock."""
    if not _DAY.match(day):
        return day
    return str(int(datetime.combine(date.fromisoformat(day), time(12), _HANOI).timestamp()))


def _are(wanted: Sequence[Value], given: Sequence[Given], is_date: bool) -> bool:
    return len(wanted) == len(given) and all(any(_is(value, one, is_date) for one in given) for value in wanted)


def _is(value: Value, one: Given, is_date: bool) -> bool:
    if value.choice_id:
        return one.value_id == number(value.choice_id)
    forms = set(_day_forms(value.text)) if is_date else {value.text.strip().casefold()}
    unit = str(one.value_unit).strip()
    return str(one.original_value_name).strip().casefold() in forms and (not value.unit or unit == value.unit.strip())


def _day_forms(day: str) -> Iterator[str]:
    """A day as it is sent, and as it is told again: DD/MM/YYYY, or MM/YYYY."""
    yield _seconds(day)
    if _DAY.match(day):
        year, month, of_month = day.split("-")
        yield from (f"{of_month}/{month}/{year}", f"{month}/{year}")


def _is_size(size: Mapping[str, int], now: Size) -> bool:
    return all(getattr(now, side) == length for side, length in size.items())


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


# --- variants --------------------------------------------------------------------------------------------------------


def tier_rows(tiers: Sequence[Tier]) -> list[dict[str, Any]]:
    """Ids of 0 are what the seller says in words of its own. Source: the sample of `init_tier_variation`."""
    return [
        {
            "variation_id": tier.id,
            "variation_group_id": tier.group_id,
            "variation_name": tier.name,
            "variation_option_list": [
                {
                    "variation_option_id": one.id,
                    "variation_option_name": one.text,
                    **({"image_id": one.image_id} if one.image_id else {}),
                }
                for one in tier.options
            ],
        }
        for tier in tiers
    ]


def new_models(places: Sequence[Place], draft: Draft) -> list[dict[str, Any]]:
    """Models to be made. One that stands for a variant already keeps its price and what it has for sale."""
    return [_new_model(place, draft) for place in places]


def _new_model(place: Place, draft: Draft) -> dict[str, Any]:
    variant, stands = place.variant, place.model
    kept = None if stands is None else products.price_minor(stands.price_info, draft.currency)
    row: dict[str, Any] = {
        "tier_index": list(place.index),
        "original_price": price(variant, draft) if kept is None else to_decimal(kept, draft.currency),
        "model_sku": variant.sku,
        "seller_stock": [{"stock": 0 if stands is None else products.available(stands.stock_info_v2)}],
        **_parcel(variant, draft),
    }
    if variant.barcode:
        row["gtin_code"] = variant.barcode
    return row


def model_changes(plan: Plan, draft: Draft) -> list[dict[str, Any]]:
    """Of the models that stand: what is not as the draft has it, prices and stock apart."""
    return [row for place, model in plan.kept if len(row := _model_change(place.variant, model, draft)) > 1]


def _model_change(variant: DraftVariant, model: Model, draft: Draft) -> dict[str, Any]:
    row: dict[str, Any] = {"model_id": int(model.model_id)}
    if variant.sku != str(model.model_sku):
        row["model_sku"] = variant.sku
    if variant.barcode and variant.barcode != str(model.gtin_code):
        row["gtin_code"] = variant.barcode
    parcel = _parcel(variant, draft, is_own=model.weight is not None)
    is_other = parcel.get("weight", model.weight) != model.weight or (
        "dimension" in parcel and not _is_size(parcel["dimension"], model.dimension or Size())
    )
    return {**row, **parcel} if is_other else row


def _parcel(variant: DraftVariant, draft: Draft, *, is_own: bool = False) -> dict[str, Any]:
    """A variant's own weight and size, told where variants differ or it has its own: else they are the item's."""
    if not is_own and len({(one.weight_g, one.length_mm, one.width_mm, one.height_mm) for one in draft.variants}) == 1:
        return {}
    weight, size = weight_kg([variant]), size_cm([variant])
    return {**({"weight": weight} if weight else {}), **({"dimension": size} if weight and size else {})}
