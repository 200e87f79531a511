"""Covering a sale by a platform's promotions, by example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mekong.channels.socket import ListingKey, PricePush, SalePrice
from mekong.channels.socket.sales import Part, Plan, Promotion, Terms, plan

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOON = datetime(2026, 11, 22, 11, 10, tzinfo=UTC)
MONTH_END = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
TERMS = Terms(lead=timedelta(minutes=65), shortest=HOUR, longest=180 * DAY)
SALE = SalePrice(99_000, None, MONTH_END)


def test_a_sale_wanted_now_begins_as_soon_as_the_platform_lets_it() -> None:
    assert plan(SALE, {}, [], TERMS, NOW) == Plan(enter=(Part(SOON, MONTH_END),))


def test_a_sale_that_lies_ahead_begins_to_the_minute() -> None:
    sale = SalePrice(99_000, MONTH_END - 3 * DAY + timedelta(seconds=59), MONTH_END)
    assert plan(sale, {}, [], TERMS, NOW) == Plan(enter=(Part(MONTH_END - 3 * DAY, MONTH_END),))


def test_one_under_way_with_the_same_end_takes_it_at_once() -> None:
    under_way, later = Promotion("7", NOW - DAY, MONTH_END), Promotion("8", SOON, MONTH_END)
    longer = Promotion("9", NOW - DAY, MONTH_END + DAY)
    wanted = plan(SALE, {}, [under_way, later, longer], TERMS, NOW)
    assert wanted == Plan(enter=(Part(NOW - DAY, MONTH_END, "7"),))
    assert plan(SALE, {}, [later, longer], TERMS, NOW) == Plan(enter=(Part(SOON, MONTH_END, "8"),))


def test_of_two_alike_the_one_made_later_is_entered_and_a_full_one_is_not() -> None:
    alike = [Promotion(number, SOON, MONTH_END) for number in ("99", "100", "98")]
    assert plan(SALE, {}, alike, TERMS, NOW).enter == (Part(SOON, MONTH_END, "100"),)
    assert plan(SALE, {}, alike, TERMS, NOW, full={"100"}).enter == (Part(SOON, MONTH_END, "99"),)


def test_what_stands_as_wanted_needs_nothing_and_one_at_another_price_is_repriced() -> None:
    stands = Promotion("7", SOON, MONTH_END)
    assert plan(SALE, {"7": 99_000}, [stands], TERMS, NOW) == Plan()
    assert plan(SALE, {"7": 98_000}, [stands], TERMS, NOW) == Plan(reprice=("7",))
    assert plan(SALE, {"7": 99_000}, [stands], TERMS, NOW, full={"7"}) == Plan()


def test_a_sale_prolonged_goes_on_without_a_break_and_one_cut_short_leaves_its_promotion() -> None:
    stands = Promotion("7", NOW - DAY, MONTH_END)
    longer = SalePrice(99_000, None, MONTH_END + 3 * DAY)
    assert plan(longer, {"7": 99_000}, [stands], TERMS, NOW) == Plan(enter=(Part(MONTH_END, MONTH_END + 3 * DAY),))
    shorter = SalePrice(99_000, None, MONTH_END - 3 * DAY)
    cut = Plan(leave=("7",), enter=(Part(SOON, MONTH_END - 3 * DAY),))
    assert plan(shorter, {"7": 99_000}, [stands], TERMS, NOW) == cut
    later = SalePrice(99_000, MONTH_END - DAY, MONTH_END)
    assert plan(later, {"7": 99_000}, [stands], TERMS, NOW) == Plan(
        leave=("7",), enter=(Part(MONTH_END - DAY, MONTH_END),)
    )


def test_no_sale_and_one_that_is_over_leave_every_promotion() -> None:
    standing = {"7": 99_000, "8": 99_000}
    open_ones = [Promotion("7", NOW - DAY, MONTH_END), Promotion("8", MONTH_END, MONTH_END + DAY)]
    for sale in (None, SalePrice(99_000, None, NOW)):
        assert plan(sale, standing, open_ones, TERMS, NOW) == Plan(leave=("7", "8"))


def test_a_sale_longer_than_the_platform_allows_is_cut_into_several() -> None:
    wanted = plan(SalePrice(99_000, None, SOON + 360 * DAY + 30 * timedelta(minutes=1)), {}, [], TERMS, NOW)
    assert [(part.starts_at - SOON, part.ends_at - SOON) for part in wanted.enter] == [
        (0 * DAY, 180 * DAY),
        (180 * DAY, 360 * DAY - timedelta(minutes=30)),
        (360 * DAY - timedelta(minutes=30), 360 * DAY + timedelta(minutes=30)),
    ]


def test_a_sale_without_an_end_is_prolonged_in_its_last_month() -> None:
    endless = SalePrice(99_000)
    assert plan(endless, {}, [], TERMS, NOW) == Plan(enter=(Part(SOON, SOON + 180 * DAY),))
    stands = Promotion("7", NOW - DAY, NOW.replace(second=0) + 31 * DAY)
    assert plan(endless, {"7": 99_000}, [stands], TERMS, NOW) == Plan()
    at = stands.ends_at - 29 * DAY
    prolonged = Plan(enter=(Part(stands.ends_at, stands.ends_at + 180 * DAY),))
    assert plan(endless, {"7": 99_000}, [stands], TERMS, at) == prolonged


def test_a_sale_that_ends_before_the_platform_takes_one_is_too_late() -> None:
    brief = SalePrice(99_000, None, NOW + 2 * HOUR)
    assert plan(brief, {}, [], TERMS, NOW) == Plan(is_too_late=True)
    under_way = Promotion("7", NOW - DAY, (NOW + 2 * HOUR).replace(second=0))
    assert plan(brief, {}, [under_way], TERMS, NOW).enter == (Part(under_way.starts_at, under_way.ends_at, "7"),)
    at = under_way.ends_at - timedelta(minutes=5)
    assert plan(brief, {"7": 1}, [under_way], TERMS, at) == Plan(reprice=("7",))


@pytest.mark.parametrize(
    ("sale", "stands", "shown"),
    [
        (None, False, 120_000),
        (SalePrice(99_000), True, 99_000),
        (SalePrice(99_000, NOW, NOW + DAY), True, 99_000),
        (SalePrice(99_000, NOW + HOUR, None), True, 120_000),
        (SalePrice(99_000, None, NOW), False, 120_000),
        (SalePrice(120_000), False, 120_000),
        (SalePrice(130_000), False, 120_000),
    ],
)
def test_a_sale_price_counts_where_it_is_lower_and_shows_while_it_is_in_force(
    sale: SalePrice | None, stands: bool, shown: int
) -> None:
    push = PricePush(ListingKey("1"), "AO", 120_000, sale=sale)
    assert push.sale_at(NOW) == (sale if stands else None)
    assert push.shown_minor(NOW) == shown
