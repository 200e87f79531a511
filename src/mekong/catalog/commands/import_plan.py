"""The second half of an import: rows against what is there. What would be created and changed, and what is in the way.

The order of questions: which product is a row of, what are the product's own fields, what does each variant become, and
does it all fit together (options, barcodes, bundles)? Nothing is written here; a dry run ends with the plan.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from mekong.catalog.commands.import_checks import check_barcodes, check_bundles
from mekong.catalog.commands.import_rows import Read, Row
from mekong.catalog.contracts import AttributeValue, AttributeView, ImportMode, NewProduct, NewVariant
from mekong.catalog.errors import (
    AttributeNotFound,
    DiffersFromFirst,
    DuplicateOptions,
    DuplicateSku,
    Missing,
    OptionsMismatch,
    SkuOfOtherProduct,
    TaxClassNotFound,
    VariantNotFound,
)
from mekong.catalog.queries.categories import attributes_of
from mekong.catalog.queries.states import State, product_states
from mekong.catalog.queries.variants import fetch
from mekong.catalog.rules import numbers, products, sheet
from mekong.catalog.rules.options import check_options, check_values, title
from mekong.catalog.rules.words import key
from mekong.foundation.errors import MekongError

_FIELDS = {
    "name": "name", "description": "description", "category": "category", "brand": "brand", "uom": "uom",
    "tax": "tax_class",
}  # fmt: skip
_SIMPLE = {
    "sku": "sku", "currency": "currency", "weight": "weight_g", "length": "length_mm", "width": "width_mm",
    "height": "height_mm", "lots": "tracks_lots", "backorder": "allow_backorder", "barcodes": "barcodes",
    "packs": "packs", "parts": "parts",
}  # fmt: skip


@dataclass
class Change:
    """One product of the plan. `before` None: a new one. `targets`: each variant as it shall be, with its row if any.

    `variant_ids`: of `targets`, None for a new variant.
    """

    before: State | None
    after: NewProduct
    targets: list[NewVariant] = field(default_factory=list)
    rows: list[Row | None] = field(default_factory=list)
    variant_ids: list[int | None] = field(default_factory=list)

    @property
    def product_changed(self) -> bool:
        return (
            self.before is not None
            and replace(self.after, variants=self.before.product.variants) != self.before.product
        )

    def old(self, place: int) -> NewVariant | None:
        return self.before.product.variants[place] if self.before and self.variant_ids[place] is not None else None


@dataclass
class Plan:
    changes: list[Change] = field(default_factory=list)
    new_categories: list[str] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass
class _Known:
    """What the plan asks the database, once."""

    owner: dict[str, tuple[int, int]]
    by_code: dict[str, int]
    states: dict[int, State]
    attributes: dict[str, AttributeView]
    tax_classes: list[str]
    paths: dict[str, str]


def make_plan(found: Read, mode: ImportMode, paths: dict[str, tuple[int, str]], *, lock: bool) -> Plan:
    """Compare the rows with the catalog; problems are added to `found`.

    Args:
        paths: categories there are, by path.
        lock: hold the products concerned for writing.
    """
    rows = [row for row in found.rows if "sku" in row.values]
    known = _ask(rows, paths, lock=lock)
    plan = Plan()
    for product_id, code, group in _groups(found, rows, known, mode):
        change = _change(found, group, known.states.get(product_id or 0), code, known)
        plan.changes.append(change)
        path = change.after.category
        if path and key(path) not in known.paths:
            known.paths[key(path)] = path
            plan.new_categories.append(path)
    check_barcodes(found, rows)
    check_bundles(found, plan.changes)
    _count(plan)
    return plan


def _ask(rows: Collection[Row], paths: dict[str, tuple[int, str]], *, lock: bool) -> _Known:
    skus = [row.sku_key for row in rows]
    owner = {
        row[0]: (row[1], row[2])
        for row in fetch("select sku_key, product_id, id from catalog_variant where sku_key = any(%(k)s)", {"k": skus})
    }
    codes = [row.values["code"] for row in rows if "code" in row.values]
    by_code: dict[str, int] = dict(fetch("select code, id from catalog_product where code = any(%(c)s)", {"c": codes}))
    ids = sorted({product_id for product_id, _ in owner.values()} | set(by_code.values()))
    if lock and ids:
        fetch("select id from catalog_product where id = any(%(i)s) order by id for update", {"i": ids})
        fetch("select id from catalog_variant where product_id = any(%(i)s) order by id for update", {"i": ids})
    return _Known(
        owner=owner,
        by_code=by_code,
        states={state.id: state for state in product_states(ids, paths)},
        attributes={each.code: each for each in attributes_of(None)},
        tax_classes=[row[0] for row in fetch("select code from catalog_taxclass order by id", {})],
        paths={key(path): path for path in paths},
    )


def _groups(
    found: Read, rows: Collection[Row], known: _Known, mode: ImportMode
) -> list[tuple[int | None, str, list[Row]]]:
    """Rows by product: (its id if there is one, its code, rows). Rows that the mode refuses are noted and left out.

    A product is named by its code, else by a SKU it has, else rows of one name with options are one new product.
    """
    groups: dict[tuple[str, str], tuple[int | None, str, list[Row]]] = {}
    for row in rows:
        owner = known.owner.get(row.sku_key)
        if owner and mode == "insert":
            found.blame_row(row, "sku", DuplicateSku(sku=row.values["sku"]))
            continue
        if owner is None and mode == "update":
            found.blame_row(row, "sku", VariantNotFound(key=row.values["sku"]))
            continue
        code = row.values.get("code", "")
        if owner and code and known.by_code.get(code) != owner[0]:
            found.blame_row(row, "code", SkuOfOtherProduct(product=known.states[owner[0]].product.code))
            continue
        if owner:
            product_id: int | None = owner[0]
        else:
            product_id = known.by_code.get(code) if code else None
        if product_id is not None:
            group = ("id", str(product_id))
        elif code:
            group = ("code", code)
        elif row.values.get("options") and "name" in row.values:
            group = ("name", key(row.values["name"]))
        else:
            group = ("sku", row.sku_key)
        groups.setdefault(group, (product_id, code or row.values["sku"], []))[2].append(row)
    return list(groups.values())


def _change(found: Read, rows: list[Row], before: State | None, code: str, known: _Known) -> Change:
    start = before.product if before else NewProduct(name="", variants=(), code=code)
    after = replace(start, **_product_fields(found, rows, start, known, is_new=before is None))
    options = _options(found, rows, start)
    after = replace(after, options=options)
    change = Change(before, after)
    by_sku: dict[str, Row] = {}
    again = [row for row in rows if by_sku.setdefault(row.sku_key, row) is not row]
    if before is not None:
        for variant_id, variant in zip(before.variant_ids, before.product.variants, strict=True):
            row = by_sku.pop(key(variant.sku), None)
            change.targets.append(variant if row is None else _target(found, row, variant, options))
            change.rows.append(row)
            change.variant_ids.append(variant_id)
    for row in by_sku.values():
        change.targets.append(_target(found, row, None, options))
        change.rows.append(row)
        change.variant_ids.append(None)
    for row in again:
        # Its SKU has been blamed already; what else is wrong with it is worth knowing too.
        _target(found, row, None, options)
    _check_matrix(found, change)
    change.after = replace(after, status=_product_status(change, rows))
    return change


def _product_fields(found: Read, rows: list[Row], start: NewProduct, known: _Known, *, is_new: bool) -> dict[str, Any]:
    said: dict[str, tuple[Any, Row]] = {}
    for row in rows:
        for column in (*_FIELDS, "attributes"):
            if column not in row.values:
                continue
            value = row.values[column]
            first, first_row = said.setdefault(column, (value, row))
            if first != value:
                error = DiffersFromFirst(
                    value=sheet.text_of(row.cells[column]), first=found.cell_name(first_row, column)
                )
                found.blame_row(row, column, error)
    fields = {attribute: said[column][0] for column, attribute in _FIELDS.items() if column in said}
    if is_new and "name" not in said and "name" not in rows[0].cells:
        found.blame_row(rows[0], "name", Missing())
    if "category" in said:
        fields["category"] = known.paths.get(key(said["category"][0]), said["category"][0])
    if "tax" in said and said["tax"][0] not in known.tax_classes:
        error_of_tax = TaxClassNotFound(key=said["tax"][0], allowed="10%, 8%, 5%, 0%, KCT")
        found.blame_row(said["tax"][1], "tax", error_of_tax)
    if "attributes" in said:
        pairs, row = said["attributes"]
        try:
            fields["attributes"] = dict(start.attributes) | _attributes(pairs, known.attributes)
        except MekongError as bad:
            found.blame_row(row, "attributes", bad)
    return fields


def _attributes(pairs: tuple[tuple[str, str], ...], known: dict[str, AttributeView]) -> dict[str, AttributeValue]:
    by_name = {key(each.name): each.code for each in known.values()}
    values: dict[str, AttributeValue] = {}
    for name, text in pairs:
        code = name if name in known else by_name.get(key(name), "")
        if not code:
            raise AttributeNotFound(key=name)
        is_number = known[code].kind == "number"
        values[code] = numbers.canonical(numbers.read_number(text, name), name) if is_number else text
    return products.check_attributes(values, known, (), "")


def _options(found: Read, rows: list[Row], start: NewProduct) -> tuple[str, ...]:
    """Names of the product's options: those it has, or those its first row with options gives."""
    said = next((row for row in rows if "options" in row.values), None)
    if said is None:
        return start.options
    names = tuple(name for name, _ in said.values["options"])
    if {key(name) for name in names} == {key(name) for name in start.options}:
        return start.options
    given = {row.sku_key for row in rows if "options" in row.values}
    try:
        if any(key(variant.sku) not in given for variant in start.variants):
            raise OptionsMismatch(count=len(start.options), expected=", ".join(start.options))
        return check_options(names, "options")
    except MekongError as bad:
        found.blame_row(said, "options", bad)
        return start.options


