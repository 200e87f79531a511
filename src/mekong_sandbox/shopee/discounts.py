"""Discounts of a shop: `/discount/…`. Limits as the platform's reference lists them; that of a name is the seller centre's.

Moments are compared on the clock that can be skipped, so that a test need not wait for a discount to begin.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.money import to_number
from mekong_sandbox.shopee.discount_codes import own_discount, refused, standing_discount, status_of, wrong
from mekong_sandbox.shopee.gate import Answer, Call
from mekong_sandbox.shopee.model import Discount, Item, PromotedItem

HOUR_S, DAY_S = 3600, 86400
LEAD_S, LEAST_S, MOST_S, SPAN_S = HOUR_S, HOUR_S, 180 * DAY_S, 30 * DAY_S
MAX_STANDING, MAX_NAME = 1000, 150
STATUSES = ("upcoming", "ongoing", "expired", "all")


class AddBody(msgspec.Struct):
    discount_name: str
    start_time: int
    end_time: int


class UpdateBody(msgspec.Struct):
    discount_id: int
    discount_name: str | None = None
    start_time: int | None = None
    end_time: int | None = None


class DiscountBody(msgspec.Struct):
    discount_id: int


def _name(text: str) -> str:
    if not 1 <= len(text.strip()) <= MAX_NAME:
        raise wrong(f"the length of discount_name must be between 1 and {MAX_NAME}")
    return text.strip()


def _check_period(starts: int, ends: int) -> None:
    if ends <= starts:
        raise refused("discount.discount_end_time_smaller_than_start_time")
    if ends - starts < LEAST_S:
        raise refused("discount.discount_period_too_short")
    if ends - starts >= MOST_S:
        raise refused("discount.discount_period_too_long")


def _changed(call: Call, discount: Discount, *, starts: int, ends: int) -> dict[str, Any]:
    """Give a discount its moments and tell of those that are new."""
    moments = {}
    if starts != discount.starts:
        moments["start_time"] = discount.starts = starts
    if ends != discount.ends:
        moments["end_time"] = discount.ends = ends
    call.market.save_discount(discount)
    for item in discount.items if moments else []:
        for one in item.models:
            call.market.push.promotion(discount, item.item_id, one.model_id, "promo_time_updated", **moments)
    return {"discount_id": discount.discount_id, "modify_time": int(discount.updated_at)}


# -- discounts


def add_discount(call: Call) -> Answer:
    """Make a discount without items, at least an hour ahead and an hour long."""
    body = call.body(AddBody)
    name, now = _name(body.discount_name), call.world.clock.now()
    _check_period(body.start_time, body.end_time)
    if body.start_time < int(now) + LEAD_S:
        raise refused("discount.discount_start_time_smaller_than_now")
    own = [one for one in call.market.discounts.values() if one.shop_id == call.shop.shop_id and now < one.ends]
    if len(own) >= MAX_STANDING:
        raise refused("discount.exceed_max_discount_count")
    number = call.world.number("shopee.discount", 665_123_666_665_499)
    discount = Discount(number, call.shop.shop_id, name, body.start_time, body.end_time, 0.0)
    call.market.save_discount(discount)
    return {"discount_id": number}


def update_discount(call: Call) -> Answer:
    """Rename a discount or make it shorter: a start moves only later and before it was reached, an end only earlier."""
    body = call.body(UpdateBody)
    discount = standing_discount(call, body.discount_id)
    name = discount.name if body.discount_name is None else _name(body.discount_name)
    starts = discount.starts if body.start_time is None else body.start_time
    ends = discount.ends if body.end_time is None else body.end_time
    if starts != discount.starts and status_of(call, discount) == "ongoing":
        raise refused("discount.update_ongoing_discount_start_time")
    if starts < discount.starts:
        raise refused("discount.short_discount_start_time")
    if ends > discount.ends:
        raise refused("discount.extend_discount_end_time_error")
    if ends <= call.world.clock.now():
        raise refused("discount.discount_end_time_smaller_than_now")
    _check_period(starts, ends)
    discount.name = name
    return _changed(call, discount, starts=starts, ends=ends)


def end_discount(call: Call) -> Answer:
    """End a discount that is going on, an hour after its start at the earliest."""
    discount, now = own_discount(call, call.body(DiscountBody).discount_id), call.world.clock.now()
    if discount.status(now) != "ongoing":
        raise refused("discount.discount_not_ongoing")
    if now < discount.starts + HOUR_S:
        raise refused("discount.end_discount_time_error")
    return _changed(call, discount, starts=discount.starts, ends=int(now))


def delete_discount(call: Call) -> Answer:
    """Forget a discount that has not begun."""
    discount = standing_discount(call, call.body(DiscountBody).discount_id)
    if status_of(call, discount) == "ongoing":
        raise refused("discount.discount_is_ongoing")
    call.market.delete_discount(discount)
    return {"discount_id": discount.discount_id, "modify_time": int(call.world.clock.stamp())}


def get_discount_list(call: Call) -> Answer:
    """A page of discounts by status, oldest first."""
    status = call.text("discount_status")
    if status not in STATUSES:
        raise wrong(f"discount_status must be one of {', '.join(STATUSES)}")
    page, size = call.number("page_no", least=1), call.number("page_size", least=1, most=100)
    first, last = call.number("update_time_from", 0), call.number("update_time_to", 0) or 2**62
    if first and last < 2**62 and not first <= last <= first + SPAN_S:
        raise wrong("the update time range is at most 30 days")
    found = [
        one
        for one in call.market.discounts.values()
        if one.shop_id == call.shop.shop_id
        and status in ("all", status_of(call, one))
        and first <= int(one.updated_at) <= last
    ]
    rows = [
        {
            "status": status_of(call, one),
            "discount_name": one.name,
            "start_time": one.starts,
            "end_time": one.ends,
            "discount_id": one.discount_id,
            "source": 0,
        }
        for one in found[(page - 1) * size : page * size]
    ]
    return {"discount_list": rows, "more": page * size < len(found)}


def _item_row(call: Call, item: Item, promoted: PromotedItem) -> dict[str, Any]:
    """An item as a discount shows it; prices of an item with variants are 0."""
    currency = call.shop.currency
    models = [(model, one) for model in item.models if (one := promoted.model(model.model_id))]
    alone = models[0] if models and not item.has_model else None
    return {
        "item_id": item.item_id,
        "item_name": item.name,
        "normal_stock": sum(model.available() for model in item.models),
        "item_promotion_stock": alone[1].stock if alone else 0,
        "item_original_price": to_number(alone[0].price, currency) if alone else 0,
        "item_promotion_price": to_number(alone[1].price, currency) if alone else 0,
        "model_list": [
            {
                "model_id": model.model_id,
                "model_name": model.name,
                "model_normal_stock": model.available(),
                "model_promotion_stock": one.stock,
                "model_original_price": to_number(model.price, currency),
                "model_promotion_price": to_number(one.price, currency),
            }
            for model, one in models
            if item.has_model
        ],
        "purchase_limit": promoted.limit,
    }


def get_discount(call: Call) -> Answer:
    """A discount with a page of its items."""
    discount = own_discount(call, call.number("discount_id"))
    page, size = call.number("page_no", least=1), call.number("page_size", least=1, most=100)
    shown = [(item, one) for one in discount.items if (item := call.market.items.get(one.item_id))]
    return {
        "status": status_of(call, discount),
        "discount_name": discount.name,
        "item_list": [_item_row(call, item, one) for item, one in shown[(page - 1) * size : page * size]],
        "start_time": discount.starts,
        "discount_id": discount.discount_id,
        "end_time": discount.ends,
        "more": page * size < len(shown),
    }
