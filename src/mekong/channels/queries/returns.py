"""How the returns stand that buyers asked platforms for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q

from mekong.channels import rules
from mekong.channels.contracts import ReturnLineView, ReturnPageView, ReturnView
from mekong.channels.errors import ReturnNotFound
from mekong.channels.models import ChannelReturn
from mekong.channels.socket.returns import ReturnState
from mekong.foundation import ids
from mekong.foundation.actor import Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.orders import queries as orders
from mekong.orders.contracts import NamedOrder

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_AT_ONCE = 200
MOST_COUNTED = 1_000
_WAITING = Q(state=ReturnState.REQUESTED, answered_at=None)


def list_returns(
    *,
    actor: Actor,
    is_waiting: bool | None = None,
    state: str = "",
    channel: str = "",
    cursor: str = "",
    limit: int = 50,
) -> ReturnPageView:
    """A page of returns of the orders an actor sees: those that wait for an answer nearest deadline first, all of them
    newest first. Those whose order is not in the book are seen by all. Raises: MayNot, BadCursor.
    """
    actor.require("orders.view")
    rows = _narrowed(is_waiting=is_waiting, state=state, channel=channel)
    by_deadline = bool(is_waiting)
    after = decode_cursor(cursor, tuple[datetime, int]) if cursor else None
    found: list[tuple[ChannelReturn, NamedOrder | None]] = []
    while len(found) <= limit:
        some = _some(rows, after, by_deadline=by_deadline)
        found += seen(actor, "orders.view", some)
        if len(some) < _AT_ONCE:
            break
        after = _key(some[-1], by_deadline=by_deadline)
    page = found[:limit]
    is_more = len(found) > limit
    last = encode_cursor(*_key(page[-1][0], by_deadline=by_deadline)) if is_more else None
    return ReturnPageView([return_view(row, order) for row, order in page], last)


def count_waiting(*, actor: Actor) -> int:
    """How many returns of the orders an actor sees wait for an answer, up to `MOST_COUNTED`. Two statements."""
    actor.require("orders.view")
    with connection.cursor() as cursor:
        cursor.execute(_WAITING_OF, [ReturnState.REQUESTED.value, MOST_COUNTED])
        names = [(code, order) for code, order in cursor.fetchall()]
    known = orders.named_orders(actor=actor, permission="orders.view", names=names) if names else {}
    return sum(name not in known or known[name].is_seen for name in names)


_WAITING_OF = """
    select c.code, r.order_external_id from channels_channelreturn r join channels_channel c on c.id = r.channel_id
     where r.state = %s and r.answered_at is null order by r.id limit %s
"""


def returns_of(*, actor: Actor, channel: str, external_id: str) -> list[ReturnView]:
    """The returns of one order, newest first; the actor has the order before them. Raises: MayNot."""
    actor.require("orders.view")
    rows = ChannelReturn.objects.select_related("channel").order_by("-requested_at", "-id")
    rows = rows.filter(channel__code=channel, order_external_id=external_id) if external_id else rows.none()
    return [return_view(row, order) for row, order in seen(actor, "orders.view", list(rows))]


def get_return(*, actor: Actor, return_id: str) -> ReturnView:
    """One return by its id. Raises: MayNot, ReturnNotFound."""
    row, order = find_return(actor, return_id, "orders.view", ChannelReturn.objects.all())
    return return_view(row, order)


def find_return(actor: Actor, return_id: str, permission: str, rows: Any) -> tuple[ChannelReturn, NamedOrder | None]:
    """A return, if the actor may do this with its order. Raises: MayNot, ReturnNotFound."""
    actor.require(permission)
    uid: UUID | None = ids.parse_public("ret", return_id)
    row = rows.select_related("channel").filter(uid=uid).first() if uid else None
    there = seen(actor, permission, [row]) if row else []
    if not there:
        raise ReturnNotFound(key=return_id)
    return there[0]


def seen(actor: Actor, permission: str, rows: Sequence[ChannelReturn]) -> list[tuple[ChannelReturn, NamedOrder | None]]:
    """Those whose order the actor sees, with it. One statement."""
    names = {(row.channel.code, row.order_external_id) for row in rows}
    known = orders.named_orders(actor=actor, permission=permission, names=names) if names else {}
    with_order = [(row, known.get((row.channel.code, row.order_external_id))) for row in rows]
    return [(row, order) for row, order in with_order if order is None or order.is_seen]


def coming_back(channel_id: int, channel: str, order_external_ids: Collection[str]) -> set[str]:
    """Those of a channel's orders whose goods are on their way back to us by a return that was agreed to.

    Where the buyer has the money already they are so until as many units were received. Two statements at most.
    """
    states = [*rules.COMING_BACK, ReturnState.REFUNDED]
    rows = ChannelReturn.objects.filter(
        channel_id=channel_id, order_external_id__in=list(order_external_ids), is_goods_coming_back=True,
        state__in=states,
    )  # fmt: skip
    wanted: dict[str, int] = {}
    for order, lines in rows.values_list("order_external_id", "lines"):
        wanted[order] = wanted.get(order, 0) + sum(line["quantity"] for line in lines)
    back = orders.units_back(channel=channel, external_ids=list(wanted)) if wanted else {}
    return {order for order, units in wanted.items() if back.get(order, 0) < units}


def return_view(row: ChannelReturn, order: NamedOrder | None) -> ReturnView:
    return ReturnView(
        id=row.uid, channel=row.channel.code, external_id=row.external_id, order_external_id=row.order_external_id,
        order_code=order.code if order else "", state=row.state, raw_state=row.raw_state, reason_code=row.reason_code,
        reason=row.reason, refund_minor=row.refund_minor, currency=row.currency,
        is_goods_coming_back=row.is_goods_coming_back, lines=_lines(row.lines), tracking_no=row.tracking_no,
        requested_at=row.requested_at, answer_by=row.answer_by, answer=row.answer, answer_reason=row.answer_reason,
        answered_by=row.answered_by, answered_at=row.answered_at,
    )  # fmt: skip


def _lines(rows: Iterable[dict[str, Any]]) -> list[ReturnLineView]:
    return [ReturnLineView(each["sku"], each["name"], each["quantity"]) for each in rows]


def _narrowed(*, is_waiting: bool | None, state: str, channel: str) -> Any:
    rows = ChannelReturn.objects.select_related("channel")
    if is_waiting is not None:
        rows = rows.filter(_WAITING) if is_waiting else rows.exclude(_WAITING)
    if state:
        rows = rows.filter(state=state)
    return rows.filter(channel__code=channel) if channel else rows


def _some(rows: Any, after: tuple[datetime, int] | None, *, by_deadline: bool) -> list[ChannelReturn]:
    if by_deadline:
        if after is not None:
            at, last = after
            beyond = Q(answer_by__gt=at) | Q(answer_by=at, id__gt=last) | Q(answer_by=None)
            rows = rows.filter(beyond if at != _NEVER else Q(answer_by=None, id__gt=last))
        return list(rows.order_by(F("answer_by").asc(nulls_last=True), "id")[:_AT_ONCE])
    if after is not None:
        at, last = after
        rows = rows.filter(Q(requested_at__lt=at) | Q(requested_at=at, id__lt=last))
    return list(rows.order_by("-requested_at", "-id")[:_AT_ONCE])


def _key(row: ChannelReturn, *, by_deadline: bool) -> tuple[datetime, int]:
    return ((row.answer_by or _NEVER) if by_deadline else row.requested_at), row.id
