"""What a product and its variants must be before they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mekong.catalog.contracts import AttributeValue, AttributeView, NewPack, NewPart, NewProduct, NewVariant
from mekong.catalog.errors import (
    AttributeMissing,
    AttributeNotFound,
    BadChoice,
    BundleWithLots,
    NoVariants,
    RepeatedValue,
)
from mekong.catalog.rules import numbers
from mekong.catalog.rules.barcodes import read_barcode
from mekong.catalog.rules.options import check_matrix, check_options, check_values
from mekong.catalog.rules.words import clean, clean_sku, key
from mekong.foundation.text import fold

PRODUCT_STATUSES = ("draft", "active", "archived")
VARIANT_STATUSES = ("active", "archived")
NAME_LIMIT, BRAND_LIMIT, UOM_LIMIT, CODE_LIMIT, DESCRIPTION_LIMIT = 300, 120, 20, 64, 30_000
"""In characters. An Excel cell holds 32,767."""


def choice(value: str, allowed: Sequence[str], field: str) -> str:
    """Raises: BadChoice."""
    if value not in allowed:
        raise BadChoice(field=field, value=value, allowed=", ".join(allowed))
    return value


def check_product(new: NewProduct) -> NewProduct:
    """The product with its texts trimmed and every field judged; the first thing wrong is raised.

    Raises: any of the `Invalid` errors of this module.
    """
    if not new.variants:
        raise NoVariants(field="variants")
    options = check_options(new.options, "options")
    variants = tuple(check_variant(each, options, f"variants[{place}]") for place, each in enumerate(new.variants))
    check_repeats(variants)
    check_matrix(
        (f"variants[{place}].option_values", each.option_values)
        for place, each in enumerate(variants)
        if each.status == "active"
    )
    return replace(
        new,
        name=clean(new.name, "name", NAME_LIMIT, required=True),
        code=clean(new.code, "code", CODE_LIMIT) or variants[0].sku,
        description=clean(new.description.replace("\r\n", "\n"), "description", DESCRIPTION_LIMIT, lines=True),
        category=new.category.strip(),
        brand=clean(new.brand, "brand", BRAND_LIMIT),
        uom=clean(new.uom, "uom", UOM_LIMIT, required=True),
        status=choice(new.status, PRODUCT_STATUSES, "status"),
        options=options,
        variants=variants,
    )


def check_variant(new: NewVariant, options: Sequence[str], at: str) -> NewVariant:
    """One variant trimmed and judged; `at` is where it stands, e.g. `variants[2]`."""
    if new.parts and new.tracks_lots:
        raise BundleWithLots(field=f"{at}.tracks_lots")
    return replace(
        new,
        sku=clean_sku(new.sku, f"{at}.sku")[0],
        price_minor=numbers.check_amount(new.price_minor, f"{at}.price_minor"),
        currency=numbers.check_currency(new.currency, f"{at}.currency"),
        cost_minor=None if new.cost_minor is None else numbers.check_amount(new.cost_minor, f"{at}.cost_minor"),
        option_values=check_values(new.option_values, options, f"{at}.option_values"),
        barcodes=check_barcodes(new.barcodes, f"{at}.barcodes"),
        packs=check_packs(new.packs, f"{at}.packs"),
        parts=check_parts(new.parts, f"{at}.parts", sku=new.sku),
        weight_g=numbers.check_size(new.weight_g, f"{at}.weight_g"),
        length_mm=numbers.check_size(new.length_mm, f"{at}.length_mm"),
        width_mm=numbers.check_size(new.width_mm, f"{at}.width_mm"),
        height_mm=numbers.check_size(new.height_mm, f"{at}.height_mm"),
        status=choice(new.status, VARIANT_STATUSES, f"{at}.status"),
    )


def check_barcodes(barcodes: Sequence[str], at: str) -> tuple[str, ...]:
    return tuple(read_barcode(code, f"{at}[{place}]").code for place, code in enumerate(barcodes))


def check_packs(packs: Sequence[NewPack], at: str) -> tuple[NewPack, ...]:
    kept: list[NewPack] = []
    seen: dict[str, str] = {}
    for place, pack in enumerate(packs):
        here = f"{at}[{place}]"
        name = clean(pack.name, f"{here}.name", UOM_LIMIT, required=True)
        if (known := seen.setdefault(name, here)) != here:
            raise RepeatedValue(field=f"{here}.name", value=name, first=known)
        numbers.check_size(pack.factor, f"{here}.factor", least=2)
        barcode = read_barcode(pack.barcode, f"{here}.barcode").code if pack.barcode.strip() else ""
        kept.append(NewPack(name, pack.factor, barcode))
    return tuple(kept)


def check_parts(parts: Sequence[NewPart], at: str, *, sku: str) -> tuple[NewPart, ...]:
    """Parts of the bundle `sku`, each named once, none of them the bundle itself."""
    kept: list[NewPart] = []
    seen: dict[str, str] = {key(sku): "sku"}
    for place, part in enumerate(parts):
        here = f"{at}[{place}]"
        part_sku, part_key = clean_sku(part.sku, f"{here}.sku")
        if (known := seen.setdefault(part_key, here)) != here:
            raise RepeatedValue(field=f"{here}.sku", value=part_sku, first=known)
        numbers.check_size(part.quantity, f"{here}.quantity", least=1)
        kept.append(NewPart(part_sku, part.quantity))
    return tuple(kept)


def check_repeats(variants: Sequence[NewVariant]) -> None:
    """No SKU and no barcode stands twice in one product.

    Raises: RepeatedValue.
    """
    skus: dict[str, str] = {}
    codes: dict[str, str] = {}
    for place, variant in enumerate(variants):
        at = f"variants[{place}]"
        if (known := skus.setdefault(key(variant.sku), f"{at}.sku")) != f"{at}.sku":
            raise RepeatedValue(field=f"{at}.sku", value=variant.sku, first=known)
        for here, code in barcode_fields(variant, at):
            if (known := codes.setdefault(read_barcode(code, here).key, here)) != here:
                raise RepeatedValue(field=here, value=code, first=known)


def barcode_fields(variant: NewVariant, at: str) -> list[tuple[str, str]]:
    """(field, code) of each barcode of a variant and of its packs."""
    own = [(f"{at}.barcodes[{place}]", code) for place, code in enumerate(variant.barcodes)]
    return own + [
        (f"{at}.packs[{place}].barcode", pack.barcode) for place, pack in enumerate(variant.packs) if pack.barcode
    ]


def check_attributes(
    values: Mapping[str, AttributeValue],
    known: Mapping[str, AttributeView],
    required: Sequence[str],
    category: str,
    field: str = "attributes",
) -> dict[str, AttributeValue]:
    """Attribute values in their stored form: decimals as canonical text, yes and no as booleans.

    Raises: AttributeNotFound, AttributeMissing, Missing, NotANumber, BadChoice, TooLong, UnstorableText.
    """
    kept = {code: _attribute(value, known.get(code), f"{field}.{code}", code) for code, value in values.items()}
    for code in required:
        if code not in kept:
            raise AttributeMissing(field=f"{field}.{code}", category=category)
    return kept


_YES, _NO = frozenset({"co", "yes", "true", "1", "x"}), frozenset({"khong", "no", "false", "0"})


def read_bool(value: str | float | bool, field: str) -> bool:
    """Có/không, yes/no, true/false, 1/0, x. Raises: BadChoice."""
    if isinstance(value, bool):
        return value
    word = fold(f"{value:g}" if isinstance(value, float) else str(value))
    if word in _YES or word in _NO:
        return word in _YES
    raise BadChoice(field=field, value=value, allowed="có, không")


def _attribute(value: AttributeValue, attribute: AttributeView | None, field: str, code: str) -> AttributeValue:
    if attribute is None:
        raise AttributeNotFound(field=field, key=code)
    if attribute.kind == "bool":
        return read_bool(value, field)
    if attribute.kind == "number":
        return numbers.canonical(value, field)
    text = clean(str(value), field, 500, required=True)
    if attribute.kind == "choice":
        for allowed in attribute.choices:
            if key(allowed) == key(text):
                return allowed
        raise BadChoice(field=field, value=text, allowed=", ".join(attribute.choices))
    return text
