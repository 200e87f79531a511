"""What the catalog takes and gives across its border."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, Literal
from uuid import UUID

AttributeValue = str | int | bool
"""A number attribute is a decimal in canonical text ("12.5"), never a float."""


MOST_PICTURE_BYTES = 20 * 1024 * 1024
MOST_PICTURE_PIXELS = 50_000_000
"""A picture is held in memory to be checked: 50 megapixels are 200 MB. Phones of today take up to 50."""


# What commands take


@dataclass(frozen=True)
class NewPack:
    """`factor`: how many of the product's unit are in one."""

    name: str
    factor: int
    barcode: str = ""


@dataclass(frozen=True)
class NewPart:
    """So many of the variant with this SKU are in a bundle."""

    sku: str
    quantity: int = 1


@dataclass(frozen=True)
class NewVariant:
    """`option_values`: one per option of the product, in its order. `parts` make it a bundle. Sizes: mm, weight: g."""

    sku: str
    price_minor: int
    currency: str = "VND"
    option_values: tuple[str, ...] = ()
    barcodes: tuple[str, ...] = ()
    packs: tuple[NewPack, ...] = ()
    parts: tuple[NewPart, ...] = ()
    cost_minor: int | None = None
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    allow_backorder: bool = False
    tracks_lots: bool = False
    status: str = "active"


@dataclass(frozen=True)
class NewProduct:
    """`code` empty: the first variant's SKU. `category`: its code. `tax_class`: standard, reduced, vat5, vat0 or
    exempt."""

    name: str
    variants: tuple[NewVariant, ...]
    code: str = ""
    description: str = ""
    category: str = ""
    brand: str = ""
    status: str = "active"
    tax_class: str = "standard"
    options: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    uom: str = "cái"


