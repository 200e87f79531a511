"""Orders, and the steps that carry them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mekong.channels.socket import (
    ListingKey,
    RemoteLine,
    RemoteOrder,
    RemoteState,
    Shipment,
)
from mekong.connectors.lazada.mapping import Word, minor, moment

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


# --- fulfilment -----------------------------------------------------------------------------------------------------


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


class Document(Struct, frozen=True):
    """A document as base64."""

    file: str = ""


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
