"""Labels that others made, as one document to print."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from io import BytesIO

from PIL import Image
from pypdf import PdfWriter
from pypdf.errors import PyPdfError

DOTS_PER_INCH = 203
"""Of the thermal printers that pictures of labels are drawn for."""

ENDINGS = {"application/pdf": "pdf", "image/png": "png", "text/html": "html", "application/zip": "zip"}


def joined(papers: Sequence[tuple[str, str, bytes]]) -> tuple[bytes, str]:
    """Papers by name, media type and content, as one: the document and its media type.

    PDFs and pictures become one PDF, in their order. Where another kind is among them (a platform that gives web pages),
    or one that cannot be read, all of them come as they are, in a zip archive.
    """
    try:
        return _as_pdf([(kind, content) for _, kind, content in papers]), "application/pdf"
    except (PyPdfError, OSError, ValueError):
        return _as_zip(papers), "application/zip"


def _as_pdf(papers: Sequence[tuple[str, bytes]]) -> bytes:
    whole, out = PdfWriter(), BytesIO()
    for kind, content in papers:
        if kind == "image/png":
            page = BytesIO()
            with Image.open(BytesIO(content)) as picture:
                picture.convert("RGB").save(page, "PDF", resolution=DOTS_PER_INCH)
            whole.append(page)
        elif kind == "application/pdf":
            whole.append(BytesIO(content))
        else:
            raise ValueError(f"no pages in {kind}")
    whole.write(out)
    return out.getvalue()


def _as_zip(papers: Sequence[tuple[str, str, bytes]]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for position, (name, kind, content) in enumerate(papers, start=1):
            archive.writestr(f"{position:03d}-{name}.{ENDINGS.get(kind, 'bin')}", content)
    return out.getvalue()
