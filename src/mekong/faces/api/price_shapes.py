"""The shapes of price lists, promotions and vouchers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from mekong.faces.api.shapes import BIGGEST, MAX_UNITS, Body, Flag, Minor, Moment, Number, Sku, Units

Code = Annotated[str, Field(min_length=1, max_length=40, description="A to Z, digits, dots and dashes.")]
Title = Annotated[str, Field(min_length=1, max_length=120)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Priority = Annotated[int, Field(strict=True, ge=-1000, le=1000)]
BasisPoints = Annotated[int, Field(strict=True, ge=0, le=10_000, description="10000 is 100 %.")]
AnyBasisPoints = Annotated[int, Field(strict=True, ge=0, le=1_000_000, description="10000 is 100 %.")]
Layer = Annotated[int, Field(strict=True, ge=1, le=9)]
Most = Annotated[int, Field(strict=True, ge=0, le=MAX_UNITS, description="Null: no limit.")]
Budget = Annotated[int, Field(strict=True, ge=0, le=BIGGEST, description="Minor units. Null: no limit.")]
Word = Annotated[str, Field(min_length=1, max_length=64)]
Words = Annotated[list[Word], Field(max_length=5_000, default_factory=list)]
Few = Annotated[list[Word], Field(max_length=200, default_factory=list)]
Minute = Annotated[int, Field(strict=True, ge=0, le=1440)]
State = Literal["draft", "active", "paused", "ended"]
Kind = Literal[
    "percent_off", "amount_off", "fixed_price", "nth_item", "set_price", "bundle", "buy_get", "basket_percent",
    "basket_amount", "gift", "delivery_off", "points_times",
]  # fmt: skip


class AudienceIn(Body):
    """Where, when and for whom. What is empty asks nothing; all that is set must hold.

    `weekdays`: 0 is Monday. `minutes`: spans of the day in Vietnam, in minutes since midnight, the end not counted.
    `birthday_days`: so many days before and after the birthday.
    """

    channels: Few
    locations: Few
    groups: Few
    segments: Few
    tiers: Few
    payments: Few
    deliveries: Few
    weekdays: Annotated[list[Annotated[int, Field(strict=True, ge=0, le=6)]], Field(max_length=7, default_factory=list)]
    minutes: Annotated[
        list[Annotated[list[Minute], Field(min_length=2, max_length=2)]], Field(max_length=24, default_factory=list)
    ]
    birthday_days: Annotated[int, Field(strict=True, ge=0, le=31)] | None = None
    first_order_only: Flag = False

    def kept(self) -> dict[str, Any]:
        """As it is kept: without what is empty."""
        return {name: value for name, value in self.model_dump().items() if value not in ([], None, False)}


class AudienceOut(AudienceIn):
    """As it was set."""


class AttributeIn(Body):
    """A product's attribute with one of its values."""

    code: Word
    value: Annotated[str, Field(min_length=1, max_length=500)]


class ExcludedIn(Body):
    """Goods that are left out."""

    skus: Words
    products: Words
    categories: Few
    brands: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=120)]], Field(max_length=200, default_factory=list)
    ]
    attributes: Annotated[list[AttributeIn], Field(max_length=200, default_factory=list)]


class GoodsIn(ExcludedIn):
    """Which goods: SKUs, codes of products and categories, brands, attributes. Of each kind named one must fit; none: all.

    A category reaches down to those below it; SKUs and products are one kind.
    """

    excluded: ExcludedIn | None = None


class GoodsOut(GoodsIn):
    """As it was set. What the catalogue no longer has is left out."""


class PartIn(Body):
    goods: GoodsIn
    units: Number = 1


