"""What is in a promotion activity: `PUT` and `DELETE /promotion/202309/activities/{activity_id}/products`."""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.money import exact_minor
from mekong_sandbox.tiktok import codes
from mekong_sandbox.tiktok.activities import check_alone, standing_activity, status_of, wrong
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import Activity, Product, Promoted, Sku, Terms
from mekong_sandbox.tiktok.stock import Price, price_in

MAX_PROMOTED, MOST_UNITS, MOST_PERCENT = 300, 99, 99


class SkuRow(msgspec.Struct):
    id: str
    quantity_limit: int
    quantity_per_user: int
    activity_price_amount: str | None = None
    discount: str | None = None


class ProductRow(msgspec.Struct):
    id: str
    quantity_limit: int
    quantity_per_user: int
    activity_price_amount: str | None = None
    discount: str | None = None
    skus: list[SkuRow] = []


class PutBody(msgspec.Struct):
    activity_id: str
    products: list[ProductRow]


class RemoveBody(msgspec.Struct):
    product_ids: list[str] = []
    sku_ids: list[str] = []


def _check_limits(row: SkuRow | ProductRow, before: Terms | None) -> None:
    """Raises: Refused, for a limit that cannot be, or is less than what stands."""
    for name, asked, had in (
        ("quantity_limit", row.quantity_limit, before.limit if before else 0),
        ("quantity_per_user", row.quantity_per_user, before.per_user if before else 0),
    ):
        if asked != -1 and not 1 <= asked <= MOST_UNITS:
            raise wrong(f"{name} must be between 1 and {MOST_UNITS}, or -1.")
        if asked != -1 and (had == -1 or asked < had):
            raise wrong(f"{name} cannot be decreased.")


def _terms(call: Call, activity: Activity, row: SkuRow | ProductRow, skus: list[Sku], before: Terms | None) -> Terms:
    """What a row asks for; `skus`: whom it is for. Raises: Refused."""
    _check_limits(row, before)
    terms = Terms(limit=row.quantity_limit, per_user=row.quantity_per_user, sold=before.sold if before else 0)
    if activity.kind == "DIRECT_DISCOUNT":
        text = row.discount or ""
        if not text.isdecimal() or not 1 <= int(text) <= MOST_PERCENT:
            raise wrong(f"discount must be a whole number between 1 and {MOST_PERCENT}.")
        if row.activity_price_amount:
            raise wrong("activity_price_amount cannot be specified for this activity_type.")
        terms.percent = int(text)
        return terms
    if row.discount is not None:
        raise wrong("discount cannot be specified for this activity_type.")
    if not row.activity_price_amount:
        raise wrong("activity_price_amount must be specified for this activity_type.")
    currency = call.shop.currency
    terms.price = price_in(Price(currency, row.activity_price_amount), currency)
    try:
        exact_minor(row.activity_price_amount, currency)
    except ValueError:
        raise wrong("activity_price_amount has more decimals than the currency.") from None
    if any(terms.price >= sku.price for sku in skus):
        raise Refused(codes.PROMOTION_PRICE, "The activity price must be lower than the price of the SKU.")
    return terms


def _product(call: Call, product_id: str) -> Product:
    product = call.market.products.get(product_id)
    if product is None or product.shop_id != call.shop.shop_id or product.status != "ACTIVATE":
        raise Refused(codes.PROMOTED_UNKNOWN, f"The product {product_id} is not on sale in the shop.")
    return product


def _check_free(call: Call, activity: Activity, place: Promoted | None, sku_id: str = "") -> None:
    """Raises: Refused, for what a flash sale that goes on already has."""
    if activity.kind != "FLASHSALE" or place is None or status_of(call, activity) != "ONGOING":
        return
    if not sku_id:
        raise Refused(codes.PRODUCT_IN_FLASH_SALE, "The product is in an ongoing flash sale and cannot be modified.")
    if sku_id in place.skus:
        raise Refused(codes.SKU_IN_FLASH_SALE, "The SKU is in an ongoing flash sale and cannot be modified.")


