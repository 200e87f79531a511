"""Decisions about listings and orders of channels, as plain functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mekong.catalog.contracts import ListingFacts
from mekong.channels.contracts import Completeness, Shortfall
from mekong.channels.socket import RemoteState, SalePrice
from mekong.channels.socket.listing_needs import Need
from mekong.channels.socket.returns import ReturnState

LETTERS = {"web": "WB", "store": "CH", "phone": "DT", "social": "MX"}
"""Letters of the channels of our own; a connector's manifest names those of its platform."""

ORDER_STATE: Mapping[RemoteState, str] = {
    RemoteState.UNPAID: "pending_confirmation",
    RemoteState.PLACED: "confirmed",
    RemoteState.PACKED: "packed",
    RemoteState.READY_TO_SHIP: "ready_to_ship",
    RemoteState.SHIPPED: "shipped",
    RemoteState.DELIVERED: "delivered",
    RemoteState.COMPLETED: "completed",
    RemoteState.CANCEL_REQUESTED: "confirmed",
    RemoteState.CANCELLED: "cancelled",
    RemoteState.DELIVERY_FAILED: "delivery_failed",
    RemoteState.RETURNING: "returning",
    RemoteState.RETURNED: "returned",
}
"""Where a platform's step stands in the order book. A wish to cancel changes nothing until it is answered."""


def first_state(state: RemoteState) -> str:
    """The state an order is booked in when first seen; what it has reached since is followed step by step.

    So goods of an order that has left already are reserved, then shipped, and the ledger has both.
    """
    if state is RemoteState.UNPAID:
        return "pending_confirmation"
    return "cancelled" if state is RemoteState.CANCELLED else "confirmed"


def is_paid(state: RemoteState, *, is_cod: bool) -> bool:
    """Whether the buyer's money is there: paid before the goods are sent, or to the carrier that brought them.

    Of a cancelled order the state does not tell whether it was paid before.
    """
    if is_cod:
        return state in (RemoteState.DELIVERED, RemoteState.COMPLETED)
    return state not in (RemoteState.UNPAID, RemoteState.CANCELLED)


@dataclass(frozen=True)
class Match:
    """`variant_id` None: not matched, because of `reason`: no_code, not_found, ambiguous."""

    variant_id: int | None
    how: str = ""
    reason: str = ""


def match(*, sku: str, barcode: str, by_sku: Mapping[str, int], by_barcode: Mapping[str, int]) -> Match:
    """Which variant a listing is: by the seller's SKU, else by barcode. Two codes that name two variants match none."""
    by_code = by_barcode.get(barcode) if barcode else None
    by_name = by_sku.get(sku) if sku else None
    if by_name is not None:
        if by_code is not None and by_code != by_name:
            return Match(None, reason="ambiguous")
        return Match(by_name, how="sku")
    if by_code is not None:
        return Match(by_code, how="barcode")
    return Match(None, reason="not_found" if sku or barcode else "no_code")


def sale_to_push(
    sale_minor: int | None, starts_at: datetime | None, ends_at: datetime | None, *, has_dates: bool, now: datetime
) -> SalePrice | None:
    """The sale price a platform is told now. One that keeps no dates is told when the sale begins, and when it is over."""
    if sale_minor is None:
        return None
    if has_dates:
        return SalePrice(sale_minor, starts_at, ends_at)
    stands = (starts_at is None or starts_at <= now) and (ends_at is None or now < ends_at)
    return SalePrice(sale_minor) if stands else None


def sale_key(sale: SalePrice | None) -> list[int | str] | None:
    """A sale as it is kept when a platform acknowledged it."""
    if sale is None:
        return None
    return [sale.price_minor, *("" if at is None else at.isoformat() for at in (sale.starts_at, sale.ends_at))]


def listing_state(
    *,
    match_state: str,
    is_synced: bool,
    is_parked: bool,
    is_dirty: bool,
    attempts: int,
) -> str:
    """One word for where a listing's sync stands."""
    if match_state != "matched":
        return match_state
    if not is_synced:
        return "off"
    if is_parked:
        return "parked"
    if not is_dirty:
        return "converged"
    return "retrying" if attempts else "queued"


CANCEL_REASONS = ("out_of_stock", "customer_request", "other")


def cancel_reason(words: str) -> str:
    """The platform's kind of reason for what a person wrote."""
    text = words.casefold()
    if text in CANCEL_REASONS:
        return text
    if any(word in text for word in ("stock", "hết hàng", "het hang")):
        return "out_of_stock"
    if any(word in text for word in ("customer", "buyer", "khách", "khach")):
        return "customer_request"
    return "other"


# --- what a platform's refusal is about -------------------------------------------------------------------------------

_SAID: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("reserved", ("reserved stock", "less than reserved", "promotion stock", "locked stock", "campaign stock")),
    ("promotion", ("promotion", "flash sale", "campaign", "in event")),
    ("gone", ("not exist", "not found", "unknown_product", "unknown_listing", "deleted", "banned", "delisted")),
    ("warehouse", ("warehouse", "location", "stock_at_tiki")),
    ("price", ("price", "special_price")),
    ("attribute", ("attribute", "mandatory", "required field", "brand", "category")),
    ("unmanaged", ("stock_not_managed", "manage_stock", "not tracked", "untracked")),
    ("permission", ("permission", "scope", "unauthorized", "unauthorised", "forbidden", "not authorised")),
)
REFUSALS = (*(kind for kind, _ in _SAID), "other")


