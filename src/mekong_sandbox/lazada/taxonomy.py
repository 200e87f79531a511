"""Categories, their questions and brands, and whether a product fits them (protocol notes, section 5)."""

from __future__ import annotations

import re
from typing import Any

from mekong_sandbox.catalogue import attributes
from mekong_sandbox.catalogue.attributes import BRANDS, Attribute
from mekong_sandbox.catalogue.tree import CATEGORIES, Category, Numbers
from mekong_sandbox.lazada.gate import Answer, Call, Flat, Refused

NUMBERS = Numbers(10_000_300, 1, {"t_shirts": 10_000_201})
SALE_NAMES = {"color": "color_family", "size": "size", "capacity": "storage_capacity", "pack": "pack_type"}
NO_BRAND_ID, NO_BRAND = 23_705, "No Brand"
AMOUNT = re.compile(r"\d+(?:\.\d+)?\s*(\D+)")
FORBIDDEN = '"^~<>'
MAX_ANSWER = 255


def wrong(code: str, name: str, text: str, field: str, seller_sku: str = "") -> Refused:
    """A refusal as the platform prints it: its code, and what is wrong where in `detail`."""
    row = {"field": field, "message": f"{name}:{text}"}
    return Refused(code, f"{name}:{text}", "ISP", [row | ({"seller_sku": seller_sku} if seller_sku else {})])


def leaf(number: str) -> Category:
    """A category that takes products. Raises: Refused."""
    found = NUMBERS.find(number)
    if found is None:
        raise Refused("201", f"E201: {number} Invalid CategoryId", "ISP")
    if not found.is_leaf:
        raise wrong("4134", "CATEGORY_NOT_LEAF", "Please select the last level category.", "PrimaryCategory")
    return found


def _is_vietnamese(call: Call) -> bool:
    return call.text("language_code", "en_US").startswith("vi")


def category_tree(call: Call) -> Answer:
    """All categories, each with those below it."""
    vietnamese = _is_vietnamese(call)

    def below(parent: str) -> list[dict[str, Any]]:
        rows = []
        for one in CATEGORIES.values():
            if one.parent == parent:
                row: dict[str, Any] = {"category_id": NUMBERS.of(one.key), "leaf": one.is_leaf, "var": one.is_leaf}
                row["name"] = one.name if vietnamese else one.english
                if not one.is_leaf:
                    row["children"] = below(one.key)
                rows.append(row)
        return rows

    return below("")


# -- attributes


def _input_type(asked: Attribute) -> str:
    if not asked.values:
        return "numeric" if asked.units else "text"
    if asked.is_multiple:
        return "multiEnumInput" if asked.has_own_words else "multiSelect"
    return "enumInput" if asked.has_own_words else "singleSelect"


def _row(call: Call, asked: Attribute, *, required: bool, sale: bool = False) -> dict[str, Any]:
    vietnamese = _is_vietnamese(call)
    row: dict[str, Any] = {
        "id": 30_000 + asked.place,
        "name": SALE_NAMES[asked.key] if sale else asked.key,
        "label": asked.name if vietnamese else asked.english,
        "is_mandatory": int(required),
        "is_sale_prop": int(sale),
        "attribute_type": "sku" if sale else "normal",
        "input_type": _input_type(asked),
        "options": [
            {"id": 40_000 + asked.place * 100 + place, "name": name if vietnamese else english, "en_name": english}
            for place, (name, english) in enumerate(asked.values, 1)
        ],
        "advanced": {"is_key_prop": int(required)},
    }
    if asked.units:
        row["unit"] = {"type": list(asked.units), "numericMin": "0", "numericMax": "1000000", "precision": 2}
    return row


BASIC = (
    ("name", "Tên sản phẩm", "Product name", "normal", "text", 1),
    ("brand", "Thương hiệu", "Brand", "normal", "singleSelect", 1),
    ("description", "Mô tả", "Description", "normal", "richText", 0),
    ("short_description", "Đặc điểm nổi bật", "Highlights", "normal", "richText", 0),
    ("SellerSku", "Mã SKU", "SellerSKU", "sku", "text", 1),
    ("price", "Giá", "Price", "sku", "numeric", 1),
    ("special_price", "Giá khuyến mãi", "Special price", "sku", "numeric", 0),
    ("quantity", "Kho hàng", "Quantity", "sku", "numeric", 0),
    ("package_weight", "Cân nặng (kg)", "Package weight (kg)", "sku", "numeric", 1),
    ("package_length", "Chiều dài (cm)", "Package length (cm)", "sku", "numeric", 1),
    ("package_width", "Chiều rộng (cm)", "Package width (cm)", "sku", "numeric", 1),
    ("package_height", "Chiều cao (cm)", "Package height (cm)", "sku", "numeric", 1),
    ("__images__", "Hình ảnh", "Images", "sku", "img", 0),
)


