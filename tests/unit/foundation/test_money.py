"""Money is whole minor units: nothing is lost, nothing is rounded unsaid."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.foundation.money import exponent, share, tax_inside, to_decimal, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("125000", "VND", 125000), ("12.5", "GBP", 1250), ("-0.01", "USD", -1), (7, "JPY", 7), (Decimal("1E+3"), "VND", 1000),
     ("1.234", "KWD", 1234), ("12345678901234567890123456.78", "GBP", 1234567890123456789012345678)],
)  # fmt: skip
def test_an_amount_becomes_its_minor_units(amount: str | int | Decimal, currency: str, minor: int) -> None:
    assert to_minor(amount, currency) == minor
    assert to_decimal(minor, currency) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.5", "VND"), ("1.001", "GBP"), ("", "VND"), ("abc", "VND"), ("NaN", "VND"), ("Infinity", "GBP"), (1.5, "GBP"),
     (2.0, "VND"), ("1e999999999", "VND"), ("1e-999999999", "VND")],
)  # fmt: skip
def test_what_is_no_exact_amount_is_refused(amount: object, currency: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the kind of error is what the contract names
        to_minor(amount, currency)  # type: ignore[arg-type]  # wrong kinds are the point


@given(st.integers(-(10**25), 10**25), st.sampled_from(["VND", "GBP", "KWD"]))
def test_minor_units_come_back_from_their_decimal(minor: int, currency: str) -> None:
    assert to_minor(to_decimal(minor, currency), currency) == minor


def test_exponents_follow_iso_4217() -> None:
    assert (exponent("VND"), exponent("GBP"), exponent("KWD")) == (0, 2, 3)


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [(110_000, 1000, 10_000), (100_000, 800, 7_407), (54, 800, 4), (1, 1000, 0), (-110_000, 1000, -10_000), (5, 0, 0),
     (-54, 800, -4), (6, 1000, 1), (105, 500, 5), (10, 500, 0), (11, 500, 1)],
)  # fmt: skip
def test_the_tax_inside_an_amount_is_rounded_half_up(gross: int, rate: int, tax: int) -> None:
    assert tax_inside(gross, rate) == tax


@given(st.integers(-(2**62), 2**62), st.integers(0, 10_000))
def test_tax_is_within_half_a_unit_of_its_exact_value(gross: int, rate: int) -> None:
    tax = tax_inside(gross, rate)
    assert abs(2 * (tax * (10_000 + rate) - gross * rate)) <= 10_000 + rate
    assert tax_inside(-gross, rate) == -tax


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**12), min_size=1, max_size=50).filter(any))
def test_shares_add_up_and_are_fair(total: int, weights: list[int]) -> None:
    shares = share(total, weights)
    assert sum(shares) == total
    whole = sum(weights)
    for part, weight in zip(shares, weights, strict=True):
        assert abs(part * whole - total * weight) < whole


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, []), (1, [0, 0]), (1, [2, -1])])
def test_sharing_refuses_what_cannot_be_shared(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"share\(\)"):
        share(total, weights)


def test_ties_go_to_the_earlier_line() -> None:
    assert share(10, [1, 1, 1]) == [4, 3, 3]
