"""The catalogue of “Mộc Lan”, from the file that comes with Mekong. No database."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from mekong.catalog.contracts import NewPart, NewProduct, NewVariant
from mekong.foundation.text import fold

FILE = Path(__file__).resolve().parents[2] / "demo" / "moc_lan.toml"
UNIQUE = "BINH-DOCBAN"
"""The vase of which there is one: the product of the “last unit” page."""
_WEARABLE = frozenset({"shirt", "shoe", "hat"})
_DEARER_BY = 35
"""Per cent that a thing costs more than the next smaller one; garments cost the same in all sizes."""
_WEIGHT_G = {
    "shirt": 280,
    "cloth": 220,
    "bag": 450,
    "tin": 180,
    "packet": 300,
    "candle": 240,
    "soap": 110,
    "frame": 1400,
}


@dataclass(frozen=True)
class Item:
    """A product as the catalogue takes it, and its picture: a shape and a colour (`#RRGGBB`)."""

    product: NewProduct
    shape: str
    colour: str


@dataclass(frozen=True)
class Category:
    code: str
    name: str


def categories() -> list[Category]:
    return [Category(each["code"], each["name"]) for each in _said()["category"]]


def items() -> list[Item]:
    """Every product, the unique one first, bundles last. The same at every call."""
    said, numbers = _said(), _barcodes()
    brand: str = said["brand"]
    one = said["unique"]
    made = [_item(_Row(one["code"], one["name"], one["price"], one["picture"], ""), "gom", "standard", brand, numbers)]
    made = [Item(_described(made[0].product, one["description"]), made[0].shape, made[0].colour)]
    for category in said["category"]:
        made += [_item(_Row(*row), category["code"], category["tax"], brand, numbers) for row in category["products"]]
    bundle = said["bundle"]
    parts = [part.split(":") for part in bundle["parts"]]
    row = _Row(bundle["code"], bundle["name"], bundle["price"], bundle["picture"], "")
    made.append(_item(row, "tra", "standard", brand, numbers, tuple(NewPart(sku, int(units)) for sku, units in parts)))
    return made


@dataclass(frozen=True)
class _Row:
    code: str
    name: str
    price: int
    picture: str
    options: str


def _said() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


def _described(made: NewProduct, description: str) -> NewProduct:
    return NewProduct(
        **{**{name: getattr(made, name) for name in made.__dataclass_fields__}, "description": description}
    )


def _item(
    row: _Row, category: str, tax: str, brand: str, numbers: Iterator[str], parts: tuple[NewPart, ...] = ()
) -> Item:
    shape, colour = row.picture.split(":")
    names, values = _options(row.options)
    variants = []
    for chosen in product(*values):
        step = (
            0
            if shape in _WEARABLE
            else sum(values[at].index(value) for at, value in enumerate(chosen) if names[at] in ("Cỡ", "Gói"))
        )
        price = _price(row.price, step)
        variants.append(
            NewVariant(
                sku="-".join([row.code, *(_short(value) for value in chosen)]),
                price_minor=price,
                cost_minor=None if parts else price * 55 // 100,
                option_values=chosen,
                barcodes=(next(numbers),),
                weight_g=_WEIGHT_G.get(shape, 600) * (step + 2) // 2,
                parts=parts,
            )
        )
    made = NewProduct(
        name=row.name, variants=tuple(variants), code=row.code, category=category, brand=brand, options=names,
        tax_class=tax, uom="bộ" if row.name.startswith(("Bộ", "Hộp quà")) else "cái",
    )  # fmt: skip
    return Item(made, shape, colour)


def _options(text: str) -> tuple[tuple[str, ...], list[list[str]]]:
    pairs = [part.split(":", 1) for part in text.split(" | ") if part]
    return tuple(name.strip() for name, _ in pairs), [[each.strip() for each in said.split(", ")] for _, said in pairs]


def _short(value: str) -> str:
    """“Xanh ngọc” as XANHNGOC, “1,2 m” as 12M: the part of a SKU that an option's value gives."""
    return fold(value).replace(" ", "").upper()[:12]


def _price(base: int, steps: int) -> int:
    price = base
    for _ in range(steps):
        price = price * (100 + _DEARER_BY) // 100
    return round(price, -3)


def _barcodes() -> Iterator[str]:
    """EAN-13 numbers for use in the store (prefix 20), with their check digits.

    Source: GS1 General Specifications: weights 1 and 3 from the left, what is missing to the next ten.
    """
    number = 0
    while True:
        number += 1
        body = f"20{number:010}"
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
        yield f"{body}{-total % 10}"


def opening(skus: Sequence[str], seed: int) -> dict[str, int]:
    """Units of each SKU on a shelf at the opening: a few of most, none of some. The same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - a demo's stock, not a secret
    most = 60 if seed == 0 else 14
    return {sku: draw.choice((0, 1, 2, 4, most // 3, most // 2, most)) + draw.randrange(4) for sku in skus}
