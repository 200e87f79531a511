"""Creating a product with a matrix of variants, and editing one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import product as combinations
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.catalog import commands, queries
from mekong.catalog.contracts import (
    KEEP,
    NewProduct,
    NewVariant,
    PriceLine,
    ProductChange,
    ProductView,
    VariantChange,
    VariantView,
)
from mekong.faces.backoffice import attribute_fields, words
from mekong.faces.backoffice.fields import Errors, read_number, whole_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError

MOST_VARIANTS = 200
_MOST_SIZE = 10**9
_FIELDS = ("name", "code", "description", "category", "brand", "tax_class", "uom", "status", "options")


def _facts(visit: Visit) -> dict[str, str]:
    return {name: visit.posted(name) for name in _FIELDS}


def _context(visit: Visit, **more: Any) -> dict[str, Any]:
    typed = attribute_fields.typed(visit)
    product = more.get("product")
    if product is not None:
        typed = {**attribute_fields.shown(product.attributes), **typed}
    return {
        "attribute_fields": attribute_fields.fields(visit, more["form"].get("category", ""), typed),
        "categories": queries.list_categories(actor=visit.actor),
        "tax_classes": words.TAX_CLASSES,
        "states": {code: shape for code, shape in words.PRODUCT_STATES.items() if code != "archived"},
        **more,
    }


@page("catalog.edit", methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """A new product. Options such as “Size: S, M, L” make the matrix of variants on this page."""
    if not visit.is_post:
        blank = {"status": "active", "tax_class": "standard", "uom": "cái", "options": ""}
        return visit.render("products/form.html", _context(visit, form=blank, rows=[_blank_row()], errors=Errors()))
    errors, form = Errors(), _facts(visit)
    options = read_options(errors, form["options"])
    rows = _posted_rows(visit)
    if visit.posted("act") == "matrix":
        rows = _matrix(options, rows)
        return visit.render("products/form.html", _context(visit, form=form, rows=rows, errors=errors, options=options))
    wanted = _new_product(errors, form, options, rows)
    attributes = attribute_fields.values(visit, form["category"], attribute_fields.typed(visit), {})
    wanted = replace(wanted, attributes=attributes)
    if not errors:

        def work() -> str:
            made = commands.create_product(actor=visit.actor, product=wanted, now=visit.now)
            return f"/products/{made.variants[0].sku}/"

        try:
            answer = once(visit, work)
        except MekongError as refused:
            names = {f"variants[{at}].{name}": f"{name}-{at}" for at in range(len(rows)) for name in _ROW}
            errors.take(refused, names | _attribute_names(visit))
        else:
            visit.flash(gettext("{name} is created").format(name=form["name"]))
            return answer
    return visit.render(
        "products/form.html", _context(visit, form=form, rows=rows, errors=errors, options=options), status=422
    )


@page("catalog.edit", methods=("POST",))
def attributes(visit: Visit) -> HttpResponse:
    """The fields of the category just chosen; what stands in those that are there stays."""
    found = attribute_fields.fields(visit, visit.posted("category"), attribute_fields.typed(visit))
    return visit.render("products/attribute_fields.html", {"attribute_fields": found, "errors": Errors()})


def _attribute_names(visit: Visit) -> dict[str, str]:
    """The command's names of attributes to their fields on the page."""
    known = queries.list_attributes(actor=visit.actor)
    return {f"attributes.{each.code}": attribute_fields.anchor(each.code) for each in known}


_ROW = ("values", "sku", "price_minor", "barcodes", "weight_g", "size")


def _blank_row(values: str = "") -> dict[str, str]:
    return {"values": values, "sku": "", "price": "", "barcode": "", "weight": "", "size": ""}


def read_weight(errors: Errors, name: str, text: str) -> int | None:
    """Grams, or None when nothing is typed."""
    return read_number(errors, name, text, most=_MOST_SIZE) if text else None


