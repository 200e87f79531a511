"""The shapes of products in requests and answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field, WithJsonSchema
from pydantic.functional_validators import PlainValidator
from pydantic_core import PydanticCustomError

from mekong.catalog.contracts import CategoryView, MediaView, ProductRow, ProductView, VariantView
from mekong.faces.api.shapes import Body, Code, Flag, Minor, Moment, Number
from mekong.foundation import ids
from mekong.foundation.actor import Actor

MOST_VARIANTS = 2_000
Status = Literal["draft", "active", "archived"]
VariantStatus = Literal["active", "archived"]


def _attribute(value: Any) -> str | int | bool:
    if isinstance(value, str | int | bool):
        return value
    raise PydanticCustomError("attribute_value", "not a text, a whole number or a truth value")


AttributeValue = Annotated[
    str | int | bool,
    PlainValidator(_attribute),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}]}),
]
Attributes = Annotated[dict[Annotated[str, Field(max_length=64)], AttributeValue], Field(max_length=200)]
OptionValues = Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=5)]
Title = Annotated[str, Field(min_length=1, max_length=300)]


class PackIn(Body):
    """`factor`: how many of the product's unit are in one."""

    name: Annotated[str, Field(min_length=1, max_length=20)]
    factor: Number
    barcode: Annotated[str, Field(max_length=64)] = ""


class PartIn(Body):
    sku: Code
    quantity: Number = 1


class VariantIn(Body):
    """`option_values`: one for each option of the product. `parts` make it a bundle. Sizes in mm, weight in g."""

    sku: Code
    price_minor: Minor
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "VND"
    option_values: OptionValues = Field(default_factory=list)
    barcodes: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=50)] = Field(default_factory=list)
    packs: Annotated[list[PackIn], Field(max_length=20)] = Field(default_factory=list)
    parts: Annotated[list[PartIn], Field(max_length=100)] = Field(default_factory=list)
    cost_minor: Minor | None = None
    weight_g: Number | None = None
    length_mm: Number | None = None
    width_mm: Number | None = None
    height_mm: Number | None = None
    allow_backorder: Flag = False
    tracks_lots: Flag = False
    status: VariantStatus = "active"


class ProductIn(Body):
    """`code` empty: the first variant's SKU. `category`: its code. `attributes`: by code, decimals as text ("12.5")."""

    name: Title
    variants: Annotated[list[VariantIn], Field(min_length=1, max_length=MOST_VARIANTS)]
    code: Annotated[str, Field(max_length=64)] = ""
    description: Annotated[str, Field(max_length=30_000)] = ""
    category: Annotated[str, Field(max_length=64)] = ""
    brand: Annotated[str, Field(max_length=120)] = ""
    status: Status = "active"
    tax_class: Annotated[str, Field(max_length=20)] = "standard"
    options: Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=5)] = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict)
    uom: Annotated[str, Field(min_length=1, max_length=20)] = "cái"


class ProductPatchIn(Body):
    """What is left out stays. `option_values` by SKU, where the number of options changes."""

    name: Title | None = None
    description: Annotated[str, Field(max_length=30_000)] | None = None
    category: Annotated[str, Field(max_length=64)] | None = None
    brand: Annotated[str, Field(max_length=120)] | None = None
    status: Literal["draft", "active"] | None = None
    tax_class: Annotated[str, Field(max_length=20)] | None = None
    uom: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    attributes: Attributes | None = None
    options: Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=5)] | None = None
    option_values: dict[str, OptionValues] | None = None


class VariantPatchIn(Body):
    """What is left out stays; null takes a cost or a size away."""

    sku: Code | None = None
    option_values: OptionValues | None = None
    cost_minor: Minor | None = None
    weight_g: Number | None = None
    length_mm: Number | None = None
    width_mm: Number | None = None
    height_mm: Number | None = None
    status: VariantStatus | None = None
    allow_backorder: Flag | None = None
    tracks_lots: Flag | None = None


class PriceIn(Body):
    sku: Code
    price_minor: Minor


class PricesIn(Body):
    lines: Annotated[list[PriceIn], Field(min_length=1, max_length=10_000)]


class PricesOut(Schema):
    changed: int


class CategoryIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(max_length=64)] = ""
    parent: Annotated[str, Field(max_length=64)] = ""
    position: Number = 0


class PackOut(Schema):
    name: str
    factor: int
    barcode: str


class PartOut(Schema):
    sku: str
    name: str
    quantity: int


