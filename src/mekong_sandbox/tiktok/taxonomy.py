"""Categories, their questions, rules and brands, and whether a product fits them (protocol notes, section 4)."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.catalogue import attributes
from mekong_sandbox.catalogue.attributes import BRANDS, SALE, Attribute
from mekong_sandbox.catalogue.tree import CATEGORIES, Category, Numbers
from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import Answer

NUMBERS = Numbers(601_000, 8, {"t_shirts": 600_001})
MAX_LETTERS = 255


class ValueBody(msgspec.Struct):
    id: str = ""
    name: str = ""


class AttributeBody(msgspec.Struct):
    id: str
    values: list[ValueBody] = []


def _attribute_id(asked: Attribute) -> str:
    return str(100_000 + asked.place)


def _value_id(asked: Attribute, place: int) -> str:
    return str(1_000_000 + asked.place * 1000 + place)


def standard_ids(row: dict[str, Any]) -> None:
    """Give a choice of a SKU the numbers of the category's own, where it is one of them."""
    for asked in SALE:
        if row["name"] in (asked.name, asked.english):
            row["id"] = _attribute_id(asked)
            place = asked.value(row["value_name"])
            if place is not None:
                row["value_id"] = _value_id(asked, place)


def _english(call: Call) -> bool:
    return call.sent.get("locale", "vi-VN").lower().startswith("en")


def leaf(number: str) -> Category:
    """A category that takes products. Raises: Refused."""
    found = NUMBERS.find(number)
    if found is None:
        raise Refused(codes.CATEGORY_UNKNOWN, "The category does not exist.")
    if not found.is_leaf:
        raise Refused(codes.CATEGORY_NOT_LEAF, "The category is not a leaf category.")
    return found


def _row(one: Category, *, english: bool = False) -> dict[str, Any]:
    return {
        "id": str(NUMBERS.of(one.key)),
        "parent_id": str(NUMBERS.of(one.parent)),
        "local_name": one.english if english else one.name,
        "is_leaf": one.is_leaf,
    }


def chain(number: str) -> list[dict[str, Any]]:
    """A category with all above it, from the department down."""
    found = NUMBERS.find(number)
    return [_row(one) for one in NUMBERS.chain(found)] if found else []


def get_categories(call: Call) -> dict[str, Any]:
    """All categories, or those with a word in their names."""
    word, english = call.sent.get("keyword", "").casefold(), _english(call)
    found = [one for one in CATEGORIES.values() if word in (one.english if english else one.name).casefold()]
    return {"categories": [_row(one, english=english) | {"permission_statuses": ["AVAILABLE"]} for one in found]}


# -- attributes


def _attribute(asked: Attribute, *, english: bool, required: bool, sale: bool) -> dict[str, Any]:
    values = [
        {"id": _value_id(asked, place), "name": names[1] if english else names[0]}
        for place, names in enumerate(asked.values, 1)
    ]
    row: dict[str, Any] = {
        "id": _attribute_id(asked),
        "name": asked.english if english else asked.name,
        "type": "SALES_PROPERTY" if sale else "PRODUCT_PROPERTY",
        # As the platform spells it; newer versions of the call have the other one too.
        "is_requried": required,
        "is_required": required,
        "is_multiple_selection": asked.is_multiple,
        "is_customizable": asked.has_own_words or not asked.values,
        "value_data_format": "POSITIVE_INT_OR_DECIMAL" if asked.units else "TEXT",
        "values": values,
        "requirement_conditions": [],
    }
    if asked.units:
        row["unit_list"] = list(asked.units)
    return row


def get_attributes(call: Call) -> dict[str, Any]:
    """What a product of a category must and may say, and what its SKUs may differ by."""
    category, english = leaf(call.ids[0]), _english(call)
    rows = [_attribute(one, english=english, required=False, sale=True) for one in attributes.differ(category)]
    rows += [
        _attribute(one, english=english, required=required, sale=False) for one, required in attributes.asked(category)
    ]
    return {"attributes": rows}


def get_rules(call: Call) -> dict[str, Any]:
    """What else a category asks for."""
    leaf(call.ids[0])
    return {
        "product_certifications": [],
        "size_chart": {"is_supported": False, "is_required": False},
        "cod": {"is_supported": True},
        "package_dimension": {"is_required": False},
        "epr": {"is_required": False},
        "allowed_special_product_types": [],
    }


