"""A product as it stands on the platform, and a draft as a product of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import msgspec
from msgspec import Struct

from mekong.channels.socket import ListingKey, RemoteListing
from mekong.channels.socket.publishing import Draft, DraftVariant, Published, PublishedState, Value
from mekong.connectors.lazada.mapping import Word
from mekong.connectors.lazada.mapping.markup import as_html, lines, lines_of
from mekong.connectors.lazada.mapping.taxonomy import BARCODE, Attribute
from mekong.foundation.money import to_decimal

NO_BRAND: Final = "No Brand"
_ACTIVE: Final = "active"
_INACTIVE: Final = "inactive"

# --- what stands there -----------------------------------------------------------------------------------------------


class Rejection(Struct, frozen=True):
    violationDetail: str = ""  # noqa: N815 - the platform's own name
    suggestion: str = ""


class SuspendedSku(Struct, frozen=True):
    rejectReason: str = ""  # noqa: N815 - the platform's own name


class Product(Struct, frozen=True):
    """`skus` are read by name: their attributes stand beside what every SKU has."""

    item_id: Word
    status: str = ""
    subStatus: str = ""  # noqa: N815 - the platform's own name
    primary_category: Word = ""
    images: tuple[Any, ...] | str = ()
    attributes: Mapping[str, Any] = {}
    skus: tuple[Mapping[str, Any], ...] = ()
    rejectReason: tuple[Rejection, ...] = ()  # noqa: N815 - the platform's own name
    suspendedSkus: tuple[SuspendedSku, ...] = ()  # noqa: N815 - the platform's own name


class MadeSku(Struct, frozen=True):
    sku_id: Word
    seller_sku: Word = ""


class Made(Struct, frozen=True):
    item_id: Word
    sku_list: tuple[MadeSku, ...] = ()


class Detail(Struct, frozen=True):
    field: Word = ""
    seller_sku: Word = ""
    message: Word = ""


def state(product: Product) -> PublishedState | None:
    """None where it is deleted. Where the platform tells no state of the product, its SKUs speak for it."""
    word = product.status.replace(" ", "").lower()
    if word == "deleted":
        return None
    if word in {"suspended", "rejected"} or _REFUSED.search(product.subStatus):
        return PublishedState.REFUSED
    if word.startswith("pending"):
        return PublishedState.REVIEWING
    if word == _INACTIVE or not any(_is_active(sku) for sku in product.skus):
        return PublishedState.HIDDEN
    return PublishedState.LIVE


_REFUSED: Final = re.compile("reject|lock|admin", re.IGNORECASE)


def published(product: Product, listings: Sequence[RemoteListing]) -> Published | None:
    now = state(product)
    if now is None:
        return None
    reasons = _reasons(product) if now is PublishedState.REFUSED else ()
    url = next((one.url for one in listings if one.url), "")
    return Published(now, str(product.item_id), "", tuple(listings), tuple(reasons), url)


def just_made(made: Made, draft: Draft) -> Published:
    """What the platform answered when it made it: its listings, before it can be read."""
    listings = (
        RemoteListing(
            ListingKey(str(made.item_id), str(one.sku_id)), str(one.seller_sku), draft.name, 0, is_active=False
        )
        for one in made.sku_list
    )
    return Published(PublishedState.REVIEWING, str(made.item_id), "", tuple(listings))


def _reasons(product: Product) -> Iterator[str]:
    for one in product.rejectReason:
        if said := ": ".join(part for part in (one.violationDetail, one.suggestion) if part):
            yield said
    yield from dict.fromkeys(one.rejectReason for one in product.suspendedSkus if one.rejectReason)


def _is_active(sku: Mapping[str, Any]) -> bool:
    return str(sku.get("Status", "")).lower() == _ACTIVE


def is_deleted(sku: Mapping[str, Any]) -> bool:
    return str(sku.get("Status", "")).lower() == "deleted"


# --- a draft against what stands ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What of the draft stands already. `gone`: SKUs that are there and in the draft no more."""

    kept: tuple[tuple[DraftVariant, Mapping[str, Any]], ...]
    new: tuple[DraftVariant, ...]
    gone: tuple[Mapping[str, Any], ...]


