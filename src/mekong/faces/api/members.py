"""Members: joining, finding, points, merges, and the programme."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from mekong.faces.api import member_shapes as shapes
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.member_shapes import (
    AccountIn,
    AccountMemberIn,
    AdjustIn,
    BurnRulesIn,
    Channel,
    ClaimIn,
    EarnRulesIn,
    EntryOut,
    GroupsIn,
    HoldIn,
    JoinIn,
    LeaveIn,
    LimitIn,
    MemberCardOut,
    MemberOut,
    MemberPatchIn,
    MergeIn,
    MergeOut,
    PointsHoldOut,
    ProgrammeOut,
    QuoteOut,
    TierCode,
    TiersIn,
)
from mekong.faces.api.shapes import Cursor, Limit, PageOf, page, public_id
from mekong.foundation import audit
from mekong.foundation.actor import Actor
from mekong.loyalty import commands, queries
from mekong.loyalty.contracts import MemberView

router = Router(tags=["members"])
Key = Annotated[
    str, Field(max_length=300, description="A phone, a card's number, or the link of a card, typed or scanned.")
]
Asked = Annotated[int, Field(ge=0, le=shapes.MOST, description="Amount to pay, in minor units.")]


def _id(text: str) -> UUID:
    return public_id("mem", text, "Member")


def _out(request: HttpRequest, found: MemberView) -> dict[str, Any]:
    actor = authenticate(request)
    return shapes.member_out(found, actor, is_whole=_reveals(request, actor, found.id))


def _reveals(request: HttpRequest, actor: Actor, member: UUID) -> bool:
    """Whether the caller sees personal data in full; that they did is booked."""
    if not actor.may("customers.reveal"):
        return False
    fields = ["phone", "email", "birthday"]
    audit.record_read(actor, table="loyalty_member", row_id=member, fields=fields, now=moment(request))
    return True


@router.post("/members", response={200: MemberOut, 201: MemberOut})
def join_member(request: HttpRequest, body: JoinIn) -> Any:
    """Make somebody a member. A phone that is a member's already answers that member (200) and changes nothing."""
    actor = authenticate(request)
    joined = commands.join_member(
        actor=actor, phone=body.phone, name=body.name, has_consented=body.has_consented, channel=body.channel,
        place=body.place, email=body.email, birthday=shapes.birthday_view(body.birthday), now=moment(request),
    )  # fmt: skip
    return Status(201 if joined.is_new else 200, shapes.member_out(joined.member, actor))


