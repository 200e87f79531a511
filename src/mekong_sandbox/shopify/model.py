"""What the stand-in remembers of Shopify. Prices in minor units; times in unix seconds."""

from __future__ import annotations

import msgspec


class App(msgspec.Struct):
    """A developer's app. After a rotation webhooks are signed with `former_secret` until `former_until`."""

    client_id: str
    client_secret: str
    former_secret: str = ""
    former_until: float = 0.0


class Place(msgspec.Struct):
    """A location of a shop."""

    id: int
    name: str


class Shop(msgspec.Struct):
    """A shop. `apps`: ids of the apps installed. Rates in points a second; None: as in the settings."""

    shop_id: str
    number: int
    name: str
    currency: str = "VND"
    utc_offset_h: float = 7.0
    shipping_fee: int = 0
    places: list[Place] = []
    apps: list[str] = []
    rate: float | None = None
    burst: float | None = None

    @property
    def domain(self) -> str:
        """Its address at the platform."""
        return f"{self.shop_id}.myshopify.com"


class Grant(msgspec.Struct):
    """A code, access token or refresh token; `ends` is read on the clock that can be skipped, None: never.

    `replaces`: the refresh token that this one came from. That one still works until this one is used, so that an answer
    lost on the way locks nobody out.
    """

    kind: str
    token: str
    client_id: str
    shop_id: str
    scope: str
    ends: float | None = None
    used: bool = False
    replaces: str = ""


class Level(msgspec.Struct):
    """Units of a variant at one location: what buyers can order, and what is sold but not sent."""

    available: int
    committed: int = 0
    updated_at: float = 0.0

    def on_hand(self) -> int:
        return self.available + self.committed


class Variant(msgspec.Struct):
    """A sellable variant with its inventory item. `levels`: by location id, the locations that stock it."""

    id: int
    item_id: int
    sku: str
    price: int
    levels: dict[int, Level]
    title: str = "Default Title"
    options: list[str] = []
    compare_at_price: int | None = None
    barcode: str = ""
    tracked: bool = True
    oversells: bool = False
    weight_g: int = 0
    image: str = ""

    def available(self) -> int:
        """Units that buyers can order, everywhere."""
        return sum(level.available for level in self.levels.values())


class Media(msgspec.Struct):
    """A picture of a product."""

    id: int
    url: str
    alt: str = ""


class Staged(msgspec.Struct):
    """An address that a file may be sent to."""

    key: str
    shop_id: str
    filename: str
    mime: str
    method: str


class Product(msgspec.Struct):
    """A product of a shop. `category`: key of the taxonomy's; `published_at`: in the online store, 0 = not told."""

    id: int
    shop_id: str
    title: str
    variants: list[Variant]
    created_at: float
    updated_at: float
    status: str = "ACTIVE"
    description: str = ""
    option_names: list[str] = msgspec.field(default_factory=lambda: ["Title"])
    images: list[str] = []
    media: list[Media] = []
    vendor: str = ""
    product_type: str = ""
    tags: list[str] = []
    category: str = ""
    handle: str = ""
    published_at: float = 0.0


class Line(msgspec.Struct):
    """A line of an order. `removed`: units taken out by a cancellation or a return; `sent`: units fulfilled."""

    id: int
    variant_id: int
    product_id: int
    sku: str
    title: str
    variant_title: str
    quantity: int
    price: int
    removed: int = 0
    sent: int = 0

    def current(self) -> int:
        """Units that the order still holds."""
        return self.quantity - self.removed

    def unsent(self) -> int:
        """Units still to be fulfilled."""
        return max(0, self.current() - self.sent)


class Work(msgspec.Struct):
    """A line of a fulfilment order; `left`: units still to be sent."""

    id: int
    line_id: int
    total: int
    left: int


class FulfillmentOrder(msgspec.Struct):
    """What one location has to send of an order."""

    id: int
    place_id: int
    works: list[Work]
    status: str = "OPEN"


class Fulfillment(msgspec.Struct):
    """A parcel. `lines`: (line id, units)."""

    id: int
    place_id: int
    lines: list[tuple[int, int]]
    created_at: float
    updated_at: float
    company: str = ""
    number: str = ""
    url: str = ""
    status: str = "SUCCESS"
    shown_status: str = "FULFILLED"


class Order(msgspec.Struct):
    """An order of a shop. `financial`: as the API has it, in capitals."""

    id: int
    shop_id: str
    number: int
    lines: list[Line]
    work: list[FulfillmentOrder]
    created_at: float
    updated_at: float
    currency: str
    customer_id: int
    address: dict[str, str]
    financial: str = "PAID"
    gateway: str = "manual"
    shipping_fee: int = 0
    note: str = ""
    email: str = ""
    fulfillments: list[Fulfillment] = []
    refunded: int = 0
    cancelled_at: float | None = None
    cancel_reason: str = ""
    closed_at: float | None = None

    @property
    def name(self) -> str:
        return f"#{self.number}"

    def subtotal(self) -> int:
        """Sum of the lines as ordered, minor units."""
        return sum(line.price * line.quantity for line in self.lines)

    def current_subtotal(self) -> int:
        """Sum of what the order still holds."""
        return sum(line.price * line.current() for line in self.lines)

    def total(self) -> int:
        """What was to be paid when the order was placed."""
        return self.subtotal() + self.shipping_fee

    def fulfilment(self) -> str:
        """How much of it was sent."""
        sent = sum(line.sent for line in self.lines)
        if sent == 0:
            return "UNFULFILLED"
        return "FULFILLED" if all(line.unsent() == 0 for line in self.lines) else "PARTIALLY_FULFILLED"

    def line(self, line_id: int) -> Line:
        return next(line for line in self.lines if line.id == line_id)


class Hook(msgspec.Struct):
    """A webhook subscription. `failures`: tries that failed in a row."""

    id: int
    shop_id: str
    client_id: str
    topic: str
    uri: str
    api_version: str
    created_at: float
    updated_at: float
    failures: int = 0


class Done(msgspec.Struct):
    """What a mutation with an idempotency key did: the same key with the same input gets the same answer."""

    key: str
    input: bytes
    answer: bytes
    at: float