def planned(draft: Draft, product: Product) -> Plan:
    """A variant is the same by its model id, else by its SKU."""
    left = {str(sku.get("SkuId", "")): sku for sku in product.skus if not is_deleted(sku)}
    kept, new = [], []
    for variant in draft.variants:
        sku_id = variant.model_id if variant.model_id in left else _sku_id_of(variant.sku, left)
        if sku_id:
            kept.append((variant, left.pop(sku_id)))
        else:
            new.append(variant)
    return Plan(tuple(kept), tuple(new), tuple(left.values()))


def _sku_id_of(seller_sku: str, left: Mapping[str, Mapping[str, Any]]) -> str:
    said = (sku_id for sku_id, sku in left.items() if seller_sku and str(sku.get("SellerSku", "")) == seller_sku)
    return next(said, "")


def new_payload(draft: Draft, asked: Mapping[str, Attribute], brand: str) -> str:
    product: dict[str, Any] = {
        "PrimaryCategory": draft.category_id,
        "Images": {"Image": list(draft.pictures)},
        **_variation(draft, asked),
        "Attributes": {
            "name": draft.name,
            "description": as_html(draft.description),
            "brand": brand,
            **_values(draft, asked, is_of_skus=False),
        },
        "Skus": {"Sku": [_new_sku(variant, draft, asked) for variant in draft.variants]},
    }
    return _payload(product)


def changed_payload(product: Product, plan: Plan, draft: Draft, asked: Mapping[str, Attribute], brand: str) -> str:
    """What is not as the draft has it; "" where all is. Every SKU that stays is named: a call without any is refused.

    `brand` "" leaves it as it is.
    """
    body: dict[str, Any] = {}
    if str(product.primary_category) != draft.category_id:
        body["PrimaryCategory"] = draft.category_id
    if _paths(_images(product.images)) != _paths(draft.pictures):
        body["Images"] = {"Image": list(draft.pictures)}
    attributes = _changed_attributes(product.attributes, draft, asked, brand)
    judged = state(product) in {PublishedState.REVIEWING, PublishedState.REFUSED}
    rows = [_changed_sku(variant, sku, draft, asked, may_show=not judged) for variant, sku in plan.kept]
    rows += [{"SkuId": str(sku["SkuId"]), "Status": _INACTIVE} for sku in plan.gone if _is_active(sku)]
    if not (body or attributes or any(len(row) > 1 for row in rows)):
        return ""
    if any("saleProp" in row for row in rows):
        body |= _variation(draft, asked, plan.gone)
    rows = rows or [{"SkuId": str(sku["SkuId"])} for sku in plan.gone]
    return _payload({"ItemId": str(product.item_id), **body, "Attributes": attributes, "Skus": {"Sku": rows}})


def added_payload(product: Product, plan: Plan, draft: Draft, asked: Mapping[str, Attribute]) -> str:
    """SKUs to be made in a product that is there. `AssociatedSku` is one of it, by which the platform knows it."""
    beside = next((variant.sku for variant, _ in plan.kept), "") or next(
        (str(sku["SellerSku"]) for sku in plan.gone if sku.get("SellerSku")), ""
    )
    return _payload(
        {
            "ItemId": str(product.item_id),
            "PrimaryCategory": draft.category_id,
            **({"AssociatedSku": beside} if beside else {}),
            **_variation(draft, asked, plan.gone),
            "Attributes": {},
            "Skus": {"Sku": [_new_sku(variant, draft, asked) for variant in plan.new]},
        }
    )


def offline_request(item_id: str, sku: Mapping[str, Any]) -> str:
    """Source: the platform's sample of `/product/deactivate`, whose one parameter is XML."""
    request = ET.Element("Request")
    product = ET.SubElement(request, "Product")
    ET.SubElement(product, "ItemId").text = item_id
    skus = ET.SubElement(product, "Skus")
    for name in ("SkuId", "SellerSku"):
        if name in sku:
            ET.SubElement(skus, name).text = str(sku[name])
    return ET.tostring(request, encoding="unicode")


