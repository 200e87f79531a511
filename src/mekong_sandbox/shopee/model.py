"""What the stand-in remembers of Shopee. Prices in minor units; times in unix seconds."""

from __future__ import annotations

import msgspec

DEFAULT_LOCATION = "VNZ"
DEFAULT_PUSHES = (1, 2, 3, 4, 8, 12, 15, 29)


class App(msgspec.Struct):
    """A partner's app. `push_key` signs pushes; `codes_on` are the push codes it gets."""

    partner_id: int
    partner_key: str
    push_key: str
    callback_url: str = ""
    codes_on: list[int] = msgspec.field(default_factory=lambda: list(DEFAULT_PUSHES))
    blocked_shops: list[int] = []


class Shop(msgspec.Struct):
    """A seller's shop. `links`: partner id to the moment its authorisation ends. Rates None: as in the settings."""

    shop_id: int
    name: str
    region: str = "VN"
    currency: str = "VND"
    status: str = "NORMAL"
    locations: list[str] = msgspec.field(default_factory=lambda: [DEFAULT_LOCATION])
    multi_warehouse: bool = False
    links: dict[int, float] = {}
    linked_at: float = 0.0
    rate: float | None = None
    burst: float | None = None


class Grant(msgspec.Struct):
    """A code, access token or refresh token; `ends` is read on the clock that can be skipped."""

    kind: str
    token: str
    partner_id: int
    shop_id: int
    ends: float
    used: bool = False


class Dimension(msgspec.Struct):
    """Of the parcel, centimetres."""

    package_length: int = 20
    package_width: int = 15
    package_height: int = 3


class Model(msgspec.Struct):
    """A sellable variant, or the item itself under model id 0. `stock` is the total per location, reserved included.

    `weight_g`, `dimension`: of its own parcel, where it is not as the item's.
    """

    model_id: int
    sku: str
    price: int
    stock: dict[str, int]
    name: str = ""
    gtin: str = ""
    reserved: int = 0
    tier_index: list[int] = []
    status: str = "MODEL_NORMAL"
    weight_g: int | None = None
    dimension: Dimension | None = None

    def total(self) -> int:
        """Units in all locations, reserved included."""
        return sum(self.stock.values())

    def available(self) -> int:
        """Units a buyer can still order."""
        return max(0, sum(self.stock.values()) - self.reserved)


class Tier(msgspec.Struct):
    """One choice of an item, such as colour. `images`: ids of the pictures of its options, or none at all."""

    name: str
    options: list[str]
    images: list[str] = []


class Value(msgspec.Struct):
    """An answer to a question of the category; `value_id` 0: in own words."""

    value_id: int = 0
    original_value_name: str = ""
    value_unit: str = ""


class Answered(msgspec.Struct):
    """A question of the category with its answers."""

    attribute_id: int
    attribute_value_list: list[Value] = []


class Item(msgspec.Struct):
    """A product of a shop; without variants it has one model with id 0.

    `images`: where the pictures are; `image_ids`: their ids, where they were uploaded. `reason`: why it was banned.
    """

    item_id: int
    shop_id: int
    name: str
    sku: str
    models: list[Model]
    created_at: float
    updated_at: float
    tiers: list[Tier] = []
    description: str = ""
    category_id: int = 100240
    status: str = "NORMAL"
    images: list[str] = []
    weight_g: int = 250
    brand: str = "NoBrand"
    brand_id: int = 0
    image_ids: list[str] = []
    attributes: list[Answered] = []
    dimension: Dimension = msgspec.field(default_factory=Dimension)
    condition: str = "NEW"
    is_pre_order: bool = False
    days_to_ship: int = 2
    channels: list[int] = msgspec.field(default_factory=lambda: [50021])
    reason: str = ""

    @property
    def has_model(self) -> bool:
        return bool(self.tiers)

    def model(self, model_id: int) -> Model | None:
        for model in self.models:
            if model.model_id == model_id:
                return model
        return None


