"""Documents: what is in the data is on the paper, and stays text."""

from __future__ import annotations

import re

import pytest
import typst

from mekong.faces import printing

LABEL = {
    "name": "Nước mắm cá cơm Phú Quốc 40 độ đạm",
    "variant": "Chai 500 ml",
    "price": "129.000 ₫",
    "code": "8934567890120",
    "bars": printing.barcode_svg("8934567890120"),
    "shop": "Mộc Lan",
}


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_each_label_is_a_page_of_its_own_size() -> None:
    pdf = printing.render("item-label", {"labels": [LABEL, LABEL, {**LABEL, "bars": ""}]})

    assert pdf.startswith(b"%PDF-")
    assert pages(pdf) == 3
    width, height = (float(each) for each in re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)[0])
    assert (round(width / 72 * 25.4, 1), round(height / 72 * 25.4, 1)) == (50.0, 30.0)


def test_what_a_person_typed_is_text_and_never_markup() -> None:
    hostile = '#read("/etc/passwd") $ ] ) " \\ *x* <b> #pagebreak()'

    assert pages(printing.render("item-label", {"labels": [{**LABEL, "name": hostile}]})) == 1


def test_a_template_that_is_not_there_is_a_defect() -> None:
    with pytest.raises((typst.TypstError, OSError, RuntimeError)):
        printing.render("no-such", {})


def test_bars_are_ean_for_a_gtin_and_code_128_for_the_rest() -> None:
    # EAN-13 has 95 modules however its digits read; Code 128 grows with the text.
    ean, other = printing.barcode_svg("8934567890120"), printing.barcode_svg("AO-THUN-DO-M")

    assert ean.count("<rect") == 31  # 30 bars and the ground
    assert other.count("<rect") > ean.count("<rect")


@pytest.mark.parametrize("code", ["", "Áo thun"])
def test_what_no_bars_can_say_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="no bars"):
        printing.barcode_svg(code)


def test_a_qr_code_is_a_picture() -> None:
    assert printing.qr_svg("https://mekong.example/đơn").startswith("<?xml")