def refusal(remote_code: str, message: str) -> str:
    """What a platform's refusal of a listing is about, one of `REFUSALS`, told from its code and words."""
    said = f"{remote_code} {message}".casefold()
    return next((kind for kind, words in _SAID if any(word in said for word in words)), "other")


# --- how a channel usually talks --------------------------------------------------------------------------------------

LEARN_FROM = timedelta(weeks=8)
FEWEST_GAPS = 100
"""Gaps needed to speak of the one in a hundred that is longest; with fewer a wider slot is asked."""
LEAST_SILENCE = timedelta(minutes=30)


@dataclass(frozen=True)
class Silence:
    """How long a channel has had no order, and how long is usual after one at that time of the week.

    `slot`: `2-9` after nine on a Tuesday, `9` after nine on any day, "" at any time. `gaps`: how many were learned from.
    """

    last_at: datetime
    limit: timedelta
    usual: timedelta
    slot: str
    gaps: int

    def is_alarming(self, now: datetime) -> bool:
        return now - self.last_at > self.limit


def silence(gaps: Mapping[str, tuple[int, int, int]], *, last_at: datetime, local: datetime) -> Silence | None:
    """What to expect after the last order; None when the channel has had too few to expect anything.

    Args:
        gaps: by slot, as `Silence` names them: gaps seen, and the seconds that half and 99 of 100 of them stayed under.
        last_at: the last order's moment.
        local: the same moment by the clock on the wall, which people's habits follow.
    """
    for slot in (f"{local.isoweekday()}-{local.hour}", f"{local.hour}", ""):
        count, half_s, most_s = gaps.get(slot, (0, 0, 0))
        if count >= FEWEST_GAPS:
            limit = max(LEAST_SILENCE, timedelta(seconds=most_s))
            return Silence(last_at, limit, timedelta(seconds=half_s), slot, count)
    return None


ENDING = timedelta(days=7)
"""How long before its end an authorisation is warned of."""


_REQUIRED_WEIGHT, _ADVICE_WEIGHT = 3, 1
"""In the score, something required counts as three pieces of advice."""


def completeness(facts: ListingFacts, needs: Sequence[Need]) -> Completeness:
    """How much of what a platform needs is there, in percent, and what is lacking.

    Each need counts whole or not at all. The share is rounded down, so 100 means that nothing is lacking. A platform
    without needs finds everything complete.
    """
    lacking = [each for need in needs if (each := _shortfall(facts, need)) is not None]
    lacking.sort(key=lambda each: not each.is_required)
    whole = sum(_weight(need.is_required) for need in needs)
    lost = sum(_weight(each.is_required) for each in lacking)
    return Completeness(100 * (whole - lost) // whole if whole else 100, tuple(lacking))


def _weight(is_required: bool) -> int:
    return _REQUIRED_WEIGHT if is_required else _ADVICE_WEIGHT


def _shortfall(facts: ListingFacts, need: Need) -> Shortfall | None:
    without = {
        "price": facts.without_price, "weight": facts.without_weight, "size": facts.without_size,
        "gtin": facts.without_gtin, "gtin_or_brand": () if facts.has_brand else facts.without_gtin,
    }  # fmt: skip
    if need.fact in without:
        places = without[need.fact]
        have = facts.variants - len(places)
        return Shortfall(need.fact, have, facts.variants, None, need.is_required, places) if places else None
    if need.fact == "attributes":
        names = facts.missing_attributes
        return Shortfall("attributes", 0, len(names), None, need.is_required, (), names) if names else None
    if need.fact == "picture_px" and not facts.pictures:
        # Said already by whoever asks for a picture.
        return None
    has = {
        "name": facts.name_length, "description": facts.description_length, "pictures": facts.pictures,
        "picture_px": facts.smallest_picture_px, "category": int(facts.has_category), "brand": int(facts.has_brand),
        "options": facts.options, "variants": facts.variants,
    }[need.fact]  # fmt: skip
    is_short = need.least is not None and has < need.least
    is_long = need.most is not None and has > need.most
    return Shortfall(need.fact, has, need.least, need.most, need.is_required) if is_short or is_long else None


# --- returns ----------------------------------------------------------------------------------------------------------

COMING_BACK = frozenset({ReturnState.ACCEPTED, ReturnState.SHIPPING_BACK, ReturnState.RECEIVED})
"""Where a return stands once it was agreed to and its goods, if it has any, are on their way to us."""

_AFTER = {
    True: frozenset({ReturnState.REQUESTED, ReturnState.REFUNDED, *COMING_BACK}),
    False: frozenset({ReturnState.REQUESTED, ReturnState.DISPUTED, ReturnState.CLOSED}),
}


def is_taken(*, accept: bool, state: ReturnState) -> bool:
    """Whether a return stands where an answer leads. A platform that has taken the answer may show the old state a
    moment longer."""
    return state in _AFTER[accept]


KEEPS_EARNING = timedelta(days=60)
"""For how long after an order's last step its earnings are asked for, where the platform does not call them final."""
EARNS = frozenset({RemoteState.DELIVERED, RemoteState.COMPLETED, RemoteState.RETURNED})
"""Where an order stands when its platform settles it, or is about to."""