def category_attributes(call: Call) -> Answer:
    """What a product of a category must and may say."""
    category = NUMBERS.find(call.text("primary_category_id"))
    if category is None:
        raise Refused("4227", "Query category is null", "ISP")
    if not category.is_leaf:
        raise Refused("57", "E057: No attribute sets linked to that category.", "ISP")
    vietnamese = _is_vietnamese(call)
    rows: list[dict[str, Any]] = [
        {
            "id": place,
            "name": name,
            "label": label if vietnamese else english,
            "is_mandatory": required,
            "is_sale_prop": 0,
            "attribute_type": kind,
            "input_type": sort,
            "options": [],
            "advanced": {"is_key_prop": required},
        }
        for place, (name, label, english, kind, sort, required) in enumerate(BASIC, 1)
    ]
    rows += [_row(call, asked, required=required) for asked, required in attributes.asked(category)]
    return rows + [_row(call, one, required=False, sale=True) for one in attributes.differ(category)]


def _check_answer(asked: Attribute, text: str) -> None:
    if asked.units:
        found = AMOUNT.fullmatch(text)
        if found is None or found[1] not in asked.units:
            raise wrong(
                "4107", "CHECK_CAT_PROP_INVALID_NUMBER", f"{asked.english} needs a number and a unit", asked.key
            )
        return
    if not asked.values:
        if len(text) > max(MAX_ANSWER, asked.limit):
            raise wrong("4120", "CHK_CATPROP_CPV_MAX_LEGNTH", f"{asked.english} is too long", asked.key)
        return
    given = [part.strip() for part in text.split(",")] if asked.is_multiple else [text.strip()]
    if len(set(given)) < len(given):
        raise wrong("4111", "CHK_CATPROP_CPV_TEXT_REPEAT", f"{asked.english} has a value twice", asked.key)
    for one in given:
        if asked.value(one) is None and not asked.has_own_words:
            text = f"{one} is not one of the options of {asked.english}"
            raise wrong("4115", "CHK_CATPROP_CPV_NOT_ENUM", text, asked.key)


def check_answers(category: Category, given: dict[str, str], *, partial: bool = False) -> dict[str, str]:
    """The answers to the questions of a category. `partial`: what is not said stays. Raises: Refused."""
    answers = {}
    for asked, required in attributes.asked(category):
        text = given.get(asked.key, "").strip()
        if text:
            _check_answer(asked, text)
            answers[asked.key] = text
        elif required and (not partial or asked.key in given):
            raise wrong("4110", "BIZ_CHECK_CAT_PROP_MANDATORY", f"{asked.english} is mandatory", asked.key)
    return answers


def sale_names(category: Category) -> set[str]:
    """Names of the choices that variants of a category have."""
    return {SALE_NAMES[one.key] for one in attributes.differ(category)}


# -- brands


def brands_query(call: Call) -> Answer:
    """A page of all brands."""
    start = call.number("startRow", least=0, most=100_000, code="19")
    size = call.number("pageSize", 40, least=1, most=200, code="19")
    known = [(NO_BRAND_ID, NO_BRAND), *((one.number, one.name) for one in BRANDS)]
    rows = [
        {"brand_id": number, "name": name, "name_en": name, "global_identifier": name.lower().replace(" ", "-")}
        for number, name in known[start : start + size]
    ]
    data = {
        "enable_total": True,
        "start_row": start,
        "page_index": start // size + 1,
        "page_size": size,
        "total_page": -(-len(known) // size),
        "total_record": len(known),
        "module": rows,
    }
    return Flat(data=data, success=True, error_code="", error_msg="")


def check_brand(category: Category, given: dict[str, str]) -> tuple[int, str]:
    """Number and name of the brand, named by `brand_id` or `brand`. Raises: Refused."""
    number, name = given.get("brand_id", ""), given.get("brand", "").strip()
    if not number and not name:
        raise wrong("4108", "CHK_BASIC_REQUIRED", "brand is mandatory", "brand")
    known = [(NO_BRAND_ID, NO_BRAND), *((one.number, one.name) for one in attributes.brands(category))]
    for one in known:
        if number == str(one[0]) or (not number and name == one[1]):
            return one
    raise wrong("4142", "THD_BRAND_ID_IS_NOT_VALID_IN_CATEGORY", "The brand is invalid in the category", "brand")
