"""Leaky buckets of points, one per app and shop: GraphQL counts costs, REST counts calls."""

from __future__ import annotations

import time


class Bucket:
    """`size` points at most, `rate` come back a second. A rate of 0 or less means no limit."""

    __slots__ = ("_at", "_left", "rate", "size")

    def __init__(self, rate: float, size: float) -> None:
        self.rate, self.size = rate, max(size, 1.0)
        self._left, self._at = self.size, time.monotonic()

    def left(self) -> float:
        """Points there are now."""
        now = time.monotonic()
        if self.rate > 0:
            self._left = min(self.size, self._left + (now - self._at) * self.rate)
        self._at = now
        return self._left

    def take(self, points: float) -> bool:
        """Use points; False when there are not so many."""
        if self.rate <= 0:
            return True
        if self.left() < points:
            return False
        self._left -= points
        return True

    def give_back(self, points: float) -> None:
        """Points that were asked for and not used."""
        if self.rate > 0:
            self._left = min(self.size, self._left + points)


class Buckets:
    """The buckets in use, made on first call from the rate that holds then."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def of(self, client_id: str, shop_id: str, rate: float, size: float) -> Bucket:
        """The bucket of an app at a shop; a changed rate or size starts a new one."""
        bucket = self._buckets.get((client_id, shop_id))
        if bucket is None or (bucket.rate, bucket.size) != (rate, max(size, 1.0)):
            bucket = self._buckets[client_id, shop_id] = Bucket(rate, size)
        return bucket
