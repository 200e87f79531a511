"""Paying with gift cards: a code is checked, an amount held for a basket, used by its order, given back by a refund.

A code is asked for once, by `check_card`, which counts wrong ones and gives a pass for the right one; a hold is taken with the
pass. So wrong codes are counted in one place, and by a return, never by a raise: what is counted stays counted. And who
sees cards in a list, without their codes, cannot spend them.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.pricing import vault
from mekong.pricing.commands.card_ledger import (
    VIETNAM,
    amount_text,
    book,
    check_amount,
    check_reference,
    lock_card,
    lock_cards,
    release,
    release_expired,
    settle,
)
from mekong.pricing.contracts.cards import CardCheck, CardHoldView, CardView, CardWanted
from mekong.pricing.errors import (
    CardBlocked,
    CardExpired,
    CardHoldNotFound,
    CardHoldOver,
    CardHoldUsed,
    CardInvalid,
    CardNotActivated,
    CardNotUsable,
    CardReferenceTaken,
    CardShort,
    CardUsedUp,
    CodeMistyped,
    TooManyTries,
)
from mekong.pricing.models import CardEntry, CardHold, CardHoldState, CardState, CodeTry, EntryKind, GiftCard
from mekong.pricing.queries.cards import card_view, hold_view
from mekong.pricing.rules import cards as rules
from mekong.pricing.rules import codes

MOST_CARDS = 20
"""That pay for one basket."""
LONGEST_HOLD_S = 30 * 24 * 3600
KEPT_TRIES = timedelta(days=1)
PASS_LASTS = timedelta(hours=1)
_PASS = re.compile(r"([0-9a-f]{32})([0-9a-f]{8})([0-9a-f]{32})")
_LOCK = 0x6D6B_6364
"""Of the advisory locks that let a caller's tries in one after the other."""

_PROBLEMS: Mapping[str, str] = {
    "empty": "Type the code of the card.",
    "accented": "Accents came into the code. Switch the Vietnamese keyboard to English and type it again.",
    "letters": "A code has no 0, O, 1, I or L and no signs. Look at the card again.",
    "length": "A gift card’s code has 18 letters. Look at the card again.",
    "mistyped": "A letter of the code is wrong, or two changed places. Look at the card again.",
}
_REFUSALS: Mapping[str, type[CardNotUsable]] = {
    "inactive": CardNotActivated, "blocked": CardBlocked, "expired": CardExpired, "used_up": CardUsedUp,
}  # fmt: skip


@command
def check_card(*, actor: Actor, code: str, who: str, now: datetime) -> CardCheck:
    """What the card with this code is worth; a code that nobody has is counted against the caller, and returned as such.

    Args:
        who: for whom the actor asks, where it asks for many (an address, a session of the web shop); counted for each.

    Raises: MayNot, CodeMistyped (seen from the code itself, and not counted), TooManyTries.
    """
    actor.require("orders.place")
    read = codes.read(code, codes.GIFT_CARD)
    if isinstance(read, codes.Misread):
        raise CodeMistyped(field="code", problem=_PROBLEMS[read.problem])
    caller = f"{actor.ref}|{who}"[:200]
    standing = let_in(caller, now)
    row = GiftCard.objects.select_related("batch").filter(code_hash=vault.hash_of(read)).first()
    if row is not None:
        return CardCheck(card_view(row, now), standing.left, pass_of(row.uid, now))
    count_failure(caller, now)
    return CardCheck(None, standing.left - 1)


def pass_of(card_id: UUID, now: datetime) -> str:
    """What says that the code of this card was given just now."""
    said = f"{card_id.hex}{int((now + PASS_LASTS).timestamp()):08x}"
    return said + vault.signature(said)


def _opened(card_pass: str, place: int) -> tuple[UUID, datetime]:
    """Of which card a pass is, and until when. Raises: CardInvalid."""
    found = _PASS.fullmatch(card_pass)
    if found is None or not hmac.compare_digest(vault.signature(found[1] + found[2]), found[3]):
        raise _check_again(place)
    return UUID(found[1]), datetime.fromtimestamp(int(found[2], 16), UTC)


def _check_again(place: int) -> CardInvalid:
    return CardInvalid(field=f"cards[{place}].card_pass", problem="Check the code of the card once more.")


