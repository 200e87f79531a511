"""Changes of points, inside a command that has locked their account. Every one writes the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F, Sum

from mekong.foundation.actor import SYSTEM, Actor
from mekong.loyalty.errors import MemberClosed
from mekong.loyalty.models import (
    Account,
    Entry,
    EntryKind,
    EntryLot,
    Hold,
    HoldLine,
    HoldState,
    Lot,
    Member,
    MemberStatus,
)
from mekong.loyalty.rules.points import Free

Lines = Sequence[tuple[int, int]]
"""Lots and how many points of each."""


@dataclass(frozen=True)
class Why:
    """What stands beside the figures of an entry."""

    actor: Actor
    now: datetime
    member: Member | None = None
    channel: str = ""
    reference: str = ""
    note: str = ""


# --- locks ------------------------------------------------------------------------------------------------------------


def lock_name(kind: str, name: str) -> None:
    """Let one command at a time work under a name (a phone, a reference), also when its row is not there yet."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 17))", [f"loyalty.{kind}:{name}"])


def standing_for(member: Member) -> Member:
    """Who goes on for a member: themselves, or whom they were merged into."""
    while member.merged_into_id is not None:
        member = Member.objects.get(pk=member.merged_into_id)
    return member


def lock_accounts(ids: Collection[int]) -> dict[int, Account]:
    """In the order of their ids, so that two who lock several never wait for each other."""
    return {each.pk: each for each in Account.objects.select_for_update().filter(pk__in=ids).order_by("pk")}


def lock_members(keys: Sequence[int]) -> tuple[list[Member], dict[int, Account]]:
    """Those who go on for these members, and their accounts, locked.

    A merge or a change of account meanwhile is found out by looking again under the lock: whoever makes one holds it.

    Raises: MemberClosed.
    """
    while True:
        found = [standing_for(Member.objects.get(pk=key)) for key in keys]
        accounts = lock_accounts({each.account_id for each in found})
        rows = Member.objects.select_for_update().filter(pk__in=[each.pk for each in found]).order_by("pk")
        again = {each.pk: each for each in rows}
        members = [again[each.pk] for each in found]
        if all(each.account_id in accounts and each.status != MemberStatus.MERGED for each in members):
            for each in members:
                if each.status == MemberStatus.CLOSED:
                    raise MemberClosed(number=each.number)
                each.account = accounts[each.account_id]
            return members, accounts


def lock_member(member: Member, now: datetime) -> Member:
    """The one who goes on for a member, with their account locked and put in order. Raises: MemberClosed."""
    (found,), _ = lock_members([member.pk])
    settle(found.account, now)
    return found


def lock_where(read: Callable[[], set[int]], now: datetime) -> dict[int, Account]:
    """Lock and put in order the accounts that something stands in; `read` is asked again under the lock."""
    while True:
        accounts = lock_accounts(read())
        if read() <= accounts.keys():
            for each in accounts.values():
                settle(each, now)
            return accounts


# --- the ledger -------------------------------------------------------------------------------------------------------


def book(account: Account, kind: EntryKind, lines: Lines, why: Why, *, owed: int = 0) -> Entry:
    """Write an entry whose points are those of its lines, and the account's new sums. The lots are the caller's."""
    points = sum(each for _, each in lines)
    account.balance += points
    account.owed += owed
    account.save(update_fields=["balance", "held", "owed"])
    entry = Entry.objects.create(
        account=account, member=why.member, kind=kind, points=points, owed=owed, balance_after=account.balance,
        owed_after=account.owed, channel=why.channel, reference=why.reference, note=why.note, actor=why.actor.ref,
        at=why.now,
    )  # fmt: skip
    EntryLot.objects.bulk_create(EntryLot(entry=entry, lot_id=lot, points=each) for lot, each in lines)
    return entry


def settle(account: Account, now: datetime) -> None:
    """Release what was set aside too long ago, then end what is due: an account in order has no point that is neither."""
    due = list(Hold.objects.filter(account=account, state=HoldState.HELD, expires_at__lte=now).order_by("pk"))
    for hold in due:
        release(account, hold)
    ended = list(
        Lot.objects.filter(account=account, left__gt=F("held"), expires_at__isnull=False, expires_at__lte=now).order_by(
            "pk"
        )
    )
    if not ended:
        return
    lines = [(lot.pk, lot.held - lot.left) for lot in ended]
    for lot in ended:
        lot.lapsed += lot.left - lot.held
        lot.left = lot.held
    Lot.objects.bulk_update(ended, ["left", "lapsed"])
    book(account, EntryKind.EXPIRE, lines, Why(SYSTEM, now))


