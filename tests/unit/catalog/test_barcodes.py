import pytest

from mekong.catalog.errors import BadBarcode, BarcodeNotOfKind, Missing, UnstorableText
from mekong.catalog.rules.barcodes import check_digit, lookup_key, read_barcode


@pytest.mark.parametrize("code", ["96385074", "036000291452", "4006381333931", "8934563138165", "10012345678902"])
def test_published_gtins_are_taken(code):
    read = read_barcode(code, "code")

    assert (read.code, read.kind, read.key) == (code, "gtin", code.zfill(14))


def test_a_mistyped_gtin_is_refused_with_the_digit_it_should_end_in():
    with pytest.raises(BadBarcode) as refused:
        read_barcode("4006381333932", "variants[0].barcodes[1]")

    assert refused.value.params == {"field": "variants[0].barcodes[1]", "value": "4006381333932", "expected": 1}
    assert "should be 1" in str(refused.value)


def test_a_upc_and_the_ean_a_scanner_makes_of_it_are_one():
    assert read_barcode("036000291452", "c").key == read_barcode("0036000291452", "c").key
    assert lookup_key(" 036000291452 ") == read_barcode("0036000291452", "c").key


@pytest.mark.parametrize("prefix", range(20, 30))
def test_in_store_numbers_of_scales_are_taken(prefix):
    body = f"{prefix}1234500350"

    assert read_barcode(f"{body}{check_digit(body)}", "code").kind == "gtin"


@pytest.mark.parametrize("code", ["AO-01/đỏ", "12345", "1234567890123456", "٣٤٥٦٧٨٩٠"])
def test_other_codes_are_ones_own(code):
    assert read_barcode(code, "code").kind == "internal"


def test_a_code_of_ones_own_is_found_without_regard_to_case():
    assert read_barcode("ao-01", "code").key == lookup_key("AO-01")


def test_blanks_between_printed_digits_do_not_count():
    assert read_barcode("4 006381 333931", "code").code == "4006381333931"


def test_kind_gtin_refuses_everything_else():
    with pytest.raises(BarcodeNotOfKind):
        read_barcode("12345", "code", "gtin")


@pytest.mark.parametrize(("code", "error"), [("  ", Missing), ("a\0b", UnstorableText)])
def test_a_barcode_that_cannot_be_kept_is_refused(code, error):
    with pytest.raises(error):
        read_barcode(code, "code")
