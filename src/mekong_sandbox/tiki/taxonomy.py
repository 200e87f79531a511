"""Categories and their questions, and whether a product fits them (protocol notes, section 4)."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.catalogue import attributes
from mekong_sandbox.catalogue.attributes import Attribute
from mekong_sandbox.catalogue.tree import CATEGORIES, Category, Numbers
from mekong_sandbox.tiki.gate import Answer, Call, Refused
from mekong_sandbox.tiki.model import CATEGORY
from mekong_sandbox.tiki.query import page

NUMBERS = Numbers(28_000, 3, {"t_shirts": CATEGORY, "jeans": 27570})
ROOT = 2
FIRST_ATTRIBUTE = 498
MAX_LETTERS = 500
BRAND = ("brand", "Thương hiệu")


def name_of(number: int) -> str:
    """The name of a category; "" when there is none."""
    found = NUMBERS.find(number)
    return found.name if found else ""


def leaf(number: int) -> Category:
    """A category that takes products. Raises: Refused."""
    found = NUMBERS.find(number)
    if found is None:
        raise Refused("category_id is invalid")
    if not found.is_leaf:
        raise Refused("category_id is not a primary category")
    return found


def _row(one: Category) -> dict[str, Any]:
    return {
        "id": NUMBERS.of(one.key),
        "name": one.name,
        "parent": NUMBERS.of(one.parent) or ROOT,
        "primary": int(one.is_leaf),
        "is_primary": one.is_leaf,
    }


def categories(call: Call) -> Answer:
    """A page of categories, those below one (`parent`) or with a name."""
    name, parent = call.text("name", "").casefold(), call.number("parent", 0)
    found = [one for one in map(_row, CATEGORIES.values()) if parent in (0, one["parent"])]
    return page(call, [one for one in found if name in str(one["name"]).casefold()], lambda one: one)


def _own(call: Call) -> Category:
    found = NUMBERS.find(call.parts["category_id"])
    if found is None:
        raise Refused("category not found", 404)
    return found


def get_category(call: Call) -> Answer:
    """One category."""
    return _row(_own(call))


def _input_type(asked: Attribute) -> str:
    if not asked.values:
        return "text"
    return "multiselect" if asked.is_multiple else "select"


def category_attributes(call: Call) -> Answer:
    """What a product of the category must and may say of itself."""
    category = _own(call)
    rows: list[dict[str, Any]] = [
        {"id": FIRST_ATTRIBUTE, "code": BRAND[0], "display_name": BRAND[1], "is_required": 1, "input_type": "text"}
        | {"data_type": "string", "values": [], "is_custom_value": True, "units": []}
    ]
    for asked, required in attributes.asked(category) if category.is_leaf else []:
        rows.append(
            {
                "id": FIRST_ATTRIBUTE + asked.place,
                "code": asked.key,
                "display_name": asked.name,
                "is_required": int(required),
                "input_type": _input_type(asked),
                "data_type": "string",
                "values": [
                    {"id": asked.place * 1000 + place, "value": name} for place, (name, _) in enumerate(asked.values, 1)
                ],
                "is_custom_value": asked.has_own_words or not asked.values,
                "units": list(asked.units),
            }
        )
    return {"data": rows}


def option_labels(call: Call) -> Answer:
    """What variants of the category may differ by."""
    category = _own(call)
    return {"data": [{"code": one.key, "label": one.name} for one in attributes.differ(category)]}


def _check(asked: Attribute, value: Any) -> None:
    given = value if isinstance(value, list) else [value]
    if len(given) > 1 and not asked.is_multiple:
        raise Refused(f"attributes.{asked.key} takes one value")
    for one in map(str, given):
        if len(one) > MAX_LETTERS or not one.strip():
            raise Refused(f"attributes.{asked.key} is empty or too long")
        if asked.values and not asked.has_own_words and asked.value(one) is None:
            raise Refused(f"attributes.{asked.key}: {one} is not one of its values")
        number, _, unit = one.partition(" ")
        if asked.units and not (number.replace(".", "", 1).isdecimal() and unit in asked.units):
            raise Refused(f"attributes.{asked.key} needs a number and a unit")


def check_answers(category: Category, given: dict[str, Any], *, partial: bool = False) -> None:
    """Whether the answers fit the questions of a category. Raises: Refused."""
    asked = {one.key: (one, required) for one, required in attributes.asked(category)}
    if not partial and not str(given.get(BRAND[0]) or "").strip():
        raise Refused("attributes.brand is required")
    for key, (one, required) in asked.items():
        if given.get(key) not in (None, "", []):
            _check(one, given[key])
        elif required and (not partial or key in given):
            raise Refused(f"attributes.{key} is required")
