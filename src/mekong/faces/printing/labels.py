"""Labels with bars for goods: on a printer's roll or on sheets of A4, each label at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from mekong.faces import printing

MOST_LABELS = 2_000
"""Of one document: some 30 sheets of the smallest labels."""
NARROWEST_MM = 0.1875
"""Of a bar on printers of 203 dots an inch: a dot and a half. Finer bars run together."""


@dataclass(frozen=True)
class Paper:
    """One page of labels, in millimetres. `left`, `top`: of the first label; a pitch is from one label to the next."""

    page_width: float
    page_height: float
    columns: int
    rows: int
    label_width: float
    label_height: float
    left: float = 0.0
    top: float = 0.0
    pitch_x: float = 0.0
    pitch_y: float = 0.0

    @property
    def places(self) -> int:
        return self.columns * self.rows

    @property
    def is_sheet(self) -> bool:
        """Cut from a sheet, of which some labels may be used already."""
        return self.rows > 1


PAPERS: Mapping[str, Paper] = {
    "50x30": Paper(50, 30, 1, 1, 50, 30),
    "35x22x2": Paper(72, 22, 2, 1, 35, 22, left=0, pitch_x=37),
    "35x22x3": Paper(110, 22, 3, 1, 35, 22, left=0.5, pitch_x=37),
    # The sheets that stationers sell as 70 × 37 mm (Tomy 145, Avery 3474) and 38,1 × 21,2 mm (Tomy 146, Avery L7651).
    "a4-3x8": Paper(210, 297, 3, 8, 70, 37, left=0, top=0.5, pitch_x=70, pitch_y=37),
    "a4-5x13": Paper(210, 297, 5, 13, 38.1, 21.2, left=4.75, top=10.7, pitch_x=40.6, pitch_y=21.2),
}


@dataclass(frozen=True)
class Label:
    """`code`: what the bars say; "" for a label without bars. `price`: as it is printed, "" to leave it out."""

    name: str
    variant: str
    price: str
    code: str
    shop: str = ""


def pages(paper: Paper, labels: int, start: int = 1) -> int:
    """How many pages so many labels fill, the first one from place `start`."""
    return -(-(labels + start - 1) // paper.places) if labels else 0


def bars(code: str) -> str:
    """The bars of a code as SVG; "" for one that no bars can say."""
    try:
        return printing.barcode_svg(code)
    except ValueError:
        return ""


def is_too_fine(paper: Paper, code: str) -> bool:
    """Whether the bars of a code come out finer on this paper than label printers can print.

    Source: EAN-13 has 95 modules, Code 128 11 for each sign and 35 besides (ISO/IEC 15420, 15417).
    """
    if not code.isascii() or not code:
        return False
    modules = 95 if re.fullmatch(r"\d{13}", code) else 11 * len(code) + 35
    return _bars_width(paper) / modules < NARROWEST_MM


def _bars_width(paper: Paper) -> float:
    """Bars leave a sixth of the label white for the quiet zones that scanners look for."""
    return paper.label_width * 0.84


def label_pdf(paper: Paper, labels: Sequence[tuple[Label, int]], start: int = 1) -> bytes:
    """The PDF of so many copies of each label, the first at place `start` (from 1) of the first page.

    Raises: ValueError (a place that the paper does not have, no labels or more than `MOST_LABELS`: the caller's defect).
    """
    return printing.render("labels", _data(paper, labels, start))


def label_preview(paper: Paper, labels: Sequence[tuple[Label, int]], start: int = 1) -> bytes:
    """The first page as a PNG."""
    on_first: list[tuple[Label, int]] = []
    room = paper.places - start + 1
    for label, copies in labels:
        if room > 0 and copies:
            on_first.append((label, min(copies, room)))
            room -= copies
    return printing.render_png("labels", _data(paper, on_first, start))


def _data(paper: Paper, labels: Sequence[tuple[Label, int]], start: int) -> dict[str, object]:
    count = sum(copies for _, copies in labels)
    if not 1 <= start <= paper.places or not 1 <= count <= MOST_LABELS:
        raise ValueError(f"{count} labels from place {start}")
    cells = [-1] * (start - 1)
    for at, (_, copies) in enumerate(labels):
        cells += [at] * copies
    return {
        "paper": {**asdict(paper), "places": paper.places, "bars_width": _bars_width(paper)},
        "labels": [{**asdict(label), "bars": bars(label.code)} for label, _ in labels],
        "cells": cells,
    }
