"""What the voucher game answers with, and what it asks of the rooms that give its prizes. Amounts are in minor units."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from mekong.foundation.actor import Actor


class GivesVouchers(Protocol):
    """Called in the transaction of a play that won a voucher: the code is issued with the play, or neither is."""

    def issue_for(self, *, actor: Actor, promotion_code: str, person: str, reference: str, now: datetime) -> str:
        """The code of a fresh voucher of this promotion, for a person (phone, E.164); the same one for the same reference.

        Raises: Rejected, when the promotion gives none now; the play then wins nothing, and says so.
        """
        ...


class KnowsMembers(Protocol):
    """Asked before a play of a game that is for members only."""

    def is_member(self, *, phone: str) -> bool:
        """Whether a member has this phone (E.164)."""
        ...


@dataclass
class _Givers:
    vouchers: GivesVouchers | None = None
    members: KnowsMembers | None = None


givers = _Givers()
"""Who gives vouchers and knows members: the rooms that do put themselves here when they are made ready. A game that needs
one that is not there does not start."""


@dataclass(frozen=True)
class NewPrize:
    """`kind`: voucher (with `promotion_code`), points (with `points`), none. `stock`, `daily_cap` None: without limit.

    `cost_minor`: what one takes from the budget. `day`: of a check-in's streak, from 1; 0 for other games.
    """

    name: str
    kind: str
    weight: int
    stock: int | None = None
    daily_cap: int | None = None
    promotion_code: str = ""
    points: int = 0
    cost_minor: int = 0
    colour: str = "#2f6f5e"
    day: int = 0


@dataclass(frozen=True)
class GameSetup:
    """`kind`: spin, scratch, check_in. `per_day`: plays of one person on one day of Vietnam."""

    name: str
    slug: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    prizes: tuple[NewPrize, ...]
    members_only: bool = False
    per_day: int = 1
    budget_minor: int | None = None
    currency: str = "VND"


@dataclass(frozen=True)
class PrizeView:
    """`left` None: without limit."""

    position: int
    name: str
    kind: str
    weight: int
    stock: int | None
    daily_cap: int | None
    promotion_code: str
    points: int
    cost_minor: int
    colour: str
    day: int
    given: int
    left: int | None


@dataclass(frozen=True)
class GameView:
    """`state`: draft, running, ended. `seed`: hexadecimal, "" until the game has ended."""

    id: UUID
    slug: str
    name: str
    kind: str
    state: str
    starts_at: datetime
    ends_at: datetime
    members_only: bool
    per_day: int
    currency: str
    budget_minor: int | None
    spent_minor: int
    plays: int
    players: int
    commitment: str
    table_digest: str
    seed: str
    started_at: datetime | None
    ended_at: datetime | None
    prizes: tuple[PrizeView, ...]


@dataclass(frozen=True)
class PublicGame:
    """What a player's page shows. `is_open`: plays are taken now."""

    id: UUID
    slug: str
    name: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    is_open: bool
    is_over: bool
    members_only: bool
    per_day: int
    commitment: str
    table_digest: str
    seed: str
    prizes: tuple[PrizeView, ...]


@dataclass(frozen=True)
class PlayView:
    """`position`: of the prize drawn (None: its table was empty). `fell_for`: why it was not given, "" when it was.

    `kind`: of what was given: voucher, points, none. `code`: of the voucher. `is_repeat`: this request was played before.
    """

    id: UUID
    number: int
    client_seed: str
    streak: int
    position: int | None
    prize: str
    kind: str
    fell_for: str
    code: str
    points: int
    left_today: int
    at: datetime
    is_repeat: bool = False


@dataclass(frozen=True)
class PlayLine:
    """One play as anybody may see it after the game. `player`: an id that says nothing of the person."""

    number: int
    player: UUID
    client_seed: str
    day: date
    streak: int
    drawn: int | None
    given: int | None
    fell_for: str
    at: datetime


@dataclass(frozen=True)
class PlayFound:
    """One play in the back office; the phone is masked."""

    number: int
    phone: str
    prize: str
    kind: str
    fell_for: str
    streak: int
    at: datetime


@dataclass(frozen=True)
class GameProof:
    """`wrong`: numbers of plays that do not come out as they were booked, each with what does not fit; the first hundred.

    `unissued`: plays whose voucher could not be issued, which no computation can prove.
    """

    plays: int
    wrong: tuple[tuple[int, str], ...] = field(default=())
    unissued: int = 0

    @property
    def ok(self) -> bool:
        return not self.wrong
