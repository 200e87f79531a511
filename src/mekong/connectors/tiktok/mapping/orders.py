"""Orders, and the steps that carry them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import (
    ListingKey,
    RemoteLine,
    RemoteOrder,
    RemoteState,
    Shipment,
)
from mekong.connectors.tiktok.mapping import Word, minor, moment

STATES: Final[Mapping[str, RemoteState]] = {
    "UNPAID": RemoteState.UNPAID,
    "ON_HOLD": RemoteState.PLACED,  # paid, and held back an hour in which the buyer may think better of it
    "AWAITING_SHIPMENT": RemoteState.PLACED,
    "PARTIALLY_SHIPPING": RemoteState.PLACED,  # some parcels still wait for us
    "AWAITING_COLLECTION": RemoteState.READY_TO_SHIP,
    "IN_TRANSIT": RemoteState.SHIPPED,
    "DELIVERED": RemoteState.DELIVERED,
    "COMPLETED": RemoteState.COMPLETED,
    "CANCELLED": RemoteState.CANCELLED,
    "CANCELED": RemoteState.CANCELLED,
    "CANCEL": RemoteState.CANCELLED,
}
"""A status the platform adds later reads as PLACED: the order comes in and holds its stock until someone looks."""

_BEFORE_LEAVING = frozenset({RemoteState.PLACED, RemoteState.READY_TO_SHIP})
_WAITING = frozenset({"TO_FULFILL", ""})
_LEVELS = {"L1": "province", "L2": "district", "L3": "ward"}
_LEVEL_NAMES = {"province": "province", "district": "district", "ward": "ward", "commune": "ward"}


class OrderRow(Struct, frozen=True):
    id: Word
    update_time: int = 0


class OrderPage(Struct, frozen=True):
    orders: tuple[OrderRow, ...] | None = None
    next_page_token: Word = ""
    total_count: int | None = None


class Payment(Struct, frozen=True):
    currency: str = ""
    total_amount: Decimal | None = None
    shipping_fee: Decimal = Decimal(0)


class District(Struct, frozen=True):
    address_level: str = ""
    address_level_name: str = ""
    address_name: Word = ""


class Address(Struct, frozen=True):
    name: Word = ""
    phone_number: Word = ""
    full_address: Word = ""
    region_code: Word = ""
    postal_code: Word = ""
    district_info: tuple[District, ...] = ()


class Unit(Struct, frozen=True):
    """One row of an order: one unit, there is no quantity."""

    id: Word
    product_id: Word = ""
    product_name: Word = ""
    sku_id: Word = ""
    sku_name: Word = ""
    seller_sku: Word = ""
    original_price: Decimal | None = None
    sale_price: Decimal | None = None
    currency: str = ""
    display_status: str = ""
    package_id: Word = ""
    package_status: str = ""
    tracking_number: Word = ""
    shipping_provider_id: Word = ""


class Package(Struct, frozen=True):
    id: Word


class Order(Struct, frozen=True):
    id: Word
    status: str
    create_time: int
    update_time: int
    line_items: tuple[Unit, ...]
    payment: Payment = Payment()
    recipient_address: Address = Address()
    packages: tuple[Package, ...] = ()
    is_cod: bool = False
    is_buyer_request_cancel: bool = False
    shipping_type: str = ""
    tracking_number: Word = ""
    buyer_message: Word = ""
    user_id: Word = ""
    rts_sla_time: int = 0
    tts_sla_time: int = 0


class Orders(Struct, frozen=True):
    orders: tuple[Order, ...]


def state(said: Order) -> RemoteState:
    """Where the order stands. A wish to cancel counts while the goods have not left."""
    known = STATES.get(said.status, RemoteState.PLACED)
    return RemoteState.CANCEL_REQUESTED if said.is_buyer_request_cancel and known in _BEFORE_LEAVING else known


def order(said: Order, currency: str) -> RemoteOrder:
    """One order. Its sums agree: total = lines + shipping fee - discount.

    A line's price is what its units are sold at, discounts of seller and platform taken off (`sale_price`). Units
    cancelled out of an order that goes on are left out of the lines, and the total is then what the others cost; an
    order that is cancelled whole keeps its lines. Raises: ValueError for an order without any unit.
    """
    units = list({str(unit.id): unit for unit in said.line_items}.values())
    if not units:
        raise ValueError("an order without its line items")
    kept = [unit for unit in units if STATES.get(unit.display_status) is not RemoteState.CANCELLED]
    is_partly_cancelled = 0 < len(kept) < len(units)
    kept = kept or units
    money = said.payment.currency or next((unit.currency for unit in units if unit.currency), currency)
    lines = _lines(kept, money)
    goods = sum(line.unit_price_minor * line.quantity for line in lines)
    fee, paid = minor(said.payment.shipping_fee, money), said.payment.total_amount
    total = goods + fee if paid is None or is_partly_cancelled else minor(paid, money)
    fee = max(fee, total - goods)
    place, deadline = said.recipient_address, said.rts_sla_time or said.tts_sla_time
    wish = ",cancel_requested" if said.is_buyer_request_cancel else ""
    return RemoteOrder(
        external_id=str(said.id),
        state=state(said),
        # The wish is part of it: it comes and goes without a change of status.
        raw_state=f"{said.status}{wish}",
        placed_at=moment(said.create_time),
        updated_at=moment(said.update_time),
        currency=money,
        lines=lines,
        buyer_name=str(place.name),
        buyer_phone="" if "*" in str(place.phone_number) else str(place.phone_number),
        buyer_ref=str(said.user_id),
        address=_address(place),
        is_cod=said.is_cod,
        total_minor=total,
        shipping_fee_minor=fee,
        discount_minor=goods + fee - total,
        note=str(said.buyer_message),
        tracking_no=_tracking_no(said, kept),
        packages=_packages(said, kept),
        ship_by=moment(deadline) if deadline else None,
    )


def _lines(units: Sequence[Unit], currency: str) -> tuple[RemoteLine, ...]:
    """Units summed by SKU and prices, in the order of their first appearance."""
    groups: dict[tuple[Word, Word, Word, Decimal | None, Decimal | None], list[Unit]] = {}
    for unit in units:
        group = (unit.product_id, unit.sku_id, unit.seller_sku, unit.sale_price, unit.original_price)
        groups.setdefault(group, []).append(unit)
    lines = []
    for (_, _, _, sold, listed), members in groups.items():
        first = members[0]
        price = listed if sold is None else sold
        lines.append(
            RemoteLine(
                line_ids=tuple(str(unit.id) for unit in members),
                key=ListingKey(str(first.product_id), str(first.sku_id)),
                sku=str(first.seller_sku),
                name=f"{first.product_name} - {first.sku_name}" if first.sku_name else str(first.product_name),
                quantity=len(members),
                unit_price_minor=minor(price or Decimal(0), currency),
                list_price_minor=None if listed is None else minor(listed, currency),
            )
        )
    return tuple(lines)


def _tracking_no(said: Order, units: Sequence[Unit]) -> str:
    return next((str(unit.tracking_number) for unit in units if unit.tracking_number), str(said.tracking_number))


def _packages(said: Order, units: Sequence[Unit]) -> tuple[str, ...]:
    """Packages by id, those whose units were all cancelled left out."""
    live = {str(unit.package_id) for unit in units if unit.package_status != "CANCELLED"}
    dead = {str(unit.package_id) for unit in said.line_items} - live
    named = [*(str(package.id) for package in said.packages), *(str(unit.package_id) for unit in units)]
    return tuple(dict.fromkeys(each for each in named if each and each not in dead))


def _address(place: Address) -> dict[str, str]:
    """Vietnam: L1 is the province, L2 the district, L3 the ward; a level's own name goes before its number."""
    said = {"line": place.full_address, "postcode": place.postal_code, "country": place.region_code}
    for part in place.district_info:
        level = _LEVEL_NAMES.get(part.address_level_name.lower()) or _LEVELS.get(part.address_level)
        if level:
            said.setdefault(level, part.address_name)
    return {name: str(value) for name, value in said.items() if value}


