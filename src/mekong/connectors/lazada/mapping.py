"""Between Lazada's objects and the socket's: pure, no network, no clock.

Objects of the wire are read into structs that name only what is used. A member that is missing, null or "" reads as its
default (`client.present` drops the last two), and an identifier may come as a number or as text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from xml.etree import ElementTree as ET

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
    Shipment,
    StockPush,
)
from mekong.foundation.money import exponent, to_decimal, to_minor

Word = int | str
"""An identifier or short text that comes as a number from some calls and as text from others."""


def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount of the platform, half up where it is finer than the currency: an order must come in."""
    return to_minor(amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP), currency)


def moment(text: Word) -> datetime:
    """Aware UTC of "2026-11-22 08:00:00 +0700", of ISO 8601, or of milliseconds since 1970.

    Raises: ValueError when it is none of these, or a local time without its zone.
    """
    words = str(text).strip()
    if words.isascii() and words.isdigit():
        return datetime.fromtimestamp(int(words) / 1000, UTC)
    when = datetime.fromisoformat(words.replace(" +", "+").replace(" -", "-"))
    if when.tzinfo is None:
        raise ValueError(f"a time without its zone: {words!r}")
    return when.astimezone(UTC)


# --- products --------------------------------------------------------------------------------------------------------


class Warehouse(Struct, frozen=True):
    sellableQuantity: int | None = None  # noqa: N815 - the platform's own name


class Sku(Struct, frozen=True):
    SkuId: Word
    SellerSku: Word = ""
    Status: str = ""
    Available: int | None = None
    quantity: int | None = None
    price: Decimal | None = None
    Url: str = ""
    Images: tuple[str, ...] = ()
    multiWarehouseInventories: tuple[Warehouse, ...] = ()  # noqa: N815 - the platform's own name


class Attributes(Struct, frozen=True):
    name: Word = ""


class Product(Struct, frozen=True):
    item_id: Word
    status: str = ""
    images: tuple[str, ...] | str = ()
    attributes: Attributes = Attributes()
    skus: tuple[Sku, ...] = ()


class ProductPage(Struct, frozen=True):
    total_products: int = 0
    products: tuple[Product, ...] = ()


def listings(product: Product, currency: str) -> list[RemoteListing]:
    """One listing a SKU; deleted ones are left out.

    The price is the seller's own (`price`, what a price push sets), not the promotion's. The quantity is what shoppers
    may buy: `Available`, or what the warehouses may sell, and only failing both the total, which still counts units
    withheld and occupied by orders.
    """
    if product.status.lower() == "deleted":
        return []
    images = product.images if isinstance(product.images, tuple) else ()
    return [
        RemoteListing(
            key=ListingKey(str(product.item_id), str(sku.SkuId)),
            sku=str(sku.SellerSku),
            name=str(product.attributes.name),
            quantity=_sellable(sku),
            price_minor=None if sku.price is None else minor(sku.price, currency),
            currency=currency,
            is_active=sku.Status.lower() == "active" and product.status.lower() in {"active", ""},
            url=sku.Url,
            image_url=next(iter((*sku.Images, *images)), ""),
        )
        for sku in product.skus
        if sku.Status.lower() != "deleted"
    ]


def _sellable(sku: Sku) -> int | None:
    if sku.Available is not None:
        return sku.Available
    said = [place.sellableQuantity for place in sku.multiWarehouseInventories if place.sellableQuantity is not None]
    return sum(said) if said else sku.quantity


# --- pushes ----------------------------------------------------------------------------------------------------------


class Trouble(Struct, frozen=True):
    """One entry of `detail`."""

    seller_sku: Word = ""
    sku_id: Word = ""
    item_id: Word = ""
    code: Word = ""
    message: Word = ""
    field: Word = ""


# 4170: the SKU is in a campaign; 4171, 4225: stock reserved or locked. All three end by themselves.
_PASSING_CODES = ("4170", "4171", "4225")
_PASSING_WORDS = ("campaign", "reserved", "locked", "withhold", "occup", "timeout", "busy", "again", "system error")
_CODE = re.compile(r"^\W*(E?\d{1,5})\b")


