"""Moments and days as people and platforms write them in a cell."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mekong.catalog.commands import tables
from mekong.catalog.errors import BadPair

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
MORNING = datetime(2027, 12, 31, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "31/12/2027 09:30", "31-12-2027 9:30", "31.12.2027 09:30:00", "2027-12-31 09:30", "2027-12-31  09:30:00",
        "31 Dec 2027 09:30", "31 dec 2027 09:30", datetime(2027, 12, 31, 9, 30),  # noqa: DTZ001 - as a cell holds it
    ],
)  # fmt: skip
def test_a_moment_is_read_in_every_shape(cell: object) -> None:
    assert tables.read_moment(cell, "Ngày đặt", HERE).astimezone(UTC) == MORNING  # type: ignore[arg-type]


def test_a_day_alone_is_its_midnight() -> None:
    assert tables.read_moment("1/2/2027", "Ngày đặt", HERE) == datetime(2027, 2, 1, tzinfo=HERE)
    assert tables.read_moment(date(2027, 2, 1), "Ngày đặt", HERE) == datetime(2027, 2, 1, tzinfo=HERE)


@pytest.mark.parametrize(
    "cell",
    [
        "", "hôm qua", "31/02/2027 09:30", "31/12-2027", "2027/12/31", "12/31/2027", "31/12/27", "31 Abc 2027",
        "31/12/2027 25:00", "31/12/2027 09:60", "31/12/2027 09:30 PM", "2027-12-31T09:30", "20271231",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused_with_the_field_and_an_example(cell: str) -> None:
    with pytest.raises(BadPair) as refused:
        tables.read_moment(cell, "Ngày đặt", HERE)

    assert refused.value.params["field"] == "Ngày đặt"
    assert refused.value.params["value"] == cell


@pytest.mark.parametrize("cell", ["31/12/2027", "2027-12-31", "31.12.2027", date(2027, 12, 31)])
def test_a_day_is_read_in_every_shape(cell: object) -> None:
    assert tables.read_date(cell, "HSD") == date(2027, 12, 31)  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", ["31/12/2027 09:30", "31 Dec 2027", "31/13/2027", "x"])
def test_what_is_no_day_is_refused(cell: str) -> None:
    with pytest.raises(BadPair):
        tables.read_date(cell, "HSD")
