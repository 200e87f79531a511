"""Products and what is pushed to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from mekong.channels.socket import (
    ListingKey,
    Looks,
    PricePush,
    PushResult,
    RemoteListing,
    StockPush,
)
from mekong.connectors.shopee.mapping import Word, minor

DELETED: Final = frozenset({"SELLER_DELETE", "SHOPEE_DELETE"})


class Price(Struct, frozen=True):
    currency: str = ""
    original_price: Decimal | None = None
    current_price: Decimal | None = None


class StockSummary(Struct, frozen=True):
    total_available_stock: int | None = None


class SellerStock(Struct, frozen=True):
    stock: int = 0


class Stock(Struct, frozen=True):
    summary_info: StockSummary = StockSummary()
    seller_stock: tuple[SellerStock, ...] = ()


class Image(Struct, frozen=True):
    image_url_list: tuple[str, ...] = ()
    image_url: str = ""


class Item(Struct, frozen=True):
    item_id: Word
    item_name: Word = ""
    item_sku: Word = ""
    item_status: str = ""
    description: str = ""
    description_type: str = "normal"
    has_model: bool = False
    gtin_code: Word = ""
    price_info: tuple[Price, ...] = ()
    promotion_id: Word = 0
    stock_info_v2: Stock = Stock()
    image: Image = Image()


class Option(Struct, frozen=True):
    option: Word = ""
    image: Image = Image()


class Tier(Struct, frozen=True):
    option_list: tuple[Option, ...] = ()


class Model(Struct, frozen=True):
    model_id: Word
    tier_index: tuple[int, ...] = ()
    model_sku: Word = ""
    model_status: str = "MODEL_NORMAL"
    gtin_code: Word = ""
    price_info: tuple[Price, ...] = ()
    promotion_id: Word = 0
    stock_info_v2: Stock = Stock()


class Models(Struct, frozen=True):
    tier_variation: tuple[Tier, ...] = ()
    model: tuple[Model, ...] = ()


class ItemList(Struct, frozen=True):
    item_list: tuple[Item, ...] = ()


class ItemRef(Struct, frozen=True):
    item_id: Word


class ItemPage(Struct, frozen=True):
    item: tuple[ItemRef, ...] = ()
    has_next_page: bool = False
    next_offset: int = 0


def listings(
    item: Item, models: Models | None, currency: str, ends: Mapping[str, datetime] = MappingProxyType({})
) -> list[RemoteListing]:
    """One listing of an item without variants, or one for each of its models.

    The price is the seller's own (`original_price`, what a price push sets). The sale price is what shoppers pay now
    (`current_price`) where that is lower, whoever lowered it; it ends as `ends` says of the promotion it comes from, by
    its number. The quantity is what is left to buy, reservations taken off (`total_available_stock`). A model without a
    SKU has none: the item's SKU is not lent to it, since several models would then claim one article.
    """
    is_active = item.item_status == "NORMAL"
    picture, looks = next(iter(item.image.image_url_list), ""), looks_of(item)
    if models is None:
        return [
            RemoteListing(
                key=ListingKey(str(item.item_id)),
                sku=str(item.item_sku),
                name=str(item.item_name),
                quantity=available(item.stock_info_v2),
                price_minor=price_minor(item.price_info, currency),
                sale_minor=sale_minor(item.price_info, currency),
                sale_ends_at=_sale_ends_at(item, currency, ends),
                currency=_currency(item.price_info, currency),
                barcode=str(item.gtin_code),
                is_active=is_active,
                image_url=picture,
                looks=looks,
            )
        ]
    return [
        RemoteListing(
            key=ListingKey(str(item.item_id), str(model.model_id)),
            sku=str(model.model_sku),
            name=_model_name(item, model, models.tier_variation),
            quantity=available(model.stock_info_v2),
            price_minor=price_minor(model.price_info, currency),
            sale_minor=sale_minor(model.price_info, currency),
            sale_ends_at=_sale_ends_at(model, currency, ends),
            currency=_currency(model.price_info, currency),
            barcode=str(model.gtin_code),
            is_active=is_active and model.model_status == "MODEL_NORMAL",
            image_url=_model_picture(model, models.tier_variation) or picture,
            looks=looks,
        )
        for model in models.model
    ]


def looks_of(item: Item) -> Looks:
    """An extended description stands in a member of its own, in pieces: nothing is said of it."""
    described = item.description if item.description_type in ("normal", "") else None
    return Looks(str(item.item_name), described, len(item.image.image_url_list))


def available(stock: Stock) -> int:
    said = stock.summary_info.total_available_stock
    return sum(place.stock for place in stock.seller_stock) if said is None else said


def _currency(prices: Sequence[Price], currency: str) -> str:
    return next((price.currency for price in prices if price.currency), currency)


def price_minor(prices: Sequence[Price], currency: str) -> int | None:
    for price in prices:
        amount = price.current_price if price.original_price is None else price.original_price
        if amount is not None:
            return minor(amount, price.currency or currency)
    return None


def sale_minor(prices: Sequence[Price], currency: str) -> int | None:
    """What shoppers pay now, where it is less than the original price."""
    for price in prices:
        original, current = price.original_price, price.current_price
        if original is not None and current is not None and current < original:
            return minor(current, price.currency or currency)
    return None


def is_on_sale(item: Item, models: Models | None) -> bool:
    rows: Sequence[Item | Model] = [item] if models is None else models.model
    return any(sale_minor(each.price_info, "VND") is not None for each in rows)


def _sale_ends_at(each: Item | Model, currency: str, ends: Mapping[str, datetime]) -> datetime | None:
    return None if sale_minor(each.price_info, currency) is None else ends.get(str(each.promotion_id))


def _options(model: Model, tiers: Sequence[Tier]) -> list[Option]:
    """The option of each tier that a model stands for; an index past the end, or the -1 of no option, is left out."""
    pairs = zip(tiers, model.tier_index, strict=False)
    return [tier.option_list[index] for tier, index in pairs if 0 <= index < len(tier.option_list)]


def _model_name(item: Item, model: Model, tiers: Sequence[Tier]) -> str:
    words = ", ".join(str(option.option) for option in _options(model, tiers))
    return f"{item.item_name} - {words}" if words else str(item.item_name)


def _model_picture(model: Model, tiers: Sequence[Tier]) -> str:
    return next((option.image.image_url for option in _options(model, tiers) if option.image.image_url), "")


# --- pushes ---------------------------------------------------------------------------------------------------------

# A reason with one of these words may pass by itself: stock reserved by a campaign, a lock, a hiccup.
_PASSING_WORDS = (
    "reserved",
    "promotion",
    "campaign",
    "lock",
    "reviewing",
    "server",
    "busy",
    "network",
    "timeout",
    "again",
)


class Success(Struct, frozen=True):
    model_id: Word = 0


class Failure(Struct, frozen=True):
    model_id: Word = 0
    failed_reason: str = ""


class PushReply(Struct, frozen=True):
    success_list: tuple[Success, ...] = ()
    failure_list: tuple[Failure, ...] = ()


def results(
    batch: Sequence[StockPush] | Sequence[PricePush], reply: PushReply, error: str, message: str
) -> list[PushResult]:
    """One result for each push of a call about one item.

    `error` "" with a filled `failure_list` is a partial failure; a filled `error` refuses all. A model that stands in
    neither list of an otherwise telling answer is not acknowledged: it is pushed again.
    """
    failed = {str(failure.model_id): failure.failed_reason for failure in reply.failure_list}
    succeeded = {str(success.model_id) for success in reply.success_list}
    is_silent = not failed and not succeeded
    said = []
    for push in batch:
        model = model_id(push.key)
        if str(model) in failed:
            reason = failed[str(model)] or message
            said.append(PushResult(push.key, error or "failed", reason, is_final=not may_pass(reason)))
        elif error:
            said.append(PushResult(push.key, error, message, is_final=not may_pass(f"{error} {message}")))
        elif is_silent or str(model) in succeeded:
            said.append(PushResult(push.key))
        else:
            said.append(PushResult(push.key, "unconfirmed", "The platform did not mention this model."))
    return said


def model_id(key: ListingKey) -> int:
    """What the platform calls the model of a listing: 0 where the item has no variants."""
    return int(key.model_id or 0)


def may_pass(reason: str) -> bool:
    lowered = reason.lower()
    return any(word in lowered for word in _PASSING_WORDS)
