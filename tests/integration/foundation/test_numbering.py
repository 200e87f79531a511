"""Document numbers: in order, by day and till, never twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from mekong.foundation.models import DocumentCounter
from mekong.foundation.numbering import PREFIXES, DocumentNumber, keep_number, parse_number, series, take_numbers
from tests.support.people import NOON

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_kind_of_document_counts_on_its_own_from_one_every_day() -> None:
    assert take_numbers("DH", 2, now=NOON) == ["DH-261122-0001", "DH-261122-0002"]
    assert take_numbers("CK", 1, now=NOON) == ["CK-261122-0001"]
    assert take_numbers("DH", 1, now=NOON) == ["DH-261122-0003"]
    assert take_numbers("DH", 1, now=NOON + timedelta(days=1)) == ["DH-261123-0001"]


def test_days_turn_at_midnight_in_ho_chi_minh_city() -> None:
    last = datetime(2026, 11, 22, 16, 59, 59, tzinfo=UTC)
    assert (series("PN", last), series("PN", last + timedelta(seconds=1))) == ("PN-261122", "PN-261123")


def test_two_tills_offline_never_give_the_same_number() -> None:
    assert take_numbers("HD", 1, now=NOON, till="Q1") == ["HD-Q1-261122-0001"]
    assert take_numbers("HD", 1, now=NOON, till="Q2") == ["HD-Q2-261122-0001"]
    assert take_numbers("HD", 1, now=NOON) == ["HD-261122-0001"]


def test_a_till_that_was_offline_goes_on_behind_its_own_numbers() -> None:
    given_offline = parse_number("hd-q1-261122-0007")
    assert given_offline == DocumentNumber("HD", "Q1", date(2026, 11, 22), 7)
    for _ in range(2):
        keep_number(given_offline)
    assert take_numbers("HD", 1, now=NOON, till="Q1") == ["HD-Q1-261122-0008"]
    keep_number(DocumentNumber("HD", "Q1", date(2026, 11, 22), 3))
    assert take_numbers("HD", 1, now=NOON, till="Q1") == ["HD-Q1-261122-0009"]
    with pytest.raises(ValueError, match="till"):
        keep_number(DocumentNumber("HD", "", date(2026, 11, 22), 3))


@pytest.mark.parametrize("wrong", [{"prefix": "XX"}, {"till": "quầy"}, {"till": "Q1234567"}, {"till": "Q-1"}])
def test_what_is_no_series_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"document|till"):
        take_numbers(**{"prefix": "HD", "count": 1, "now": NOON, **wrong})  # type: ignore[arg-type]  # by name
    assert not DocumentCounter.objects.exists()


@given(
    st.sampled_from(sorted(PREFIXES)), st.from_regex(r"[A-Z0-9]{0,6}", fullmatch=True), st.dates(date(2020, 1, 1)),
    st.integers(1, 10**6),
)  # fmt: skip
def test_a_number_reads_back_as_what_it_was_made_of(prefix: str, till: str, day: date, serial: int) -> None:
    if day.year >= 2069:
        return
    number = DocumentNumber(prefix, till, day, serial)
    assert parse_number(f" {str(number).lower()} ") == number


@pytest.mark.parametrize("text", ["", "DH", "DH-261122", "DH-261399-0001", "ZZ-261122-0001", "DH-261122-001", "0903"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert parse_number(text) is None


def test_a_refused_document_gives_its_number_back_and_racing_ones_never_share() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        take_numbers("TH", 1, now=NOON)
        raise RuntimeError

    def take() -> list[str]:
        try:
            return [take_numbers("TH", 1, now=NOON)[0] for _ in range(20)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        runs: list[Callable[[], list[str]]] = [pool.submit(take).result for _ in range(4)]
        taken = [number for run in runs for number in run()]
    assert sorted(taken) == [f"TH-261122-{n:04d}" for n in range(1, 81)]