def stock_payload(batch: Sequence[StockPush]) -> str:
    return _payload([(push.key, push.sku, "SellableQuantity", str(push.quantity)) for push in batch])


def price_payload(batch: Sequence[PricePush]) -> str:
    amounts = [format(to_decimal(push.price_minor, push.currency), "f") for push in batch]
    return _payload([(push.key, push.sku, "Price", amount) for push, amount in zip(batch, amounts, strict=True)])


def _payload(rows: Sequence[tuple[ListingKey, str, str, str]]) -> str:
    """The XML of a write. All three names of a SKU go along: the seller's alone is no longer enough."""
    request = ET.Element("Request")
    skus = ET.SubElement(ET.SubElement(request, "Product"), "Skus")
    for key, sku, name, value in rows:
        row = ET.SubElement(skus, "Sku")
        for tag, text in (("ItemId", key.item_id), ("SkuId", key.model_id), ("SellerSku", sku), (name, value)):
            if text:
                ET.SubElement(row, tag).text = text
    return ET.tostring(request, encoding="unicode")


def results(
    batch: Sequence[StockPush] | Sequence[PricePush], troubles: Sequence[Trouble], code: str, message: str
) -> list[PushResult]:
    """One result for each push of a call.

    `detail` names the SKUs that failed, also under code "0". A SKU that a refused call does not name is not
    acknowledged and not blamed: it may go again without the others. The same holds when `detail` names someone we did
    not push. A call about a single SKU is about that SKU, named or not.
    """
    blamed: dict[ListingKey, Trouble] = {}
    strangers = 0
    for trouble in troubles:
        named = [push.key for push in batch if _is_about(trouble, push)] or ([batch[0].key] if len(batch) == 1 else [])
        strangers += not named
        for key in named:
            blamed.setdefault(key, trouble)
    said = []
    for push in batch:
        trouble_here = blamed.get(push.key)
        if trouble_here is not None:
            reason = str(trouble_here.message or trouble_here.field or message)
            named_code = str(trouble_here.code) or _code_in(reason) or (code if code != "0" else "failed")
            said.append(PushResult(push.key, named_code, reason, is_final=not may_pass(named_code, reason)))
        elif code != "0":
            is_final = len(batch) == 1 and not may_pass(code, message)
            said.append(PushResult(push.key, code, message, is_final=is_final))
        elif strangers:
            said.append(PushResult(push.key, "unconfirmed", "The platform reported a failure without naming its SKU."))
        else:
            said.append(PushResult(push.key))
    return said


def may_pass(code: str, reason: str) -> bool:
    lowered = reason.lower()
    return code.removeprefix("E") in _PASSING_CODES or any(
        word in lowered for word in (*_PASSING_WORDS, *_PASSING_CODES)
    )


def _is_about(trouble: Trouble, push: StockPush | PricePush) -> bool:
    if trouble.sku_id:
        return str(trouble.sku_id) == push.key.model_id
    if trouble.seller_sku:
        return str(trouble.seller_sku) == push.sku
    return bool(trouble.item_id) and str(trouble.item_id) == push.key.item_id


def _code_in(reason: str) -> str:
    found = _CODE.match(reason)
    return found[1] if found else ""


# --- orders ----------------------------------------------------------------------------------------------------------

