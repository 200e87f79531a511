"""Gift cards: issued, looked after, checked, and used to pay."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from mekong.faces.api.auth import authenticate, confirmed, moment
from mekong.faces.api.shapes import Body, Cursor, Flag, Limit, Moment, PageOf, page, public_id
from mekong.foundation import ids
from mekong.pricing import commands, queries
from mekong.pricing.contracts.cards import (
    BatchView,
    CardEntryView,
    CardHoldView,
    CardView,
    CardWanted,
    Issued,
    IssuedCard,
)

router = Router(tags=["gift cards"])

CARD, BATCH, HOLD = "gcd", "gcb", "gch"
State = Literal["inactive", "active", "used_up", "blocked", "expired"]
Amount = Annotated[int, Field(strict=True, ge=1, le=10**12, description="Minor units of the card's currency.")]
Reference = Annotated[str, Field(min_length=1, max_length=80)]
Text = Annotated[str, Field(max_length=200)]


class CardOut(Schema):
    """`available_minor`: what can be spent now. `expires_at`: the first moment at which it buys nothing any more."""

    id: str
    batch_id: str
    batch: str
    last4: str
    state: State
    currency: str
    value_minor: int
    balance_minor: int
    held_minor: int
    available_minor: int
    expires_at: Moment | None
    buyer: str
    recipient: str
    blocked_for: str
    issued_at: Moment
    activated_at: Moment | None


class BatchOut(Schema):
    """`taken_at`: the codes were taken out as a file. `forgotten_at`: since then they are kept here no more."""

    id: str
    name: str
    value_minor: int
    currency: str
    count: int
    expires_at: Moment | None
    issued_at: Moment
    taken_at: Moment | None
    forgotten_at: Moment | None


class CodeOut(Schema):
    id: str
    code: str
    value_minor: int
    currency: str
    expires_at: Moment | None
    recipient: str


class IssuedOut(Schema):
    """`cards`: with their codes in the open, in the order they were made."""

    batch: BatchOut
    cards: list[CodeOut]


class CodesOut(Schema):
    cards: list[CodeOut]


class EntryOut(Schema):
    id: int
    kind: Literal[
        "issue", "activate", "top_up", "hold", "release", "use", "give_back", "expire", "extend", "block", "unblock"
    ]
    balance_change: int
    held_change: int
    balance_after: int
    held_after: int
    reference: str
    note: str
    actor: str
    at: Moment


class CheckOut(Schema):
    """`card` null: nobody has this code; the caller may give so many wrong ones before it must wait.

    `card_pass`: for an hour, what a hold on the card is taken with; empty where there is no card.
    """

    card: CardOut | None
    tries_left: int
    card_pass: str


class HoldOut(Schema):
    """`used_minor`: what the order `used_by` took; `given_back_minor`: what refunds gave back of it."""

    id: str
    card_id: str
    last4: str
    reference: str
    amount_minor: int
    currency: str
    state: Literal["held", "claimed", "released"]
    expires_at: Moment
    used_minor: int
    used_by: str
    given_back_minor: int


class HoldsOut(Schema):
    holds: list[HoldOut]


class CountOut(Schema):
    count: int


class IssueIn(Body):
    """`recipients`: a note for each card, or none at all. `is_active`: usable at once, without being activated."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    value_minor: Amount
    count: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "VND"
    expires_at: Moment | None = None
    is_active: Flag = False
    buyer: Text = ""
    recipients: Annotated[list[Text], Field(max_length=10_000)] = Field(default_factory=list)


class ActivateIn(Body):
    """`reference`: the sale."""

    reference: Annotated[str, Field(max_length=80)] = ""


class TopUpIn(Body):
    """Counts once for each `reference`."""

    amount_minor: Amount
    reference: Reference


class BlockIn(Body):
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class ExtendIn(Body):
    """Null: without end."""

    expires_at: Moment | None


class CodesIn(Body):
    cards: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=2_000)]


class CheckIn(Body):
    """`who`: for whom you ask, where you ask for many people (their session, their address): wrong codes count for each."""

    code: Annotated[str, Field(min_length=1, max_length=100)]
    who: Annotated[str, Field(max_length=100)] = ""


class WantedIn(Body):
    """`card_pass`: of the check of the card's code. `is_partial`: take what there is, where the card has less."""

    card_pass: Annotated[str, Field(max_length=100)]
    amount_minor: Amount
    is_partial: Flag = False


class HoldIn(Body):
    """`reference`: the basket; the same one again gives the same holds."""

    cards: Annotated[list[WantedIn], Field(min_length=1, max_length=20)]
    reference: Reference
    ttl_s: Annotated[int, Field(strict=True, ge=1, le=30 * 24 * 3600)] = 900


class ClaimIn(Body):
    """`amount_minor`: less than was held, where the order takes less."""

    used_by: Reference
    amount_minor: Amount | None = None


