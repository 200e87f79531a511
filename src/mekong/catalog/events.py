"""Facts of the catalog. Key of each: `product:<id>`, so that the facts of one product arrive in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class ProductCreated:
    name: ClassVar[str] = "catalog.product_created"
    version: ClassVar[int] = 1

    product_id: int
    variant_ids: tuple[int, ...]


@dataclass(frozen=True)
class ProductUpdated:
    """Names, options, variants, barcodes, bundle parts or pictures changed; `variant_ids` are those concerned."""

    name: ClassVar[str] = "catalog.product_updated"
    version: ClassVar[int] = 1

    product_id: int
    variant_ids: tuple[int, ...]


@dataclass(frozen=True)
class PriceChanged:
    """`price_version` is the variant's new one: whoever pushes prices compares it with the one last pushed."""

    name: ClassVar[str] = "catalog.price_changed"
    version: ClassVar[int] = 1

    product_id: int
    variant_id: int
    old_price_minor: int
    price_minor: int
    currency: str
    price_version: int


@dataclass(frozen=True)
class ProductArchived:
    name: ClassVar[str] = "catalog.product_archived"
    version: ClassVar[int] = 1

    product_id: int
    variant_ids: tuple[int, ...]


@dataclass(frozen=True)
class CatalogLoaded:
    """Many products at once (demo, first load): no fact for each of them follows. Key: `catalog`."""

    name: ClassVar[str] = "catalog.catalog_loaded"
    version: ClassVar[int] = 1

    products: int
    variants: int


@dataclass(frozen=True)
class CategoryRemoved:
    """A category is gone; `into_code` has its products and categories now ("" when it had none).

    No fact for each of the products follows. Key: `category:<id>`.
    """

    name: ClassVar[str] = "catalog.category_removed"
    version: ClassVar[int] = 1

    category_id: int
    code: str
    into_id: int | None
    into_code: str
    products: int
