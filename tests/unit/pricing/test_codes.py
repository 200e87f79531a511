"""Codes that people type: their letters, their check letter, what is noticed without a database."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import combinations

import pytest

from mekong.pricing.rules import codes
from mekong.pricing.rules.codes import ALPHABET, GIFT_CARD, SHAPES, VOUCHER, Misread, Shape

SEED = bytes(range(32))
KNOWN_CARD = "C4TQUPKMKBDJYQXEWV"
KNOWN_VOUCHER = "C4TQUPKMKBDP"


def test_a_code_is_known_letter_by_letter() -> None:
    assert codes.draw(SEED, GIFT_CARD) == KNOWN_CARD
    assert codes.draw(SEED, VOUCHER) == KNOWN_VOUCHER
    assert codes.written(KNOWN_CARD, GIFT_CARD) == f"{KNOWN_CARD[:6]}-{KNOWN_CARD[6:12]}-{KNOWN_CARD[12:]}"
    assert codes.written(KNOWN_VOUCHER, VOUCHER).count("-") == 2


def test_the_check_letter_by_hand() -> None:
    # 3 is the letter of value 1 and stands at weight 12: 12 + 19 = 31, and N has the value 19.
    assert codes.with_check("2" * 11) == "2" * 12
    assert codes.with_check("3" + "2" * 10) == "3" + "2" * 10 + "N"


def test_no_letter_is_mistaken_for_another() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 31
    assert not set(ALPHABET) & set("01OIL")


def test_guessing_is_hopeless_by_the_stated_bits() -> None:
    assert GIFT_CARD.bits >= 80
    assert VOUCHER.bits >= 50
    assert codes.chance_of_guess(VOUCHER, live=1_000_000, tries=1000) == Fraction(10**9, 31**11)
    assert codes.chance_of_guess(VOUCHER, live=31**11, tries=5) == 1
    tries_a_year = 40_000 * 24 * 365
    assert 1 / codes.chance_of_guess(GIFT_CARD, live=10**6, tries=tries_a_year) > 6 * 10**10
    assert 1 / codes.chance_of_guess(VOUCHER, live=10**6, tries=tries_a_year) > 72


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_single_slip_is_noticed(shape: Shape) -> None:
    code = codes.draw(SEED, shape)
    assert codes.read(code, shape) == code
    for at, right in enumerate(code):
        for wrong in ALPHABET.replace(right, ""):
            assert codes.read(code[:at] + wrong + code[at + 1 :], shape) == Misread("mistyped")
    for one, other in combinations(range(len(code)), 2):
        swapped = list(code)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        if code[one] != code[other]:
            assert codes.read("".join(swapped), shape) == Misread("mistyped")


def test_of_random_texts_one_in_31_passes() -> None:
    passed = sum(codes.with_check(KNOWN_VOUCHER[:11])[-1] == letter for letter in ALPHABET)
    assert passed == 1


@pytest.mark.parametrize(
    "typed",
    [
        "{grouped}",
        "  {lower} ",
        "{grouped}\n",
        "{wide}",
        "{spaced}",
        "{dotted}",
    ],
)
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    code = KNOWN_VOUCHER
    given = typed.format(
        grouped=codes.written(code, VOUCHER),
        lower=codes.written(code, VOUCHER).lower(),
        wide="".join(chr(ord(letter) + 0xFEE0) for letter in code),
        spaced=" ".join(code) + "\u200b\u00a0",
        dotted="–".join((code[:4], code[4:8], code[8:])) + ".",
    )
    assert codes.read(given, VOUCHER) == code


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "empty"),
        (" - ", "empty"),
        ("Â2345678ABCD", "accented"),
        ("Đ2345678ABCD", "accented"),
        ("a\u03012345678ABCD", "accented"),
        ("O2345678ABCD", "letters"),
        ("02345678ABCD", "letters"),
        ("$2345678ABCD", "letters"),
        ("٣2345678ABCD", "letters"),
        ("2345", "length"),
        ("22345678ABCDE", "length"),
    ],
)
def test_what_is_wrong_is_named(typed: str, problem: str) -> None:
    assert codes.read(typed, VOUCHER) == Misread(problem)  # type: ignore[arg-type]  # a word of the table above


def test_the_kind_is_seen_by_the_length() -> None:
    assert codes.shape_of(codes.written(KNOWN_CARD, GIFT_CARD)) is GIFT_CARD
    assert codes.shape_of(KNOWN_VOUCHER.lower()) is VOUCHER
    assert codes.shape_of("SALE11") is None


def test_every_letter_is_as_likely_at_every_place() -> None:
    counts = Counter(
        (at, letter)
        for number in range(31 * 31)
        for at, letter in enumerate(codes.draw(number.to_bytes(32), VOUCHER)[:2])
    )
    assert set(counts.values()) == {31}
    assert len(counts) == 62


@pytest.mark.parametrize("size", [0, 31, 33])
def test_other_numbers_of_bytes_are_a_defect(size: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        codes.draw(bytes(size), VOUCHER)
