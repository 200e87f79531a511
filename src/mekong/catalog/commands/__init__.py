"""Writes of the catalog: one use case a function, one transaction each."""

from mekong.catalog.commands.add_media import add_media, remove_media
from mekong.catalog.commands.add_variants import add_variants
from mekong.catalog.commands.archive_product import archive_product, restore_product
from mekong.catalog.commands.barcodes import add_barcode, remove_barcode
from mekong.catalog.commands.create_category import create_attribute, create_category
from mekong.catalog.commands.create_product import create_product
from mekong.catalog.commands.import_products import import_products, write_error_workbook
from mekong.catalog.commands.lay_down_tax_rates import lay_down_tax_rates
from mekong.catalog.commands.load_many import load_many
from mekong.catalog.commands.search_index import refresh_lexemes, set_popularity
from mekong.catalog.commands.set_bundle import set_bundle
from mekong.catalog.commands.set_packs import set_packs
from mekong.catalog.commands.set_prices import set_prices
from mekong.catalog.commands.update_product import update_product
from mekong.catalog.commands.update_variant import update_variant

__all__ = [
    "add_barcode",
    "add_media",
    "add_variants",
    "archive_product",
    "create_attribute",
    "create_category",
    "create_product",
    "import_products",
    "lay_down_tax_rates",
    "load_many",
    "refresh_lexemes",
    "remove_barcode",
    "remove_media",
    "restore_product",
    "set_bundle",
    "set_packs",
    "set_popularity",
    "set_prices",
    "update_product",
    "update_variant",
    "write_error_workbook",
]
