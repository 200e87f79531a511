"""Gift cards and vouchers on paper: each with its code to read, as QR and as bars, cut from sheets or one to a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import barcode

from mekong.faces import printing
from mekong.faces.printing.labels import Paper

MOST_PRINTED = 500
"""Of one document: 50 sheets of cards. Each has two pictures of its code to draw."""

PAPERS: Mapping[str, Paper] = {
    # Cards of 85 × 54 mm (ISO/IEC 7810 ID-1, the size of bank cards) on A4, with a margin that desk printers keep.
    "a4-2x5": Paper(210, 297, 2, 5, 85, 54, left=20, top=13.5, pitch_x=85, pitch_y=54),
    # A4 cut in eight: 105 × 74 mm (A7).
    "a4-2x4": Paper(210, 297, 2, 4, 105, 74.25, pitch_x=105, pitch_y=74.25),
    "a6": Paper(105, 148, 1, 1, 105, 148),
    "card": Paper(85.6, 54, 1, 1, 85.6, 54),
}


@dataclass(frozen=True)
class Voucher:
    """`value`: as it is printed (`500.000 ₫`, `−10%`). `code`: as people read it, with dashes; scanners get it without.

    `lines`: what else it says: for whom, until when, its terms.
    """

    shop: str
    title: str
    value: str
    code: str
    lines: tuple[str, ...] = ()

    @property
    def scanned(self) -> str:
        return self.code.replace("-", "")


def bars(code: str) -> str:
    """A code as Code 128 in one path of SVG: a tenth of what one rectangle a bar costs to make and to set.

    Raises: ValueError for what Code 128 cannot say (letters beyond ASCII).
    """
    if not code.isascii() or not code:
        raise ValueError(f"no bars for {code!r}")
    (modules,) = barcode.Code128(code).build()
    path = "".join(f"M{found.start()} 0h{len(found[0])}v1h-{len(found[0])}z" for found in re.finditer("1+", modules))
    size = f'viewBox="0 0 {len(modules)} 1" width="{len(modules)}" height="1" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><path d="{path}"/></svg>'


def pages(paper: Paper, count: int) -> int:
    """How many pages so many fill."""
    return -(-count // paper.places)


def voucher_pdf(paper: Paper, vouchers: Sequence[Voucher], lang: str = "vi") -> bytes:
    """The PDF; sheets that are cut get marks to cut along. Some 10 ms a voucher.

    Raises: ValueError (none or more than `MOST_PRINTED`, a code that no bars can say: the caller's defect).
    """
    if not 1 <= len(vouchers) <= MOST_PRINTED:
        raise ValueError(f"{len(vouchers)} vouchers")
    return printing.render("vouchers", _data(paper, vouchers, lang))


def voucher_preview(paper: Paper, vouchers: Sequence[Voucher], lang: str = "vi") -> bytes:
    """The first page as a PNG."""
    return printing.render_png("vouchers", _data(paper, vouchers[: paper.places], lang))


def _data(paper: Paper, vouchers: Sequence[Voucher], lang: str) -> dict[str, object]:
    return {
        "lang": lang,
        "paper": {**asdict(paper), "places": paper.places, "is_cut": paper.is_sheet},
        "vouchers": [
            {
                **asdict(each),
                "qr": printing.qr_svg(each.scanned),
                "bars": bars(each.scanned),
            }
            for each in vouchers
        ],
    }
