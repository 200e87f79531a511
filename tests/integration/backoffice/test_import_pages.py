"""Products from a file: what is wrong is said cell by cell, and nothing is written before it is confirmed."""

from __future__ import annotations

import io
import re

import pytest
import python_calamine
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from mekong.catalog.queries import variants_by_sku
from mekong.foundation.actor import SYSTEM
from tests.integration.backoffice.conftest import Visitor
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def a_file(*rows: tuple[object, ...], name: str = "hang.xlsx") -> SimpleUploadedFile:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for place, row in enumerate([("Mã SKU", "Tên hàng", "Giá bán lẻ"), *rows]):
        sheet.write_row(place, 0, row)
    book.close()
    return SimpleUploadedFile(name, out.getvalue())


def test_a_good_file_is_checked_then_imported(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    checked = client.post("/products/import/", {"mode": "upsert", "file": a_file(("MOI-1", "Hàng mới", 120000))})
    assert checked.status_code == 200
    assert not variants_by_sku(actor=SYSTEM, skus=["MOI-1"])
    key = re.search(r'name="key" value="([0-9a-f]{32})"', checked.content.decode())
    assert key
    done = client.post("/products/import/confirm/", {"key": key[1], "mode": "upsert"})
    assert done.status_code == 302
    assert variants_by_sku(actor=SYSTEM, skus=["MOI-1"])["MOI-1"].price_minor == 120000
    assert client.post("/products/import/confirm/", {"key": key[1], "mode": "upsert"}).status_code == 404


def test_bad_cells_are_named_and_come_back_marked(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    sent = a_file(("MOI-1", "Hàng mới", "mười nghìn"), ("MOI-2", "", -5))
    checked = client.post("/products/import/", {"mode": "upsert", "file": sent})
    text = checked.content.decode()
    assert "C2" in text
    assert "mười nghìn" in text
    key = re.search(r'name="key" value="([0-9a-f]{32})"', text)
    assert key
    copy = client.post("/products/import/errors/", {"key": key[1], "mode": "upsert"})
    assert python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(copy.content)).sheet_names
    assert client.post("/products/import/confirm/", {"key": key[1], "mode": "upsert"}).status_code == 422
    assert not variants_by_sku(actor=SYSTEM, skus=["MOI-1", "MOI-2"])


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.pdf", b"%PDF"), ("x.xlsx", b"not a zip"), ("x.csv", b"\xff\xfe\x00\x01"), ("x.xlsx", b""), ("x.csv", b"")],
)
def test_what_is_no_spreadsheet_is_refused_clearly(shop: Shop, visitor: Visitor, name: str, content: bytes) -> None:
    answer = visitor("owner").post("/products/import/", {"mode": "upsert", "file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_the_file_of_another_person_is_out_of_reach(shop: Shop, visitor: Visitor) -> None:
    checked = visitor("owner").post("/products/import/", {"mode": "upsert", "file": a_file(("MOI-1", "Hàng", 1))})
    key = re.search(r'name="key" value="([0-9a-f]{32})"', checked.content.decode())
    assert key
    assert visitor("manager").post("/products/import/confirm/", {"key": key[1], "mode": "upsert"}).status_code == 404


def test_export_and_template_are_spreadsheets(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    for path in ("/products/export/", "/products/template/"):
        answer = client.get(path)
        assert not answer.streaming, "in memory already: streaming it warns and gains nothing"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename")
        rows = (
            python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        )
        assert str(rows[0][1]).rstrip("*") == "Mã SKU"
