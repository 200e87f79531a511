"""What a basket costs, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Reason(NamedTuple):
    """One step on the way to a price.

    `kind`: `list` another price list than retail, `sale` a sale price, `hand_price`, `offer`, `hand` a discount by hand,
    `guard` a discount that is not given because the price would fall below the floor. `line`: position in the basket,
    None for the whole (a basket offer, whose share is in each line's discount). `amount_minor`: what it changed, negative
    where it lowers. `source`: the list's or offer's id.
    """

    kind: Literal["list", "sale", "hand_price", "offer", "hand", "guard"]
    line: int | None
    amount_minor: int
    source: int = 0
    name: str = ""


class Used(NamedTuple):
    """An offer that applies. `benefit_minor`: what the buyer saves by it, gifts at their price and delivery included."""

    offer_id: int
    code: str
    name: str
    benefit_minor: int


class QuoteLine(NamedTuple):
    """A line of the basket. All amounts with tax, of the whole line unless they say unit.

    `compare_at_minor`: a unit's price before the sale price, 0 when there is none. `unit_minor`: a unit's price before offers.
    `total_minor` = units × `unit_minor`; `discount_minor`: what offers and hands take off it; `paid_minor`: the rest.
    `floor_minor`: below this it may not be sold without a manager; 0 when the cost is unknown.
    """

    variant_id: int
    sku: str
    units: int
    compare_at_minor: int
    unit_minor: int
    total_minor: int
    discount_minor: int
    paid_minor: int
    tax_rate_bp: int
    tax_minor: int
    floor_minor: int


class GiftLine(NamedTuple):
    variant_id: int
    units: int
    worth_minor: int
    offer_id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of a basket: `total_minor` = `subtotal_minor` − `discount_minor` + `delivery_minor`, to the đồng.

    `delivery_minor`: after offers. `guarded_minor`: discounts that the price floor kept back. `points_times_bp`: what points
    are multiplied by. `idle_codes`: vouchers that change nothing here, with the reason: `unknown` (no offer has it),
    `conditions` (the basket does not meet them), `better` (others leave less to pay).
    """

    currency: str
    lines: tuple[QuoteLine, ...]
    gifts: tuple[GiftLine, ...]
    subtotal_minor: int
    discount_minor: int
    delivery_minor: int
    tax_minor: int
    total_minor: int
    guarded_minor: int
    points_times_bp: int
    used: tuple[Used, ...]
    reasons: tuple[Reason, ...]
    idle_codes: tuple[tuple[str, str], ...]
