"""The lifecycle of an order and the money of its lines, as plain functions."""

from __future__ import annotations

import enum
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mekong.foundation.money import share, tax_inside
from mekong.foundation.text import fold
from mekong.orders.contracts import Conditions, OrderFilter


class OrderState(enum.StrEnum):
    """Where an order stands, for all channels alike (workflows: “States everybody sees”)."""

    PENDING_CONFIRMATION = "pending_confirmation"
    AWAITING_STOCK = "awaiting_stock"
    CONFIRMED = "confirmed"
    ALLOCATED = "allocated"
    PICKING = "picking"
    PACKED = "packed"
    READY_TO_SHIP = "ready_to_ship"
    READY_FOR_PICKUP = "ready_for_pickup"
    SHIPPED = "shipped"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    RETURNING = "returning"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class PaymentState(enum.StrEnum):
    UNPAID = "unpaid"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


S = OrderState
_NEXT: dict[OrderState, frozenset[OrderState]] = {
    S.PENDING_CONFIRMATION: frozenset({S.CONFIRMED, S.AWAITING_STOCK, S.CANCELLED}),
    S.AWAITING_STOCK: frozenset({S.CONFIRMED, S.PENDING_CONFIRMATION, S.CANCELLED}),
    S.CONFIRMED: frozenset(
        {
            S.ALLOCATED,
            S.PICKING,
            S.PACKED,
            S.READY_TO_SHIP,
            S.READY_FOR_PICKUP,
            S.SHIPPED,
            S.AWAITING_STOCK,
            S.CANCELLED,
        }
    ),
    S.ALLOCATED: frozenset({S.PICKING, S.PACKED, S.READY_TO_SHIP, S.READY_FOR_PICKUP, S.SHIPPED, S.CANCELLED}),
    S.PICKING: frozenset({S.ALLOCATED, S.PACKED, S.CANCELLED}),
    S.PACKED: frozenset({S.READY_TO_SHIP, S.READY_FOR_PICKUP, S.SHIPPED, S.CANCELLED}),
    S.READY_TO_SHIP: frozenset({S.PACKED, S.SHIPPED, S.CANCELLED}),
    S.READY_FOR_PICKUP: frozenset({S.DELIVERED, S.CANCELLED}),
    S.SHIPPED: frozenset({S.DELIVERED, S.DELIVERY_FAILED, S.RETURNING, S.COMPLETED}),
    S.DELIVERY_FAILED: frozenset({S.SHIPPED, S.DELIVERED, S.RETURNING}),
    S.DELIVERED: frozenset({S.COMPLETED, S.RETURNING}),
    S.COMPLETED: frozenset({S.RETURNING}),
    S.RETURNING: frozenset({S.RETURNED, S.DELIVERED, S.COMPLETED}),
    S.RETURNED: frozenset(),
    S.CANCELLED: frozenset(),
}

RESERVED = frozenset(
    {S.PENDING_CONFIRMATION, S.CONFIRMED, S.ALLOCATED, S.PICKING, S.PACKED, S.READY_TO_SHIP, S.READY_FOR_PICKUP}
)
"""States in which an order's goods stand on the shelf, promised to it."""

OPEN = frozenset({*RESERVED, S.AWAITING_STOCK})
"""States of orders that have not left and still can: somebody here has the next step, or waits for goods."""

LEFT = frozenset({S.SHIPPED, S.DELIVERY_FAILED, S.DELIVERED, S.COMPLETED, S.RETURNING, S.RETURNED})
"""States in which an order's goods have left the shelf."""

BEFORE_PACKING = (S.PENDING_CONFIRMATION, S.AWAITING_STOCK, S.CONFIRMED, S.ALLOCATED, S.PICKING)
"""States in which an order's goods may still go to another order; the least progressed first."""

SET_HOLDS = ("manual", "call_back", "no_answer")
"""Holds that people set: for a reason of theirs, until an agreed time, because nobody answered the telephone."""

HOLDING_ISSUES = frozenset({"address", "stock", "unmatched_line", *SET_HOLDS})
"""Issues that keep an order from going on until somebody mends them."""

MOST_CALLS = 3
"""Calls without an answer after which an order is cancelled or called at an agreed time."""

_PROGRESS = {state: place for place, state in enumerate(S)}


