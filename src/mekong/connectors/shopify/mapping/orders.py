"""Orders, and the steps that carry them out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from msgspec import Struct

from mekong.channels.socket import ListingKey, OrderRef, RemoteLine, RemoteOrder, RemoteState
from mekong.connectors.shopify.mapping import Node, PageInfo, UserError, Word, minor, moment, number
from mekong.connectors.shopify.mapping.products import key

FULFILMENT: Final[Mapping[str, RemoteState | None]] = {
    "FULFILLED": RemoteState.SHIPPED,
    "PARTIALLY_FULFILLED": RemoteState.PLACED,  # the units that are still here decide
    "IN_PROGRESS": RemoteState.PLACED,
    "PENDING_FULFILLMENT": RemoteState.PLACED,
    "REQUEST_DECLINED": None,
    "ON_HOLD": None,
    "OPEN": None,
    "RESTOCKED": None,
    "SCHEDULED": None,
    "UNFULFILLED": None,
}
"""Where the goods are. None: nothing has been done yet, and the money decides."""

FINANCIAL: Final[Mapping[str, RemoteState]] = {
    "AUTHORIZED": RemoteState.PLACED,
    "PAID": RemoteState.PLACED,
    "PARTIALLY_REFUNDED": RemoteState.PLACED,
    "PENDING": RemoteState.UNPAID,
    "PARTIALLY_PAID": RemoteState.UNPAID,
    "EXPIRED": RemoteState.UNPAID,
    "VOIDED": RemoteState.UNPAID,
    "REFUNDED": RemoteState.CANCELLED,
}
"""Of an order whose goods nobody has touched. A status that the platform adds later reads as PLACED: the order comes in
and holds its stock until someone looks."""

_DELIVERY: Final[Mapping[str, RemoteState]] = {
    "DELIVERED": RemoteState.DELIVERED,
    "PICKED_UP": RemoteState.DELIVERED,
    "FAILURE": RemoteState.DELIVERY_FAILED,
    "NOT_DELIVERED": RemoteState.DELIVERY_FAILED,
}
_COD = re.compile(r"\bcod\b|cash[ _-]on[ _-]delivery|khi nhận hàng", re.IGNORECASE)


class Amount(Struct, frozen=True):
    amount: Decimal = Decimal(0)


class Money(Struct, frozen=True):
    """An amount in the shop's own currency; what the buyer saw in another is not asked for."""

    shopMoney: Amount = Amount()  # noqa: N815 - the platform's own name


class TaxLine(Struct, frozen=True):
    priceSet: Money = Money()  # noqa: N815 - the platform's own name


class LineVariant(Struct, frozen=True):
    id: Word
    inventoryItem: Node | None = None  # noqa: N815 - the platform's own name


class Line(Struct, frozen=True):
    """`quantity` as ordered; `currentQuantity` without the units removed and refunded since."""

    id: Word
    name: str = ""
    sku: str = ""
    quantity: int = 0
    currentQuantity: int | None = None  # noqa: N815 - the platform's own name
    product: Node | None = None
    variant: LineVariant | None = None
    originalUnitPriceSet: Money | None = None  # noqa: N815 - the platform's own name
    discountedUnitPriceAfterAllDiscountsSet: Money | None = None  # noqa: N815 - the platform's own name
    taxLines: tuple[TaxLine, ...] = ()  # noqa: N815 - the platform's own name

    @property
    def left(self) -> int:
        return self.quantity if self.currentQuantity is None else self.currentQuantity


class Lines(Struct, frozen=True):
    nodes: tuple[Line, ...] = ()
    pageInfo: PageInfo = PageInfo()  # noqa: N815 - the platform's own name


class Address(Struct, frozen=True):
    name: str = ""
    phone: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    province: str = ""
    zip: Word = ""
    countryCodeV2: str = ""  # noqa: N815 - the platform's own name


class Customer(Struct, frozen=True):
    id: Word
    displayName: str = ""  # noqa: N815 - the platform's own name


