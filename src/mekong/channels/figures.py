"""Delays counted in buckets, so that a day of them is small and percentiles can still be told within a tenth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

BUCKETS = 64
_GROWTH = 1.2
_FIRST_MS = 1.0


def bucket_of(delay_ms: float) -> int:
    """The bucket of a delay: bucket n holds delays up to 1.2 to the power of n, in milliseconds; the last is open."""
    if delay_ms <= _FIRST_MS:
        return 0
    return min(BUCKETS - 1, math.ceil(math.log(delay_ms / _FIRST_MS, _GROWTH)))


def upper_ms(bucket: int) -> float:
    """The longest delay a bucket holds."""
    return _FIRST_MS * float(_GROWTH**bucket)


def summed(histograms: Iterable[Sequence[int]]) -> list[int]:
    total = [0] * BUCKETS
    for histogram in histograms:
        for bucket, count in enumerate(histogram):
            total[bucket] += count
    return total


def percentile_ms(histogram: Sequence[int], part: float) -> float | None:
    """The delay that `part` (0 to 1) of all stayed under; None when there are none."""
    count = sum(histogram)
    if not count:
        return None
    wanted = math.ceil(count * part)
    for bucket, held in enumerate(histogram):
        wanted -= held
        if wanted <= 0:
            return round(upper_ms(bucket), 1)
    return round(upper_ms(BUCKETS - 1), 1)
