"""Between drafts and WooCommerce's products: what is sent to make one, and in what one differs from a draft.

Sources: WooCommerce REST v3 (products, product variations, product categories, brands since 9.6, settings) and the
engine's own classes: WC_REST_Products_V2_Controller (a list by SKU has variations in it), WC_Data::update_meta_data.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket.publishing import Draft, DraftVariant, PublishedState, RemoteCategory, Value
from mekong.connectors.woocommerce.mapping import Word
from mekong.foundation.money import to_decimal

_TAG: Final = re.compile(r"<[^<>]*>")
_BREAK: Final = re.compile(r"</?(?:p|div|br|li|ul|ol|h[1-6]|table|t[rdh])(?:[\s/][^<>]*)?>", re.IGNORECASE)
_PICTURES: Final = "_mekong_pictures"
"""The shop copies a picture and calls the copy otherwise; under this name it keeps where its pictures came from."""
_BRAND: Final = "Thương hiệu"
"""What a brand is called among the attributes of a product, in a shop that has no brands."""
_GRAMS: Final = {"g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"), "lbs": Decimal("453.59237")}
_MILLIMETRES: Final = {
    "mm": Decimal(1), "cm": Decimal(10), "m": Decimal(1000), "in": Decimal("25.4"), "yd": Decimal("914.4"),
}  # fmt: skip
_EXACT: Final = Decimal("0.0001")
_MOST_DIGITS: Final = 9
_VARIABLE: Final = "variable"


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
        return self.type.startswith(_VARIABLE)

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
        sent = next((each.value for each in self.meta_data if each.key == _PICTURES), None)
        if isinstance(sent, list) and len(sent) == len(there):
            known |= {str(url): int(each.id) for url, each in zip(sent, there, strict=True)}
        return known

    @property
    def owner(self) -> str:
        """The product this is, or is a variation of."""
        return str(self.parent_id) if self.type == "variation" else str(self.id)


# --- what is sent ---------------------------------------------------------------------------------------------------


def paragraphs(text: str) -> str:
    """Plain text as HTML: an empty line parts paragraphs, a line break stays one, and no character means markup."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n"))]
    return "\n".join(f"<p>{html.escape(part, quote=False).replace(chr(10), '<br />')}</p>" for part in parts if part)


def _words(text: str) -> str:
    """The words of a text in HTML, without their dress."""
    return " ".join(html.unescape(_TAG.sub("", _BREAK.sub(" ", text))).split())


def first(draft: Draft, units: Units) -> dict[str, Any]:
    """A new product as it is made first: hidden, and without what may take the shop long (pictures) or a call more."""
    said: dict[str, Any] = {
        "type": _VARIABLE if draft.options else "simple",
        "status": "draft",
        "name": draft.name,
        "description": paragraphs(draft.description),
        "attributes": [_sent(each) for each in attributes(draft)],
    }
    if category := category_of(draft):
        said["categories"] = [{"id": category}]
    if draft.options:
        return {**said, "sku": parent_sku(draft)}
    return {**said, **sale(draft, draft.variants[0]), **measures(draft.variants[0], units)}


def parent_sku(draft: Draft) -> str:
    """Our code for the product, unless one of its variants is called so: no two things of a shop share a SKU."""
    return "" if draft.code in {variant.sku for variant in draft.variants} else draft.code


def category_of(draft: Draft) -> int:
    return int(draft.category_id) if draft.category_id.isascii() and draft.category_id.isdigit() else 0


def sale(draft: Draft, variant: DraftVariant) -> dict[str, Any]:
    """What is told of a thing for sale when it is new, and not again: its price, and that none is there yet."""
    price = format(to_decimal(variant.price_minor, draft.currency), "f")
    said: dict[str, Any] = {"sku": variant.sku, "regular_price": price, "manage_stock": True, "stock_quantity": 0}
    return {**said, "global_unique_id": variant.barcode} if variant.barcode else said


def measures(variant: DraftVariant, units: Units) -> dict[str, Any]:
    """Weight and size in the shop's units; what is not known on either side is left out."""
    said: dict[str, Any] = {}
    if variant.weight_g is not None and units.weight:
        said["weight"] = _text(variant.weight_g / units.weight)
    sides = {"length": variant.length_mm, "width": variant.width_mm, "height": variant.height_mm}
    known = {side: length for side, length in sides.items() if length is not None}
    if known and units.length:
        said["dimensions"] = {side: _text(length / units.length) for side, length in known.items()}
    return said


