"""Activities of the shop's own: the promotions that carry sale prices.

Source: TikTok Shop Partner Center, API reference, "Promotion" 202309 (Create Activity, Search Activities, Get Activity,
Update Activity Product, Remove Activity Product), as of 2026-08. That an activity's number is wanted in the body of a
write too, that it lasts 90 days at most, and the codes of refusals are from live integrations, not from the documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import ListingKey, PricePush, PushResult, SalePrice
from mekong.channels.socket.sales import MINUTE, Promotion, Terms
from mekong.connectors.tiktok.mapping import Word, minor, moment
from mekong.connectors.tiktok.mapping.products import may_pass
from mekong.foundation.money import to_decimal

KIND: Final = "FIXED_PRICE"
OPEN: Final = ("ONGOING", "NOT_START")
TERMS: Final = Terms(
    lead=timedelta(minutes=10),  # the beginning "must be greater than the value of the current time"
    shortest=timedelta(minutes=10),
    longest=timedelta(days=90) - MINUTE,
)
_OURS: Final = re.compile(r"MK \d{10}-\d{10} \d+")
# The title is taken, the beginning has passed, the activity is gone or over, another holds the SKU at that time: what
# was read is old, or it passes by itself.
_PASSING: Final = frozenset({"17029004", "17029005", "17029009", "17029012", "17029022"})
_OVER: Final = ("EXPIRED", "DEACTIVATED", "NOT_EFFECTIVE")


class Price(Struct, frozen=True):
    amount: Decimal | None = None
    currency: str = ""


class ActivitySku(Struct, frozen=True):
    id: Word
    activity_price: Price = Price()


class ActivityProduct(Struct, frozen=True):
    id: Word
    activity_price: Price = Price()
    skus: tuple[ActivitySku, ...] = ()


class Activity(Struct, frozen=True):
    """An activity: in a list without its products, and by the name `id`."""

    id: Word = ""
    activity_id: Word = ""
    title: Word = ""
    status: str = ""
    begin_time: int = 0
    end_time: int = 0
    products: tuple[ActivityProduct, ...] = ()

    @property
    def number(self) -> str:
        return str(self.activity_id or self.id)

    @property
    def is_ours(self) -> bool:
        return _OURS.fullmatch(str(self.title)) is not None

    @property
    def is_open(self) -> bool:
        return self.status not in _OVER

    @property
    def promotion(self) -> Promotion:
        return Promotion(self.number, moment(self.begin_time), moment(self.end_time))

    def prices(self, currency: str) -> dict[str, int]:
        """The price, in minor units, of each SKU in it, and of each product that is in it whole; by their ids."""
        found = {}
        for product in self.products:
            for each in product.skus or (product,):
                if each.activity_price.amount is not None:
                    found[str(each.id)] = minor(each.activity_price.amount, each.activity_price.currency or currency)
        return found


class ActivityPage(Struct, frozen=True):
    activities: tuple[Activity, ...] | None = None
    next_page_token: Word = ""
    total_count: int | None = None


class Made(Struct, frozen=True):
    activity_id: Word


def title(starts_at: datetime, ends_at: datetime, now: datetime) -> str:
    """How an activity of ours is called, by which it is known again: its times in UTC, and when it was made, for a name
    is given but once; within 50 letters."""
    times = f"{starts_at.astimezone(UTC):%y%m%d%H%M}-{ends_at.astimezone(UTC):%y%m%d%H%M}"
    return f"MK {times} {int(now.timestamp())}"


def sales(activities: Iterable[Activity], currency: str, now: datetime) -> dict[str, SalePrice]:
    """The lowest price that activities under way ask for each SKU or product, by its id."""
    found: dict[str, SalePrice] = {}
    for activity in activities:
        times = activity.promotion
        if activity.is_open and times.starts_at <= now < times.ends_at:
            for sold, price in activity.prices(currency).items():
                if sold not in found or price < found[sold].price_minor:
                    found[sold] = SalePrice(price, times.starts_at, times.ends_at)
    return found


def product_rows(pushes: Sequence[PricePush]) -> list[dict[str, Any]]:
    """One product's entry of `products`, at the sale prices of these pushes, without limits of quantity."""
    skus = [
        {
            "id": push.key.model_id,
            "activity_price_amount": format(to_decimal(push.sale.price_minor, push.currency), "f"),
            "quantity_limit": -1,
            "quantity_per_user": -1,
        }
        for push in pushes
        if push.sale is not None
    ]
    return [{"id": pushes[0].key.item_id, "quantity_limit": -1, "quantity_per_user": -1, "skus": skus}]


def refused(keys: Sequence[ListingKey], code: str, message: str) -> dict[ListingKey, PushResult]:
    """A refusal names no SKU: of several none is blamed, and each may go again alone."""
    is_final = len(keys) == 1 and code not in _PASSING and not may_pass(code, message)
    return {key: PushResult(key, code, message, is_final=is_final) for key in keys}


def standing(keys: Sequence[ListingKey], prices: Mapping[str, Mapping[str, int]]) -> dict[ListingKey, dict[str, int]]:
    """The price of each listing in each activity: {listing: {activity: price}}, from {activity: {SKU: price}}."""
    found = {key: {each: said[key.model_id] for each, said in prices.items() if key.model_id in said} for key in keys}
    return {key: each for key, each in found.items() if each}