def _checked(asked: Attribute, value: ValueBody) -> Answer:
    if value.id and asked.values:
        for place, (name, _) in enumerate(asked.values, 1):
            if _value_id(asked, place) == value.id:
                return Answer(name, value.id)
        raise Refused(codes.ATTRIBUTE_VALUE, f"The value {value.id} of attribute {asked.english} does not exist.")
    name = value.name.strip()
    if not name or len(name) > max(MAX_LETTERS, asked.limit):
        raise Refused(codes.ATTRIBUTE_VALUE, f"The value of attribute {asked.english} is empty or too long.")
    if asked.values and not asked.has_own_words:
        raise Refused(codes.ATTRIBUTE_VALUE, f"Attribute {asked.english} takes only values of its list.")
    if asked.units and not _is_amount(asked, name):
        raise Refused(codes.ATTRIBUTE_VALUE, f"Attribute {asked.english} needs a number and a unit.")
    return Answer(name)


def _is_amount(asked: Attribute, text: str) -> bool:
    number, _, unit = text.partition(" ")
    return number.replace(".", "", 1).isdecimal() and unit in asked.units


def check_answers(category: Category, sent: list[AttributeBody], *, is_draft: bool = False) -> dict[str, list[Answer]]:
    """The answers to the questions of a category. Raises: Refused."""
    asked = {_attribute_id(one): one for one, _ in attributes.asked(category)}
    answers: dict[str, list[Answer]] = {}
    for one in sent:
        question = asked.get(one.id)
        if question is None:
            raise Refused(codes.ATTRIBUTE_VALUE, f"The attribute {one.id} is not of the category.")
        if one.id in answers or (len(one.values) > 1 and not question.is_multiple):
            raise Refused(codes.ATTRIBUTE_VALUE, f"Attribute {question.english} takes one value.")
        if one.values:
            answers[one.id] = [_checked(question, value) for value in one.values]
    lacking = missing(category, answers)
    if lacking and not is_draft:
        raise Refused(codes.ATTRIBUTE_MISSING, f"The required attribute {lacking} is missing.")
    return answers


def missing(category: Category, answers: dict[str, list[Answer]]) -> str:
    """The first question that must be answered and is not; "" = none."""
    needed = [one for one, required in attributes.asked(category) if required]
    return next((one.english for one in needed if _attribute_id(one) not in answers), "")


def answer_rows(answers: dict[str, list[Answer]]) -> list[dict[str, Any]]:
    """Answers as reads show them."""
    names = {_attribute_id(one): one.name for one in attributes.ALL}
    return [
        {
            "id": number,
            "name": names.get(number, ""),
            "values": [{"id": one.value_id, "name": one.name} for one in given],
        }
        for number, given in answers.items()
    ]


def choice(category: Category, number: str, name: str, value_id: str, value_name: str) -> tuple[str, str]:
    """Names of a choice of a SKU and of its value, by numbers or in own words. Raises: Refused."""
    own = {_attribute_id(one): one for one in attributes.differ(category)}
    if number and number not in own:
        raise Refused(codes.SALES_ATTRIBUTES, f"The sales attribute {number} is not of the category.")
    asked = own.get(number) or next((one for one in own.values() if name in (one.name, one.english)), None)
    if asked and value_id:
        for place, (text, _) in enumerate(asked.values, 1):
            if _value_id(asked, place) == value_id:
                return asked.name, text
        raise Refused(
            codes.SALES_ATTRIBUTES, f"The value {value_id} of sales attribute {asked.english} does not exist."
        )
    title = asked.name if asked else name.strip()
    if not title or not value_name.strip() or len(value_name) > 50 or len(title) > 20:
        raise Refused(codes.SALES_ATTRIBUTES, "A sales attribute needs a name (1 to 20) and a value (1 to 50 letters).")
    return title, value_name.strip()


# -- brands


def get_brands(call: Call) -> dict[str, Any]:
    """A page of brands, of one category or of all."""
    size, start = call.page_size(), call.sent.get("page_token", "0")
    if not start.isdecimal():
        raise Refused(codes.PAGE_TOKEN, "Invalid page_token.", 400)
    category_id, word = call.sent.get("category_id", ""), call.sent.get("brand_name", "").casefold()
    known = attributes.brands(leaf(category_id)) if category_id else list(BRANDS)
    found = [one for one in known if word in one.name.casefold()]
    page = found[int(start) : int(start) + size]
    further = str(int(start) + size) if int(start) + size < len(found) else ""
    rows = [
        {"id": str(one.number), "name": one.name, "authorized_status": "UNAUTHORIZED", "brand_status": "ONLINE"}
        | {"is_t1_brand": False}
        for one in page
    ]
    return {"brands": rows, "next_page_token": further, "total_count": len(found)}


def check_brand(category: Category, number: str) -> str:
    """The number of a brand; "" = none. Raises: Refused."""
    if number and number not in {str(one.number) for one in attributes.brands(category)}:
        raise Refused(codes.BRAND_UNKNOWN, "The brand does not exist in the category.")
    return number


def brand_row(number: str) -> dict[str, str] | None:
    """A brand as reads show it."""
    return next(({"id": number, "name": one.name} for one in BRANDS if str(one.number) == number), None)
