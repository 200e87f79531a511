"""What membership takes and gives across its border. Points are whole; money is in minor units of the programme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

# --- the programme ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TierView:
    """`threshold`: spend in minor units, or points, by the programme's basis. `multiplier_bp`: of points earned; 10000
    is once. `price_group`: a code that price lists and offers ask for. `validity_months` None: without end."""

    code: str
    name: str
    rank: int
    threshold: int
    multiplier_bp: int = 10_000
    price_group: str = ""
    validity_months: int | None = None


@dataclass(frozen=True)
class EarnRuleView:
    """`points` for every `spend_minor` paid. `channel` "": every channel without a rule of its own. The end is included.

    `counts_shipping`, `counts_tax`: whether whoever reckons the amount (orders) counts these in. `validity_months`: points
    hold to the end of that month in Vietnam; None: for good.
    """

    channel: str
    spend_minor: int
    points: int
    starts_on: date
    ends_on: date | None = None
    validity_months: int | None = None
    counts_shipping: bool = False
    counts_tax: bool = True


@dataclass(frozen=True)
class BurnRuleView:
    """A point pays `point_value_minor`. `max_share_bp`: the largest part of an order that points may pay."""

    channel: str
    point_value_minor: int
    starts_on: date
    ends_on: date | None = None
    min_points: int = 1
    step: int = 1
    max_share_bp: int = 10_000


@dataclass(frozen=True)
class ProgrammeView:
    """`basis`: spend or points. `window_months`: how far back it counts. `downgrade`: one level, or to what was earned.

    `grace_days`: how long points hold that come back after their own end.
    """

    currency: str
    basis: str
    window_months: int
    downgrade: str
    grace_days: int
    tiers: tuple[TierView, ...]
    earn_rules: tuple[EarnRuleView, ...]
    burn_rules: tuple[BurnRuleView, ...]


# --- members ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Birthday:
    """`year` None where it was not told."""

    day: int
    month: int
    year: int | None = None


@dataclass(frozen=True)
class MemberView:
    """A member with the points of their account at a moment.

    `points`: what the account has, `free` of them neither spent nor set aside; `owed`: what the next points pay first.
    `status`: active, merged (then `merged_into` names who goes on) or closed. `price_group` is the tier's.
    `groups`: customer groups they were put in by hand, for price lists and offers.
    """

    id: UUID
    number: str
    status: str
    phone: str
    name: str
    email: str
    birthday: Birthday | None
    tier: TierView | None
    tier_since: datetime | None
    tier_until: datetime | None
    account_id: UUID
    account_kind: str
    account_name: str
    is_owner: bool
    monthly_limit: int | None
    points: int
    free: int
    owed: int
    card_token: str
    joined_channel: str
    joined_by: str
    joined_at: datetime
    merged_into: UUID | None = None
    groups: tuple[str, ...] = ()

    @property
    def price_group(self) -> str:
        return self.tier.price_group if self.tier else ""


@dataclass(frozen=True)
class Joined:
    """`is_new` False: the phone was a member's already, and that is who is answered."""

    member: MemberView
    is_new: bool


@dataclass(frozen=True)
class ConsentView:
    purpose: str
    is_given: bool
    channel: str
    place: str
    actor: str
    at: datetime


@dataclass(frozen=True)
class TierChangeView:
    """`before`, `after`: codes of tiers, "" for none. `figure`: what they were judged by."""

    before: str
    after: str
    reason: str
    figure: int
    until: datetime | None
    at: datetime


@dataclass(frozen=True)
class Progress:
    """`figure`: what counts for tiers now, of the last months. `missing`: for `next`; both are empty at the top."""

    figure: int
    next: TierView | None
    missing: int


@dataclass(frozen=True)
class Ending:
    """`points` end after `last_day`."""

    points: int
    last_day: date


@dataclass(frozen=True)
class LotView:
    """`last_day` None: these points do not end."""

    points: int
    left: int
    held: int
    earned_at: datetime
    last_day: date | None


@dataclass(frozen=True)
class MergeView:
    id: UUID
    survivor_id: UUID
    survivor_number: str
    merged_id: UUID
    merged_number: str
    points: int
    actor: str
    at: datetime
    undone_at: datetime | None


@dataclass(frozen=True)
class AccountMember:
    """`spent`: points of the account that the member has spent or set aside this month."""

    id: UUID
    number: str
    name: str
    phone: str
    is_owner: bool
    monthly_limit: int | None
    spent: int


@dataclass(frozen=True)
class MemberCard:
    """All of one member that a page shows. `lots`: those with points left, the first to end first."""

    member: MemberView
    progress: Progress
    lots: tuple[LotView, ...]
    tier_changes: tuple[TierChangeView, ...]
    consents: tuple[ConsentView, ...]
    merges: tuple[MergeView, ...]
    account_members: tuple[AccountMember, ...]


@dataclass(frozen=True)
class PublicCard:
    """What the holder of a card sees on their phone. `given_name`: the last word of the name."""

    number: str
    given_name: str
    tier: TierView | None
    tier_until: datetime | None
    points: int
    owed: int
    progress: Progress
    basis: str
    endings: tuple[Ending, ...]


# --- points -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EntryView:
    """A line of the ledger. `id` grows. `points` and `owed` are what it changed; the others what they then were."""

    id: int
    kind: str
    points: int
    owed: int
    balance_after: int
    owed_after: int
    member_id: UUID | None
    channel: str
    reference: str
    note: str
    actor: str
    at: datetime


@dataclass(frozen=True)
class Earned:
    """`points`: earned by the document; `paid_owed` of them paid what was owed. `expires_at` None: they do not end."""

    reference: str
    member_id: UUID
    points: int
    paid_owed: int
    expires_at: datetime | None
    taken_back: int = 0
    returned_minor: int = 0
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class TakenBack:
    """`points` went with this part; `owed` of them were spent already, and the next points pay them."""

    points: int
    owed: int


@dataclass(frozen=True)
class PointsQuote:
    """How points could pay for an order. `most`: how many, 0 when none may; `most_value_minor`: what these pay."""

    most: int
    most_value_minor: int
    point_value_minor: int
    min_points: int
    step: int
    free: int
    currency: str


@dataclass(frozen=True)
class HeldPoints:
    """Points set aside. `state`: held, claimed (by `claimed_by`) or released."""

    id: UUID
    reference: str
    member_id: UUID
    points: int
    value_minor: int
    currency: str
    state: str
    expires_at: datetime
    claimed_by: str
    given_back: int