def may(now: OrderState, then: OrderState) -> bool:
    """Whether an order may go from one state to the other in one step."""
    return then in _NEXT[now]


def may_cancel(state: OrderState) -> bool:
    return may(state, S.CANCELLED)


def is_further(now: OrderState, then: OrderState) -> bool:
    """Whether a channel's word moves an order on: late and repeated notices never move it back.

    Everything ends in cancelled or returned; cancelled is only reached before goods have left. Nothing that has moved
    on by this comes back by it: see `may_turn_back` for the ways in which a parcel does.
    """
    if now in (S.CANCELLED, S.RETURNED) or now == then:
        return False
    if then is S.CANCELLED:
        return now not in LEFT
    return _PROGRESS[then] > _PROGRESS[now]


_BACK = {
    S.DELIVERY_FAILED: frozenset({S.SHIPPED}),
    S.RETURNING: frozenset({S.SHIPPED, S.DELIVERED, S.COMPLETED}),
}


def may_turn_back(now: OrderState, then: OrderState) -> bool:
    """Whether a word that is certainly newer may undo one: sent out again after a failed try, not returned after all."""
    return then in _BACK.get(now, frozenset())


def heard(word: str) -> OrderState:
    """The state that a channel's word leads to.

    What comes back is received and graded by our people: the word opens the return, it does not end it.
    """
    said = OrderState(word)
    return OrderState.RETURNING if said is OrderState.RETURNED else said


@dataclass(frozen=True, slots=True)
class LineMoney:
    total_minor: int
    tax_minor: int
    discount_minor: int


def lines_money(
    lines: Sequence[tuple[int, int, int]], discount_minor: int = 0, discounts: Sequence[int] = ()
) -> list[LineMoney]:
    """Each line's total, its share of the discount, and the tax contained in what is paid of it, rounded half up per line.

    `lines`: (quantity, unit price, tax rate in basis points). `discounts`: each line's share, where it is known; else the
    order's discount is shared in proportion to the totals, and is never more than they are.
    """
    totals = [quantity * price for quantity, price, _ in lines]
    whole = sum(totals)
    if any(discounts):
        off: Sequence[int] = discounts
    else:
        off = share(min(discount_minor, whole), totals) if discount_minor and whole else [0] * len(totals)
    return [
        LineMoney(total, tax_inside(total - less, rate), less)
        for total, less, (_, _, rate) in zip(totals, off, lines, strict=True)
    ]


LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
DAYS: Mapping[str, tuple[int, int]] = {"today": (0, 1), "yesterday": (1, 1), "week": (6, 7), "month": (29, 30)}
"""Spans that move on with the day: how many days back they begin, and how many they last."""


def days_to_birthday(day: int, month: int, today: date) -> int:
    """Days to the nearest birthday, before it positive, after it negative. The 29th of February is kept on the 28th."""
    nearest = min((_birthday(day, month, year) for year in (today.year - 1, today.year, today.year + 1)),
                  key=lambda each: abs((each - today).days))  # fmt: skip
    return (nearest - today).days


def _birthday(day: int, month: int, year: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, 2, 28)


ISSUES = ("address", "stock", "unmatched_line", "duplicate")


def wanted_by(conditions: Conditions, now: datetime) -> OrderFilter:
    """What a saved filter asks for at this moment. Open orders come nearest deadline first."""
    midnight = now.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    start = _midnight_of(conditions.placed_from)
    end = _midnight_of(conditions.placed_to, days=1)
    if conditions.day in DAYS:
        back, length = DAYS[conditions.day]
        start, end = midnight - timedelta(days=back), midnight - timedelta(days=back - length)
    is_open = bool(conditions.states) and set(conditions.states) <= OPEN
    return OrderFilter(
        states=conditions.states, issues=conditions.issues, channels=conditions.channels, text=conditions.text,
        tag=conditions.tag, placed_from=start, placed_to=end, location=conditions.location,
        due_before=None if conditions.due_h is None else now + timedelta(hours=conditions.due_h),
        is_cod=conditions.is_cod, money_from_minor=conditions.money_from_minor,
        money_to_minor=conditions.money_to_minor, order="deadline" if is_open else "newest",
    )  # fmt: skip


