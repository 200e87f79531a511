"""What became of products on their way to a platform, as the worker tells it. Each note is for one turn: where the product
changed meanwhile, it is ahead of what was done, and its turn comes again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Case, F, Q, Value, When

from mekong.channels.commands.listings import turn
from mekong.channels.contracts.publishing import Gap
from mekong.channels.errors import ListedByHand
from mekong.channels.models import Channel, Listing, MatchState, PictureCopy, Publication
from mekong.channels.socket.publishing import Published
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import MekongError

_MOST_REASONS = 20
_LONGEST = 500


@dataclass(frozen=True)
class Due:
    """A publication as it stood when its turn came.

    `is_ours`: what is found there under its SKUs was made from here, or a person said that it may be replaced.
    `is_asked_only`: nothing is to be sent, only looked after.
    """

    id: int
    channel: str
    product_id: int
    turn: int
    is_shown: bool
    item_id: str
    ticket: str
    sent: str
    is_ours: bool
    is_asked_only: bool
    attempts: int


@command
def note_kept(
    *, actor: Actor, due: Due, said: Published, sent: str, now: datetime, again: datetime | None  # noqa: ARG001
) -> None:  # fmt: skip
    """The platform has it; `sent`: digest of what it took, "" where that is not known. `again`: when to look after it,
    where it is reviewed. What it has under a name, and nobody knows how it looks, is sent once more.

    After a write the stock of its listings is told anew: some platforms take a product's figures with its words, and a
    sale in between would be overwritten by what was read before it. Listings that the write took away are gone.
    """
    live = {"live_at": Case(When(live_at=None, then=Value(now)), default=F("live_at"))} if said.state == "live" else {}
    _done(
        due,
        again,
        state=said.state.value,
        item_id=said.item_id[:60] or due.item_id,
        ticket=said.ticket,
        url=said.url[:500],
        reasons=[reason[:_LONGEST] for reason in said.reasons[:_MOST_REASONS]],
        sent=sent,
        sent_at=F("sent_at") if due.is_asked_only else now,
        begun_at=F("begun_at") if not said.item_id else None,
        gaps=[],
        **live,
    )
    if not due.is_asked_only:
        _follow_listings(due, said)
    if said.item_id and not sent and again is None:
        Publication.objects.filter(id=due.id, turn=due.turn).update(turn=F("turn") + 1, next_at=now)


def _follow_listings(due: Due, said: Published) -> None:
    keys = {(each.key.item_id, each.key.model_id) for each in said.listings}
    rows = Listing.objects.filter(channel__code=due.channel, item_id__in={item for item, _ in keys}).order_by("id")
    gone = [each.id for each in rows if (each.item_id, each.model_id) not in keys]
    Listing.objects.filter(id__in=gone).update(is_live=False)
    turn(due.channel, [each.id for each in rows if each.match_state == MatchState.MATCHED], price=False)


@command
def note_same(*, actor: Actor, due: Due, now: datetime) -> None:  # noqa: ARG001 - named for the audit trail
    """The platform has what is to be shown already. What it still reviews is looked after as before."""
    state = Case(When(Q(state__in=("waiting", "incomplete")), then=Value(_still(due))), default=F("state"))
    _done(due, None, state=state, gaps=[])
    Publication.objects.filter(id=due.id, turn=due.turn, state="reviewing").update(next_at=now)


def _still(due: Due) -> str:
    return "live" if due.is_shown else "hidden"


@command
def note_incomplete(*, actor: Actor, due: Due, gaps: Sequence[Gap]) -> None:  # noqa: ARG001
    """Something is missing here. It is looked at again when the product or the mapping changes."""
    _done(due, None, state="incomplete", gaps=msgspec.to_builtins(list(gaps)), reasons=[])


@command
def note_refused(*, actor: Actor, due: Due, refused: MekongError) -> None:  # noqa: ARG001
    """The platform will not have it as it is."""
    said = f"{refused.params.get('remote_message', '')} ({refused.params.get('remote_code', '')})"
    problem = {"code": refused.code, "params": _plain(refused.params)}
    _done(due, None, state="refused", reasons=[said[:_LONGEST]], gaps=[], problem=problem)


@command
def note_met(*, actor: Actor, due: Due, item_id: str) -> None:  # noqa: ARG001
    """It is there already, made by hand: nothing was changed, until a person sends it over what stands there."""
    problem = {"code": ListedByHand.code, "params": {"item_id": item_id}}
    _done(due, None, state="refused", reasons=[], gaps=[], problem=problem)


@command
def note_gone(*, actor: Actor, due: Due) -> None:  # noqa: ARG001
    """The platform knows it no more: published again, it is made anew."""
    _done(due, None, state="gone", item_id="", ticket="", sent="", begun_at=None)


@command
def note_later(
    *, actor: Actor, due: Due, code: str, params: Mapping[str, Any], next_at: datetime  # noqa: ARG001
) -> None:  # fmt: skip
    """It could not be done now; `next_at`: when it is tried again, unless somebody changes something before."""
    rows = Publication.objects.filter(id=due.id)
    rows.update(attempts=F("attempts") + 1, problem={"code": code, "params": _plain(params)})
    rows.filter(turn=due.turn).update(next_at=next_at)


@command
def note_begun(*, actor: Actor, due: Due, now: datetime) -> None:  # noqa: ARG001
    """A product is about to be made; what is found there by its SKUs from now on is ours."""
    Publication.objects.filter(id=due.id).update(begun_at=now)


@command
def note_given(*, actor: Actor, channel: str, sha256: str, reference: str, now: datetime) -> None:  # noqa: ARG001
    """The platform has a picture, and calls it so."""
    PictureCopy.objects.update_or_create(
        channel=Channel.objects.get(code=channel),
        sha256=sha256,
        defaults={"reference": reference[:1000], "given_at": now},
    )


@command
def forget_given(*, actor: Actor, channel: str, hashes: Sequence[str]) -> None:  # noqa: ARG001
    """Give these pictures anew the next time."""
    PictureCopy.objects.filter(channel__code=channel, sha256__in=list(hashes)).delete()


def _done(due: Due, again: datetime | None, **fields: Any) -> None:
    fields.setdefault("problem", {})
    rows = Publication.objects.filter(id=due.id)
    rows.update(done_turn=due.turn, attempts=0, **fields)
    rows.filter(turn=due.turn).update(next_at=again)


def _plain(params: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value)[:_LONGEST] for name, value in params.items()}
