"""Seats: who could sign in, day by day.

A seat is an active account with a role. It counts on every day, in the company's time zone, on which it stood for any
moment, whether the person came or not; the days on which they did something are told beside it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any, BinaryIO

import xlsxwriter
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from mekong.foundation.actor import Actor
from mekong.foundation.errors import Invalid
from mekong.foundation.models import ActiveDay, Person, SeatPeriod
from mekong.foundation.queries import names_of
from mekong.foundation.security import rules
from mekong.foundation.security.contracts import SeatChange, SeatMonth


def count_now(*, actor: Actor) -> int:
    """Seats taken at this moment. One statement. Raises: MayNot."""
    actor.require("staff.manage")
    return SeatPeriod.objects.filter(until=None).count()


def list_changes(*, actor: Actor, limit: int = 100) -> list[SeatChange]:
    """Seats added and removed, latest first. Four statements at most. Raises: MayNot."""
    actor.require("staff.manage")
    added = SeatPeriod.objects.select_related("person").order_by("-since")[:limit]
    removed = SeatPeriod.objects.select_related("person").filter(until__isnull=False).order_by("-until")[:limit]
    found: list[tuple[datetime, Person, bool, str]] = [(row.since, row.person, True, row.opened_by) for row in added]
    found += [(row.until, row.person, False, row.closed_by) for row in removed if row.until is not None]
    found.sort(key=lambda each: each[0], reverse=True)
    names = names_of(by for _, _, _, by in found[:limit])
    return [
        SeatChange(at, person.uid, person.name, person.email, was_added, by, names.get(by, by))
        for at, person, was_added, by in found[:limit]
    ]


def month(*, actor: Actor, year: int, month: int, now: datetime) -> list[SeatMonth]:
    """Who held a seat in a month, on how many days, and on how many of them they came. Two statements.

    Raises: MayNot, Invalid.
    """
    actor.require("staff.manage")
    if not 2020 <= year <= 2200 or not 1 <= month <= 12:
        raise Invalid(field="month", problem="A month belongs here, such as 2026-11.")
    zone = timezone.get_default_timezone()
    start, end = rules.month_bounds(year, month, zone)
    periods: dict[Person, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    held = SeatPeriod.objects.filter(Q(until=None) | Q(until__gt=start), since__lt=end).select_related("person")
    for row in held.order_by("person__name", "person_id", "since"):
        periods[row.person].append((row.since, row.until))
    came: dict[int, set[date]] = defaultdict(set)
    days = ActiveDay.objects.filter(day__gte=start.date(), day__lt=end.date(), person__in=periods)
    for key, day in days.values_list("person_id", "day"):
        came[key].add(day)
    found = []
    for person, times in periods.items():
        could = rules.seat_days(
            times, start=start.date(), end=end.date(), today=timezone.localtime(now).date(), zone=zone
        )
        if could:
            active = came[person.pk] & could
            found.append(
                SeatMonth(person.uid, person.name, person.email, len(could), len(active), max(active, default=None))
            )
    return found


def read_month(text: str, now: datetime) -> tuple[int, int]:
    """`2026-11` as year and month; this month when it is none."""
    here = timezone.localtime(now)
    year, dash, number = text.partition("-")
    if dash and year.isdecimal() and number.isdecimal() and len(year) == 4 and 1 <= int(number or "0") <= 12:
        return int(year), int(number)
    return here.year, here.month


def write_month(*, actor: Actor, year: int, month_number: int, now: datetime, out: BinaryIO) -> None:
    """The month's report as an Excel file. Raises: MayNot, Invalid."""
    found = month(actor=actor, year=year, month=month_number, now=now)
    book: Any = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet(f"{year}-{month_number:02d}")
    bold, dated = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
    heads = (gettext("Name"), gettext("E-mail"), gettext("Seat days"), gettext("Days used"), gettext("Last day used"))
    sheet.write_row(0, 0, heads, bold)
    for place, each in enumerate(found, 1):
        sheet.write_string(place, 0, each.name)
        sheet.write_string(place, 1, each.email)
        sheet.write_number(place, 2, each.days)
        sheet.write_number(place, 3, each.active)
        if each.last_day is not None:
            sheet.write_datetime(place, 4, datetime(each.last_day.year, each.last_day.month, each.last_day.day), dated)  # noqa: DTZ001 - Excel knows no zones
    total = len(found) + 1
    sheet.write_string(total, 0, gettext("Together"), bold)
    for column, most in ((2, sum(each.days for each in found)), (3, sum(each.active for each in found))):
        sheet.write_number(total, column, most, bold)
    sheet.set_column(0, 1, 30)
    sheet.set_column(2, 4, 16)
    sheet.freeze_panes(1, 0)
    book.close()