def read_size(errors: Errors, name: str, text: str) -> tuple[int | None, int | None, int | None]:
    """Length, width and height in millimetres, of centimetres as people write them: `20 × 15 × 3,5`."""
    if not text:
        return None, None, None
    parts = [
        part.replace(",", ".") for part in re.split(r"\s*[x×*]\s*|\s+", text.casefold().removesuffix("cm").strip())
    ]
    if len(parts) == 3 and all(re.fullmatch(r"\d{1,4}(\.\d)?", part) for part in parts):
        length, width, height = (int(Decimal(part) * 10) for part in parts)
        return length, width, height
    errors.add(name, gettext("Length × width × height in cm, such as 20 × 15 × 3,5."))
    return None, None, None


def show_size(variant: VariantView) -> str:
    """`20 × 15 × 3,5`; empty when one of the three is not known."""
    sizes = (variant.length_mm, variant.width_mm, variant.height_mm)
    if None in sizes:
        return ""
    shown = attribute_fields.shown({str(at): f"{Decimal(size or 0) / 10:f}" for at, size in enumerate(sizes)})
    return " × ".join(shown.values())


def _posted_rows(visit: Visit) -> list[dict[str, str]]:
    lists = {name: visit.request.POST.getlist(f"row-{name}")[:MOST_VARIANTS] for name in _blank_row()}
    length = len(lists["sku"])
    return [
        {name: (values[at] if at < len(values) else "")[:300].strip() for name, values in lists.items()}
        for at in range(length)
    ] or [_blank_row()]


def read_options(errors: Errors, text: str) -> list[tuple[str, list[str]]]:
    """“Màu: Đỏ, Xanh” on each line, at most three lines."""
    found: list[tuple[str, list[str]]] = []
    for line in filter(None, (each.strip() for each in text.splitlines())):
        name, colon, values = line.partition(":")
        parts = [value.strip() for value in values.split(",") if value.strip()]
        if not colon or not name.strip() or not parts:
            errors.add("options", gettext("Write each option on a line of its own, such as “Size: S, M, L”."))
            return []
        found.append((name.strip(), list(dict.fromkeys(parts))))
    return found[:3]