def _midnight_of(day: date | None, days: int = 0) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=LOCAL) + timedelta(days=days)


MOST_HOURS = 24 * 90
MOST_MONEY = 10**13


def wrong_condition(conditions: Conditions) -> tuple[str, str, dict[str, object]] | None:
    """The first condition that cannot be meant: its field, what is wrong, and the figures of that sentence."""
    if unknown := [state for state in conditions.states if state not in set(S)]:
        return "states", "There is no state {state}.", {"state": unknown[0]}
    if unknown := [issue for issue in conditions.issues if issue not in ISSUES]:
        return "issues", "Use one of: {known}.", {"known": ", ".join(ISSUES)}
    if conditions.day and conditions.day not in DAYS:
        return "day", "Use one of: {known}.", {"known": ", ".join(DAYS)}
    if conditions.placed_from and conditions.placed_to and conditions.placed_from > conditions.placed_to:
        return "placed_to", "The last day is before the first.", {}
    if conditions.due_h is not None and not 0 <= conditions.due_h <= MOST_HOURS:
        return "due_h", "From {least} to {most}.", {"least": 0, "most": MOST_HOURS}
    for name in ("money_from_minor", "money_to_minor"):
        if not 0 <= (getattr(conditions, name) or 0) <= MOST_MONEY:
            return name, "From {least} to {most}.", {"least": 0, "most": MOST_MONEY}
    least, most = conditions.money_from_minor, conditions.money_to_minor
    if least is not None and most is not None and least > most:
        return "money_to_minor", "The largest amount is below the smallest.", {}
    return _too_long(conditions)


def _too_long(conditions: Conditions) -> tuple[str, str, dict[str, object]] | None:
    longest = {"tag": 40, "location": 40, "text": 120}
    for name, most in longest.items():
        if len(getattr(conditions, name)) > most:
            return name, "At most {most} letters.", {"most": most}
    if len(conditions.channels) > 50 or any(len(each) > 40 for each in conditions.channels):
        return "channels", "At most {most} letters.", {"most": 40}
    if conditions == type(conditions)():
        return "conditions", "Choose at least one condition: without any, this is the list of all orders.", {}
    return None


_MOST_WORDS = 6
_NOT_DIGIT = re.compile(r"\D")


def search_words(text: str) -> str:
    """What somebody typed as a query over the lexemes of `OrderSearch`.

    Words of a name by their beginnings, a code whole or by its tail, a channel's number or a tracking number whole, or by
    its beginning from five letters on. A text of digits alone is read as a phone too: by its beginning however it is
    written (0903 218, +84 903218), or by its last digits from four on.
    """
    bare = "".join(text.split())
    words = fold(text).split()[:_MOST_WORDS]
    ways = [_lexeme(f"C{bare.upper()}", len(bare) > 9), _lexeme(f"T{bare.upper()}", len(bare) > 6)]
    ways += [_lexeme(f"{kind}{bare.lower()}", len(bare) > 4) for kind in "XK"]
    digits = _NOT_DIGIT.sub("", text)
    if any(letter.isalpha() for letter in text):
        if words:
            ways.append(" & ".join(_lexeme(word, len(word) > 1) for word in words))
    elif len(digits) > 3:
        ways += [_lexeme(f"P{digits}", True), _lexeme(f"R{digits[::-1]}", True)]
        if digits.startswith("84"):
            ways += [_lexeme(f"P0{digits[2:]}", True), _lexeme(f"R{digits[:1:-1]}0", True)]
    return " | ".join(ways)


def _lexeme(text: str, is_beginning: bool) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'" + (":*" if is_beginning else "")


def basket_digest(lines: Iterable[tuple[str, int]]) -> str:
    """Equal for orders of the same SKUs in the same quantities, whatever the order of lines."""
    text = "\n".join(f"{sku}\t{quantity}" for sku, quantity in sorted(lines))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def missing_units(wanted: Sequence[tuple[int, int]], there: Iterable[tuple[int, int, int]]) -> dict[int, int]:
    """Units of each variant that an allocation does not cover."""
    left: dict[int, int] = {}
    for variant, units in wanted:
        left[variant] = left.get(variant, 0) + units
    for variant, _, units in there:
        left[variant] = left.get(variant, 0) - units
    return {variant: units for variant, units in left.items() if units > 0}


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line's units, total, tax and share of the discount, and how many of the units go into the second order."""

    quantity: int
    total_minor: int
    tax_minor: int
    moved: int
    discount_minor: int = 0


