"""Points given or taken by hand, and points whose time is over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.loyalty import ledger
from mekong.loyalty.commands import checking
from mekong.loyalty.contracts import MemberView
from mekong.loyalty.errors import NotEnoughPoints, PointsInvalid
from mekong.loyalty.ledger import Why
from mekong.loyalty.models import Entry, EntryKind, Hold, HoldState, Lot
from mekong.loyalty.queries.members import find_member, view
from mekong.loyalty.queries.programme import read_earn_rules
from mekong.loyalty.rules import points as rules
from mekong.loyalty.rules.dates import day_of, months_end

MOST = 10**9


@command
def adjust_points(*, actor: Actor, member_id: UUID, points: int, note: str, now: datetime) -> MemberView:
    """Give points by hand, or take them (below zero). Given ones hold as long as earned ones, and pay what is owed first.

    Raises: MayNot, MemberNotFound, MemberClosed, PointsInvalid, MemberInvalid: no reason is given; NotEnoughPoints:
        taking more than are free.
    """
    actor.require("loyalty.adjust")
    note = checking.line(note, "note", 200, least=3)
    if not 1 <= abs(points) <= MOST:
        raise PointsInvalid(field="points", problem="From 1 to {most} points, with a minus to take them.", most=MOST)
    member = ledger.lock_member(find_member(member_id), now)
    why = Why(actor, now, member, note=note)
    if points > 0:
        rule = rules.rule_of(read_earn_rules(), "", day_of(now))
        months = rule.validity_months if rule else None
        expires_at = None if months is None else months_end(now, months)
        ledger.put(member.account, EntryKind.ADJUST, points, expires_at, why)
    else:
        free = ledger.free_points(member.account)
        if -points > free:
            raise NotEnoughPoints(field="points", points=-points, free=free)
        lines = rules.spread(ledger.free_lots(member.account), -points)
        ledger.take(member.account, EntryKind.ADJUST, lines, why)
    return view(member, now)


@command
def give_points(*, actor: Actor, member_id: UUID, points: int, reference: str, note: str, now: datetime) -> MemberView:
    """Give points that were won or promised, once for a reference. They hold as long as earned ones.

    Raises: MayNot, MemberNotFound, MemberClosed, PointsInvalid.
    """
    actor.require("loyalty.adjust")
    reference = checking.reference(reference)
    if not 1 <= points <= MOST:
        raise PointsInvalid(field="points", problem="From 1 to {most} points, with a minus to take them.", most=MOST)
    known = find_member(member_id)
    ledger.lock_name("reference", reference)
    if Entry.objects.filter(kind=EntryKind.ADJUST, reference=reference).exists():
        return view(known, now)
    member = ledger.lock_member(known, now)
    rule = rules.rule_of(read_earn_rules(), "", day_of(now))
    months = rule.validity_months if rule else None
    expires_at = None if months is None else months_end(now, months)
    ledger.put(
        member.account,
        EntryKind.ADJUST,
        points,
        expires_at,
        Why(actor, now, member, reference=reference, note=note[:200]),
    )
    return view(member, now)


@command
def expire_points(*, actor: Actor, now: datetime, limit: int = 200) -> int:
    """End points whose time is over and release what was set aside too long, account by account; how many accounts.

    Housekeeping alone: every command does it for the account that it works on, and no query counts such points.
    Raises: MayNot.
    """
    actor.require("loyalty.adjust")
    due = Hold.objects.filter(state=HoldState.HELD, expires_at__lte=now).values_list("account_id", flat=True)
    found = set(due.order_by("expires_at")[:limit])
    lots = Lot.objects.filter(left__gt=0, held=0, expires_at__isnull=False, expires_at__lte=now)
    found |= set(lots.order_by("expires_at").values_list("account_id", flat=True)[:limit])
    for account in ledger.lock_accounts(found).values():
        ledger.settle(account, now)
    return len(found)