def _matrix(options: list[tuple[str, list[str]]], rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """One row for each combination of values; rows that were typed already keep what stands in them."""
    known = {row["values"]: row for row in rows}
    first = rows[0] if rows else _blank_row()
    made = []
    for values in combinations(*(values for _, values in options)):
        name = " / ".join(values)
        blank = {**_blank_row(name), "price": first["price"]}
        made.append(known.get(name, blank))
    return made[:MOST_VARIANTS] or [_blank_row()]


def _new_product(
    errors: Errors, form: Mapping[str, str], options: list[tuple[str, list[str]]], rows: list[dict[str, str]]
) -> NewProduct:
    if not form["name"]:
        errors.add("name", gettext("Give the product a name."))
    variants = []
    for at, row in enumerate(rows):
        if not row["sku"]:
            errors.add(f"sku-{at}", gettext("Give a SKU."))
        price = read_number(errors, f"price_minor-{at}", row["price"])
        values = tuple(part.strip() for part in row["values"].split(" / ")) if options and row["values"] else ()
        length, width, height = read_size(errors, f"size-{at}", row["size"])
        variants.append(
            NewVariant(
                sku=row["sku"],
                price_minor=price,
                weight_g=read_weight(errors, f"weight_g-{at}", row["weight"]),
                length_mm=length,
                width_mm=width,
                height_mm=height,
                option_values=values,
                barcodes=tuple(code.strip() for code in row["barcode"].replace(",", " ").split() if code.strip()),
            )
        )
    return NewProduct(
        name=form["name"],
        variants=tuple(variants),
        code=form["code"],
        description=form["description"],
        category=form["category"],
        brand=form["brand"],
        status=form["status"] or "active",
        tax_class=form["tax_class"] or "standard",
        options=tuple(name for name, _ in options),
        uom=form["uom"] or "cái",
    )


@page("catalog.edit", methods=("GET", "HEAD", "POST"))
def edit(visit: Visit, sku: str) -> HttpResponse:
    """What a product says of itself, and prices and codes of its variants."""
    found = queries.get_product(actor=visit.actor, sku=sku)
    if not visit.is_post:
        form = {
            "name": found.name, "description": found.description, "category": found.category_code,
            "brand": found.brand, "tax_class": found.tax_class, "uom": found.uom, "status": found.status,
        }  # fmt: skip
        rows = [_row_of(each) for each in found.variants]
        return visit.render("products/form.html", _context(visit, form=form, rows=rows, errors=Errors(), product=found))
    errors, form, rows = Errors(), _facts(visit), _posted_rows(visit)
    prices, sizes = _prices(errors, found, rows), _sizes(visit, errors, found, rows)
    if not form["name"]:
        errors.add("name", gettext("Give the product a name."))
    if not errors:

        def work() -> str:
            return _save(visit, found, form, rows, prices, sizes)

        try:
            answer = once(visit, work)
        except MekongError as refused:
            errors.take(refused, _attribute_names(visit))
        else:
            visit.flash(gettext("{name} is saved").format(name=form["name"]))
            return answer
    return visit.render(
        "products/form.html", _context(visit, form=form, rows=rows, errors=errors, product=found), status=422
    )


def _row_of(variant: VariantView) -> dict[str, str]:
    return {
        "values": variant.title, "sku": variant.sku, "price": num(variant.price_minor),
        "barcode": ", ".join(variant.barcodes), "weight": "" if variant.weight_g is None else str(variant.weight_g),
        "size": show_size(variant),
    }  # fmt: skip


def _sizes(visit: Visit, errors: Errors, found: ProductView, rows: list[dict[str, str]]) -> dict[int, VariantChange]:
    """Weights and sizes of the variants in which they changed; a form without these fields changes none."""
    changes: dict[int, VariantChange] = {}
    if "row-weight" not in visit.request.POST:
        return changes
    for at, (variant, row) in enumerate(zip(found.variants, rows, strict=False)):
        before = _row_of(variant)
        if (row["weight"], row["size"]) == (before["weight"], before["size"]):
            continue
        weight = read_weight(errors, f"weight_g-{at}", row["weight"])
        change = VariantChange(weight_g=weight)
        if row["size"] != before["size"]:
            length, width, height = read_size(errors, f"size-{at}", row["size"])
            change = replace(change, length_mm=length, width_mm=width, height_mm=height)
        changes[variant.id] = change
    return changes


def _prices(errors: Errors, found: ProductView, rows: list[dict[str, str]]) -> list[PriceLine]:
    lines = []
    for at, (variant, row) in enumerate(zip(found.variants, rows, strict=False)):
        if whole_number(row["price"]) != variant.price_minor:
            lines.append(PriceLine(variant.sku, read_number(errors, f"price_minor-{at}", row["price"])))
    return lines


def _save(
    visit: Visit,
    found: ProductView,
    form: Mapping[str, str],
    rows: list[dict[str, str]],
    prices: list[PriceLine],
    sizes: Mapping[int, VariantChange],
) -> str:
    keeps_status = form["status"] in ("active", "draft") and found.status != "archived"
    change = ProductChange(
        name=form["name"], description=form["description"], category=form["category"], brand=form["brand"],
        tax_class=form["tax_class"], uom=form["uom"],
        status=form["status"] if keeps_status else KEEP,
        attributes=attribute_fields.values(visit, form["category"], attribute_fields.typed(visit), found.attributes),
    )  # fmt: skip
    commands.update_product(actor=visit.actor, product_id=found.id, change=change, now=visit.now)
    if prices:
        commands.set_prices(actor=visit.actor, lines=prices, now=visit.now)
    first = found.variants[0].sku
    for variant, row in zip(found.variants, rows, strict=False):
        wanted_of = sizes.get(variant.id, VariantChange())
        if row["sku"] and row["sku"] != variant.sku:
            wanted_of = replace(wanted_of, sku=row["sku"])
        if wanted_of != VariantChange():
            commands.update_variant(actor=visit.actor, variant_id=variant.id, change=wanted_of, now=visit.now)
        if row["sku"] and row["sku"] != variant.sku:
            first = row["sku"] if variant.sku == first else first
        wanted = {code for code in row["barcode"].replace(",", " ").split() if code}
        for code in wanted - set(variant.barcodes):
            commands.add_barcode(actor=visit.actor, variant_id=variant.id, code=code, now=visit.now)
        for code in set(variant.barcodes) - wanted:
            commands.remove_barcode(actor=visit.actor, code=code, now=visit.now)
    return f"/products/{first}/"
