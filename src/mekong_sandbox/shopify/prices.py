"""The mutation of prices, SKUs and barcodes (protocol notes, section 2)."""

from __future__ import annotations

from typing import Any

from mekong_sandbox.money import to_minor
from mekong_sandbox.shopify.execute import Arguments, GraphError, Node
from mekong_sandbox.shopify.gate import Call
from mekong_sandbox.shopify.inputs import check_size, payload, user_error
from mekong_sandbox.shopify.model import Product, Variant
from mekong_sandbox.shopify.rows import number_of

GRAMS = {"GRAMS": 1.0, "KILOGRAMS": 1000.0, "OUNCES": 28.3495, "POUNDS": 453.592}


def update_variants(call: Call, args: Arguments) -> Node:
    """productVariantsBulkUpdate: prices, SKUs and barcodes of variants of one product.

    All or none, unless `allowPartialUpdates` lets those through that have nothing wrong.
    """
    kind = "ProductVariantsBulkUpdate"
    product = call.market.products.get(number_of(args.get("productId"), "Product"))
    if product is None or product.shop_id != call.shop.shop_id:
        error = user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return payload(kind, [error], product=None, productVariants=None)
    sent = args.get("variants")
    if not isinstance(sent, list) or not all(isinstance(one, dict) for one in sent):
        raise GraphError("Variable $variants was provided invalid value", "INVALID_VARIABLE")
    check_size(sent)
    errors: list[Node] = []
    good: list[tuple[Variant, dict[str, Any]]] = []
    for at, one in enumerate(sent):
        variant = call.market.variants.get(number_of(one.get("id"), "ProductVariant"), (None, None))[1]
        wrong = _wrong_variant(call, product, variant, one, ["variants", str(at)])
        if wrong is not None:
            errors.append(wrong)
        elif variant is not None:
            good.append((variant, one))
    if errors and args.get("allowPartialUpdates") is not True:
        return payload(kind, errors, product=call.nodes.product(product), productVariants=None)
    for variant, one in good:
        _write_variant(call, product, variant, one)
    if good:
        call.market.save_product(product)
    shown = [call.nodes.variant(product, variant) for variant, _ in good]
    return payload(kind, errors, product=call.nodes.product(product), productVariants=shown)


def _minor(call: Call, value: object) -> int | None:
    """An amount in minor units; None: it is none."""
    try:
        return to_minor(value, call.shop.currency)
    except ValueError:
        return None


def _wrong_variant(
    call: Call, product: Product, variant: Variant | None, one: dict[str, Any], path: list[str]
) -> Node | None:
    if variant is None or variant not in product.variants:
        return user_error([*path, "id"], "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST")
    if "inventoryQuantities" in one:
        text = "Inventory quantities can only be provided during create."
        return user_error([*path, "inventoryQuantities"], text, "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE")
    for name in ("price", "compareAtPrice"):
        if one.get(name) is None:
            continue
        minor = _minor(call, one[name])
        if minor is None:
            return user_error([*path, name], f"{name} is not an amount", "INVALID_INPUT")
        if minor < 0:
            return user_error([*path, name], "Price must be greater than or equal to 0", "GREATER_THAN_OR_EQUAL_TO")
    return None


def _write_variant(call: Call, product: Product, variant: Variant, one: dict[str, Any]) -> None:
    if one.get("price") is not None:
        variant.price = _minor(call, one["price"]) or 0
    if "compareAtPrice" in one:
        value = one["compareAtPrice"]
        variant.compare_at_price = None if value is None else _minor(call, value)
    if one.get("barcode") is not None:
        variant.barcode = str(one["barcode"])
    if one.get("inventoryPolicy") in ("DENY", "CONTINUE"):
        variant.oversells = one["inventoryPolicy"] == "CONTINUE"
    item = one.get("inventoryItem")
    if isinstance(item, dict):
        weight = (item.get("measurement") or {}).get("weight") or {}
        if weight.get("unit") in GRAMS and isinstance(weight.get("value"), int | float):
            variant.weight_g = round(weight["value"] * GRAMS[weight["unit"]])
        if isinstance(item.get("tracked"), bool):
            variant.tracked = item["tracked"]
        if isinstance(item.get("sku"), str):
            call.market.rename_sku(product, variant, item["sku"])