class VariantOut(Schema):
    """`cost_minor` is null for callers without `money.view_cost`. `tax_rate_bp`: inside the price, basis points."""

    id: str
    sku: str
    title: str
    full_name: str
    option_values: list[str]
    uom: str
    price_minor: int
    currency: str
    cost_minor: int | None
    tax_class: str
    tax_rate_bp: int
    is_bundle: bool
    allow_backorder: bool
    tracks_lots: bool
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    status: str
    barcodes: list[str]
    thumbnail_url: str
    packs: list[PackOut]
    parts: list[PartOut]


class MediaOut(Schema):
    """`id` is what `DELETE /pictures/{id}` takes."""

    id: str
    url: str
    thumbnail_url: str
    width: int
    height: int
    alt_text: str


class ProductOut(Schema):
    id: str
    code: str
    name: str
    description: str
    category: str
    category_name: str
    brand: str
    status: str
    tax_class: str
    options: list[str]
    attributes: dict[str, AttributeValue]
    uom: str
    created_at: Moment
    updated_at: Moment
    variants: list[VariantOut]
    media: list[MediaOut]


class ProductRowOut(Schema):
    """`price_from_minor`, `price_to_minor`: null when its variants are priced in several currencies."""

    id: str
    code: str
    sku: str
    name: str
    brand: str
    status: str
    category_name: str
    uom: str
    variant_count: int
    price_from_minor: int | None
    price_to_minor: int | None
    currency: str
    thumbnail_url: str
    updated_at: Moment


class FoundOut(Schema):
    """`read_as`: the words looked for, when a slip in those typed was mended; else empty."""

    items: list[VariantOut]
    read_as: str


class CategoryOut(Schema):
    """`path`: names from the top to this one."""

    id: str
    code: str
    name: str
    path: list[str]
    position: int


class CategoriesOut(Schema):
    items: list[CategoryOut]


class CellProblemOut(Schema):
    row: int
    column: str
    header: str
    value: str
    code: str
    message: str


class ImportOut(Schema):
    """With any error nothing was written. Counts are rows, one a variant."""

    rows: int
    created: int
    updated: int
    unchanged: int
    errors: list[CellProblemOut]
    dry_run: bool
    written: bool
    ignored_columns: list[str]


_VARIANT_PLAIN = frozenset(VariantOut.model_fields) - {
    "id",
    "option_values",
    "barcodes",
    "cost_minor",
    "packs",
    "parts",
}
_PRODUCT_PLAIN = frozenset(ProductOut.model_fields) - {"id", "category", "options", "attributes", "variants", "media"}
_ROW_PLAIN = frozenset(ProductRowOut.model_fields) - {"id"}


def variant_out(
    variant: VariantView, actor: Actor, packs: list[dict[str, Any]] | None = None, parts: list[Any] | None = None
) -> dict[str, Any]:
    return {
        **{name: getattr(variant, name) for name in _VARIANT_PLAIN},
        "id": ids.public("var", variant.uid),
        "option_values": list(variant.option_values),
        "barcodes": list(variant.barcodes),
        "cost_minor": variant.cost_minor if actor.may("money.view_cost") else None,
        "packs": packs or [],
        "parts": parts or [],
    }


def media_out(media: MediaView) -> dict[str, Any]:
    shown = {name: getattr(media, name) for name in MediaOut.model_fields if name != "id"}
    return {**shown, "id": ids.public("pic", media.uid)}


def product_out(product: ProductView, actor: Actor) -> dict[str, Any]:
    packs: dict[int, list[dict[str, Any]]] = {}
    for pack in product.packs:
        packs.setdefault(pack.variant_id, []).append(
            {"name": pack.name, "factor": pack.factor, "barcode": pack.barcode}
        )
    parts: dict[int, list[dict[str, Any]]] = {}
    for part in product.parts:
        parts.setdefault(part.bundle_id, []).append({"sku": part.sku, "name": part.name, "quantity": part.quantity})
    return {
        **{name: getattr(product, name) for name in _PRODUCT_PLAIN},
        "id": ids.public("prd", product.uid),
        "category": product.category_code,
        "options": list(product.options),
        "attributes": dict(product.attributes),
        "variants": [variant_out(each, actor, packs.get(each.id), parts.get(each.id)) for each in product.variants],
        "media": [media_out(each) for each in product.media],
    }


def row_out(row: ProductRow) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in _ROW_PLAIN}, "id": ids.public("prd", row.uid)}


def category_out(category: CategoryView) -> dict[str, Any]:
    return {
        "id": ids.public("cat", category.uid),
        "code": category.code,
        "name": category.name,
        "path": list(category.path),
        "position": category.position,
    }