def still_shown(product: Product, draft: Draft) -> list[Mapping[str, Any]]:
    """SKUs on sale that the draft has no more, or all of them where it is hidden."""
    plan = planned(draft, product)
    hidden = [] if draft.is_shown else [sku for _, sku in plan.kept]
    return [sku for sku in (*hidden, *plan.gone) if _is_active(sku)]


def migrate_request(url: str) -> str:
    request = ET.Element("Request")
    ET.SubElement(ET.SubElement(request, "Image"), "Url").text = url
    return ET.tostring(request, encoding="unicode")


# --- product -----------------------------------------------------------------------------------------------------------


def _changed_attributes(
    now: Mapping[str, Any], draft: Draft, asked: Mapping[str, Attribute], brand: str
) -> dict[str, str]:
    """What the draft does not name stays as someone gave it in the seller centre."""
    changed: dict[str, str] = {}
    if str(now.get("name", "")).strip() != draft.name.strip():
        changed["name"] = draft.name
    if lines_of(str(now.get("description", ""))) != lines(draft.description):
        changed["description"] = as_html(draft.description)
    if brand and str(now.get("brand", "")).strip().casefold() != brand.strip().casefold():
        changed["brand"] = brand
    return changed | _changed_values(now, draft, asked, is_of_skus=False)


def _changed_values(
    now: Mapping[str, Any], draft: Draft, asked: Mapping[str, Attribute], *, is_of_skus: bool
) -> dict[str, str]:
    wanted = _values(draft, asked, is_of_skus=is_of_skus)
    return {name: text for name, text in wanted.items() if not _are(draft.attributes[name], now.get(name))}


def _values(draft: Draft, asked: Mapping[str, Attribute], *, is_of_skus: bool) -> dict[str, str]:
    """Several values are one text with commas. An attribute the category does not know goes with the product."""
    found: dict[str, str] = {}
    for name, values in draft.attributes.items():
        said = asked.get(name)
        if values and (said is not None and said.is_of_skus) is is_of_skus:
            found[name] = ",".join(_text(value) for value in values)
    return found


def _text(value: Value) -> str:
    return value.choice_id or f"{value.text} {value.unit}".strip()


def _are(values: Sequence[Value], given: Any) -> bool:
    """The platform tells a choice by either of its names."""
    said = {part.strip().casefold() for part in str(given).split(",")} if given is not None else set()
    whole = str(given).strip().casefold()
    forms = [{_text(value).casefold(), value.text.strip().casefold()} for value in values]
    if len(forms) == 1:
        return whole in forms[0] or _is_number(whole, forms[0])
    return len(said) == len(forms) and all(form & said for form in forms)


def _is_number(given: str, forms: set[str]) -> bool:
    """Whether it is the same number, written in another way."""
    try:
        number = Decimal(given)
        return any(Decimal(form) == number for form in forms)
    except InvalidOperation:
        return False


def _images(said: Sequence[Any] | str) -> list[str]:
    """The addresses of a product's pictures, which some calls tell as JSON in a text."""
    rows = msgspec.json.decode(said) if isinstance(said, str) and said else said
    return [one for one in rows if isinstance(one, str) and one] if isinstance(rows, list | tuple) else []


def _paths(urls: Sequence[str]) -> list[str]:
    """Addresses without their hosts, of which the platform has several for one picture."""
    return [urlsplit(url).path for url in urls]


# --- SKUs --------------------------------------------------------------------------------------------------------------


def _new_sku(variant: DraftVariant, draft: Draft, asked: Mapping[str, Attribute]) -> dict[str, Any]:
    return {
        "SellerSku": variant.sku,
        "quantity": "0",
        "price": format(to_decimal(variant.price_minor, draft.currency), "f"),
        "Status": _ACTIVE if draft.is_shown else _INACTIVE,
        **_sale_prop(variant, draft),
        **_parcel(variant),
        **_pictures(variant, draft, asked),
        **_values(draft, asked, is_of_skus=True),
        **_barcode(variant, asked),
    }


