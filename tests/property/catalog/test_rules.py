"""Laws of the catalog's rules, for all inputs."""

import contextlib
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mekong.catalog.errors import BadBarcode, NotANumber
from mekong.catalog.rules import numbers, search, sheet
from mekong.catalog.rules.barcodes import check_digit, lookup_key, read_barcode
from mekong.catalog.rules.options import join_list, join_pairs, split_list, split_pairs

LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
TRIMMED = LINES.map(str.strip).filter(bool)


@given(st.text("0123456789", min_size=7, max_size=13).filter(lambda body: len(body) in (7, 11, 12, 13)))
def test_one_wrong_digit_is_always_seen(body):
    good = check_digit(body)

    assert read_barcode(f"{body}{good}", "c").kind == "gtin"
    for place, digit in enumerate(body):
        other = body[:place] + str((int(digit) + 1) % 10) + body[place + 1 :]
        assert check_digit(other) != good


@given(TRIMMED)
def test_every_barcode_taken_is_found_again(code):
    try:
        read = read_barcode(code, "c")
    except BadBarcode:
        return
    assert lookup_key(read.code) == read.key
    assert lookup_key(code) == read.key


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_a_number_shown_is_read_back(number):
    assert numbers.read_number(numbers.show(number), "n") == number
    assert Decimal(numbers.canonical(number, "n")) == number


@given(st.integers(0, 10**15))
def test_dong_with_dots_or_commas_are_read_back(amount):
    for separator in ".,":
        assert numbers.read_money(f"{amount:,}".replace(",", separator) + "đ", "VND", "p") == amount


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_refused(text):
    with contextlib.suppress(NotANumber):
        numbers.read_number(text, "n")


@given(st.lists(st.tuples(TRIMMED, TRIMMED), max_size=5))
def test_pairs_in_a_cell_are_read_back(pairs):
    assert split_pairs(join_pairs(pairs)) == pairs
    assert split_pairs(join_pairs(pairs, " × "), "×") == pairs


@given(st.lists(TRIMMED, max_size=5))
def test_lists_in_a_cell_are_read_back(values):
    assert split_list(join_list(values)) == values


@given(LINES)
def test_a_cell_of_csv_never_begins_like_a_formula_and_is_read_back(text):
    assert not sheet.defuse(text).startswith(("=", "+", "-", "@"))
    assert sheet.arm(sheet.defuse(text)) == text


@given(st.integers(0, 20_000))
def test_columns_are_lettered_as_spreadsheets_do(place):
    number = 0
    for letter in sheet.letter(place):
        number = number * 26 + ord(letter) - 64
    assert number == place + 1


@given(st.text("abcdeo", min_size=3, max_size=7), st.data())
def test_one_slip_is_one_away(word, data):
    near = data.draw(st.sampled_from(sorted(search.one_error_away(word))))

    assert search.distance(word, near, 2) == 1
    assert search.distance(near, word, 2) == 1


@given(LINES, LINES, LINES, LINES)
def test_documents_hold_nothing_but_words(name, title, brand, sku):
    document = search.document(name, title, brand, sku)

    assert document == document.strip()
    assert "  " not in document
    assert all(word.isascii() and word.isalnum() and len(word) <= 60 for word in document.split())
