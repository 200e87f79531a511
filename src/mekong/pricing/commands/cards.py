"""Issuing gift cards and looking after them: activate, top up, block, extend, print and hand out their codes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from mekong.foundation import audit
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.pricing import vault
from mekong.pricing.commands.card_ledger import (
    VIETNAM,
    book,
    check_amount,
    check_reference,
    lock_card,
    release,
    release_expired,
    settle,
)
from mekong.pricing.contracts.cards import BatchView, CardView, Issued, IssuedCard
from mekong.pricing.errors import (
    CardBatchNotFound,
    CardBlocked,
    CardExpired,
    CardInvalid,
    CardNotFound,
    CardReferenceTaken,
    CodesForgotten,
    CodesTaken,
)
from mekong.pricing.models import CardBatch, CardEntry, CardHold, CardState, EntryKind, GiftCard
from mekong.pricing.queries.cards import batch_view, card_view
from mekong.pricing.rules import cards as rules
from mekong.pricing.rules import codes

MOST_PRINTED = 2_000
"""Codes shown at once, besides those just issued."""
_CHUNK = 2_000

_FIRST_ENTRIES = """
    insert into pricing_cardentry (card_id, kind, balance_change, held_change, balance_after, held_after, reference, note,
                                   actor, at)
    select c.id, 'issue', c.balance_minor, 0, c.balance_minor, 0, '', '', %(actor)s, %(now)s
      from pricing_giftcard c where c.batch_id = %(batch)s order by c.id
"""
_ACTIVATE = """
    with mine as (
        select id from pricing_giftcard
         where batch_id = %(batch)s and state = 'inactive' and (expires_at is null or expires_at > %(now)s)
         order by id for update
    )
    , woken as (
        update pricing_giftcard c set state = 'active', activated_at = %(now)s from mine where c.id = mine.id
        returning c.id, c.balance_minor, c.held_minor
    )
    , booked as (
        insert into pricing_cardentry (card_id, kind, balance_change, held_change, balance_after, held_after, reference,
                                       note, actor, at)
        select id, 'activate', 0, 0, balance_minor, held_minor, %(reference)s, '', %(actor)s, %(now)s
          from woken order by id returning 1
    )
    select count(*) from booked
