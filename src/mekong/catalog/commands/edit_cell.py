from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mekong.catalog.commands.archive_product import archive_product
from mekong.catalog.commands.barcodes import add_barcode, remove_barcode
from mekong.catalog.commands.locking import lock_variant
from mekong.catalog.commands.set_prices import set_prices
from mekong.catalog.commands.update_product import update_product
from mekong.catalog.commands.update_variant import update_variant
from mekong.catalog.contracts import KEEP, CellColumn, CellEdited, Keep, PriceLine, ProductChange, VariantChange
from mekong.catalog.errors import BadChoice, CellMoved, Missing
from mekong.catalog.models import Barcode, Product, Variant, VariantStatus
from mekong.catalog.rules import cells, numbers
from mekong.foundation.actor import Actor
from mekong.foundation.command import command


@command
def edit_cell(
    *,
    actor: Actor,
    variant_id: int,
    column: CellColumn,
    value: str,
    now: datetime,
    seen: str | Keep = KEEP,
) -> CellEdited:
    """Change one fact of a variant as a table of variants shows it. Safe to repeat: an equal value changes nothing.

    `name` and `category` are the product's, so its other variants change with it; `draft` is a state of the product
    too. The last variant that goes off sale takes its product with it.

    Args:
        value: as typed; amounts in major units, a category by its code, "" where nothing is to stand.
        seen: what the caller saw, as `CellEdited` tells it. When another stands there by now, nothing is changed.

    Raises: MayNot, VariantNotFound, CellMoved (its `current` stands there now), and what the commands for each fact
        raise: DuplicateSku, DuplicateBarcode, CategoryNotFound, PartInUse, the `Invalid` errors of the catalog.
    """
    actor.require("catalog.edit")
    if column == "cost":
        actor.require("money.view_cost")
    if column not in _WRITERS:
        raise BadChoice(field="column", value=column, allowed=", ".join(_WRITERS))
    product, variant = lock_variant(variant_id)
    before = _stands(product, variant, column)
    wanted = _wanted(variant, column, value)
    if wanted == before:
        return CellEdited(variant_id, product.id, column, before, before)
    if seen is not KEEP and seen != before:
        raise CellMoved(field=column, current=before)
    _WRITERS[column](actor, product, variant, wanted, now)
    return CellEdited(variant_id, product.id, column, before, _stands(*_again(variant_id), column))


def _again(variant_id: int) -> tuple[Product, Variant]:
    variant = Variant.objects.select_related("product__category").get(id=variant_id)
    return variant.product, variant


def _stands(product: Product, variant: Variant, column: CellColumn) -> str:
    match column:
        case "name":
            return product.name
        case "sku":
            return variant.sku
        case "barcode":
            return _barcode(variant)
        case "category":
            return product.category.code if product.category else ""
        case "status":
            return cells.state(product.status, variant.status)
        case "price":
            return cells.money(variant.price_minor, variant.currency)
        case "cost":
            return "" if variant.cost_minor is None else cells.money(variant.cost_minor, variant.currency)


def _barcode(variant: Variant) -> str:
    found = Barcode.objects.filter(variant=variant, pack=None).order_by("id").values_list("code", flat=True)
    return found.first() or ""


def _wanted(variant: Variant, column: CellColumn, value: str) -> str:
    """What is to stand there, as `_stands` would tell it. What is wrong with it otherwise its command says."""
    text = value.strip()
    match column:
        case "price" | "cost":
            if not text:
                if column == "price":
                    raise Missing(field=column)
                return ""
            return cells.money(numbers.read_money(text, variant.currency, column), variant.currency)
        case _:
            return text


def _set_name(actor: Actor, product: Product, _: Variant, wanted: str, now: datetime) -> None:
    update_product(actor=actor, product_id=product.id, change=ProductChange(name=wanted), now=now)


def _set_category(actor: Actor, product: Product, _: Variant, wanted: str, now: datetime) -> None:
    update_product(actor=actor, product_id=product.id, change=ProductChange(category=wanted), now=now)


def _set_sku(actor: Actor, _: Product, variant: Variant, wanted: str, now: datetime) -> None:
    update_variant(actor=actor, variant_id=variant.id, change=VariantChange(sku=wanted), now=now)


def _set_barcode(actor: Actor, _: Product, variant: Variant, wanted: str, now: datetime) -> None:
    old = _barcode(variant)
    if old:
        remove_barcode(actor=actor, code=old, now=now)
    if wanted:
        add_barcode(actor=actor, variant_id=variant.id, code=wanted, now=now)


def _set_price(actor: Actor, _: Product, variant: Variant, wanted: str, now: datetime) -> None:
    price = numbers.read_money(wanted, variant.currency, "price")
    set_prices(actor=actor, lines=[PriceLine(variant.sku, price)], now=now)


def _set_cost(actor: Actor, _: Product, variant: Variant, wanted: str, now: datetime) -> None:
    cost = numbers.read_money(wanted, variant.currency, "cost") if wanted else None
    update_variant(actor=actor, variant_id=variant.id, change=VariantChange(cost_minor=cost), now=now)


def _set_status(actor: Actor, product: Product, variant: Variant, wanted: str, now: datetime) -> None:
    if wanted not in cells.STATES:
        raise BadChoice(field="status", value=wanted, allowed=", ".join(cells.STATES))
    if wanted == "archived":
        others = Variant.objects.filter(product=product, status=VariantStatus.ACTIVE).exclude(id=variant.id)
        if others.exists():
            update_variant(actor=actor, variant_id=variant.id, change=VariantChange(status="archived"), now=now)
        else:
            archive_product(actor=actor, product_id=product.id, now=now)
        return
    # Of a product off sale only this variant comes back.
    update_product(actor=actor, product_id=product.id, change=ProductChange(status=wanted), now=now)
    update_variant(actor=actor, variant_id=variant.id, change=VariantChange(status="active"), now=now)


_WRITERS: dict[str, Callable[[Actor, Product, Variant, str, datetime], None]] = {
    "name": _set_name, "sku": _set_sku, "barcode": _set_barcode, "category": _set_category, "status": _set_status,
    "price": _set_price, "cost": _set_cost,
}  # fmt: skip