def let_in(caller: str, now: datetime) -> rules.Standing:
    """Whether a caller may give one more code, of a gift card or a voucher. Raises: TooManyTries."""
    with connection.cursor() as cursor:
        # One caller's tries wait for each other: many at once would all see that none was wrong yet.
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, caller])
    since = now - rules.WINDOW
    own = dict(CodeTry.objects.filter(who=caller, minute__gt=since).values_list("minute", "failures"))
    altogether = CodeTry.objects.filter(minute__gt=since).aggregate(total=Sum("failures"))["total"] or 0
    standing = rules.standing(own, altogether, now)
    if standing.retry_at is not None:
        wait = max(1, -int(-(standing.retry_at - now).total_seconds() // 1))
        time = standing.retry_at.astimezone(VIETNAM).strftime("%H:%M")
        raise TooManyTries(retry_after_s=wait, time=time)
    return standing


def count_failure(caller: str, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into pricing_codetry as t (who, minute, failures) values (%s, %s, 1)
               on conflict (who, minute) do update set failures = t.failures + 1""",
            [caller, rules.minute_of(now)],
        )
        cursor.execute(
            """delete from pricing_codetry where id in (
                   select id from pricing_codetry where minute < %s order by id for update skip locked)""",
            [now - KEPT_TRIES],
        )


# --- holding ----------------------------------------------------------------------------------------------------------


@command
def hold_cards(
    *, actor: Actor, wanted: Sequence[CardWanted], reference: str, ttl_s: int, now: datetime
) -> list[CardHoldView]:
    """Hold amounts of gift cards for a basket for `ttl_s` seconds: all or none, in the order asked.

    Each card comes with the pass of its check. A repeat with the same reference, card and amount gives the same hold, held or
    used; once it was given free, a new one.
    Raises: MayNot, CardInvalid, CardNotFound, CardReferenceTaken, CardShort; CardNotActivated, CardBlocked, CardExpired,
    CardUsedUp.
    """
    actor.require("orders.place")
    reference = check_reference(reference)
    _check_wanted(wanted, ttl_s)
    passes = [_opened(each.card_pass, place) for place, each in enumerate(wanted)]
    if len({card for card, _ in passes}) != len(wanted):
        raise CardInvalid(field="cards", problem="A card is there twice. Add the amounts up.")
    cards = lock_cards([card for card, _ in passes])
    until = now + timedelta(seconds=ttl_s)
    holds = []
    for place, (each, (card, good_until)) in enumerate(zip(wanted, passes, strict=True)):
        release_expired(cards[card], actor=actor, now=now)
        known = _known(cards[card], each, place, reference)
        if known is None and good_until <= now:
            raise _check_again(place)
        holds.append(known or _hold(cards[card], each, reference, until, actor, now))
    return holds


def _check_wanted(wanted: Sequence[CardWanted], ttl_s: int) -> None:
    if not 1 <= len(wanted) <= MOST_CARDS:
        raise CardInvalid(field="cards", problem="Choose from 1 to {most} cards.", most=MOST_CARDS)
    for place, each in enumerate(wanted):
        check_amount(each.amount_minor, f"cards[{place}].amount_minor")
    if not 1 <= ttl_s <= LONGEST_HOLD_S:
        raise CardInvalid(field="ttl_s", problem="Hold it for 1 second to 30 days.")


def _known(card: GiftCard, wanted: CardWanted, place: int, reference: str) -> CardHoldView | None:
    """The hold that this very request has made before."""
    known = CardHold.objects.filter(card=card, reference=reference).exclude(state=CardHoldState.RELEASED).first()
    if known is not None and known.asked_minor != wanted.amount_minor:
        raise CardReferenceTaken(reference=reference, field=f"cards[{place}]")
    return hold_view(known, card) if known else None


def _hold(
    card: GiftCard, wanted: CardWanted, reference: str, until: datetime, actor: Actor, now: datetime
) -> CardHoldView:
    refused = rules.why_not(card.state, card.expires_at, now)
    if refused:
        raise _REFUSALS[refused](last4=card.last4, state=refused)
    free = card.balance_minor - card.held_minor
    amount = min(free, wanted.amount_minor) if wanted.is_partial else wanted.amount_minor
    if amount > free or not amount:
        raise CardShort(last4=card.last4, available=amount_text(free, card.currency), available_minor=free)
    made = CardHold.objects.create(
        card=card, reference=reference, amount_minor=amount, asked_minor=wanted.amount_minor, expires_at=until,
        created_at=now,
    )  # fmt: skip
    book(card, EntryKind.HOLD, actor=actor, now=now, held=amount, reference=reference)
    return hold_view(made, card)


def _lock_holds(hold_ids: Collection[UUID]) -> list[tuple[CardHold, GiftCard]]:
    """Holds with their cards, all locked, cards first. Raises: CardHoldNotFound."""
    of = dict(CardHold.objects.filter(uid__in=list(hold_ids)).values_list("uid", "card__uid"))
    for each in hold_ids:
        if each not in of:
            raise CardHoldNotFound(key=each)
    cards = lock_cards(set(of.values()))
    holds = CardHold.objects.select_for_update().filter(uid__in=list(hold_ids)).order_by("pk")
    return [(hold, cards[of[hold.uid]]) for hold in holds]


@command
def claim_card_holds(
    *,
    actor: Actor,
    hold_ids: Collection[UUID],
    used_by: str,
    amounts: Mapping[UUID, int] | None = None,
    now: datetime,
) -> list[CardHoldView]:
    """Use held amounts for an order: the balance goes down, and what `amounts` leaves of a hold is free again.

    A hold whose time is up is used all the same, as long as nobody needed it since. A repeat by the same order changes
    nothing. Raises: MayNot, CardInvalid, CardHoldNotFound, CardHoldOver, CardHoldUsed.
    """
    actor.require("orders.place")
    used_by = check_reference(used_by, "used_by")
    taken = []
    for hold, card in _lock_holds(hold_ids):
        if hold.state == CardHoldState.RELEASED:
            raise CardHoldOver(last4=card.last4)
        if hold.state == CardHoldState.CLAIMED and hold.used_by != used_by:
            raise CardHoldUsed(last4=card.last4, used_by=hold.used_by)
        if hold.state == CardHoldState.HELD:
            _claim(hold, card, (amounts or {}).get(hold.uid, hold.amount_minor), used_by, actor, now)
        taken.append(hold_view(hold, card))
    return taken


def _claim(hold: CardHold, card: GiftCard, amount: int, used_by: str, actor: Actor, now: datetime) -> None:
    if not 0 < amount <= hold.amount_minor:
        raise CardInvalid(field="amounts", problem="Take no more of a card than was held, and something.")
    hold.state, hold.used_minor, hold.used_by = CardHoldState.CLAIMED, amount, used_by
    hold.save(update_fields=["state", "used_minor", "used_by"])
    settle(card, card.balance_minor - amount)
    book(card, EntryKind.USE, actor=actor, now=now, balance=-amount, held=-hold.amount_minor, reference=used_by)


@command
def release_card_holds(*, actor: Actor, hold_ids: Collection[UUID], now: datetime) -> None:
    """Give held amounts free. Repeating changes nothing. Raises: MayNot, CardHoldNotFound, CardHoldUsed."""
    actor.require("orders.place")
    for hold, card in _lock_holds(hold_ids):
        if hold.state == CardHoldState.CLAIMED:
            raise CardHoldUsed(last4=card.last4, used_by=hold.used_by)
        if hold.state == CardHoldState.HELD:
            release(card, [hold], actor=actor, now=now)


@command
def give_back(*, actor: Actor, hold_id: UUID, amount_minor: int, reference: str, now: datetime) -> CardView:
    """Refund what an order took of a card, to that card; a repeat with the same reference and amount changes nothing.

    A card that has ended, or is about to, can be used for 30 days more. One that is blocked stays blocked.
    Raises: MayNot, CardHoldNotFound, CardReferenceTaken, CardInvalid (more than was taken and not given back yet).
    """
    actor.require("orders.return")
    reference = check_reference(reference)
    check_amount(amount_minor)
    ((hold, card),) = _lock_holds([hold_id])
    known = CardEntry.objects.filter(card=card, kind=EntryKind.GIVE_BACK, reference=reference).first()
    if known is not None:
        if known.balance_change != amount_minor:
            raise CardReferenceTaken(reference=reference)
        return card_view(card, now)
    left = hold.used_minor - hold.given_back_minor
    if amount_minor > left:
        raise CardInvalid(
            field="amount_minor", problem="Of this card {left} can be given back at most.",
            left=amount_text(left, card.currency),
        )  # fmt: skip
    hold.given_back_minor += amount_minor
    hold.save(update_fields=["given_back_minor"])
    note = ""
    if card.expires_at is not None and card.expires_at < now + rules.GRACE:
        card.expires_at = now + rules.GRACE
        note = card.expires_at.date().isoformat()
    if card.state != CardState.BLOCKED:
        settle(card, card.balance_minor + amount_minor)
    book(card, EntryKind.GIVE_BACK, actor=actor, now=now, balance=amount_minor, reference=reference, note=note)
    return card_view(card, now)


def release_due(*, now: datetime, limit: int = 500) -> int:
    """Housekeeping: give free what is held on gift cards beyond its time, up to `limit` cards; how many."""
    due = CardHold.objects.filter(state=CardHoldState.HELD, expires_at__lte=now)
    ids = list(due.order_by("card_id").values_list("card__uid", flat=True).distinct()[:limit])
    for each in ids:
        _release_due(actor=SYSTEM, card_id=each, now=now)
    return len(ids)


@command
def _release_due(*, actor: Actor, card_id: UUID, now: datetime) -> None:
    release_expired(lock_card(card_id), actor=actor, now=now)