def _whole(call: Call, activity: Activity, row: ProductRow) -> Promoted:
    """A product as a whole. Raises: Refused."""
    product, before = _product(call, row.id), activity.products.get(row.id)
    if row.skus:
        raise Refused(codes.SKUS_OF_PRODUCT_LEVEL, "The skus must be empty when the product_level is PRODUCT.")
    _check_free(call, activity, before)
    return Promoted(row.id, _terms(call, activity, row, product.skus, before.terms if before else None))


def _parts(call: Call, activity: Activity, row: ProductRow) -> Promoted:
    """Some SKUs of a product, beside those that are in already. Raises: Refused."""
    product, before = _product(call, row.id), activity.products.get(row.id)
    if (row.quantity_limit, row.quantity_per_user) != (-1, -1):
        raise wrong("quantity_limit and quantity_per_user of a product must be -1 when the product_level is VARIATION.")
    if row.discount is not None:
        raise wrong("discount of a product cannot be specified when the product_level is VARIATION.")
    if not row.skus:
        raise wrong("skus must be specified when the product_level is VARIATION.")
    if len({one.id for one in row.skus}) < len(row.skus):
        raise wrong("The SKU id is duplicate.")
    place = Promoted(row.id, Terms(), dict(before.skus) if before else {})
    for one in row.skus:
        sku = product.sku(one.id)
        if sku is None:
            raise Refused(codes.PROMOTED_UNKNOWN, f"The SKU {one.id} does not belong to the product {row.id}.")
        _check_free(call, activity, before, one.id)
        place.skus[one.id] = _terms(call, activity, one, [sku], place.skus.get(one.id))
    return place


def put(call: Call) -> dict[str, Any]:
    """Add products or SKUs, or change the terms of those that are in, all or none."""
    body, activity = call.body(PutBody), standing_activity(call)
    if body.activity_id != activity.activity_id:
        raise wrong("activity_id is not that of the path.")
    units = sum(len(one.skus) for one in body.products)
    if not body.products or len({one.id for one in body.products}) < len(body.products):
        raise wrong("products must hold at least one product, each once.")
    if len(body.products) > MAX_PROMOTED or units > MAX_PROMOTED:
        raise Refused(codes.TOO_MANY_PROMOTED, f"At most {MAX_PROMOTED} products and SKUs in a call.")
    of_level = _whole if activity.level == "PRODUCT" else _parts
    places = [of_level(call, activity, row) for row in body.products]
    for place in places:
        check_alone(call, activity, place)
    for place in places:
        activity.products[place.product_id] = place
    call.market.save_activity(activity)
    count = {"total_count": len(places) if activity.level == "PRODUCT" else units}
    row = {"activity_id": activity.activity_id, "status": status_of(call, activity), "title": activity.title}
    return {**row, **count, "update_time": int(activity.updated_at)}


def remove(call: Call) -> dict[str, Any]:
    """Take products or SKUs out, all or none; a product goes with its last SKU."""
    body, activity = call.body(RemoveBody), standing_activity(call)
    if not body.product_ids and not body.sku_ids:
        raise wrong("product_ids or sku_ids must be specified.")
    if len(body.product_ids) > MAX_PROMOTED or len(body.sku_ids) > MAX_PROMOTED:
        raise Refused(codes.TOO_MANY_PROMOTED, f"At most {MAX_PROMOTED} products and SKUs in a call.")
    holders = {sku_id: place for place in activity.products.values() for sku_id in place.skus}
    for one in body.product_ids:
        if one not in activity.products:
            raise Refused(codes.PROMOTED_UNKNOWN, f"The product {one} is not in the activity.")
        _check_free(call, activity, activity.products[one])
    for one in body.sku_ids:
        if one not in holders:
            raise Refused(codes.PROMOTED_UNKNOWN, f"The SKU {one} is not in the activity.")
        _check_free(call, activity, holders[one], one)
    for one in body.sku_ids:
        holders[one].skus.pop(one, None)
    emptied = {place.product_id for place in holders.values() if not place.skus}
    for one in dict.fromkeys([*body.product_ids, *emptied]):
        call.market.leave_activity(activity, one)
    call.market.save_activity(activity)
    row = {"activity_id": activity.activity_id, "status": status_of(call, activity)}
    return {**row, "update_time": int(activity.updated_at)}
