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


@dataclass(frozen=True)
class Hours:
    """A day by the hour and the day it is held against, in a box of `width` × `height`.

    `peak_at`: where the label of the best hour stands, with the end of it that is nearer to the edge as its anchor.
    """

    now: str
    then: str
    width: int
    height: int
    base: int
    first: int
    last: int
    peak: int | None
    peak_at: tuple[str, str, str]


def hours(now: Sequence[int], then: Sequence[int], *, until: int, width: int = 300, height: int = 104) -> Hours:
    """Two lines over the hours of a day, from zero; the solid one ends with the hour `until`.

    Hours before anything was sold on either day, and after, are left out, but never fewer than eight are shown.
    """
    busy = [hour for hour in range(24) if now[hour] or then[hour]]
    first, last = (min(busy), max(*busy, min(until, 23))) if busy else (8, 22)
    first = max(0, min(first, last - 7))
    last = min(23, max(last, first + 7))
    top = max(1, *now, *then)
    step = width / (last - first)

    def points(values: Sequence[int], end: int) -> str:
        drawn = [
            f"{(hour - first) * step:.1f} {height - values[hour] / top * (height - 14):.1f}"
            for hour in range(first, end + 1)
        ]
        return "M" + "L".join(drawn) if drawn else ""

    peak = max(range(24), key=lambda hour: (now[hour], -hour)) if any(now) else None
    x = (peak - first) * step if peak is not None else 0.0
    y = height - now[peak] / top * (height - 14) if peak is not None else 0.0
    anchor = "start" if x < width / 3 else "end" if x > width * 2 / 3 else "middle"
    return Hours(
        points(now, min(until, last)), points(then, last), width, height, height, first, last, peak,
        (f"{x:.1f}", f"{max(9.0, y - 6):.1f}", anchor),
    )  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """A bar from the zero of a row, in a row 100 wide."""

    x: str
    width: str


def from_middle(values: Sequence[int]) -> list[Bar]:
    """Bars of one scale around the middle of their rows: to the right above zero, to the left below."""
    most = max((abs(value) for value in values), default=0) or 1
    sizes = [max(1.0, abs(value) / most * 48) if value else 0.0 for value in values]
    return [
        Bar(f"{50.0 if value >= 0 else 50 - size:.1f}", f"{size:.1f}")
        for value, size in zip(values, sizes, strict=True)
    ]


def from_zero(values: Sequence[float], *, most: float) -> list[Bar]:
    """Bars of one scale from the left of their rows; `most` fills a row."""
    return [Bar("0", f"{max(0.8, min(1.0, value / most) * 100):.1f}") for value in values]
