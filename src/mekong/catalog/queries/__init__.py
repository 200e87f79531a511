"""Reads of the catalog: plain values of `contracts`, never rows."""

from mekong.catalog.queries.categories import (
    category_ancestors,
    category_attributes,
    category_counts,
    list_attributes,
    list_categories,
    list_tax_classes,
    options_used,
)
from mekong.catalog.queries.export import export_products, write_template
from mekong.catalog.queries.grid import grid_facts, grid_index, grid_layout, products_of
from mekong.catalog.queries.health import bundles_have_parts, media_files_exist
from mekong.catalog.queries.listing_facts import listing_facts
from mekong.catalog.queries.listing_material import listing_material, listing_words
from mekong.catalog.queries.products import (
    get_product,
    list_brands,
    list_products,
    products_by_code,
    products_by_id,
)
from mekong.catalog.queries.search import search_variants, similar_variants
from mekong.catalog.queries.supply import (
    StockFacts,
    bundle_contents,
    bundles_with,
    control_names,
    lot_tracked,
    stock_facts,
)
from mekong.catalog.queries.traits import product_traits
from mekong.catalog.queries.variants import (
    bundle_parts,
    packs_of,
    scan_barcodes,
    variants_by_barcode,
    variants_by_id,
    variants_by_plain_sku,
    variants_by_sku,
    variants_of,
)
from mekong.catalog.queries.window import shown_variants

__all__ = [
    "StockFacts",
    "bundle_contents",
    "bundle_parts",
    "bundles_have_parts",
    "bundles_with",
    "category_ancestors",
    "category_attributes",
    "category_counts",
    "control_names",
    "export_products",
    "get_product",
    "grid_facts",
    "grid_index",
    "grid_layout",
    "list_attributes",
    "list_brands",
    "list_categories",
    "list_products",
    "list_tax_classes",
    "listing_facts",
    "listing_material",
    "listing_words",
    "lot_tracked",
    "media_files_exist",
    "options_used",
    "packs_of",
    "product_traits",
    "products_by_code",
    "products_by_id",
    "products_of",
    "scan_barcodes",
    "search_variants",
    "shown_variants",
    "similar_variants",
    "stock_facts",
    "variants_by_barcode",
    "variants_by_id",
    "variants_by_plain_sku",
    "variants_by_sku",
    "variants_of",
    "write_template",
]
