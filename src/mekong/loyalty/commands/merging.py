"""Two memberships of one person become one, and two again where that was wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.foundation.ids import public
from mekong.loyalty import ledger
from mekong.loyalty.commands import judging
from mekong.loyalty.commands.accounts import absorb, others
from mekong.loyalty.contracts import MergeView
from mekong.loyalty.errors import (
    AlreadyShares,
    LaterMerge,
    MemberClosed,
    MemberMerged,
    MergeInvalid,
    MergeNotFound,
    PointsHeld,
)
from mekong.loyalty.events import MembersMerged, MergeUndone
from mekong.loyalty.ledger import Why
from mekong.loyalty.models import Account, Earning, EntryKind, Hold, Lot, Member, MemberStatus, Merge, Tier
from mekong.loyalty.queries.members import find_member
from mekong.loyalty.queries.merges import merge_view
from mekong.loyalty.queries.standing import MEMBER, MERGE


@command
def merge_members(*, actor: Actor, survivor_id: UUID, merged_id: UUID, now: datetime) -> MergeView:
    """Make one membership of two that are one person's. Everything goes along: points with their ends, what is set aside
    and owed, documents, and what counts for the tier; the higher tier stays. The merged phone, card and number lead to
    the survivor from now on. Safe to repeat.

    Where the survivor shares an account, the points go into that one.

    Raises: MayNot, MemberNotFound, MemberClosed, MemberMerged, MergeInvalid: one is merged with itself; AlreadyShares:
        the one that goes shares an account with others.
    """
    actor.require("loyalty.adjust")
    keeps, goes = find_member(survivor_id), find_member(merged_id)
    if keeps.pk == goes.pk:
        raise MergeInvalid(field="merged_id", problem="These are the same membership. Choose two.")
    (survivor, merged), accounts = ledger.lock_members([keeps.pk, goes.pk])
    if survivor.pk == merged.pk:
        return merge_view(Merge.objects.filter(merged__in=(keeps, goes), undone_at=None).latest("pk"))
    for asked, found in ((keeps, survivor), (goes, merged)):
        if asked.pk != found.pk:
            raise MemberMerged(number=asked.number, into=found.number)
    target, source = survivor.account, merged.account
    if source.pk != target.pk and others(merged):
        raise AlreadyShares(number=merged.number)
    for each in accounts.values():
        ledger.settle(each, now)
    moved: dict[str, Any] = {
        "lots": [], "owed": 0, "points": 0, "is_owner": source.pk == target.pk and source.owner_id == merged.pk,
        "earnings": list(Earning.objects.filter(member=merged).values_list("pk", flat=True)),
        "holds": list(Hold.objects.filter(member=merged).values_list("pk", flat=True)),
        "account_earnings": [], "account_holds": [], "tier_before": _tier(survivor),
        "groups_before": survivor.groups,
    }  # fmt: skip
    if source.pk != target.pk:
        moved["owed"] = source.owed
        moved["account_earnings"] = list(Earning.objects.filter(account=source).values_list("pk", flat=True))
        moved["account_holds"] = list(Hold.objects.filter(account=source).values_list("pk", flat=True))
        why = Why(actor, now, survivor, note=merged.number)
        moved["lots"], moved["points"] = absorb(source, target, accounts, EntryKind.MERGE, why)
    Earning.objects.filter(member=merged).update(member=survivor)
    Hold.objects.filter(member=merged).update(member=survivor)
    if moved["is_owner"]:
        Account.objects.filter(pk=target.pk).update(owner=survivor)
    merged.status, merged.merged_into = MemberStatus.MERGED, survivor
    merged.save(update_fields=["status", "merged_into"])
    survivor.groups = moved["groups_after"] = sorted({*survivor.groups, *merged.groups})
    survivor.save(update_fields=["groups"])
    _keep_higher_tier(actor, survivor, merged, now)
    judging.reconsider(actor=actor, member=survivor, reason="reached", now=now)
    moved["tier_after"] = _tier(survivor)
    row = Merge.objects.create(survivor=survivor, merged=merged, source=source, moved=moved, actor=actor.ref, at=now)
    fact = MembersMerged(
        public(MEMBER, survivor.uid), public(MEMBER, merged.uid), public(MERGE, row.uid), moved["points"]
    )
    emit(actor, fact, key=f"member:{survivor.pk}", now=now)
    return merge_view(row)


def _tier(member: Member) -> dict[str, Any]:
    def told(at: datetime | None) -> str | None:
        return at.astimezone(UTC).isoformat() if at else None

    code = member.tier.code if member.tier else ""
    return {"code": code, "since": told(member.tier_since), "until": told(member.tier_until)}


def _keep_higher_tier(actor: Actor, survivor: Member, merged: Member, now: datetime) -> None:
    def height(member: Member) -> tuple[int, bool, float]:
        until = member.tier_until
        return (member.tier.rank if member.tier else -1, until is None, until.timestamp() if until else 0)

    if height(merged) > height(survivor):
        before = survivor.tier.code if survivor.tier else ""
        survivor.tier, survivor.tier_since = merged.tier, merged.tier_since
        survivor.tier_until = merged.tier_until
        survivor.save(update_fields=["tier", "tier_since", "tier_until"])
        figure = judging.figure_of(survivor, now)
        judging.note_tier(actor=actor, member=survivor, before=before, reason="merged", figure=figure, now=now)


@command
def undo_merge(*, actor: Actor, merge_id: UUID, now: datetime) -> MergeView:
    """Make two of one again. What came along goes back, as much of it as is left; what was earned since stays with the
    survivor. Points of lots that came along and were spent since are gone; should they be given back, they return to
    the lots they came from. Safe to repeat.

    Raises: MayNot, MergeNotFound, MemberClosed, LaterMerge: the survivor was merged into another one; PointsHeld: a
        payment with points that came along is under way.
    """
    actor.require("loyalty.adjust")
    found = Merge.objects.filter(uid=merge_id).select_related("merged")
    known = found.first()
    if known is None:
        raise MergeNotFound(key=public(MERGE, merge_id))
    lots = Lot.objects.filter(pk__in=known.moved["lots"])

    def where() -> set[int]:
        account = Member.objects.values_list("account_id", flat=True).get(pk=known.survivor_id)
        return {known.source_id, account, *lots.values_list("account_id", flat=True)}

    accounts = ledger.lock_where(where, now)
    row = found.select_for_update(of=("self",)).get()
    if row.undone_at is not None:
        return merge_view(row)
    people = Member.objects.select_for_update().filter(pk__in=(row.survivor_id, row.merged_id)).order_by("pk")
    both = {each.pk: each for each in people}
    survivor, merged = both[row.survivor_id], both[row.merged_id]
    if merged.status == MemberStatus.CLOSED or survivor.status == MemberStatus.CLOSED:
        raise MemberClosed(number=survivor.number)
    if survivor.status == MemberStatus.MERGED:
        raise LaterMerge(number=survivor.number)
    if lots.filter(held__gt=0).exists():
        raise PointsHeld
    points = _go_back(row, survivor, accounts, list(lots.order_by("pk")), Why(actor, now, survivor, note=merged.number))
    merged.status, merged.merged_into = MemberStatus.ACTIVE, None
    merged.save(update_fields=["status", "merged_into"])
    if survivor.groups == row.moved.get("groups_after"):
        survivor.groups = row.moved["groups_before"]
        survivor.save(update_fields=["groups"])
    _tier_as_before(actor, row, survivor, now)
    for each in (survivor, merged):
        judging.reconsider(actor=actor, member=each, reason="reached", now=now)
    row.undone_by, row.undone_at = actor.ref, now
    row.save(update_fields=["undone_by", "undone_at"])
    fact = MergeUndone(public(MEMBER, survivor.uid), public(MEMBER, merged.uid), public(MERGE, row.uid), points)
    emit(actor, fact, key=f"member:{survivor.pk}", now=now)
    return merge_view(row)


def _go_back(row: Merge, survivor: Member, accounts: dict[int, Account], lots: list[Lot], why: Why) -> int:
    """Points, debts and documents as they came; how many points."""
    moved, source, target = row.moved, accounts[row.source_id], accounts[survivor.account_id]
    points = ledger.move_lots(lots, accounts, source, EntryKind.UNDO_MERGE, why)
    ledger.move_owed(target, source, min(moved["owed"], target.owed), EntryKind.UNDO_MERGE, why)
    Earning.objects.filter(pk__in=moved["earnings"]).update(member=row.merged)
    Hold.objects.filter(pk__in=moved["holds"]).update(member=row.merged)
    Earning.objects.filter(pk__in=moved["account_earnings"]).update(account=source)
    Hold.objects.filter(pk__in=moved["account_holds"]).update(account=source)
    if moved["is_owner"] and source.owner_id == survivor.pk:
        source.owner = row.merged
        source.save(update_fields=["owner"])
    return points


def _tier_as_before(actor: Actor, row: Merge, survivor: Member, now: datetime) -> None:
    """The survivor's own tier, unless it has changed since."""
    before = row.moved["tier_before"]
    if before == row.moved["tier_after"] or _tier(survivor) != row.moved["tier_after"]:
        return
    was = survivor.tier.code if survivor.tier else ""
    survivor.tier = Tier.objects.filter(code=before["code"]).first()
    since, until = before["since"], before["until"]
    survivor.tier_since = datetime.fromisoformat(since) if since else None
    survivor.tier_until = datetime.fromisoformat(until) if until else None
    survivor.save(update_fields=["tier", "tier_since", "tier_until"])
    figure = judging.figure_of(survivor, now)
    judging.note_tier(actor=actor, member=survivor, before=was, reason="undone", figure=figure, now=now)
