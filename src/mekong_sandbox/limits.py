"""Call rates as token buckets, one per shop and group of calls."""

from __future__ import annotations

import time


class Bucket:
    """`rate` calls a second on average, at most `burst` at once. A rate of 0 or less means no limit."""

    __slots__ = ("_at", "_left", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = max(burst, 1.0)
        self._left = self.burst
        self._at = time.monotonic()

    def take(self) -> bool:
        """Use one call; False when there is none left at this moment."""
        if self.rate <= 0:
            return True
        now = time.monotonic()
        self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class Limits:
    """The buckets in use, made on first call from the rate that holds then."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def allows(self, group: str, owner: str, rate: float, burst: float) -> bool:
        """Use one call of `owner` in `group`; a changed rate or burst starts a new bucket."""
        bucket = self._buckets.get((group, owner))
        if bucket is None or bucket.rate != rate or bucket.burst != max(burst, 1.0):
            bucket = self._buckets[group, owner] = Bucket(rate, burst)
        return bucket.take()
