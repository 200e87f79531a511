"""Paying with what we owe the buyer: points and gift cards. Held while an order is placed, claimed in the transaction that
places it, and given back with what is returned.

Money itself is taken and refunded by tills and gateways; what a document still owes is its total less its tenders.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.money import part_of
from mekong.loyalty import commands as loyalty
from mekong.loyalty import queries as members
from mekong.loyalty.errors import HoldClaimed
from mekong.orders.checkout import Asked
from mekong.orders.errors import BadLine, UnknownGiftCard
from mekong.pricing import commands as cards
from mekong.pricing.contracts.cards import CardWanted
from mekong.pricing.errors import CardHoldUsed

HOLD_S = 600


@dataclass(frozen=True, slots=True)
class Tender:
    """`kind`: points or gift_card. `hold`: its hold; `points`: how many; `label`: the member's number, a card's last four."""

    kind: str
    hold: str
    amount_minor: int
    label: str
    points: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def hold_tenders(
    *, actor: Actor, asked: Asked, total_minor: int, currency: str, reference: str, now: datetime
) -> tuple[Tender, ...]:
    """Set aside what the buyer wants to pay with, points first. All of it or nothing.

    Raises: MemberNotFound, NotEnoughPoints, NoBurnRule, PointsInvalid, CodeMistyped, TooManyTries, UnknownGiftCard, CardShort…
    """
    held: list[Tender] = []
    try:
        if asked.points:
            member = members.member_by(actor=SYSTEM, key=asked.member or asked.customer_phone, now=now)
            points = loyalty.hold_points(
                actor=actor, member_id=member.id, points=asked.points, reference=reference, channel=asked.channel,
                order_minor=total_minor, currency=currency, now=now, ttl=timedelta(seconds=HOLD_S),
            )  # fmt: skip
            held.append(Tender("points", str(points.id), points.value_minor, member.number, points.points))
        for place, card in enumerate(asked.gift_cards):
            left = total_minor - sum(tender.amount_minor for tender in held)
            if left > 0:
                held.append(_hold_card(actor, asked, place, card, left, reference, now))
    except BaseException:
        release_tenders(held, now=now)
        raise
    return tuple(held)


def _hold_card(
    actor: Actor, asked: Asked, place: int, card: tuple[str, int | None], left: int, reference: str, now: datetime
) -> Tender:
    code, amount = card
    found = cards.check_card(actor=actor, code=code, who=asked.visitor or asked.customer_phone, now=now)
    if found.card is None:
        raise UnknownGiftCard(field=f"gift_cards[{place}].code")
    wanted = CardWanted(found.card_pass, min(left, amount) if amount else left, is_partial=amount is None)
    if wanted.amount_minor < 1:
        raise BadLine(field=f"gift_cards[{place}].amount_minor", problem="Choose an amount above 0.")
    [hold] = cards.hold_cards(
        actor=actor, wanted=[wanted], reference=f"{reference}:{place}"[:120], ttl_s=HOLD_S, now=now
    )
    return Tender("gift_card", str(hold.id), hold.amount_minor, hold.last4)


def claim_tenders(*, actor: Actor, tenders: Sequence[Tender], code: str, now: datetime) -> None:
    """Take what was set aside, for the order `code`; in the transaction that places it."""
    for tender in tenders:
        if tender.kind == "points":
            loyalty.claim_hold(actor=actor, hold_id=UUID(tender.hold), reference=code, now=now)
        else:
            cards.claim_card_holds(actor=actor, hold_ids=[UUID(tender.hold)], used_by=code, now=now)


def release_tenders(tenders: Sequence[Tender], *, now: datetime) -> None:
    """Give free what was set aside, when no order is placed with it. What an order took stays its own."""
    for tender in tenders:
        with contextlib.suppress(HoldClaimed, CardHoldUsed):
            if tender.kind == "points":
                loyalty.release_hold(actor=SYSTEM, hold_id=UUID(tender.hold), now=now)
            else:
                cards.release_card_holds(actor=SYSTEM, hold_ids=[UUID(tender.hold)], now=now)


def refund_tenders(
    *, tenders: Sequence[Mapping[str, Any]], code: str, part: str, total_minor: int, before: int, now_minor: int,
    now: datetime,
) -> list[dict[str, Any]]:  # fmt: skip
    """Give back what falls on a refund of `now_minor`, after `before` of `total_minor` were refunded: what to whom.

    Each tender bears its share of every refund, so that refunds of everything give back all of it.
    """
    given: list[dict[str, Any]] = []
    for tender in tenders:
        amount = part_of(tender["amount_minor"], total_minor, before, now_minor)
        if not amount:
            continue
        if tender["kind"] == "points":
            points = loyalty.give_back_for(actor=SYSTEM, reference=code, part=part, part_minor=amount, now=now)
            given.append({"kind": "points", "amount_minor": amount, "points": points, "label": tender["label"]})
        else:
            cards.give_back(
                actor=SYSTEM, hold_id=UUID(tender["hold"]), amount_minor=amount, reference=f"{code}:{part}", now=now
            )
            given.append({"kind": "gift_card", "amount_minor": amount, "label": tender["label"]})
    return given
