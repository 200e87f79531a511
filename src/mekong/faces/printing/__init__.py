"""Documents on paper: labels, pick lists, delivery notes. PDF by Typst, from a template beside this file.

A template reads `sys.inputs.data`, JSON text; nothing a person typed is ever part of its source, so text cannot turn
into markup. Pictures that differ from document to document (codes to scan) travel in the data as SVG text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import barcode
import segno
import typst
from barcode.writer import SVGWriter

HERE = Path(__file__).resolve().parent


@cache
def _fonts() -> typst.Fonts:
    """Read once a process: finding fonts costs more than setting a page."""
    return typst.Fonts(include_system_fonts=False, font_paths=[HERE / "fonts"])


def render(template: str, data: Mapping[str, Any]) -> bytes:
    """The PDF of `templates/<template>.typ` filled with `data` (what JSON can say).

    Fonts are those shipped here, so a document looks the same on every machine. Some 5 ms and 1 ms more a page.
    """
    return typst.compile(
        HERE / "templates" / f"{template}.typ",
        root=HERE / "templates",
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )


def render_png(template: str, data: Mapping[str, Any], *, dots_per_inch: int = 144) -> bytes:
    """The first page of what `render` would give, as a picture."""
    drawn: Any = typst.compile(
        HERE / "templates" / f"{template}.typ",
        root=HERE / "templates",
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="png",
        ppi=dots_per_inch,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
    # One page is its bytes, several are a list of them.
    first: bytes = drawn[0] if isinstance(drawn, list) else drawn
    return first


def barcode_svg(code: str) -> str:
    """A code as bars without its digits: EAN-13 for thirteen digits that check, else Code 128.

    Raises: ValueError for what Code 128 cannot say (letters beyond ASCII).
    """
    if not code.isascii() or not code:
        raise ValueError(f"no bars for {code!r}")
    kind = "code128"
    if len(code) == 13 and code.isdigit() and barcode.EAN13(code[:12]).get_fullcode() == code:
        kind = "ean13"
    drawn = BytesIO()
    barcode.get(kind, code, writer=SVGWriter()).write(
        drawn, {"write_text": False, "quiet_zone": 0, "module_height": 10.0, "module_width": 0.25}
    )
    return drawn.getvalue().decode()


def qr_svg(text: str) -> str:
    """A text as a QR code, error correction M, without a border."""
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", border=0)
    return drawn.getvalue().decode()
