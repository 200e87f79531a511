"""What an order would cost, before it is placed; and an open checkout, for which limited offers are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import Unavailable
from mekong.foundation.ids import new_id
from mekong.orders.checkout import Asked, Bill, make_bill
from mekong.orders.errors import BadLine
from mekong.orders.placing import MOST_TRIES, checked_phone
from mekong.pricing.contracts.redeeming import Refused, Take
from mekong.pricing.redeeming import give_free, redeemer

LONGEST_HOLD_S = 3600


@dataclass(frozen=True)
class QuotedOrder:
    """`checkout`: what to name when the order is placed, "" when nothing was kept; until `expires_at`.

    `gone`: offers that this buyer would have had, and somebody else was first to: (offer, reason).
    """

    bill: Bill
    checkout: str = ""
    expires_at: datetime | None = None
    gone: tuple[Refused, ...] = ()


def quote_order(*, actor: Actor, asked: Asked, hold_s: int = 0, now: datetime) -> QuotedOrder:
    """What an order costs, by the very steps that placing it goes through; nothing is reserved of stock.

    Args:
        hold_s: for how many seconds limited offers and vouchers are kept for this checkout; 0: not at all. Asking again
            with the same `asked.checkout` keeps them anew, for the basket as it is then.

    Raises: MayNot, EmptyOrder, BadLine, UnknownSku, BadPhone, BelowFloor, HandLimitPassed, each naming the field.
    """
    actor.require("orders.place")
    if not 0 <= hold_s <= LONGEST_HOLD_S:
        raise BadLine(field="hold_seconds", problem="From {least} to {most}.", least=0, most=LONGEST_HOLD_S)
    if asked.checkout and _checkout_id(asked.checkout) is None:
        raise BadLine(field="checkout_id", problem="This is no checkout. Leave it out, and one is opened.")
    phone = checked_phone(asked)
    variants = catalog.variants_by_sku(actor=SYSTEM, skus=[line.sku for line in asked.lines])
    if asked.checkout:
        give_free(asked.checkout)
    without: set[int] = set()
    gone: list[Refused] = []
    for _ in range(MOST_TRIES):
        bill = make_bill(actor=actor, asked=asked, variants=variants, phone=phone, now=now, without=without)
        if not hold_s or not bill.wants:
            return QuotedOrder(bill, gone=tuple(gone))
        checkout = asked.checkout or f"chk_{new_id().hex}"
        answer = redeemer().call(Take(checkout, phone, bill.wants, now, hold_s))
        if not isinstance(answer, Refused):
            return QuotedOrder(bill, checkout, now + timedelta(seconds=hold_s), tuple(gone))
        if answer.reason == "reference":
            # An order was placed under this checkout: what it took stays its own.
            asked = replace(asked, checkout="")
            continue
        gone.append(answer)
        without.add(answer.promotion_id)
    raise Unavailable


def end_checkout(*, actor: Actor, checkout: str) -> None:
    """Give free what was kept for a checkout that was left. Repeating changes nothing. Raises: MayNot, BadLine."""
    actor.require("orders.place")
    if _checkout_id(checkout) is None:
        raise BadLine(field="checkout_id", problem="This is no checkout. Leave it out, and one is opened.")
    give_free(checkout)


def _checkout_id(text: str) -> UUID | None:
    if not text.startswith("chk_"):
        return None
    try:
        return UUID(hex=text.removeprefix("chk_"))
    except ValueError:
        return None