class Promoted(msgspec.Struct):
    """A variant in a discount. `stock`: units set apart at its price, 0 = no limit; `sold`: ordered of them."""

    model_id: int
    price: int
    stock: int = 0
    sold: int = 0


class PromotedItem(msgspec.Struct):
    """An item in a discount. `limit`: units of it that an order may hold, 0 = no limit."""

    item_id: int
    limit: int
    models: list[Promoted]

    def model(self, model_id: int) -> Promoted | None:
        return next((one for one in self.models if one.model_id == model_id), None)


class Discount(msgspec.Struct):
    """A discount of a shop, from second `starts` until before second `ends` of the clock that can be skipped."""

    discount_id: int
    shop_id: int
    name: str
    starts: int
    ends: int
    updated_at: float
    items: list[PromotedItem] = []

    def item(self, item_id: int) -> PromotedItem | None:
        return next((one for one in self.items if one.item_id == item_id), None)

    def status(self, now: float) -> str:
        """upcoming, ongoing or expired."""
        if now < self.starts:
            return "upcoming"
        return "ongoing" if now < self.ends else "expired"


class Line(msgspec.Struct):
    """A line of an order; name and price as sold."""

    item_id: int
    model_id: int
    quantity: int
    price: int
    original_price: int
    item_name: str
    item_sku: str
    model_name: str
    model_sku: str
    location: str
    held: int = 0
    """Units still reserved at the shop's stock."""
    promotion_id: int = 0
    """The discount it was sold in; 0 = at the price as listed."""


class Package(msgspec.Struct):
    """A parcel. `tracking_at`, `document_at`: when the number, the waybill can be had; 0 = not asked for."""

    number: str
    status: str = "LOGISTICS_READY"
    tracking: str = ""
    tracking_at: float = 0.0
    document_at: float = 0.0


class Order(msgspec.Struct):
    """An order of a shop. `former` is the status a refused cancellation returns to."""

    order_sn: str
    shop_id: int
    status: str
    lines: list[Line]
    package: Package
    created_at: float
    updated_at: float
    currency: str
    buyer_name: str
    buyer_phone: str
    buyer_id: int
    cod: bool = False
    note: str = ""
    message: str = ""
    former: str = ""
    paid_at: float = 0.0
    picked_up_at: float = 0.0
    completed_at: float = 0.0
    cancel_by: str = ""
    cancel_reason: str = ""
    buyer_cancel_reason: str = ""
    address: dict[str, str] = {}

    def total(self) -> int:
        """What the buyer pays, minor units."""
        return sum(line.price * line.quantity for line in self.lines)


class Return(msgspec.Struct):
    """A buyer's return or refund request. Amounts in minor units.

    `solution` 0: goods come back; 1: money alone. `asked`: whose answer a proposal waits for, "seller", "buyer" or ""
    (none was made); `ended`: the talk about it is over. `due` is read on the clock that can be skipped, the moments
    `…_at` are shown to callers; 0 = none.
    """

    return_sn: str
    order_sn: str
    shop_id: int
    reason: str
    status: str
    created_at: float
    updated_at: float
    lines: list[tuple[int, int, int]] = []
    """(item id, model id, units)"""
    refund: int = 0
    solution: int = 0
    bought_for: int = 0
    """What the units cost, whatever is agreed on."""
    due: float = 0.0
    due_at: float = 0.0
    ship_due_at: float = 0.0
    seller_due_at: float = 0.0
    tracking: str = ""
    logistics: str = "LOGISTICS_NOT_START"
    is_back: bool = False
    asked: str = ""
    ended: bool = False
    offer_solution: int = 0
    offer_amount: int = 0
    offer_at: float = 0.0
    dispute_reason: str = ""
    dispute_text: str = ""


class LostPush(msgspec.Struct):
    """A push that was given up; kept three days."""

    id: int
    partner_id: int
    shop_id: int
    body: bytes
    at: float
