"""Accounts that several members share: a family's, a company's."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.loyalty import ledger
from mekong.loyalty.commands import checking
from mekong.loyalty.contracts import MemberView
from mekong.loyalty.errors import AccountInvalid, AlreadyShares, NotEnoughPoints, NotShared, OwnerStays, PointsInvalid
from mekong.loyalty.ledger import Why
from mekong.loyalty.models import Account, AccountKind, Earning, EntryKind, Hold, Lot, Member, MemberStatus
from mekong.loyalty.queries.members import find_member, view
from mekong.loyalty.rules.points import spread

MOST_LIMIT = 10**9
MOST_MEMBERS = 200


def others(member: Member) -> bool:
    """Whether somebody else shares the member's account."""
    return member.account.members.filter(status=MemberStatus.ACTIVE).exclude(pk=member.pk).exists()


def _limit(monthly_limit: int | None) -> int | None:
    if monthly_limit is not None and not 0 <= monthly_limit <= MOST_LIMIT:
        raise AccountInvalid(field="monthly_limit", problem="From 0 points a month, or empty for no limit.")
    return monthly_limit


@command
def open_shared_account(*, actor: Actor, owner_id: UUID, kind: str, name: str, now: datetime) -> MemberView:
    """Make a member's account one that others can share: a family's or a company's. Safe to repeat: it sets the name.

    Raises: MayNot, MemberNotFound, MemberClosed, AccountInvalid, MemberInvalid, AlreadyShares: somebody else owns it.
    """
    actor.require("loyalty.enroll")
    if kind not in (AccountKind.FAMILY, AccountKind.COMPANY):
        raise AccountInvalid(field="kind", problem="Choose family or company.")
    name = checking.line(name, "name", 120, least=1)
    member = ledger.lock_member(find_member(owner_id), now)
    account = member.account
    if account.kind != AccountKind.PERSONAL and account.owner_id != member.pk:
        raise AlreadyShares(number=member.number)
    account.kind, account.name, account.owner = kind, name, member
    account.save(update_fields=["kind", "name", "owner"])
    return view(member, now)


@command
def share_account(
    *, actor: Actor, owner_id: UUID, member_id: UUID, now: datetime, monthly_limit: int | None = None
) -> MemberView:
    """Let a member spend the points of an account; their own points go into it. A repeat sets the limit.

    Args:
        monthly_limit: points that the member may spend in a calendar month; None: all there are.

    Raises: MayNot, MemberNotFound, MemberClosed, NotShared: the owner's account is a personal one; AlreadyShares: the
        member is in another shared account; AccountInvalid.
    """
    actor.require("loyalty.enroll")
    limit = _limit(monthly_limit)
    (owner, member), accounts = ledger.lock_members([find_member(owner_id).pk, find_member(member_id).pk])
    target, source = owner.account, member.account
    if target.kind == AccountKind.PERSONAL:
        raise NotShared(number=owner.number)
    if source.pk != target.pk:
        if source.kind != AccountKind.PERSONAL:
            raise AlreadyShares(number=member.number)
        if target.members.filter(status=MemberStatus.ACTIVE).count() >= MOST_MEMBERS:
            raise AccountInvalid(
                field="member_id", problem="At most {most} members share an account.", most=MOST_MEMBERS
            )
        for each in accounts.values():
            ledger.settle(each, now)
        absorb(source, target, accounts, EntryKind.TRANSFER, Why(actor, now, member))
        member.account = target
    member.monthly_limit = limit
    member.save(update_fields=["account", "monthly_limit"])
    return view(member, now)


def absorb(
    source: Account, target: Account, accounts: dict[int, Account], kind: EntryKind, why: Why
) -> tuple[list[int], int]:
    """All of an account goes over to another: lots, what is set aside and owed, and the documents behind them. The lots,
    and how many points that were."""
    lots = list(Lot.objects.filter(account=source).order_by("pk"))
    points = ledger.move_lots(lots, accounts, target, kind, why)
    ledger.move_owed(source, target, source.owed, kind, why)
    Earning.objects.filter(account=source).update(account=target)
    Hold.objects.filter(account=source).update(account=target)
    return [each.pk for each in lots], points


@command
def leave_account(*, actor: Actor, member_id: UUID, now: datetime, split_points: int = 0) -> MemberView:
    """A member leaves a shared account for one of their own. They take nothing along but what is split off for them.

    An owner who is alone in it keeps the account with its points as a personal one.

    Args:
        split_points: points of the account that its owner lets them take, those that end first; needs loyalty.adjust.

    Raises: MayNot, MemberNotFound, MemberClosed, NotShared, OwnerStays, PointsInvalid, NotEnoughPoints.
    """
    actor.require("loyalty.enroll")
    if split_points:
        actor.require("loyalty.adjust")
    if not 0 <= split_points <= MOST_LIMIT:
        raise PointsInvalid(field="split_points", problem="From 0 points to as many as are free.")
    member = ledger.lock_member(find_member(member_id), now)
    account = member.account
    if account.kind == AccountKind.PERSONAL:
        raise NotShared(number=member.number)
    if not others(member):
        account.kind, account.owner, account.name = AccountKind.PERSONAL, None, ""
        account.save(update_fields=["kind", "owner", "name"])
    else:
        if account.owner_id == member.pk:
            raise OwnerStays(number=member.number)
        free = ledger.free_points(account)
        if split_points > free:
            raise NotEnoughPoints(field="split_points", points=split_points, free=free)
        own = Account.objects.create(created_at=now)
        if split_points:
            _split(account, own, split_points, Why(actor, now, member))
        member.account = own
    member.monthly_limit = None
    member.save(update_fields=["account", "monthly_limit"])
    return view(member, now)


def _split(source: Account, target: Account, points: int, why: Why) -> None:
    """Points that end first go over, with their ends."""
    lines = spread(ledger.free_lots(source), points)
    ledger.take(source, EntryKind.TRANSFER, lines, why)
    ends = dict(Lot.objects.filter(pk__in=[lot for lot, _ in lines]).values_list("pk", "expires_at"))
    made = [
        Lot.objects.create(account=target, points=part, left=part, expires_at=ends[lot], earned_at=why.now)
        for lot, part in lines
    ]
    ledger.book(target, EntryKind.TRANSFER, [(lot.pk, lot.points) for lot in made], why)


@command
def set_monthly_limit(*, actor: Actor, member_id: UUID, monthly_limit: int | None, now: datetime) -> MemberView:
    """How many points of a shared account a member may spend in a calendar month; None: all there are.

    Raises: MayNot, MemberNotFound, MemberClosed, AccountInvalid, NotShared.
    """
    actor.require("loyalty.enroll")
    limit = _limit(monthly_limit)
    member = ledger.lock_member(find_member(member_id), now)
    if member.account.kind == AccountKind.PERSONAL:
        raise NotShared(number=member.number)
    member.monthly_limit = limit
    member.save(update_fields=["monthly_limit"])
    return view(member, now)


@command
def set_account_owner(*, actor: Actor, member_id: UUID, now: datetime) -> MemberView:
    """Make a member the owner of the account they share. Safe to repeat.

    Raises: MayNot, MemberNotFound, MemberClosed, NotShared.
    """
    actor.require("loyalty.enroll")
    member = ledger.lock_member(find_member(member_id), now)
    account = member.account
    if account.kind == AccountKind.PERSONAL:
        raise NotShared(number=member.number)
    account.owner = member
    account.save(update_fields=["owner"])
    return view(member, now)