def release(account: Account, hold: Hold) -> None:
    """Points of an open hold are free again; nothing of it stands in the ledger."""
    lines = HoldLine.objects.filter(hold=hold)
    for line in lines:
        Lot.objects.filter(pk=line.lot_id).update(held=F("held") - line.points)
    lines.delete()
    account.held -= hold.points
    account.save(update_fields=["held"])
    hold.state = HoldState.RELEASED
    hold.save(update_fields=["state"])


def free_lots(account: Account) -> list[Free]:
    """Lots of a settled account with the points that are free in each."""
    rows = Lot.objects.filter(account=account, left__gt=F("held")).values_list("pk", "left", "held", "expires_at")
    return [Free(lot, left - held, expires_at) for lot, left, held, expires_at in rows]


def free_points(account: Account) -> int:
    """Points of a settled account that are neither spent nor set aside."""
    return account.balance - account.held


def take(account: Account, kind: EntryKind, lines: Lines, why: Why, *, owed: int = 0) -> Entry:
    """Take points out of lots: as many as `lines` say, which must be free."""
    for lot, points in lines:
        Lot.objects.filter(pk=lot).update(left=F("left") - points)
    return book(account, kind, [(lot, -points) for lot, points in lines], why, owed=owed)


def put(account: Account, kind: EntryKind, points: int, expires_at: datetime | None, why: Why) -> tuple[Lot, int]:
    """Points come in as a lot; what is owed is paid from them at once. The lot, and how much of it was paid."""
    lot = Lot.objects.create(account=account, points=points, left=points, expires_at=expires_at, earned_at=why.now)
    book(account, kind, [(lot.pk, points)], why)
    return lot, repay(account, [(lot.pk, points)], why)


def repay(account: Account, lines: Lines, why: Why) -> int:
    """Pay what is owed from points that just came in; how much was paid."""
    paid: list[tuple[int, int]] = []
    owed = account.owed
    for lot, points in lines:
        part = min(owed, points)
        if part:
            paid.append((lot, part))
            owed -= part
    total = account.owed - owed
    if total:
        take(account, EntryKind.REPAY, paid, why, owed=-total)
    return total


# --- from one account to another --------------------------------------------------------------------------------------


def move_lots(lots: Sequence[Lot], accounts: Mapping[int, Account], target: Account, kind: EntryKind, why: Why) -> int:
    """Whole lots, with what is set aside of them, go over to another account; how many points that were.

    `accounts`: those the lots stand in, and the target, locked.
    """
    by_source: dict[int, list[Lot]] = defaultdict(list)
    for lot in lots:
        if lot.account_id != target.pk:
            by_source[lot.account_id].append(lot)
    moved = 0
    for source_id, theirs in sorted(by_source.items()):
        source = accounts[source_id]
        held = sum(lot.held for lot in theirs)
        source.held -= held
        target.held += held
        lines = [(lot.pk, lot.left) for lot in theirs if lot.left]
        Lot.objects.filter(pk__in=[lot.pk for lot in theirs]).update(account=target)
        if lines:
            book(source, kind, [(lot, -points) for lot, points in lines], why)
            book(target, kind, lines, why)
            moved += sum(points for _, points in lines)
    return moved


def move_owed(source: Account, target: Account, owed: int, kind: EntryKind, why: Why) -> None:
    """What is owed goes along."""
    if owed:
        book(source, kind, [], why, owed=-owed)
        book(target, kind, [], why, owed=owed)


def spent_since(member: Member, since: datetime) -> int:
    """Points of their account that a member has set aside or spent since then, less those given back."""
    rows = Hold.objects.filter(member=member, account=member.account, created_at__gte=since)
    rows = rows.exclude(state=HoldState.RELEASED)
    sums = rows.aggregate(points=Sum("points"), back=Sum("given_back"))
    return (sums["points"] or 0) - (sums["back"] or 0)