# Statuses in the order of the way; of the units that still count, the one least far decides for the order.
_WAY = (
    RemoteState.UNPAID,
    RemoteState.PLACED,
    RemoteState.PACKED,
    RemoteState.READY_TO_SHIP,
    RemoteState.SHIPPED,
    RemoteState.DELIVERED,
    RemoteState.COMPLETED,
    RemoteState.DELIVERY_FAILED,
    RemoteState.RETURNING,
    RemoteState.RETURNED,
)
STATES: Final[Mapping[str, RemoteState]] = {
    "unpaid": RemoteState.UNPAID,
    "pending": RemoteState.PLACED,
    "topack": RemoteState.PLACED,
    "repacked": RemoteState.PLACED,  # the packing was undone: it is to be packed again
    "packed": RemoteState.PACKED,
    "toship": RemoteState.PACKED,
    "ready_to_ship": RemoteState.READY_TO_SHIP,
    "shipped": RemoteState.SHIPPED,
    "shipping": RemoteState.SHIPPED,
    "delivered": RemoteState.DELIVERED,
    "confirmed": RemoteState.COMPLETED,
    "canceled": RemoteState.CANCELLED,
    "cancelled": RemoteState.CANCELLED,
    "failed": RemoteState.DELIVERY_FAILED,
    "failed_delivery": RemoteState.DELIVERY_FAILED,
    "lost": RemoteState.DELIVERY_FAILED,
    "lost_by_3pl": RemoteState.DELIVERY_FAILED,
    "damaged_by_3pl": RemoteState.DELIVERY_FAILED,
    "shipped_back_failed": RemoteState.DELIVERY_FAILED,
    "package_scrapped": RemoteState.DELIVERY_FAILED,
    "shipped_back": RemoteState.RETURNING,
    "shipped_back_success": RemoteState.RETURNED,
    "returned": RemoteState.RETURNED,
}
"""A status the platform adds later reads as PLACED: the order comes in and holds its stock until someone looks."""


class OrderAddress(Struct, frozen=True):
    first_name: Word = ""
    last_name: Word = ""
    phone: Word = ""
    address1: Word = ""
    address2: Word = ""
    address3: Word = ""
    address4: Word = ""
    address5: Word = ""
    city: Word = ""
    post_code: Word = ""
    country: Word = ""


class Order(Struct, frozen=True):
    order_id: Word
    created_at: Word
    updated_at: Word
    statuses: tuple[str, ...] = ()
    price: Decimal = Decimal(0)
    shipping_fee: Decimal = Decimal(0)
    voucher: Decimal = Decimal(0)
    payment_method: str = ""
    buyer_note: Word = ""
    remarks: Word = ""
    customer_first_name: Word = ""
    customer_last_name: Word = ""
    address_shipping: OrderAddress = OrderAddress()


class OrderPage(Struct, frozen=True):
    countTotal: int | None = None  # noqa: N815 - the platform's own name
    orders: tuple[Order, ...] = ()


class Unit(Struct, frozen=True):
    """One row of an order's items: one unit, there is no quantity."""

    order_item_id: Word
    sku: Word = ""
    sku_id: Word = ""
    product_id: Word = ""
    name: Word = ""
    variation: Word = ""
    item_price: Decimal | None = None
    paid_price: Decimal | None = None
    status: str = ""
    tracking_code: Word = ""
    package_id: Word = ""
    promised_shipping_time: Word = ""
    sla_time_stamp: Word = ""
    updated_at: Word = ""
    currency: str = ""
    buyer_id: Word = ""


class OrderItems(Struct, frozen=True):
    order_id: Word
    order_items: tuple[Unit, ...] = ()


def state(statuses: Sequence[str]) -> RemoteState:
    """Cancelled only when every unit is; otherwise the least advanced of the others. No status reads as PLACED."""
    known = {STATES.get(status.lower(), RemoteState.PLACED) for status in statuses}
    active = known - {RemoteState.CANCELLED}
    if known and not active:
        return RemoteState.CANCELLED
    return min(active, key=_WAY.index, default=RemoteState.PLACED)


