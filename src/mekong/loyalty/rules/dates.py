"""Days and months as people in Vietnam count them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def day_of(at: datetime) -> date:
    """The day in Vietnam."""
    return at.astimezone(VIETNAM).date()


def first_moment(day: date) -> datetime:
    """Midnight in Vietnam, in UTC."""
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC)


def month_start(at: datetime) -> datetime:
    """When this month began in Vietnam."""
    return first_moment(day_of(at).replace(day=1))


def months_before(at: datetime, months: int) -> datetime:
    """The same day and hour so many months earlier; the last day of a month that is shorter."""
    local = at.astimezone(VIETNAM)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return local.replace(year=year, month=month + 1, day=min(local.day, last)).astimezone(UTC)


def months_end(at: datetime, months: int) -> datetime:
    """The first moment after so many months and the rest of that month.

    What is earned on 23 November 2026 for 12 months holds until the end of 30 November 2027.
    """
    local = day_of(at)
    year, month = divmod(local.year * 12 + local.month + months, 12)
    return first_moment(date(year, month + 1, 1))


def days_end(at: datetime, days: int) -> datetime:
    """The first moment after the day that is so many days from now."""
    return first_moment(day_of(at) + timedelta(days=days + 1))


def last_day(ends_at: datetime) -> date:
    """The last day on which something that ends at this moment still holds."""
    return day_of(ends_at - timedelta(microseconds=1))
