"""Splitting money loses no đồng, whatever the order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mekong.orders.rules import OrderState as S
from mekong.orders.rules import PaymentState as P
from mekong.orders.rules import SoldLine, lines_money, original, split_money, twin

units = st.integers(1, 50)
line = st.tuples(units, st.integers(0, 10**9), st.sampled_from([0, 500, 800, 1000])).flatmap(
    lambda sold: st.tuples(st.just(sold), st.integers(0, sold[0]))
)


@given(st.lists(line, min_size=1, max_size=8), st.integers(0, 10**10), st.integers(0, 10**6), st.booleans())
def test_the_parts_add_up_to_the_whole_in_every_figure(
    lines: list[tuple[tuple[int, int, int], int]], discount: int, fee: int, knows: bool
) -> None:
    sold = [each for each, _ in lines]
    subtotal = sum(quantity * price for quantity, price, _ in sold)
    discount = min(discount, subtotal)
    money = lines_money(sold, discount)
    wanted = [
        SoldLine(quantity, each.total_minor, each.tax_minor, moved, each.discount_minor if knows else 0)
        for ((quantity, _, _), moved), each in zip(lines, money, strict=True)
    ]
    first, second = split_money(wanted, discount, fee)
    tax = sum(each.tax_minor for each in money)
    assert first.subtotal_minor + second.subtotal_minor == subtotal
    assert first.discount_minor + second.discount_minor == discount
    assert first.shipping_fee_minor + second.shipping_fee_minor == fee
    assert first.tax_minor + second.tax_minor == tax
    assert first.total_minor + second.total_minor == subtotal - discount + fee
    for ((quantity, price, _), moved), stays, goes in zip(lines, first.lines, second.lines, strict=True):
        assert (stays[0], goes[0]) == ((quantity - moved) * price, moved * price)
    for part in (first, second):
        assert 0 <= part.discount_minor <= part.subtotal_minor
        assert part.shipping_fee_minor >= 0
        assert all(0 <= tax <= total and 0 <= off <= total for total, tax, off in part.lines)


def test_a_part_without_a_price_bears_no_discount_and_the_fee_goes_by_subtotal() -> None:
    gift = [SoldLine(2, 300, 30, 0), SoldLine(1, 0, 0, 1)]
    first, second = split_money(gift, 100, 50)
    assert (first.total_minor, second.total_minor) == (250, 0)
    free = [SoldLine(1, 0, 0, 1), SoldLine(1, 0, 0, 0)]
    first, second = split_money(free, 0, 50)
    assert (first.total_minor, second.total_minor) == (50, 0)


def test_the_paid_then_the_further_then_the_earlier_of_two_is_kept() -> None:
    early, late = twin("A", P.UNPAID, S.CONFIRMED, 1.0), twin("B", P.UNPAID, S.CONFIRMED, 2.0)
    assert original(early, late) == original(late, early) == early
    further = twin("B", P.UNPAID, S.PACKED, 2.0)
    assert original(early, further) == further
    paid = twin("C", P.PAID, S.PENDING_CONFIRMATION, 3.0)
    assert original(paid, further) == paid
