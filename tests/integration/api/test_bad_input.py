"""What people and programs send by mistake or on purpose: by the API and by the command line."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from mekong.catalog.models import Category, Product, Variant
from mekong.faces.cli import sheets
from mekong.faces.cli.words import Stop
from mekong.inventory.models import Location, StockMovement
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>'; drop table catalog_product; -- %s {0} \\ \" ${7*7}"
HEADER = "SKU,Name,Price\n"


@pytest.fixture
def client() -> Client:
    """A caller with every right, a place and a SKU."""
    client = a_caller()
    send(client, "/api/v1/locations", {"code": "HN", "name": "HN"})
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AT-1", "price_minor": 7}]})
    return client


# --- text


def test_script_and_sql_stay_text_in_every_field(client: Client) -> None:
    product = {
        "name": HOSTILE, "description": HOSTILE, "brand": HOSTILE, "options": [HOSTILE[:50]],
        "variants": [{"sku": "X", "price_minor": 1, "option_values": [HOSTILE[:50]]}],
    }  # fmt: skip
    made = send(client, "/api/v1/products", product)
    assert made.status_code == 201, made.content
    kept = client.get("/api/v1/products/X").json()
    assert [kept[name] for name in ("name", "description", "brand", "options")] == [
        HOSTILE, HOSTILE, HOSTILE, [HOSTILE[:50]],
    ]  # fmt: skip
    assert kept["variants"][0]["option_values"] == [HOSTILE[:50]]
    place = {"code": "X'; --", "name": HOSTILE, "address": {"line": HOSTILE}}
    assert send(client, "/api/v1/locations", place).json()["address"] == {"line": HOSTILE}
    assert Location.objects.get(code="X'; --").name == HOSTILE
    move = {"location": "HN", "reason": HOSTILE, "reference": HOSTILE[:80], "note": HOSTILE}
    assert (
        send(client, "/api/v1/stock/adjustments", {**move, "lines": [{"sku": "X", "quantity": 1}]}).status_code == 201
    )
    card = client.get("/api/v1/stock/movements?sku=X").json()["items"][0]
    assert (card["reference"], card["note"]) == (HOSTILE[:80], HOSTILE)
    assert send(client, "/api/v1/categories", {"name": "'; drop table x; --"}).status_code == 201
    assert Category.objects.get().name == "'; drop table x; --"


@pytest.mark.parametrize(
    "path",
    ["products?q={}", "products?category={}", "products?brand={}", "orders?q={}", "orders?tag={}",
     "orders?channel={}", "orders?issue={}", "stock/levels?location={}", "stock/controls?channel={}", "audit?table={}",
     "audit?actor={}", "listings?q={}"],
)  # fmt: skip
def test_script_and_sql_in_a_search_find_nothing(client: Client, path: str) -> None:
    for text in ("' or 1=1 --", "%25", "_", "\\", "') union select 1 --"):
        answer = client.get("/api/v1/" + path.format(text))
        assert answer.status_code == 200, answer.content
        assert answer.json()["items"] == [], text
    assert Product.objects.count() == 1


# --- size


@pytest.mark.parametrize("media", ["application/json", "multipart/form-data; boundary=x"])
def test_a_body_that_says_it_is_huge_is_not_even_read(client: Client, media: str) -> None:
    huge = str(50 * 2**20 + 1)
    for path in ("/api/v1/products", "/api/v1/products/import"):
        problem = refused(client.generic("POST", path, b"{}", content_type=media, CONTENT_LENGTH=huge), 413)
        assert problem["params"] == {"limit_mb": 10 if media == "application/json" else 50}
    for wrong in ("-1", "1e3", "x"):
        refused(client.generic("POST", "/api/v1/products", b"{}", content_type=media, CONTENT_LENGTH=wrong), 413)


# --- sheets, by both ways in

BAD_FILES: dict[str, bytes] = {
    "no workbook.xlsx": b"PK\x03\x04 not a zip",
    "old workbook.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 not a workbook",
    "utf-16.csv": (HEADER + "A,Áo,1\n").encode("utf-16"),
    "windows-1258.csv": (HEADER + "A,Đươ\u0300ng,1\n").encode("windows-1258"),
    "empty.csv": b"",
    "no header.csv": b"A,B\n1,2\n",
}
BAD_CELLS: dict[str, tuple[str, str]] = {
    "a SKU twice": ("A,A,1\nA,A,2\n", "A3"),
    "a price below zero": ("A,A,-1\n", "C2"),
    "a price with a fraction": ("A,A,1.5\n", "C2"),
    "a price that is a word": ("A,A,free\n", "C2"),
    "no SKU": (",A,1\n", "A2"),
}


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line speaks English, and works on the test's database instead of starting one."""
    monkeypatch.setenv("MEKONG_LANG", "en")
    monkeypatch.setattr("mekong.faces.cli.installation.opened", lambda _data: contextlib.nullcontext())


def imported(client: Client, name: str, content: bytes) -> Any:
    return client.post("/api/v1/products/import", {"file": SimpleUploadedFile(name, content)})


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_read_is_refused_by_both_ways_in(
    client: Client, console: None, tmp_path: Path, name: str
) -> None:
    problem = refused(imported(client, name, BAD_FILES[name]), 422)
    assert problem["detail"]
    file = tmp_path / name
    file.write_bytes(BAD_FILES[name])
    with pytest.raises(Stop) as stopped:
        sheets.import_products(None, file, mode="upsert", dry_run=False, errors=None)
    assert problem["code"] != "defect"
    assert str(stopped.value).strip()
    with pytest.raises(Stop):
        sheets.import_stock(None, file, dry_run=False)
    assert Variant.objects.count() == 1


@pytest.mark.parametrize("what", BAD_CELLS)
def test_a_bad_cell_is_named_by_both_ways_in(
    client: Client, console: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    rows, cell = BAD_CELLS[what]
    content = (HEADER + rows).encode()
    errors = refused(imported(client, "p.csv", content), 422)["errors"]
    assert cell in [each["field"] for each in errors]
    file = tmp_path / "p.csv"
    file.write_bytes(content)
    assert not sheets.import_products(None, file, mode="upsert", dry_run=False, errors=tmp_path / "bad.xlsx")
    assert f"{cell} " in capsys.readouterr().out
    assert (tmp_path / "bad.xlsx").stat().st_size > 0
    assert Variant.objects.count() == 1


@pytest.mark.parametrize(
    ("row", "cell"), [("AT-1,HN,-5\n", "C2"), ("AT-1,HN,1.5\n", "C2"), ("AT-1,HN,1\nAT-1,HN,2\n", "A3")]
)
def test_a_bad_opening_stock_is_named_on_the_command_line(
    client: Client, console: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, cell: str
) -> None:
    file = tmp_path / "s.csv"
    file.write_text("SKU,Location,Quantity\n" + row)
    assert not sheets.import_stock(None, file, dry_run=False)
    assert f"{cell} " in capsys.readouterr().out
    assert not StockMovement.objects.exists()


def test_script_and_sql_of_a_sheet_stay_text(client: Client, console: None, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    text = "<script>'; drop table catalog_product; --"
    file.write_text(HEADER + f'S1,"{text}",1\n')
    assert sheets.import_products(None, file, mode="upsert", dry_run=False, errors=None)
    assert client.get("/api/v1/products/S1").json()["name"] == text
    assert "catalog_product" in connection.introspection.table_names()