@dataclass(frozen=True, slots=True)
class PartMoney:
    """Money of one part. `lines`: (total, tax, discount) of each line, zeros of one that has no unit in this part."""

    lines: tuple[tuple[int, int, int], ...]
    discount_minor: int
    shipping_fee_minor: int

    @property
    def subtotal_minor(self) -> int:
        return sum(total for total, _, _ in self.lines)

    @property
    def tax_minor(self) -> int:
        return sum(tax for _, tax, _ in self.lines)

    @property
    def total_minor(self) -> int:
        return self.subtotal_minor - self.discount_minor + self.shipping_fee_minor


def split_money(lines: Sequence[SoldLine], discount_minor: int, shipping_fee_minor: int) -> tuple[PartMoney, PartMoney]:
    """What stays and what goes; the two add up to the whole in every figure, to the smallest unit.

    A line's total, tax and discount go by its units, shipping fee and what of the discount no line knows by the parts'
    subtotals, each by the largest remainder. A part without a price bears none of those, and the fee stays with the first.
    """
    cuts = [
        [
            share(amount, (line.quantity - line.moved, line.moved))
            for amount in (line.total_minor, line.tax_minor, line.discount_minor)
        ]
        for line in lines
    ]
    weights = [sum(total[part] for total, _, _ in cuts) for part in (0, 1)]
    own = [sum(discount[part] for _, _, discount in cuts) for part in (0, 1)]
    discounts, fees = (
        share(amount, weights if any(weights) else (1, 0)) for amount in (discount_minor - sum(own), shipping_fee_minor)
    )
    first, second = (
        PartMoney(
            tuple((total[part], tax[part], discount[part]) for total, tax, discount in cuts),
            own[part] + discounts[part],
            fees[part],
        )
        for part in (0, 1)
    )
    return first, second


def state_of_part(state: OrderState, *, is_short: bool) -> OrderState:
    """Where an order stands whose goods were divided or joined: one that waits for stock goes on when it has its own."""
    if is_short:
        return S.AWAITING_STOCK
    return S.CONFIRMED if state is S.AWAITING_STOCK else state


def given_away(held: Mapping[int, int], stays: Mapping[int, int], goes: Mapping[int, int]) -> dict[int, int]:
    """Held units of each variant that go to the second order: what is left when the first has all it needs."""
    away = {variant: min(units, held.get(variant, 0) - stays.get(variant, 0)) for variant, units in goes.items()}
    return {variant: units for variant, units in away.items() if units > 0}


def least_progressed(states: Iterable[OrderState]) -> OrderState:
    """Where an order joined from several stands: what one of them still needs, the whole needs."""
    return min(
        (state for state in states if state is not S.AWAITING_STOCK), key=_PROGRESS.__getitem__, default=S.CONFIRMED
    )


@dataclass(frozen=True, slots=True)
class Twin:
    """What tells which of two orders for the same thing is the copy."""

    code: str
    is_paid: bool
    progress: int
    placed: float


def twin(code: str, payment: PaymentState, state: OrderState, placed: float) -> Twin:
    return Twin(code, payment is not PaymentState.UNPAID, _PROGRESS[state], placed)


def original(one: Twin, other: Twin) -> Twin:
    """The one to keep: that with money in it, else that which is further on its way, else the earlier."""
    return max(one, other, key=lambda each: (each.is_paid, each.progress, -each.placed))


def address_key(address: Mapping[str, str]) -> str:
    """Equal for one address typed in other letter cases or spacing. Tone marks count: wards differ by them alone.

    A recipient's particulars beside the place, such as a carrier's remark, do not count.
    """
    parts = (address.get(name, "") for name in ("line", "ward", "district", "province", "full", "country"))
    return "\n".join(" ".join(unicodedata.normalize("NFC", part).casefold().split()) for part in parts)


def is_same_buyer(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    """Whether two orders are of one buyer, by what is certain of each: (phone, channel, the buyer's name there)."""
    return bool(one[0] and one[0] == other[0]) or bool(one[2] and one[1:] == other[1:])
