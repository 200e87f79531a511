"""Between Shopee's objects and the socket's: pure, no network, no clock.

Objects of the wire are read into structs that name only what is used. A member that is missing, null or "" reads as its
default (`client.present` drops the last two), and an identifier may come as a number or as text.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import (
    ListingKey,
    Notice,
    NoticeKind,
    PricePush,
    PushResult,
    RemoteLine,
    RemoteListing,
    RemoteOrder,
    RemoteState,
    StockPush,
)
from mekong.foundation.money import exponent, to_minor

Word = int | str
"""An identifier or short text that comes as a number from some calls and as text from others."""

# --- products --------------------------------------------------------------------------------------------------------

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
    has_model: bool = False
    gtin_code: Word = ""
    price_info: tuple[Price, ...] = ()
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


def listings(item: Item, models: Models | None, currency: str) -> list[RemoteListing]:
    """One listing of an item without variants, or one for each of its models.

    The price is the seller's own (`original_price`, what a price push sets), not the campaign's. The quantity is what
    is left to buy, reservations taken off (`total_available_stock`). A model without a SKU has none: the item's SKU
    is not lent to it, since several models would then claim one article.
    """
    is_active = item.item_status == "NORMAL"
    picture = next(iter(item.image.image_url_list), "")
    if models is None:
        return [
            RemoteListing(
                key=ListingKey(str(item.item_id)),
                sku=str(item.item_sku),
                name=str(item.item_name),
                quantity=_available(item.stock_info_v2),
                price_minor=_price(item.price_info, currency),
                currency=_currency(item.price_info, currency),
                barcode=str(item.gtin_code),
                is_active=is_active,
                image_url=picture,
            )
        ]
    return [
        RemoteListing(
            key=ListingKey(str(item.item_id), str(model.model_id)),
            sku=str(model.model_sku),
            name=_model_name(item, model, models.tier_variation),
            quantity=_available(model.stock_info_v2),
            price_minor=_price(model.price_info, currency),
            currency=_currency(model.price_info, currency),
            barcode=str(model.gtin_code),
            is_active=is_active and model.model_status == "MODEL_NORMAL",
            image_url=_model_picture(model, models.tier_variation) or picture,
        )
        for model in models.model
    ]


def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount of the platform, half up where it is finer than the currency: an order must come in."""
    return to_minor(amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP), currency)


def _available(stock: Stock) -> int:
    said = stock.summary_info.total_available_stock
    return sum(place.stock for place in stock.seller_stock) if said is None else said


def _currency(prices: Sequence[Price], currency: str) -> str:
    return next((price.currency for price in prices if price.currency), currency)


def _price(prices: Sequence[Price], currency: str) -> int | None:
    for price in prices:
        amount = price.current_price if price.original_price is None else price.original_price
        if amount is not None:
            return minor(amount, price.currency or currency)
    return None


def _options(model: Model, tiers: Sequence[Tier]) -> list[Option]:
    """The option of each tier that a model stands for; an index past the end, or the -1 of no option, is left out."""
    pairs = zip(tiers, model.tier_index, strict=False)
    return [tier.option_list[index] for tier, index in pairs if 0 <= index < len(tier.option_list)]


def _model_name(item: Item, model: Model, tiers: Sequence[Tier]) -> str:
    words = ", ".join(str(option.option) for option in _options(model, tiers))
    return f"{item.item_name} - {words}" if words else str(item.item_name)


def _model_picture(model: Model, tiers: Sequence[Tier]) -> str:
    return next((option.image.image_url for option in _options(model, tiers) if option.image.image_url), "")


# --- pushes ----------------------------------------------------------------------------------------------------------

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


# --- orders ----------------------------------------------------------------------------------------------------------

STATES: Final[Mapping[str, RemoteState]] = {
    "UNPAID": RemoteState.UNPAID,
    "PENDING": RemoteState.PLACED,
    "READY_TO_SHIP": RemoteState.PLACED,
    "RETRY_SHIP": RemoteState.PLACED,
    "INVOICE_PENDING": RemoteState.PLACED,
    "PROCESSED": RemoteState.READY_TO_SHIP,
    "SHIPPED": RemoteState.SHIPPED,
    "TO_CONFIRM_RECEIVE": RemoteState.DELIVERED,
    "COMPLETED": RemoteState.COMPLETED,
    "IN_CANCEL": RemoteState.CANCEL_REQUESTED,
    "CANCELLED": RemoteState.CANCELLED,
    "TO_RETURN": RemoteState.RETURNING,
}
"""A status the platform adds later reads as PLACED: the order comes in and holds its stock until someone looks."""

DETAIL_FIELDS: Final = (
    "buyer_user_id,buyer_username,estimated_shipping_fee,recipient_address,actual_shipping_fee,note,item_list,pay_time,"
    "buyer_cancel_reason,cancel_by,cancel_reason,actual_shipping_fee_confirmed,fulfillment_flag,package_list,"
    "shipping_carrier,payment_method,total_amount"
)


class OrderRow(Struct, frozen=True):
    order_sn: Word


