"""What the stand-in remembers of Lazada. Prices in minor units; times in unix seconds."""

from __future__ import annotations

import msgspec

DEFAULT_WAREHOUSE = "dropshipping"
DEFAULT_PUSHES = (0, 8, 10, 14)


class App(msgspec.Struct):
    """A developer's app; `types_on` are the message types it gets."""

    app_key: str
    app_secret: str
    callback_url: str = ""
    types_on: list[int] = msgspec.field(default_factory=lambda: list(DEFAULT_PUSHES))
    test: bool = False
    """A test app's tokens live 7 / 14 days, an online app's 30 / 180."""


class Seller(msgspec.Struct):
    """A seller. `apps`: keys of the apps it consented to. Rates None: as in the settings."""

    seller_id: str
    name: str
    short_code: str
    email: str
    country: str = "vn"
    currency: str = "VND"
    status: str = "ACTIVE"
    warehouses: list[str] = msgspec.field(default_factory=lambda: [DEFAULT_WAREHOUSE])
    apps: list[str] = []
    rate: float | None = None
    burst: float | None = None


class Grant(msgspec.Struct):
    """A code, access token or refresh token; `ends` is read on the clock that can be skipped."""

    kind: str
    token: str
    app_key: str
    seller_id: str
    ends: float
    used: bool = False


class Held(msgspec.Struct):
    """Units of a SKU in one warehouse: total, withheld (ordered, unpaid) and occupied (paid, not handed over)."""

    total: int
    withhold: int = 0
    occupy: int = 0

    def sellable(self) -> int:
        """What a buyer can still order."""
        return max(0, self.total - self.withhold - self.occupy)


class Sku(msgspec.Struct):
    """A sellable variant."""

    sku_id: int
    seller_sku: str
    price: int
    stock: dict[str, Held]
    name: str = ""
    barcode: str = ""
    special_price: int = 0
    special_from: str = ""
    special_to: str = ""
    status: str = "active"
    sale_prop: dict[str, str] = {}
    image: str = ""
    images: list[str] = []
    package: dict[str, str] = {}
    """Weight (kg) and sides (cm) of the parcel, as written."""
    special_starts: float = 0.0
    special_ends: float = 0.0
    """The dates of the special price on the clock that can be skipped; 0 = open."""

    def sellable(self) -> int:
        return sum(held.sellable() for held in self.stock.values())

    def is_special(self, now: float) -> bool:
        """Whether the special price holds at a moment."""
        return self.special_price > 0 and self.special_starts <= now and not 0 < self.special_ends <= now

    def selling_price(self, now: float) -> int:
        """What a buyer pays at a moment."""
        return self.special_price if self.is_special(now) else self.price


class Product(msgspec.Struct):
    """A listing of a seller."""

    item_id: int
    seller_id: str
    name: str
    skus: list[Sku]
    created_at: float
    updated_at: float
    category: str = "10000201"
    status: str = "Active"
    images: list[str] = []
    description: str = ""
    brand: str = "No Brand"
    brand_id: int = 0
    attributes: dict[str, str] = {}
    """Answers to the questions of the category, by name."""
    custom: list[str] = []
    """Names of choices that are the seller's own, not the category's."""
    reason: str = ""


class Units(msgspec.Struct):
    """Units of one SKU in an order that share one fate; each is a line with an id of its own, `first` and following."""

    first: int
    count: int
    item_id: int
    sku_id: int
    seller_sku: str
    name: str
    variation: str
    item_price: int
    paid_price: int
    warehouse: str
    status: str
    stage: str
    """Where the units are held: withhold, occupy, or "" when no longer held."""
    package_id: str = ""
    tracking: str = ""
    reason: str = ""
    updated_at: float = 0.0
    delivered_at: float = 0.0

    def ids(self) -> range:
        return range(self.first, self.first + self.count)


class Order(msgspec.Struct):
    """An order of a seller."""

    order_id: int
    seller_id: str
    units: list[Units]
    created_at: float
    updated_at: float
    currency: str
    buyer_name: str
    buyer_phone: str
    buyer_id: str
    cod: bool = False
    note: str = ""
    shipping_fee: int = 0
    address: dict[str, str] = {}

    def count(self) -> int:
        return sum(run.count for run in self.units)

    def price(self) -> int:
        """Sum of the items, minor units."""
        return sum(run.paid_price * run.count for run in self.units)

    def statuses(self) -> list[str]:
        """Each status among the units, once."""
        return list(dict.fromkeys(run.status for run in self.units))

    def find(self, unit_id: int) -> Units | None:
        for run in self.units:
            if run.first <= unit_id < run.first + run.count:
                return run
        return None


class Reverse(msgspec.Struct):
    """A buyer's wish to cancel or return, for some units, which share one fate; the ids of its lines follow its own.

    `due` is read on the clock that can be skipped, `due_at` is shown to callers; 0 = none. `records`: (moment, who, what)
    of every change.
    """

    reverse_id: int
    order_id: int
    seller_id: str
    request_type: str
    status: str
    unit_ids: list[int]
    reason: str
    created_at: float
    updated_at: float
    to_seller: bool = True
    """Goods come back to the seller (RTM), else to a warehouse of the platform (RTW)."""
    ofc_status: str = ""
    tracking: str = ""
    in_dispute: bool = False
    refusal: str = ""
    due: float = 0.0
    due_at: float = 0.0
    records: list[tuple[float, str, str]] = []

    def line_ids(self) -> range:
        return range(self.reverse_id + 1, self.reverse_id + 1 + len(self.unit_ids))


def split(order: Order, unit_ids: set[int]) -> list[Units]:
    """Divide the runs of an order so that some hold exactly `unit_ids`; returns those, in order."""
    runs: list[Units] = []
    chosen: list[Units] = []
    for run in order.units:
        wanted = [unit_id in unit_ids for unit_id in run.ids()]
        if all(wanted) or not any(wanted):
            pieces = [(run, wanted[0])]
        else:
            pieces, start = [], 0
            for at in range(1, run.count + 1):
                if at == run.count or wanted[at] != wanted[start]:
                    piece = msgspec.structs.replace(run, first=run.first + start, count=at - start)
                    pieces.append((piece, wanted[start]))
                    start = at
        runs.extend(piece for piece, _ in pieces)
        chosen.extend(piece for piece, taken in pieces if taken)
    order.units = runs
    return chosen
