"""Codes of the discount calls with their texts, as the platform's reference lists them.

The reference mixed up two texts: that of `discount_is_ongoing` speaks of ending, that of `discount_not_ongoing` of
deleting. They are kept, so only the codes say which is meant.
"""

from __future__ import annotations

from mekong_sandbox.shopee.gate import Call, Refused
from mekong_sandbox.shopee.model import Discount

TEXTS = {
    "common.error_not_found": "The information you queried is not found.",
    "discount.discount_end_time_smaller_than_now": "Discount end time should later than the current time.",
    "discount.discount_end_time_smaller_than_start_time": "Discount end time should later than start time.",
    "discount.discount_is_end": "The end discount cannot be updated or deleted.",
    "discount.discount_is_ongoing": "Only the ongoing discount can be ended.",
    "discount.discount_item_not_exist": "The item is not in this discount, please check it again.",
    "discount.discount_need_promotion_price": "Please input the discount price.",
    "discount.discount_not_ongoing": "The ongoing discount cannot be deleted.",
    "discount.discount_period_too_long": "Promotion duration must be within 180 days.",
    "discount.discount_period_too_short": "The end time should be later than 1 hour of start time.",
    "discount.discount_start_time_smaller_than_now": "Discount start time is less than the current time.",
    "discount.end_discount_time_error": "Only can end the discount after 1 hour of start time.",
    "discount.error_item_not_enough_stock": "Promotion Sock should be less than current stock",
    "discount.exceed_discount_item_batch_size": "You can only add up to 50 items at a time.",
    "discount.exceed_max_discount_count": "The upcoming and ongoing discount cannot exceed 1000.",
    "discount.extend_discount_end_time_error": "Promotion end time can only be changed to an earlier timing.",
    "discount.item_id_not_exist": "The Item id you provided is not found, please check your item id.",
    "discount.item_id_repeated": "The item id can't be upload due to it has duplicated.",
    "discount.item_in_other_promotion": "Item is already in other overlapped discount.",
    "discount.item_in_promotion": "Item is already in this discount.",
    "discount.item_in_promotion_too_many": "A maximum of 1000 items can be uploaded in one promotion",
    "discount.item_need_model_id": "Please input model id for the item with models.",
    "discount.item_not_in_promotion": "Item is not found in this discount.",
    "discount.item_purchase_limit_error": "Purchase limit of this product must be greater than -1.",
    "discount.item_status_invalid": "item status is invalid.",
    "discount.model_id_not_exist": "The model id you provided is not found. Please check your model id.",
    "discount.model_id_repeated": "The model id can't be upload due to it has duplicated.",
    "discount.model_in_promotion": "The model that you provided is already in this discount.",
    "discount.model_not_in_promotion": "The model that you provided is not in this discount.",
    "discount.promotion_price_for_vn": "The discount price has exceeded 50% of original price.",
    "discount.promotion_price_higher_input_price": "Discount price is greater than original price.",
    "discount.promotion_price_too_low": "Discount price is less than the minimum national amount.",
    "discount.promotoin_price_too_high": "Discount price is greater than the maximum national amount.",
    "discount.short_discount_start_time": "Promotion start time can only be changed to a later timing.",
    "discount.update_ongoing_discount_start_time": "The start time can‘t be changed when discount is in ongoing status.",
    "error_param": "Wrong parameters, detail: the price must be a whole number.",
}


class Failed(Exception):
    """One item, or one variant of it, cannot be done."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def refused(error: str) -> Refused:
    """A refusal of the whole call."""
    return Refused(error, TEXTS[error], response={})


def wrong(detail: str) -> Refused:
    """A refusal of a parameter, in the platform's words."""
    return Refused("error_param", f"Wrong parameters, detail: {detail}.", response={})


def own_discount(call: Call, discount_id: int) -> Discount:
    """A discount of the calling shop. Raises: Refused."""
    discount = call.market.discounts.get(discount_id)
    if discount is None or discount.shop_id != call.shop.shop_id:
        raise refused("common.error_not_found")
    return discount


def status_of(call: Call, discount: Discount) -> str:
    """upcoming, ongoing or expired, now."""
    return discount.status(call.world.clock.now())


def standing_discount(call: Call, discount_id: int) -> Discount:
    """A discount that has not ended. Raises: Refused."""
    discount = own_discount(call, discount_id)
    if status_of(call, discount) == "expired":
        raise refused("discount.discount_is_end")
    return discount