class OrderPage(Struct, frozen=True):
    more: bool = False
    next_cursor: Word = ""
    order_list: tuple[OrderRow, ...] = ()


class Address(Struct, frozen=True):
    name: Word = ""
    phone: Word = ""
    town: Word = ""
    district: Word = ""
    city: Word = ""
    state: Word = ""
    region: Word = ""
    zipcode: Word = ""
    full_address: Word = ""


class OrderItem(Struct, frozen=True):
    item_id: Word
    item_name: Word = ""
    item_sku: Word = ""
    model_id: Word = 0
    model_name: Word = ""
    model_sku: Word = ""
    model_quantity_purchased: int = 0
    model_original_price: Decimal | None = None
    model_discounted_price: Decimal | None = None
    order_item_id: Word = ""
    promotion_group_id: Word = 0


class Package(Struct, frozen=True):
    package_number: Word = ""


class Detail(Struct, frozen=True):
    order_sn: Word
    order_status: str
    create_time: int
    update_time: int
    currency: str = ""
    cod: bool = False
    message_to_seller: Word = ""
    ship_by_date: int = 0
    total_amount: Decimal | None = None
    actual_shipping_fee: Decimal | None = None
    estimated_shipping_fee: Decimal | None = None
    actual_shipping_fee_confirmed: bool = False
    buyer_user_id: Word = ""
    buyer_username: Word = ""
    recipient_address: Address = Address()
    item_list: tuple[OrderItem, ...] = ()
    package_list: tuple[Package, ...] = ()


class Details(Struct, frozen=True):
    order_list: tuple[Detail, ...] = ()


def state(status: str) -> RemoteState:
    return STATES.get(status, RemoteState.PLACED)


def order(detail: Detail, currency: str, tracking_no: str = "") -> RemoteOrder:
    """One order. Its sums agree: total = lines + shipping fee - discount.

    The platform gives what the buyer paid (`total_amount`, shipping included, vouchers and coins taken off) and the
    lines at their discounted price, but neither the vouchers nor the buyer's share of shipping. So the fee is the
    stated one (confirmed, else estimated), raised where the total needs more, and the discount is what remains.
    """
    money = detail.currency or currency
    lines = _lines(detail.item_list, money)
    goods = sum(line.unit_price_minor * line.quantity for line in lines)
    stated = detail.actual_shipping_fee if detail.actual_shipping_fee_confirmed else detail.estimated_shipping_fee
    fee = 0 if stated is None else minor(stated, money)
    total = goods + fee if detail.total_amount is None else minor(detail.total_amount, money)
    fee = max(fee, total - goods)
    place = detail.recipient_address
    return RemoteOrder(
        external_id=str(detail.order_sn),
        state=state(detail.order_status),
        raw_state=detail.order_status,
        placed_at=at(detail.create_time),
        updated_at=at(detail.update_time),
        currency=money,
        lines=lines,
        buyer_name=str(place.name or detail.buyer_username),
        buyer_phone="" if "*" in str(place.phone) else str(place.phone),
        buyer_ref=str(detail.buyer_user_id or ""),
        address=_address(place),
        is_cod=detail.cod,
        total_minor=total,
        shipping_fee_minor=fee,
        discount_minor=goods + fee - total,
        note=str(detail.message_to_seller),
        tracking_no=tracking_no,
        packages=tuple(str(package.package_number) for package in detail.package_list if package.package_number),
        ship_by=at(detail.ship_by_date) if detail.ship_by_date else None,
    )


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _lines(items: Sequence[OrderItem], currency: str) -> tuple[RemoteLine, ...]:
    seen: Counter[str] = Counter()
    lines = []
    for item in items:
        line_id = f"{item.order_item_id or item.item_id}-{item.model_id}-{item.promotion_group_id}"
        seen[line_id] += 1
        if seen[line_id] > 1:
            line_id = f"{line_id}-{seen[line_id]}"
        list_price = item.model_original_price
        paid = list_price if item.model_discounted_price is None else item.model_discounted_price
        words = f"{item.item_name} - {item.model_name}" if item.model_name else str(item.item_name)
        lines.append(
            RemoteLine(
                line_ids=(line_id,),
                key=ListingKey(str(item.item_id), "" if str(item.model_id) == "0" else str(item.model_id)),
                sku=str(item.model_sku or item.item_sku),
                name=words,
                quantity=item.model_quantity_purchased,
                unit_price_minor=minor(paid or Decimal(0), currency),
                list_price_minor=None if list_price is None else minor(list_price, currency),
            )
        )
    return tuple(lines)


def _address(place: Address) -> dict[str, str]:
    """Vietnam: `state` or `city` is the province, `town` the ward."""
    said = {
        "line": place.full_address,
        "ward": place.town,
        "district": place.district,
        "province": place.state or place.city,
        "postcode": place.zipcode,
        "country": place.region,
    }
    return {name: str(value) for name, value in said.items() if value}


# --- shipping --------------------------------------------------------------------------------------------------------


class Slot(Struct, frozen=True):
    pickup_time_id: Word = ""
    flags: tuple[str, ...] = ()