class EffectIn(Body):
    """What an offer gives. Which fields belong to it depends on `kind`; another is refused by name.

    `percent_off` (off_bp, price_step_minor), `amount_off` (off_minor), `fixed_price` (price_minor), `nth_item` (group, last,
    off_bp, most_times), `set_price` (units, price_minor, most_times), `bundle` (parts, price_minor, most_times), `buy_get` (buy,
    get, get_units, off_bp, most_times), `basket_percent` (off_bp, most_minor), `basket_amount` (off_minor, per_minor,
    most_times), `gift` (sku, units, worth_minor), `delivery_off` (off_bp, most_minor), `points_times` (times_bp).
    """

    kind: Kind
    off_bp: AnyBasisPoints | None = None
    off_minor: Minor | None = None
    price_minor: Minor | None = None
    price_step_minor: Minor | None = None
    group: Number | None = None
    last: Number | None = None
    most_times: Number | None = None
    units: Number | None = None
    parts: Annotated[list[PartIn], Field(max_length=20)] | None = None
    buy: Number | None = None
    get: GoodsIn | None = None
    get_units: Number | None = None
    most_minor: Minor | None = None
    per_minor: Minor | None = None
    sku: Sku | None = None
    worth_minor: Minor | None = None
    times_bp: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] | None = None

    def said(self) -> dict[str, Any]:
        return {name: value for name, value in self.model_dump().items() if value is not None}


class EffectOut(EffectIn):
    """What an offer gives; fields of other kinds are null."""


class PriceListIn(Body):
    """`is_sale`: it lowers what other lists say, where it is lower. `is_net`: its prices are without tax. `adjust_bp`: a part of
    the retail price for goods without a price of their own (9000: 10 % less)."""

    code: Code
    name: Title
    currency: Currency = "VND"
    priority: Priority = 0
    is_sale: Flag = False
    is_net: Flag = False
    adjust_bp: AnyBasisPoints | None = None
    audience: AudienceIn = Field(default_factory=lambda: AudienceIn.model_validate({}))
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    is_active: Flag = True


class PriceListOut(Schema):
    """`entries`: goods with a price of their own."""

    code: str
    name: str
    currency: str
    priority: int
    is_sale: bool
    is_net: bool
    adjust_bp: int | None
    audience: AudienceOut
    starts_at: Moment | None
    ends_at: Moment | None
    is_active: bool
    entries: int
    updated_at: Moment


class StepOut(Schema):
    from_units: int
    price_minor: int


class EntryOut(Schema):
    """`retail_minor`: with tax. `cost_minor`: null where it is unknown or may not be seen. `floor_minor`: with tax, what nothing
    is discounted below; null without one or where costs may not be seen."""

    sku: str
    name: str
    currency: str
    retail_minor: int
    cost_minor: int | None
    floor_minor: int | None
    steps: list[StepOut]


class EntryIn(Body):
    """`price_minor` null takes the step away."""

    sku: Sku
    price_minor: Minor | None
    from_units: Annotated[int, Field(strict=True, ge=0, le=MAX_UNITS)] = 1


class EntriesIn(Body):
    lines: Annotated[list[EntryIn], Field(min_length=1, max_length=50_000)]


class ChangedOut(Schema):
    changed: int


class PolicyIn(Body):
    """`guard_bp`: the price floor above cost, null for none. `hand_limits`: by role, what its people may take off by hand; null
    for no limit. Roles that are not named stay as they are."""

    guard_bp: AnyBasisPoints | None
    hand_limits: Annotated[dict[str, BasisPoints | None], Field(max_length=50, default_factory=dict)]


class PolicyOut(Schema):
    guard_bp: int | None
    hand_limits: dict[str, int]


class PromotionIn(Body):
    """`layer`: layers add up in ascending order; within one, offers exclude each other. `is_exclusive`: it stands alone.
    `least_units`, `least_minor`: counted over its goods, before offers. `needs_code`: a voucher must be shown."""

    code: Code
    name: Title
    note: Annotated[str, Field(max_length=2000)] = ""
    effect: EffectIn
    goods: GoodsIn = Field(default_factory=lambda: GoodsIn.model_validate({}))
    audience: AudienceIn = Field(default_factory=lambda: AudienceIn.model_validate({}))
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    needs_code: Flag = False
    layer: Layer = 1
    priority: Priority = 0
    is_exclusive: Flag = False
    least_units: Number = 0
    least_minor: Minor = 0
    most_uses: Most | None = None
    most_per_person: Most | None = None
    budget_minor: Budget | None = None


