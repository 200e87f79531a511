"""What questions about security are answered with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True)
class SessionView:
    """`way`: password, totp, recovery, passkey, demo. `is_this`: the session that asks."""

    id: UUID
    way: str
    address: str
    agent: str
    created_at: datetime
    last_seen_at: datetime
    is_this: bool = False


@dataclass(frozen=True)
class PasskeyView:
    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class FactorsView:
    """The second factors of a person. `recovery_left`: recovery codes not used yet."""

    has_app: bool
    app_since: datetime | None
    recovery_left: int
    passkeys: tuple[PasskeyView, ...]

    @property
    def any(self) -> bool:
        return self.has_app or bool(self.passkeys)


@dataclass(frozen=True)
class LockView:
    """An account that is locked from one address after wrong passwords, until `until`."""

    person: UUID
    email: str
    name: str
    address: str
    failures: int
    since: datetime
    until: datetime


@dataclass(frozen=True)
class SeatChange:
    """`added` or removed; `by`: a ref, "" when not known."""

    at: datetime
    person: UUID
    name: str
    email: str
    added: bool
    by: str
    by_name: str


@dataclass(frozen=True)
class SeatMonth:
    """One person's month. `days`: on which they could sign in; `active`: on which they did something."""

    person: UUID
    name: str
    email: str
    days: int
    active: int
    last_day: date | None
