"""What the platform asks of products: its categories and their attributes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket.publishing import AttributeKind, RemoteAttribute, RemoteCategory, RemoteChoice
from mekong.connectors.lazada.mapping import Word


class Category(Struct, frozen=True):
    category_id: Word
    name: Word = ""
    leaf: bool = False
    children: tuple[Category, ...] = ()


class Option(Struct, frozen=True):
    """`en_name` is what is sent, whatever language `name` was asked for in."""

    name: Word = ""
    en_name: Word = ""


class Attribute(Struct, frozen=True):
    """`attribute_type` is "sku" where each SKU has its own value, "normal" where the product has one."""

    name: str
    label: Word = ""
    input_type: str = "text"
    attribute_type: str = "normal"
    is_mandatory: bool = False
    is_sale_prop: bool = False
    options: tuple[Option, ...] = ()
    unit: Any = ()

    @property
    def is_of_skus(self) -> bool:
        return self.attribute_type == "sku" and not self.is_sale_prop


BARCODE: Final = "barcode_ean"
_CARRIED: Final = frozenset(
    {
        BARCODE,
        "SellerSku",
        "__images__",
        "brand",
        "brand_id",
        "description",
        "name",
        "package_height",
        "package_length",
        "package_weight",
        "package_width",
        "price",
        "quantity",
        "special_from_date",
        "special_from_time",
        "special_price",
        "special_to_date",
        "special_to_time",
        "supply_price",
    }
)
"""What a draft carries by itself, or the reconciler keeps; of promotions a draft knows nothing."""

# Source: Lazada Open Platform, "Query Category Attributes" (docId 121541): singleselect and multiselect take listed
# values alone, enuminput and multienuminput others as well; img is a picture's address, which a draft has none of.
_KINDS: Final = {
    "singleselect": AttributeKind.CHOICE,
    "enuminput": AttributeKind.CHOICE,
    "multiselect": AttributeKind.CHOICES,
    "multienuminput": AttributeKind.CHOICES,
    "numeric": AttributeKind.NUMBER,
    "date": AttributeKind.DATE,
}
_LISTED_ONLY: Final = frozenset({"singleselect", "multiselect"})
_PICTURE: Final = "img"


def categories(roots: Sequence[Category]) -> list[RemoteCategory]:
    """Parents before children."""
    found: list[RemoteCategory] = []
    waiting = [("", each) for each in reversed(roots)]
    while waiting:
        parent, each = waiting.pop()
        category_id = str(each.category_id)
        found.append(RemoteCategory(category_id, str(each.name), parent, is_leaf=each.leaf and not each.children))
        waiting += [(category_id, child) for child in reversed(each.children)]
    return found


def attributes(said: Sequence[Attribute]) -> list[RemoteAttribute]:
    return [_attribute(each) for each in said if each.name not in _CARRIED and each.input_type != _PICTURE]


def _attribute(each: Attribute) -> RemoteAttribute:
    kind = _KINDS.get(each.input_type.lower(), AttributeKind.TEXT)
    is_chosen = kind in {AttributeKind.CHOICE, AttributeKind.CHOICES}
    choices = (RemoteChoice(str(one.en_name or one.name), str(one.name or one.en_name)) for one in each.options)
    return RemoteAttribute(
        each.name,
        str(each.label or each.name),
        kind,
        is_required=each.is_mandatory,
        is_option=each.is_sale_prop,
        choices=tuple(one for one in choices if one.id) if is_chosen else (),
        # Variants are told apart in words of the seller's as well: where an option is none of the list, so it is sent.
        takes_own_words=each.is_sale_prop or each.input_type.lower() not in _LISTED_ONLY,
        units=tuple(_units(each.unit)),
    )


def _units(said: Any) -> Iterator[str]:
    """Names under `type` of a unit, or of several: their shape is in no sample of the documentation's."""
    for unit in said if isinstance(said, list) else [said]:
        names = unit.get("type") if isinstance(unit, dict) else None
        yield from (one for one in (names if isinstance(names, list) else [names]) if isinstance(one, str) and one)
