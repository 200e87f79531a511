"""Writing price, stock and state (protocol notes, section 4).

`qty_available` is what stands in the warehouse, the reserved units among it: `quantity_sellable` is what is left
without them, as the inventory events of the platform show it. So a write that was computed before a sale does not undo
that sale. With the setting `tiki_stock_includes_reserved` off the written figure is what buyers can order.

The answer of a batch is not documented. Here its rows stand or fall alone: the answer names each, and is a refusal
only when not one was taken.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.tiki.gate import Answer, Call, Refused, read
from mekong_sandbox.tiki.model import DISABLED, ENABLED, HIDDEN, Held, Product
from mekong_sandbox.tiki.products import own_product, status_of

LARGEST = 9_999_999


class WarehouseQuantity(msgspec.Struct):
    warehouse_id: int
    qty_available: int


class SkuBody(msgspec.Struct):
    """A write of one product. What is left out stays; `seller_warehouse` is checked and has no effect of its own."""

    product_id: int = 0
    original_sku: str = ""
    price: int | None = None
    active: bool | int | None = None
    status: int | None = None
    seller_warehouse: str = ""
    warehouse_quantities: list[WarehouseQuantity] | None = None


class BatchBody(msgspec.Struct):
    data: list[msgspec.Raw]


class RenameBody(msgspec.Struct):
    product_id: int
    original_sku: str


def _product(call: Call, body: SkuBody) -> Product:
    """By id where there is one, else by the seller's code. Raises: Refused."""
    if not call.seller.can_update_product:
        raise Refused("the seller can not update products", 403)
    if body.product_id:
        return own_product(call, body.product_id)
    product = call.market.by_sku.get((call.seller.seller_id, body.original_sku))
    if product is None:
        raise Refused("product not found", 404)
    return product


def _check_price(price: int, market_price: int) -> None:
    if price <= 0:
        raise Refused("price is invalid")
    if price * 10 < market_price:
        raise Refused("price is invalid: it is below ten percent of the market price")


def _check_warehouses(call: Call, body: SkuBody) -> None:
    named = [part.strip() for part in body.seller_warehouse.split(",") if part.strip()]
    ids = [str(row.warehouse_id) for row in body.warehouse_quantities or []]
    for warehouse_id in [*named, *ids]:
        if not warehouse_id.isdecimal() or call.seller.warehouse(int(warehouse_id)) is None:
            raise Refused(f"warehouse {warehouse_id} is invalid")
    for row in body.warehouse_quantities or []:
        if not 0 <= row.qty_available <= LARGEST:
            raise Refused("qty_available is invalid")


def _write(call: Call, body: SkuBody, *, clears_others: bool) -> Product:
    """Check a row, then do all of it. Raises: Refused, with nothing done."""
    product = _product(call, body)
    if body.price is not None:
        _check_price(body.price, product.market_price)
    if body.status not in (None, ENABLED, DISABLED, HIDDEN):
        raise Refused("status is invalid")
    _check_warehouses(call, body)
    if body.warehouse_quantities is not None:
        figures = {row.warehouse_id: row.qty_available for row in body.warehouse_quantities}
        if clears_others:
            figures = dict.fromkeys(product.stock, 0) | figures
        for warehouse_id, quantity in figures.items():
            reserved = product.stock.get(warehouse_id, Held(0)).reserved
            includes = call.world.settings.tiki_stock_includes_reserved
            call.market.set_stock(product, warehouse_id, quantity if includes else quantity + reserved, reserved)
    if body.active is not None:
        product.status = status_of(body.active)
    if body.status is not None:
        product.status = body.status
    before = product.price
    product.price = before if body.price is None else body.price
    call.market.save_product(product)
    if product.price != before:
        call.market.events.price_changed(product, before)
    return product


def update_sku(call: Call) -> Answer:
    """One product; warehouses left out keep their figures."""
    _write(call, call.body(SkuBody), clears_others=False)
    return {"state": "approved"}


def update_skus(call: Call) -> Answer:
    """Many products; warehouses left out of a row's `warehouse_quantities` are set to 0."""
    rows = call.body(BatchBody).data
    if not rows:
        raise Refused("data is required")
    told: list[dict[str, Any]] = []
    refused: Refused | None = None
    for raw in rows:
        body = SkuBody()
        try:
            body = read(raw, SkuBody)
            product = _write(call, body, clears_others=True)
        except Refused as bad:
            refused = refused or bad
            row = {"product_id": body.product_id, "original_sku": body.original_sku}
            told.append(row | {"state": "rejected", "errors": [bad.error]})
        else:
            row = {"product_id": product.product_id, "original_sku": product.original_sku}
            told.append(row | {"state": "approved"})
    if refused is not None and all(row["state"] == "rejected" for row in told):
        raise refused
    return {"state": "approved", "data": told}


def update_original_sku(call: Call) -> Answer:
    """Another code of the seller for a product."""
    body = call.body(RenameBody)
    product, code = _product(call, SkuBody(body.product_id)), body.original_sku.strip()
    taken = call.market.by_sku.get((call.seller.seller_id, code))
    if not code or (taken is not None and taken is not product):
        raise Refused("original_sku is empty or taken")
    call.market.rename_sku(product, code)
    return {"state": "approved"}
