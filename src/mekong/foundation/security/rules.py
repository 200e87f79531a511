"""Decisions about sessions, places, hours and seats: plain functions, no database, no clock."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

Level = Literal["off", "recommended", "required"]
LEVELS: tuple[Level, ...] = ("off", "recommended", "required")

IDLE_MINUTES = (5, 14 * 24 * 60)
ABSOLUTE_HOURS = (1, 30 * 24)
CONFIRM_MINUTES = (1, 24 * 60)
GRACE_DAYS = (0, 90)
DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Policy:
    """Limits of sessions, and whose role needs a second factor.

    Attributes:
        idle_minutes: after so long without a request a session ends.
        absolute_hours: after so long it ends whatever was done.
        confirm_minutes: how long a proof of who one is lasts for sensitive acts.
        grace_days: how long a role that needs a second factor may still do without.
        second_factor: by role; a role that is not named is `off`.
        required_since: by role, when it became required.
        break_glass: the person (key) whom no rule of places and hours holds.
    """

    idle_minutes: int = 12 * 60
    absolute_hours: int = 14 * 24
    confirm_minutes: int = 15
    grace_days: int = 7
    second_factor: Mapping[str, Level] = field(
        default_factory=lambda: {"owner": "recommended", "manager": "recommended"}
    )
    required_since: Mapping[str, datetime] = field(default_factory=dict)
    break_glass: int | None = None

    def level(self, roles: Iterable[str]) -> Level:
        """The strictest level of these roles."""
        return max((self.second_factor.get(role, "off") for role in roles), key=LEVELS.index, default="off")


@dataclass(frozen=True)
class Rule:
    """From where and when a role opens. Without networks: from anywhere; without hours: at any time.

    `days`: 0 Monday to 6 Sunday, empty for all. Hours that close before they open run over midnight and belong to the
    day they began on.
    """

    role: str
    networks: tuple[str, ...] = ()
    days: tuple[int, ...] = ()
    opens: int | None = None
    closes: int | None = None

    @property
    def has_hours(self) -> bool:
        return bool(self.days) or self.opens is not None


def admits(rule: Rule, *, address: str, here: datetime) -> bool:
    """Whether the role opens for someone at `address`; `here`: the moment in the company's time zone."""
    return _is_inside(rule.networks, address) and _is_open(rule, here)


def _is_inside(networks: Collection[str], address: str) -> bool:
    if not networks:
        return True
    try:
        there = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(there, "ipv4_mapped", None)
    there = mapped or there
    return any(there in ipaddress.ip_network(each) for each in networks)


def _is_open(rule: Rule, here: datetime) -> bool:
    minute, today = here.hour * 60 + here.minute, here.weekday()
    if rule.opens is None or rule.closes is None:
        return not rule.days or today in rule.days
    if rule.opens < rule.closes:
        return rule.opens <= minute < rule.closes and (not rule.days or today in rule.days)
    # Over midnight: the hours after it belong to the day before.
    began = today if minute >= rule.opens else (today - 1) % 7
    return (minute >= rule.opens or minute < rule.closes) and (not rule.days or began in rule.days)


def read_networks(text: str) -> tuple[str, ...]:
    """Networks written one a line or with commas, as `203.0.113.0/24` or one address. Raises: ValueError, naming it."""
    found: list[str] = []
    for word in text.replace(",", " ").split():
        try:
            network = ipaddress.ip_network(word, strict=False)
        except ValueError:
            raise ValueError(word) from None
        if str(network) not in found:
            found.append(str(network))
    return tuple(found)


def read_minute(text: str) -> int | None:
    """`08:30` as a minute of the day, `24:00` included; None when it is none."""
    hours, colon, minutes = text.strip().partition(":")
    if not colon or not hours.isdecimal() or not minutes.isdecimal() or len(hours) > 2 or len(minutes) != 2:
        return None
    minute = int(hours) * 60 + int(minutes)
    return minute if int(minutes) < 60 and minute <= DAY_MINUTES else None


def written_minute(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


Ended = Literal["idle", "absolute"]


def ended_for(policy: Policy, *, created_at: datetime, last_seen_at: datetime, now: datetime) -> Ended | None:
    """Why a session is over by its age; None while it stands."""
    if now - created_at >= timedelta(hours=policy.absolute_hours):
        return "absolute"
    if now - last_seen_at >= timedelta(minutes=policy.idle_minutes):
        return "idle"
    return None


def enrol_by(policy: Policy, roles: Collection[str], *, created_at: datetime) -> datetime | None:
    """Until when someone with these roles may do without a second factor; None: for as long as they like."""
    starts = [
        policy.required_since.get(role, created_at) for role in roles if policy.second_factor.get(role) == "required"
    ]
    if not starts:
        return None
    return max(min(starts), created_at) + timedelta(days=policy.grace_days)


@dataclass(frozen=True)
class SeatUse:
    """`days`: on which the person could sign in; `active`: of those, on which they did something."""

    person: int
    days: int
    active: int


def month_bounds(year: int, month: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """The first moment of a month, and the first after it."""
    start = datetime(year, month, 1, tzinfo=zone)
    return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)


def seat_days(
    periods: Iterable[tuple[datetime, datetime | None]], *, start: date, end: date, today: date, zone: tzinfo
) -> set[date]:
    """The days from `start` to before `end`, none after `today`, that any of the periods touches."""
    found: set[date] = set()
    last = min(end - timedelta(days=1), today)
    for since, until in periods:
        day = max(since.astimezone(zone).date(), start)
        # A period that ends at midnight does not touch the day that begins then.
        stop = last if until is None else min(last, (until.astimezone(zone) - timedelta(microseconds=1)).date())
        while day <= stop:
            found.add(day)
            day += timedelta(days=1)
    return found