def order(head: Order, units: Sequence[Unit], currency: str) -> RemoteOrder:
    """One order of its head and its units. Its sums agree: total = lines + shipping fee - discount.

    A line's price is what the buyer paid a unit, vouchers taken off (`paid_price`), so the discount is what the head's
    voucher adds to that: usually 0. Buyer paid = price - voucher + shipping fee, by the documentation. Units cancelled
    out of an order that goes on are left out of the lines, and the total is then what the others cost; an order that
    is cancelled whole keeps its lines.
    """
    kept = [unit for unit in units if STATES.get(unit.status.lower()) is not RemoteState.CANCELLED]
    is_partly_cancelled = 0 < len(kept) < len(units)
    kept = kept or list(units)
    money = next((unit.currency for unit in units if unit.currency), currency)
    lines = _lines(kept, money)
    goods = sum(line.unit_price_minor * line.quantity for line in lines)
    fee = minor(head.shipping_fee, money)
    paid = minor(head.price - head.voucher + head.shipping_fee, money)
    total = goods + fee if is_partly_cancelled else paid
    statuses = [unit.status for unit in units if unit.status] or list(head.statuses)
    deadlines = [when for unit in kept if (when := _deadline(unit)) is not None]
    place = head.address_shipping
    return RemoteOrder(
        external_id=str(head.order_id),
        state=state(statuses),
        raw_state=",".join(sorted(set(statuses))),
        placed_at=moment(head.created_at),
        updated_at=max([moment(head.updated_at), *(moment(unit.updated_at) for unit in units if unit.updated_at)]),
        currency=money,
        lines=lines,
        buyer_name=_name(place.first_name, place.last_name) or _name(head.customer_first_name, head.customer_last_name),
        buyer_phone="" if "*" in str(place.phone) else str(place.phone),
        buyer_ref=next((str(unit.buyer_id) for unit in units if unit.buyer_id), ""),
        address=_address(place),
        is_cod=head.payment_method.upper() in {"COD", "CASH ON DELIVERY", "CASHONDELIVERY"},
        total_minor=total,
        shipping_fee_minor=max(fee, total - goods),
        discount_minor=max(goods + fee - total, 0),
        note=str(head.buyer_note or head.remarks),
        tracking_no=next((str(unit.tracking_code) for unit in kept if unit.tracking_code), ""),
        packages=tuple(dict.fromkeys(str(unit.package_id) for unit in kept if unit.package_id)),
        ship_by=min(deadlines, default=None),
    )


def _lines(units: Sequence[Unit], currency: str) -> tuple[RemoteLine, ...]:
    """Units summed by SKU and prices, in the order of their first appearance."""
    groups: dict[tuple[Word, Word, Decimal | None, Decimal | None], list[Unit]] = {}
    for unit in units:
        groups.setdefault((unit.sku_id, unit.sku, unit.paid_price, unit.item_price), []).append(unit)
    lines = []
    for (sku_id, sku, paid, listed), group in groups.items():
        first = group[0]
        price = listed if paid is None else paid
        lines.append(
            RemoteLine(
                line_ids=tuple(str(unit.order_item_id) for unit in group),
                key=ListingKey(str(first.product_id), str(sku_id)),
                sku=str(sku),
                name=f"{first.name} - {first.variation}" if first.variation else str(first.name),
                quantity=len(group),
                unit_price_minor=minor(price or Decimal(0), currency),
                list_price_minor=None if listed is None else minor(listed, currency),
            )
        )
    return tuple(lines)


def _name(first: Word, last: Word) -> str:
    return f"{first} {last}".strip()


def _deadline(unit: Unit) -> datetime | None:
    """When the unit must be handed over; a text that cannot be read as a time stops no order."""
    for text in (unit.sla_time_stamp, unit.promised_shipping_time):
        try:
            return moment(text)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _address(place: OrderAddress) -> dict[str, str]:
    """In Vietnam `address3` is the province, `address4` the district, `address5` the ward."""
    said = {
        "line": ", ".join(str(part) for part in (place.address1, place.address2) if part),
        "ward": place.address5,
        "district": place.address4 or place.city,
        "province": place.address3,
        "postcode": place.post_code,
        "country": place.country,
    }
    return {name: str(value) for name, value in said.items() if value}


# --- fulfilment ------------------------------------------------------------------------------------------------------


class Provider(Struct, frozen=True):
    provider_code: Word = ""


