"""A day's sales as the pages show them: in money, or in orders for those who do not see the shop's money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mekong.faces.backoffice import channel_book, charts
from mekong.faces.backoffice.marks import Mark
from mekong.insights import queries
from mekong.insights.contracts import DaySales, HourSales


@dataclass(frozen=True)
class ChannelDay:
    """One channel's day. `part`: percent of the best channel. `change`: basis points against the same time last week."""

    mark: Mark
    orders: int
    total: int
    part: int
    change: int | None


@dataclass(frozen=True)
class HourRow:
    """One hour. `cells`: by channel in the order of `SalesDay.columns`."""

    hour: int
    now: int
    then: int
    cells: Sequence[tuple[Mark, int]]


@dataclass(frozen=True)
class SalesDay:
    """A day against the same weekday a week before. Sums are of `currency`, the one that most was taken in.

    `so_far`: what that day had come to by this time; `whole_then`: by its end. `besides`: totals in other currencies.
    """

    is_money: bool
    currency: str
    day: datetime
    then: datetime
    total: int
    orders: int
    so_far: int
    whole_then: int
    change: int | None
    mean: int | None
    besides: Mapping[str, int]
    plot: charts.Hours
    channels: Sequence[ChannelDay]
    hours: Sequence[HourRow]


def of(found: DaySales, midnight: datetime, *, is_money: bool, until: int) -> SalesDay:
    """The day whose midnight this is, drawn up to the hour `until`."""
    currency, besides = _currencies(found) if is_money else ("", {})
    value: Callable[[HourSales], int] = (lambda each: each.total_minor) if is_money else (lambda each: each.orders)
    hours = [each for each in found.hours if not is_money or each.currency == currency]
    before = [each for each in found.then_hours if not is_money or each.currency == currency]
    so_far: dict[str, int] = {}
    for (channel, code), sums in found.then_so_far.items():
        if not is_money or code == currency:
            so_far[channel] = so_far.get(channel, 0) + sums[is_money]
    now, then = _by_hour(hours, value), _by_hour(before, value)
    by_channel: dict[str, int] = dict.fromkeys(so_far, 0)
    for each in hours:
        by_channel[each.channel] = by_channel.get(each.channel, 0) + value(each)
    marks = channel_book.marks(list(by_channel))
    total, taken = sum(now), sum(each.orders for each in hours)
    return SalesDay(
        is_money, currency, midnight, midnight - timedelta(days=7), total, sum(each.orders for each in found.hours),
        sum(so_far.values()), sum(then), queries.change_bp(total, sum(so_far.values())),
        total // taken if is_money and taken else None, besides, charts.hours(now, then, until=until),
        _channels(by_channel, so_far, hours, marks), _rows(hours, now, then, value, marks),
    )  # fmt: skip


def _currencies(found: DaySales) -> tuple[str, dict[str, int]]:
    totals: dict[str, int] = {}
    for each in found.hours:
        totals[each.currency] = totals.get(each.currency, 0) + each.total_minor
    first = max(
        totals or {each.currency: 0 for each in found.then_hours} or {"VND": 0}, key=lambda code: totals.get(code, 0)
    )
    return first, {code: total for code, total in totals.items() if code != first}


def _by_hour(rows: Iterable[HourSales], value: Callable[[HourSales], int]) -> list[int]:
    sums = [0] * 24
    for each in rows:
        sums[each.hour] += value(each)
    return sums


def _channels(
    totals: Mapping[str, int], so_far: Mapping[str, int], hours: Sequence[HourSales], marks: Mapping[str, Mark]
) -> list[ChannelDay]:
    most = max(totals.values(), default=0) or 1
    rows = [
        ChannelDay(
            marks[code], sum(each.orders for each in hours if each.channel == code), total, round(total / most * 100),
            queries.change_bp(total, so_far.get(code, 0)),
        )
        for code, total in totals.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row.total, row.mark.place))


def _rows(
    hours: Sequence[HourSales], now: Sequence[int], then: Sequence[int], value: Callable[[HourSales], int],
    marks: Mapping[str, Mark],
) -> list[HourRow]:  # fmt: skip
    rows = []
    for hour in range(24):
        cells: dict[str, int] = {}
        for each in hours:
            if each.hour == hour:
                cells[each.channel] = cells.get(each.channel, 0) + value(each)
        if now[hour] or then[hour]:
            shown = sorted(((marks[code], sold) for code, sold in cells.items()), key=lambda cell: cell[0].place)
            rows.append(HourRow(hour, now[hour], then[hour], shown))
    return rows
