"""Between drafts and Shopify's products: what is sent to make one, and in what one differs from a draft.

Sources: Shopify, Admin GraphQL 2026-07: productSet ("list fields: existing entries not included are deleted; of all
others only the included fields are changed"), ProductVariantSetInput ("any file specified here must also be specified in
the files of the product"), ProductVariantsBulkInput, FileUpdateInput, MoveInput.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mekong.channels.socket.publishing import Draft, DraftVariant
from mekong.connectors.shopify.mapping import gid, number
from mekong.connectors.shopify.mapping.publishing import CATEGORY, Kept, Product, short
from mekong.foundation.money import to_decimal

_ONLY: Final = ("Title", "Default Title")
"""The option and value by which the platform names the one variant of a product without variants."""
_PICTURE: Final = "/MediaImage/"
_TAG: Final = re.compile(r"<[^<>]*>")
_BREAK: Final = re.compile(r"</?(?:p|div|br|li|ul|ol|h[1-6]|table|t[rdh])(?:[\s/][^<>]*)?>", re.IGNORECASE)


def paragraphs(text: str) -> str:
    """Plain text as HTML: an empty line parts paragraphs, a line break stays one, and no character means markup."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n"))]
    return "".join(f"<p>{html.escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in parts if part)


def _words(text: str) -> str:
    """The words of a text in HTML, without their dress."""
    return " ".join(html.unescape(_TAG.sub("", _BREAK.sub(" ", text))).split())


def handle(draft: Draft) -> str:
    """The end of the product's address in the shop: of its name and our code, so that no other product has it.

    The search by SKU knows a new product only after a while, an address at once: by this one no product is made twice.
    """
    code = draft.code or draft.variants[0].sku
    return "-".join(part for part in (_slug(draft.name)[:180].rstrip("-"), _slug(code)[:60].rstrip("-")) if part)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower().replace("đ", "d")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def whole(draft: Draft, place: str) -> dict[str, Any]:
    """A new product."""
    said: dict[str, Any] = {
        "title": draft.name,
        "descriptionHtml": paragraphs(draft.description),
        "status": "ACTIVE" if draft.is_shown else "DRAFT",
        **_options(draft),
        "variants": [_new(draft, variant, place) for variant in draft.variants],
        "files": [{"id": one} for one in _pictures(draft.pictures, [variant.picture for variant in draft.variants])],
    }
    if address := handle(draft):
        said["handle"] = address
    if draft.brand:
        said["vendor"] = draft.brand
    if draft.category_id:
        said["category"] = CATEGORY + draft.category_id
    return said


def changed_words(said: Product, draft: Draft) -> dict[str, Any]:
    """What is said of the product that is not as in the draft. What the draft leaves open stays as the shop has it.

    A text with the same words in another dress is the same: the shop may have made it pretty.
    """
    wanted: dict[str, Any] = {}
    if said.title != draft.name:
        wanted["title"] = draft.name
    if _words(said.descriptionHtml) != _words(paragraphs(draft.description)):
        wanted["descriptionHtml"] = paragraphs(draft.description)
    if draft.brand and said.vendor != draft.brand:
        wanted["vendor"] = draft.brand
    if draft.category_id and draft.category_id != (short(str(said.category.id)) if said.category else ""):
        wanted["category"] = CATEGORY + draft.category_id
    if said.is_active is not draft.is_shown:
        wanted["status"] = "ACTIVE" if draft.is_shown else "DRAFT"
    return wanted


@dataclass(frozen=True)
class Goods:
    """What changes of a product's options, variants and pictures.

    `whole`: what productSet takes, where the product is built anew; else the rest says it piece by piece. `fresh`:
    pictures that the product has not had yet.
    """

    whole: Mapping[str, Any] = field(default_factory=dict)
    fresh: Sequence[str] = ()
    files: Sequence[Mapping[str, Any]] = ()
    moves: Sequence[Mapping[str, Any]] = ()
    delete: Sequence[str] = ()
    update: Sequence[Mapping[str, Any]] = ()
    create: Sequence[Mapping[str, Any]] = ()

    def __bool__(self) -> bool:
        return any((self.whole, self.files, self.moves, self.delete, self.update, self.create))


def changed_goods(said: Product, variants: Sequence[Kept], draft: Draft, place: str) -> Goods:
    """Piece by piece wherever the options stay: what productSet does with lists of the merchant's own that are not sent
    (collections, metafields) the platform does not say. A draft without pictures leaves those of the shop, and what is
    no picture, such as a film, stays in any case.
    """
    kept = _kept(variants, draft)
    pairs = list(zip(draft.variants, kept, strict=True))
    now = said.media.ids
    shown = [variant.picture or _shown(there) for variant, there in pairs]
    films = [one for one in now if _PICTURE not in one]
    pictures = _pictures([*(draft.pictures or now), *shown], films)
    fresh = [one for one in pictures if one not in now]
    if said.option_names != ([option.name for option in draft.options] or [_ONLY[0]]) or not any(kept):
        rows = [
            _new(draft, variant, place) if there is None else _again(there, draft, variant) for variant, there in pairs
        ]
        return Goods({**_options(draft), "variants": rows, "files": [{"id": one} for one in pictures]}, fresh)
    product, stay = gid("Product", number(said.id)), {each.id for each in kept if each}
    gone = [one for one in now if one not in pictures]
    changed = [(there, _changed(there, draft, variant)) for variant, there in pairs if there]
    return Goods(
        fresh=fresh,
        files=[
            *({"id": one, "referencesToAdd": [product]} for one in fresh),
            *({"id": one, "referencesToRemove": [product]} for one in gone),
        ],
        moves=_moves([one for one in now if one in pictures] + fresh, pictures),
        delete=[gid("ProductVariant", number(each.id)) for each in variants if each.id not in stay],
        update=[{"id": gid("ProductVariant", number(there.id)), **row} for there, row in changed if row],
        create=[_bulk(_new(draft, variant, place)) for variant, there in pairs if there is None],
    )


def _moves(now: Sequence[str], wanted: Sequence[str]) -> list[dict[str, str]]:
    """What brings one order to the other. Each move is made after the ones before it, and counts from zero (MoveInput)."""
    row, moves = list(now), []
    for at, one in enumerate(wanted):
        if row[at] != one:
            row.remove(one)
            row.insert(at, one)
            moves.append({"id": one, "newPosition": str(at)})
    return moves


def _kept(variants: Sequence[Kept], draft: Draft) -> list[Kept | None]:
    """By variant of the draft the one that is there: the one it names, else one with its SKU; each is taken once."""
    by_number = {number(each.id): each for each in variants}
    named = {variant.sku: _numbered(variant.model_id) for variant in draft.variants}
    found: dict[str, Kept] = {sku: by_number.pop(one) for sku, one in named.items() if one in by_number}
    for one, each in list(by_number.items()):
        if each.sku in named and each.sku not in found:
            found[each.sku] = by_number.pop(one)
    return [found.get(variant.sku) for variant in draft.variants]


def _numbered(model_id: str) -> str:
    return model_id.partition("-")[0]


def _changed(there: Kept, draft: Draft, variant: DraftVariant) -> dict[str, Any]:
    said = _bulk(_again(None, draft, variant))
    item = said.pop("inventoryItem")
    if there.sku == variant.sku:
        item.pop("sku")
    if variant.weight_g == there.weight_g:
        item.pop("measurement", None)
    if variant.barcode == there.barcode:
        said.pop("barcode", None)
    if variant.picture == _shown(there):
        said.pop("mediaId", None)
    if {each.name: each.value for each in there.selectedOptions} == {
        each["optionName"]: each["name"] for each in said["optionValues"]
    }:
        said.pop("optionValues")
    return {**said, "inventoryItem": item} if item else said


def _bulk(row: Mapping[str, Any]) -> dict[str, Any]:
    """A variant as the mutations of variants take it, where productSet takes it otherwise."""
    said = {name: value for name, value in row.items() if name not in ("sku", "file", "inventoryQuantities")}
    said["inventoryItem"] = {**row.get("inventoryItem", {}), "sku": row["sku"]}
    if "file" in row:
        said["mediaId"] = row["file"]["id"]
    if "inventoryQuantities" in row:
        said["inventoryQuantities"] = [
            {"locationId": each["locationId"], "availableQuantity": each["quantity"]}
            for each in row["inventoryQuantities"]
        ]
    return said


def _shown(there: Kept | None) -> str:
    return next(iter(there.media.ids), "") if there else ""


def _options(draft: Draft) -> dict[str, Any]:
    if not draft.options:
        return {"productOptions": [{"name": _ONLY[0], "position": 1, "values": [{"name": _ONLY[1]}]}]}
    return {
        "productOptions": [
            {
                "name": option.name,
                "position": at + 1,
                "values": [{"name": name} for name in dict.fromkeys(one.values[at].text for one in draft.variants)],
            }
            for at, option in enumerate(draft.options)
        ]
    }


def _values(draft: Draft, variant: DraftVariant) -> list[dict[str, str]]:
    if not draft.options:
        return [{"optionName": _ONLY[0], "name": _ONLY[1]}]
    return [
        {"optionName": option.name, "name": value.text}
        for option, value in zip(draft.options, variant.values, strict=True)
    ]


def _new(draft: Draft, variant: DraftVariant, place: str) -> dict[str, Any]:
    """Stocked at the location that is kept from the start: a figure can only be set where a variant is stocked."""
    said = _again(None, draft, variant)
    said["price"] = format(to_decimal(variant.price_minor, draft.currency), "f")
    said["inventoryPolicy"] = "DENY"
    said["inventoryItem"] = {**said.get("inventoryItem", {}), "tracked": True}
    said["inventoryQuantities"] = [{"locationId": gid("Location", place), "name": "available", "quantity": 0}]
    return said


def _again(there: Kept | None, draft: Draft, variant: DraftVariant) -> dict[str, Any]:
    said: dict[str, Any] = {"optionValues": _values(draft, variant), "sku": variant.sku}
    if there is not None:
        said["id"] = gid("ProductVariant", number(there.id))
    if variant.barcode:
        said["barcode"] = variant.barcode
    if variant.weight_g is not None:
        said["inventoryItem"] = {"measurement": {"weight": {"value": variant.weight_g, "unit": "GRAMS"}}}
    if picture := variant.picture or _shown(there):
        said["file"] = {"id": picture}
    return said


def _pictures(pictures: Sequence[str], of_variants: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(one for one in (*pictures, *of_variants) if one))
