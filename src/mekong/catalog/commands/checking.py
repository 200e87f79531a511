"""What the catalog already holds, asked before a write; and what it answers when somebody else was faster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError

from mekong.catalog.contracts import AttributeView, NewProduct
from mekong.catalog.errors import (
    CategoryNotFound,
    DuplicateBarcode,
    DuplicateCode,
    DuplicateOptions,
    DuplicateSku,
    PartInUse,
    TaxClassNotFound,
)
from mekong.catalog.queries.categories import attributes_of
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules import products as rules
from mekong.catalog.rules.words import clean_sku
from mekong.foundation.errors import MekongError
from mekong.foundation.ids import new_id


def refuse_taken_skus(asked: Iterable[tuple[str, str]]) -> None:
    """`asked`: (field, SKU). Raises: DuplicateSku, naming the first field."""
    by_key: dict[str, tuple[str, str]] = {}
    for field, sku in asked:
        sku_key = clean_sku(sku, field)[1]
        if sku_key in by_key:
            raise DuplicateSku(field=field, sku=sku)
        by_key[sku_key] = (field, sku)
    taken = fetch("select sku_key from catalog_variant where sku_key = any(%(keys)s)", {"keys": list(by_key)})
    if taken:
        keys = {row[0] for row in taken}
        field, sku = next(value for sku_key, value in by_key.items() if sku_key in keys)
        raise DuplicateSku(field=field, sku=sku)


def free_codes(products: Sequence[NewProduct], at: Callable[[int], str]) -> list[str]:
    """The code of each product. One that was made of the first SKU gives way when it is taken.

    Raises: DuplicateCode.
    """
    taken = fetch("select code from catalog_product where code = any(%(codes)s)", {"codes": [p.code for p in products]})
    seen = {row[0] for row in taken}
    codes: list[str] = []
    for i, each in enumerate(products):
        code = each.code
        if code in seen:
            if code != each.variants[0].sku:
                raise DuplicateCode(field=f"{at(i)}code", value=code)
            code = f"{code[:50]}-{new_id().hex[-8:]}"
        seen.add(code)
        codes.append(code)
    return codes


def category_ids(asked: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Ids by category code; `asked`: (field, code), empty codes are passed over. Raises: CategoryNotFound.

    They stay until the transaction ends: who wants to take one of them away waits.
    """
    fields = {code: field for field, code in asked if code}
    if not fields:
        return {}
    rows = fetch(
        "select code, id from catalog_category where code = any(%(codes)s) order by id for key share",
        {"codes": _storable(fields)},
    )
    found: dict[str, int] = dict(rows)
    for code, field in fields.items():
        if code not in found:
            raise CategoryNotFound(field=field, key=code)
    return found


def check_tax_classes(asked: Iterable[tuple[str, str]]) -> None:
    """`asked`: (field, code). Raises: TaxClassNotFound."""
    fields = {code: field for field, code in asked}
    known = [row[0] for row in fetch("select code from catalog_taxclass order by id", {})]
    for code, field in fields.items():
        if code not in known:
            raise TaxClassNotFound(field=field, key=code, allowed=", ".join(known))


def _storable(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if "\0" not in text]


def attribute_values(
    products: Sequence[NewProduct], categories: dict[str, int], at: Callable[[int], str]
) -> list[dict[str, Any]]:
    known = {each.code: each for each in attributes_of(None)} if any(each.attributes for each in products) else {}
    asked: dict[str, list[str]] = {}
    for code, category_id in categories.items():
        asked[code] = [each.code for each in attributes_of(category_id) if each.is_required]
    return [
        dict(
            rules.check_attributes(
                each.attributes, known, asked.get(each.category, ()), each.category, f"{at(i)}attributes"
            )
        )
        for i, each in enumerate(products)
    ]


def known_attributes(category_id: int | None) -> tuple[dict[str, AttributeView], list[str]]:
    """All attributes by code, and the codes of those a category requires."""
    required = attributes_of(category_id) if category_id is not None else ()
    return {each.code: each for each in attributes_of(None)}, [each.code for each in required if each.is_required]


# Two people at the same moment: the constraint speaks, and is put into words

_DETAIL = re.compile(r"\)=\((.*)\) ")


@contextmanager
def refusing_races() -> Iterator[None]:
    """Turn the breach of a constraint that a concurrent writer caused into the error its check would have raised."""
    try:
        yield
    except IntegrityError as breach:
        diagnosis = getattr(breach.__cause__, "diag", None)
        known = _race(getattr(diagnosis, "constraint_name", "") or "", getattr(diagnosis, "message_detail", "") or "")
        if known is None:
            raise
        raise known from breach


def _race(constraint: str, detail: str) -> MekongError | None:
    match = _DETAIL.search(detail)
    value = match.group(1) if match else ""
    if constraint == "variant_sku_unique":
        return DuplicateSku(field="sku", sku=value)
    if constraint == "barcode_unique":
        return DuplicateBarcode(field="barcode", barcode=value, sku="?")
    if constraint == "product_code_unique":
        return DuplicateCode(field="code", value=value)
    if constraint == "variant_options_once":
        return DuplicateOptions(field="option_values", value=value)
    if constraint in {"part_is_no_bundle", "catalog_bundlepart_part_id"}:
        return PartInUse(field="sku", sku=value, bundles="?")
    return None
