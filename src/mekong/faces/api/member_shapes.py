"""The shapes of members, their points and the programme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from mekong.faces.api.shapes import Body, Code, Day, Flag, Minor, Moment, Name
from mekong.foundation import ids, masking
from mekong.foundation.actor import Actor
from mekong.loyalty.contracts import (
    Birthday,
    BurnRuleView,
    EarnRuleView,
    EntryView,
    HeldPoints,
    MemberCard,
    MemberView,
    MergeView,
    ProgrammeView,
    TierView,
)

MOST = 10**12

Points = Annotated[int, Field(strict=True, ge=0, le=MOST)]
SomePoints = Annotated[int, Field(strict=True, ge=1, le=MOST)]
SignedPoints = Annotated[int, Field(strict=True, ge=-MOST, le=MOST, description="Below zero takes points.")]
Rate = Annotated[int, Field(strict=True, ge=0, le=10**6, description="Hundredths of a percent; 10000 is all, or once.")]
Months = Annotated[int, Field(strict=True, ge=0, le=1_000)]
Phone = Annotated[str, Field(max_length=40)]
Email = Annotated[str, Field(max_length=254)]
Reference = Annotated[str, Field(min_length=1, max_length=120)]
Channel = Annotated[str, Field(max_length=40)]
TierCode = Annotated[str, Field(max_length=30)]


class BirthdayShape(Body):
    """`year` is left out where it was not told."""

    day: Annotated[int, Field(strict=True, ge=1, le=31)]
    month: Annotated[int, Field(strict=True, ge=1, le=12)]
    year: Annotated[int, Field(strict=True, ge=1900, le=9999)] | None = None


class TierShape(Body):
    """`threshold`: spend in minor units, or points, by the programme's basis. `price_group`: what price lists and offers ask
    for. `validity_months` null: without end."""

    code: TierCode
    name: Annotated[str, Field(max_length=60)]
    threshold: Minor
    multiplier_bp: Rate = 10_000
    price_group: Annotated[str, Field(max_length=40)] = ""
    validity_months: Months | None = None


class EarnRuleShape(Body):
    """`points` for every `spend_minor`. `channel` empty: every channel without a rule of its own. `ends_on` is included."""

    channel: Channel = ""
    spend_minor: Minor
    points: Points
    starts_on: Day
    ends_on: Day | None = None
    validity_months: Months | None = None
    counts_shipping: Flag = False
    counts_tax: Flag = True


class BurnRuleShape(Body):
    """One point pays `point_value_minor`, for at most `max_share_bp` of an order."""

    channel: Channel = ""
    point_value_minor: Minor
    starts_on: Day
    ends_on: Day | None = None
    min_points: Points = 1
    step: Points = 1
    max_share_bp: Rate = 10_000


class ProgrammeOut(Schema):
    currency: str
    basis: str
    window_months: int
    downgrade: str
    grace_days: int
    tiers: list[TierShape]
    earn_rules: list[EarnRuleShape]
    burn_rules: list[BurnRuleShape]


class TiersIn(Body):
    """All tiers, lowest first. `basis`: by what they are reached within the last `window_months`. `downgrade`: a tier that was
    not reached again falls one level, or to what was earned. `grace_days`: of points that come back after their end."""

    tiers: Annotated[list[TierShape], Field(max_length=50)]
    basis: Literal["spend", "points"]
    window_months: Months
    downgrade: Literal["one", "earned"]
    grace_days: Annotated[int, Field(strict=True, ge=0, le=1_000)] = 30


class EarnRulesIn(Body):
    """All rules; what is left out ends."""

    earn_rules: Annotated[list[EarnRuleShape], Field(max_length=500)]


class BurnRulesIn(Body):
    """All rules; what is left out ends."""

    burn_rules: Annotated[list[BurnRuleShape], Field(max_length=500)]


class MemberOut(Schema):
    """`points`: of the account; `free` of them neither spent nor set aside; `owed`: what the next ones pay first. Phone, name
    and e-mail are masked without `customers.reveal`, in lists always. `card_path`: the card on a phone."""

    id: str
    number: str
    status: str
    phone: str
    name: str
    email: str
    birthday: BirthdayShape | None
    tier: TierShape | None
    tier_since: Moment | None
    tier_until: Moment | None
    price_group: str
    groups: list[str]
    points: int
    free: int
    owed: int
    account_id: str
    account_kind: str
    account_name: str
    is_owner: bool
    monthly_limit: int | None
    merged_into: str | None
    joined_channel: str
    joined_at: Moment
    card_path: str


class ProgressOut(Schema):
    """`figure`: what counts for tiers now; `missing` of it for `next`, which is null at the top."""

    figure: int
    next: TierShape | None
    missing: int


class LotOut(Schema):
    """`last_day` null: these points do not end."""

    points: int
    left: int
    held: int
    earned_at: Moment
    last_day: Day | None


class TierChangeOut(Schema):
    before: str
    after: str
    reason: str
    figure: int
    until: Moment | None
    at: Moment


class ConsentOut(Schema):
    purpose: str
    is_given: bool
    channel: str
    place: str
    actor: str
    at: Moment


class MergeOut(Schema):
    """`points`: how many went along."""

    id: str
    survivor_id: str
    survivor_number: str
    merged_id: str
    merged_number: str
    points: int
    actor: str
    at: Moment
    undone_at: Moment | None


class AccountMemberOut(Schema):
    """`spent`: points of the account that this member spent or set aside this month."""

    id: str
    number: str
    name: str
    is_owner: bool
    monthly_limit: int | None
    spent: int


class MemberCardOut(MemberOut):
    progress: ProgressOut
    lots: list[LotOut]
    tier_changes: list[TierChangeOut]
    consents: list[ConsentOut]
    merges: list[MergeOut]
    account_members: list[AccountMemberOut]


class JoinIn(Body):
    """`has_consented`: the person said yes to membership; when, where and to whom is kept. `place`: the till or page."""

    phone: Phone
    name: Annotated[str, Field(max_length=200)]
    has_consented: Flag
    channel: Channel = "api"
    place: Annotated[str, Field(max_length=200)] = ""
    email: Email = ""
    birthday: BirthdayShape | None = None


class MemberPatchIn(Body):
    """What is left out stays. `birthday` null forgets it."""

    phone: Phone | None = None
    name: Name | None = None
    email: Email | None = None
    birthday: BirthdayShape | None = None


class GroupsIn(Body):
    """`groups`: codes such as `dai-ly`; an empty list takes the member out of all."""

    groups: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)]


class AdjustIn(Body):
    """`note`: why, for whoever asks later."""

    points: SignedPoints
    note: Annotated[str, Field(max_length=300)]


class MergeIn(Body):
    """The membership that goes; the one in the address stays."""

    merged_id: Code


class HoldIn(Body):
    """`reference`: of the basket or order; repeating it sets nothing aside twice. `order_minor`: what is to be paid."""

    points: SomePoints
    reference: Reference
    channel: Channel
    order_minor: Minor
    currency: Annotated[str, Field(min_length=3, max_length=3)] = "VND"
    ttl_s: Annotated[int, Field(strict=True, ge=1, le=7 * 86_400)] = 900


class ClaimIn(Body):
    """`reference`: of the document that the points pay for."""

    reference: Reference


class PointsHoldOut(Schema):
    """`state`: held, claimed or released."""

    id: str
    reference: str
    member_id: str
    points: int
    value_minor: int
    currency: str
    state: str
    expires_at: Moment
    claimed_by: str
    given_back: int


class QuoteOut(Schema):
    """`most`: how many points may pay, 0 when none may."""

    most: int
    most_value_minor: int
    point_value_minor: int
    min_points: int
    step: int
    free: int
    currency: str


class EntryOut(Schema):
    """A line of the ledger. `points` and `owed` are what it changed."""

    id: int
    kind: str
    points: int
    owed: int
    balance_after: int
    owed_after: int
    member_id: str | None
    channel: str
    reference: str
    note: str
    actor: str
    at: Moment


class AccountIn(Body):
    kind: Literal["family", "company"]
    name: Annotated[str, Field(max_length=200)]


class AccountMemberIn(Body):
    """`monthly_limit` null: all there are."""

    member_id: Code
    monthly_limit: Points | None = None


class LimitIn(Body):
    monthly_limit: Points | None


class LeaveIn(Body):
    """`split_points`: what the owner lets them take along."""

    split_points: Points = 0


# --- from contracts ---------------------------------------------------------------------------------------------------

_TIER = tuple(TierShape.model_fields)
_MEMBER_PLAIN = frozenset(MemberOut.model_fields) - {
    "id", "phone", "name", "email", "birthday", "tier", "account_id", "merged_into", "card_path",
}  # fmt: skip


def tier_out(tier: TierView | None) -> dict[str, Any] | None:
    return None if tier is None else {name: getattr(tier, name) for name in _TIER}


def programme_out(found: ProgrammeView) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in ("currency", "basis", "window_months", "downgrade", "grace_days")},
        "tiers": [tier_out(each) for each in found.tiers],
        "earn_rules": [asdict(each) for each in found.earn_rules],
        "burn_rules": [asdict(each) for each in found.burn_rules],
    }


def tier_view(place: int, said: TierShape) -> TierView:
    return TierView(rank=place, **said.model_dump())


def earn_rule_view(said: EarnRuleShape) -> EarnRuleView:
    return EarnRuleView(**said.model_dump())


def burn_rule_view(said: BurnRuleShape) -> BurnRuleView:
    return BurnRuleView(**said.model_dump())


def birthday_view(said: BirthdayShape | None) -> Birthday | None:
    return None if said is None else Birthday(said.day, said.month, said.year)


def member_out(found: MemberView, actor: Actor, *, is_whole: bool = False) -> dict[str, Any]:
    """A member as the caller may see them; `is_whole`: with phone, e-mail and birthday, which the caller has booked."""
    return {
        **{name: getattr(found, name) for name in _MEMBER_PLAIN},
        "id": ids.public("mem", found.id),
        "phone": found.phone if is_whole else masking.phone(found.phone),
        "name": found.name if actor.may("customers.reveal") else masking.name(found.name),
        "email": found.email if is_whole else masking.email(found.email),
        "birthday": asdict(found.birthday) if is_whole and found.birthday else None,
        "tier": tier_out(found.tier),
        "account_id": ids.public("pta", found.account_id),
        "merged_into": ids.public("mem", found.merged_into) if found.merged_into else None,
        "card_path": f"/card/{found.card_token}/",
    }


def merge_out(found: MergeView) -> dict[str, Any]:
    return {
        **asdict(found),
        "id": ids.public("mrg", found.id),
        "survivor_id": ids.public("mem", found.survivor_id),
        "merged_id": ids.public("mem", found.merged_id),
    }


def card_out(found: MemberCard, actor: Actor, *, is_whole: bool) -> Mapping[str, Any]:
    reveals = actor.may("customers.reveal")
    return {
        **member_out(found.member, actor, is_whole=is_whole),
        "progress": {
            "figure": found.progress.figure, "next": tier_out(found.progress.next), "missing": found.progress.missing,
        },
        "lots": [asdict(each) for each in found.lots],
        "tier_changes": [asdict(each) for each in found.tier_changes],
        "consents": [asdict(each) for each in found.consents],
        "merges": [merge_out(each) for each in found.merges],
        "account_members": [
            {
                "id": ids.public("mem", each.id), "number": each.number,
                "name": each.name if reveals else masking.name(each.name), "is_owner": each.is_owner,
                "monthly_limit": each.monthly_limit, "spent": each.spent,
            }
            for each in found.account_members
        ],
    }  # fmt: skip


def hold_out(found: HeldPoints) -> dict[str, Any]:
    return {**asdict(found), "id": ids.public("pth", found.id), "member_id": ids.public("mem", found.member_id)}


def entry_out(found: EntryView) -> dict[str, Any]:
    return {**asdict(found), "member_id": ids.public("mem", found.member_id) if found.member_id else None}
