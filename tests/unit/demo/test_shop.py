"""The catalogue of the demo's shop, and its pictures."""

from __future__ import annotations

import io

from PIL import Image

from mekong.catalog.rules.barcodes import read_barcode
from mekong.catalog.rules.products import check_product
from mekong.faces.demo.pictures import picture
from mekong.faces.demo.shop import UNIQUE, items, opening


def test_every_product_passes_the_catalogues_own_rules() -> None:
    made = items()

    for item in made:
        check_product(item.product)
    assert len(made) > 120
    assert made == items()


def test_skus_and_barcodes_are_unique_and_for_use_in_the_store() -> None:
    variants = [variant for item in items() for variant in item.product.variants]
    codes = [code for variant in variants for code in variant.barcodes]

    assert len({variant.sku for variant in variants}) == len(variants)
    assert len(set(codes)) == len(codes) == len(variants)
    assert all(read_barcode(code, "barcode").kind == "gtin" and 20 <= int(code[:2]) <= 29 for code in codes)


def test_there_is_one_unique_thing_and_prices_are_whole_thousands() -> None:
    variants = {variant.sku: variant for item in items() for variant in item.product.variants}

    assert UNIQUE in variants
    assert all(variant.price_minor % 1000 == 0 and variant.currency == "VND" for variant in variants.values())


def test_a_picture_is_a_small_square_webp() -> None:
    seen = {picture(item.shape, item.colour) for item in items()[:40]}

    for content in seen:
        image = Image.open(io.BytesIO(content))
        assert (image.format, image.width, image.height) == ("WEBP", 480, 480)
        assert len(content) < 40_000


def test_opening_stock_is_the_same_for_the_same_seed() -> None:
    assert opening(["a", "b"], 1) == opening(["a", "b"], 1)
    assert 0 in opening([str(number) for number in range(200)], 1).values()