# --- shipping -------------------------------------------------------------------------------------------------------


class Slot(Struct, frozen=True):
    start_time: int = 0
    end_time: int = 0
    avaliable: bool = True  # the platform's own spelling
    available: bool = True


class ShippingDocument(Struct, frozen=True):
    doc_url: str


class Handover(Struct, frozen=True):
    can_pickup: bool | None = None
    can_drop_off: bool = False
    pickup_slots: tuple[Slot, ...] = ()


def standing(said: Order) -> Shipment:
    return Shipment(_tracking_no(said, said.line_items), _packages(said, said.line_items))


def waiting_packages(said: Order) -> list[str]:
    """Packages of the order that nobody has handed over yet."""
    gone = {str(unit.package_id) for unit in said.line_items if unit.package_status not in _WAITING}
    return [each for each in standing(said).packages if each not in gone]


def handover(offer: Handover) -> dict[str, Any]:
    """How to hand a parcel over to the platform's carrier: fetched at the first free hour, else brought to it.

    Without an hour the platform makes a drop-off of a pickup by itself, so that is asked for where nothing is offered.
    """
    free = [slot for slot in offer.pickup_slots if slot.avaliable and slot.available]
    if free and offer.can_pickup is not False:
        first = min(free, key=lambda slot: slot.start_time)
        slot = {"start_time": first.start_time, "end_time": first.end_time}
        return {"handover_method": "PICKUP", "pickup_slot": slot}
    return {"handover_method": "DROP_OFF" if offer.can_drop_off else "PICKUP"}


