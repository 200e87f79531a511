"""Time, decided in plain functions of it: how often, how soon again, whether at all. No clock is read here."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

HEADROOM = 0.98
"""Part of a platform's rate that is used: calls bunch up on their way, and one refused for haste costs two."""
BURST_PART = 0.6
"""Part of a platform's burst that is used at once; the rest is for calls that were held up and arrive with the next."""


@dataclass
class TokenBucket:
    """At most `per_second` calls on average and `burst` at once, in seconds of one monotonic clock."""

    per_second: float
    burst: int
    tokens: float = field(init=False)
    stamp: float | None = field(default=None, init=False)
    paused_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        if self.per_second <= 0 or self.burst < 1:
            raise ValueError("a rate limit lets at least something through")
        self.tokens = float(self.burst)

    def wait_s(self, now: float) -> float:
        """Seconds until the next call may be made; 0 when one may be made now."""
        self._fill(now)
        empty = 0.0 if self.tokens >= 1 else (1 - self.tokens) / self.per_second
        return max(empty, self.paused_until - now, 0.0)

    def take(self, now: float, most: int = 1) -> int:
        """Take up to `most` calls that may be made now; how many."""
        if self.wait_s(now) > 0:
            return 0
        taken = min(most, int(self.tokens))
        self.tokens -= taken
        return taken

    def give_back(self, calls: int = 1) -> None:
        """Calls that were taken and not made."""
        self.tokens = min(float(self.burst), self.tokens + calls)

    def pause(self, now: float, seconds: float) -> None:
        """The platform said to wait: nothing is saved up meanwhile."""
        self._fill(now)
        self.tokens = min(self.tokens, 1.0)
        self.paused_until = max(self.paused_until, now + seconds)

    def _fill(self, now: float) -> None:
        if self.stamp is None:
            self.stamp = now
        since = max(self.stamp, min(self.paused_until, now))
        if now > since:
            self.tokens = min(float(self.burst), self.tokens + (now - since) * self.per_second)
        self.stamp = now


@dataclass
class Breaker:
    """Stops calling a platform that keeps failing, and asks with one call now and then whether it is back.

    After `threshold` failures in a row it opens for `first_s`, twice as long after every failed probe, at most
    `longest_s`. One success closes it.
    """

    threshold: int = 8
    first_s: float = 1.0
    longest_s: float = 30.0
    failures: int = field(default=0, init=False)
    open_until: float | None = field(default=None, init=False)
    is_probing: bool = field(default=False, init=False)
    _open_s: float = field(default=0.0, init=False)

    @property
    def is_open(self) -> bool:
        return self.open_until is not None

    def wait_s(self, now: float) -> float:
        """Seconds until a call may be tried; 0 when one may be made now."""
        if self.open_until is None:
            return 0.0
        if now < self.open_until:
            return self.open_until - now
        return 0.05 if self.is_probing else 0.0

    def enter(self, now: float) -> bool:
        """Ask to make a call; when half open, one is let through."""
        if self.wait_s(now) > 0:
            return False
        if self.open_until is not None:
            self.is_probing = True
        return True

    def succeeded(self) -> None:
        self.failures, self.open_until, self.is_probing, self._open_s = 0, None, False, 0.0

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.is_probing or (self.open_until is None and self.failures >= self.threshold):
            self._open_s = min(self.longest_s, self._open_s * 2 or self.first_s)
            self.open_until, self.is_probing = now + self._open_s, False

    def left(self) -> None:
        """A probe that was given up without an answer: the next caller may probe."""
        self.is_probing = False


def backoff_s(attempt: int, *, first_s: float = 0.5, longest_s: float = 60.0, chance: float | None = None) -> float:
    """Seconds to wait before try number `attempt` + 1: doubled each time, and spread over half of that by chance."""
    full = min(longest_s, first_s * 2.0 ** min(attempt - 1, 30))
    drawn = random.random() if chance is None else chance  # noqa: S311 - spreads retries, keeps no secret
    return full * (0.5 + 0.5 * drawn)


@dataclass(frozen=True)
class Pace:
    """How a worker paces one account, in seconds. Tests and benches may hurry it.

    `poll_unnoticed_s`: between polls of a platform that sends no notices, where nothing else tells of an order.
    `check_s`: between looks for listings to compare anew with what they should show; all of them are compared every
    `check_whole_s`, and sooner when prices or products changed, but not within `check_rest_s`.
    """

    poll_s: float = 30.0
    poll_unnoticed_s: float = 2.0
    poll_overlap_s: float = 60.0
    returns_s: float = 60.0
    returns_overlap_s: float = 3600.0
    earnings_s: float = 60.0
    earnings_again_s: float = 6 * 3600.0
    publish_s: float = 30.0
    review_s: float = 120.0
    compare_s: float = 5.0
    price_compare_s: float = 60.0
    gate_s: float = 2.0
    gate_rest_s: float = 5.0
    verify_after_s: float = 5.0
    audit_s: float = 6 * 3600.0
    check_s: float = 5.0
    check_rest_s: float = 300.0
    check_whole_s: float = 900.0
    figures_s: float = 5.0
    incident_after_s: float = 10.0
    start_wait_s: float = 10.0
    longest_retry_s: float = 60.0
    parked_retry_s: float = 60.0
    refresh_ahead_s: float = 600.0
    most_flying: int = 32
    crowd_s: float = 0.1
