"""Points for what was bought, and back again for what was returned. Called by orders, with a document's reference."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.foundation.ids import public
from mekong.loyalty import ledger
from mekong.loyalty.commands import checking, judging
from mekong.loyalty.contracts import Earned, TakenBack
from mekong.loyalty.errors import EarningNotFound, PointsInvalid, ReferenceUsed
from mekong.loyalty.events import PointsEarned, PointsTakenBack
from mekong.loyalty.ledger import Why
from mekong.loyalty.models import Earning, EntryKind, Lot, Member, Merge, TakeBack
from mekong.loyalty.queries.members import find_member
from mekong.loyalty.queries.programme import read_programme
from mekong.loyalty.queries.standing import MEMBER
from mekong.loyalty.rules import points as rules
from mekong.loyalty.rules.dates import day_of, months_end


@command
def earn_for(
    *,
    actor: Actor,
    member_id: UUID,
    reference: str,
    channel: str,
    amount_minor: int,
    currency: str,
    now: datetime,
    multiplier_bp: int = rules.WHOLE_BP,
) -> Earned:
    """Points for a document by the channel's rule of today, times the tier's and a promotion's multiplier, rounded down
    once. The amount counts for the tier; one that is reached is given at once.

    Safe to repeat: a reference earns once. Where no rule holds it earns nothing, and the amount still counts.

    Args:
        amount_minor: what was paid for, as the rule has it (shipping and tax counted in or not).
        multiplier_bp: a promotion's; 10000 is once.

    Raises: MayNot, MemberNotFound, MemberClosed, PointsInvalid, ReferenceUsed: booked with another amount or member.
    """
    actor.require("loyalty.enroll")
    reference, channel = checking.reference(reference), checking.channel(channel)
    checking.amount(amount_minor, "amount_minor")
    checking.multiplier(multiplier_bp, "multiplier_bp")
    known_member = find_member(member_id)
    ledger.lock_name("reference", reference)
    booked = Earning.objects.filter(reference=reference).first()
    if booked is not None:
        _require_same(booked, known_member, amount_minor, currency)
        return earned_view(booked)
    programme = read_programme()
    checking.currency(currency, programme.currency)
    member = ledger.lock_member(known_member, now)
    tier_bp = member.tier.multiplier_bp if member.tier else rules.WHOLE_BP
    rule = rules.rule_of(programme.earn_rules, channel, day_of(now))
    points, expires_at, facts = 0, None, {"tier_bp": tier_bp, "promotion_bp": multiplier_bp}
    if rule is not None:
        points = rules.earned(
            amount_minor, points=rule.points, spend_minor=rule.spend_minor, tier_bp=tier_bp, promotion_bp=multiplier_bp
        )
        expires_at = None if rule.validity_months is None else months_end(now, rule.validity_months)
        facts |= {"points": rule.points, "spend_minor": rule.spend_minor}
    lot, paid = None, 0
    if points:
        why = Why(actor, now, member, channel, reference)
        lot, paid = ledger.put(member.account, EntryKind.EARN, points, expires_at, why)
        fact = PointsEarned(public(MEMBER, member.uid), reference, channel, points, paid)
        emit(actor, fact, key=f"member:{member.pk}", now=now)
    row = Earning.objects.create(
        reference=reference, member=member, account=member.account, lot=lot, channel=channel,
        amount_minor=amount_minor, currency=currency, points=points, facts={**facts, "paid_owed": paid}, at=now,
    )  # fmt: skip
    judging.reconsider(actor=actor, member=member, reason="reached", now=now)
    return earned_view(row)


def _require_same(booked: Earning, member: Member, amount_minor: int, currency: str) -> None:
    if (booked.amount_minor, booked.currency) != (amount_minor, currency) or not _once_one(booked.member_id, member.pk):
        raise ReferenceUsed(reference=booked.reference)


def _once_one(one: int, other: int) -> bool:
    """Whether two memberships are one, or were merged in between, however many merges lie between them."""
    known, fresh = {one}, {one}
    while fresh and other not in known:
        pairs = Merge.objects.filter(Q(survivor__in=fresh) | Q(merged__in=fresh)).values_list(
            "survivor_id", "merged_id"
        )
        fresh = {each for pair in pairs for each in pair} - known
        known |= fresh
    return other in known


def earned_view(row: Earning) -> Earned:
    return Earned(
        reference=row.reference, member_id=row.member.uid, points=row.points, paid_owed=row.facts.get("paid_owed", 0),
        expires_at=row.lot.expires_at if row.lot else None, taken_back=row.taken_back,
        returned_minor=row.returned_minor, facts=row.facts,
    )  # fmt: skip


@command
def take_back_for(*, actor: Actor, reference: str, part: str, part_minor: int, now: datetime) -> TakenBack:
    """Take points back for a part of a document that was returned. All parts together take what was earned, exactly.

    Points that are spent already are owed: the next that come in pay them. Points that ended unspent are not asked for
    again. The tier stays until its validity is over; the money no longer counts for it. Safe to repeat.

    Args:
        reference: of the document that earned; `part`: the return's own.
        part_minor: how much of the amount that earned came back with this part.

    Raises: MayNot, EarningNotFound, PointsInvalid: more came back than was bought; ReferenceUsed: the part was booked
        with another amount.
    """
    actor.require("loyalty.enroll")
    reference, part = checking.reference(reference), checking.reference(part, "part")
    checking.amount(part_minor, "part_minor")
    ledger.lock_name("reference", reference)
    found = Earning.objects.filter(reference=reference)
    if not found.exists():
        raise EarningNotFound(key=reference)
    accounts = ledger.lock_where(lambda: set(found.values_list("account_id", flat=True)), now)
    row = found.select_related("member").select_for_update(of=("self",)).get()
    before = TakeBack.objects.filter(earning=row, part=part).first()
    if before is not None:
        if before.part_minor != part_minor:
            raise ReferenceUsed(reference=part)
        return TakenBack(before.points, before.owed)
    if row.returned_minor + part_minor > row.amount_minor:
        raise PointsInvalid(
            field="part_minor", problem="At most {left} of this document are left to return.",
            left=row.amount_minor - row.returned_minor,
        )  # fmt: skip
    account = accounts[row.account_id]
    row.returned_minor += part_minor
    points = rules.taken_back(row.points, row.amount_minor, row.returned_minor) - row.taken_back
    row.taken_back += points
    row.save(update_fields=["returned_minor", "taken_back"])
    rest = points - _lapsed(row, points)
    lines = rules.spread(ledger.free_lots(account), rest, first=row.lot_id)
    owed = rest - sum(each for _, each in lines)
    if rest:
        why = Why(actor, now, row.member, row.channel, reference, part)
        ledger.take(account, EntryKind.TAKE_BACK, lines, why, owed=owed)
    TakeBack.objects.create(earning=row, part=part, part_minor=part_minor, points=points, owed=owed, at=now)
    if points:
        fact = PointsTakenBack(public(MEMBER, row.member.uid), reference, points, owed)
        emit(actor, fact, key=f"member:{row.member_id}", now=now)
    return TakenBack(points, owed)


def _lapsed(row: Earning, points: int) -> int:
    """How many of these points ended unspent; they are set off once."""
    lot = Lot.objects.get(pk=row.lot_id) if row.lot_id else None
    if lot is None or not lot.lapsed:
        return 0
    part = min(points, lot.lapsed)
    lot.lapsed -= part
    lot.save(update_fields=["lapsed"])
    return part