class GiveBackIn(Body):
    """Counts once for each `reference`."""

    amount_minor: Amount
    reference: Reference


def _card(text: str) -> UUID:
    return public_id(CARD, text, "Gift card")


def _card_out(view: CardView) -> dict[str, Any]:
    return {**asdict(view), "id": ids.public(CARD, view.id), "batch_id": ids.public(BATCH, view.batch_id)}


def _batch_out(view: BatchView) -> dict[str, Any]:
    return {**asdict(view), "id": ids.public(BATCH, view.id)}


def _code_out(card: IssuedCard) -> dict[str, Any]:
    return {**asdict(card), "id": ids.public(CARD, card.id)}


def _issued_out(issued: Issued) -> dict[str, Any]:
    return {"batch": _batch_out(issued.batch), "cards": [_code_out(each) for each in issued.cards]}


def _hold_out(view: CardHoldView) -> dict[str, Any]:
    return {**asdict(view), "id": ids.public(HOLD, view.id), "card_id": ids.public(CARD, view.card_id)}


def _entry_out(view: CardEntryView) -> dict[str, Any]:
    return asdict(view)


@router.post("/gift-cards", response={201: IssuedOut})
def issue_gift_cards(request: HttpRequest, body: IssueIn) -> Any:
    """Make up to 10,000 gift cards of one value. Their codes are on this answer in the open, and on no other by itself."""
    made = commands.issue_cards(actor=confirmed(request), **body.model_dump(), now=moment(request))
    return Status(201, _issued_out(made))


