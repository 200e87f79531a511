"""What WooCommerce says of categories, units and products.

Sources: WooCommerce REST v3 (products, product variations, product categories, brands since 9.6, settings) and the
engine's own class WC_REST_Products_V2_Controller: a list by SKU has variations in it.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket.publishing import PublishedState, RemoteCategory
from mekong.connectors.woocommerce.mapping import Word

PICTURES: Final = "_mekong_pictures"
"""The shop copies a picture and calls the copy otherwise; under this name it keeps where its pictures came from."""
_GRAMS: Final = {"g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"), "lbs": Decimal("453.59237")}
_MILLIMETRES: Final = {
    "mm": Decimal(1), "cm": Decimal(10), "m": Decimal(1000), "in": Decimal("25.4"), "yd": Decimal("914.4"),
}  # fmt: skip
VARIABLE: Final = "variable"


# --- categories, brands, units --------------------------------------------------------------------------------------


class Term(Struct, frozen=True):
    """A category or a brand."""

    id: Word
    name: Word = ""
    parent: Word = 0

    @property
    def text(self) -> str:
        """The engine keeps names of terms with their special characters escaped."""
        return html.unescape(str(self.name))


def categories(found: Iterable[Term]) -> list[RemoteCategory]:
    """Parents before children. Every category takes products, not only those at the ends."""
    terms = {str(each.id): each for each in found}
    below: dict[str, list[str]] = {}
    for one, each in terms.items():
        parent = str(each.parent)
        below.setdefault(parent if parent in terms and parent != one else "", []).append(one)
    ordered: list[RemoteCategory] = []
    row = [("", one) for one in below.pop("", ())]
    while row:
        ordered += [RemoteCategory(one, terms[one].text, parent) for parent, one in row]
        row = [(one, child) for _, one in row for child in below.pop(one, ())]
    return ordered


class Setting(Struct, frozen=True):
    id: str
    value: Any = None


@dataclass(frozen=True)
class Units:
    """In what the shop weighs and measures: grams and millimetres of one of its units; None where it does not say."""

    weight: Decimal | None = None
    length: Decimal | None = None


def units(settings: Iterable[Setting]) -> Units:
    said = {each.id: str(each.value) for each in settings}
    return Units(
        _GRAMS.get(said.get("woocommerce_weight_unit", "")),
        _MILLIMETRES.get(said.get("woocommerce_dimension_unit", "")),
    )


# --- a product as it stands -----------------------------------------------------------------------------------------


class Image(Struct, frozen=True):
    id: Word = 0
    src: str = ""


class Attribute(Struct, frozen=True):
    """Of a product, which has options, or of a variation, which has one of them."""

    id: Word = 0
    name: Word = ""
    option: Word = ""
    options: tuple[Word, ...] = ()
    variation: bool = False
    visible: bool = True

    @property
    def key(self) -> str:
        return _key(str(self.id), str(self.name))


class Meta(Struct, frozen=True):
    key: Word = ""
    value: Any = None


class Size(Struct, frozen=True):
    length: Any = None
    width: Any = None
    height: Any = None


class Item(Struct, frozen=True):
    """A product, or a variation of one."""

    id: Word
    parent_id: Word = 0
    type: str = "simple"
    status: str = "publish"
    permalink: str = ""
    name: Word = ""
    description: str = ""
    sku: Word = ""
    global_unique_id: Word = ""
    weight: Any = None
    dimensions: Size | tuple[Any, ...] = Size()
    categories: tuple[Term, ...] = ()
    brands: tuple[Term, ...] | None = None
    images: tuple[Image, ...] = ()
    image: Image | tuple[Any, ...] | None = None
    attributes: tuple[Attribute, ...] = ()
    meta_data: tuple[Meta, ...] = ()

    @property
    def is_variable(self) -> bool:
        return self.type.startswith(VARIABLE)

    @property
    def is_shown(self) -> bool:
        return self.status == "publish"

    @property
    def state(self) -> PublishedState:
        return PublishedState.LIVE if self.is_shown else PublishedState.HIDDEN

    @property
    def copies(self) -> dict[str, int]:
        """By where a picture came from the shop's copy of it, as far as is known. Raises: ValueError."""
        there = [self.image] if isinstance(self.image, Image) else self.images
        known = {each.src: int(each.id) for each in there if each.src}
        sent = next((each.value for each in self.meta_data if each.key == PICTURES), None)
        if isinstance(sent, list) and len(sent) == len(there):
            known |= {str(url): int(each.id) for url, each in zip(sent, there, strict=True)}
        return known

    @property
    def owner(self) -> str:
        """The product this is, or is a variation of."""
        return str(self.parent_id) if self.type == "variation" else str(self.id)


def _key(one: str, name: str) -> str:
    return f"#{one}" if one not in ("", "0") else html.unescape(name).casefold()


# --- what a batch answers -----------------------------------------------------------------------------------------------


class Trouble(Struct, frozen=True):
    code: str = "failed"
    message: str = ""
    data: Any = None

    @property
    def is_passing(self) -> bool:
        status = self.data.get("status") if isinstance(self.data, dict) else None
        return isinstance(status, int) and (status >= 500 or status == 429)


class Done(Struct, frozen=True):
    error: Trouble | None = None


class BatchReply(Struct, frozen=True):
    create: tuple[Done, ...] = ()
    update: tuple[Done, ...] = ()
    delete: tuple[Done, ...] = ()

    @property
    def trouble(self) -> Trouble | None:
        return next((each.error for each in (*self.delete, *self.update, *self.create) if each.error), None)
