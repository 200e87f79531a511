"""Promotion activities of a shop: prices, percentages off and flash sales between two moments.

Bodies and answers as the platform's reference has them; that a period lasts at most 90 days, a flash sale 72 hours, is
from notes of real answers and the seller centre. Moments are compared on the clock that can be skipped.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mekong_sandbox.tiktok import codes, promotions
from mekong_sandbox.tiktok.codes import Refused
from mekong_sandbox.tiktok.gate import Call
from mekong_sandbox.tiktok.model import Activity, Promoted, Terms
from mekong_sandbox.tiktok.wire import Key, amount, page

KINDS = ("FIXED_PRICE", "DIRECT_DISCOUNT", "FLASHSALE")
OTHER_KINDS = ("SHIPPING_DISCOUNT", "BUY_MORE_SAVE_MORE", "BUY_X_GET_Y", "GIFT_WITH_PURCHASE")
LEVELS = ("PRODUCT", "VARIATION")
LIMITS = ("BUYER_NO_LIMIT", "BUYER_LIMIT_ONLY_ONE")
STATUSES = ("DRAFT", "NOT_START", "ONGOING", "EXPIRED", "DEACTIVATED", "NOT_EFFECTIVE")
MAX_TITLE, MOST_S, FLASH_MOST_S, KEPT_S = 50, 90 * 86400, 72 * 3600, 180 * 86400
MAX_PAGE = 100


class Limit(msgspec.Struct):
    type: str


class Target(msgspec.Struct):
    user_type: str = "ALL_USER"


class CreateBody(msgspec.Struct):
    title: str
    activity_type: str
    product_level: str
    begin_time: int
    end_time: int
    duration_type: str = "NORMAL"
    participation_limit: list[Limit] = []
    target_user_info: Target = msgspec.field(default_factory=Target)


class UpdateBody(msgspec.Struct):
    title: str
    begin_time: int
    end_time: int


class SearchBody(msgspec.Struct):
    status: str = ""
    activity_title: str = ""
    activity_type: str = ""
    page_size: int = 50
    page_token: str = ""


def wrong(text: str) -> Refused:
    """The request is well formed but makes no sense for an activity."""
    return Refused(codes.PROMOTION_INVALID, f"Invalid parameters. {text}")


def own_activity(call: Call) -> Activity:
    """The activity in the path, of the calling shop. Raises: Refused."""
    activity = call.market.activities.get(call.ids[0])
    if activity is None:
        raise Refused(codes.NO_SUCH_ACTIVITY, "The activity does not exist.")
    if activity.shop_id != call.shop.shop_id:
        raise Refused(codes.ACTIVITY_OF_OTHER_SHOP, "The activity does not belong to the shop.")
    return activity


def status_of(call: Call, activity: Activity) -> str:
    return activity.status(call.world.clock.now())


def standing_activity(call: Call) -> Activity:
    """The activity in the path, if it can still be changed. Raises: Refused."""
    activity = own_activity(call)
    if status_of(call, activity) in ("EXPIRED", "DEACTIVATED"):
        raise Refused(codes.ACTIVITY_OVER, "The activity has expired or is deactivated and cannot be modified.")
    return activity


def check_alone(call: Call, activity: Activity, place: Promoted) -> None:
    """Raises: Refused, when a product, or one of its SKUs, is in another activity of the same time."""
    for other in promotions.standing(call.market, place.product_id):
        if other.activity_id == activity.activity_id or other.ends <= activity.begins or activity.ends <= other.begins:
            continue
        held = other.products[place.product_id].skus
        if not held or not place.skus or held.keys() & place.skus.keys():
            text = f"The product {place.product_id} or its SKU is already in another activity, {other.activity_id}."
            raise Refused(codes.IN_ANOTHER_ACTIVITY, text)


def _title(call: Call, title: str, but: str = "") -> str:
    """Raises: Refused, for a title that is empty, long, or another activity's."""
    if not 1 <= len(title.strip()) <= MAX_TITLE:
        raise wrong(f"The length of title must be between 1 and {MAX_TITLE}.")
    for one in call.market.activities.values():
        if one.shop_id == call.shop.shop_id and one.title == title.strip() and one.activity_id != but:
            raise Refused(codes.TITLE_TAKEN, "The title of the activity is duplicate.")
    return title.strip()


def _check_period(kind: str, begins: int, ends: int) -> None:
    if ends <= begins:
        raise Refused(codes.PERIOD_INVALID, "The end time of the activity must be later than its begin time.")
    if ends - begins > (FLASH_MOST_S if kind == "FLASHSALE" else MOST_S):
        raise Refused(codes.PERIOD_TOO_LONG, "The period of the activity is too long.")


def _check_ahead(call: Call, begins: int) -> None:
    if begins <= call.world.clock.now():
        raise Refused(codes.BEGINS_IN_PAST, "The begin time of the activity must be later than the current time.")