def _text(number: Decimal) -> str:
    return format(number.quantize(_EXACT).normalize(), "f")


def attributes(draft: Draft, brand: str = "") -> list[Attribute]:
    """Those by number are the shop's own, the others stand by their name with this product alone."""
    found = [
        _attribute(option.attribute_id, option.name, [variant.values[at] for variant in draft.variants], variation=True)
        for at, option in enumerate(draft.options)
    ]
    found += [_attribute(one, one, values) for one, values in draft.attributes.items() if values]
    return [*found, _attribute("", _BRAND, [Value(brand)])] if brand else found


def _attribute(one: str, name: str, values: Sequence[Value], *, variation: bool = False) -> Attribute:
    texts = tuple(dict.fromkeys(" ".join(part for part in (value.text, value.unit) if part) for value in values))
    number = int(one) if one.isascii() and one.isdigit() else 0
    return Attribute(number, "" if number else name, options=texts, variation=variation)


def _sent(each: Attribute) -> dict[str, Any]:
    named = {"id": int(each.id)} if str(each.id) not in ("", "0") else {"name": str(each.name)}
    return {**named, "variation": each.variation, "visible": each.visible, "options": [*map(str, each.options)]}


def _key(one: str, name: str) -> str:
    return f"#{one}" if one not in ("", "0") else html.unescape(name).casefold()


# --- in what a product differs --------------------------------------------------------------------------------------


def changed(there: Item, draft: Draft, units: Units, brand: int | None) -> dict[str, Any]:
    """What of the product itself is not as in the draft. What the draft leaves open stays as the shop has it.

    `brand`: its number in the shop; 0 for none to set, None where the shop has no brands.
    """
    wanted: dict[str, Any] = {}
    if _words(str(there.name)) != _words(html.escape(draft.name)):
        wanted["name"] = draft.name
    if _words(there.description) != _words(paragraphs(draft.description)):
        wanted["description"] = paragraphs(draft.description)
    category = category_of(draft)
    if category and category not in {int(each.id) for each in there.categories}:
        wanted["categories"] = [{"id": category}]
    if brand:
        wanted["brands"] = [{"id": brand}]
    wanted |= _changed_attributes(there, attributes(draft, draft.brand if brand is None else ""))
    wanted |= _changed_pictures(there, draft.pictures)
    if there.is_variable is not bool(draft.options):
        wanted |= _changed_kind(draft)
    elif draft.options:
        if str(there.sku) in {variant.sku for variant in draft.variants}:
            wanted["sku"] = parent_sku(draft)
    else:
        wanted |= _changed_facts(there, draft.variants[0], units)
    return wanted


def _changed_kind(draft: Draft) -> dict[str, Any]:
    """What had no variants gets some, or has none any more: what is for sale has another number from then on."""
    if draft.options:
        return {"type": _VARIABLE, "sku": parent_sku(draft), "manage_stock": False, "global_unique_id": ""}
    return {"type": "simple", **sale(draft, draft.variants[0])}


def _changed_facts(there: Item, variant: DraftVariant, units: Units) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if str(there.sku) != variant.sku:
        wanted["sku"] = variant.sku
    if variant.barcode not in ("", str(there.global_unique_id)):
        wanted["global_unique_id"] = variant.barcode
    said = measures(variant, units)
    size = there.dimensions if isinstance(there.dimensions, Size) else Size()
    if "weight" in said and not _is_equal(said["weight"], there.weight):
        wanted["weight"] = said["weight"]
    if any(not _is_equal(length, getattr(size, side)) for side, length in said.get("dimensions", {}).items()):
        wanted["dimensions"] = said["dimensions"]
    return wanted


def _is_equal(text: str, said: Any) -> bool:
    try:
        number = Decimal(str(said))
        is_sane = number.is_finite() and number.adjusted() <= _MOST_DIGITS
        return is_sane and number.quantize(_EXACT) == Decimal(text)
    except InvalidOperation:
        return False