class Keep(Enum):
    """The value of a field that a change leaves as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True)
class ProductChange:
    """Fields to change; the others keep their values.

    `options` may rename options; to change how many there are, give `option_values` of every variant by SKU with it.
    `category` "" takes the product out of its category. `status`: draft or active (see `archive_product`).
    """

    name: str | Keep = KEEP
    description: str | Keep = KEEP
    category: str | Keep = KEEP
    brand: str | Keep = KEEP
    status: str | Keep = KEEP
    tax_class: str | Keep = KEEP
    uom: str | Keep = KEEP
    attributes: Mapping[str, AttributeValue] | Keep = KEEP
    options: tuple[str, ...] | Keep = KEEP
    option_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class VariantChange:
    """Fields to change; the others keep their values. Prices: see `set_prices`."""

    sku: str | Keep = KEEP
    option_values: tuple[str, ...] | Keep = KEEP
    cost_minor: int | Keep | None = KEEP
    weight_g: int | Keep | None = KEEP
    length_mm: int | Keep | None = KEEP
    width_mm: int | Keep | None = KEEP
    height_mm: int | Keep | None = KEEP
    status: str | Keep = KEEP
    allow_backorder: bool | Keep = KEEP
    tracks_lots: bool | Keep = KEEP
    position: int | Keep = KEEP


CellColumn = Literal["name", "sku", "barcode", "category", "status", "price", "cost"]
"""A fact of a variant that can be changed in a table of variants."""


@dataclass(frozen=True)
class CellEdited:
    """What stood in a cell, and what stands there now; amounts in major units, without grouping."""

    variant_id: int
    product_id: int
    column: CellColumn
    before: str
    after: str


@dataclass(frozen=True)
class PriceShift:
    """How many prices change alike: `percent_bp` of the price (basis points), then `add_minor`, then rounded.

    `round_to_minor`: to a multiple of so much, halves up; 0 or 1: to the minor unit.
    """

    percent_bp: int = 0
    add_minor: int = 0
    round_to_minor: int = 0

    def of(self, price_minor: int) -> int:
        """The new price; never below 0."""
        step = max(1, self.round_to_minor)
        exact = price_minor * (10_000 + self.percent_bp) + self.add_minor * 10_000
        return max(0, (exact * 2 + step * 10_000) // (step * 20_000) * step)


@dataclass(frozen=True)
class GridIndex:
    """The variants of a table, in order. `is_cut`: there are more than a table holds."""

    ids: tuple[int, ...]
    is_cut: bool


@dataclass(frozen=True)
class GridFacts:
    """A row of a table of variants; amounts in major units without grouping, `cost` None where it may not be seen."""

    id: int
    product_id: int
    name: str
    title: str
    sku: str
    barcode: str
    category: str
    status: str
    price: str
    price_minor: int
    cost: str | None
    currency: str
    is_bundle: bool
    thumbnail_url: str


@dataclass(frozen=True)
class PriceLine:
    sku: str
    price_minor: int


# What queries give


@dataclass(frozen=True)
class VariantView:
    """All that a sale, a listing or a list needs of a variant, as of one day.

    `cost_minor`: None also for those who may not see costs. `tax_rate_bp`: basis points inside `price_minor` on that
    day. `barcodes`: of the single unit, not of packs. `thumbnail_url`: "" when there is no picture.
    """

    id: int
    uid: UUID
    product_id: int
    product_uid: UUID
    sku: str
    product_name: str
    title: str
    option_values: tuple[str, ...]
    brand: str
    category_id: int | None
    uom: str
    price_minor: int
    currency: str
    price_version: int
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
    product_status: str
    barcodes: tuple[str, ...]
    thumbnail_url: str

    @property
    def full_name(self) -> str:
        """“Áo thun - Đỏ / M”: what a line of an order says."""
        return f"{self.product_name} - {self.title}" if self.title else self.product_name

    @property
    def is_sellable(self) -> bool:
        return self.status == "active" and self.product_status == "active"


@dataclass(frozen=True)
class ShownVariant:
    """A variant on sale as a shop window shows it.

    `options`: name to value, in the product's order. `siblings`: variants of its product on sale, itself counted.
    `category`: names from the top, joined by " > ". `pictures`: URLs, its own before the product's.
    """

    id: int
    product_id: int
    product_uid: UUID
    product_code: str
    sku: str
    product_name: str
    title: str
    options: Mapping[str, str]
    description: str
    brand: str
    category: str
    price_minor: int
    currency: str
    weight_g: int | None
    allow_backorder: bool
    siblings: int
    barcodes: tuple[str, ...]
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class BundlePartView:
    bundle_id: int
    part_id: int
    sku: str
    name: str
    quantity: int


@dataclass(frozen=True)
class PackView:
    variant_id: int
    name: str
    factor: int
    barcode: str


@dataclass(frozen=True)
class Scanned:
    """What a scanner read: `units` of the variant (1, or the factor of the pack whose code it was)."""

    variant: VariantView
    units: int
    pack: str


@dataclass(frozen=True)
class MediaView:
    uid: UUID
    url: str
    thumbnail_url: str
    thumbnail_large_url: str
    width: int
    height: int
    alt_text: str
    position: int
    variant_id: int | None


@dataclass(frozen=True)
class ProductView:
    id: int
    uid: UUID
    code: str
    name: str
    description: str
    category_id: int | None
    category_code: str
    category_name: str
    brand: str
    status: str
    tax_class: str
    options: tuple[str, ...]
    attributes: Mapping[str, AttributeValue]
    uom: str
    created_at: datetime
    updated_at: datetime
    variants: tuple[VariantView, ...]
    packs: tuple[PackView, ...]
    parts: tuple[BundlePartView, ...]
    media: tuple[MediaView, ...]


@dataclass(frozen=True)
class PictureFile:
    """A picture as it was given: `path` is relative to MEDIA_ROOT. `variant_id`: whose it is alone; None: the product's."""

    sha256: str
    path: str
    width: int
    height: int
    variant_id: int | None


