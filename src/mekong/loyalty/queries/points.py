"""The ledger of points, what is set aside, and what points may pay."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, Sum

from mekong.foundation.actor import Actor
from mekong.foundation.contracts import Page
from mekong.foundation.ids import public
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.loyalty.contracts import EntryView, HeldPoints, PointsQuote
from mekong.loyalty.errors import HoldNotFound, NoBurnRule
from mekong.loyalty.models import Entry, Hold, HoldState, Member
from mekong.loyalty.queries.members import find_member, view
from mekong.loyalty.queries.programme import read_programme
from mekong.loyalty.queries.standing import HOLD
from mekong.loyalty.rules import points as rules
from mekong.loyalty.rules.dates import day_of, month_start


def held_view(row: Hold) -> HeldPoints:
    return HeldPoints(
        id=row.uid, reference=row.reference, member_id=row.member.uid, points=row.points, value_minor=row.value_minor,
        currency=row.currency, state=str(row.state), expires_at=row.expires_at, claimed_by=row.claimed_by or "",
        given_back=row.given_back,
    )  # fmt: skip


def get_hold(*, actor: Actor, hold_id: UUID) -> HeldPoints:
    """Points that were set aside. One statement. Raises: MayNot, HoldNotFound."""
    actor.require("loyalty.view")
    row = Hold.objects.select_related("member").filter(uid=hold_id).first()
    if row is None:
        raise HoldNotFound(key=public(HOLD, hold_id))
    return held_view(row)


def list_entries(*, actor: Actor, member_id: UUID, cursor: str | None = None, limit: int = 50) -> Page[EntryView]:
    """The ledger of a member's account, newest first; of a shared one, what all who share it did. Two statements.

    Raises: MayNot, MemberNotFound, BadCursor.
    """
    actor.require("loyalty.view")
    rows = Entry.objects.filter(account=find_member(member_id).account_id).select_related("member").order_by("-pk")
    if cursor:
        (before,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    more = encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    return Page([_entry_view(each) for each in found[:limit]], more)


def _entry_view(row: Entry) -> EntryView:
    return EntryView(
        id=row.pk, kind=row.kind, points=row.points, owed=row.owed, balance_after=row.balance_after,
        owed_after=row.owed_after, member_id=row.member.uid if row.member else None, channel=row.channel,
        reference=row.reference, note=row.note, actor=row.actor, at=row.at,
    )  # fmt: skip


def quote_points(*, actor: Actor, member_id: UUID, channel: str, order_minor: int, now: datetime) -> PointsQuote:
    """How many points may pay for an order of so much on a channel, and what they pay. Some eight statements.

    Raises: MayNot, MemberNotFound, NoBurnRule.
    """
    actor.require("loyalty.view")
    member = find_member(member_id)
    while member.merged_into_id is not None:
        member = Member.objects.select_related("account", "tier").get(pk=member.merged_into_id)
    programme = read_programme()
    rule = rules.rule_of(programme.burn_rules, channel, day_of(now))
    if rule is None:
        raise NoBurnRule(channel=channel)
    free = view(member, now).free
    if member.monthly_limit is not None:
        free = min(free, max(0, member.monthly_limit - _spent(member, now)))
    most = rules.most_points(
        free=free, order_minor=order_minor, point_value_minor=rule.point_value_minor, min_points=rule.min_points,
        step=rule.step, max_share_bp=rule.max_share_bp,
    )  # fmt: skip
    return PointsQuote(
        most, rules.value_minor(most, rule.point_value_minor), rule.point_value_minor, rule.min_points, rule.step, free,
        programme.currency,
    )  # fmt: skip


def _spent(member: Member, now: datetime) -> int:
    """Points of their account that a member has set aside or spent this month, at a moment."""
    live = Q(state=HoldState.CLAIMED) | Q(state=HoldState.HELD, expires_at__gt=now)
    rows = Hold.objects.filter(live, member=member, account=member.account_id, created_at__gte=month_start(now))
    found = rows.aggregate(points=Sum("points"), back=Sum("given_back"))
    return (found["points"] or 0) - (found["back"] or 0)