def _changed_sku(
    variant: DraftVariant, sku: Mapping[str, Any], draft: Draft, asked: Mapping[str, Attribute], *, may_show: bool
) -> dict[str, Any]:
    row: dict[str, Any] = {"SkuId": str(sku["SkuId"])}
    if variant.sku != str(sku.get("SellerSku", "")):
        row["SellerSku"] = variant.sku
    row |= {name: text for name, text in _parcel(variant).items() if not _is_number(str(sku.get(name, "")), {text})}
    if (prop := _sale_prop(variant, draft)) and not _is_prop(prop["saleProp"], sku):
        row |= prop
    pictures = _pictures(variant, draft, asked)
    if pictures and _paths(_images(sku.get("Images", ())))[:1] != _paths(pictures["Images"]["Image"]):
        row |= pictures
    row |= _changed_values(sku, draft, asked, is_of_skus=True)
    row |= {name: text for name, text in _barcode(variant, asked).items() if str(sku.get(name, "")) != text}
    if draft.is_shown is not _is_active(sku) and (may_show or not draft.is_shown):
        row["Status"] = _ACTIVE if draft.is_shown else _INACTIVE
    return row


def _parcel(variant: DraftVariant) -> dict[str, str]:
    """Kilograms and centimetres, to the gram and the millimetre."""
    said = {
        "package_weight": (variant.weight_g, 1000),
        "package_length": (variant.length_mm, 10),
        "package_width": (variant.width_mm, 10),
        "package_height": (variant.height_mm, 10),
    }
    return {name: format(Decimal(amount) / per, "f") for name, (amount, per) in said.items() if amount}


def _barcode(variant: DraftVariant, asked: Mapping[str, Attribute]) -> dict[str, str]:
    return {BARCODE: variant.barcode} if variant.barcode and BARCODE in asked else {}


def _prop_names(draft: Draft) -> list[str]:
    """What each option is called there: its attribute of the category, else its own name."""
    return [option.attribute_id or option.name for option in draft.options]


def _sale_prop(variant: DraftVariant, draft: Draft) -> dict[str, Any]:
    props = {name: _text(value) for name, value in zip(_prop_names(draft), variant.values, strict=True)}
    return {"saleProp": props} if props else {}


def _is_prop(wanted: Mapping[str, str], sku: Mapping[str, Any]) -> bool:
    return all(_prop_of(name, sku).casefold() == text.strip().casefold() for name, text in wanted.items())


def _prop_of(name: str, sku: Mapping[str, Any]) -> str:
    """Options of the seller's own stand beside `saleProp` in some answers."""
    said = sku.get("saleProp")
    now = {**sku, **said} if isinstance(said, dict) else sku
    return str(now.get(name, "")).strip()


def _variation(draft: Draft, asked: Mapping[str, Attribute], gone: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The declaration of what sets SKUs apart, those off sale among them: each option of a SKU must be declared.

    Pictures may go with the first option alone, and not with sizes.
    """
    rows = {}
    for at, (name, option) in enumerate(zip(_prop_names(draft), draft.options, strict=True)):
        others = (text for sku in gone if (text := _prop_of(name, sku)))
        texts = {text.casefold(): text for text in (*others, *(_text(one.values[at]) for one in draft.variants))}
        rows[f"variation{at + 1}"] = {
            "name": name,
            "hasImage": at == 0 and _is_pictured(draft, asked),
            "customize": not option.attribute_id,
            "options": {"option": list(texts.values())},
        }
    return {"variation": rows} if rows else {}


def _is_pictured(draft: Draft, asked: Mapping[str, Attribute]) -> bool:
    """Source: the errors VARIATION_CATEGORY_SIZE_IMAGE and VARIATION_IMAGE_SETTING_ERROR of `/product/create`."""
    first = draft.options[0].attribute_id if draft.options else ""
    return (
        bool(draft.options) and not (first == "size" and first in asked) and any(one.picture for one in draft.variants)
    )


def _pictures(variant: DraftVariant, draft: Draft, asked: Mapping[str, Attribute]) -> dict[str, Any]:
    """Where one SKU has a picture, all must: the product's first stands in."""
    picture = variant.picture or next(iter(draft.pictures), "")
    return {"Images": {"Image": [picture]}} if picture and _is_pictured(draft, asked) else {}


def _payload(product: Mapping[str, Any]) -> str:
    return msgspec.json.encode({"Request": {"Product": product}}).decode()