def own_carrier(said: Order, tracking_no: str) -> dict[str, Any] | None:
    """What a parcel of the seller's own carrier is shipped with; None while its carrier or number is not known."""
    provider = next((str(unit.shipping_provider_id) for unit in said.line_items if unit.shipping_provider_id), "")
    if not (provider and tracking_no):
        return None
    return {"self_shipment": {"tracking_number": tracking_no, "shipping_provider_id": provider}}


# --- cancelling -----------------------------------------------------------------------------------------------------

_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "out_of_stock": ("seller_cancel_unpaid_reason_out_of_stock", "seller_cancel_reason_out_of_stock"),
    "customer_request": (
        "seller_cancel_unpaid_reason_buyer_requested_cancellation",
        "seller_cancel_paid_reason_buyer_requested_cancellation",
    ),
}
REASONS: Final = frozenset({"out_of_stock", "customer_request", "other"})
NO_BETTER_REASON: Final = "seller_reject_apply_product_has_been_packed"


def cancellation(asked: RemoteOrder, reason: str) -> dict[str, Any]:
    """A cancellation of the whole order. The platform has two lists of reasons, for unpaid orders and for paid ones.

    It has none of the meaning "other"; that the buyer wished it costs the shop no penalty.
    """
    unpaid, paid = _REASONS.get(reason, _REASONS["customer_request"])
    units: dict[str, int] = {}
    for line in asked.lines:
        units[line.key.model_id] = units.get(line.key.model_id, 0) + line.quantity
    return {
        "order_id": asked.external_id,
        "cancel_reason": unpaid if asked.state is RemoteState.UNPAID else paid,
        "skus": [{"sku_id": sku_id, "quantity": quantity} for sku_id, quantity in units.items()],
    }


class Cancellation(Struct, frozen=True):
    cancel_id: Word = ""
    order_id: Word = ""
    cancel_type: str = ""
    cancel_status: str = ""
    role: str = ""


class Cancellations(Struct, frozen=True):
    cancellations: tuple[Cancellation, ...] | None = None
    total_count: int | None = None


def open_requests(found: Sequence[Cancellation], order_id: str) -> list[str]:
    """Ids of the buyer's requests to cancel this order that nobody has answered."""
    return [
        str(one.cancel_id)
        for one in found
        if one.cancel_id
        and str(one.order_id) == order_id
        and one.cancel_type in {"BUYER_CANCEL", ""}
        and one.role in {"BUYER", ""}
        and (one.cancel_status.endswith("PENDING") or not one.cancel_status)
    ]


class Reason(Struct, frozen=True):
    name: Word = ""


class Reasons(Struct, frozen=True):
    reasons: tuple[Reason, ...] = ()
