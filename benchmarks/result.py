"""What a scenario answers, and how figures are summed up."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict


@dataclass(frozen=True)
class Result:
    """One scenario's figures.

    Attributes:
        value: the figure measured: a rate, seconds or a count, as `unit` says.
        limit: what it is held against, measured in the same run where it is a measurement; None: nothing.
        ratio: value to limit.
        p50_ms, p95_ms, p99_ms: latency of one request, where the scenario makes requests.
        notes: what else a reader must know, in plain words.
        passed: whether the target is met; None where there is none.
        figures: the numbers of the notes, for programs.
    """

    value: float
    unit: str
    limit: float | None = None
    ratio: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    notes: Sequence[str] = ()
    passed: bool | None = None
    figures: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The scenario's entry in the report."""
        return {
            "value": rounded(self.value),
            "unit": self.unit,
            "limit": rounded(self.limit),
            "ratio": rounded(self.ratio),
            "p50_ms": rounded(self.p50_ms),
            "p95_ms": rounded(self.p95_ms),
            "p99_ms": rounded(self.p99_ms),
            "notes": "; ".join(self.notes),
            "passed": self.passed,
            "figures": {name: rounded(figure) for name, figure in self.figures.items()},
        }


def rounded(value: float | None) -> float | int | None:
    """Four significant digits, or the whole part where that has more; whole numbers stay whole."""
    if value is None:
        return None
    if value == int(value) or abs(value) >= 10_000:
        return round(value)
    return float(f"{value:.4g}")


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of the ordered values do not exceed; 0 when there are none.

    Source: nearest-rank method (the smallest value whose rank is at least share · n).
    """
    if not ordered:
        return 0.0
    rank = -(-len(ordered) * share // 1)
    return ordered[min(len(ordered), max(1, int(rank))) - 1]


class Latencies(TypedDict):
    """Percentiles under the names a `Result` takes them by."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


def summary(latencies_ms: Sequence[float]) -> Latencies:
    """p50, p95 and p99 of latencies in any order."""
    ordered = sorted(latencies_ms)
    return {
        "p50_ms": percentile(ordered, 0.50),
        "p95_ms": percentile(ordered, 0.95),
        "p99_ms": percentile(ordered, 0.99),
    }


def median(values: Sequence[float]) -> float:
    """The median; 0 when there are no values."""
    return statistics.median(values) if values else 0.0
