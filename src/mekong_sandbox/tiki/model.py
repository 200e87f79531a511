"""What the stand-in remembers of Tiki. Prices in đồng; times in unix seconds."""

from __future__ import annotations

from typing import Any

import msgspec

SCOPES = ("offline", "product", "order", "inventory", "multichannel", "fulfillment")
CATEGORY = 27528
ENABLED, DISABLED, HIDDEN = 1, 2, 3
SHIPPING_FEE = 15_000
"""What a buyer pays for the delivery of an order, đồng."""


class App(msgspec.Struct):
    """A developer's app. `owner` 0: a public app; else in-house, of that seller alone."""

    app_key: str
    app_secret: str
    owner: int = 0
    auth_method: str = ""
    """client_secret_basic or client_secret_post, as the app was registered; "" takes both."""
    redirect_uris: list[str] = []
    """Where consent may lead back to; none = anywhere."""
    scopes: list[str] = msgspec.field(default_factory=lambda: list(SCOPES))
    rate: float | None = None
    """Calls a second; None = as in the settings, 0 = no limit, neither a second nor a minute."""
    burst: float | None = None


class Warehouse(msgspec.Struct):
    """A place a seller ships from; orders call it the seller's inventory."""

    id: int
    name: str


class Seller(msgspec.Struct):
    """A seller. `apps`: client ids it consented to. `operation_models`: the first is how its orders are fulfilled."""

    seller_id: int
    sid: str
    name: str
    operation_models: list[str]
    warehouses: list[Warehouse]
    created_at: float
    apps: list[str] = []
    is_active: bool = True
    can_update_product: bool = True

    def warehouse(self, warehouse_id: int) -> Warehouse | None:
        return next((one for one in self.warehouses if one.id == warehouse_id), None)


class Grant(msgspec.Struct):
    """A code, access token or refresh token; `ends` is read on the clock that can be skipped. `seller_id` 0: the app."""

    kind: str
    token: str
    app_key: str
    seller_id: int
    scopes: list[str]
    ends: float
    redirect_uri: str = ""
    used: bool = False

    def allows(self, scope: str) -> bool:
        """Whether a call that needs `scope` may be made; `all` is deprecated and still alive."""
        return scope in self.scopes or "all" in self.scopes


class Held(msgspec.Struct):
    """Units of a product in one warehouse. `available` counts the `reserved` ones: those of orders not handed over."""

    available: int
    reserved: int = 0

    def sellable(self) -> int:
        """What a buyer can still order."""
        return max(0, self.available - self.reserved)


class Product(msgspec.Struct):
    """A sellable product of a seller, of its own or one of the variants under a super product (`super_id`)."""

    product_id: int
    seller_id: int
    master_id: int
    original_sku: str
    family: str
    """Name without the options."""
    price: int
    market_price: int
    stock: dict[int, Held]
    created_at: float
    updated_at: float
    super_id: int = 0
    options: list[str] = []
    barcode: str = ""
    description: str = ""
    status: int = ENABLED
    category_id: int = CATEGORY
    images: list[str] = []
    version: int = 1
    attributes: dict[str, Any] = {}
    """Answers to the questions of the category, by code."""

    @property
    def item_id(self) -> int:
        """What shoppers open: the super product, or the product itself."""
        return self.super_id or self.product_id

    @property
    def name(self) -> str:
        return " - ".join([self.family, *self.options])

    @property
    def sku(self) -> str:
        """Tiki's own code."""
        return str(8_000_000_000_000 + self.product_id)

    def sellable(self) -> int:
        return sum(held.sellable() for held in self.stock.values())


class Item(msgspec.Struct):
    """A line of an order. `confirmation`: waiting, seller_confirmed or seller_canceled. `is_held`: still reserved."""

    item_id: int
    product_id: int
    original_sku: str
    name: str
    price: int
    quantity: int
    warehouse_id: int
    confirmation: str = "waiting"
    confirmed_at: float = 0.0
    is_held: bool = True


class Order(msgspec.Struct):
    """An order of a seller."""

    order_id: int
    code: str
    seller_id: int
    fulfillment_type: str
    status: str
    items: list[Item]
    created_at: float
    updated_at: float
    buyer_name: str
    buyer_phone: str
    is_cod: bool
    is_paid: bool
    note: str = ""
    address: dict[str, str] = {}
    tracking: str = ""
    pickup_time: str = ""
    ready_at: float = 0.0
    """When a confirmed order becomes ready to ship, on the clock that can be skipped."""
    cancel_by: str = ""
    cancel_reason: str = ""
    history: list[tuple[str, float]] = []

    def kept(self) -> list[Item]:
        """The items that are to be delivered; all of them once the whole order is cancelled."""
        return [item for item in self.items if item.confirmation != "seller_canceled"] or self.items

    def subtotal(self) -> int:
        return sum(item.price * item.quantity for item in self.kept())

    def total(self) -> int:
        """What the buyer pays."""
        return self.subtotal() + SHIPPING_FEE


class Review(msgspec.Struct):
    """A request for new products, or for changed facts of one, that the platform decides on."""

    track_id: str
    request_id: str
    seller_id: int
    kind: str
    """create_product or update_product_info."""
    content: dict[str, Any]
    created_at: float
    starts: float
    """When it was sent, on the clock that can be skipped."""
    state: str = "queuing"
    reason: str = ""
    decided_at: float = 0.0
    product_ids: list[int] = []


class Queue(msgspec.Struct):
    """A queue of events of an app. `ack_id` and `last`: the batch that is out, and the number of its last event."""

    code: str
    name: str
    app_key: str
    status: str = "ACTIVE"
    ack_id: str = ""
    last: int = 0


class Subscription(msgspec.Struct):
    """A seller's wish to have its events of one type in a queue."""

    code: str
    queue: str
    seller_id: int
    event_type: str
    is_active: bool = True


class Event(msgspec.Struct):
    """Something that happened, waiting in a queue until it is acknowledged; seen from `due` on (skippable clock)."""

    number: int
    event_id: str
    queue: str
    sid: str
    type: str
    version: str
    payload: dict[str, Any]
    created_at: float
    due: float
