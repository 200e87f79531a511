"""Orders, and the one word the seller gives about each: whether the goods are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from mekong.channels.socket import ListingKey, RemoteLine, RemoteOrder, RemoteState
from mekong.connectors.tiki.mapping import Paging, Word, minor, moment

STATES: Final[Mapping[str, RemoteState]] = {
    "waiting_payment": RemoteState.UNPAID,
    "payment_review": RemoteState.UNPAID,
    "paid": RemoteState.PLACED,
    "processing": RemoteState.PLACED,
    "queueing": RemoteState.PLACED,
    "holded": RemoteState.PLACED,
    "picking": RemoteState.PLACED,
    "packaging": RemoteState.PLACED,
    "finished_packing": RemoteState.PACKED,
    "ready_to_ship": RemoteState.READY_TO_SHIP,
    "handover_to_partner": RemoteState.SHIPPED,
    "shipping": RemoteState.SHIPPED,
    "successful_delivery": RemoteState.DELIVERED,
    "delivered": RemoteState.DELIVERED,
    "complete": RemoteState.COMPLETED,
    "closed": RemoteState.COMPLETED,
    "canceled": RemoteState.CANCELLED,
    "returned": RemoteState.RETURNED,
}
"""A status the platform adds later reads as PLACED: the order comes in and holds its stock until someone looks."""

_REFUSED = "seller_canceled"


class OrderHead(Struct, frozen=True):
    """A row of the list, as far as it tells which orders to fetch."""

    code: Word
    created_at: Word = ""
    updated_at: Word = ""


class OrderPage(Struct, frozen=True):
    data: tuple[OrderHead, ...] = ()
    paging: Paging = Paging()


class ItemProduct(Struct, frozen=True):
    id: Word
    name: Word = ""
    seller_product_code: Word = ""


class Confirmation(Struct, frozen=True):
    status: str = ""
    available_confirm_sla: Word = ""
    pickup_confirm_sla: Word = ""


class ItemInvoice(Struct, frozen=True):
    price: Decimal | None = None
    quantity: int = 0


class Item(Struct, frozen=True):
    id: int
    product: ItemProduct
    confirmation: Confirmation = Confirmation()
    price: Decimal | None = None
    qty: int | None = None
    invoice: ItemInvoice = ItemInvoice()
    seller_inventory_id: Word = ""


class Address(Struct, frozen=True):
    full_name: Word = ""
    street: Word = ""
    ward: Word = ""
    district: Word = ""
    region: Word = ""
    country: Word = ""
    phone: Word = ""


class Shipping(Struct, frozen=True):
    tracking_code: Word = ""
    address: Address = Address()


class Payment(Struct, frozen=True):
    method: str = ""
    is_prepaid: bool = False


class Customer(Struct, frozen=True):
    id: Word = ""
    full_name: Word = ""


class Invoice(Struct, frozen=True):
    grand_total: Decimal | None = None
    shipping_amount_after_discount: Decimal = Decimal(0)


class TikiWarehouse(Struct, frozen=True):
    code: Word = ""


class Order(Struct, frozen=True):
    code: Word
    created_at: Word
    status: str = ""
    updated_at: Word = ""
    fulfillment_type: str = ""
    items: tuple[Item, ...] = ()
    shipping: Shipping = Shipping()
    payment: Payment = Payment()
    customer: Customer = Customer()
    invoice: Invoice = Invoice()
    tiki_warehouse: TikiWarehouse = TikiWarehouse()

    @property
    def state(self) -> RemoteState:
        return STATES.get(self.status.lower(), RemoteState.PLACED)

    @property
    def open_items(self) -> list[int]:
        """Items that the seller has not refused."""
        return [item.id for item in self.items if item.confirmation.status != _REFUSED]

    @property
    def is_waiting(self) -> bool:
        """Whether Tiki waits for the seller's word on the goods.

        An order without any such word says it by its status: that one is given to orders that wait for it.
        """
        said = {item.confirmation.status for item in self.items}
        return "waiting" in said or (said == {""} and self.status.lower() == "queueing")

    @property
    def is_tikis(self) -> bool:
        """Whether Tiki sends it from a warehouse of its own: the seller has no say in it."""
        return self.fulfillment_type.startswith("instock")

    @property
    def is_dropship(self) -> bool:
        return self.fulfillment_type == "dropship"

    @property
    def homes(self) -> list[int]:
        """Warehouses of the seller that Tiki has set down for the items."""
        named = (str(item.seller_inventory_id) for item in self.items)
        return [int(one) for one in dict.fromkeys(named) if one.isdigit() and int(one)]


def order(said: Order, currency: str) -> RemoteOrder:
    """One order. Its sums agree: total = lines + shipping fee - discount.

    A line's price is the item's; what vouchers and points take off is known for the order as a whole, so it is the
    discount. Items that the seller refused are left out of an order that goes on, and the total is then what the others
    cost; an order that is cancelled whole keeps its lines.
    """
    kept = [item for item in said.items if item.confirmation.status != _REFUSED]
    is_partly_refused = 0 < len(kept) < len(said.items)
    kept = kept or list(said.items)
    lines = [_line(item, currency) for item in kept]
    goods = sum(line.unit_price_minor * line.quantity for line in lines)
    fee = minor(said.invoice.shipping_amount_after_discount, currency)
    stated = None if is_partly_refused else said.invoice.grand_total
    total = goods + fee if stated is None else minor(stated, currency)
    fee = max(fee, total - goods)
    deadlines = [when for item in kept if (when := _deadline(item.confirmation)) is not None]
    place = said.shipping.address
    return RemoteOrder(
        external_id=str(said.code),
        state=said.state,
        raw_state=said.status,
        placed_at=moment(said.created_at),
        updated_at=moment(said.updated_at or said.created_at),
        currency=currency,
        lines=lines,
        buyer_name=str(place.full_name or said.customer.full_name),
        buyer_phone="" if "*" in str(place.phone) else str(place.phone),
        buyer_ref=str(said.customer.id),
        address=_address(place),
        is_cod=said.payment.method.lower() == "cod" and not said.payment.is_prepaid,
        total_minor=total,
        shipping_fee_minor=fee,
        discount_minor=goods + fee - total,
        tracking_no=str(said.shipping.tracking_code),
        ship_by=min(deadlines, default=None),
    )


def _line(item: Item, currency: str) -> RemoteLine:
    price = item.invoice.price if item.price is None else item.price
    return RemoteLine(
        line_ids=(str(item.id),),
        key=ListingKey(str(item.product.id)),
        sku=str(item.product.seller_product_code),
        name=str(item.product.name),
        quantity=item.invoice.quantity if item.qty is None else item.qty,
        unit_price_minor=minor(price or Decimal(0), currency),
    )


def _deadline(said: Confirmation) -> datetime | None:
    """When the goods must be confirmed, or be ready to be fetched; a text that is no time stops no order."""
    for text in (said.pickup_confirm_sla, said.available_confirm_sla):
        try:
            return moment(text)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _address(place: Address) -> dict[str, str]:
    """`region` is the province."""
    said = {
        "line": place.street,
        "ward": place.ward,
        "district": place.district,
        "province": place.region,
        "country": place.country,
    }
    return {name: str(value) for name, value in said.items() if value}


# --- confirmation ---------------------------------------------------------------------------------------------------


class SellerInventory(Struct, frozen=True):
    id: int


class InventoryMapping(Struct, frozen=True):
    tiki_warehouse_code: Word = ""
    seller_inventory_ids: tuple[int, ...] = ()


class SellerInventories(Struct, frozen=True):
    """Warehouses of the seller from which Tiki's drivers may fetch goods for a warehouse of Tiki's."""

    seller_inventories: tuple[SellerInventory, ...] = ()
    mappings: tuple[InventoryMapping, ...] = ()

    def serving(self, code: Word) -> list[int]:
        mapped = [
            one for each in self.mappings if each.tiki_warehouse_code == code for one in each.seller_inventory_ids
        ]
        return mapped or [each.id for each in self.seller_inventories]


class SellerWarehouse(Struct, frozen=True):
    id: int
    status: bool | int | str = 1

    @property
    def is_active(self) -> bool:
        return str(self.status).lower() not in {"0", "2", "disabled", "false", "inactive"}


def warehouse(named: Sequence[int], homes: Sequence[int]) -> int | None:
    """Where an order is fetched: of the warehouses named for it, the one the account prefers to sell from."""
    return next((one for one in homes if one in named), next(iter((*named, *homes)), None))


_SLOT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?")


def first_pickup(said: Any) -> str:
    """The earliest time at which a driver may come, as the platform wrote it; "" where none is offered.

    The reply's shape is not documented: any time in it is taken, first those under the name that the confirmation uses.
    """
    named: list[str] = []
    others: list[str] = []
    for name, text in _texts(said):
        (named if name == "expected_pickup_time" else others).append(text)
    return min(named or others, default="")


def _texts(said: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(said, dict):
        for key, value in said.items():
            yield from _texts(value, key)
    elif isinstance(said, list):
        for value in said:
            yield from _texts(value, name)
    elif isinstance(said, str) and _SLOT.fullmatch(said):
        yield name, said
