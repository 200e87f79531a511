"""What the stand-in remembers of WooCommerce. Prices in minor units; times in unix seconds."""

from __future__ import annotations

from typing import Any

import msgspec


class Shop(msgspec.Struct):
    """A web shop, on a host of its own in life. `rate` in calls a second of its host; None: as in the settings."""

    shop_id: str
    name: str
    currency: str = "VND"
    utc_offset_h: float = 7.0
    """The site's clock: dates without `_gmt` behind their name follow it."""
    shipping_fee: int = 0
    rate: float | None = None
    burst: float | None = None


class Key(msgspec.Struct):
    """A pair of REST keys. `permissions`: read, write or read_write."""

    consumer_key: str
    consumer_secret: str
    shop_id: str
    permissions: str = "read_write"


class Product(msgspec.Struct):
    """A product, or a variation of one (`parent_id`). Both are numbered alike."""

    id: int
    shop_id: str
    name: str
    sku: str
    created_at: float
    modified_at: float
    type: str = "simple"
    parent_id: int = 0
    variations: list[int] = []
    status: str = "publish"
    regular_price: int | None = None
    sale_price: int | None = None
    manage_stock: bool = True
    stock_quantity: int | None = 0
    stock_status: str = "instock"
    backorders: str = "no"
    held: int = 0
    """Units of unpaid orders, kept from other buyers until they are paid or lapse; not part of `stock_quantity`."""
    description: str = ""
    barcode: str = ""
    attributes: list[dict[str, Any]] = []
    images: list[str] = []
    meta_data: list[dict[str, Any]] = []
    categories: list[int] = []
    short_description: str = ""
    weight: str = ""
    dimensions: dict[str, str] = {}
    alts: list[str] = []
    sale_from: float | None = None
    sale_to: float | None = None
    """First and last second of the sale price on the clock that can be skipped; None = open."""

    def price(self, now: float) -> int | None:
        """What a buyer pays at a moment; None: not for sale."""
        return self.sale_price if self.on_sale(now) else self.regular_price

    def on_sale(self, now: float) -> bool:
        """A sale price counts only below the regular one, and from its first to its last second."""
        if self.sale_price is None or self.regular_price is None or self.sale_price >= self.regular_price:
            return False
        return (self.sale_from is None or self.sale_from <= now) and (self.sale_to is None or int(now) <= self.sale_to)


class Term(msgspec.Struct):
    """A category of products, an attribute of the shop, or a value of one. `kind`: category, attribute, value.<attribute>."""

    id: int
    shop_id: str
    kind: str
    name: str
    parent: int = 0
    is_gone: bool = False


class Line(msgspec.Struct):
    """A line of an order. `reduced`: units taken out of the stock for it; `held`: units kept while unpaid."""

    id: int
    name: str
    product_id: int
    variation_id: int
    quantity: int
    sku: str
    price: int
    parent_name: str | None = None
    reduced: int = 0
    held: int = 0

    def sold(self) -> int:
        """The number of what was sold: the variation, or the product that has none."""
        return self.variation_id or self.product_id


class Refund(msgspec.Struct):
    """Money given back. `lines`: (line id, units, amount of the line)."""

    id: int
    amount: int
    reason: str
    created_at: float
    lines: list[tuple[int, int, int]] = []
    by_gateway: bool = False


class Note(msgspec.Struct):
    """A note on an order; `for_customer`: the buyer gets it by mail."""

    id: int
    text: str
    created_at: float
    for_customer: bool = False


class Order(msgspec.Struct):
    """An order of a shop."""

    id: int
    shop_id: str
    status: str
    lines: list[Line]
    created_at: float
    modified_at: float
    currency: str
    billing: dict[str, str]
    payment_method: str
    payment_title: str
    shipping_item: int
    shipping_total: int = 0
    customer_note: str = ""
    transaction_id: str = ""
    paid_at: float | None = None
    completed_at: float | None = None
    held_until: float = 0.0
    """When an unpaid order lapses, on the clock that can be skipped."""
    shipping: dict[str, str] = {}
    refunds: list[Refund] = []
    notes: list[Note] = []
    meta_data: list[dict[str, Any]] = []

    def total(self) -> int:
        """What the buyer pays, minor units."""
        return sum(line.price * line.quantity for line in self.lines) + self.shipping_total

    def refunded(self) -> int:
        """What was given back, minor units."""
        return sum(one.amount for one in self.refunds)

    def line(self, line_id: int) -> Line | None:
        for line in self.lines:
            if line.id == line_id:
                return line
        return None


class Webhook(msgspec.Struct):
    """Where news of one topic go. `failures`: deliveries that failed in a row."""

    id: int
    shop_id: str
    name: str
    topic: str
    delivery_url: str
    secret: str
    created_at: float
    modified_at: float
    status: str = "active"
    failures: int = 0

    @property
    def resource(self) -> str:
        return self.topic.partition(".")[0]

    @property
    def event(self) -> str:
        return self.topic.partition(".")[2]
