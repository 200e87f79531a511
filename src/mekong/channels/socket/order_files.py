"""Files of orders that sellers export from a platform's seller centre: which column holds what, what its words mean.

A connector ships its layout as `orders_file.toml` beside its manifest. Headers are the platform's own, every generation
of them; a file whose headers are none of these is asked about once, and the answer is remembered.
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from mekong.channels.socket import RemoteState


class OrderField(enum.StrEnum):
    """What a column of an order export may hold. Those of an order repeat on each of its rows."""

    ORDER = "order"
    STATUS = "status"
    PLACED = "placed"
    SKU = "sku"
    PRODUCT_SKU = "product_sku"
    """The SKU of the whole product, for rows whose variant has none."""
    NAME = "name"
    VARIATION = "variation"
    QUANTITY = "quantity"
    PRICE = "price"
    """What the buyer pays for one unit, before vouchers of the order."""
    SUBTOTAL = "subtotal"
    """What the buyer pays for the row, where the file has no price of a unit."""
    LINE = "line"
    TRACKING = "tracking"
    PACKAGE = "package"
    UPDATED = "updated"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    SHIP_BY = "ship_by"
    BUYER = "buyer"
    RECIPIENT = "recipient"
    PHONE = "phone"
    PROVINCE = "province"
    DISTRICT = "district"
    WARD = "ward"
    STREET = "street"
    NOTE = "note"
    PAYMENT = "payment"
    SHIPPING_FEE = "shipping_fee"
    DISCOUNT = "discount"


NEEDED = (OrderField.ORDER, OrderField.STATUS, OrderField.PLACED, OrderField.SKU, OrderField.PRICE)
"""Without these no order can be booked; `QUANTITY` is needed too where a row is not one unit."""


@dataclass(frozen=True)
class OrderFileLayout:
    """`states`: a status text, as `plain` has it, to its step; one that ends in "*" stands for all that begin so."""

    columns: Mapping[OrderField, Sequence[str]] = field(default_factory=dict)
    states: Mapping[str, RemoteState] = field(default_factory=dict)
    row_is_unit: bool = False
    cod_words: Sequence[str] = ()

    def state_of(self, text: str) -> RemoteState | None:
        said = plain(text)
        if said in self.states:
            return self.states[said]
        return next(
            (to for known, to in self.states.items() if known[-1:] == "*" and said.startswith(known[:-1])), None
        )


def plain(text: str) -> str:
    """A word of the platform as it is compared: blanks and case do not matter."""
    return " ".join(text.split()).casefold()


def read_order_file_layout(package: str) -> OrderFileLayout | None:
    """The layout that a connector's package ships; None when it ships none."""
    shipped = files(package).joinpath("orders_file.toml")
    if not shipped.is_file():
        return None
    said = tomllib.loads(shipped.read_text("utf-8"))
    return OrderFileLayout(
        columns={OrderField(name): tuple(headers) for name, headers in said["columns"].items()},
        states={plain(text): RemoteState(step) for text, step in said["states"].items()},
        row_is_unit=said.get("row_is_unit", False),
        cod_words=tuple(plain(word) for word in said.get("cod_words", ())),
    )