@router.get("/gift-cards", response=PageOf[CardOut])
def list_gift_cards(
    request: HttpRequest,
    q: Annotated[
        str, Field(max_length=100, description="Last four letters, buyer, recipient, name of the issue.")
    ] = "",
    state: State | None = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Gift cards, newest first; without their codes."""
    actor = authenticate(request)
    found = queries.list_cards(actor=actor, q=q, state=state or "", cursor=cursor, limit=limit, now=moment(request))
    return page(found, _card_out)


@router.post("/gift-cards/check", response=CheckOut)
def check_gift_card(request: HttpRequest, body: CheckIn) -> Any:
    """What the card with this code is worth. After five wrong codes within 15 minutes the caller must wait (429)."""
    actor = authenticate(request)
    found = commands.check_card(actor=actor, code=body.code, who=body.who, now=moment(request))
    card = _card_out(found.card) if found.card else None
    return {"card": card, "tries_left": found.tries_left, "card_pass": found.card_pass}


@router.post("/gift-cards/codes", response=CodesOut)
def reveal_gift_card_codes(request: HttpRequest, body: CodesIn) -> Any:
    """The codes of cards in the open, to print them; that they were looked at is in the audit trail."""
    actor = confirmed(request)
    actor.require("vouchers.issue")
    cards = [_card(each) for each in body.cards]
    shown = commands.reveal_codes(actor=actor, card_ids=cards, now=moment(request))
    return {"cards": [_code_out(each) for each in shown]}


@router.get("/gift-cards/{card_id}", response=CardOut)
def get_gift_card(request: HttpRequest, card_id: str) -> Any:
    """One gift card, without its code."""
    return _card_out(queries.get_card(actor=authenticate(request), card_id=_card(card_id), now=moment(request)))


@router.get("/gift-cards/{card_id}/entries", response=PageOf[EntryOut])
def list_gift_card_entries(request: HttpRequest, card_id: str, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """A card's ledger, newest first: what changed its balance and what is held of it."""
    actor = authenticate(request)
    return page(queries.list_card_entries(actor=actor, card_id=_card(card_id), cursor=cursor, limit=limit), _entry_out)


@router.post("/gift-cards/{card_id}/activate", response=CardOut)
def activate_gift_card(request: HttpRequest, card_id: str, body: ActivateIn) -> Any:
    """Let a card be used from now on. A repeat changes nothing."""
    actor = authenticate(request)
    view = commands.activate_card(actor=actor, card_id=_card(card_id), reference=body.reference, now=moment(request))
    return _card_out(view)


@router.post("/gift-cards/{card_id}/top-up", response=CardOut)
def top_up_gift_card(request: HttpRequest, card_id: str, body: TopUpIn) -> Any:
    """Put more on a card. A repeat with the same reference changes nothing."""
    actor = authenticate(request)
    return _card_out(
        commands.top_up_card(
            actor=actor, card_id=_card(card_id), amount_minor=body.amount_minor, reference=body.reference,
            now=moment(request),
        )
    )  # fmt: skip


@router.post("/gift-cards/{card_id}/block", response=CardOut)
def block_gift_card(request: HttpRequest, card_id: str, body: BlockIn) -> Any:
    """Let a card buy nothing any more; its balance stays, what is held of it is given free. A repeat changes nothing."""
    actor = authenticate(request)
    view = commands.block_card(actor=actor, card_id=_card(card_id), reason=body.reason, now=moment(request))
    return _card_out(view)


@router.post("/gift-cards/{card_id}/unblock", response=CardOut)
def unblock_gift_card(request: HttpRequest, card_id: str) -> Any:
    """Let a blocked card be what it was. A repeat changes nothing."""
    actor = authenticate(request)
    return _card_out(commands.unblock_card(actor=actor, card_id=_card(card_id), now=moment(request)))


@router.post("/gift-cards/{card_id}/extend", response=CardOut)
def extend_gift_card(request: HttpRequest, card_id: str, body: ExtendIn) -> Any:
    """Move a card's end, or take it away. One that had expired gets back what it lost then. A repeat changes nothing."""
    actor = authenticate(request)
    view = commands.extend_card(actor=actor, card_id=_card(card_id), expires_at=body.expires_at, now=moment(request))
    return _card_out(view)


# --- issues -----------------------------------------------------------------------------------------------------------


def _batch(text: str) -> UUID:
    return public_id(BATCH, text, "Issue of gift cards")


@router.get("/gift-card-issues/{issue_id}", response=BatchOut)
def get_gift_card_issue(request: HttpRequest, issue_id: str) -> Any:
    """Cards that were issued together."""
    return _batch_out(queries.get_batch(actor=authenticate(request), batch_id=_batch(issue_id)))


@router.post("/gift-card-issues/{issue_id}/activate", response=CountOut)
def activate_gift_card_issue(request: HttpRequest, issue_id: str, body: ActivateIn) -> Any:
    """Activate every card of an issue that is not yet; how many were. A repeat activates none."""
    actor = authenticate(request)
    batch = _batch(issue_id)
    count = commands.activate_batch(actor=actor, batch_id=batch, reference=body.reference, now=moment(request))
    return {"count": count}


@router.post("/gift-card-issues/{issue_id}/codes", response=IssuedOut)
def take_gift_card_codes(request: HttpRequest, issue_id: str) -> Any:
    """All codes of an issue in the open: once. A repeat with the same Idempotency-Key gives them again for 48 hours."""
    actor = confirmed(request)
    return _issued_out(commands.take_codes(actor=actor, batch_id=_batch(issue_id), now=moment(request)))


@router.post("/gift-card-issues/{issue_id}/forget", response=BatchOut)
def forget_gift_card_codes(request: HttpRequest, issue_id: str) -> Any:
    """Keep the codes of an issue no longer: its cards pay as before, and nobody can print them again."""
    actor = confirmed(request)
    return _batch_out(commands.forget_codes(actor=actor, batch_id=_batch(issue_id), now=moment(request)))


# --- paying -----------------------------------------------------------------------------------------------------------


@router.post("/gift-card-holds", response={201: HoldsOut})
def hold_gift_cards(request: HttpRequest, body: HoldIn) -> Any:
    """Hold amounts of up to 20 cards for a basket: all or none. The same reference and amount again give the same hold."""
    actor = authenticate(request)
    actor.require("orders.place")
    wanted = [CardWanted(each.card_pass, each.amount_minor, each.is_partial) for each in body.cards]
    made = commands.hold_cards(
        actor=actor, wanted=wanted, reference=body.reference, ttl_s=body.ttl_s, now=moment(request)
    )
    return Status(201, {"holds": [_hold_out(each) for each in made]})


def _hold(text: str) -> UUID:
    return public_id(HOLD, text, "Hold")


@router.post("/gift-card-holds/{hold_id}/claim", response=HoldOut)
def claim_gift_card_hold(request: HttpRequest, hold_id: str, body: ClaimIn) -> Any:
    """Use what is held for an order. A repeat by the same order changes nothing."""
    actor = authenticate(request)
    hold = _hold(hold_id)
    amounts = None if body.amount_minor is None else {hold: body.amount_minor}
    (taken,) = commands.claim_card_holds(
        actor=actor, hold_ids=[hold], used_by=body.used_by, amounts=amounts, now=moment(request)
    )
    return _hold_out(taken)


@router.delete("/gift-card-holds/{hold_id}", response={204: None})
def release_gift_card_hold(request: HttpRequest, hold_id: str) -> Any:
    """Give free what is held. A repeat changes nothing."""
    commands.release_card_holds(actor=authenticate(request), hold_ids=[_hold(hold_id)], now=moment(request))
    return Status(204, None)


@router.post("/gift-card-holds/{hold_id}/give-back", response=CardOut)
def give_back_to_gift_card(request: HttpRequest, hold_id: str, body: GiveBackIn) -> Any:
    """Refund what an order took of a card, to that card. A repeat with the same reference changes nothing."""
    view = commands.give_back(
        actor=authenticate(request), hold_id=_hold(hold_id), amount_minor=body.amount_minor, reference=body.reference,
        now=moment(request),
    )  # fmt: skip
    return _card_out(view)
