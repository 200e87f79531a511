"""Items of a shop's discounts: `/discount/…_item`. Limits as the platform's reference lists them.

Where it is silent the stand-in is strict: a price must be lower than the item's own, and an item is in one discount at
a time, whichever of its variants.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.money import to_minor, to_number
from mekong_sandbox.shopee import promotions, taxonomy
from mekong_sandbox.shopee.discount_codes import TEXTS, Failed, refused, standing_discount, status_of, wrong
from mekong_sandbox.shopee.gate import Answer, Call
from mekong_sandbox.shopee.model import Discount, Item, Model, Promoted, PromotedItem

MAX_ITEMS, MAX_BATCH = 1000, 50


class ModelRow(msgspec.Struct):
    model_id: int
    model_promotion_price: float
    model_promotion_stock: int = 0


class NewRow(msgspec.Struct):
    item_id: int
    purchase_limit: int
    item_promotion_price: float | None = None
    item_promotion_stock: int = 0
    model_list: list[ModelRow] = []


class AddItemBody(msgspec.Struct):
    discount_id: int
    item_list: list[NewRow]


class ChangedRow(msgspec.Struct):
    item_id: int
    purchase_limit: int | None = None
    item_promotion_price: float | None = None
    model_list: list[ModelRow] = []


class UpdateItemBody(msgspec.Struct):
    discount_id: int
    item_list: list[ChangedRow]


class DeleteItemBody(msgspec.Struct):
    discount_id: int
    item_id: int
    model_id: int = 0


def _check_price(call: Call, model: Model, price: float) -> int:
    """The price of a variant in a discount, minor units. Raises: Failed."""
    currency = call.shop.currency
    minor = to_minor(price, currency) if price < 1e12 else 10**14
    least, most = (taxonomy.LEAST_PRICE, taxonomy.MOST_PRICE) if currency == "VND" else (1, 10**11)
    if minor < least:
        raise Failed("discount.promotion_price_too_low")
    if minor > most:
        raise Failed("discount.promotoin_price_too_high")
    if to_number(minor, currency) != price:
        raise Failed("error_param")
    if minor >= model.price:
        raise Failed("discount.promotion_price_higher_input_price")
    if call.shop.region == "VN" and minor * 2 < model.price:
        raise Failed("discount.promotion_price_for_vn")
    return minor


def _prices(item: Item, price: float | None, stock: int, rows: list[ModelRow]) -> list[ModelRow]:
    """The prices sent for an item, by variant; the one of an item without variants has model id 0. Raises: Failed."""
    if item.has_model:
        if not rows:
            raise Failed("discount.item_need_model_id")
        return rows
    if price is None:
        raise Failed("discount.discount_need_promotion_price")
    return [ModelRow(0, price, stock)]


def _batch(rows: list[Any]) -> None:
    if not rows:
        raise wrong("item_list must not be empty")
    if len(rows) > MAX_BATCH:
        raise refused("discount.exceed_discount_item_batch_size")


class _Written:
    """What became of the items of a call."""

    def __init__(self) -> None:
        self.count = 0
        self.errors: list[dict[str, Any]] = []
        self.seen: set[int] = set()
        self.added: list[tuple[int, int]] = []

    def fail(self, item_id: int, model_id: int, error: str) -> None:
        self.errors.append(
            {"item_id": item_id, "model_id": model_id, "fail_message": TEXTS[error], "fail_error": error}
        )

    def item(self, call: Call, item_id: int) -> Item:
        """An item of the shop that is on sale, named for the first time. Raises: Failed."""
        item = call.market.items.get(item_id)
        if item is None or item.shop_id != call.shop.shop_id:
            raise Failed("discount.item_id_not_exist")
        if item_id in self.seen:
            raise Failed("discount.item_id_repeated")
        self.seen.add(item_id)
        if item.status != "NORMAL":
            raise Failed("discount.item_status_invalid")
        return item

    def answer(self, discount: Discount) -> dict[str, Any]:
        answer = {"discount_id": discount.discount_id, "count": self.count, "error_list": self.errors}
        return answer | {"warning": ""}


def _overlaps(call: Call, discount: Discount, item_id: int) -> bool:
    return any(
        other is not discount and other.starts < discount.ends and discount.starts < other.ends
        for other in promotions.standing(call.market, item_id)
    )


def _entry(call: Call, item: Item, had: PromotedItem | None, one: ModelRow) -> Promoted:
    """A variant new in a discount. Raises: Failed."""
    model = item.model(one.model_id)
    if model is None:
        raise Failed("discount.model_id_not_exist")
    if had and had.model(one.model_id):
        raise Failed("discount.model_in_promotion")
    price = _check_price(call, model, one.model_promotion_price)
    if not 0 <= one.model_promotion_stock <= model.available():
        raise Failed("discount.error_item_not_enough_stock")
    return Promoted(one.model_id, price, one.model_promotion_stock)


def _add(call: Call, discount: Discount, row: NewRow, written: _Written) -> None:
    item = written.item(call, row.item_id)
    if row.purchase_limit < 0:
        raise Failed("discount.item_purchase_limit_error")
    if _overlaps(call, discount, item.item_id):
        raise Failed("discount.item_in_other_promotion")
    had = discount.item(item.item_id)
    if had and not item.has_model:
        raise Failed("discount.item_in_promotion")
    if had is None and len(discount.items) >= MAX_ITEMS:
        raise Failed("discount.item_in_promotion_too_many")
    added: dict[int, Promoted] = {}
    for one in _prices(item, row.item_promotion_price, row.item_promotion_stock, row.model_list):
        try:
            if one.model_id in added:
                raise Failed("discount.model_id_repeated")
            added[one.model_id] = _entry(call, item, had, one)
        except Failed as failed:
            written.fail(item.item_id, one.model_id, failed.error)
    models = list(added.values())
    if models and had:
        had.models, had.limit = had.models + models, row.purchase_limit
    elif models:
        discount.items.append(PromotedItem(item.item_id, row.purchase_limit, models))
    written.count += bool(models)
    written.added += [(item.item_id, one) for one in added]


def add_discount_item(call: Call) -> Answer:
    """Put items into a discount, up to 50; items and their variants stand or fall alone."""
    body = call.body(AddItemBody)
    discount, written = standing_discount(call, body.discount_id), _Written()
    _batch(body.item_list)
    for row in body.item_list:
        try:
            _add(call, discount, row, written)
        except Failed as failed:
            written.fail(row.item_id, 0, failed.error)
    call.market.save_discount(discount)
    for item_id, model_id in written.added:
        moments = {"start_time": discount.starts, "end_time": discount.ends}
        call.market.push.promotion(discount, item_id, model_id, "added_in_promo", **moments)
    return written.answer(discount)


def _update(call: Call, discount: Discount, row: ChangedRow, written: _Written) -> None:
    item = written.item(call, row.item_id)
    had = discount.item(item.item_id)
    if had is None:
        raise Failed("discount.item_not_in_promotion")
    if row.purchase_limit is not None and row.purchase_limit < 0:
        raise Failed("discount.item_purchase_limit_error")
    is_limit_alone = row.purchase_limit is not None and row.item_promotion_price is None and not row.model_list
    rows = [] if is_limit_alone else _prices(item, row.item_promotion_price, 0, row.model_list)
    done: dict[int, int] = {}
    for one in rows:
        model, promoted = item.model(one.model_id), had.model(one.model_id)
        try:
            if model is None:
                raise Failed("discount.model_id_not_exist")
            if promoted is None:
                raise Failed("discount.model_not_in_promotion")
            if one.model_id in done:
                raise Failed("discount.model_id_repeated")
            done[one.model_id] = promoted.price = _check_price(call, model, one.model_promotion_price)
        except Failed as failed:
            written.fail(item.item_id, one.model_id, failed.error)
    if done or is_limit_alone:
        had.limit = had.limit if row.purchase_limit is None else row.purchase_limit
        written.count += 1


def update_discount_item(call: Call) -> Answer:
    """Change prices and limits in a discount; items and their variants stand or fall alone."""
    body = call.body(UpdateItemBody)
    discount, written = standing_discount(call, body.discount_id), _Written()
    _batch(body.item_list)
    for row in body.item_list:
        try:
            _update(call, discount, row, written)
        except Failed as failed:
            written.fail(row.item_id, 0, failed.error)
    call.market.save_discount(discount)
    return written.answer(discount)


def delete_discount_item(call: Call) -> Answer:
    """Take an item without variants, or one variant, out of a discount."""
    body = call.body(DeleteItemBody)
    discount = standing_discount(call, body.discount_id)
    promoted = discount.item(body.item_id)
    model = promoted.model(body.model_id) if promoted else None
    if promoted is None or model is None:
        raise refused("discount.discount_item_not_exist")
    promoted.models.remove(model)
    if not promoted.models:
        call.market.drop_from_discount(discount, body.item_id)
    call.market.save_discount(discount)
    call.market.push.promotion(discount, body.item_id, body.model_id, "removed_from_promo")
    return {"discount_id": discount.discount_id, "error_list": []}


def get_item_promotion(call: Call) -> Answer:
    """Discounts that up to 50 items are in or will be in."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for text in call.ids("item_id_list"):
        item = call.market.items.get(int(text)) if text.isdecimal() else None
        if item is None or item.shop_id != call.shop.shop_id:
            failed.append({"item_id": int(text) if text.isdecimal() else 0, "failed_reason": "Item_id is not found."})
            continue
        rows = [
            {
                "promotion_type": "Discount Promotions",
                "promotion_id": discount.discount_id,
                "model_id": one.model_id,
                "start_time": discount.starts,
                "end_time": discount.ends,
                "promotion_price_info": [{"promotion_price": to_number(one.price, call.shop.currency)}],
                "promotion_staging": status_of(call, discount),
                "promotion_stock_info_v2": {"summary_info": {"total_reserved_stock": one.stock}},
            }
            for discount in promotions.standing(call.market, item.item_id)
            if (promoted := discount.item(item.item_id))
            for one in promoted.models
        ]
        done.append({"item_id": item.item_id, "promotion": rows})
    return {"success_list": done, "failure_list": failed}
