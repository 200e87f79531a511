"""When sessions end, from where and when roles open, on which days a seat counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mekong.foundation import masking
from mekong.foundation.security.rules import (
    Policy,
    Rule,
    admits,
    ended_for,
    enrol_by,
    month_bounds,
    read_minute,
    read_networks,
    seat_days,
)

HCM = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=HCM)


@pytest.mark.parametrize(
    ("networks", "address", "inside"),
    [
        ((), "", True),
        (("203.0.113.0/24",), "203.0.113.9", True),
        (("203.0.113.0/24",), "203.0.114.9", False),
        (("203.0.113.0/24",), "::ffff:203.0.113.9", True),
        (("203.0.113.0/24", "2001:db8::/32"), "2001:db8::1", True),
        (("203.0.113.7/32",), "203.0.113.8", False),
        (("203.0.113.0/24",), "", False),
        (("203.0.113.0/24",), "nonsense", False),
    ],
)
def test_a_network_admits_who_is_in_it(networks: tuple[str, ...], address: str, inside: bool) -> None:
    assert admits(Rule("cashier", networks), address=address, here=MONDAY) is inside


@pytest.mark.parametrize(
    ("opens", "closes", "days", "hour", "day", "is_open"),
    [
        ("08:00", "18:00", (), "07:59", 0, False),
        ("08:00", "18:00", (), "08:00", 0, True),
        ("08:00", "18:00", (), "17:59", 0, True),
        ("08:00", "18:00", (), "18:00", 0, False),
        ("08:00", "18:00", (0, 1), "12:00", 2, False),
        ("00:00", "24:00", (6,), "23:59", 6, True),
        ("22:00", "06:00", (0,), "23:00", 0, True),
        ("22:00", "06:00", (0,), "05:59", 1, True),
        ("22:00", "06:00", (0,), "06:00", 1, False),
        ("22:00", "06:00", (0,), "05:59", 0, False),
        ("22:00", "06:00", (6,), "01:00", 0, True),
    ],
)
def test_hours_of_a_role(opens: str, closes: str, days: tuple[int, ...], hour: str, day: int, is_open: bool) -> None:
    here = MONDAY.replace(hour=0) + timedelta(days=day, minutes=read_minute(hour) or 0)
    rule = Rule("cashier", (), days, read_minute(opens), read_minute(closes))
    assert admits(rule, address="", here=here) is is_open


def test_days_without_hours_are_whole_days() -> None:
    assert admits(Rule("cashier", days=(0,)), address="", here=MONDAY)
    assert not admits(Rule("cashier", days=(1,)), address="", here=MONDAY)


@pytest.mark.parametrize("text", ["", "8", "8:5", "25:00", "24:01", "12:60", "-1:00", "aa:bb", "１２:00x", "123:00"])
def test_what_is_no_time_of_day_is_none(text: str) -> None:
    assert read_minute(text) is None


def test_networks_are_read_as_people_write_them() -> None:
    assert read_networks("203.0.113.5/24,\n 10.0.0.1  2001:db8::1/64 10.0.0.1") == (
        "203.0.113.0/24",
        "10.0.0.1/32",
        "2001:db8::/64",
    )
    for wrong in ("203.0.113", "10.0.0.0/33", "shop.vn", "1.2.3.4.5"):
        with pytest.raises(ValueError, match=wrong):
            read_networks(f"10.0.0.1 {wrong}")


@pytest.mark.parametrize(
    ("idle", "age", "ended"),
    [(0, 0, None), (59, 60, None), (60, 60, "idle"), (0, 24 * 60, "absolute"), (61, 25 * 60, "absolute")],
)
def test_a_session_ends_by_its_age(idle: int, age: int, ended: str | None) -> None:
    policy = Policy(idle_minutes=60, absolute_hours=24)
    now = MONDAY
    seen = now - timedelta(minutes=idle)
    assert ended_for(policy, created_at=now - timedelta(minutes=age), last_seen_at=seen, now=now) == ended


def test_the_grace_begins_with_the_rule_or_with_the_person() -> None:
    since = MONDAY - timedelta(days=10)
    policy = Policy(grace_days=7, second_factor={"owner": "required"}, required_since={"owner": since})
    assert enrol_by(policy, ["cashier"], created_at=MONDAY) is None
    assert enrol_by(policy, ["cashier", "owner"], created_at=since - timedelta(days=9)) == since + timedelta(days=7)
    assert enrol_by(policy, ["owner"], created_at=MONDAY) == MONDAY + timedelta(days=7)


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (datetime(2026, 11, 1, tzinfo=HCM), None, 22),
        (datetime(2026, 11, 5, 23, 59, tzinfo=HCM), datetime(2026, 11, 6, 0, 1, tzinfo=HCM), 2),
        (datetime(2026, 11, 5, 8, tzinfo=HCM), datetime(2026, 11, 6, 0, 0, tzinfo=HCM), 1),
        (datetime(2026, 11, 4, 17, 0, tzinfo=UTC), datetime(2026, 11, 4, 17, 1, tzinfo=UTC), 1),
        (datetime(2026, 10, 1, tzinfo=HCM), datetime(2026, 11, 2, 9, tzinfo=HCM), 2),
        (datetime(2026, 10, 1, tzinfo=HCM), datetime(2026, 10, 31, 9, tzinfo=HCM), 0),
        (datetime(2026, 12, 1, tzinfo=HCM), None, 0),
    ],
)
def test_a_seat_counts_on_every_day_it_touches(since: datetime, until: datetime | None, days: int) -> None:
    found = seat_days(
        [(since, until)], start=date(2026, 11, 1), end=date(2026, 12, 1), today=date(2026, 11, 22), zone=HCM
    )
    assert len(found) == days
    assert all(day.month == 11 for day in found)


def test_leaving_and_coming_back_on_one_day_is_one_day() -> None:
    at = datetime(2026, 11, 5, 8, tzinfo=HCM)
    periods = [(at, at + timedelta(hours=1)), (at + timedelta(hours=2), at + timedelta(hours=3))]
    assert seat_days(
        periods, start=date(2026, 11, 1), end=date(2026, 12, 1), today=date(2026, 11, 22), zone=HCM
    ) == {date(2026, 11, 5)}  # fmt: skip


def test_months_meet() -> None:
    assert month_bounds(2026, 12, HCM)[1] == month_bounds(2027, 1, HCM)[0]
    assert month_bounds(2027, 2, HCM)[0].date() == date(2027, 2, 1)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"customer_name": "Nguyễn Thị Hồng Nhung"}, {"customer_name": "N••• Nhung"}),
        ({"customer_phone": "+84903123218"}, {"customer_phone": "0903 ••• 218"}),
        ({"email": "lan@example.vn"}, {"email": "l•••@example.vn"}),
        (
            {"shipping_address": {"line": "27/4 NT", "ward": "Xuân Hòa"}},
            {"shipping_address": {"line": "•••", "ward": "Xuân Hòa"}},
        ),
        ({"payload": {"orders": [{"recipient_name": "Lan"}]}}, {"payload": {"orders": [{"recipient_name": "L•••"}]}}),
        ({"name": "Kho Thủ Đức", "code": "KHO"}, {"name": "Kho Thủ Đức", "code": "KHO"}),
        ({"address": "27/4 Nguyễn Thông", "total_minor": 5}, {"address": "•••", "total_minor": 5}),
        ({"phone": None, "line": ""}, {"phone": None, "line": ""}),
    ],
)
def test_what_looks_like_a_customers_data_is_masked(given: object, left: object) -> None:
    assert masking.anything(given) == left
