"""What of a draft is told to the platform, and what stands there already.

Sources of what the shared facts leave out: see `publishing.py` beside this.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from mekong.channels.socket.publishing import Draft, DraftVariant, Value
from mekong.connectors.tiktok.mapping import Word
from mekong.connectors.tiktok.mapping.publishing import AttributeChoice, Detail, ProductAttribute, SalesAttribute, Sku
from mekong.foundation.money import to_decimal

MOST_OPTIONS: Final = 3


def rich(text: str) -> str:
    """Plain text as the markup that the platform takes: paragraphs, with breaks inside them."""
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n").strip())
    lines = [[html.escape(line.strip(), quote=False) for line in block.split("\n") if line.strip()] for block in blocks]
    return "".join(f"<p>{'<br>'.join(each)}</p>" for each in lines if each)


def words(markup: str) -> list[str]:
    """The lines of words in markup, for the platform may write the same words with other tags."""
    text = re.sub(r"<\s*(?:br\b[^>]*|/\s*(?:p|li|ul|ol|div))\s*/?>", "\n", markup, flags=re.IGNORECASE)
    text = html.unescape(re.sub(r"<[^>]*>", "", text))
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()]


def _weight(variants: Sequence[DraftVariant]) -> dict[str, str]:
    """A product has one parcel here: the heaviest of its variants."""
    grams = max((variant.weight_g for variant in variants if variant.weight_g), default=0)
    return {"value": format((Decimal(grams) / 1000).normalize(), "f"), "unit": "KILOGRAM"} if grams else {}


def _size(variants: Sequence[DraftVariant]) -> dict[str, str]:
    """Whole centimetres, all three or none (the rule for Vietnam)."""
    sizes = [(each.length_mm or 0, each.width_mm or 0, each.height_mm or 0) for each in variants]
    known = [size for size in sizes if all(size)]
    if not known:
        return {}
    length, width, height = (str(-(-max(side) // 10)) for side in zip(*known, strict=True))
    return {"length": length, "width": width, "height": height, "unit": "CENTIMETER"}


def _barcode(code: str) -> dict[str, str]:
    """By its length, as the platform tells the kinds apart; what fits none is not sent."""
    if not (code.isascii() and code.isdigit()):
        return {}
    kind = {8: "EAN", 12: "UPC", 13: "EAN", 14: "GTIN"}.get(len(code))
    if len(code) == 13 and code.startswith(("978", "979")):
        kind = "ISBN"
    return {"code": code, "type": kind} if kind else {}


def _value(value: Value) -> dict[str, str]:
    return {"id": value.choice_id} if value.choice_id else {"name": f"{value.text} {value.unit}".strip()}


def members(draft: Draft, brand_id: str) -> dict[str, Any]:
    """What a draft says of the product as a whole; what it is silent of is left out."""
    options = {option.attribute_id for option in draft.options}
    said: dict[str, Any] = {
        "title": draft.name,
        "description": rich(draft.description),
        "category_id": draft.category_id,
        "brand_id": brand_id,
        "main_images": [{"uri": uri} for uri in draft.pictures],
        "package_weight": _weight(draft.variants),
        "package_dimensions": _size(draft.variants),
        "product_attributes": [
            {"id": attribute_id, "values": [_value(value) for value in values]}
            for attribute_id, values in draft.attributes.items()
            if values and attribute_id not in options
        ],
    }
    return {name: value for name, value in said.items() if value}


def creation(draft: Draft, brand_id: str, warehouse_id: str) -> dict[str, Any]:
    return {
        "save_mode": "LISTING",
        **members(draft, brand_id),
        "skus": Skus(draft, ()).rows(warehouse_id),
        **({"external_product_id": draft.code} if draft.code else {}),
    }


def changes(draft: Draft, said: Detail, brand_id: str, warehouse_id: str) -> dict[str, Any]:
    """The members that differ from what stands there. `skus` are told all or not at all: one left out is deleted."""
    wanted = members(draft, brand_id)
    found = {name: value for name, value in wanted.items() if not _stands(said, name, value)}
    skus = Skus(draft, said.skus)
    return found if skus.stand else {**found, "skus": skus.rows(warehouse_id)}


def whole(draft: Draft, said: Detail, brand_id: str, warehouse_id: str) -> dict[str, Any]:
    """Every member, for a move to another category: only the call that replaces a product takes one."""
    weight, images = said.package_weight, said.main_images
    kept: dict[str, Any] = {
        "description": str(said.description),
        "main_images": [{"uri": image.uri} for image in images if image.uri],
        "package_weight": {"value": format(weight.value, "f"), "unit": weight.unit} if weight.value is not None else {},
        "brand_id": str(said.brand.id),
    }
    return {
        **{name: value for name, value in kept.items() if value},
        **members(draft, brand_id),
        "skus": Skus(draft, said.skus).rows(warehouse_id),
    }


def _stands(said: Detail, name: str, value: Any) -> bool:
    match name:
        case "title":
            return str(said.title) == str(value)
        case "description":
            return words(str(said.description)) == words(value)
        case "category_id":
            return said.category_id in {value, ""}
        case "brand_id":
            return str(said.brand.id) == str(value)
        case "main_images":
            return [image.uri for image in said.main_images] == [image["uri"] for image in value]
        case "package_weight":
            weight = said.package_weight
            return weight.unit == value["unit"] and weight.value == Decimal(value["value"])
        case "package_dimensions":
            size = said.package_dimensions
            sides = {"length": size.length, "width": size.width, "height": size.height}
            return size.unit == value["unit"] and all(sides[side] == Decimal(value[side]) for side in sides)
        case _:
            return _attributes_stand(said.product_attributes, value)


def _attributes_stand(said: Sequence[ProductAttribute], wanted: Sequence[Mapping[str, Any]]) -> bool:
    there = {str(one.id): one.values for one in said if one.values}
    if there.keys() != {one["id"] for one in wanted}:
        return False
    return all(
        len(there[one["id"]]) == len(one["values"])
        and all(any(_is_choice(choice, value) for choice in there[one["id"]]) for value in one["values"])
        for one in wanted
    )


def _is_choice(choice: AttributeChoice, value: Mapping[str, str]) -> bool:
    if "id" in value:
        return str(choice.id) == value["id"]
    return _folded(choice.name) == _folded(value["name"])


def _folded(text: Word) -> str:
    return str(text).strip().casefold()


@dataclass(frozen=True)
class Skus:
    """The variants of a draft beside the SKUs that stand there."""

    draft: Draft
    there: Sequence[Sku]

    @property
    def stand(self) -> bool:
        """Whether nothing of them is to be written. Prices and stock are not looked at: others keep them."""
        pairs = self._pairs()
        is_each_there = all(sku is not None and self._stands(variant, sku) for variant, sku in pairs)
        return is_each_there and len(pairs) == len(self.there)

    @property
    def is_any_new(self) -> bool:
        return any(sku is None for _, sku in self._pairs())

    def rows(self, warehouse_id: str) -> list[dict[str, Any]]:
        """New ones with nothing for sale in the main warehouse, the others with price and stock as they were read."""
        return [self._row(variant, sku, warehouse_id) for variant, sku in self._pairs()]

    def _pairs(self) -> list[tuple[DraftVariant, Sku | None]]:
        left = {str(sku.id): sku for sku in self.there}
        chosen: dict[int, Sku] = {}
        for number, variant in enumerate(self.draft.variants):
            if variant.model_id in left:
                chosen[number] = left.pop(variant.model_id)
        for number, variant in enumerate(self.draft.variants):
            same = next((key for key, sku in left.items() if str(sku.seller_sku) == variant.sku), "")
            if number not in chosen and same and variant.sku:
                chosen[number] = left.pop(same)
        return [(variant, chosen.get(number)) for number, variant in enumerate(self.draft.variants)]

    def _row(self, variant: DraftVariant, sku: Sku | None, warehouse_id: str) -> dict[str, Any]:
        row: dict[str, Any] = {"seller_sku": variant.sku, "sales_attributes": self._sales_attributes(variant, sku)}
        if barcode := _barcode(variant.barcode):
            row["identifier_code"] = barcode
        amount = (_price(sku) if sku else None) or to_decimal(variant.price_minor, self.draft.currency)
        currency = (sku.price.currency if sku else "") or self.draft.currency
        row["price"] = {"amount": format(amount, "f"), "currency": currency}
        heaps = sku.inventory if sku else ()
        inventory = [{"warehouse_id": str(heap.warehouse_id), "quantity": heap.quantity} for heap in heaps]
        row["inventory"] = inventory or [{"warehouse_id": warehouse_id, "quantity": 0}]
        return {"id": str(sku.id), **row} if sku else row

    def _sales_attributes(self, variant: DraftVariant, sku: Sku | None) -> list[dict[str, Any]]:
        """By the platform's ids where it has them: a name that stands there already would be made a second time.

        Only one attribute may carry pictures, so that all variants of one value of the first option share theirs.
        """
        found: list[dict[str, Any]] = []
        for number, (option, value) in enumerate(zip(self.draft.options, variant.values, strict=False)):
            known = [
                one
                for each in self.there
                for one in each.sales_attributes
                if (option.attribute_id and str(one.id) == option.attribute_id)
                or (not option.attribute_id and _folded(one.name) == _folded(option.name))
            ]
            attribute_id = option.attribute_id or next((str(one.id) for one in known if one.id), "")
            row: dict[str, Any] = {"id": attribute_id} if attribute_id else {"name": option.name}
            same = (str(one.value_id) for one in known if _folded(one.value_name) == _folded(value.text))
            value_id = value.choice_id or next((each for each in same if each), "")
            row |= {"value_id": value_id} if value_id else {"value_name": value.text}
            if number == 0 and (picture := self._picture(value) or _image(sku)):
                row["sku_img"] = {"uri": picture}
            found.append(row)
        return found

    def _picture(self, value: Value) -> str:
        return next(
            (each.picture for each in self.draft.variants if each.picture and list(each.values[:1]) == [value]), ""
        )

    def _stands(self, variant: DraftVariant, sku: Sku) -> bool:
        wanted, there = self._sales_attributes(variant, sku), sku.sales_attributes
        barcode = _barcode(variant.barcode)
        return (
            str(sku.seller_sku) == variant.sku
            and (not barcode or str(sku.identifier_code.code) == barcode["code"])
            and len(wanted) == len(there)
            and all(any(_is_attribute(one, row) for one in there) for row in wanted)
        )


def _is_attribute(one: SalesAttribute, row: Mapping[str, Any]) -> bool:
    """By the ids of the row, by its names where it has none."""
    name = str(one.id) == row["id"] if "id" in row else _folded(one.name) == _folded(row["name"])
    by_name = _folded(one.value_name) == _folded(row.get("value_name", ""))
    value = str(one.value_id) == row["value_id"] if "value_id" in row else by_name
    picture = "sku_img" not in row or one.sku_img.uri == row["sku_img"]["uri"]
    return bool(name and value and picture)


def _image(sku: Sku | None) -> str:
    return next((one.sku_img.uri for one in (sku.sales_attributes if sku else ()) if one.sku_img.uri), "")


def _price(sku: Sku) -> Decimal | None:
    said = (sku.price.sale_price, sku.price.tax_exclusive_price, sku.price.amount)
    return next((each for each in said if each is not None), None)
