"""Labels on paper: how many pages, of what size, from which place on."""

from __future__ import annotations

import re

import pytest

from mekong.faces.printing import labels
from mekong.faces.printing.labels import PAPERS, Label

EAN = Label("Bình gốm men lam cổ cao 28 cm", "Đỏ / M", "890.000 ₫", "8936012840285", "Mộc Lan")
PLAIN = Label("Nến thơm quế hồi", "", "", "NT-QH-01")


def pages(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height in millimetres of each page."""
    count = len(re.findall(rb"/Type\s*/Page\b", pdf))
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert len(boxes) == count
    return [(round(float(wide) / 72 * 25.4, 1), round(float(high) / 72 * 25.4, 1)) for wide, high in boxes]


@pytest.mark.parametrize(
    ("paper", "copies", "start", "expected", "size"),
    [
        ("50x30", 3, 1, 3, (50, 30)),
        ("35x22x2", 2, 1, 1, (72, 22)),
        ("35x22x2", 2, 2, 2, (72, 22)),
        ("35x22x3", 7, 1, 3, (110, 22)),
        ("a4-3x8", 24, 1, 1, (210, 297)),
        ("a4-3x8", 24, 2, 2, (210, 297)),
        ("a4-3x8", 1, 24, 1, (210, 297)),
        ("a4-5x13", 65, 1, 1, (210, 297)),
        ("a4-5x13", 66, 1, 2, (210, 297)),
        ("a4-5x13", 67, 65, 3, (210, 297)),
    ],
)
def test_so_many_labels_fill_so_many_pages_of_the_papers_size(
    paper: str, copies: int, start: int, expected: int, size: tuple[float, float]
) -> None:
    made = pages(labels.label_pdf(PAPERS[paper], [(EAN, copies - 1), (PLAIN, 1)], start))

    assert made == [size] * expected
    assert labels.pages(PAPERS[paper], copies, start) == expected


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS.keys())
def test_every_label_lies_on_its_page_and_beside_the_others(paper: labels.Paper) -> None:
    right = paper.left + (paper.columns - 1) * paper.pitch_x + paper.label_width
    foot = paper.top + (paper.rows - 1) * paper.pitch_y + paper.label_height

    assert right <= paper.page_width
    assert foot <= paper.page_height
    assert paper.columns == 1 or paper.pitch_x >= paper.label_width
    assert paper.rows == 1 or paper.pitch_y >= paper.label_height


@pytest.mark.parametrize(("copies", "start"), [(0, 1), (1, 0), (1, 66), (labels.MOST_LABELS + 1, 1)])
def test_what_no_paper_can_hold_is_a_defect(copies: int, start: int) -> None:
    with pytest.raises(ValueError, match="labels from place"):
        labels.label_pdf(PAPERS["a4-5x13"], [(EAN, copies)], start)


def test_the_preview_is_a_picture_of_the_first_page_however_many_there_are() -> None:
    assert labels.label_preview(PAPERS["35x22x2"], [(EAN, 500), (PLAIN, 500)]).startswith(b"\x89PNG")


def test_a_code_that_no_bars_can_say_is_printed_as_text() -> None:
    hostile = Label('#read("x") $ ]', "*x*", "", "ÁO-ĐỎ", "<b>")

    assert labels.bars(hostile.code) == ""
    assert len(pages(labels.label_pdf(PAPERS["50x30"], [(hostile, 1)]))) == 1


@pytest.mark.parametrize(
    ("paper", "code", "too_fine"),
    [
        ("50x30", "8936012840285", False), ("35x22x3", "8936012840285", False), ("35x22x3", "AO-DO-M", False),
        ("35x22x3", "AO-THUN-DO-M-2026", True), ("50x30", "AO-THUN-DO-M-2026", False), ("50x30", "A" * 40, True),
        ("50x30", "ÁO", False),
    ],
)  # fmt: skip
def test_bars_too_fine_to_scan_are_known(paper: str, code: str, too_fine: bool) -> None:
    assert labels.is_too_fine(PAPERS[paper], code) is too_fine
