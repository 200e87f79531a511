"""Orders."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import ListingKey, OrderRef, RemoteLine, RemoteOrder, RemoteState
from mekong.connectors.woocommerce.mapping import Word, minor, moment

STATES: Final[Mapping[str, RemoteState]] = {
    "checkout-draft": RemoteState.UNPAID,
    "auto-draft": RemoteState.UNPAID,
    "pending": RemoteState.UNPAID,
    "on-hold": RemoteState.UNPAID,
    "failed": RemoteState.UNPAID,  # the buyer may pay once more, and an order once cancelled here does not come back
    "processing": RemoteState.PLACED,
    "completed": RemoteState.SHIPPED,  # what `ship` sets: the goods have left. Whether they arrived the shop cannot say
    "refunded": RemoteState.CANCELLED,  # after the goods have left, a cancellation opens a return
    "cancelled": RemoteState.CANCELLED,
    "trash": RemoteState.CANCELLED,
}
"""A status of a plugin reads as PLACED: the order comes in and holds its stock until someone looks."""

DRAFTS: Final = frozenset({"checkout-draft", "auto-draft"})
"""A basket at the checkout, not an order yet: left out until its buyer says yes."""


class Address(Struct, frozen=True):
    first_name: Word = ""
    last_name: Word = ""
    company: Word = ""
    address_1: Word = ""
    address_2: Word = ""
    city: Word = ""
    state: Word = ""
    postcode: Word = ""
    country: Word = ""
    phone: Word = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or str(self.company)


class Item(Struct, frozen=True):
    """One row. `subtotal` is before coupons, `total` after them, both without tax, whatever the shop's prices say."""

    id: Word
    name: Word = ""
    product_id: Word = 0
    variation_id: Word = 0
    quantity: int = 0
    sku: Word = ""
    subtotal: Decimal | None = None
    subtotal_tax: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    total_tax: Decimal = Decimal(0)


class Fee(Struct, frozen=True):
    total: Decimal = Decimal(0)
    total_tax: Decimal = Decimal(0)


class Order(Struct, frozen=True):
    id: Word
    status: str = ""
    date_created_gmt: str = ""
    date_modified_gmt: str = ""
    currency: str = ""
    total: Decimal | None = None
    shipping_total: Decimal = Decimal(0)
    shipping_tax: Decimal = Decimal(0)
    customer_id: Word = 0
    customer_note: Word = ""
    payment_method: str = ""
    billing: Address | tuple[Any, ...] = ()
    shipping: Address | tuple[Any, ...] = ()
    line_items: tuple[Item, ...] = ()
    fee_lines: tuple[Fee, ...] = ()

    @property
    def updated_at(self) -> datetime:
        """Raises: ValueError."""
        return moment(self.date_modified_gmt or self.date_created_gmt)


def ref(said: Order) -> OrderRef:
    """A date that cannot be read is for the order itself to fail by, not for the list that it stands in."""
    try:
        return OrderRef(str(said.id), said.updated_at)
    except ValueError:
        return OrderRef(str(said.id))


def state(status: str) -> RemoteState:
    return STATES.get(status.removeprefix("wc-"), RemoteState.PLACED)


def order(said: Order, currency: str) -> RemoteOrder:
    """One order. Its sums agree: total = lines + shipping fee - discount.

    A line's price is what the buyer pays a unit, tax added and coupons taken off, rounded up to the minor unit; what
    that is too much goes to the discount. A surcharge (`fee_lines`) counts as part of the fee, a rebate as discount.
    Units refunded out of an order that goes on stay in its lines: the shop lists refunds apart.
    """
    money = said.currency or currency
    lines = _lines(said.line_items, money)
    goods = sum(line.unit_price_minor * line.quantity for line in lines)
    extra = sum((fee.total + fee.total_tax for fee in said.fee_lines if fee.total > 0), Decimal(0))
    fee = max(0, minor(said.shipping_total + said.shipping_tax + extra, money))
    total = goods + fee if said.total is None else minor(said.total, money)
    fee = max(fee, total - goods)
    billing = said.billing if isinstance(said.billing, Address) else Address()
    shipping = said.shipping if isinstance(said.shipping, Address) else Address()
    place = shipping if shipping.address_1 or shipping.city else billing
    return RemoteOrder(
        external_id=str(said.id),
        state=state(said.status),
        raw_state=said.status,
        placed_at=moment(said.date_created_gmt or said.date_modified_gmt),
        updated_at=said.updated_at,
        currency=money,
        lines=lines,
        buyer_name=place.name or billing.name,
        buyer_phone=str(place.phone or billing.phone),
        buyer_ref=str(said.customer_id or ""),
        address=_address(place),
        is_cod=said.payment_method == "cod",
        total_minor=total,
        shipping_fee_minor=fee,
        discount_minor=goods + fee - total,
        note=str(said.customer_note),
    )


def _lines(items: Sequence[Item], currency: str) -> tuple[RemoteLine, ...]:
    """A row whose product was deleted since keeps its words and its SKU, under the number 0."""
    return tuple(
        RemoteLine(
            line_ids=(str(item.id),),
            key=ListingKey(str(item.product_id), str(item.variation_id or "")),
            sku=str(item.sku),
            name=str(item.name),
            quantity=item.quantity,
            unit_price_minor=_unit(item.total + item.total_tax, item.quantity, currency),
            list_price_minor=None
            if item.subtotal is None
            else _unit(item.subtotal + item.subtotal_tax, item.quantity, currency),
        )
        for item in items
        if item.quantity > 0
    )


def _unit(amount: Decimal, quantity: int, currency: str) -> int:
    return math.ceil(Fraction(minor(amount, currency), quantity))


def _address(place: Address) -> dict[str, str]:
    """Vietnam has no states in the engine: plugins that add the provinces put them there, else the city is one."""
    said = {
        "line": ", ".join(str(part) for part in (place.address_1, place.address_2) if part),
        "district": place.city if place.state else "",
        "province": place.state or place.city,
        "postcode": place.postcode,
        "country": place.country,
    }
    return {name: str(value) for name, value in said.items() if value}
