"""Points as a means of payment: set aside, then spent by the document that claims them, or free again."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.foundation.ids import public
from mekong.loyalty import ledger
from mekong.loyalty.commands import checking
from mekong.loyalty.contracts import BurnRuleView, HeldPoints
from mekong.loyalty.errors import (
    HoldClaimed,
    HoldEnded,
    HoldNotFound,
    NoBurnRule,
    NotEnoughPoints,
    OverMonthlyLimit,
    PointsInvalid,
    ReferenceUsed,
)
from mekong.loyalty.events import PointsGivenBack, PointsSpent
from mekong.loyalty.ledger import Why
from mekong.loyalty.models import EntryKind, GiveBack, Hold, HoldLine, HoldState, Lot, Member
from mekong.loyalty.queries.members import find_member
from mekong.loyalty.queries.points import held_view
from mekong.loyalty.queries.programme import read_programme
from mekong.loyalty.queries.standing import MEMBER
from mekong.loyalty.rules import points as rules
from mekong.loyalty.rules.dates import day_of, days_end, month_start

LONGEST = timedelta(days=7)


@command
def hold_points(
    *,
    actor: Actor,
    member_id: UUID,
    points: int,
    reference: str,
    channel: str,
    order_minor: int,
    currency: str,
    now: datetime,
    ttl: timedelta = timedelta(minutes=15),
) -> HeldPoints:
    """Set points aside to pay with, for `ttl`. Points that end first are taken first.

    Safe to repeat by reference; once the points are free again, the reference may set points aside anew.

    Args:
        reference: of the basket or order that is being paid.
        order_minor: what is to be paid; the rule says how much of it points may pay.

    Raises: MayNot, MemberNotFound, MemberClosed, PointsInvalid, NoBurnRule, NotEnoughPoints, OverMonthlyLimit,
        ReferenceUsed.
    """
    actor.require("loyalty.redeem")
    reference, channel = checking.reference(reference), checking.channel(channel)
    checking.amount(order_minor, "order_minor")
    if not timedelta(0) < ttl <= LONGEST:
        raise PointsInvalid(field="ttl_s", problem="From 1 second to 7 days.")
    known = find_member(member_id)
    ledger.lock_name("reference", reference)
    member = ledger.lock_member(known, now)
    row = Hold.objects.filter(reference=reference).first()
    if row is not None and row.state != HoldState.RELEASED:
        if (row.points, row.member_id) != (points, member.pk):
            raise ReferenceUsed(reference=reference)
        return held_view(row)
    programme = read_programme()
    checking.currency(currency, programme.currency)
    rule = rules.rule_of(programme.burn_rules, channel, day_of(now))
    if rule is None:
        raise NoBurnRule(channel=channel)
    value = _value(points, rule, order_minor)
    _require_points(member, points, now)
    lines = rules.spread(ledger.free_lots(member.account), points)
    row, _ = Hold.objects.update_or_create(
        reference=reference,
        defaults={
            "account": member.account, "member": member, "channel": channel, "points": points, "value_minor": value,
            "currency": currency, "state": HoldState.HELD, "created_at": now, "expires_at": now + ttl,
        },
    )  # fmt: skip
    HoldLine.objects.bulk_create(HoldLine(hold=row, lot_id=lot, points=each) for lot, each in lines)
    for lot, each in lines:
        Lot.objects.filter(pk=lot).update(held=F("held") + each)
    member.account.held += points
    member.account.save(update_fields=["held"])
    return held_view(row)


def _value(points: int, rule: BurnRuleView, order_minor: int) -> int:
    """What these points pay. Raises: PointsInvalid."""
    payable = order_minor * rule.max_share_bp // rules.WHOLE_BP // rule.point_value_minor
    most = payable // rule.step * rule.step
    if points < rule.min_points:
        raise PointsInvalid(field="points", problem="At least {least} points are spent at once.", least=rule.min_points)
    if points % rule.step:
        raise PointsInvalid(field="points", problem="Points are spent in steps of {step}.", step=rule.step)
    if points > most:
        raise PointsInvalid(
            field="points", problem="At most {most} points may pay for this order. Take fewer.", most=most
        )
    return rules.value_minor(points, rule.point_value_minor)


def _require_points(member: Member, points: int, now: datetime) -> None:
    """Raises: NotEnoughPoints, OverMonthlyLimit."""
    free = ledger.free_points(member.account)
    if points > free:
        raise NotEnoughPoints(field="points", points=points, free=free)
    if member.monthly_limit is not None:
        left = max(0, member.monthly_limit - ledger.spent_since(member, month_start(now)))
        if points > left:
            raise OverMonthlyLimit(field="points", limit=member.monthly_limit, left=left)


def _lock(hold_id: UUID, now: datetime, *, settles: bool) -> Hold:
    """A hold with its account locked. Raises: HoldNotFound."""
    found = Hold.objects.filter(uid=hold_id)
    if not found.exists():
        raise HoldNotFound(key=public("pth", hold_id))

    def where() -> set[int]:
        return set(found.values_list("account_id", flat=True))

    if settles:
        accounts = ledger.lock_where(where, now)
    else:
        accounts = ledger.lock_accounts(where())
        while not where() <= accounts.keys():
            accounts = ledger.lock_accounts(where())
    hold = found.select_for_update().get()
    hold.account = accounts[hold.account_id]
    return hold


@command
def claim_hold(*, actor: Actor, hold_id: UUID, reference: str, now: datetime) -> HeldPoints:
    """Spend the points of a hold on a document. One whose time is over is claimed as long as nobody else has the points.

    Safe to repeat with the same reference. Raises: MayNot, HoldNotFound, HoldEnded, HoldClaimed, ReferenceUsed,
        PointsInvalid.
    """
    actor.require("loyalty.redeem")
    reference = checking.reference(reference)
    ledger.lock_name("claim", reference)
    hold = _lock(hold_id, now, settles=False)
    if hold.state == HoldState.CLAIMED:
        if hold.claimed_by != reference:
            raise HoldClaimed(reference=hold.claimed_by)
        return held_view(hold)
    if hold.state == HoldState.RELEASED:
        raise HoldEnded
    if Hold.objects.filter(claimed_by=reference).exists():
        raise ReferenceUsed(reference=reference)
    lines = list(HoldLine.objects.filter(hold=hold).order_by("pk").values_list("lot_id", "points"))
    for lot, points in lines:
        Lot.objects.filter(pk=lot).update(held=F("held") - points)
    hold.account.held -= hold.points
    hold.state, hold.claimed_by, hold.claimed_at = HoldState.CLAIMED, reference, now
    hold.save(update_fields=["state", "claimed_by", "claimed_at"])
    ledger.take(hold.account, EntryKind.BURN, lines, Why(actor, now, hold.member, hold.channel, reference))
    ledger.settle(hold.account, now)
    fact = PointsSpent(public(MEMBER, hold.member.uid), reference, hold.channel, hold.points, hold.value_minor)
    emit(actor, fact, key=f"member:{hold.member_id}", now=now)
    return held_view(hold)


@command
def release_hold(*, actor: Actor, hold_id: UUID, now: datetime) -> HeldPoints:
    """Points that were set aside are free again. Safe to repeat. Raises: MayNot, HoldNotFound, HoldClaimed."""
    actor.require("loyalty.redeem")
    hold = _lock(hold_id, now, settles=False)
    if hold.state == HoldState.CLAIMED:
        raise HoldClaimed(reference=hold.claimed_by)
    if hold.state == HoldState.HELD:
        ledger.release(hold.account, hold)
        ledger.settle(hold.account, now)
    return held_view(hold)


@command
def give_back_for(*, actor: Actor, reference: str, part: str, part_minor: int, now: datetime) -> int:
    """Points that paid for a document come back for a part of what they paid; how many. All parts give back all points.

    They keep their old end, or, where that is past, hold for the programme's days of grace. What is owed is paid from
    them. Safe to repeat.

    Args:
        reference: of the document that claimed the points; `part`: the return's own.
        part_minor: how much of the value that the points paid is refunded with this part.

    Raises: MayNot, HoldNotFound, PointsInvalid: more is refunded than the points paid; ReferenceUsed: the part was
        booked with another amount.
    """
    actor.require("loyalty.redeem")
    reference, part = checking.reference(reference), checking.reference(part, "part")
    checking.amount(part_minor, "part_minor")
    ledger.lock_name("claim", reference)
    found = Hold.objects.filter(claimed_by=reference)
    if not found.exists():
        raise HoldNotFound(key=reference)
    lines = HoldLine.objects.filter(hold__claimed_by=reference)
    accounts = ledger.lock_where(lambda: set(lines.values_list("lot__account_id", flat=True)), now)
    hold = found.select_related("member").select_for_update(of=("self",)).get()
    before = GiveBack.objects.filter(hold=hold, part=part).first()
    if before is not None:
        if before.part_minor != part_minor:
            raise ReferenceUsed(reference=part)
        return before.points
    if hold.given_back_minor + part_minor > hold.value_minor:
        raise PointsInvalid(
            field="part_minor", problem="Points paid {left} of this document that are not refunded yet.",
            left=hold.value_minor - hold.given_back_minor,
        )  # fmt: skip
    hold.given_back_minor += part_minor
    points = rules.given_back(hold.points, hold.value_minor, hold.given_back_minor) - hold.given_back
    hold.given_back += points
    hold.save(update_fields=["given_back_minor", "given_back"])
    GiveBack.objects.create(hold=hold, part=part, part_minor=part_minor, points=points, at=now)
    why = Why(actor, now, hold.member, hold.channel, reference, part)
    for account_id, returned in _return_to_lots(hold, points, now).items():
        ledger.book(accounts[account_id], EntryKind.GIVE_BACK, returned, why)
        ledger.repay(accounts[account_id], returned, why)
    if points:
        fact = PointsGivenBack(public(MEMBER, hold.member.uid), reference, points)
        emit(actor, fact, key=f"member:{hold.member_id}", now=now)
    return points


def _return_to_lots(hold: Hold, points: int, now: datetime) -> dict[int, list[tuple[int, int]]]:
    """Put points back into the lots they came from, the last taken first: by account, the lots and how many."""
    grace = read_programme().grace_days
    returned: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for line in HoldLine.objects.filter(hold=hold).select_related("lot").order_by("-pk"):
        part = min(points, line.points - line.given_back)
        if not part:
            continue
        points -= part
        HoldLine.objects.filter(pk=line.pk).update(given_back=F("given_back") + part)
        lot = line.lot
        if lot.expires_at is not None and lot.expires_at <= now:
            lot = Lot.objects.create(
                account_id=lot.account_id, points=part, left=part, expires_at=days_end(now, grace), earned_at=now
            )
        else:
            Lot.objects.filter(pk=lot.pk).update(left=F("left") + part)
        returned[lot.account_id].append((lot.pk, part))
    return returned