def _target(found: Read, row: Row, start: NewVariant | None, options: tuple[str, ...]) -> NewVariant:
    """The variant that a row asks for; what is wrong with it is noted."""
    base = start or NewVariant(sku=row.values["sku"], price_minor=0)
    target = replace(base, **{name: row.values[column] for column, name in _SIMPLE.items() if column in row.values})
    if "status" in row.values:
        target = replace(target, status="archived" if row.values["status"] == "archived" else "active")
    for column, name in (("price", "price_minor"), ("cost", "cost_minor")):
        if column in row.cells:
            try:
                amounts: dict[str, Any] = {name: sheet.read_money(row.cells[column], target.currency, column)}
                target = replace(target, **amounts)
            except MekongError as bad:
                found.blame_row(row, column, bad)
        elif _lacks(column, start, target):
            found.blame_row(row, column, Missing())
    if "options" in row.cells and "options" not in row.values:
        return target
    given = row.values.get("options")
    try:
        values = base.option_values if given is None else _in_order(given, options)
        return replace(target, option_values=check_values(values, options, "options"))
    except MekongError as bad:
        found.blame_row(row, "options", bad)
        return target


def _lacks(column: str, start: NewVariant | None, target: NewVariant) -> bool:
    """A new variant needs a price; in another currency the old amounts mean nothing."""
    if start is None:
        return column == "price"
    return start.currency != target.currency and (column == "price" or start.cost_minor is not None)


