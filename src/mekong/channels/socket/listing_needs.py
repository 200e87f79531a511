"""What a platform asks of a product before it can be listed there, as data of its connector.

A connector ships it as `listing_needs.toml` beside its manifest: one table for each need. `fact` is one of `FACTS`;
`least` and `most` bound it; a need that is not `required` is advice: the listing goes through, but sells worse.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

FACTS = (
    "name", "description", "pictures", "picture_px", "category", "attributes", "brand", "price", "weight", "size",
    "gtin", "gtin_or_brand", "options", "variants",
)  # fmt: skip
"""Lengths of name and description are in characters, `pictures` and `variants` are counted, `picture_px` is the shorter
side of the smallest picture. `price`, `weight`, `size` and `gtin` are asked of every variant on sale; `attributes` are
those that the category in our own catalogue requires."""


@dataclass(frozen=True)
class Need:
    """`least`, `most`: None for no bound; of facts that are there or not, `least` is 1."""

    fact: str
    least: int | None = 1
    most: int | None = None
    is_required: bool = True


def read_listing_needs(package: str) -> tuple[Need, ...]:
    """The needs of a connector package; none for one that ships no `listing_needs.toml`.

    Raises: ValueError (a fact that is not known, a need without a bound: a defect of the connector).
    """
    file = files(package).joinpath("listing_needs.toml")
    if not file.is_file():
        return ()
    needs = []
    for said in tomllib.loads(file.read_text("utf-8"))["needs"]:
        need = Need(
            fact=said["fact"],
            least=said.get("least", None if "most" in said else 1),
            most=said.get("most"),
            is_required=said.get("required", True),
        )
        if need.fact not in FACTS:
            raise ValueError(f"{package}: listing_needs.toml asks for “{need.fact}”, which is none of {FACTS}")
        needs.append(need)
    return tuple(needs)
