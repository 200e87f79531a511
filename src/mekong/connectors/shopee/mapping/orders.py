"""Orders, and the steps that carry them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import (
    ListingKey,
    RemoteLine,
    RemoteOrder,
    RemoteState,
)
from mekong.connectors.shopee.mapping import Word, minor, moment

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
        placed_at=moment(detail.create_time),
        updated_at=moment(detail.update_time),
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
        ship_by=moment(detail.ship_by_date) if detail.ship_by_date else None,
    )


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


# --- shipping -------------------------------------------------------------------------------------------------------


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


class DocumentRow(Struct, frozen=True):
    status: str = ""
    fail_error: str = ""
    fail_message: str = ""


class Documents(Struct, frozen=True):
    """What the calls about waybills say of each parcel."""

    result_list: tuple[DocumentRow, ...] = ()


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
