"""Facts about members (key of each: `member:<id>`). Ids and figures of that moment, no names and no phones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class MemberJoined:
    name: ClassVar[str] = "loyalty.member_joined"
    version: ClassVar[int] = 1
    member_id: str
    number: str
    channel: str


@dataclass(frozen=True)
class MemberClosed:
    name: ClassVar[str] = "loyalty.member_closed"
    version: ClassVar[int] = 1
    member_id: str
    number: str


@dataclass(frozen=True)
class PointsEarned:
    """`owed`: points of these that paid what was owed."""

    name: ClassVar[str] = "loyalty.points_earned"
    version: ClassVar[int] = 1
    member_id: str
    reference: str
    channel: str
    points: int
    owed: int


@dataclass(frozen=True)
class PointsTakenBack:
    """`owed`: points of these that were spent already."""

    name: ClassVar[str] = "loyalty.points_taken_back"
    version: ClassVar[int] = 1
    member_id: str
    reference: str
    points: int
    owed: int


@dataclass(frozen=True)
class PointsSpent:
    name: ClassVar[str] = "loyalty.points_spent"
    version: ClassVar[int] = 1
    member_id: str
    reference: str
    channel: str
    points: int
    value_minor: int


@dataclass(frozen=True)
class PointsGivenBack:
    name: ClassVar[str] = "loyalty.points_given_back"
    version: ClassVar[int] = 1
    member_id: str
    reference: str
    points: int


@dataclass(frozen=True)
class TierChanged:
    """`reason`: joined, reached, kept, fell, merged or undone. `until`: ISO 8601, "" without end."""

    name: ClassVar[str] = "loyalty.tier_changed"
    version: ClassVar[int] = 1
    member_id: str
    before: str
    after: str
    reason: str
    until: str


@dataclass(frozen=True)
class MembersMerged:
    name: ClassVar[str] = "loyalty.members_merged"
    version: ClassVar[int] = 1
    member_id: str
    merged_id: str
    merge_id: str
    points: int


@dataclass(frozen=True)
class MergeUndone:
    name: ClassVar[str] = "loyalty.merge_undone"
    version: ClassVar[int] = 1
    member_id: str
    merged_id: str
    merge_id: str
    points: int
