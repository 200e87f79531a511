"""What gift cards answer with. Amounts are in minor units of the card's currency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class CardView:
    """`state`: inactive, active, used_up, blocked, expired. `available_minor`: what can be spent now, 0 unless active."""

    id: UUID
    batch_id: UUID
    batch: str
    last4: str
    state: str
    currency: str
    value_minor: int
    balance_minor: int
    held_minor: int
    available_minor: int
    expires_at: datetime | None
    buyer: str
    recipient: str
    blocked_for: str
    issued_at: datetime
    activated_at: datetime | None
    is_printable: bool


@dataclass(frozen=True)
class BatchView:
    id: UUID
    name: str
    value_minor: int
    currency: str
    count: int
    expires_at: datetime | None
    issued_by: str
    issued_at: datetime
    taken_at: datetime | None
    forgotten_at: datetime | None


@dataclass(frozen=True)
class IssuedCard:
    """A card with its code, as it is printed: in groups."""

    id: UUID
    code: str
    value_minor: int
    currency: str
    expires_at: datetime | None
    recipient: str = ""


@dataclass(frozen=True)
class Issued:
    """`cards`: with their codes, in the order they were made."""

    batch: BatchView
    cards: tuple[IssuedCard, ...]


@dataclass(frozen=True)
class CardCheck:
    """What a code is worth. `card` None: nobody has this code, and `tries_left` more may be wrong.

    `card_pass`: says for an hour that the code was given; without it nobody spends a card that they only see in a list.
    """

    card: CardView | None
    tries_left: int
    card_pass: str = ""


@dataclass(frozen=True)
class CardWanted:
    """`card_pass`: of the check of its code. `is_partial`: less is taken where the card has less."""

    card_pass: str
    amount_minor: int
    is_partial: bool = False


@dataclass(frozen=True)
class CardHoldView:
    """`state`: held, claimed, released. `used_minor`: what an order (`used_by`) took of it."""

    id: UUID
    card_id: UUID
    last4: str
    reference: str
    amount_minor: int
    currency: str
    state: str
    expires_at: datetime
    used_minor: int
    used_by: str
    given_back_minor: int


@dataclass(frozen=True)
class CardEntryView:
    """`kind`: issue, activate, top_up, hold, release, use, give_back, expire, extend, block, unblock."""

    id: int
    kind: str
    balance_change: int
    held_change: int
    balance_after: int
    held_after: int
    reference: str
    note: str
    actor: str
    at: datetime


@dataclass(frozen=True)
class CardTotals:
    """Of cards in one currency and state: how many, what is on them, what is held of it."""

    currency: str
    state: str
    count: int
    balance_minor: int
    held_minor: int
