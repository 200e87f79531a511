"""The daily counts and the pace say what the orders say, whatever comes late and in whatever turn it is counted."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mekong.foundation.actor import SYSTEM
from mekong.insights.commands import AGAIN, count_sales
from mekong.insights.models import SalesPace, UnitsDay
from mekong.insights.rules import COVER_DAYS
from mekong.orders import commands as orders
from mekong.orders.models import SalesOrder
from tests.support.orders import an_order
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, stock
from tests.support.wiping import wipe

pytestmark = pytest.mark.django_db(transaction=True)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PLACES, GOODS = ("HN", "SG"), ("AO", "QUAN", "BO")

sale = st.tuples(
    st.sampled_from(GOODS),
    st.integers(1, 3),
    st.sampled_from(PLACES),
    st.integers(0, COVER_DAYS + 3),
    st.integers(0, 23),
)
act = st.one_of(
    st.tuples(st.just("sell"), sale), st.tuples(st.just("cancel"), st.integers(0, 20)), st.tuples(st.just("count"))
)


def _expected(through: date) -> tuple[Counter[tuple[date, int, int]], dict[tuple[int, int], tuple[int, int, int]]]:
    days: Counter[tuple[date, int, int]] = Counter()
    for order in SalesOrder.objects.exclude(state="cancelled"):
        day = order.placed_at.astimezone(ZONE).date()
        if through - timedelta(days=COVER_DAYS) < day <= through:
            for variant, place, units in order.allocation:
                days[day, place, variant] += units
    pace: dict[tuple[int, int], tuple[int, int, int]] = {}
    for (day, place, variant), units in days.items():
        last, before, whole = pace.get((place, variant), (0, 0, 0))
        back = (through - day).days
        pace[place, variant] = (last + units * (back < 7), before + units * (7 <= back < 14), whole + units)
    return days, pace


def _check(now: datetime) -> None:
    through = now.astimezone(ZONE).date() - timedelta(days=1)
    days, pace = _expected(through)
    assert {(row.day, row.location_id, row.variant_id): row.units for row in UnitsDay.objects.all()} == days
    found = {
        (row.location_id, row.variant_id): (row.last_7, row.before_7, row.last_28) for row in SalesPace.objects.all()
    }
    assert found == pace
    assert all(row.through == through for row in SalesPace.objects.all())


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(act, max_size=14), days_later=st.integers(0, 3))
def test_counts_equal_the_orders(acts: list[tuple[object, ...]], days_later: int) -> None:
    wipe()
    places = {code: a_location(code) for code in PLACES}
    for sku in GOODS[:2]:
        variant = a_variant(sku)
        for code in PLACES:
            stock(variant, code, 500)
    a_variant("BO", parts={"AO": 2, "QUAN": 1})
    codes: list[str] = []
    now = NOON
    for each in acts:
        if each[0] == "sell":
            sku, units, place, days, hours = each[1]  # type: ignore[misc]  # as `sale` makes it
            at = datetime.combine((now - timedelta(days=days)).date(), datetime.min.time(), UTC) + timedelta(
                hours=hours
            )
            codes.append(an_order((sku, units), location_ids=(places[place],), placed_at=min(at, now), now=now))
        elif each[0] == "cancel" and codes:
            orders.cancel_order(actor=SYSTEM, code=codes[each[1] % len(codes)], reason="other", now=now)  # type: ignore[operator]  # a number
        elif each[0] == "count":
            count_sales(actor=SYSTEM, now=now)
    now += timedelta(days=days_later)
    for _ in range(-(-COVER_DAYS // AGAIN)):
        now += timedelta(seconds=1)
        count_sales(actor=SYSTEM, now=now)
    _check(now)