"""


@command
def issue_cards(
    *,
    actor: Actor,
    name: str,
    value_minor: int,
    count: int = 1,
    currency: str = "VND",
    expires_at: datetime | None = None,
    is_active: bool = False,
    buyer: str = "",
    recipients: Sequence[str] = (),
    now: datetime,
) -> Issued:
    """Make up to 10,000 gift cards of one value; their codes are on the answer, in the open, and nowhere else.

    Args:
        expires_at: the first moment at which they buy nothing any more; None for cards without end.
        is_active: they can be used at once. Otherwise they are worth nothing until they are activated, when sold.
        recipients: whom each card is for, as a note; one for each card, or none at all.

    Raises: MayNot, CardInvalid naming the field.
    """
    actor.require("vouchers.issue")
    name = _name(name)
    _check_issue(value_minor, count, currency, expires_at, buyer, recipients, now)
    batch = CardBatch.objects.create(
        name=name, value_minor=value_minor, currency=currency, count=count, expires_at=expires_at, issued_by=actor.ref,
        issued_at=now,
    )  # fmt: skip
    keyed = vault.hasher()
    drawn = [codes.draw(secrets.token_bytes(codes.RANDOM_BYTES), codes.GIFT_CARD) for _ in range(count)]
    made: list[GiftCard] = []
    for place, code in enumerate(drawn):
        one = keyed.copy()
        one.update(code.encode())
        made.append(
            GiftCard(
                batch=batch, code_hash=one.hexdigest(), sealed_code=vault.seal(code), last4=code[-4:], currency=currency,
                value_minor=value_minor, balance_minor=value_minor, expires_at=expires_at, buyer=buyer.strip(),
                recipient=recipients[place].strip() if recipients else "", issued_at=now,
            )
        )  # fmt: skip
    GiftCard.objects.bulk_create(made, batch_size=_CHUNK)
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_ENTRIES, {"batch": batch.pk, "actor": actor.ref, "now": now})
        if is_active:
            cursor.execute(_ACTIVATE, {"batch": batch.pk, "actor": actor.ref, "now": now, "reference": ""})
    issued = (_issued(card, code) for card, code in zip(made, drawn, strict=True))
    return Issued(batch_view(batch), tuple(issued))


def _issued(card: GiftCard, code: str) -> IssuedCard:
    written = codes.written(code, codes.GIFT_CARD)
    return IssuedCard(card.uid, written, card.value_minor, card.currency, card.expires_at, card.recipient)


def _name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= 120:
        raise CardInvalid(field="name", problem="Give it a name of at most 120 characters.")
    return name


def _check_issue(
    value_minor: int,
    count: int,
    currency: str,
    expires_at: datetime | None,
    buyer: str,
    recipients: Sequence[str],
    now: datetime,
) -> None:
    check_amount(value_minor, "value_minor")
    if not 1 <= count <= rules.MOST_CARDS:
        raise CardInvalid(field="count", problem="Issue from 1 to {most} cards at once.", most=rules.MOST_CARDS)
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise CardInvalid(field="currency", problem="Give a currency by its three capitals, like VND.")
    _check_end(expires_at, now)
    if recipients and len(recipients) != count:
        raise CardInvalid(field="recipients", problem="Give one for each card, or none at all.")
    if len(buyer) > 200:
        raise CardInvalid(field="buyer", problem="At most 200 characters are taken. Shorten it.")
    if any(len(each) > 200 for each in recipients):
        raise CardInvalid(field="recipients", problem="At most 200 characters are taken. Shorten it.")


def _check_end(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and not now < expires_at <= now + rules.LONGEST:
        raise CardInvalid(field="expires_at", problem="Choose an end that is still to come, within 20 years.")


def lock_batch(batch_id: UUID) -> CardBatch:
    """Raises: CardBatchNotFound."""
    row = CardBatch.objects.select_for_update().filter(uid=batch_id).first()
    if row is None:
        raise CardBatchNotFound(key=batch_id)
    return row


@command
def activate_batch(*, actor: Actor, batch_id: UUID, reference: str = "", now: datetime) -> int:
    """Let every card of an issue that is not active yet be used from now on; how many. Safe to repeat.

    Raises: MayNot, CardBatchNotFound.
    """
    actor.require("vouchers.issue")
    batch = lock_batch(batch_id)
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVATE, {"batch": batch.pk, "actor": actor.ref, "now": now, "reference": reference[:80]})
        return int(cursor.fetchone()[0])


@command
def activate_card(*, actor: Actor, card_id: UUID, reference: str = "", now: datetime) -> CardView:
    """Let a card be used from now on: it was sold. Safe to repeat. Raises: MayNot, CardNotFound, CardBlocked, CardExpired."""
    actor.require("vouchers.issue")
    card = lock_card(card_id)
    if card.state == CardState.BLOCKED:
        raise CardBlocked(last4=card.last4)
    if rules.why_not(card.state, card.expires_at, now) == "expired":
        raise CardExpired(last4=card.last4)
    if card.state == CardState.INACTIVE:
        card.activated_at = now
        settle(card, card.balance_minor)
        book(card, EntryKind.ACTIVATE, actor=actor, now=now, reference=reference[:80])
    return card_view(card, now)


@command
def top_up_card(*, actor: Actor, card_id: UUID, amount_minor: int, reference: str, now: datetime) -> CardView:
    """Put more on a card. A repeat with the same reference and amount changes nothing.

    Raises: MayNot, CardNotFound, CardInvalid, CardReferenceTaken, CardBlocked, CardExpired.
    """
    actor.require("vouchers.issue")
    check_amount(amount_minor)
    reference = check_reference(reference)
    card = lock_card(card_id)
    known = CardEntry.objects.filter(card=card, kind=EntryKind.TOP_UP, reference=reference).first()
    if known is not None:
        if known.balance_change != amount_minor:
            raise CardReferenceTaken(reference=reference)
        return card_view(card, now)
    if card.state == CardState.BLOCKED:
        raise CardBlocked(last4=card.last4)
    if rules.why_not(card.state, card.expires_at, now) == "expired":
        raise CardExpired(last4=card.last4)
    if card.balance_minor + amount_minor > rules.MOST_MINOR:
        raise CardInvalid(field="amount_minor", problem="A card does not hold that much.")
    settle(card, card.balance_minor + amount_minor)
    book(card, EntryKind.TOP_UP, actor=actor, now=now, balance=amount_minor, reference=reference)
    return card_view(card, now)


@command
def block_card(*, actor: Actor, card_id: UUID, reason: str, now: datetime) -> CardView:
    """Let a card buy nothing any more: it was lost or stolen. What is held of it is given free; its balance stays.

    Safe to repeat. Raises: MayNot, CardNotFound, CardInvalid (no reason), CardExpired.
    """
    actor.require("vouchers.issue")
    reason = reason.strip()
    if not 0 < len(reason) <= 200:
        raise CardInvalid(field="reason", problem="Say why, in 200 characters at most.")
    card = lock_card(card_id)
    if card.state == CardState.EXPIRED:
        raise CardExpired(last4=card.last4)
    if card.state != CardState.BLOCKED:
        open_holds = CardHold.objects.select_for_update().filter(card=card, state="held").order_by("pk")
        release(card, list(open_holds), actor=actor, now=now, note="blocked")
        card.state, card.blocked_for = CardState.BLOCKED, reason
        book(card, EntryKind.BLOCK, actor=actor, now=now, note=reason)
    return card_view(card, now)


@command
def unblock_card(*, actor: Actor, card_id: UUID, now: datetime) -> CardView:
    """Let a blocked card be what it was. Safe to repeat. Raises: MayNot, CardNotFound."""
    actor.require("vouchers.issue")
    card = lock_card(card_id)
    if card.state == CardState.BLOCKED:
        card.blocked_for = ""
        settle(card, card.balance_minor)
        book(card, EntryKind.UNBLOCK, actor=actor, now=now)
    return card_view(card, now)


@command
def extend_card(*, actor: Actor, card_id: UUID, expires_at: datetime | None, now: datetime) -> CardView:
    """Let a card end later or earlier, or never (None). One that had expired gets back what it lost then.

    Safe to repeat. Raises: MayNot, CardNotFound, CardInvalid.
    """
    actor.require("vouchers.issue")
    _check_end(expires_at, now)
    card = lock_card(card_id)
    if card.expires_at == expires_at:
        return card_view(card, now)
    lost = 0
    if card.state == CardState.EXPIRED:
        last = CardEntry.objects.filter(card=card, kind=EntryKind.EXPIRE).order_by("-pk").first()
        lost = -last.balance_change if last else 0
        settle(card, card.balance_minor + lost)
    card.expires_at = expires_at
    until = expires_at.date().isoformat() if expires_at else ""
    book(card, EntryKind.EXTEND, actor=actor, now=now, balance=lost, note=until)
    return card_view(card, now)


# --- codes ------------------------------------------------------------------------------------------------------------


@command
def reveal_codes(*, actor: Actor, card_ids: Collection[UUID], now: datetime) -> list[IssuedCard]:
    """The codes of some cards, to print them, in the order asked; that they were looked at is in the audit trail.

    Raises: MayNot, CardInvalid (none, or more than 2,000), CardNotFound, CodesForgotten.
    """
    actor.require("vouchers.issue")
    if not 1 <= len(card_ids) <= MOST_PRINTED:
        raise CardInvalid(field="cards", problem="Choose from 1 to {most} cards.", most=MOST_PRINTED)
    rows = {row.uid: row for row in GiftCard.objects.filter(uid__in=list(card_ids))}
    for each in card_ids:
        if each not in rows:
            raise CardNotFound(key=each)
    opened = [_opened(rows[each]) for each in card_ids]
    for each in card_ids:
        audit.record_read(actor, table="pricing_giftcard", row_id=rows[each].pk, fields=["code"], now=now)
    return opened


def _opened(card: GiftCard) -> IssuedCard:
    if not card.sealed_code:
        raise CodesForgotten(last4=card.last4)
    return _issued(card, vault.unseal(card.sealed_code))


@command
def take_codes(*, actor: Actor, batch_id: UUID, now: datetime) -> Issued:
    """All codes of an issue, for a file to hand over. Once: a second file would be a second purse.

    Raises: MayNot, CardBatchNotFound, CodesTaken, CodesForgotten.
    """
    actor.require("vouchers.issue")
    batch = lock_batch(batch_id)
    if batch.forgotten_at is not None:
        raise CodesForgotten(last4="")
    if batch.taken_at is not None:
        raise CodesTaken(name=batch.name, date=batch.taken_at.astimezone(VIETNAM).strftime("%d/%m/%Y"))
    opened = tuple(_opened(row) for row in GiftCard.objects.filter(batch=batch).order_by("pk"))
    batch.taken_at, batch.taken_by = now, actor.ref
    batch.save(update_fields=["taken_at", "taken_by"])
    audit.record_read(actor, table="pricing_cardbatch", row_id=batch.pk, fields=["codes"], now=now)
    return Issued(batch_view(batch), opened)


@command
def forget_codes(*, actor: Actor, batch_id: UUID, now: datetime) -> BatchView:
    """Keep the codes of an issue here no longer: its cards are used as before, and nobody can print them again.

    Safe to repeat. Raises: MayNot, CardBatchNotFound.
    """
    actor.require("vouchers.issue")
    batch = lock_batch(batch_id)
    if batch.forgotten_at is None:
        GiftCard.objects.filter(batch=batch).update(sealed_code="")
        batch.forgotten_at = now
        batch.save(update_fields=["forgotten_at"])
    return batch_view(batch)


# --- housekeeping -----------------------------------------------------------------------------------------------------


def expire_cards(*, now: datetime, limit: int = 500) -> int:
    """Book the end of cards whose time is up, up to `limit`; how many. They bought nothing from that moment on anyway.

    A card of which an amount is still held for an order waits for that order.
    """
    due = GiftCard.objects.filter(state__in=(CardState.INACTIVE, CardState.ACTIVE), expires_at__lte=now)
    waiting = CardHold.objects.filter(state="held", expires_at__gt=now).values("card_id")
    ids = list(due.exclude(pk__in=waiting).order_by("expires_at", "pk").values_list("uid", flat=True)[:limit])
    return sum(_expire(actor=SYSTEM, card_id=each, now=now) for each in ids)


@command
def _expire(*, actor: Actor, card_id: UUID, now: datetime) -> bool:
    card = lock_card(card_id)
    release_expired(card, actor=actor, now=now)
    is_due = card.state in (CardState.INACTIVE, CardState.ACTIVE) and card.expires_at and card.expires_at <= now
    if not is_due or card.held_minor:
        return False
    card.state = CardState.EXPIRED
    book(card, EntryKind.EXPIRE, actor=actor, now=now, balance=-card.balance_minor)
    return True
