"""Shapes that a replay takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from mekong.foundation.actor import Actor

REPLAYER = Actor(kind="system", ref="system:replay", name="Replay")
"""Under whom a replay books what it plays."""


@dataclass(frozen=True)
class Supplied:
    """What preparing a plan did. `differing`: keys of steps that are known already, with other contents."""

    new_skus: int
    received_units: int
    new_steps: int
    differing: frozenset[str]


@dataclass(frozen=True)
class Record:
    """How far one step has come."""

    key: str
    way: str
    state: str
    external_id: str
    reason: str
    parts: Sequence[str]
    sent_at: datetime | None


@dataclass(frozen=True)
class Progress:
    """Where a replay stands, as its page shows it. `t`: the moment of history it has reached."""

    t: datetime | None = None
    done: int = 0
    total: int = 0
    orders_by_channel: Mapping[str, int] = field(default_factory=dict)
    units: int = 0
    oversold: int = 0
    in_flight: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "t": self.t.isoformat() if self.t else None,
            "done": self.done,
            "total": self.total,
            "orders_by_channel": dict(self.orders_by_channel),
            "units": self.units,
            "oversold": self.oversold,
            "in_flight": self.in_flight,
        }


@dataclass(frozen=True)
class RunView:
    """A replay, under way or ended. `state`: asked, running, stopped, finished or failed; with no worker that has it in
    its care, a running one reads as stopped."""

    id: UUID
    file: str
    ways: Sequence[str]
    speed: float
    state: str
    is_stop_asked: bool
    progress: Mapping[str, Any]
    error: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime | None

    @property
    def is_live(self) -> bool:
        return self.state in {"asked", "running"}
