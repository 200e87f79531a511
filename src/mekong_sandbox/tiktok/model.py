"""What the stand-in remembers of TikTok Shop. Ids are text, as on the wire; prices in minor units; times unix seconds."""

from __future__ import annotations

from itertools import pairwise

import msgspec

DEFAULT_PUSHES = (1, 4, 5, 6, 11, 12)
RANK = ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED")
"""Statuses of a unit on its way, least advanced first; CANCELLED stands beside them."""


class App(msgspec.Struct):
    """A developer's app. `redirect_url`: where the consent page leads, set in the console, never in the link.

    `callback_url`: where webhooks go that a shop has not sent elsewhere. `types_on`: the types it gets there.
    """

    app_key: str
    app_secret: str
    service_id: str
    callback_url: str = ""
    redirect_url: str = ""
    types_on: list[int] = msgspec.field(default_factory=lambda: list(DEFAULT_PUSHES))


class Webhook(msgspec.Struct):
    """Where the events of one type of a shop go."""

    address: str
    created_at: float
    updated_at: float


class Warehouse(msgspec.Struct):
    """A warehouse that sells; the first of a shop is its default."""

    warehouse_id: str
    name: str


class Shop(msgspec.Struct):
    """A local seller's shop. `apps`: keys of the apps its seller let in. Rates None: as in the settings.

    webhooks: by app key, then by name of the event.
    """

    shop_id: str
    name: str
    code: str
    cipher: str
    open_id: str
    warehouses: list[Warehouse]
    return_warehouse: str
    region: str = "VN"
    currency: str = "VND"
    shipping_type: str = "TIKTOK"
    apps: list[str] = []
    webhooks: dict[str, dict[str, Webhook]] = {}
    rate: float | None = None
    burst: float | None = None


class Grant(msgspec.Struct):
    """A code, access token or refresh token; `ends` is read on the clock that can be skipped."""

    kind: str
    token: str
    app_key: str
    shop_id: str
    ends: float
    used: bool = False


class Held(msgspec.Struct):
    """Units of a SKU in one warehouse: what can be ordered, and what is promised to orders not yet collected."""

    available: int
    committed: int = 0


class Sku(msgspec.Struct):
    """A sellable variant. `attributes`: the choice it stands for, by name. Every warehouse in `stock` is assigned."""

    sku_id: str
    seller_sku: str
    price: int
    stock: dict[str, Held]
    attributes: dict[str, str] = {}
    barcode: str = ""
    image: str = ""

    def name(self) -> str:
        return ", ".join(self.attributes.values())

    def available(self) -> int:
        return sum(held.available for held in self.stock.values())

    def committed(self) -> int:
        return sum(held.committed for held in self.stock.values())


class Answer(msgspec.Struct):
    """An answer to a question of the category. `value_id` "": in own words."""

    name: str
    value_id: str = ""


class Product(msgspec.Struct):
    """A listing of a shop.

    `answers`: by the id of the question. `reasons`: why its audit failed. `size_cm`: of the parcel.
    """

    product_id: str
    shop_id: str
    title: str
    skus: list[Sku]
    created_at: float
    updated_at: float
    status: str = "ACTIVATE"
    category_id: str = "600001"
    images: list[str] = []
    description: str = ""
    weight_g: int = 250
    answers: dict[str, list[Answer]] = {}
    brand_id: str = ""
    reasons: list[str] = []
    size_cm: dict[str, str] = {}

    def sku(self, sku_id: str) -> Sku | None:
        for sku in self.skus:
            if sku.sku_id == sku_id:
                return sku
        return None


class Terms(msgspec.Struct):
    """What an activity gives a product or a SKU: a price in minor units, or a percentage off; 0 = not this.

    `limit` of units and `per_user`: -1 = none. `sold`: units at these terms.
    """

    price: int = 0
    percent: int = 0
    limit: int = -1
    per_user: int = -1
    sold: int = 0

    def of(self, listed: int) -> int:
        """The price of a unit that costs `listed`; a percentage is rounded to the nearest minor unit."""
        return self.price or (listed * (100 - self.percent) + 50) // 100

    def left(self) -> int | None:
        """Units still to be had; None = no limit."""
        return None if self.limit < 0 else max(0, self.limit - self.sold)


class Promoted(msgspec.Struct):
    """A product in an activity: terms for all its SKUs, or of those named by id."""

    product_id: str
    terms: Terms
    skus: dict[str, Terms] = {}

    def of(self, sku_id: str) -> Terms | None:
        return self.skus.get(sku_id) if self.skus else self.terms