class PromotionOut(Schema):
    """`uses`, `spent_minor`: by orders, and by checkouts that are open. `vouchers`: how many codes open it."""

    code: str
    name: str
    note: str
    state: State
    effect: EffectOut
    goods: GoodsOut
    audience: AudienceOut
    starts_at: Moment | None
    ends_at: Moment | None
    needs_code: bool
    layer: int
    priority: int
    is_exclusive: bool
    least_units: int
    least_minor: int
    most_uses: int | None
    most_per_person: int | None
    budget_minor: int | None
    uses: int
    spent_minor: int
    vouchers: int
    updated_at: Moment


class StateIn(Body):
    state: State


class TryLineIn(Body):
    sku: Sku
    units: Units


class TryIn(Body):
    """A basket to try. `channel` empty: the promotion's first, else the store. `at` empty: now, or its start if that is to
    come."""

    lines: Annotated[list[TryLineIn], Field(min_length=1, max_length=100)]
    channel: Annotated[str, Field(max_length=40)] = ""
    at: Moment | None = None
    delivery_fee_minor: Minor = 0


class TriedLineOut(Schema):
    sku: str
    units: int
    unit_minor: int
    total_minor: int
    discount_minor: int
    paid_minor: int


class TriedGiftOut(Schema):
    sku: str
    units: int
    worth_minor: int
    name: str


class TriedReasonOut(Schema):
    """`line`: position in the basket, null for the whole."""

    line: int | None
    amount_minor: int
    text: str


class TriedOut(Schema):
    """`applies`: whether the promotion is used by this basket; `benefit_minor`: what the buyer saves by it.
    `without_minor`: the total without it. `guarded_minor`: discounts that the price floor kept back."""

    applies: bool
    benefit_minor: int
    currency: str
    total_minor: int
    without_minor: int
    delivery_minor: int
    guarded_minor: int
    lines: list[TriedLineOut]
    gifts: list[TriedGiftOut]
    reasons: list[TriedReasonOut]


class PreviewOut(Schema):
    """`met`: orders that the promotion has a part in. `cost_minor`: what their buyers would have paid less, and gifts at cost.
    `share_bp`: of the revenue of all orders without it. `uplift_bp`: so many more of the met orders earn the cost again; null
    where they would lose money. `known`: met orders whose costs are known, over which margins and uplift are. `assumed`:
    conditions that are not known of past orders, taken as met. `is_cut`: there were more orders than were looked at."""

    orders: int
    met: int
    currency: str
    revenue_minor: int
    benefit_minor: int
    cost_minor: int
    share_bp: int | None
    known: int
    margin_before_minor: int | None
    margin_after_minor: int | None
    uplift_bp: int | None
    assumed: list[str]
    is_cut: bool


class VouchersIn(Body):
    """`most_uses`: of each code."""

    count: Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
    name: Annotated[str, Field(max_length=120)] = ""
    most_uses: Number = 1
    expires_at: Moment | None = None


class VouchersOut(Schema):
    """Codes that were made together."""

    id: str
    promotion: str
    name: str
    codes: list[str]


class SharedCodeIn(Body):
    """`most_uses` null: as often as the promotion lets."""

    code: Annotated[str, Field(min_length=1, max_length=60)]
    most_uses: Number | None = None
    expires_at: Moment | None = None


class GivenIn(Body):
    """`person`: their phone. `reference`: what it is given for; the same again answers with the same code."""

    person: Annotated[str, Field(min_length=1, max_length=30)]
    reference: Annotated[str, Field(max_length=120)] = ""
    expires_at: Moment | None = None


class CodeOut(Schema):
    code: str


class CodeIn(Body):
    code: Annotated[str, Field(min_length=1, max_length=60)]


class VoucherOut(Schema):
    """`person`: who alone may use it; empty for everybody. `most_uses` null: as often as the promotion lets."""

    code: str
    promotion: str
    person: str
    most_uses: int | None
    uses: int
    expires_at: Moment | None
    is_blocked: bool
    created_at: Moment