class PickupAddress(Struct, frozen=True):
    address_id: Word
    time_slot_list: tuple[Slot, ...] = ()


class Pickup(Struct, frozen=True):
    address_list: tuple[PickupAddress, ...] = ()


class Branch(Struct, frozen=True):
    branch_id: Word


class Dropoff(Struct, frozen=True):
    branch_list: tuple[Branch, ...] = ()


class ShippingParameter(Struct, frozen=True):
    info_needed: dict[str, tuple[str, ...]] = {}
    pickup: Pickup = Pickup()
    dropoff: Dropoff = Dropoff()


def arrangement(parameter: ShippingParameter, tracking_no: str) -> dict[str, dict[str, Any]] | None:
    """How to hand the parcel over, as `ship_order` takes it; None when no mode that the platform offers can be met.

    Pickup before drop-off before the seller's own carrier. Of pickup slots, the first that the platform recommends,
    else the first there is. `tracking_no` is the seller's own carrier's number.
    """
    needed = parameter.info_needed
    if "pickup" in needed and (pickup := _pickup(parameter.pickup, needed["pickup"])) is not None:
        return {"pickup": pickup}
    if "dropoff" in needed and (dropoff := _dropoff(parameter.dropoff, needed["dropoff"], tracking_no)) is not None:
        return {"dropoff": dropoff}
    if "non_integrated" in needed and tracking_no:
        return {"non_integrated": {"tracking_number": tracking_no}}
    return None


def _pickup(pickup: Pickup, needed: Sequence[str]) -> dict[str, Any] | None:
    if "pickup_time_id" not in needed:
        first = next(iter(pickup.address_list), None)
        return {"address_id": first.address_id} if first else None if needed else {}
    choices = [(place, slot) for place in pickup.address_list for slot in place.time_slot_list]
    choices.sort(key=lambda choice: "recommended" not in choice[1].flags)
    for place, slot in choices:
        return {"address_id": place.address_id, "pickup_time_id": slot.pickup_time_id}
    return None


def _dropoff(dropoff: Dropoff, needed: Sequence[str], tracking_no: str) -> dict[str, Any] | None:
    have: dict[str, Any] = {}
    if dropoff.branch_list:
        have["branch_id"] = dropoff.branch_list[0].branch_id
    if tracking_no:
        have["tracking_number"] = have["tracking_no"] = tracking_no
    return {name: have[name] for name in needed} if all(name in have for name in needed) else None


# --- notices ---------------------------------------------------------------------------------------------------------

_ORDER_CODES = frozenset({3, 4, 15, 29, 30, 47})
_STOCK_CODE = 8
_PRODUCT_CODES = frozenset({6, 7, 9, 16, 22, 27})
_AUTHORISATION_CODES = frozenset({1, 2, 12})


def notices(said: Mapping[str, Any], body: bytes) -> list[Notice]:
    """What a verified push points at.

    A change of reserved stock (code 8) names the order that caused it, so it yields two: look at the order, look at
    the item. Codes 1, 2 and 12 may name several shops: one notice each. A push without `msg_id` is known by the
    digest of its body.
    """
    code, data = said.get("code"), said.get("data")
    data = data if isinstance(data, dict) else {}
    shop_id, sent_at = _word(said.get("shop_id")), _moment(said.get("timestamp"))
    dedupe_id = _word(said.get("msg_id")) or hashlib.sha256(body).hexdigest()[:32]
    order_sn = _word(data.get("ordersn")) or _word(data.get("order_sn"))
    item_id = _word(data.get("item_id"))
    if code in _AUTHORISATION_CODES:
        shops = _shops(said, data) or [shop_id]
        return [Notice(NoticeKind.AUTHORISATION, shop, shop, dedupe_id, sent_at) for shop in shops]
    if code == _STOCK_CODE:
        stock = Notice(NoticeKind.STOCK, shop_id, item_id, dedupe_id, sent_at)
        order_too = Notice(NoticeKind.ORDER, shop_id, order_sn, f"{dedupe_id}:order", sent_at)
        return [stock, order_too] if order_sn else [stock]
    if code in _ORDER_CODES and order_sn:
        return [Notice(NoticeKind.ORDER, shop_id, order_sn, dedupe_id, sent_at)]
    if code in _PRODUCT_CODES:
        return [Notice(NoticeKind.PRODUCT, shop_id, item_id, dedupe_id, sent_at)]
    return [Notice(NoticeKind.OTHER, shop_id, "", dedupe_id, sent_at)]


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _moment(value: Any) -> datetime | None:
    if isinstance(value, int) and 0 <= value < 10**11:
        return at(value)
    return None


def _shops(said: Mapping[str, Any], data: Mapping[str, Any]) -> list[str]:
    """Shops named by a push about authorisation: the keys differ from code to code, all of them speak of a shop."""
    found: list[str] = []
    for part in (said, data):
        for key, value in part.items():
            if "shop" in key:
                found += [word for one in (value if isinstance(value, list) else [value]) if (word := _word(one))]
    return list(dict.fromkeys(found))