@dataclass(frozen=True)
class ListingMaterial:
    """What a product is shown with elsewhere. `gtins`: by variant id, "" where a variant has none the world knows."""

    product: ProductView
    pictures: tuple[PictureFile, ...]
    gtins: Mapping[int, str]


@dataclass(frozen=True)
class ListingWords:
    """What a product is to be called and described as elsewhere. `pictures`: its own, those of single variants left out."""

    product_id: int
    code: str
    name: str
    description: str
    pictures: int


@dataclass(frozen=True)
class ProductRow:
    """A product in a list. Prices: lowest and highest of its active variants, of one currency, else None."""

    id: int
    uid: UUID
    code: str
    name: str
    brand: str
    status: str
    category_id: int | None
    category_name: str
    uom: str
    variant_count: int
    sku: str
    price_from_minor: int | None
    price_to_minor: int | None
    currency: str
    thumbnail_url: str
    updated_at: datetime


@dataclass(frozen=True)
class ProductPage:
    """`next_cursor`: give it back for the next page; None at the end."""

    items: tuple[ProductRow, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class VariantsFound:
    """`read_as`: the words searched for, when they are not those typed (a typing error was mended); else ""."""

    variants: tuple[VariantView, ...]
    read_as: str


@dataclass(frozen=True)
class Loaded:
    """How much a bulk load wrote."""

    products: int
    variants: int


@dataclass(frozen=True)
class CategoryView:
    """`path`: names from the top to this one."""

    id: int
    uid: UUID
    code: str
    name: str
    parent_id: int | None
    path: tuple[str, ...]
    position: int


@dataclass(frozen=True)
class TaxClassView:
    """`is_exempt`: outside VAT, as opposed to a rate of 0 %."""

    code: str
    name: str
    is_exempt: bool
    rate_bp: int


@dataclass(frozen=True)
class AttributeView:
    code: str
    name: str
    kind: Literal["text", "number", "choice", "bool"]
    choices: tuple[str, ...]
    unit: str
    is_required: bool = False


@dataclass(frozen=True)
class CategoryAttributeView:
    """An attribute that products of a category are asked for. `category_*`: whose set it is in, this one or one above."""

    attribute: AttributeView
    category_code: str
    category_name: str
    is_own: bool


@dataclass(frozen=True)
class CategoryCount:
    """Products in any state: in the category itself, and with all that stand below it."""

    own: int
    all: int


@dataclass(frozen=True)
class ListingFacts:
    """What there is of a product for a listing. Lengths in characters.

    `missing_attributes`: (code, name) of those its category requires. `smallest_picture_px`: the shorter side of the
    smallest picture of the product itself; 0 without one. `variants`: how many are on sale. `without_*`: places, among
    all its variants in their order and from 0, of those on sale that lack it.
    """

    product_id: int
    name_length: int
    description_length: int
    has_category: bool
    has_brand: bool
    options: int
    missing_attributes: tuple[tuple[str, str], ...]
    pictures: int
    smallest_picture_px: int
    variants: int
    without_price: tuple[int, ...]
    without_weight: tuple[int, ...]
    without_size: tuple[int, ...]
    without_gtin: tuple[int, ...]


# Import and export

ImportMode = Literal["insert", "update", "upsert"]


@dataclass(frozen=True)
class CellProblem:
    """One bad cell. `row`: as the spreadsheet numbers it, the header being row 1. `column`: its letter.

    `template` and `params` as of an error (an English msgid that says problem and remedy); `message` in English.
    """

    row: int
    column: str
    header: str
    value: str
    code: str
    template: str
    params: Mapping[str, object]
    message: str


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or in a dry run would do. With any error nothing was written. Counts are variants (rows)."""

    rows: int
    created: int
    updated: int
    unchanged: int
    errors: tuple[CellProblem, ...]
    dry_run: bool
    written: bool
    ignored_columns: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.errors
