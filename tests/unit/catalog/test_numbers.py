from decimal import Decimal

import pytest

from mekong.catalog.errors import BadMoney, NotANumber, NotWhole, OutOfRange
from mekong.catalog.rules import numbers


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.234.567", "1234567"), ("1,234,567", "1234567"), ("99,5", "99.5"), ("99.5", "99.5"), ("1.234", "1234"),
        ("1,234", "1234"), ("0,350", "0.350"), ("0.350", "0.350"), ("1.234,50", "1234.50"), ("1,234.50", "1234.50"),
        ("250.000đ", "250000"), ("250.000 ₫", "250000"), ("250 000 VND", "250000"), ("-5", "-5"), ("+5", "5"),
        ("1\u00a0234", "1234"), ("007", "7"), (12.0, "12"), (99.5, "99.5"), (0.1, "0.1"), (3, "3"), ("12.5000", "12.5"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(written, meant):
    assert numbers.read_number(written, "price") == Decimal(meant)


@pytest.mark.parametrize(
    "written",
    ["", "abc", "1.2.3", "1,2,3", "1.234.56", "1.23,456", "12k", "1e5", "--1", "٣", float("nan"), True, "9" * 41],
)
def test_what_is_no_number_is_refused(written):
    with pytest.raises(NotANumber):
        numbers.read_number(written, "price")


def test_money_in_dong_has_no_fraction():
    assert numbers.read_money("1.250.000", "VND", "price") == 1_250_000
    assert numbers.read_money("12,50", "GBP", "price") == 1250
    with pytest.raises(BadMoney) as refused:
        numbers.read_money(19.5, "VND", "price")
    assert "VND has 0 decimals" in str(refused.value)


def test_money_is_not_negative_nor_beyond_all_measure():
    for amount in ("-1", "9999999999999999"):
        with pytest.raises(OutOfRange):
            numbers.read_money(amount, "VND", "price")


def test_amounts_in_code_are_integers():
    with pytest.raises(NotWhole):
        numbers.check_amount(19.0, "price_minor")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(OutOfRange):
        numbers.check_amount(-1, "price_minor")


def test_canonical_decimals_have_one_form():
    assert [numbers.canonical(each, "a") for each in ("12.50", "012.5", 7, "0.0", "1E2")] == [
        "12.5",
        "12.5",
        "7",
        "0",
        "100",
    ]
    for wrong in (1.5, True, "x", "NaN", "1,5"):
        with pytest.raises(NotANumber):
            numbers.canonical(wrong, "a")