class Tracking(Struct, frozen=True):
    number: Word = ""


class Fulfilment(Struct, frozen=True):
    status: str = ""
    displayStatus: str = ""  # noqa: N815 - the platform's own name
    trackingInfo: tuple[Tracking, ...] = ()  # noqa: N815 - the platform's own name


class Order(Struct, frozen=True):
    id: Word
    createdAt: str  # noqa: N815 - the platform's own name
    updatedAt: str  # noqa: N815 - the platform's own name
    cancelledAt: str = ""  # noqa: N815 - the platform's own name
    displayFinancialStatus: str = ""  # noqa: N815 - the platform's own name
    displayFulfillmentStatus: str = ""  # noqa: N815 - the platform's own name
    currencyCode: str = ""  # noqa: N815 - the platform's own name
    taxesIncluded: bool = True  # noqa: N815 - the platform's own name
    note: str = ""
    phone: str = ""
    paymentGatewayNames: tuple[str, ...] = ()  # noqa: N815 - the platform's own name
    totalPriceSet: Money | None = None  # noqa: N815 - the platform's own name
    currentTotalPriceSet: Money | None = None  # noqa: N815 - the platform's own name
    totalShippingPriceSet: Money = Money()  # noqa: N815 - the platform's own name
    customer: Customer | None = None
    shippingAddress: Address = Address()  # noqa: N815 - the platform's own name
    fulfillments: tuple[Fulfilment, ...] = ()
    lineItems: Lines = Lines()  # noqa: N815 - the platform's own name

    @property
    def is_cod(self) -> bool:
        return any(_COD.search(name) for name in self.paymentGatewayNames)

    @property
    def parcels(self) -> list[Fulfilment]:
        return [each for each in self.fulfillments if each.status.upper() not in {"CANCELLED", "ERROR", "FAILURE"}]


class ChangedOrder(Struct, frozen=True):
    id: Word
    updatedAt: str = ""  # noqa: N815 - the platform's own name


class OrderPage(Struct, frozen=True):
    nodes: tuple[ChangedOrder, ...] = ()
    pageInfo: PageInfo = PageInfo()  # noqa: N815 - the platform's own name

    @property
    def refs(self) -> list[OrderRef]:
        """Each once. Raises: ValueError."""
        found = {number(each.id): moment(each.updatedAt) if each.updatedAt else None for each in self.nodes}
        return [OrderRef(one, at) for one, at in found.items()]


def state(said: Order) -> RemoteState:
    """An order is cancelled, or as far as its goods are, or, while these wait, as far as its money is.

    Paid in cash at the door it is placed at once: the money is pending till the end.
    """
    if said.cancelledAt:
        return RemoteState.CANCELLED
    goods = FULFILMENT.get(said.displayFulfillmentStatus.upper())
    if goods is RemoteState.SHIPPED:
        arrived = {_DELIVERY.get(each.displayStatus.upper(), RemoteState.SHIPPED) for each in said.parcels}
        # A parcel on its way is not done yet; one that failed needs somebody's care before one that arrived.
        for least in (RemoteState.SHIPPED, RemoteState.DELIVERY_FAILED, RemoteState.DELIVERED):
            if least in arrived:
                return least
    if goods is not None:
        return goods
    money = FINANCIAL.get(said.displayFinancialStatus.upper(), RemoteState.PLACED)
    return RemoteState.PLACED if money is RemoteState.UNPAID and said.is_cod else money


