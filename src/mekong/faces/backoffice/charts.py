"""Small charts as SVG paths, computed here so that a page needs no charting library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Steps:
    """A balance in steps, in a box of `width` × `height`; `marks`: (value, percent from the top) of grid lines."""

    path: str
    width: int
    height: int
    marks: tuple[tuple[int, str], ...]
    days: tuple[tuple[datetime, str], ...]
    first: int
    last: int
    least: int
    most: int


def steps(
    points: Sequence[tuple[datetime, int]], *, start: datetime, end: datetime, width: int = 720, height: int = 108
) -> Steps:
    """Steps of a balance between two moments; `points`: (from when, balance), oldest first, from the start."""
    values = [balance for _, balance in points] or [0]
    top = _ceiling(max(1, *values))
    low = min(0, *values)
    whole = max(1.0, (end - start).total_seconds())

    def x(at: datetime) -> float:
        return max(0.0, min(1.0, (at - start).total_seconds() / whole)) * width

    def y(value: int) -> float:
        return height - (value - low) / (top - low) * (height - 4)

    path = f"M0 {y(values[0]):.1f}"
    for at, balance in points[1:]:
        path += f"H{x(at):.1f}V{y(balance):.1f}"
    path += f"H{width}"
    marks = tuple((value, f"{y(value) / height * 100:.1f}") for value in (low, (top + low) // 2, top))
    days = tuple((start + (end - start) * part, f"{part * 100:.0f}") for part in (0.0, 0.5, 1.0))
    return Steps(path, width, height, marks, days, values[0], values[-1], min(values), max(values))


def _ceiling(value: int) -> int:
    """The next round figure: 1, 2, 5 times a power of ten."""
    power = 1
    while power * 10 <= value:
        power *= 10
    return next(power * each for each in (1, 2, 4, 5, 6, 8, 10) if power * each >= value)


@dataclass(frozen=True)
class Line:
    """A line over time as one path, gaps left out."""

    path: str
    last: float | None


def line(
    points: Sequence[tuple[datetime, float | None]],
    *,
    start: datetime,
    end: datetime,
    top: float,
    width: int = 120,
    height: int = 22,
) -> Line:
    whole = max(1.0, (end - start).total_seconds())
    path, is_down = "", False
    for at, value in points:
        if value is None:
            is_down = False
            continue
        x = (at - start).total_seconds() / whole * width
        y = height - min(1.0, value / max(top, 1e-9)) * (height - 2)
        path += f"{'L' if is_down else 'M'}{x:.1f} {y:.1f}"
        is_down = True
    return Line(path, next((value for _, value in reversed(points) if value is not None), None))


def bars(values: Sequence[float | None], *, width: int = 120, height: int = 22) -> str:
    """Bars from zero, as one path; a missing value leaves a gap."""
    top = max((value for value in values if value is not None), default=0) or 1
    each = width / max(1, len(values))
    path = ""
    for place, value in enumerate(values):
        if value is not None:
            path += f"M{place * each + 1:.1f} {height}v-{max(1.0, value / top * (height - 2)):.1f}"
    return path


def evenly(start: datetime, end: datetime, count: int) -> list[tuple[datetime, datetime]]:
    """`count` spans of equal length."""
    step: timedelta = (end - start) / count
    return [(start + step * place, start + step * (place + 1)) for place in range(count)]
