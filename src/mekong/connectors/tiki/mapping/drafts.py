"""What of a draft a request says, and whether it stands already."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from mekong.channels.socket.publishing import Draft, DraftVariant, Value
from mekong.connectors.tiki.mapping.publishing import BRAND, NO_BRAND, SIDES, WEIGHT, Standing
from mekong.foundation.money import to_decimal

MOST_OPTIONS: Final = 2
_INVENTORY: Final = "dropship"
"""The goods lie with the seller, and Tiki's drivers fetch them: the model whose stock is ours to tell."""
_FLAGS: Final = {"true": 1, "false": 0}


def rich(text: str) -> str:
    """Plain text as markup: paragraphs, with breaks inside them."""
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n").strip())
    lines = [[html.escape(line.strip(), quote=False) for line in block.split("\n") if line.strip()] for block in blocks]
    return "".join(f"<p>{'<br>'.join(each)}</p>" for each in lines if each)


def words(markup: str) -> list[str]:
    """The words in markup: the platform writes the same words with tags and line breaks of its own."""
    text = re.sub(r"<(style|script)\b.*?</\1\s*>", " ", markup, flags=re.IGNORECASE | re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", text)).split()


def creation(draft: Draft, variants: Sequence[DraftVariant], brand: str, warehouse_id: int) -> dict[str, Any]:
    """A request for these variants, with nothing for sale. The price before discounts is the dearest one's own."""
    price = max(variant.price_minor for variant in variants)
    return {
        "category_id": int(draft.category_id),
        "name": draft.name,
        "description": rich(draft.description),
        "market_price": to_decimal(price, draft.currency),
        "attributes": attributes(draft, variants, brand),
        **_pictures(draft),
        "option_attributes": [option.attribute_id or option.name for option in draft.options],
        "variants": [_variant(draft, variant, _parcel(variants), warehouse_id) for variant in variants],
        "certificate_files": [],
        "meta_data": {"is_auto_turn_on": draft.is_shown},
    }


def _variant(draft: Draft, variant: DraftVariant, parcel: Mapping[str, Decimal], warehouse_id: int) -> dict[str, Any]:
    """Attributes of a variant are laid over those of the request; it names its parcel where that is another."""
    own = _parcel([variant])
    picture = variant.picture or next(iter(draft.pictures), "")
    return {
        "sku": variant.sku,
        **{f"option{number}": value.text for number, value in enumerate(variant.values, 1)},
        "price": to_decimal(variant.price_minor, draft.currency),
        "inventory_type": _INVENTORY,
        "seller_warehouse": str(warehouse_id),
        "warehouse_stocks": [{"warehouseId": warehouse_id, "qtyAvailable": 0}],
        **({"image": picture} if picture else {}),
        **({"attributes": own} if own and own != parcel else {}),
    }


def attributes(draft: Draft, variants: Sequence[DraftVariant], brand: str) -> dict[str, Any]:
    """By code: the values' own words, brand, and the parcel of these variants."""
    apart = {option.attribute_id for option in draft.options}
    said: dict[str, Any] = {code: _said(values) for code, values in draft.attributes.items() if values}
    said = {code: value for code, value in said.items() if code not in apart}
    return {**said, BRAND: brand or NO_BRAND, **_parcel(variants)}


def _parcel(variants: Sequence[DraftVariant]) -> dict[str, Decimal]:
    """The parcel of the heaviest and largest of them, in kg and cm; what is not known is left out."""
    parcel: dict[str, Decimal] = {}
    if grams := max((variant.weight_g for variant in variants if variant.weight_g), default=0):
        parcel[WEIGHT] = Decimal(grams) / 1000
    sizes = [(each.length_mm or 0, each.width_mm or 0, each.height_mm or 0) for each in variants]
    known = [size for size in sizes if all(size)]
    if known:
        parcel |= {side: Decimal(max(each)) / 10 for side, each in zip(SIDES, zip(*known, strict=True), strict=True)}
    return parcel


def _said(values: Sequence[Value]) -> Any:
    text = ", ".join(f"{value.text} {value.unit}".strip() for value in values)
    return _FLAGS.get(text, text)


def change(draft: Draft, variant: DraftVariant, brand: str, number: str) -> dict[str, Any]:
    """A request to change a product: whole, because it is looked at as a whole.

    The description stands where a request for a new product has it, and among the attributes, where clients of the
    platform put it: its reference names no place.
    """
    description = rich(draft.description)
    return {
        "product_id": int(number),
        "name": draft.name,
        "description": description,
        "attributes": {"description": description, **attributes(draft, [variant], brand)},
        **_pictures(draft),
    }


def _pictures(draft: Draft) -> dict[str, Any]:
    """The first leads, and is put before the others by the platform; a list of no others is not taken."""
    if not draft.pictures:
        return {}
    return {"image": draft.pictures[0], "images": list(draft.pictures[1:] or draft.pictures)}


def stands(draft: Draft, variant: DraftVariant, there: Standing, brand: str) -> bool:
    """Whether a product is as the draft has it, as far as the platform shows.

    It keeps pictures under addresses of its own: of those only their number is compared. An attribute that it shows by
    a number of its own, and brand and parcel where it does not show them, count as told.
    """
    said = attributes(draft, [variant], brand)
    return (
        _is_named(str(there.name), draft.name, variant.values)
        and (not there.words or words(there.words) == words(rich(draft.description)))
        and _pictures_stand(there, draft.pictures)
        and all(_attribute_stands(there, code, value, draft) for code, value in said.items())
    )


def _is_named(said: str, name: str, values: Sequence[Value]) -> bool:
    """The platform may put a variant's values behind the product's name."""
    shown, ours = (" ".join(text.split()) for text in (said, name))
    if not shown.startswith(ours):
        return False
    rest = shown.removeprefix(ours).casefold()
    for text in sorted((" ".join(value.text.split()).casefold() for value in values), key=len, reverse=True):
        rest = rest.replace(text, "", 1)
    return not re.sub(r"[\s–,/|()-]", "", rest)


def _pictures_stand(there: Standing, ours: Sequence[str]) -> bool:
    said = {image.url for image in there.images if image.url}
    if not ours or not said.isdisjoint(ours):
        is_first = there.thumbnail not in ours or there.thumbnail == ours[0]
        return not ours or (said | {ours[0]} == set(ours) and is_first)
    return len(said) in ({1, 2} if len(ours) == 1 else {len(ours)})


def _attribute_stands(there: Standing, code: str, value: Any, draft: Draft) -> bool:
    said = [text.strip() for text in there.told(code)]
    if not said:
        return code not in draft.attributes
    if isinstance(value, Decimal | int):
        return any(_number(text) == value for text in said)
    wanted = {part.strip().casefold() for part in str(value).split(",")}
    shown = {part.strip().casefold() for text in said for part in text.split(",")}
    is_by_number = all(text.isdigit() for text in said) and not str(value).strip().isdigit()
    return is_by_number or wanted == shown


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
