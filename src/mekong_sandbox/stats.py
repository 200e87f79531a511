"""Counts and reply times per endpoint, in logarithmic classes (relative error below 5 %)."""

from __future__ import annotations

import math

CLASSES_PER_DOUBLING = 8
CLASSES = 256


class Endpoint:
    """Figures of one endpoint. Reply time is measured from the last byte received to the reply being written."""

    __slots__ = ("calls", "classes", "dropped", "total_s", "with_status")

    def __init__(self) -> None:
        self.calls = 0
        self.dropped = 0
        self.total_s = 0.0
        self.with_status: dict[int, int] = {}
        self.classes = [0] * CLASSES

    def add(self, took_s: float, status: int, dropped: bool) -> None:
        self.calls += 1
        self.total_s += took_s
        if dropped:
            self.dropped += 1
        else:
            self.with_status[status] = self.with_status.get(status, 0) + 1
        self.classes[min(int(math.log2(took_s * 1e6 + 1.0) * CLASSES_PER_DOUBLING), CLASSES - 1)] += 1

    def quantile_ms(self, share: float) -> float:
        """Reply time in milliseconds that `share` of the calls did not exceed."""
        wanted, seen = share * self.calls, 0
        for index, count in enumerate(self.classes):
            seen += count
            if count and seen >= wanted:
                return round((2 ** ((index + 0.5) / CLASSES_PER_DOUBLING) - 1.0) / 1000, 4)
        return 0.0


class Stats:
    """Figures of every endpoint called since the start or the last reset."""

    def __init__(self) -> None:
        self._endpoints: dict[str, Endpoint] = {}

    def add(self, path: str, took_s: float, status: int, dropped: bool) -> None:
        endpoint = self._endpoints.get(path)
        if endpoint is None:
            endpoint = self._endpoints[path] = Endpoint()
        endpoint.add(took_s, status, dropped)

    def clear(self) -> None:
        self._endpoints.clear()

    def report(self) -> dict[str, dict[str, object]]:
        """Per path: calls, dropped, replies by status, reply time mean, p50, p95, p99 in milliseconds."""
        return {
            path: {
                "count": one.calls,
                "dropped": one.dropped,
                "status": {str(status): count for status, count in sorted(one.with_status.items())},
                "mean_ms": round(one.total_s / one.calls * 1000, 4),
                "p50_ms": one.quantile_ms(0.50),
                "p95_ms": one.quantile_ms(0.95),
                "p99_ms": one.quantile_ms(0.99),
            }
            for path, one in sorted(self._endpoints.items())
        }