@router.get("/members", response=PageOf[MemberOut])
def list_members(
    request: HttpRequest,
    q: Annotated[str, Field(max_length=120)] = "",
    tier: TierCode = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Members, newest first. `q`: a phone by its beginning or last digits, a card's number, the beginnings of a name's words."""
    actor = authenticate(request)
    found = queries.list_members(actor=actor, text=q, tier=tier, cursor=cursor, limit=limit, now=moment(request))
    return page(found, lambda each: shapes.member_out(each, actor))


@router.get("/members/lookup", response=MemberOut)
def look_up_member(request: HttpRequest, key: Key = "") -> Any:
    """The member of a phone or a card. What belonged to a merged membership answers the one that goes on."""
    return _out(request, queries.member_by(actor=authenticate(request), key=key, now=moment(request)))


@router.get("/members/{member_id}", response=MemberCardOut)
def get_member(request: HttpRequest, member_id: str) -> Any:
    """All of one member: points with their ends, tier and what is missing for the next, consent, merges, shared account."""
    actor = authenticate(request)
    found = queries.get_card(actor=actor, member_id=_id(member_id), now=moment(request))
    return shapes.card_out(found, actor, is_whole=_reveals(request, actor, found.member.id))


@router.patch("/members/{member_id}", response=MemberOut)
def update_member(request: HttpRequest, member_id: str, body: MemberPatchIn) -> Any:
    """Change what is known of a member."""
    changed = commands.update_member(
        actor=authenticate(request), member_id=_id(member_id), phone=body.phone, name=body.name, email=body.email,
        birthday=shapes.birthday_view(body.birthday),
        forget_birthday="birthday" in body.model_fields_set and body.birthday is None, now=moment(request),
    )  # fmt: skip
    return _out(request, changed)


@router.put("/members/{member_id}/groups", response=MemberOut)
def set_groups(request: HttpRequest, member_id: str, body: GroupsIn) -> Any:
    """Put a member into these customer groups and no others: price lists and offers name them. Needs `loyalty.manage`."""
    actor = authenticate(request)
    return _out(
        request, commands.set_groups(actor=actor, member_id=_id(member_id), groups=body.groups, now=moment(request))
    )


@router.post("/members/{member_id}/close", response={204: None})
def close_member(request: HttpRequest, member_id: str) -> Any:
    """End a membership: its points lapse and the person is forgotten. A repeat changes nothing."""
    commands.close_member(actor=authenticate(request), member_id=_id(member_id), now=moment(request))
    return Status(204, None)


@router.post("/members/{member_id}/card", response=MemberOut)
def change_card(request: HttpRequest, member_id: str) -> Any:
    """Give a member's card a new link; the old one opens nothing any more."""
    actor = authenticate(request)
    return _out(request, commands.change_card(actor=actor, member_id=_id(member_id), now=moment(request)))


# --- points -----------------------------------------------------------------------------------------------------------


@router.get("/members/{member_id}/points", response=PageOf[EntryOut])
def list_points(request: HttpRequest, member_id: str, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """The ledger of a member's account, newest first."""
    actor = authenticate(request)
    found = queries.list_entries(actor=actor, member_id=_id(member_id), cursor=cursor, limit=limit)
    return page(found, shapes.entry_out)


@router.post("/members/{member_id}/adjust", response=MemberOut)
def adjust_points(request: HttpRequest, member_id: str, body: AdjustIn) -> Any:
    """Give points by hand, or take them. Send an `Idempotency-Key`: a repeat without one does it again."""
    changed = commands.adjust_points(
        actor=authenticate(request), member_id=_id(member_id), points=body.points, note=body.note, now=moment(request)
    )
    return _out(request, changed)


@router.get("/members/{member_id}/quote", response=QuoteOut)
def quote_points(request: HttpRequest, member_id: str, channel: Channel = "store", order_minor: Asked = 0) -> Any:
    """How many points may pay for an order of so much on a channel, and what they pay."""
    found = queries.quote_points(
        actor=authenticate(request), member_id=_id(member_id), channel=channel, order_minor=order_minor,
        now=moment(request),
    )  # fmt: skip
    return asdict(found)


@router.post("/members/{member_id}/holds", response={201: PointsHoldOut})
def hold_points(request: HttpRequest, member_id: str, body: HoldIn) -> Any:
    """Set points aside to pay with. A repeat with the same reference answers the same hold."""
    held = commands.hold_points(
        actor=authenticate(request), member_id=_id(member_id), points=body.points, reference=body.reference,
        channel=body.channel, order_minor=body.order_minor, currency=body.currency, ttl=timedelta(seconds=body.ttl_s),
        now=moment(request),
    )  # fmt: skip
    return Status(201, shapes.hold_out(held))


@router.get("/point-holds/{hold_id}", response=PointsHoldOut)
def get_point_hold(request: HttpRequest, hold_id: str) -> Any:
    """Points that were set aside, and what became of them."""
    hold = public_id("pth", hold_id, "Hold")
    return shapes.hold_out(queries.get_hold(actor=authenticate(request), hold_id=hold))


@router.post("/point-holds/{hold_id}/claim", response=PointsHoldOut)
def claim_point_hold(request: HttpRequest, hold_id: str, body: ClaimIn) -> Any:
    """Spend points that were set aside on a document. A repeat changes nothing."""
    hold = public_id("pth", hold_id, "Hold")
    claimed = commands.claim_hold(
        actor=authenticate(request), hold_id=hold, reference=body.reference, now=moment(request)
    )
    return shapes.hold_out(claimed)


@router.post("/point-holds/{hold_id}/release", response=PointsHoldOut)
def release_point_hold(request: HttpRequest, hold_id: str) -> Any:
    """Points that were set aside are free again. A repeat changes nothing."""
    hold = public_id("pth", hold_id, "Hold")
    return shapes.hold_out(commands.release_hold(actor=authenticate(request), hold_id=hold, now=moment(request)))


# --- merges and shared accounts ---------------------------------------------------------------------------------------


@router.post("/members/{member_id}/merge", response=MergeOut)
def merge_members(request: HttpRequest, member_id: str, body: MergeIn) -> Any:
    """Merge another membership of the same person into this one. Everything goes along, and it can be undone."""
    merged = commands.merge_members(
        actor=authenticate(request), survivor_id=_id(member_id), merged_id=_id(body.merged_id), now=moment(request)
    )
    return shapes.merge_out(merged)


@router.post("/member-merges/{merge_id}/undo", response=MergeOut)
def undo_merge(request: HttpRequest, merge_id: str) -> Any:
    """Make two of one again. What came along goes back; what was earned since stays. A repeat changes nothing."""
    merge = public_id("mrg", merge_id, "Merge")
    return shapes.merge_out(commands.undo_merge(actor=authenticate(request), merge_id=merge, now=moment(request)))


@router.put("/members/{member_id}/account", response=MemberOut)
def open_shared_account(request: HttpRequest, member_id: str, body: AccountIn) -> Any:
    """Make a member's account a family's or a company's, which others can share."""
    opened = commands.open_shared_account(
        actor=authenticate(request), owner_id=_id(member_id), kind=body.kind, name=body.name, now=moment(request)
    )
    return _out(request, opened)


@router.post("/members/{member_id}/account/members", response=MemberOut)
def share_account(request: HttpRequest, member_id: str, body: AccountMemberIn) -> Any:
    """Let another member share the account; their own points go into it. A repeat sets their monthly limit."""
    joined = commands.share_account(
        actor=authenticate(request), owner_id=_id(member_id), member_id=_id(body.member_id),
        monthly_limit=body.monthly_limit, now=moment(request),
    )  # fmt: skip
    return _out(request, joined)


@router.put("/members/{member_id}/account/limit", response=MemberOut)
def set_monthly_limit(request: HttpRequest, member_id: str, body: LimitIn) -> Any:
    """How many points of a shared account a member may spend in a calendar month."""
    actor, limit = authenticate(request), body.monthly_limit
    changed = commands.set_monthly_limit(
        actor=actor, member_id=_id(member_id), monthly_limit=limit, now=moment(request)
    )
    return _out(request, changed)


@router.post("/members/{member_id}/account/own", response=MemberOut)
def set_account_owner(request: HttpRequest, member_id: str) -> Any:
    """Make a member the owner of the account they share. A repeat changes nothing."""
    actor = authenticate(request)
    return _out(request, commands.set_account_owner(actor=actor, member_id=_id(member_id), now=moment(request)))


@router.post("/members/{member_id}/account/leave", response=MemberOut)
def leave_account(request: HttpRequest, member_id: str, body: LeaveIn | None = None) -> Any:
    """A member leaves a shared account, with no points but those that are split off for them."""
    split = body.split_points if body else 0
    left = commands.leave_account(
        actor=authenticate(request), member_id=_id(member_id), split_points=split, now=moment(request)
    )
    return _out(request, left)


# --- the programme ----------------------------------------------------------------------------------------------------


@router.get("/membership", response=ProgrammeOut)
def get_programme(request: HttpRequest) -> Any:
    """Tiers, and the rules by which points are earned and spent."""
    return shapes.programme_out(queries.get_programme(actor=authenticate(request)))


@router.put("/membership/tiers", response=ProgrammeOut)
def set_tiers(request: HttpRequest, body: TiersIn) -> Any:
    """Set all tiers, and by what they are reached and lost. One that members have cannot be left out."""
    changed = commands.set_tiers(
        actor=authenticate(request), tiers=[shapes.tier_view(place, each) for place, each in enumerate(body.tiers)],
        basis=body.basis, window_months=body.window_months, downgrade=body.downgrade, grace_days=body.grace_days,
    )  # fmt: skip
    return shapes.programme_out(changed)


@router.put("/membership/earn-rules", response=ProgrammeOut)
def set_earn_rules(request: HttpRequest, body: EarnRulesIn) -> Any:
    """Set all rules by which points are earned."""
    rules = [shapes.earn_rule_view(each) for each in body.earn_rules]
    return shapes.programme_out(commands.set_earn_rules(actor=authenticate(request), rules_of=rules))


@router.put("/membership/burn-rules", response=ProgrammeOut)
def set_burn_rules(request: HttpRequest, body: BurnRulesIn) -> Any:
    """Set all rules by which points are spent."""
    rules = [shapes.burn_rule_view(each) for each in body.burn_rules]
    return shapes.programme_out(commands.set_burn_rules(actor=authenticate(request), rules_of=rules))
