"""What every change of a gift card goes through: the card is locked, changed, and the change booked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from mekong.foundation.actor import Actor
from mekong.foundation.money import to_decimal
from mekong.pricing.errors import CardInvalid, CardNotFound
from mekong.pricing.models import CardEntry, CardHold, CardHoldState, EntryKind, GiftCard
from mekong.pricing.rules import cards as rules

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_CHANGING = ["balance_minor", "held_minor", "state", "expires_at", "blocked_for", "activated_at"]


def lock_cards(card_ids: Collection[UUID]) -> dict[UUID, GiftCard]:
    """The cards, locked in the order of their keys. Raises: CardNotFound."""
    rows = GiftCard.objects.select_for_update(of=("self",)).select_related("batch").filter(uid__in=card_ids)
    found = {row.uid: row for row in rows.order_by("pk")}
    for each in card_ids:
        if each not in found:
            raise CardNotFound(key=each)
    return found


def lock_card(card_id: UUID) -> GiftCard:
    """Raises: CardNotFound."""
    return lock_cards([card_id])[card_id]


def book(
    card: GiftCard,
    kind: EntryKind,
    *,
    actor: Actor,
    now: datetime,
    balance: int = 0,
    held: int = 0,
    reference: str = "",
    note: str = "",
) -> None:
    """Change a locked card and write its ledger; saves whatever else was set on the card."""
    card.balance_minor += balance
    card.held_minor += held
    card.save(update_fields=_CHANGING)
    CardEntry.objects.create(
        card=card, kind=kind, balance_change=balance, held_change=held, balance_after=card.balance_minor,
        held_after=card.held_minor, reference=reference, note=note[:200], actor=actor.ref, at=now,
    )  # fmt: skip


def settle(card: GiftCard, balance: int) -> None:
    """Set the state of a card in order by the balance that it is about to have."""
    card.state = rules.state_with(balance, is_activated=card.activated_at is not None)


def release(card: GiftCard, holds: Collection[CardHold], *, actor: Actor, now: datetime, note: str = "") -> None:
    """Give held amounts of a locked card free."""
    for hold in holds:
        hold.state = CardHoldState.RELEASED
        hold.save(update_fields=["state"])
        book(
            card, EntryKind.RELEASE, actor=actor, now=now, held=-hold.amount_minor, reference=hold.reference, note=note
        )


def release_expired(card: GiftCard, *, actor: Actor, now: datetime) -> None:
    """Before anything is decided about a locked card: holds whose time is up stand in nobody's way."""
    if card.held_minor:
        due = CardHold.objects.select_for_update().filter(card=card, state=CardHoldState.HELD, expires_at__lte=now)
        release(card, list(due.order_by("pk")), actor=actor, now=now, note="expired")


def check_amount(amount_minor: int, field: str = "amount_minor") -> None:
    """Raises: CardInvalid."""
    if not 0 < amount_minor <= rules.MOST_MINOR:
        raise CardInvalid(field=field, problem="Give an amount above zero.")


def check_reference(reference: str, field: str = "reference") -> str:
    """Raises: CardInvalid."""
    reference = reference.strip()
    if not 0 < len(reference) <= 80:
        raise CardInvalid(field=field, problem="Say what it is for, in 80 characters at most.")
    return reference


def amount_text(amount_minor: int, currency: str) -> str:
    return f"{to_decimal(amount_minor, currency):,f}".replace(",", ".") + f" {currency}"