class Activity(msgspec.Struct):
    """A promotion of a shop. `kind`: FIXED_PRICE, DIRECT_DISCOUNT or FLASHSALE; `level`: PRODUCT or VARIATION.

    Begin and end are read on the clock that can be skipped. `products`: by id.
    """

    activity_id: str
    shop_id: str
    title: str
    kind: str
    level: str
    begins: int
    ends: int
    created_at: float
    updated_at: float
    participation: str = "BUYER_NO_LIMIT"
    products: dict[str, Promoted] = {}
    deactivated: bool = False

    def status(self, now: float) -> str:
        if self.deactivated:
            return "DEACTIVATED"
        if now >= self.ends:
            return "EXPIRED"
        return "ONGOING" if now >= self.begins else "NOT_START"


class Units(msgspec.Struct):
    """Units of one SKU in an order that share one fate; each is a line item with an id of its own, `first` and following.

    is_held: still counted as committed in `warehouse_id`.
    """

    first: int
    count: int
    product_id: str
    sku_id: str
    seller_sku: str
    product_name: str
    sku_name: str
    image: str
    original_price: int
    sale_price: int
    warehouse_id: str
    status: str
    is_held: bool = True
    package_id: str = ""
    cancel_user: str = ""
    cancel_reason: str = ""

    def ids(self) -> range:
        return range(self.first, self.first + self.count)


class Package(msgspec.Struct):
    """A parcel of an order. Statuses: TO_FULFILL, PROCESSING, FULFILLING, COMPLETED, CANCELLED."""

    package_id: str
    warehouse_id: str
    created_at: float
    updated_at: float
    status: str = "TO_FULFILL"
    tracking: str = ""
    provider_id: str = ""
    provider: str = ""
    handover_method: str = ""
    slot: tuple[int, int] | None = None


class Order(msgspec.Struct):
    """An order of a shop. Moments that have not come are 0. `track`: (moment, what happened) for the parcel's trace."""

    order_id: str
    shop_id: str
    units: list[Units]
    created_at: float
    updated_at: float
    currency: str
    buyer_name: str
    buyer_phone: str
    buyer_id: str
    shipping_type: str
    cod: bool = False
    note: str = ""
    address: dict[str, str] = {}
    packages: list[Package] = []
    paid_at: float = 0.0
    hold_ends: float = 0.0
    arranged_at: float = 0.0
    collected_at: float = 0.0
    delivered_at: float = 0.0
    cancelled_at: float = 0.0
    cancel_by: str = ""
    cancel_reason: str = ""
    cancel_asked_at: float = 0.0
    track: list[tuple[float, str]] = []

    def status(self) -> str:
        """The order's status, which follows from its units'."""
        alive = {run.status for run in self.units} - {"CANCELLED"}
        if not alive:
            return "CANCELLED"
        if "AWAITING_SHIPMENT" in alive and len(alive) > 1:
            return "PARTIALLY_SHIPPING"
        return min(alive, key=RANK.index)

    def count(self) -> int:
        return sum(run.count for run in self.units)

    def total(self) -> int:
        """What the buyer pays for the units bought, minor units."""
        return sum(run.sale_price * run.count for run in self.units)

    def package(self, package_id: str) -> Package | None:
        for package in self.packages:
            if package.package_id == package_id:
                return package
        return None


class Aftersale(msgspec.Struct):
    """A cancellation or a return of some units. `kind`: CANCEL, BUYER_CANCEL, REFUND or RETURN_AND_REFUND.

    records: (moment, who, what) of every change. The ids of its lines follow its own. `due` is read on the clock that
    can be skipped, `due_at` is shown to callers; 0 = none.
    """

    aftersale_id: str
    order_id: str
    shop_id: str
    kind: str
    status: str
    role: str
    reason: str
    unit_ids: list[int]
    created_at: float
    updated_at: float
    records: list[tuple[float, str, str]] = []
    due: float = 0.0
    due_at: float = 0.0
    tracking: str = ""

    def is_cancellation(self) -> bool:
        return self.kind in ("CANCEL", "BUYER_CANCEL")


def split(order: Order, unit_ids: set[int]) -> list[Units]:
    """Divide the runs of an order where `unit_ids` begin and end; returns the runs that hold exactly those."""
    runs: list[Units] = []
    chosen: list[Units] = []
    for run in order.units:
        inside = [unit_id in unit_ids for unit_id in run.ids()]
        edges = [0, *(at for at in range(1, run.count) if inside[at] != inside[at - 1]), run.count]
        for start, end in pairwise(edges):
            whole = end - start == run.count
            piece = run if whole else msgspec.structs.replace(run, first=run.first + start, count=end - start)
            runs.append(piece)
            if inside[start]:
                chosen.append(piece)
    order.units = runs
    return chosen
