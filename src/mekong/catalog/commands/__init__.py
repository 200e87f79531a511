"""Writes of the catalog: one use case a function, one transaction each."""

from mekong.catalog.commands.add_media import add_media, remove_media
from mekong.catalog.commands.add_variants import add_variants
from mekong.catalog.commands.archive_product import archive_product, restore_product
from mekong.catalog.commands.arrange_media import arrange_media, change_media, restore_media
from mekong.catalog.commands.barcodes import add_barcode, remove_barcode
from mekong.catalog.commands.create_category import create_attribute, create_category
from mekong.catalog.commands.create_product import create_product
from mekong.catalog.commands.edit_categories import (
    delete_category,
    merge_categories,
    move_category,
    rename_category,
    set_category_attributes,
)
from mekong.catalog.commands.edit_cell import edit_cell
from mekong.catalog.commands.give_internal_barcodes import give_internal_barcodes
from mekong.catalog.commands.import_products import import_products, write_error_workbook
from mekong.catalog.commands.lay_down_tax_rates import lay_down_tax_rates
from mekong.catalog.commands.load_many import load_many
from mekong.catalog.commands.save_grid_layout import save_grid_layout
from mekong.catalog.commands.search_index import refresh_lexemes, set_popularity
from mekong.catalog.commands.set_bundle import set_bundle
from mekong.catalog.commands.set_packs import set_packs
from mekong.catalog.commands.set_prices import set_prices
from mekong.catalog.commands.update_attribute import update_attribute
from mekong.catalog.commands.update_product import update_product
from mekong.catalog.commands.update_variant import update_variant

__all__ = [
    "add_barcode",
    "add_media",
    "add_variants",
    "archive_product",
    "arrange_media",
    "change_media",
    "create_attribute",
    "create_category",
    "create_product",
    "delete_category",
    "edit_cell",
    "give_internal_barcodes",
    "import_products",
    "lay_down_tax_rates",
    "load_many",
    "merge_categories",
    "move_category",
    "refresh_lexemes",
    "remove_barcode",
    "remove_media",
    "rename_category",
    "restore_media",
    "restore_product",
    "save_grid_layout",
    "set_bundle",
    "set_category_attributes",
    "set_packs",
    "set_popularity",
    "set_prices",
    "update_attribute",
    "update_product",
    "update_variant",
    "write_error_workbook",
]
