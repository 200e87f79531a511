"""Laws of a plan: nothing vanishes, nothing comes back twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mekong.faces.replay.commands import lines_of
from mekong.faces.replay.lines import Line
from mekong.faces.replay.plan import Cancellation, Way, make_plan

AT = datetime(2011, 1, 1, tzinfo=UTC)
WAYS = [Way("web", takes_carriage=True), Way("shopee"), Way("lazada", most_units=20)]

rows = st.tuples(
    st.sampled_from(["1", "2", "3", "C4", "C5", "A6", "Z7"]),
    st.sampled_from(["10001", "10002A", "POST", "M", "PADS"]),
    st.integers(-30, 30),
    st.sampled_from(["0", "0.55", "1.00", "2.1", "0.001", "-3.00"]),
    st.sampled_from(["", "17850", "12583"]),
    st.sampled_from(["", "", "", "Quantity"]),
)


def made_of(given_rows: list[tuple[str, str, int, str, str, str]]) -> list[Line]:
    made = []
    for number, (invoice, sku, quantity, price, customer, problem) in enumerate(given_rows, 1):
        exact = Decimal(price) * 100
        minor = int(exact) if exact == int(exact) else None
        amount = Decimal(price) * quantity
        made.append(Line(number, invoice, sku, sku, quantity, AT, minor, price, amount, customer, "", problem))
    return made


@given(st.lists(rows, max_size=40))
def test_every_line_ends_in_exactly_one_place(given_rows: list[tuple[str, str, int, str, str, str]]) -> None:
    lines = made_of(given_rows)
    plan = make_plan(lines, WAYS)
    ended = [line.number for step in plan.steps for line in lines_of(step)] + [
        each.line.number for each in plan.rejects
    ]

    assert sorted(ended) == [line.number for line in lines]


@given(st.lists(rows, max_size=40))
def test_no_more_comes_back_than_was_sold(given_rows: list[tuple[str, str, int, str, str, str]]) -> None:
    plan = make_plan(made_of(given_rows), WAYS)
    sold: Counter[tuple[str, str, int]] = Counter()
    back: Counter[tuple[str, str, int]] = Counter()
    for sale in plan.sales:
        for line in sale.goods:
            assert line.price_minor is not None
            assert line.quantity > 0
            sold[sale.invoice, line.sku, line.price_minor] += line.quantity
    for step in plan.steps:
        if isinstance(step, Cancellation):
            for each in step.lines:
                assert sum(units for _, _, units in each.sources) == -each.line.quantity
                for invoice, price, units in each.sources:
                    back[invoice, each.line.sku, price] += units

    assert all(back[key] <= sold[key] for key in back)


@given(st.lists(rows, max_size=40))
def test_a_plan_is_the_same_again(given_rows: list[tuple[str, str, int, str, str, str]]) -> None:
    lines = made_of(given_rows)

    assert make_plan(lines, WAYS) == make_plan(lines, list(reversed(WAYS)))
