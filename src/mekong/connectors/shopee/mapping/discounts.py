"""Discounts of the shop's own: the promotions that carry sale prices.

Source: Shopee Open Platform v2, API reference, modules "Discount" (add_discount … get_discount_list) and "Product"
(get_item_promotion, update_price), as of 2026-09: parameters, limits and the names of refusals below are from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import ListingKey, PricePush, PushResult
from mekong.channels.socket.sales import MINUTE, Promotion, Terms
from mekong.connectors.shopee.mapping import Word, minor, moment
from mekong.connectors.shopee.mapping.products import model_id
from mekong.foundation.money import to_decimal

TERMS: Final = Terms(
    lead=timedelta(hours=1, minutes=5),  # "must be 1 hour later than current time", and calls take their time
    shortest=timedelta(hours=1),
    longest=timedelta(days=180) - MINUTE,  # "must be less than 180 days"
)
_OURS: Final = re.compile(r"MK \d{10}-\d{10}")
_GONE: Final = frozenset(
    {"discount_item_not_exist", "discount_is_end", "error_not_found", "item_not_in_promotion", "model_not_in_promotion"}
)
_FULL: Final = frozenset(
    {"item_in_promotion_too_many", "item_in_promotion_too_many_whitelist", "model_in_promotion_too_many"}
)
_PASSING: Final = _GONE | {
    "discount_period_too_short",
    "discount_start_time_smaller_than_now",
    "error_holiday_mode",
    "exceed_max_discount_count",
    "get_model_orgin_price_error",
    "item_in_other_promotion",
    "item_in_promotion",
    "model_in_promotion",
}


class Discount(Struct, frozen=True):
    discount_id: Word
    discount_name: str = ""
    status: str = ""
    start_time: int = 0
    end_time: int = 0

    @property
    def is_ours(self) -> bool:
        return _OURS.fullmatch(self.discount_name) is not None

    @property
    def promotion(self) -> Promotion:
        return Promotion(str(self.discount_id), moment(self.start_time), moment(self.end_time))


class DiscountPage(Struct, frozen=True):
    discount_list: tuple[Discount, ...] = ()
    more: bool = False


class PromotionPrice(Struct, frozen=True):
    promotion_price: Decimal | None = None


class ItemPromotion(Struct, frozen=True):
    """A model of an item in a promotion, ongoing or upcoming."""

    promotion_id: Word
    model_id: Word = 0
    promotion_price_info: tuple[PromotionPrice, ...] = ()


class PromotedItem(Struct, frozen=True):
    item_id: Word
    promotion: tuple[ItemPromotion, ...] = ()


class PromotedItems(Struct, frozen=True):
    success_list: tuple[PromotedItem, ...] = ()


class Trouble(Struct, frozen=True):
    """One entry of `error_list`: a model, or with 0 a whole item, that was not taken."""

    item_id: Word = 0
    model_id: Word = 0
    fail_error: str = ""
    fail_message: str = ""


class Written(Struct, frozen=True):
    error_list: tuple[Trouble, ...] = ()


class Made(Struct, frozen=True):
    discount_id: Word


def name(starts_at: datetime, ends_at: datetime) -> str:
    """How a discount of ours is called, by which it is known again: its times, in UTC, within 25 letters."""
    return f"MK {starts_at.astimezone(UTC):%y%m%d%H%M}-{ends_at.astimezone(UTC):%y%m%d%H%M}"


def standing(items: PromotedItems, item_id: str, ours: Sequence[str], currency: str) -> dict[int, dict[str, int]]:
    """The price, in minor units, of each model of an item in each of our discounts: {model: {discount: price}}."""
    found: dict[int, dict[str, int]] = {}
    for item in items.success_list:
        for each in item.promotion if str(item.item_id) == item_id else ():
            price = next((one.promotion_price for one in each.promotion_price_info), None)
            if str(each.promotion_id) in ours:
                shown = -1 if price is None else minor(price, currency)
                found.setdefault(int(each.model_id), {})[str(each.promotion_id)] = shown
    return found


def item_row(pushes: Sequence[PricePush]) -> dict[str, Any]:
    """One item's entry of `item_list`, at the sale prices of these pushes."""
    prices = {
        model_id(push.key): to_decimal(push.sale.price_minor, push.currency) for push in pushes if push.sale is not None
    }
    row: dict[str, Any] = {"item_id": int(pushes[0].key.item_id)}
    if list(prices) == [0]:
        return {**row, "item_promotion_price": prices[0]}
    models = [{"model_id": model, "model_promotion_price": price} for model, price in prices.items()]
    return {**row, "model_list": models}


def troubles(keys: Sequence[ListingKey], written: Written) -> dict[ListingKey, PushResult]:
    """What was wrong with which listing. A trouble that names no model of ours is everyone's."""
    by_model = {model_id(key): key for key in keys}
    found: dict[ListingKey, PushResult] = {}
    for each in written.error_list:
        blamed = by_model.get(int(each.model_id))
        for key in keys if blamed is None else (blamed,):
            found.setdefault(key, refused(key, each.fail_error or "failed", each.fail_message))
    return found


def refused(key: ListingKey, error: str, message: str) -> PushResult:
    return PushResult(key, error, message, is_final=_family(error) not in _PASSING)


def is_gone(error: str) -> bool:
    """Whether what was to be taken out is out already."""
    return _family(error) in _GONE


def is_full(found: Mapping[ListingKey, PushResult]) -> bool:
    """Whether a discount takes no more listings."""
    return any(_family(result.error) in _FULL for result in found.values())


def _family(error: str) -> str:
    return error.strip().rsplit(".", 1)[-1]