def _changed_attributes(there: Item, wanted: Sequence[Attribute]) -> dict[str, Any]:
    """All of them, those that only the shop has among them, for the list is taken as a whole."""
    now = {each.key: each for each in there.attributes}
    asked = {each.key: each for each in wanted}
    stay = [each for key, each in now.items() if key not in asked and not each.variation]
    is_same = all(_is_like(now.get(key), each) for key, each in asked.items())
    if is_same and not any(each.variation for key, each in now.items() if key not in asked):
        return {}
    return {"attributes": [_sent(each) for each in (*wanted, *stay)]}


def _is_like(there: Attribute | None, wanted: Attribute) -> bool:
    return (
        there is not None
        and there.variation is wanted.variation
        and {html.unescape(str(one)) for one in there.options} == set(wanted.options)
    )


def _changed_pictures(there: Item, pictures: Sequence[str]) -> dict[str, Any]:
    """A picture that the shop has a copy of is named by it. A draft without pictures leaves those of the shop."""
    known, wanted = there.copies, list(dict.fromkeys(pictures))
    if not wanted or [int(each.id) for each in there.images] == [known.get(url) for url in wanted]:
        return {}
    return {"images": [picture(url, known) for url in wanted], "meta_data": [{"key": _PICTURES, "value": wanted}]}


def picture(url: str, known: Mapping[str, int]) -> dict[str, Any]:
    return {"id": known[url]} if url in known else {"src": url}


# --- variations -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """What is to be made, changed and deleted of a product's variations."""

    create: Sequence[Mapping[str, Any]] = ()
    update: Sequence[Mapping[str, Any]] = ()
    delete: Sequence[int] = ()

    def parts(self, most: int) -> list[dict[str, list[Any]]]:
        """Bodies of calls with so many entries at most; what goes, goes first, for it may give a SKU free."""
        entries: list[tuple[str, Any]] = [
            *(("delete", one) for one in self.delete),
            *(("update", one) for one in self.update),
            *(("create", one) for one in self.create),
        ]
        found = []
        for start in range(0, len(entries), most):
            part: dict[str, list[Any]] = {}
            for kind, entry in entries[start : start + most]:
                part.setdefault(kind, []).append(entry)
            found.append(part)
        return found


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


def variations(there: Sequence[Item], draft: Draft, units: Units, known: Mapping[str, int]) -> Batch:
    """What brings the variations to the draft. One that is no more in it is switched off and keeps its number and past.

    A variation is the one of a variant by its number, else by its SKU. `known`: copies of the product's own pictures.
    """
    if not draft.options:
        return Batch(delete=[int(each.id) for each in there])
    by_number = {str(each.id): each for each in there}
    kept = {variant.sku: by_number.pop(variant.model_id) for variant in draft.variants if variant.model_id in by_number}
    skus = {variant.sku for variant in draft.variants}
    for one, each in list(by_number.items()):
        if str(each.sku) in skus - kept.keys():
            kept[str(each.sku)] = by_number.pop(one)
    create, update = [], []
    for variant in draft.variants:
        now = kept.get(variant.sku)
        row = _changed_variation(now, draft, variant, units, known)
        if now is None:
            create.append(row)
        elif row:
            update.append({"id": int(now.id), **row})
    off = [{"id": int(each.id), "status": "private"} for each in by_number.values() if each.is_shown]
    return Batch(create, [*off, *update])


def _changed_variation(
    there: Item | None, draft: Draft, variant: DraftVariant, units: Units, known: Mapping[str, int]
) -> dict[str, Any]:
    wanted = [
        _attribute(option.attribute_id, option.name, [value])
        for option, value in zip(draft.options, variant.values, strict=True)
    ]
    said: dict[str, Any] = {}
    if there is None:
        said |= {**sale(draft, variant), **measures(variant, units)}
    else:
        said |= _changed_facts(there, variant, units)
        if not there.is_shown:
            said["status"] = "publish"
    now = {(each.key, html.unescape(str(each.option))) for each in there.attributes} if there else set()
    if now != {(each.key, each.options[0]) for each in wanted}:
        said["attributes"] = [
            {**({"id": int(each.id)} if each.id else {"name": str(each.name)}), "option": each.options[0]}
            for each in wanted
        ]
    if variant.picture and (there is None or variant.picture not in there.copies):
        said["image"] = picture(variant.picture, known)
        said["meta_data"] = [{"key": _PICTURES, "value": [variant.picture]}]
    return said
