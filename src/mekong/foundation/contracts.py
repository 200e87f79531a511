"""What the ground floor's queries and commands answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """`next_cursor` is None on the last page; otherwise it is sent back, as it is, for the next one."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True)
class RoleHeld:
    """`location_ids` empty: at every location."""

    role: str
    location_ids: tuple[int, ...]


@dataclass(frozen=True)
class PersonView:
    id: UUID
    email: str
    name: str
    phone: str
    language: str
    is_active: bool
    must_change_password: bool
    created_at: datetime
    roles: tuple[RoleHeld, ...]


@dataclass(frozen=True)
class NewPerson:
    """`password` signs in once and is then changed. It is shown here and nowhere else."""

    person: PersonView
    password: str


@dataclass(frozen=True)
class TokenView:
    """`hint`: the first letters of the text, which itself is not kept. `scopes`: permissions, or ("all",)."""

    id: UUID
    name: str
    hint: str
    scopes: tuple[str, ...]
    location_ids: tuple[int, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    is_personal: bool = False


@dataclass(frozen=True)
class NewToken:
    """`text` is what goes behind `Authorization: Bearer`. It is shown here and nowhere else."""

    token: TokenView
    text: str


@dataclass(frozen=True)
class AuditView:
    """`actor`: a ref (`person:12`); `actor_name`: who that is today, or the ref itself."""

    id: int
    at: datetime
    actor: str
    actor_name: str
    table: str
    row_id: str
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
