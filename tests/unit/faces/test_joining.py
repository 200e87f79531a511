"""Labels that platforms made, as one document."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

from PIL import Image
from pypdf import PdfReader

from mekong.faces import printing
from mekong.faces.printing.joining import joined

PDF = "application/pdf"


def a_pdf() -> bytes:
    out = BytesIO()
    Image.new("RGB", (60, 40), "white").save(out, "PDF")
    return out.getvalue()


def a_png(width: int = 812, height: int = 1218) -> bytes:
    out = BytesIO()
    Image.new("RGBA", (width, height), "white").save(out, "PNG")
    return out.getvalue()


def test_pdfs_and_pictures_become_one_pdf_in_their_order() -> None:
    document, kind = joined([("a", PDF, a_pdf()), ("b", "image/png", a_png()), ("c", PDF, a_pdf())])
    pages = PdfReader(BytesIO(document)).pages
    assert (kind, len(pages)) == (PDF, 3)
    # 812 by 1218 dots at 203 to the inch: a label of 4 by 6 inches, 72 points each.
    assert [round(float(side)) for side in pages[1].mediabox.upper_right] == [288, 432]


def test_another_kind_or_a_broken_file_sends_all_of_them_as_they_are() -> None:
    for kind, content, ending in (
        ("text/html", b"<p>nhan</p>", "html"),
        (PDF, b"%PDF-no", "pdf"),
        ("image/png", b"x", "png"),
    ):
        archive, media_type = joined([("DH-1", PDF, a_pdf()), ("DH-2", kind, content)])
        assert media_type == "application/zip"
        with ZipFile(BytesIO(archive)) as files:
            assert files.namelist() == ["001-DH-1.pdf", f"002-DH-2.{ending}"]
            assert files.read(f"002-DH-2.{ending}") == content


def test_what_this_house_prints_can_be_joined_too() -> None:
    ours = printing.render(
        "pick-list",
        {
            "lang": "vi",
            "size": "a4",
            "at": "",
            "places": [],
            "without": [],
            "count": "0",
            "said": dict.fromkeys(("title", "orders", "sku", "name", "units", "of", "page", "without"), "x"),
        },
    )
    document, kind = joined([("a", PDF, ours), ("b", PDF, a_pdf())])
    assert (kind, len(PdfReader(BytesIO(document)).pages)) == (PDF, 2)