def _in_order(given: tuple[tuple[str, str], ...], options: tuple[str, ...]) -> tuple[str, ...]:
    """The values of a row in the order of the product's options. Raises: OptionsMismatch."""
    by_name = {key(name): value for name, value in given}
    names = [key(option) for option in options]
    if len(by_name) != len(given) or sorted(by_name) != sorted(names):
        raise OptionsMismatch(count=len(options), expected=", ".join(options))
    return tuple(by_name[name] for name in names)


def _check_matrix(found: Read, change: Change) -> None:
    seen: set[tuple[str, ...]] = set()
    # Variants that the file leaves alone come first: the row is what can be mended.
    pairs = sorted(zip(change.targets, change.rows, strict=True), key=lambda pair: pair[1] is not None)
    for variant, row in pairs:
        if variant.status != "active" or len(variant.option_values) != len(change.after.options):
            continue
        choice = tuple(key(value) for value in variant.option_values)
        if choice in seen and row is not None:
            found.blame_row(row, "options", DuplicateOptions(value=title(variant.option_values)))
        seen.add(choice)


def _product_status(change: Change, rows: list[Row]) -> str:
    given = {row.values["status"] for row in rows if "status" in row.values}
    before = change.before.product if change.before else None
    any_active = any(variant.status == "active" for variant in change.targets)
    if "draft" in given:
        return "draft"
    if any_active:
        return "active" if "active" in given or before is None or before.status == "archived" else before.status
    if before and before.status != "archived" and all(variant.status == "archived" for variant in before.variants):
        return before.status
    return "archived"


def _count(plan: Plan) -> None:
    for change in plan.changes:
        for place, (target, row) in enumerate(zip(change.targets, change.rows, strict=True)):
            if row is None:
                continue
            old = change.old(place)
            if old is None:
                plan.created += 1
            elif old != target or change.product_changed:
                plan.updated += 1
            else:
                plan.unchanged += 1
