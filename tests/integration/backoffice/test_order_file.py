"""An order export through the pages: judged, asked about, imported; and the stock file back."""

from __future__ import annotations

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook

from mekong.channels.models import Channel
from mekong.orders.models import SalesOrder
from tests.integration.backoffice.conftest import Visitor
from tests.integration.catalog.builders import a_workbook
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

HEADERS = [
    "Mã đơn hàng",
    "Ngày đặt hàng",
    "Trạng Thái Đơn Hàng",
    "SKU phân loại hàng",
    "Tên sản phẩm",
    "Số lượng",
    "Giá ưu đãi",
]
PAGE = "/channels/shopee-1/orders-file/"


def upload(*rows: list[object], headers: list[str] | None = None) -> dict[str, SimpleUploadedFile]:
    file: io.BytesIO = a_workbook([headers or HEADERS, *rows])
    return {"file": SimpleUploadedFile("Order.all.xlsx", file.getvalue())}


def key_in(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f]{32})"', page)
    assert found
    return found[1]


def test_an_export_is_judged_asked_about_and_imported_once(shop: Shop, visitor: Visitor) -> None:
    client = visitor("online_orders")
    good = ["F-1", "2026-11-20 10:00", "Chờ xác nhận", "BG-ML-28", "Bình gốm", 1, "350.000"]
    odd = ["F-2", "2026-11-20 10:00", "Chờ chút", "BG-ML-28", "Bình gốm", 1, "350.000"]
    headers = ["Số đơn", *HEADERS[1:]]
    page = client.post(PAGE, upload(good, odd, headers=headers)).content.decode()
    assert "Có cột chưa nhận ra" in page
    key = key_in(page)
    page = client.post(f"{PAGE}judge/", {"key": key, "name": "a.xlsx", "col-order": "Số đơn"}).content.decode()
    assert "“Chờ chút”" in page
    assert "D3" not in page, "the status stands in column C"
    assert "C3" in page
    page = client.post(
        f"{PAGE}judge/", {"key": key, "name": "a.xlsx", "text-0": "Chờ chút", "step-0": "placed"}
    ).content.decode()
    assert "Nhập 2 đơn" in page
    assert not SalesOrder.objects.filter(external_id__startswith="F-").exists()
    for _ in range(2):
        answer = client.post(f"{PAGE}confirm/", {"key": key})
    assert answer.status_code == 404, "the file was imported and is gone"
    assert SalesOrder.objects.filter(channel="shopee-1", external_id__in=["F-1", "F-2"]).count() == 2
    assert Channel.objects.get(code="shopee-1").order_file["states"] == {"chờ chút": "placed"}


def test_what_is_no_export_is_refused_in_words(shop: Shop, visitor: Visitor) -> None:
    client = visitor("online_orders")
    for sent, word in (
        ({}, "file Excel (.xlsx"),
        ({"file": SimpleUploadedFile("a.xlsx", b"not a workbook")}, "Đơn hàng từ file"),
        ({"file": SimpleUploadedFile("a.pdf", b"%PDF")}, "file Excel (.xlsx"),
    ):
        answer = client.post(PAGE, sent)
        assert answer.status_code == 422
        assert word in answer.content.decode()
    answer = client.post(f"{PAGE}judge/", {"key": "0" * 32, "col-order": "x"})
    assert (answer.status_code, SalesOrder.objects.filter(external_id="").exists()) == (404, False)
    hostile = ["<script>alert(1)</script>9", "hôm qua", "Chờ xác nhận", "'; drop table x", "<b>", 1, 1]
    page = client.post(PAGE, upload(hostile)).content.decode()
    assert "<script>alert(1)" not in page
    assert "B2" in page


def test_the_stock_file_is_a_workbook_of_what_is_listed(shop: Shop, visitor: Visitor) -> None:
    answer = visitor("accountant").get("/channels/shopee-1/stock-file/")
    assert "ton-kho-shopee-1" in answer["Content-Disposition"]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[0][2] == "SKU phân loại hàng"
    assert len(rows) > 3
