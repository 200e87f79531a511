"""The draw of the voucher game, and everything by which anybody can check it afterwards.

Commit and reveal. Before the first play the server draws a secret seed of 256 bits and publishes its SHA-256 (`commitment`)
together with the digest of the prize table. A play is drawn by

    HMAC-SHA256(seed, "<game>|<number>|<client seed>")

where the number counts the plays of the game without a gap and the client seed is chosen by the player's browser, who does
not know the secret. So neither side can steer a draw: the server is bound to its seed, its table and the order of numbers,
the player cannot foresee anything. After the game the seed is revealed, and every play can be computed again.

Mapping. The 256 bits, read as an integer, are scaled onto the sum of the weights in integers. Each weight gets its share of
the 2^256 outcomes to within one, so the chance of a prize differs from weight / sum by less than 2^-256.

Source: commit-reveal with client seeds as in "provably fair" draws; HMAC: RFC 2104, SHA-256: FIPS 180-4.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

SEED_BYTES = 32
MOST_PRIZES = 60
MOST_WEIGHT = 1_000_000
LONGEST_STREAK = 31

Fall = Literal["", "stock", "day", "budget", "voucher", "no_table"]
"""Why a play that drew a prize got none: it was given out, given out for the day, over the budget, its voucher could not be
issued; or the table has nothing for this day of a streak. A play that falls is over: nothing is drawn again."""


@dataclass(frozen=True)
class Slot:
    """A prize as the draw sees it. `stock`, `daily_cap` None: without limit. `day`: of a streak, 0 for any."""

    position: int
    name: str
    kind: str
    weight: int
    stock: int | None = None
    daily_cap: int | None = None
    promotion_code: str = ""
    points: int = 0
    cost_minor: int = 0
    day: int = 0


def commitment(seed: bytes) -> str:
    """What is published before the game."""
    return hashlib.sha256(seed).hexdigest()


def message(game: str, number: int, client_seed: str) -> str:
    """What is signed for a play. A client seed has no bar in it, so that no two plays share a message."""
    return f"{game}|{number}|{client_seed}"


def outcome(seed: bytes, game: str, number: int, client_seed: str) -> int:
    """256 bits that nobody could choose."""
    signed = hmac.new(seed, message(game, number, client_seed).encode(), hashlib.sha256).digest()
    return int.from_bytes(signed)


def pick(outcome: int, weights: Sequence[int]) -> int:
    """Which of the weights an outcome of 256 bits falls on; see the mapping above.

    Raises: ValueError: no weight above zero, one below, or an outcome that is not of 256 bits (the caller's defect).
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0 or not 0 <= outcome < 1 << 256:
        raise ValueError("pick() takes 256 bits and weights that are not negative, one above zero")
    point = outcome * whole >> 256
    for place, weight in enumerate(weights):
        if point < weight:
            return place
        point -= weight
    raise AssertionError("a point below the sum lies in one of the parts")


def table_text(slots: Sequence[Slot], *, per_day: int, budget_minor: int | None, currency: str) -> str:
    """The prize table in one way of writing it, for its digest: JSON, keys sorted, no blanks."""
    table: dict[str, Any] = {
        "budget_minor": budget_minor,
        "currency": currency,
        "per_day": per_day,
        "prizes": [
            {name: getattr(slot, name) for name in slot.__dataclass_fields__}
            for slot in sorted(slots, key=lambda each: each.position)
        ],
    }
    return json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def table_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def why_falls(
    slot: Slot, *, given: int, given_today: int, spent_minor: int, budget_minor: int | None
) -> Literal["", "stock", "day", "budget"]:
    """Why a drawn prize cannot be given any more; "" when it can."""
    if slot.stock is not None and given >= slot.stock:
        return "stock"
    if slot.daily_cap is not None and given_today >= slot.daily_cap:
        return "day"
    if budget_minor is not None and spent_minor + slot.cost_minor > budget_minor:
        return "budget"
    return ""


def streak(last_day: date | None, last_streak: int, today: date) -> int:
    """How many days in a row, today included, somebody has come."""
    return last_streak + 1 if last_day is not None and last_day + timedelta(days=1) == today else 1


def table_of(slots: Sequence[Slot], kind: str, streak: int) -> list[Slot]:
    """What can be drawn: for a check-in what its day of the streak has; after the last day of the table it begins anew."""
    if kind != "check_in":
        return list(slots)
    longest = max((slot.day for slot in slots), default=0)
    today = (streak - 1) % longest + 1 if longest else 0
    return [slot for slot in slots if slot.day == today]


def drawn_from(slots: Sequence[Slot], seed: bytes, game: str, number: int, client_seed: str) -> Slot | None:
    """The prize that a play draws from its table; None from an empty one."""
    if not slots:
        return None
    ordered = sorted(slots, key=lambda each: each.position)
    return ordered[pick(outcome(seed, game, number, client_seed), [slot.weight for slot in ordered])]