def order(said: Order, more: Sequence[Line], currency: str) -> RemoteOrder:
    """One order. Its sums agree: total = lines + shipping fee - discount. `more`: lines beyond those of the first page.

    A line's price is what the buyer pays a unit, all discounts taken off and tax added where prices are without it,
    rounded up; what that is too much goes to the discount, as does a discount on shipping, and a tip to the fee. Units
    removed from an order that goes on are left out of the lines, and the total is then what the others cost; an order
    that is cancelled, or returned whole, keeps its lines.
    """
    money = said.currencyCode or currency
    items = [*said.lineItems.nodes, *more]
    goes_on = not said.cancelledAt and any(item.left > 0 for item in items)
    counted = [(item, item.left if goes_on else item.quantity) for item in items]
    lines = tuple(_line(item, units, money, taxes_included=said.taxesIncluded) for item, units in counted if units > 0)
    goods = sum(line.unit_price_minor * line.quantity for line in lines)
    fee = minor(said.totalShippingPriceSet.shopMoney.amount, money)
    paid = (said.currentTotalPriceSet or said.totalPriceSet) if goes_on else said.totalPriceSet
    total = goods + fee if paid is None else minor(paid.shopMoney.amount, money)
    fee = max(fee, total - goods)
    place = said.shippingAddress
    numbers = (str(tracking.number) for parcel in said.parcels for tracking in parcel.trackingInfo if tracking.number)
    standing = state(said)
    return RemoteOrder(
        external_id=number(said.id),
        state=standing,
        raw_state=_raw(said),
        placed_at=moment(said.createdAt),
        updated_at=moment(said.updatedAt),
        currency=money,
        lines=lines,
        buyer_name=place.name or (said.customer.displayName if said.customer else ""),
        buyer_phone=place.phone or said.phone,
        buyer_ref=number(said.customer.id) if said.customer else "",
        address=_address(place),
        is_cod=said.is_cod,
        total_minor=total,
        shipping_fee_minor=fee,
        discount_minor=goods + fee - total,
        note=said.note,
        tracking_no=next(numbers, ""),
    )


def _raw(said: Order) -> str:
    """The platform has no one word for where an order stands: those of its money, its goods and its parcel."""
    if said.cancelledAt:
        return "cancelled"
    words = [said.displayFinancialStatus, said.displayFulfillmentStatus]
    words += sorted({parcel.displayStatus for parcel in said.parcels})
    return "/".join(word.lower() for word in words if word)


def _line(item: Line, units: int, currency: str, *, taxes_included: bool) -> RemoteLine:
    listed = item.originalUnitPriceSet.shopMoney.amount if item.originalUnitPriceSet else None
    paid = item.discountedUnitPriceAfterAllDiscountsSet
    gross = (paid.shopMoney.amount if paid else listed or Decimal(0)) * item.quantity
    if not taxes_included:
        gross += sum((tax.priceSet.shopMoney.amount for tax in item.taxLines), Decimal(0))
    variant, product = item.variant, item.product
    return RemoteLine(
        line_ids=(number(item.id),),
        key=key(product.id, variant.id, variant.inventoryItem.id)
        if product and variant and variant.inventoryItem
        else ListingKey(number(product.id) if product else ""),
        sku=item.sku,
        name=item.name,
        quantity=units,
        unit_price_minor=math.ceil(Fraction(minor(gross, currency), max(item.quantity, units))),
        list_price_minor=None if listed is None else minor(listed, currency),
    )


def _address(place: Address) -> dict[str, str]:
    """Vietnam has no provinces at the platform: the city is one, unless a province is given."""
    said = {
        "line": ", ".join(part for part in (place.address1, place.address2) if part),
        "district": place.city if place.province else "",
        "province": place.province or place.city,
        "postcode": place.zip,
        "country": place.countryCodeV2,
    }
    return {name: str(value) for name, value in said.items() if value}


# --- fulfilment -----------------------------------------------------------------------------------------------------


class Parcel(Struct, frozen=True):
    """A fulfilment order: goods of an order that one location sends."""

    id: Word
    status: str = ""

    @property
    def is_open(self) -> bool:
        return self.status.upper() in {"OPEN", "IN_PROGRESS"}


class Parcels(Struct, frozen=True):
    nodes: tuple[Parcel, ...] = ()


class Fulfilled(Struct, frozen=True):
    userErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name


class Cancelled(Struct, frozen=True):
    orderCancelUserErrors: tuple[UserError, ...] = ()  # noqa: N815 - the platform's own name
