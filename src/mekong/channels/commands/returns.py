"""Returns that buyers ask platforms for: kept as the platform says, and answered once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mekong.channels import rules
from mekong.channels.contracts import ReturnView
from mekong.channels.errors import ChannelInvalid, ReturnAnswered, ReturnBeingAnswered
from mekong.channels.events import ReturnAnswerGiven, ReturnAsked, ReturnMoved
from mekong.channels.models import Channel, ChannelReturn, Listing, ReturnMark
from mekong.channels.queries import platform_title
from mekong.channels.queries.returns import find_return, return_view
from mekong.channels.socket import ListingKey
from mekong.channels.socket.returns import RemoteReturn, RemoteReturnLine, ReturnState
from mekong.foundation.actor import Actor, channel_actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.orders import commands as orders
from mekong.orders import queries as order_book
from mekong.orders.errors import IllegalStep

LONGEST_REASON = 300
_GIVEN_UP = timedelta(minutes=2)
"""An answer that was begun this long ago and not given was cut off on its way; another may be begun."""
_MOVED_AT_ONCE = 200


@dataclass(frozen=True)
class Kept:
    """How many returns were new, and how many stand elsewhere than before."""

    added: int = 0
    moved: int = 0


@command
def keep_returns(*, actor: Actor, channel: str, returns: Sequence[RemoteReturn], now: datetime) -> Kept:
    """Keep what a platform says of its returns, and move orders whose goods come back.

    Late, repeated and reordered words change nothing. An order that cannot come back yet, because its own steps were
    not read, is tried again with the next words.
    """
    row = Channel.objects.get(code=channel)
    known = {
        each.external_id: each
        for each in ChannelReturn.objects.select_for_update()
        .filter(channel=row, external_id__in=[each.external_id for each in returns])
        .order_by("external_id")
    }
    names = _names(row, returns)
    added = moved = 0
    for said in sorted(returns, key=lambda each: each.external_id):
        kept = known.get(said.external_id)
        if kept is None:
            known[said.external_id] = _add(actor, row, said, names, now)
            added += 1
        elif not _is_late(kept, said):
            moved += _follow(actor, row, kept, said, names, now)
    _move_orders(row, now)
    if added or moved:
        orders.tell_live()
    return Kept(added, moved)


@command
def mark_read(*, actor: Actor, channel: str, read_to: datetime) -> None:  # noqa: ARG001 - named for the audit trail
    """Every return that moved before `read_to` is kept."""
    ReturnMark.objects.update_or_create(channel=Channel.objects.get(code=channel), defaults={"read_to": read_to})


def _is_late(kept: ChannelReturn, said: RemoteReturn) -> bool:
    return bool(said.updated_at and kept.remote_updated_at and said.updated_at < kept.remote_updated_at)


def _add(actor: Actor, row: Channel, said: RemoteReturn, names: dict[ListingKey, str], now: datetime) -> ChannelReturn:
    kept = ChannelReturn(channel=row, external_id=said.external_id, requested_at=said.requested_at or now)
    _write(kept, said, names, now)
    kept.save()
    if said.state is ReturnState.REQUESTED:
        due = said.answer_by.isoformat() if said.answer_by else ""
        fact = ReturnAsked(
            row.code, said.external_id, said.order_external_id, said.refund_minor, said.currency, due
        )  # fmt: skip
        emit(actor, fact, key=f"channel:{row.code}", now=now)
    return kept


def _follow(
    actor: Actor, row: Channel, kept: ChannelReturn, said: RemoteReturn, names: dict[ListingKey, str], now: datetime
) -> bool:
    """Write down what is said; whether the return stands elsewhere now."""
    was = kept.state
    _write(kept, said, names, now)
    kept.save()
    if kept.state == was:
        return False
    fact = ReturnMoved(row.code, kept.external_id, kept.order_external_id, was, kept.state)
    emit(actor, fact, key=f"channel:{row.code}", now=now)
    return True


def _write(kept: ChannelReturn, said: RemoteReturn, names: dict[ListingKey, str], now: datetime) -> None:
    kept.order_external_id, kept.state = said.order_external_id[:80], said.state.value
    kept.raw_state, kept.reason_code = said.raw_state[:120], said.reason_code[:120]
    kept.reason, kept.tracking_no = said.reason[:2000], said.tracking_no[:80]
    kept.refund_minor, kept.currency = max(0, said.refund_minor), said.currency
    kept.is_goods_coming_back, kept.answer_by = said.is_goods_coming_back, said.answer_by
    kept.remote_updated_at, kept.seen_at = said.updated_at or kept.remote_updated_at, now
    kept.lines = [_line(line, names) for line in said.lines]


def _line(line: RemoteReturnLine, names: dict[ListingKey, str]) -> dict[str, Any]:
    name = line.name or names.get(line.key, "") or line.sku
    return {
        "item_id": line.key.item_id, "model_id": line.key.model_id, "line_ids": list(line.line_ids),
        "sku": line.sku[:120], "name": name[:500], "quantity": line.quantity,
    }  # fmt: skip


def _names(row: Channel, returns: Sequence[RemoteReturn]) -> dict[ListingKey, str]:
    """What listings are called, for platforms that name returned goods by their numbers alone."""
    items = {line.key.item_id for said in returns for line in said.lines if not line.name}
    found = Listing.objects.filter(channel=row, item_id__in=items) if items else Listing.objects.none()
    return {ListingKey(item, model): name for item, model, name in found.values_list("item_id", "model_id", "name")}


def _move_orders(row: Channel, now: datetime) -> None:
    """Open the return of each order whose goods were agreed to come back, once; nothing is counted in by it."""
    waiting = list(
        ChannelReturn.objects.select_for_update()
        .filter(
            channel=row, is_order_moved=False, is_goods_coming_back=True, state__in=["accepted", "shipping_back", "received"]
        )
        .order_by("external_id")[:_MOVED_AT_ONCE]
    )  # fmt: skip
    actor = channel_actor(row.code)
    names = {(row.code, each.order_external_id) for each in waiting}
    known = order_book.named_orders(actor=actor, permission="orders.return", names=names) if names else {}
    for each in waiting:
        order = known.get((row.code, each.order_external_id))
        if order is None:
            continue
        if order.state not in ("returned", "cancelled"):
            try:
                orders.request_return(actor=actor, code=order.code, reason=each.reason or each.reason_code, now=now)
            except IllegalStep:
                continue
        each.is_order_moved = True
        each.save(update_fields=["is_order_moved"])


# --- our answer -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Begun:
    """An answer to give. `given`: the same one was given before, so there is nothing to do."""

    view: ReturnView
    asked: RemoteReturn
    given: bool


@command
def begin_answer(*, actor: Actor, return_id: str, accept: bool, reason: str, now: datetime) -> Begun:
    """Claim the answering of a return, so that two people do not tell the platform two things.

    Raises: MayNot, ReturnNotFound, ChannelInvalid (a refusal without a reason), ReturnAnswered, ReturnBeingAnswered.
    """
    row, order = find_return(actor, return_id, "orders.return", ChannelReturn.objects.select_for_update(of=("self",)))
    reason = reason.strip()
    if not accept and not reason:
        raise ChannelInvalid(
            field="reason", problem="Say why the return is refused: the platform shows it to the buyer."
        )
    if len(reason) > LONGEST_REASON:
        raise ChannelInvalid(field="reason", problem="At most {most} letters.", most=LONGEST_REASON)
    answer = "accept" if accept else "refuse"
    if row.answered_at is not None and row.answer == answer:
        return Begun(return_view(row, order), remote_of(row), given=True)
    if row.answered_at is not None or row.state != ReturnState.REQUESTED:
        raise answered(row)
    if row.asked_at is not None and row.answer != answer and now - row.asked_at < _GIVEN_UP:
        raise ReturnBeingAnswered(number=row.external_id)
    row.answer, row.answer_reason, row.answered_by, row.asked_at = answer, reason, actor.ref, now
    row.save(update_fields=["answer", "answer_reason", "answered_by", "asked_at"])
    return Begun(return_view(row, order), remote_of(row), given=False)


@command
def end_answer(*, actor: Actor, return_id: str, accept: bool, stands: RemoteReturn | None, now: datetime) -> ReturnView:
    """Record what became of an answer that was begun: `stands` as the platform has the return, None when it was not
    told. An answer that the return does not stand for is dropped. Raises: MayNot, ReturnNotFound.
    """
    row, order = find_return(actor, return_id, "orders.return", ChannelReturn.objects.select_for_update(of=("self",)))
    answer = "accept" if accept else "refuse"
    is_ours = row.answer == answer and row.answered_at is None
    is_taken = stands is not None and rules.is_taken(accept=accept, state=stands.state)
    if is_ours and is_taken:
        row.answered_at = now
        fact = ReturnAnswerGiven(row.channel.code, row.external_id, row.order_external_id, is_accepted=accept)
        emit(actor, fact, key=f"channel:{row.channel.code}", now=now)
    elif is_ours:
        row.answer = row.answer_reason = row.answered_by = ""
        row.asked_at = None
    row.save(update_fields=["answer", "answer_reason", "answered_by", "asked_at", "answered_at"])
    if stands is not None:
        keep_returns(actor=actor, channel=row.channel.code, returns=[stands], now=now)
        row.refresh_from_db()
    return return_view(row, order)


def answered(row: ChannelReturn) -> ReturnAnswered:
    return ReturnAnswered(number=row.external_id, platform=platform_title(row.channel.code), state=row.state)


def remote_of(row: ChannelReturn) -> RemoteReturn:
    """A return as its connector knows it."""
    lines = [
        RemoteReturnLine(
            ListingKey(each["item_id"], each["model_id"]), each["sku"], each["name"], each["quantity"], each["line_ids"]
        )
        for each in row.lines
    ]
    return RemoteReturn(
        row.external_id, row.order_external_id, ReturnState(row.state), row.raw_state, lines, row.currency,
        row.refund_minor, row.is_goods_coming_back, row.requested_at, row.remote_updated_at, row.reason_code, row.reason,
        row.answer_by, row.tracking_no,
    )  # fmt: skip