def create(call: Call) -> dict[str, Any]:
    """Make an activity without products, with a title that no other of the shop has."""
    body = call.body(CreateBody)
    if body.activity_type in OTHER_KINDS or body.product_level == "SHOP":
        raise Refused(codes.ACTIVITY_KIND, "The type of the activity is not supported.")
    if body.activity_type not in KINDS or body.product_level not in LEVELS or body.duration_type != "NORMAL":
        raise wrong("activity_type, product_level or duration_type is not valid.")
    if any(one.type not in LIMITS for one in body.participation_limit) or len(body.participation_limit) > 1:
        raise wrong("participation_limit is not valid.")
    if body.target_user_info.user_type != "ALL_USER":
        raise Refused(codes.ACTIVITY_KIND, "The type of the activity's users is not supported.")
    title = _title(call, body.title)
    _check_ahead(call, body.begin_time)
    _check_period(body.activity_type, body.begin_time, body.end_time)
    stamp = call.world.clock.stamp()
    activity = Activity(
        str(call.world.number("tiktok.activity", 7_660_012_771_723_118_343)),
        call.shop.shop_id,
        title,
        body.activity_type,
        body.product_level,
        body.begin_time,
        body.end_time,
        stamp,
        stamp,
        body.participation_limit[0].type if body.participation_limit else LIMITS[0],
    )
    call.market.save_activity(activity)
    moments = {"create_time": int(activity.created_at), "update_time": int(activity.updated_at)}
    return {"activity_id": activity.activity_id, "status": status_of(call, activity), **moments}


def update(call: Call) -> dict[str, Any]:
    """Change title and period. An activity that goes on keeps its begin; one to come moves it to a later moment than now."""
    body, activity = call.body(UpdateBody), standing_activity(call)
    title, now = _title(call, body.title, activity.activity_id), call.world.clock.now()
    if body.begin_time != activity.begins:
        if now >= activity.begins:
            raise Refused(codes.ACTIVITY_BEGUN, "The activity has begun: its begin time cannot be modified.")
        _check_ahead(call, body.begin_time)
    _check_period(activity.kind, body.begin_time, body.end_time)
    if body.end_time <= now:
        raise Refused(codes.PERIOD_INVALID, "The end time of the activity must be later than the current time.")
    moved = msgspec.structs.replace(activity, begins=body.begin_time, ends=body.end_time)
    for place in moved.products.values():
        check_alone(call, moved, place)
    activity.title, activity.begins, activity.ends = title, body.begin_time, body.end_time
    call.market.save_activity(activity)
    return {"activity_id": activity.activity_id, "title": title, "update_time": int(activity.updated_at)}


def deactivate(call: Call) -> dict[str, Any]:
    """End an activity that goes on or is to come."""
    activity = standing_activity(call)
    activity.deactivated = True
    call.market.save_activity(activity)
    row = {"activity_id": activity.activity_id, "status": status_of(call, activity), "title": activity.title}
    return {**row, "update_time": int(activity.updated_at)}


def _terms(call: Call, activity: Activity, terms: Terms) -> dict[str, Any]:
    row: dict[str, Any] = {"quantity_limit": terms.limit, "quantity_per_user": terms.per_user}
    if activity.kind == "DIRECT_DISCOUNT":
        return row | {"discount": str(terms.percent)}
    currency = call.shop.currency
    return row | {"activity_price": {"amount": amount(terms.price, currency), "currency": currency}}


def _product_row(call: Call, activity: Activity, place: Promoted) -> dict[str, Any]:
    if activity.level == "PRODUCT":
        return {"id": place.product_id, **_terms(call, activity, place.terms)}
    skus = [{"id": sku_id, **_terms(call, activity, terms)} for sku_id, terms in place.skus.items()]
    return {"id": place.product_id, "quantity_limit": -1, "quantity_per_user": -1, "skus": skus}


def _row(call: Call, activity: Activity) -> dict[str, Any]:
    return {
        "title": activity.title,
        "activity_type": activity.kind,
        "duration_type": "NORMAL",
        "product_level": activity.level,
        "begin_time": activity.begins,
        "end_time": activity.ends,
        "status": status_of(call, activity),
        "create_time": int(activity.created_at),
        "update_time": int(activity.updated_at),
        "participation_limit": [{"type": activity.participation}],
    }


def get_activity(call: Call) -> dict[str, Any]:
    """An activity in full; its products are not shown once it has been over for 180 days."""
    activity = own_activity(call)
    kept = call.world.clock.now() < activity.ends + KEPT_S
    products = [_product_row(call, activity, one) for one in activity.products.values()] if kept else []
    target = {"target_user_info": {"user_type": "ALL_USER"}}
    return {"activity_id": activity.activity_id, **_row(call, activity), "products": products, **target}


def _place(activity: Activity) -> Key:
    return activity.created_at, activity.activity_id


def search(call: Call) -> dict[str, Any]:
    """A page of activities, oldest first; a title is looked for as it is."""
    body = call.body(SearchBody)
    if body.status and body.status not in STATUSES:
        raise wrong(f"status must be one of {', '.join(STATUSES)}.")
    if body.activity_type and body.activity_type not in KINDS + OTHER_KINDS:
        raise wrong("activity_type is not valid.")
    if not 0 <= body.page_size <= MAX_PAGE:
        raise Refused(codes.ACTIVITY_PAGE, f"page_size must be between 0 and {MAX_PAGE}.")
    found = [
        one
        for one in call.market.activities.values()
        if one.shop_id == call.shop.shop_id
        and body.status in ("", status_of(call, one))
        and body.activity_title in ("", one.title)
        and body.activity_type in ("", one.kind)
    ]
    rows, further = page(found, _place, body.page_size, body.page_token)
    activities = [{"id": one.activity_id, **_row(call, one)} for one in rows]
    return {"total_count": len(found), "next_page_token": further, "activities": activities}
