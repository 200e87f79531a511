"""Gift cards, their issues and their ledgers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, Sum

from mekong.foundation.actor import Actor
from mekong.foundation.contracts import Page
from mekong.foundation.errors import Invalid
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.pricing.contracts.cards import BatchView, CardEntryView, CardHoldView, CardTotals, CardView
from mekong.pricing.errors import CardBatchNotFound, CardNotFound
from mekong.pricing.models import CardBatch, CardEntry, CardHold, CardState, GiftCard
from mekong.pricing.rules import cards as rules

CARD = "gcd"
BATCH = "gcb"
HOLD = "gch"


def card_view(row: GiftCard, now: datetime) -> CardView:
    usable = not rules.why_not(row.state, row.expires_at, now)
    return CardView(
        id=row.uid, batch_id=row.batch.uid, batch=row.batch.name, last4=row.last4, state=row.state, currency=row.currency,
        value_minor=row.value_minor, balance_minor=row.balance_minor, held_minor=row.held_minor,
        available_minor=row.balance_minor - row.held_minor if usable else 0, expires_at=row.expires_at, buyer=row.buyer,
        recipient=row.recipient, blocked_for=row.blocked_for, issued_at=row.issued_at, activated_at=row.activated_at,
        is_printable=bool(row.sealed_code),
    )  # fmt: skip


def batch_view(row: CardBatch) -> BatchView:
    return BatchView(
        id=row.uid, name=row.name, value_minor=row.value_minor, currency=row.currency, count=row.count,
        expires_at=row.expires_at, issued_by=row.issued_by, issued_at=row.issued_at, taken_at=row.taken_at,
        forgotten_at=row.forgotten_at,
    )  # fmt: skip


def hold_view(row: CardHold, card: GiftCard) -> CardHoldView:
    return CardHoldView(
        id=row.uid, card_id=card.uid, last4=card.last4, reference=row.reference, amount_minor=row.amount_minor,
        currency=card.currency, state=row.state, expires_at=row.expires_at, used_minor=row.used_minor,
        used_by=row.used_by, given_back_minor=row.given_back_minor,
    )  # fmt: skip


def get_card(*, actor: Actor, card_id: UUID, now: datetime) -> CardView:
    """Raises: MayNot, CardNotFound."""
    actor.require("pricing.view")
    row = GiftCard.objects.select_related("batch").filter(uid=card_id).first()
    if row is None:
        raise CardNotFound(key=card_id)
    return card_view(row, now)


def get_batch(*, actor: Actor, batch_id: UUID) -> BatchView:
    """Raises: MayNot, CardBatchNotFound."""
    actor.require("pricing.view")
    row = CardBatch.objects.filter(uid=batch_id).first()
    if row is None:
        raise CardBatchNotFound(key=batch_id)
    return batch_view(row)


def list_cards(
    *,
    actor: Actor,
    now: datetime,
    q: str = "",
    state: str = "",
    batch_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[CardView]:
    """Gift cards, newest first. `q`: the last four letters of a code, or a word of buyer, recipient or issue.

    Two statements. Raises: MayNot, Invalid.
    """
    actor.require("pricing.view")
    rows = GiftCard.objects.select_related("batch").order_by("-pk")
    if state:
        if state not in CardState.values:
            raise Invalid(field="state", problem="Choose one of: {known}.", known=", ".join(CardState.values))
        rows = rows.filter(state=state)
    if batch_id is not None:
        rows = rows.filter(batch__uid=batch_id)
    for word in q.split():
        rows = rows.filter(
            Q(last4=word.upper())
            | Q(buyer__icontains=word)
            | Q(recipient__icontains=word)
            | Q(batch__name__icontains=word)
        )
    if cursor:
        (before,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    more = encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    return Page([card_view(row, now) for row in found[:limit]], more)


def cards_of(*, actor: Actor, batch_id: UUID, first: int = 1, last: int) -> list[UUID]:
    """The cards of an issue in the order they were made, from place `first` to place `last`. Two statements.

    Raises: MayNot, CardBatchNotFound.
    """
    get_batch(actor=actor, batch_id=batch_id)
    rows = GiftCard.objects.filter(batch__uid=batch_id).order_by("pk")
    return list(rows.values_list("uid", flat=True)[first - 1 : last])


def list_batches(*, actor: Actor, limit: int = 50) -> list[BatchView]:
    """Issues, the latest first. One statement. Raises: MayNot."""
    actor.require("pricing.view")
    return [batch_view(row) for row in CardBatch.objects.order_by("-issued_at", "-pk")[:limit]]


def list_card_entries(
    *, actor: Actor, card_id: UUID, cursor: str | None = None, limit: int = 50
) -> Page[CardEntryView]:
    """A card's ledger, newest first. Two statements. Raises: MayNot, CardNotFound."""
    actor.require("pricing.view")
    card = GiftCard.objects.filter(uid=card_id).first()
    if card is None:
        raise CardNotFound(key=card_id)
    rows = CardEntry.objects.filter(card=card).order_by("-pk")
    if cursor:
        (before,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    more = encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    return Page([_entry(row) for row in found[:limit]], more)


def _entry(row: CardEntry) -> CardEntryView:
    return CardEntryView(
        id=row.pk, kind=row.kind, balance_change=row.balance_change, held_change=row.held_change,
        balance_after=row.balance_after, held_after=row.held_after, reference=row.reference, note=row.note,
        actor=row.actor, at=row.at,
    )  # fmt: skip


def card_holds(*, actor: Actor, used_by: Iterable[str]) -> list[CardHoldView]:
    """What orders took of gift cards: their refunds go back there. One statement. Raises: MayNot."""
    actor.require("orders.view")
    rows = CardHold.objects.select_related("card").filter(used_by__in=list(used_by), state="claimed").order_by("pk")
    return [hold_view(row, row.card) for row in rows]


def card_totals(*, actor: Actor) -> list[CardTotals]:
    """What all gift cards are worth, by currency and state. One statement. Raises: MayNot."""
    actor.require("pricing.view")
    rows = (
        GiftCard.objects.values("currency", "state")
        .annotate(count=Count("id"), balance=Sum("balance_minor"), held=Sum("held_minor"))
        .order_by("currency", "state")
    )
    return [CardTotals(row["currency"], row["state"], row["count"], row["balance"], row["held"]) for row in rows]
