"""Writes of stock and price (protocol notes, section 4)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mekong_sandbox.money import to_minor
from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import Sku
from mekong_sandbox.tiktok.products import own_product

MAX_QUANTITY = 99_999
_amount = re.compile(r"\d{1,12}(\.\d{1,2})?")


class Quantity(msgspec.Struct):
    """What is available in a warehouse from now on. The warehouse may be left out where the SKU has but one."""

    quantity: int
    warehouse_id: str = ""


class SkuStock(msgspec.Struct):
    id: str
    inventory: list[Quantity]


class StockBody(msgspec.Struct):
    skus: list[SkuStock]


class Price(msgspec.Struct):
    currency: str
    amount: str = ""


class SkuPrice(msgspec.Struct):
    id: str
    price: Price


class PriceBody(msgspec.Struct):
    skus: list[SkuPrice]


def price_in(price: Price, currency: str) -> int:
    """Minor units of a price sent. Raises: Refused."""
    if price.currency != currency:
        raise Refused(codes.CURRENCY, f"The currency {price.currency} is not the shop's.")
    minor = to_minor(price.amount, currency) if _amount.fullmatch(price.amount) else 0
    if minor <= 0:
        raise Refused(codes.PRICE_INVALID, "The price is invalid.")
    return minor


def _wrong_rows(call: Call, sku: Sku, figures: dict[str, int], row: SkuStock) -> list[dict[str, Any]]:
    """What is wrong with the rows of one SKU, warehouse by warehouse."""
    own = {one.warehouse_id for one in call.shop.warehouses}
    wrong: list[tuple[str, int, str]] = []
    if len(figures) < len(row.inventory):
        wrong.append((row.inventory[-1].warehouse_id, codes.WAREHOUSE_TWICE, "The warehouse id is duplicate"))
    for warehouse_id, quantity in figures.items():
        if warehouse_id not in own:
            wrong.append((warehouse_id, codes.WAREHOUSE_UNKNOWN, "The warehouse does not exist"))
        elif warehouse_id not in sku.stock:
            wrong.append((warehouse_id, codes.WAREHOUSE_NOT_OF_SKU, "The warehouse is not assigned to the SKU"))
        elif not 0 <= quantity <= MAX_QUANTITY:
            text = f"The SKU stock must be between 0 and {MAX_QUANTITY}"
            wrong.append((warehouse_id, codes.STOCK_RANGE, text))
    wrong += [
        (one, codes.STOCK_INCOMPLETE, "All warehouses assigned to the SKU must be present")
        for one in sku.stock
        if one not in figures
    ]
    return [{"warehouse_id": name, "code": code, "message": text} for name, code, text in wrong]


def update_inventory(call: Call) -> dict[str, Any]:
    """Set what is available, a SKU at a time: one that cannot be is named in `errors`, the others are done.

    Committed units stay as they are: see `life`.
    """
    product, body = own_product(call), call.body(StockBody)
    if not body.skus:
        raise codes.invalid("skus is a required field and has not been provided.")
    errors: list[dict[str, Any]] = []
    seen: set[str] = set()

    def failed(sku_id: str, code: int, text: str, extra: list[dict[str, Any]]) -> None:
        errors.append({"code": code, "message": text, "detail": {"sku_id": sku_id, "extra_errors": extra}})

    for row in body.skus:
        sku = product.sku(row.id)
        if sku is None:
            failed(row.id, codes.SKU_NOT_OF_PRODUCT, "The SKU id does not belong to this product", [])
            continue
        if row.id in seen:
            failed(row.id, codes.SKU_TWICE, "The SKU id is duplicate", [])
            continue
        seen.add(row.id)
        alone = next(iter(sku.stock)) if len(sku.stock) == 1 else ""
        figures = {one.warehouse_id or alone: one.quantity for one in row.inventory}
        if extra := _wrong_rows(call, sku, figures, row):
            failed(row.id, codes.CHECK_FAILED, "The check failed.", extra)
            continue
        call.market.before_stock_change(sku)
        for warehouse_id, quantity in figures.items():
            sku.stock[warehouse_id].available = quantity
    if seen:
        call.market.save_product(product)
    return {"errors": errors} if errors else {}


def update_prices(call: Call) -> dict[str, Any]:
    """Set prices, all or none."""
    product, body = own_product(call), call.body(PriceBody)
    if not body.skus:
        raise codes.invalid("skus is a required field and has not been provided.")
    if product.status != "ACTIVATE":
        raise Refused(codes.PRODUCT_STATUS, "The status of the product is invalid.")
    prices: list[tuple[Sku, int]] = []
    for row in body.skus:
        sku = product.sku(row.id)
        if sku is None:
            raise Refused(codes.SKU_NOT_OF_PRODUCT, "The SKU id does not belong to this product")
        prices.append((sku, price_in(row.price, call.shop.currency)))
    for sku, price in prices:
        sku.price = price
    call.market.save_product(product)
    return {}
