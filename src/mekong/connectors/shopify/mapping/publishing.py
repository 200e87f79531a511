"""Between drafts and Shopify's products: categories, what is sent to make a product, and in what one differs from a draft.

Sources: Shopify, Admin GraphQL 2026-07: productSet ("list fields: existing entries not included are deleted; of all
others only the included fields are changed"), ProductVariantSetInput ("any file specified here must also be specified in
the files of the product"), FileSetInput, Publication, TaxonomyCategory.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket.publishing import Draft, DraftVariant, Published, PublishedState, RemoteCategory
from mekong.connectors.shopify.mapping import Node, PageInfo, UserError, Word, gid, number
from mekong.connectors.shopify.mapping.products import Variant, listing
from mekong.foundation.money import to_decimal

MOST_OPTIONS: Final = 3
_ONLY: Final = ("Title", "Default Title")
"""The option and value by which the platform names the one variant of a product without variants."""
_CATEGORY: Final = "gid://shopify/TaxonomyCategory/"
_GRAMS: Final = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[!-~]*)?")
_TAG: Final = re.compile(r"<[^<>]*>")
_BREAK: Final = re.compile(r"</?(?:p|div|br|li|ul|ol|h[1-6]|table|t[rdh])(?:[\s/][^<>]*)?>", re.IGNORECASE)
_MOST_DIGITS: Final = 9


# --- categories -----------------------------------------------------------------------------------------------------


class Category(Struct, frozen=True):
    id: str
    name: str = ""
    parentId: str = ""  # noqa: N815 - the platform's own name
    isArchived: bool = False  # noqa: N815 - the platform's own name


class CategoryPage(Struct, frozen=True):
    nodes: tuple[Category, ...] = ()
    pageInfo: PageInfo = PageInfo()  # noqa: N815 - the platform's own name


class Taxonomy(Struct, frozen=True):
    categories: CategoryPage


def categories(found: Iterable[Category]) -> list[RemoteCategory]:
    """Parents before children. Every node takes products, not only those at the ends; what is archived takes no more."""
    nodes = {each.id: each for each in found if not each.isArchived}
    below: dict[str, list[Category]] = {}
    for each in nodes.values():
        is_top = each.parentId not in nodes or each.parentId == each.id
        below.setdefault("" if is_top else each.parentId, []).append(each)
    ordered: list[RemoteCategory] = []
    row = [("", each) for each in below.pop("", ())]
    while row:
        ordered += [RemoteCategory(_short(each.id), each.name, _short(parent)) for parent, each in row]
        row = [(each.id, child) for _, each in row for child in below.pop(each.id, ())]
    return ordered


def _short(category: str) -> str:
    return category.removeprefix(_CATEGORY)


# --- pictures -------------------------------------------------------------------------------------------------------


class Parameter(Struct, frozen=True):
    name: str
    value: str = ""


class Target(Struct, frozen=True):
    """Where a file is to be sent, and what it is called from then on."""

    url: str
    resourceUrl: str  # noqa: N815 - the platform's own name
    parameters: tuple[Parameter, ...] = ()

    @property
    def is_usable(self) -> bool:
        return _ADDRESS.fullmatch(self.url) is not None


class Staged(Struct, frozen=True):
    stagedTargets: tuple[Target, ...] = ()  # noqa: N815 - the platform's own name
    userErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name


class File(Struct, frozen=True):
    id: str
    fileStatus: str = ""  # noqa: N815 - the platform's own name


class Filed(Struct, frozen=True):
    files: tuple[File, ...] = ()
    userErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name


# --- a product as it stands -----------------------------------------------------------------------------------------


class Weight(Struct, frozen=True):
    value: Decimal = Decimal(0)
    unit: str = ""


class Measurement(Struct, frozen=True):
    weight: Weight | None = None


class Weighed(Struct, frozen=True):
    measurement: Measurement | None = None


class Selected(Struct, frozen=True):
    name: str = ""
    value: str = ""


class Media(Struct, frozen=True):
    nodes: tuple[Node, ...] = ()

    @property
    def ids(self) -> list[str]:
        return [str(each.id) for each in self.nodes]


class Kept(Variant, frozen=True):
    """A variant of a product that is there."""

    weighed: Weighed = Weighed()
    selectedOptions: tuple[Selected, ...] = ()  # noqa: N815 - the platform's own name
    media: Media = Media()

    @property
    def weight_g(self) -> int | None:
        said = self.weighed.measurement.weight if self.weighed.measurement else None
        if said is None or not said.value.is_finite() or said.value.adjusted() > _MOST_DIGITS:
            return None
        return round(said.value * _GRAMS.get(said.unit.upper(), Decimal(0)))


class KeptPage(Struct, frozen=True):
    nodes: tuple[Kept, ...] = ()
    pageInfo: PageInfo = PageInfo()  # noqa: N815 - the platform's own name


class Option(Struct, frozen=True):
    name: str = ""
    position: int = 0


class Product(Struct, frozen=True):
    id: Word
    title: str = ""
    descriptionHtml: str = ""  # noqa: N815 - the platform's own name
    vendor: str = ""
    status: str = ""
    publishedAt: str = ""  # noqa: N815 - the platform's own name
    onlineStoreUrl: str = ""  # noqa: N815 - the platform's own name
    category: Node | None = None
    options: tuple[Option, ...] = ()
    media: Media = Media()
    variants: KeptPage = KeptPage()

    @property
    def is_active(self) -> bool:
        return self.status.upper() == "ACTIVE"

    @property
    def option_names(self) -> list[str]:
        return [each.name for each in sorted(self.options, key=lambda each: each.position)]


class Set(Struct, frozen=True):
    """What a mutation of a product answers."""

    product: Node | None = None
    userErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name


class Publication(Struct, frozen=True):
    id: Word
    name: str = ""
    supportsFuturePublishing: bool = False  # noqa: N815 - the platform's own name

    @property
    def is_online_store(self) -> bool:
        """Only an online store takes a day to publish on; its name is another in every language."""
        return self.supportsFuturePublishing or self.name == "Online Store"


class Publications(Struct, frozen=True):
    nodes: tuple[Publication, ...] = ()


class Bearer(Struct, frozen=True):
    product: Node
    sku: str = ""


class Bearers(Struct, frozen=True):
    nodes: tuple[Bearer, ...] = ()
    pageInfo: PageInfo = PageInfo()  # noqa: N815 - the platform's own name


def search(skus: Sequence[str]) -> str:
    """The query for variants with these SKUs. It finds more than is asked for: the answer is to be looked through."""
    return " OR ".join(f'sku:"{_escaped(sku)}"' for sku in skus)


def _escaped(sku: str) -> str:
    return sku.replace("\\", "\\\\").replace('"', '\\"')


def published(said: Product, variants: Sequence[Kept], currency: str) -> Published:
    """Raises: ValueError."""
    is_live = said.is_active and bool(said.publishedAt)
    reasons = ["The shop's online store does not show this product."] if said.is_active and not is_live else []
    found = {one.key: one for one in (listing(each, currency) for each in variants)}
    return Published(
        state=PublishedState.LIVE if is_live else PublishedState.HIDDEN,
        item_id=number(said.id),
        listings=list(found.values()),
        reasons=reasons,
        url=said.onlineStoreUrl,
    )


# --- what is sent ---------------------------------------------------------------------------------------------------


def paragraphs(text: str) -> str:
    """Plain text as HTML: an empty line parts paragraphs, a line break stays one, and no character means markup."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n"))]
    return "".join(f"<p>{html.escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in parts if part)


def _words(text: str) -> str:
    """The words of a text in HTML, without their dress."""
    return " ".join(html.unescape(_TAG.sub("", _BREAK.sub(" ", text))).split())


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
    if draft.brand:
        said["vendor"] = draft.brand
    if draft.category_id:
        said["category"] = _CATEGORY + draft.category_id
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
    if draft.category_id and draft.category_id != (_short(str(said.category.id)) if said.category else ""):
        wanted["category"] = _CATEGORY + draft.category_id
    if said.is_active is not draft.is_shown:
        wanted["status"] = "ACTIVE" if draft.is_shown else "DRAFT"
    return wanted


def changed_goods(said: Product, variants: Sequence[Kept], draft: Draft, place: str) -> dict[str, Any]:
    """Options, variants and pictures, all of them, if any is not as in the draft; else nothing.

    They go together, for what a list leaves out is deleted. A draft without pictures leaves those of the shop.
    """
    kept = _kept(variants, draft)
    shown = [variant.picture or _shown(there) for variant, there in zip(draft.variants, kept, strict=True)]
    pictures = _pictures(draft.pictures or said.media.ids, shown)
    names = [option.name for option in draft.options] or [_ONLY[0]]
    is_same = (
        len(variants) == len(draft.variants)
        and said.option_names == names
        and said.media.ids == pictures
        and all(_is_same(there, draft, variant) for variant, there in zip(draft.variants, kept, strict=True))
    )
    if is_same:
        return {}
    return {
        **_options(draft),
        "variants": [
            _new(draft, variant, place) if there is None else _again(there, draft, variant)
            for variant, there in zip(draft.variants, kept, strict=True)
        ],
        "files": [{"id": one} for one in pictures],
    }


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


def _is_same(there: Kept | None, draft: Draft, variant: DraftVariant) -> bool:
    if there is None:
        return False
    values = {each.name: each.value for each in there.selectedOptions}
    return (
        there.sku == variant.sku
        and variant.barcode in ("", there.barcode)
        and variant.weight_g in (None, there.weight_g)
        and variant.picture in ("", _shown(there))
        and values == {each["optionName"]: each["name"] for each in _values(draft, variant)}
    )


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


def file_name(name: str, media_type: str) -> str:
    """A name that is safe in a header and in an address."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", name.rpartition(".")[0] or name).strip("-")[:80] or "picture"
    kind = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}.get(media_type, "")
    return f"{stem}.{kind}" if kind else stem


def form(fields: Sequence[Parameter], name: str, media_type: str, content: bytes, boundary: str) -> bytes:
    """multipart/form-data (RFC 7578); the file comes last, as the platform's store asks."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(each.name)}"\r\n\r\n{each.value}\r\n'
        for each in fields
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(name)}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    return b"".join([*(part.encode() for part in parts), head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