class Providers(Struct, frozen=True):
    shipping_allocate_type: str = "TFS"
    shipment_providers: tuple[Provider, ...] = ()


class Step(Struct, frozen=True):
    """What became of one unit when it was packed, or of one package when it was made ready."""

    item_err_code: Word = "0"
    msg: Word = ""
    retry: bool = False
    tracking_number: Word = ""
    package_id: Word = ""


class PackedOrder(Struct, frozen=True):
    order_item_list: tuple[Step, ...] = ()


class Packed(Struct, frozen=True):
    pack_order_list: tuple[PackedOrder, ...] = ()
    packages: tuple[Step, ...] = ()

    @property
    def steps(self) -> list[Step]:
        return [*(step for order in self.pack_order_list for step in order.order_item_list), *self.packages]


def shipment(steps: Sequence[Step]) -> Shipment:
    return Shipment(
        tracking_no=next((str(step.tracking_number) for step in steps if step.tracking_number), ""),
        packages=tuple(dict.fromkeys(str(step.package_id) for step in steps if step.package_id)),
    )


class Reason(Struct, frozen=True):
    reason_id: Word
    reason_name: Word = ""


class Reasons(Struct, frozen=True):
    reason_options: tuple[Reason, ...] = ()


_REASON_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "out_of_stock": ("stock", "hết hàng"),
    "customer_request": ("customer", "buyer", "khách", "người mua"),
    "other": ("other", "khác"),
}


def reason_id(reasons: Reasons, reason: str) -> str:
    """The platform's reason nearest to ours, by its words; the first it offers when none fits; "" when it offers none.

    Raises: KeyError when `reason` is not one of the socket's.
    """
    for word in _REASON_WORDS[reason]:
        for option in reasons.reason_options:
            if word in str(option.reason_name).lower():
                return str(option.reason_id)
    return next((str(option.reason_id) for option in reasons.reason_options), "")


class ReverseOrder(Struct, frozen=True):
    reverse_order_id: Word
    trade_order_id: Word = ""
    request_type: str = ""


class ReverseOrders(Struct, frozen=True):
    items: tuple[ReverseOrder, ...] = ()


# --- notices ---------------------------------------------------------------------------------------------------------

_ORDER_TYPES = frozenset({0, 10, 14})
_PRODUCT_TYPES = frozenset({1, 3, 4, 5})
_STOCK_TYPE = 6
_TOKEN_TYPE = 8


def notice(said: Mapping[str, Any], body: bytes) -> Notice:
    """What a verified push points at. Pushes carry no id of their own: one is known by the digest of its body."""
    kind_no, data = said.get("message_type"), said.get("data")
    data = data if isinstance(data, dict) else {}
    seller = _word(said.get("seller_id"))
    kind, reference = NoticeKind.OTHER, ""
    if kind_no in _ORDER_TYPES and (order_id := _word(data.get("trade_order_id"))):
        kind, reference = NoticeKind.ORDER, order_id
    elif kind_no in _PRODUCT_TYPES:
        kind, reference = NoticeKind.PRODUCT, _word(data.get("item_id")) or _word(data.get("itemId"))
    elif kind_no == _STOCK_TYPE:
        kind, reference = NoticeKind.STOCK, _word(data.get("sku_id"))
    elif kind_no == _TOKEN_TYPE:
        seller = _word(data.get("seller_id")) or seller
        kind, reference = NoticeKind.AUTHORISATION, seller
    return Notice(
        kind=kind,
        shop_id="" if seller == "null" else seller,
        reference=reference,
        dedupe_id=hashlib.sha256(body).hexdigest()[:32],
        sent_at=_sent_at(said.get("timestamp")),
    )


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _sent_at(value: Any) -> datetime | None:
    """Seconds in most pushes, milliseconds in some."""
    words = _word(value)
    if not (words.isascii() and words.isdigit() and len(words) < 15):
        return None
    number = int(words)
    return datetime.fromtimestamp(number if number < 10**11 else number / 1000, UTC)
