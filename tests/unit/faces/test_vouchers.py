"""Gift cards and vouchers on paper."""

from __future__ import annotations

import re

import barcode
import pytest

from mekong.faces.printing import vouchers
from mekong.faces.printing.vouchers import PAPERS, Voucher

CODE = "C4TQUP-KMKBDJ-YQXEWV"
ONE = Voucher("Mộc Lan", "Thẻ quà tặng", "500.000 ₫", CODE, ("Tặng chị Mai", "Dùng đến hết 31/12/2027"))


def sizes(pdf: bytes) -> list[tuple[float, float]]:
    found = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(round(float(width) / 72 * 25.4, 1), round(float(height) / 72 * 25.4, 1)) for width, height in found]


@pytest.mark.parametrize(
    ("paper", "count", "pages", "size"),
    [
        ("a4-2x5", 11, 2, (210.0, 297.0)),
        ("a4-2x4", 8, 1, (210.0, 297.0)),
        ("a6", 3, 3, (105.0, 148.0)),
        ("card", 2, 2, (85.6, 54.0)),
    ],
)
def test_so_many_fill_so_many_pages(paper: str, count: int, pages: int, size: tuple[float, float]) -> None:
    made = sizes(vouchers.voucher_pdf(PAPERS[paper], [ONE] * count))
    assert made == [size] * pages
    assert vouchers.pages(PAPERS[paper], count) == pages


@pytest.mark.parametrize("name", PAPERS)
def test_each_place_lies_on_its_sheet(name: str) -> None:
    paper = PAPERS[name]
    assert paper.left + (paper.columns - 1) * paper.pitch_x + paper.label_width <= paper.page_width
    assert paper.top + (paper.rows - 1) * paper.pitch_y + paper.label_height <= paper.page_height


def test_scanners_get_the_code_without_its_dashes() -> None:
    assert ONE.scanned == "C4TQUPKMKBDJYQXEWV"
    drawn = vouchers.bars(ONE.scanned)
    (modules,) = barcode.Code128(ONE.scanned).build()
    black = [0] * len(modules)
    for at, width in re.findall(r"M(\d+) 0h(\d+)v1", drawn):
        black[int(at) : int(at) + int(width)] = [1] * int(width)
    assert "".join(map(str, black)) == modules
    # Code 128: 11 modules a sign, start, check and stop of 13 (ISO/IEC 15417).
    assert len(modules) == 11 * 18 + 35


@pytest.mark.parametrize("code", ["", "Tết"])
def test_no_bars_say_what_code_128_cannot(code: str) -> None:
    with pytest.raises(ValueError, match="no bars"):
        vouchers.bars(code)


@pytest.mark.parametrize("count", [0, 501])
def test_none_or_too_many_are_a_defect(count: int) -> None:
    with pytest.raises(ValueError, match="vouchers"):
        vouchers.voucher_pdf(PAPERS["a6"], [ONE] * count)


def test_what_a_person_typed_is_text_and_the_preview_is_a_picture() -> None:
    hostile = Voucher("#pagebreak()", '$ ] ) " \\ *x* <b>', "1", "ABC", ('#read("x")',) * 3)
    assert len(sizes(vouchers.voucher_pdf(PAPERS["card"], [hostile]))) == 1
    assert vouchers.voucher_preview(PAPERS["a4-2x5"], [ONE] * 30).startswith(b"\x89PNG")
