"""The token bucket of an app, as arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
"""Whose days calls are counted by."""

PER_MINUTE = (1, 60_000)
BURST = (1, 10_000)
LEASE_S = 1.0
"""A process takes so many seconds' worth of an app's rate at a time, and spends it without asking the database."""


@dataclass(frozen=True)
class Limit:
    """`per_minute` calls in the long run, up to `burst` at once."""

    per_minute: int
    burst: int

    @property
    def per_second(self) -> float:
        return self.per_minute / 60

    @property
    def lease(self) -> int:
        """Calls that a process takes at a time: no more than a tenth of the burst, so that others find some too."""
        return max(1, min(math.ceil(self.per_second * LEASE_S), self.burst // 10 or 1))


def refilled(limit: Limit, tokens: float, elapsed_s: float) -> float:
    """What is in the bucket after so many seconds."""
    return min(float(limit.burst), tokens + max(0.0, elapsed_s) * limit.per_second)


def wait_s(limit: Limit, tokens: float) -> int:
    """Whole seconds until a call is taken again."""
    return max(1, math.ceil((1.0 - tokens) / limit.per_second))
