"""Categories, their questions, brands and limits, and whether a product fits them (protocol notes, section 5)."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.catalogue import attributes
from mekong_sandbox.catalogue.attributes import Attribute
from mekong_sandbox.catalogue.tree import CATEGORIES, Category, Numbers
from mekong_sandbox.shopee.gate import Answer, Call, Refused
from mekong_sandbox.shopee.model import Answered, Value

NUMBERS = Numbers(101_000, 7, {"t_shirts": 100240, "men": 100011, "women": 100017, "beauty": 100630, "home": 100636})
FIRST_ATTRIBUTE, FIRST_VALUE = 100_100, 20_000
SINGLE_DROP_DOWN, SINGLE_COMBO_BOX, FREE_TEXT, MULTI_DROP_DOWN, MULTI_COMBO_BOX = 1, 2, 3, 4, 5
MAX_VALUES = 5
LEAST_PRICE, MOST_PRICE = 1_000, 120_000_000
"""Đồng; of shops that sell in another currency any positive price is taken."""
NAME_LETTERS, TIER_LETTERS, OPTION_LETTERS = (10, 120), (1, 14), (1, 20)
MAX_IMAGES, MAX_OPTIONS = 9, 50
MAX_STOCK = 9_999_999
NO_BRAND = {"brand_id": 0, "original_brand_name": "NoBrand", "display_brand_name": "NoBrand"}


def leaf(number: int) -> Category:
    """A category that takes products. Raises: Refused."""
    found = NUMBERS.find(number)
    if found is None:
        raise Refused("product.error_invalid_category", "Category id is invalid.")
    if not found.is_leaf:
        raise Refused("product.error_invalid_category", "Category id is invalid. Please choose a leaf category.")
    return found


def _name(call: Call, name: str, english: str) -> str:
    return english if call.text("language", "en").lower().startswith("en") else name


def get_category(call: Call) -> Answer:
    """All categories, in the language asked for."""
    rows = [
        {
            "category_id": NUMBERS.of(one.key),
            "parent_category_id": NUMBERS.of(one.parent),
            "original_category_name": one.english,
            "display_category_name": _name(call, one.name, one.english),
            "has_children": not one.is_leaf,
        }
        for one in CATEGORIES.values()
    ]
    return {"category_list": rows}


# -- attributes


def _input_type(asked: Attribute) -> int:
    if not asked.values:
        return FREE_TEXT
    if asked.is_multiple:
        return MULTI_COMBO_BOX if asked.has_own_words else MULTI_DROP_DOWN
    return SINGLE_COMBO_BOX if asked.has_own_words else SINGLE_DROP_DOWN


def _value_id(asked: Attribute, place: int) -> int:
    return FIRST_VALUE + asked.place * 100 + place


def _attribute(call: Call, asked: Attribute, required: bool) -> dict[str, Any]:
    values = [
        {
            "value_id": _value_id(asked, place),
            "name": _name(call, name, english),
            "value_unit": "",
            "child_attribute_list": [],
            "multi_lang": [{"language": "vi", "value": name}, {"language": "en", "value": english}],
        }
        for place, (name, english) in enumerate(asked.values, 1)
    ]
    info = {
        "input_type": _input_type(asked),
        "input_validation_type": 3 if asked.units else 2,
        "format_type": 2 if asked.units else 1,
        "attribute_unit_list": list(asked.units),
        "max_value_count": MAX_VALUES if asked.is_multiple else 1,
        "introduction": "",
        "is_oem": False,
        "support_search_value": False,
    }
    return {
        "attribute_id": FIRST_ATTRIBUTE + asked.place,
        "mandatory": required,
        "name": _name(call, asked.name, asked.english),
        "attribute_value_list": values,
        "attribute_info": info,
        "multi_lang": [{"language": "vi", "value": asked.name}, {"language": "en", "value": asked.english}],
    }


def get_attribute_tree(call: Call) -> Answer:
    """The questions of up to 20 categories."""
    numbers = call.ids("category_id_list", most=20)
    rows = []
    for number in numbers:
        found = leaf(int(number) if number.isdecimal() else 0)
        tree = [_attribute(call, asked, required) for asked, required in attributes.asked(found)]
        rows.append({"category_id": int(number), "attribute_tree": tree, "warning": ""})
    return {"list": rows}


def _checked_value(asked: Attribute, value: Value) -> Value:
    known = next((p for p in range(1, len(asked.values) + 1) if _value_id(asked, p) == value.value_id), None)
    if value.value_id and known is None:
        raise Refused("product.error_param", f"Invalid value_id {value.value_id} of attribute {asked.english}.")
    if known is None and not value.original_value_name.strip():
        raise Refused("product.error_param", f"The value of attribute {asked.english} is empty.")
    if known is None and asked.values and not asked.has_own_words:
        raise Refused("product.error_param", f"Attribute {asked.english} takes only values of its list.")
    if asked.units:
        if value.value_unit not in asked.units:
            raise Refused("product.error_param", f"Invalid value_unit of attribute {asked.english}.")
        if not value.original_value_name.replace(".", "", 1).isdecimal():
            raise Refused("product.error_param", f"The value of attribute {asked.english} must be a number.")
    if len(value.original_value_name) > asked.limit:
        raise Refused("product.error_param", f"The value of attribute {asked.english} is too long.")
    if known is None:
        return value
    return Value(value.value_id, asked.values[known - 1][1], value.value_unit)


def check_attributes(category: Category, answered: list[Answered]) -> list[Answered]:
    """The answers, with the names of the choices. Raises: Refused."""
    asked = {FIRST_ATTRIBUTE + one.place: one for one, _ in attributes.asked(category)}
    if len({one.attribute_id for one in answered}) < len(answered):
        raise Refused("product.error_param", "An attribute_id is there twice.")
    checked = []
    for one in answered:
        question = asked.get(one.attribute_id)
        if question is None:
            raise Refused("product.error_param", f"Invalid attribute_id {one.attribute_id}.")
        if len(one.attribute_value_list) > (MAX_VALUES if question.is_multiple else 1):
            raise Refused("product.error_param", f"Too many values of attribute {question.english}.")
        values = [_checked_value(question, value) for value in one.attribute_value_list]
        if values:
            checked.append(Answered(one.attribute_id, values))
    given = {one.attribute_id for one in checked}
    for question, required in attributes.asked(category):
        number = FIRST_ATTRIBUTE + question.place
        if required and number not in given:
            text = f"Required attribute is missing: {question.english} ({number})."
            raise Refused("product.error_less_required_attribute", text)
    return checked


def attribute_rows(category_id: int, answered: list[Answered]) -> list[dict[str, Any]]:
    """The answers of an item as reads show them."""
    category = NUMBERS.find(category_id)
    asked = (
        {FIRST_ATTRIBUTE + one.place: (one, required) for one, required in attributes.asked(category)}
        if category
        else {}
    )
    rows = []
    for one in answered:
        question, required = asked.get(one.attribute_id, (None, False))
        values = [
            {
                "value_id": value.value_id,
                "original_value_name": value.original_value_name,
                "value_unit": value.value_unit,
            }
            for value in one.attribute_value_list
        ]
        name = question.english if question else ""
        rows.append({"attribute_id": one.attribute_id, "original_attribute_name": name, "is_mandatory": required})
        rows[-1]["attribute_value_list"] = values
    return rows


# -- brands and limits


def _needs_brand(category: Category) -> bool:
    return category.department in ("electronics", "beauty")


def get_brand_list(call: Call) -> Answer:
    """A page of the brands of a category; NoBrand comes first."""
    size, offset = call.number("page_size", least=1, most=100), call.number("offset")
    if call.number("status") not in (1, 2):
        raise Refused("error_param", "status must be 1 or 2.")
    category = leaf(call.number("category_id"))
    found: list[dict[str, Any]] = []
    if call.number("status") == 1:
        known = attributes.brands(category)
        found = [NO_BRAND] + [
            {"brand_id": one.number, "original_brand_name": one.name, "display_brand_name": one.name} for one in known
        ]
    more = offset + size < len(found)
    return {
        "brand_list": found[offset : offset + size],
        "has_next_page": more,
        "next_offset": offset + size if more else 0,
        "is_mandatory": _needs_brand(category),
        "input_type": "DROP_DOWN_LIST",
    }


def check_brand(category: Category, brand_id: int | None) -> tuple[int, str]:
    """Number and name of a brand; None = none was named. Raises: Refused."""
    if brand_id is None:
        if _needs_brand(category):
            raise Refused("product.error_invalid_brand", "Brand information required.")
        return 0, "NoBrand"
    if brand_id == 0:
        return 0, "NoBrand"
    for one in attributes.brands(category):
        if one.number == brand_id:
            return one.number, one.name
    raise Refused("product.error_invalid_brand", "Invalid brand id.")


def get_item_limit(call: Call) -> Answer:
    """What is taken: lengths, prices, numbers of pictures and models."""
    number = call.number("category_id", 0)
    if number:
        leaf(number)

    def between(least: int, most: int) -> dict[str, int]:
        return {"min_limit": least, "max_limit": most}

    price = between(LEAST_PRICE, MOST_PRICE) if call.shop.currency == "VND" else {"min_limit": 0.01, "max_limit": 1e9}
    settings = call.world.settings
    return {
        "price_limit": price,
        "wholesale_price_threshold_percentage": {"min_limit": 50, "max_limit": 100},
        "stock_limit": between(0, MAX_STOCK),
        "item_name_length_limit": between(*NAME_LETTERS),
        "item_image_count_limit": between(1, MAX_IMAGES),
        "item_description_length_limit": between(settings.shopee_description_least, settings.shopee_description_most),
        "tier_variation_name_length_limit": between(*TIER_LETTERS),
        "tier_variation_option_length_limit": between(*OPTION_LETTERS),
        "item_count_limit": {"max_limit": 10_000},
        "text_length_multiplier": 1,
        "weight_limit": {"weight_mandatory": True},
        "dimension_limit": {"dimension_mandatory": False},
        "dts_limit": {"days_to_ship_limit": between(5, 15), "non_pre_order_days_to_ship": 2, "support_pre_order": True},
    }
